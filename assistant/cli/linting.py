"""`oumi-chat lint`: files judged, shown, and mended where that is asked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import click

from assistant import __version__
from assistant.builder.edit import diff_lines
from assistant.builder.fixing import mended
from assistant.builder.linting import fit_of
from assistant.catalogue.machines import parse_machine
from assistant.checks.lint import BAD_YAML, Context, Flaw, Selection, Verdict, judge
from assistant.checks.releases import newest, release_of
from assistant.checks.rules import RULES
from assistant.core.errors import UsageError
from assistant.core.values import Finding
from assistant.machine.configs import piped_text, read_text
from assistant.machine.files import is_here, replace_own
from assistant.machine.known import known_model, trained_by
from assistant.machine.lintable import STDIN, Lintable, lintables
from assistant.terminal import report
from assistant.terminal.lintreports import REPORTERS, Report, diff_text, summary_line, text_lines
from assistant.terminal.screen import Screen

_HELP = """Check Oumi configs of any kind for what Oumi refuses, ignores or crashes on.

FILE is a file, a folder, a pattern, or - for standard input. Exit code 5 where an error is found, 0 otherwise, 2 for what
cannot be read. A comment `# oumi-chat: ignore[PEF001]` on a line keeps a rule quiet there."""
_LIKE_OURS = ("model:", "training:", "data:", "peft:", "fsdp:", "tasks:", "generation:", "resources:", "run:")
"""Sections at the beginning of a line: a broken file with two of them is taken for one of Oumi's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags as typed."""

    context: Context
    selection: Selection
    fix: bool
    diff: bool
    format: str
    with_oumi: bool
    quiet: bool
    screen: Screen


def lint(args: list[str]) -> int:
    """Run the command on what follows `lint`; the exit code."""
    code = _command().main(args, prog_name="oumi-chat lint", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _command() -> click.Command:
    params: list[click.Parameter] = [
        click.Argument(["files"], nargs=-1, metavar="FILE..."),
        click.Option(["--gpus"], help='The machine that it is for: "2xA100-80GB". A job names its own.'),
        click.Option(["--fix"], is_flag=True, help="Mend what has a safe fix, in place; comments and layout stay."),
        click.Option(["--diff"], is_flag=True, help="Show what --fix would change, and write nothing."),
        click.Option(["--format", "how"], type=click.Choice(list(REPORTERS)), default="text", show_default=True, help="How findings are shown."),
        click.Option(["--select"], multiple=True, metavar="IDS", help="Only these rules, by id or its beginning: PEF,TRN."),
        click.Option(["--ignore"], multiple=True, metavar="IDS", help="All but these."),
        click.Option(["--oumi-version"], metavar="V", help="The release that reads the config; the newest where none is given."),
        click.Option(["--with-oumi"], is_flag=True, help="Ask the installed Oumi as well: it takes seconds a file."),
        click.Option(["--json", "as_json"], is_flag=True, help="The same as --format json."),
        click.Option(["--quiet", "-q"], is_flag=True, help="No notes and no summary."),
        click.Option(["--no-color"], is_flag=True, help="No colours; NO_COLOR does the same."),
        click.Option(["--offline"], is_flag=True, help="Nothing here touches the network."),
        click.Option(["--debug"], is_flag=True, help="Show the traceback of an internal error."),
    ]
    return click.Command("lint", params=params, callback=_lint, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})


def _lint(
    files: tuple[str, ...], gpus: str | None, fix: bool, diff: bool, how: str, select: tuple[str, ...], ignore: tuple[str, ...],
    oumi_version: str | None, with_oumi: bool, as_json: bool, quiet: bool, no_color: bool, offline: bool, debug: bool,
) -> int:  # fmt: skip
    del offline, debug  # nothing goes to the network; --debug is looked for in the arguments
    if not files:
        raise UsageError("lint takes the files to check.", context="lint", hint="Such as: oumi-chat lint train.yaml configs/", reference="usage")
    if (diff or (fix and STDIN in files)) and (as_json or how != "text"):
        flag = "--diff" if diff else "--fix"
        raise UsageError(f"{flag} writes a text of its own on stdout.", context=flag, hint="Leave --format out, or run it without it afterwards.", reference="usage")
    if with_oumi and STDIN in files:
        raise UsageError("--with-oumi asks Oumi, which reads files and no stdin.", context="--with-oumi", hint="Give a file, or leave it out.", reference="usage")
    machine = parse_machine(gpus) if gpus else None
    version = release_of(oumi_version) if oumi_version else newest()
    flags = Flags(
        context=Context(version=version, machine=machine, model_of=known_model, is_here=is_here), selection=Selection(select=_ids("--select", select), ignore=_ids("--ignore", ignore)),
        fix=fix, diff=diff, format="json" if as_json else how, with_oumi=with_oumi, quiet=quiet, screen=Screen(no_color=no_color),
    )  # fmt: skip
    return _Linting(flags).run(lintables(files))


def _ids(flag: str, said: tuple[str, ...]) -> tuple[str, ...]:
    """Ids of rules and their beginnings.

    Raises:
        UsageError: one that no rule has.
    """
    found = tuple(word.upper() for text in said for word in text.replace(",", " ").split())
    known = (*(rule.rule for rule in RULES), BAD_YAML)
    for word in found:
        if not any(rule.startswith(word) for rule in known):
            hint = f"Families are {', '.join(sorted({rule[:3] for rule in known}))}; docs/rules.md lists every rule."
            raise UsageError(f"No rule is called {word[:40]}.", context=flag, hint=hint, reference="no-rule")
    return found


class _Linting:
    """One run of the command over its files."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags
        self.found: list[tuple[str, Flaw]] = []
        self.diffs: list[list[str]] = []
        self.checked = self.mended = 0
        self.unreadable = self.piped = False

    def run(self, files: list[Lintable]) -> int:
        """Judge all files, show what was found, and return the exit code."""
        for file in files:
            self._try(file)
        self._show()
        if self.unreadable:
            return 2
        return 5 if any(flaw.finding.severity == "error" for _, flaw in self.found) else 0

    def _try(self, file: Lintable) -> None:
        """Judge a file; one that cannot be read is told, and the others are judged all the same."""
        try:
            self._take(file)
        except UsageError as problem:
            self.unreadable = True
            report.error(self.flags.screen, problem)

    def _take(self, file: Lintable) -> None:
        text = piped_text() if file.name == STDIN else read_text(file.path)
        context = self._context(file)
        verdict = judge(text, context, self.flags.selection)
        if verdict.kind is None and not self._is_broken_config(file, text, verdict):
            self._skip(file)
            return
        self.checked += 1
        try:
            if verdict.kind is not None and (self.flags.fix or self.flags.diff):
                verdict = self._mend(file, text, context, verdict)
        finally:  # of a file that could not be replaced, what is wrong with it as it stands
            self.found += [(file.name, flaw) for flaw in verdict.flaws]
        if self.flags.with_oumi and verdict.kind is not None:
            self.found += _oumis(file, verdict)

    def _context(self, file: Lintable) -> Context:
        fit = functools.partial(fit_of, model_of=known_model, trained_by=functools.partial(trained_by, file.path))
        return replace(self.flags.context, fit_of=fit)

    def _is_broken_config(self, file: Lintable, text: str, verdict: Verdict) -> bool:
        """A file that cannot be parsed, and was named or looks like one of Oumi's."""
        looks = sum(f"\n{text}".count(f"\n{section}") > 0 for section in _LIKE_OURS) >= 2
        return bool(verdict.flaws) and (file.named or looks)

    def _skip(self, file: Lintable) -> None:
        if file.named:
            hint = "Oumi's have sections such as model, training, tasks, resources."
            raise UsageError(f"{file.name} is none of Oumi's configs.", context=file.name, hint=hint, reference="no-kind")
        if not self.flags.quiet:
            report.say(self.flags.screen, f"{file.name} is none of Oumi's configs: skipped.")

    def _mend(self, file: Lintable, text: str, context: Context, verdict: Verdict) -> Verdict:
        """What is left in the file: all that was found where it is only shown what would change."""
        done = mended(text, context, self.flags.selection)
        if self.flags.diff:
            self.diffs.append(diff_lines(text, done.text, file.name))
            return verdict
        if file.name == STDIN:
            self.piped = True
            self.flags.screen.result(done.text)
        elif done.text != text:
            replace_own(file.path, done.text, before=text)
        self.mended += len(done.made)
        return done.verdict

    def _show(self) -> None:
        flags, found = self.flags, Report(found=self.found, version=__version__, oumi=self.flags.context.version)
        if flags.diff:
            flags.screen.result(diff_text(self.diffs))
        elif self.piped:
            flags.screen.talk(text_lines(found, flags.screen.err))
        else:
            REPORTERS[flags.format](flags.screen, found)
        if not flags.quiet:
            report.say(flags.screen, summary_line(self.found, self.checked, self.mended, offers=not flags.fix))


def _oumis(file: Lintable, verdict: Verdict) -> list[tuple[str, Flaw]]:
    """What the installed Oumi says of the file, as a finding.

    Raises:
        UsageError: no Oumi is installed.
    """
    from assistant.machine.validate import validate

    said = validate(file.path, verdict.kind or "train")
    if said.accepted is None:
        raise UsageError("Oumi is not installed here.", context="--with-oumi", hint='pip install "oumi==0.9", or leave --with-oumi out', reference="no-oumi")
    if said.accepted:
        return []
    finding = Finding(rule="OUMI", severity="error", path="", message=f"Oumi refuses it: {said.problem}", fix="mend what it names")
    return [(file.name, Flaw(finding=finding, line=1, column=1))]
