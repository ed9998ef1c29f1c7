"""From a file to the end of its run: its command and what was checked, a question, the run, and what mends it."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.core.launching import Check
from assistant.core.values import Hardware
from assistant.launch import after, functions, joblog, stream
from assistant.launch.around import Around, survey
from assistant.launch.awaited import awaited
from assistant.launch.check_job import inner_configs, is_local
from assistant.launch.checks import checks_for, exit_code
from assistant.launch.command import Command, Extras, command_for
from assistant.launch.show import check_lines, command_lines, launch_json, title_lines
from assistant.launch.subject import Subject, read_subject
from assistant.machine.secrets import secret_values
from assistant.terminal import report
from assistant.terminal.screen import Screen
from assistant.terminal.text import Line

Confirmed = Callable[[str, bool], bool]
"""(question, what Enter alone means) → the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `confirmed` is None where nobody can be asked; `said` is the machine of a flag."""

    file: Path
    screen: Screen
    confirmed: Confirmed | None = None
    said: Hardware | None = None
    extras: Extras = field(default_factory=Extras)
    yes: bool = False
    force: bool = False
    dry: bool = False
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A config that was looked at: its command and all checks."""

    subject: Subject
    around: Around
    command: Command
    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """What the checks come to."""
        return exit_code(self.checks)

    @property
    def program(self) -> str:
        """`oumi`, or where it is if a shell would not find it."""
        found = self.around.oumi
        return "oumi" if found is None or found.is_on_path else found.program

    @property
    def shown(self) -> str:
        """The command as it is typed."""
        return self.command.shown(self.program)


def launch(wish: Wish) -> int:
    """Check, ask, run; the exit code of the checks where they stop it, else of the program.

    Raises:
        UsageError: no such config, or nobody to ask and no leave to start.
    """
    ready = look(wish)
    if wish.json:
        report.json_result(wish.screen, launch_json(ready.subject, ready.shown, ready.around.machine, ready.checks))
    else:
        tell(wish, [*(first_lines(ready)), *command_lines(ready.shown), ()])
    if wish.dry:
        return ready.exit_code
    stopped = may_start(wish, ready)
    return stopped if stopped is not None else start(wish, ready)


def look(wish: Wish, written: Mapping[str, str] | None = None) -> Ready:
    """The config, its command, and every check, each shown as it is done. `written` are folders that configs before it write.

    Raises:
        UsageError: it cannot be read, or is no config that can be started.
    """
    subject = read_subject(wish.file, said=wish.said)
    inners = inner_configs(subject) if subject.kind == "job" else ()
    around = survey(subject, tuple(inner.subject for inner in inners if inner.subject is not None))
    command = command_for(subject, around.machine, around.here, wish.extras)
    if not wish.json:
        tell(wish, [(), *title_lines(subject)])
    checks = []
    for check in awaited(checks_for(subject, inners, around, wish.extras), subject, written or {}):
        checks.append(check)
        if not wish.json and not (wish.quiet and check.status == "ok"):
            tell(wish, check_lines(check, wish.screen.out if wish.dry else wish.screen.err))
    return Ready(subject=subject, around=around, command=command, checks=tuple(checks))


def first_lines(ready: Ready) -> list[Line]:
    """What is written before the command can run."""
    first = functions.first_command(ready.subject)
    return command_lines(first, "First") if first else []


def tell(wish: Wish, lines: list[Line]) -> None:
    """Lines on stdout where they are the result, else on stderr: stdout is then the program's."""
    (wish.screen.show if wish.dry else wish.screen.talk)(lines)


def may_start(wish: Wish, ready: Ready) -> int | None:
    """None where it is to be started, else the exit code.

    Raises:
        UsageError: nobody can be asked, and --yes is not given.
    """
    return leave(wish, ready.exit_code, ready.shown, f"Run {ready.shown}?")


def leave(wish: Wish, failed: int, shown: str, question: str) -> int | None:
    """None where what is shown is to be started, else the exit code. `failed` is what its checks came to.

    Raises:
        UsageError: as `may_start`.
    """
    if failed == 2:
        raise _no_oumi(shown)
    if failed and not wish.force and (wish.yes or wish.confirmed is None):
        report.say(wish.screen, "Nothing was started: see the errors above. --force starts it all the same.")
        return failed
    if wish.yes:
        return None
    if wish.confirmed is None:
        hint = f"oumi-chat launch {shlex.quote(str(wish.file))} --yes starts it without a question; --dry-run only looks."
        raise UsageError("There is no terminal to ask on, so nothing was started.", context="launch", hint=hint, reference="no-terminal")
    if wish.confirmed(question, not failed or wish.force):
        return None
    report.say(wish.screen, "Nothing was started.")
    return failed


def _no_oumi(shown: str) -> UsageError:
    hint = 'pip install "oumi[gpu]", or copy the config to a machine that has it and run the command there.'
    return UsageError("oumi is not installed here, so nothing can be started.", context=shown, hint=hint, reference="no-oumi")


def start(wish: Wish, ready: Ready) -> int:
    """Run the command with this terminal as its own, and after a failure offer what mends it; the exit code."""
    ended = run_ready(ready)
    local = ready.subject.kind == "job" and is_local(ready.subject)
    if ended.code in (0, 130):
        report.say(wish.screen, "It ended well." if ended.code == 0 else "It was interrupted.")
        return ended.code
    report.say(wish.screen, f"It ended with code {ended.code}.")
    if (trace := after.read_error(ended.tail)) is not None:
        subject = next((inner.subject for inner in inner_configs(ready.subject) if inner.subject is not None), ready.subject) if local else ready.subject
        mending = after.mending_for(trace, subject, ready.around.machine, ready.around.resolve)
        asks = wish.confirmed
        after.offer(mending, subject, wish.screen, None if asks is None else lambda question: asks(question, True))
    return ended.code


def run_ready(ready: Ready) -> stream.Ended:
    """Run the command to its end; a local job that failed, of which Oumi says nothing in its exit code, ends with 1.

    Raises:
        UsageError: it cannot be started.
    """
    around = ready.around
    functions.write_list(ready.subject)
    _make_folder(ready)
    assert around.oumi is not None
    environ = {**around.environ, **ready.command.environment}
    if not around.oumi.is_on_path:  # `oumi distributed` starts `oumi` and `torchrun` by their names
        environ["PATH"] = f"{Path(around.oumi.program).parent}:{environ.get('PATH', '')}"
    log = _log_of(ready.subject, environ)
    try:
        ended = stream.run(
            [around.oumi.program, *ready.command.arguments(environ)], environ=environ, secrets=secret_values(environ), plain=log is not None, more=log.more if log else None
        )
    except OSError as problem:
        raise UsageError(
            f"{around.oumi.program} cannot be started: {problem.strerror or problem}.", context=ready.shown, hint="Look at what it is.", reference="cannot-start"
        ) from None
    return replace(ended, code=1) if log is not None and ended.code == 0 and joblog.failed(ended.own) else ended


def _make_folder(ready: Ready) -> None:
    """The folder of a judge's verdicts, which Oumi does not make.

    Raises:
        UsageError: it cannot be made.
    """
    output = next((word.partition("=")[2] for word in ready.command.words if word.startswith("--output=")), None)
    if ready.subject.kind != "judge" or output is None:
        return
    try:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"The folder of {output} cannot be made: {problem.strerror}.", context="--output", hint="Give another file.", reference="cannot-write") from None


def _log_of(subject: Subject, environ: dict[str, str]) -> joblog.JobLog | None:
    """Where a local job's output goes: the folder that is said, else a new one; its name is put into the environment."""
    if subject.kind != "job" or not is_local(subject):
        return None
    said = subject.get("envs") or {}
    folder = (said.get(joblog.VARIABLE) if isinstance(said, dict) else None) or environ.get(joblog.VARIABLE) or tempfile.mkdtemp(prefix="oumi-chat-job-")
    environ[joblog.VARIABLE] = str(folder)
    return joblog.JobLog.of(Path(str(folder)))
