"""`/launch`: what is planned is saved and started, a training with its steps in order; a run that fails is read as if its error had been pasted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.builder.saving import named
from assistant.chat.outside import mend, save_arguments, saved, whole_set
from assistant.chat.planning import nothing_yet
from assistant.chat.state import Event, State
from assistant.core.errors import UsageError
from assistant.core.outcome import Outcome
from assistant.machine.files import output_path
from assistant.terminal import report

if TYPE_CHECKING:
    from assistant.chat.desk import TerminalDesk
    from assistant.launch.flow import Ready, Wish


@dataclass(slots=True, kw_only=True)
class _Runs:
    """The runs of one launch: the kind of the last one, its exit code and the end of what it wrote."""

    kind: str = ""
    code: int = 0
    tail: str = field(default="", repr=False)

    def begin(self, ready: Ready) -> int:
        """Run one to its end."""
        from assistant.launch.flow import run_ready

        ended = run_ready(ready)
        self.kind, self.code, self.tail = ready.subject.kind, ended.code, ended.tail
        return ended.code


def launch(desk: TerminalDesk, state: State, words: str) -> Event | None:
    """Save, check, ask, run: the job where there is one, else each config in order, each when the one before it has ended well.

    Raises:
        UsageError: there is no config, no Oumi, or it cannot be written.
    """
    from assistant.launch.flow import Wish
    from assistant.machine.oumi import oumi_program

    if state.config is None:
        raise nothing_yet()
    config = whole_set(desk, state, state.config)
    is_saved = desk.saved_config is not None and desk.saved_config.files == config.files
    former = desk.saved if is_saved else None
    name, force = save_arguments(words, former or desk.file_for(config))
    if oumi_program() is None:  # nothing is written for a run that cannot be
        hint = 'pip install "oumi[gpu]", or copy the config to a machine that has it and run the command there.'
        raise UsageError("oumi is not installed here, so nothing can be started.", context=config.commands[0], hint=hint, reference="no-oumi")
    is_there = is_saved and name == desk.saved and Path(name).is_file()
    if not is_there and not saved(desk, state, config, name, force=force):
        return None
    files = _started(config, name)
    wish = Wish(file=files[0], screen=desk.screen, confirmed=lambda question, _: desk.confirmed(question))
    runs = _run(wish, files)
    if runs is None:
        return None
    report.say(desk.screen, "It ended well." if runs.code == 0 else f"It ended with code {runs.code}.")
    return _failed(desk, state, runs) if runs.code not in (0, 130) else None


def _started(config: Outcome, name: str) -> list[Path]:
    """The files that are started: the job alone where there is one, since it carries the others."""
    files = named(config, str(output_path(name))).files
    return [Path(file.name) for file in files if (file.kind == "job") == (config.job is not None)]


def _run(wish: Wish, files: list[Path]) -> _Runs | None:
    """The runs as far as they went; None where nothing was started."""
    from assistant.launch.flow import first_lines, look, may_start, tell
    from assistant.launch.several import looked_at, may_start_all, run_each
    from assistant.launch.show import command_lines

    runs = _Runs()
    if len(files) == 1:
        one = look(wish)
        if may_start(wish, one) is not None:
            return None
        runs.begin(one)
        return runs
    ready = looked_at(wish, files)
    tell(wish, [*(line for one in ready for line in (*first_lines(one), *command_lines(one.shown))), ()])
    if may_start_all(wish, ready) is not None:
        report.say(wish.screen, f"One alone: oumi-chat launch {files[0]}")
        return None
    runs.code = run_each(wish, ready, runs.begin)
    return runs


def _failed(desk: TerminalDesk, state: State, runs: _Runs) -> Event | None:
    """What mends a run that failed, as if its error had been pasted, where it is of what the conversation is about."""
    from assistant.launch.after import read_error

    assert state.config is not None
    if read_error(runs.tail) is None or runs.kind != state.config.files[0].kind:
        report.say(desk.screen, "Paste its error here to have it read.")
        return None
    return mend(state, runs.tail, desk.screen, desk.resolve)
