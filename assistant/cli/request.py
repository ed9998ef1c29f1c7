"""One request from its words to what is shown or saved, and the way into the chat."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant import answering
from assistant.answering import Setting
from assistant.builder.saving import named
from assistant.builder.unused import with_unused
from assistant.cli.failure import failed
from assistant.cli.words import reads_as_request
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.outcome import Outcome
from assistant.machine.files import output_path, write_all
from assistant.reader import Reading, read
from assistant.reader.otherkinds import SAID
from assistant.reader.steps import steps_in
from assistant.terminal import report
from assistant.terminal.screen import Screen
from assistant.terminal.sizing import VERDICTS
from assistant.terminal.text import one_line

_STDIN_LIMIT = 100_000
_COMMAND_LIMIT = 300
"""Characters beyond which a request is not repeated in a command to copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The flags of a planning command, typed. `output` is a path, "-" for stdout, or None."""

    offline: bool
    gpus: str | None
    output: str | None
    force: bool
    json: bool
    quiet: bool
    screen: Screen
    no_color: bool = False
    llm: str | None = None
    llm_base_url: str | None = None
    config: str | None = None

    @property
    def path(self) -> Path | None:
        """The file to write; None for stdout."""
        return None if self.output in (None, "-") else output_path(self.output or "")

    @property
    def setting(self) -> Setting:
        """What planning has to know of the flags; large files show on the screen how far they are read."""
        return Setting(gpus=self.gpus, offline=self.offline, progress=lambda path: report.progress(self.screen, f"Reading {one_line(path, 60)}"))


def request_text(words: list[str]) -> str:
    """The request in these arguments, or on stdin for a single `-`."""
    if words == ["-"]:
        return read_stdin()
    if "-" in words:
        hint = "Put the request in quotes, or give - alone to read it from stdin."
        raise UsageError("- stands for stdin and cannot stand among other words.", context="-", hint=hint)
    text = " ".join(words)
    if len(text) > _STDIN_LIMIT:
        raise UsageError(f"The request is longer than {_STDIN_LIMIT:,} characters.", hint="Say it in fewer words.")
    return text


def read_stdin() -> str:
    """What comes in, as text.

    Raises:
        UsageError: stdin is closed, cannot be read, or holds too much.
    """
    hint = 'Try: oumi-chat - < request.txt, or give the request in quotes.'
    if sys.stdin is None:
        raise UsageError("stdin is closed: there is no request to read.", context="-", hint=hint)
    try:
        raw = sys.stdin.buffer.read(_STDIN_LIMIT + 1)
    except OSError as problem:
        raise UsageError(f"stdin cannot be read: {problem.strerror}.", context="-", hint=hint) from None
    if len(raw) > _STDIN_LIMIT:
        raise UsageError(
            f"The request on stdin is longer than {_STDIN_LIMIT:,} bytes.", context="-", hint="Say it in fewer words."
        )
    return raw.decode("utf-8", "replace")


def one_shot(text: str, options: Options, *, typed: bool) -> int:
    """Answer one request and return the exit code. `typed` tells whether it stood on the command line.

    A pasted error is answered with what mends it; with `--config` the words change that config.
    """
    text = without_secrets(text, options)
    if options.config is not None or looks_like_trace(text):
        from assistant.cli.onfile import on_file

        return on_file(text, options)
    return _answered(text, options, typed=typed)


def looks_like_trace(text: str) -> bool:
    """True for a pasted error; a quick look first, since a request is short and has none of its words."""
    if "rror" not in text and "emory" not in text and "illed" not in text and "xception" not in text and "\n" not in text:
        return False
    from assistant.reader.traces import trace_in

    return trace_in(text) is not None


def without_secrets(text: str, options: Options) -> str:
    """The text without secret-shaped strings: it stands in headers, sessions and requests."""
    from assistant.core.redact import redact
    from assistant.machine.secrets import secret_values

    safe = redact(text, secret_values(os.environ))
    if safe != text and not options.quiet:
        report.say(options.screen, "A secret was in what was said: it is left out, and neither kept nor sent.")
    return safe


def _answered(text: str, options: Options, *, typed: bool) -> int:
    steps = steps_in(text)
    reading, source = read_with(steps.training if steps else text, options)
    reading = steps.after(reading) if steps else reading
    outcome = Outcome(status="invalid", intent=reading.intent, request=one_line(text, 500), assumptions=tuple(note for note in reading.notes if note.why != SAID))
    try:
        path = options.path
        outcome = replace(answer(reading, text, options, line=steps.training if steps else None), source=source)
        outcome = with_unused(outcome, reading.intent)
        if outcome.files and path is not None:
            outcome = save(outcome, path, force=options.force)
    except OumiChatError as problem:
        if not options.json:
            raise
        report.json_result(options.screen, failed(problem, outcome).to_json())
        return problem.exit_code
    if options.json:
        outcome = answering.with_evidence(outcome, text)
    report_outcome(outcome, options, save_words(text, options, typed=typed, name=outcome.files[0].name if outcome.files else "train.yaml"))
    return outcome.exit_code


def read_with(text: str, options: Options) -> tuple[Reading, Literal["offline", "llm"]]:
    """The request as the offline reader has it, and an LLM where one was chosen and answers."""
    reading = read(text)
    if options.offline or not may_have_llm(options, os.environ):
        return reading, "offline"
    from assistant.chat.mind import Mind
    from assistant.chat.state import AskLlm
    from assistant.cli.chatting import chosen_llm

    mind = Mind(llm=chosen_llm(options, os.environ, in_chat=False))
    heard = mind.read(AskLlm(line=text), options.screen)
    refined = heard.refine(reading) if heard.refine else reading
    return refined, "llm" if mind.read_last else "offline"


def may_have_llm(options: Options, environ: Mapping[str, str]) -> bool:
    """True where a flag, the environment or a config file may name an LLM; a quick look, since most requests have none."""
    if options.llm or options.llm_base_url or environ.get("OUMI_CHAT_LLM") or environ.get("OUMI_CHAT_LLM_BASE_URL"):
        return True
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", ""), ".config")
    return os.path.isfile(os.path.join(home, "oumi-chat", "config.toml"))


def answer(reading: Reading, text: str, options: Options, *, line: str | None = None) -> Outcome:
    """Plan what was read for the machine that the flags, the words or this computer state.

    `line` is the part of the text that may be a question of size: in a conversation the last line alone.
    """
    return answering.answer(reading, text, options.setting, line=line)


def save(outcome: Outcome, path: Path, *, force: bool) -> Outcome:
    """Write the config, and beside it what belongs to it; the outcome then names these files in its commands."""
    outcome = named(outcome, str(path))
    write_all([(Path(file.name), file.yaml) for file in outcome.files], force=force)
    return outcome


def save_words(text: str, options: Options, *, typed: bool, name: str = "train.yaml") -> str:
    """The command that saves this very plan; in words where it cannot be copied."""
    if not typed:
        return f"pipe the same request in again with -o {name}"
    if len(text) > _COMMAND_LIMIT or text != one_line(text):
        return f"give the same command with -o {name}"
    flags = ["--offline"] if options.offline else []
    flags += ["--gpus", options.gpus] if options.gpus else []
    flags += ["-o", name]
    return shlex.join(["oumi-chat", text, *flags] if reads_as_request(text) else ["oumi-chat", *flags, "--", text])


def report_outcome(outcome: Outcome, options: Options, save_with: str) -> None:
    """Show an outcome as the flags and the streams ask for."""
    screen = options.screen
    if not options.json and not outcome.requirements and outcome.explanation.startswith(VERDICTS):
        report.say(screen, outcome.explanation.partition(". ")[0] + ".")
    if not options.json and outcome.status == "does_not_fit":
        for note in (a for a in outcome.assumptions if a.field == "model"):
            report.say(screen, f"{note.value}: {note.why}.")
    if options.json:
        report.json_result(screen, outcome.to_json())
    elif outcome.is_sizing:
        report.sizing(screen, outcome, quiet=options.quiet)
    elif outcome.status == "ok":
        _report_config(outcome, options, save_with)
    else:
        report.no_config(screen, outcome)


def _report_config(outcome: Outcome, options: Options, save_with: str) -> None:
    screen = options.screen
    saved = outcome.files[0].name if options.path else None
    if screen.out.terminal and not options.quiet and options.output != "-":
        report.show(screen, outcome, saved=saved, save_with=save_with)
        return
    if not saved:
        screen.result(outcome.files[0].yaml)
    if not options.quiet:
        report.notes(screen, outcome)
        if saved:
            report.saved(screen, outcome)
