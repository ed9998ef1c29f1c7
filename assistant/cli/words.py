"""Which command a command line names: its first word, unless what follows makes it a sentence."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import click
from typer.core import TyperGroup

from assistant.core.errors import UsageError

_CATALOGUES = ("models", "gpus", "datasets", "templates")
COMMANDS = (*_CATALOGUES, "doctor", "estimate", "create", "launch", "lint", "migrate", "explain")
"""Every command but `ask`, which is what a request is given to."""
_CREATE_KINDS = ("train", "eval", "infer", "job", "quantize", "tune", "judge", "synthesize")
_CREATE_FLAGS = (
    "--model", "--objective", "--dataset", "--training-type", "--sequence-length", "--epochs", "--max-steps", "--global-batch-size", "--micro-batch-size",
    "--learning-rate", "--lora-rank", "--lora-alpha", "--precision", "--sharding", "--seed", "--output-dir", "--run-name", "--priority", "--max-hours",
    "--max-dollars", "--cloud", "--nodes", "--benchmarks", "--engine", "--num-fewshot", "--limit", "--set",
    "--method", "--calibration-samples", "--search", "--trials", "--metric", "--sampler", "--validation", "--criterion", "--scale", "--response-format",
    "--system-instruction", "--prompt-template", "--subject", "--rows", "--num-samples", "--attributes", "--temperature",
)  # fmt: skip
"""Flags of `create` that take a value: without them that value would be taken for a word."""
_FILE_FLAGS = ("--format", "--select", "--ignore", "--oumi-version", "--from", "--to", "--kind")
"""The same of `lint` and `migrate`."""
_WITH_VALUE = ("--llm", "--llm-base-url", "--gpus", "--output-file", "-o", "--config", "-c", "--resume", "--script", "--cluster", "--input", "--output", *_FILE_FLAGS, *_CREATE_FLAGS)
_HELP = ("--help", "-h", "--version")
_PROSE = frozenset(["a", "an", "the", "my", "our", "me", "to", "for", "of", "on", "with", "using", "from", "into", "how", "what", "which", "and", "please"])
_NAME = re.compile(r"[A-Za-z][\w-]*(?:\[\d+\])?(?:\.[\w-]+(?:\[\d+\])?)*")
"""A field's name, or a word in the place of one: no config can be planned from one word after `explain`."""


class Words(TyperGroup):
    """A group whose first word picks a command; any other first word is a request in plain language."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args = _with_open_resume(args)
        self._refuse_eaten_option(args)
        return super().parse_args(ctx, self._routed(args))

    def _routed(self, args: list[str]) -> list[str]:
        found = plain_words(args)
        if args[:1] == ["--version"] or (not found and any(a in _HELP for a in args)):
            return [a for a in args if a in _HELP][:1]
        words = [args[i] for i in found]
        if not words or "--" in args[: found[0]]:
            return ["ask", *args]
        if words == ["help"]:
            return ["--help"]
        if words[0] == "help" and len(words) == 2 and words[1] in self.commands:
            return [words[1], "--help"]
        if is_command(words[0], words[1:]) or (words[0] == "create" and words[1:2] and words[1] in _CREATE_KINDS and self._has_own_flag(args)):
            return [words[0], *args[: found[0]], *args[found[0] + 1 :]]
        return ["ask", *args]

    def _has_own_flag(self, args: list[str]) -> bool:
        """Whether a flag is there that no request takes: `create train --no-such-flag value` is no sentence for its value."""
        of_requests = {name for p in self.commands["ask"].params for name in (*p.opts, *p.secondary_opts)}
        return any(arg.startswith("--") and arg.split("=")[0] not in of_requests for arg in args[: args.index("--") if "--" in args else None])

    def _refuse_eaten_option(self, args: list[str]) -> None:
        """`-o --force` would take `--force` for the file's name."""
        known = {name for command in self.commands.values() for p in command.params for name in p.opts if name[0] == "-"}
        before = args[: args.index("--")] if "--" in args else args
        for option, value in itertools.pairwise(before):
            if option in _WITH_VALUE and value in known:
                hint = f"Write {option} VALUE {value}."
                if option in ("-o", "--output-file"):
                    hint = f"Write {option} FILE {value}; a file of that name is ./{value}."
                raise UsageError(f"{option} needs a value and is followed by {value}.", context=option, hint=hint)


def _with_open_resume(args: list[str]) -> list[str]:
    """`--resume` without an id asks which one: click knows no option whose value may be left out."""
    ends = {i for i, arg in enumerate(args) if arg == "--resume" and (i + 1 == len(args) or args[i + 1].startswith("-"))}
    return ["--resume=" if i in ends else arg for i, arg in enumerate(args)]


def plain_words(args: list[str]) -> list[int]:
    """Where the arguments stand that are no option and no option's value."""
    found: list[int] = []
    skip = only_words = False
    for index, arg in enumerate(args):
        if skip:
            skip = False
        elif only_words or arg == "-" or not arg.startswith("-"):
            found.append(index)
        elif arg == "--":
            only_words = True
        else:
            skip = arg in _WITH_VALUE
    return found


def is_command(name: str, words: list[str]) -> bool:
    """Whether these words can be the arguments of this command; what cannot is a request that begins like it."""
    if name not in COMMANDS:
        return False
    if not words:
        return True
    if name in _CATALOGUES:
        return not any(word.lower() in _PROSE for word in words)
    if name == "create":
        return len(words) == 1 and _is_like_a_kind(words[0])
    if name == "explain":
        return len(words) == 1 and (_NAME.fullmatch(words[0]) is not None or _is_like_a_file(words[0]))
    if name in ("lint", "migrate") and len(words) == 1:  # no sentence, so a name with a slip in it: it is told that there is none
        return True
    if name in ("lint", "migrate", "launch"):
        return all(_is_like_a_file(word) or (word == "-" and name != "launch") for word in words)
    return name == "estimate"


def _is_like_a_kind(word: str) -> bool:
    """A kind of config, or one with a slip in it: what is meant is then said better than a request could."""
    if word in _CREATE_KINDS:
        return True
    from difflib import get_close_matches

    return bool(get_close_matches(word, _CREATE_KINDS, n=1, cutoff=0.75))


def _is_like_a_file(word: str) -> bool:
    return word == "-" or bool(re.search(r"[./*]", word)) or Path(word).exists()


def reads_as_request(text: str) -> bool:
    """True when this text, quoted as one argument, is a request without a `--` before it."""
    return not text.startswith("-") and text not in (*COMMANDS, "help")


def in_quotes(name: str, words: list[str]) -> str:
    """How to say these words as a request."""
    return f"oumi-chat {shlex.quote(' '.join([name, *words]))}"
