"""Words about a config that is there, and errors that a run gave: read, and answered with a change."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from assistant.builder.imports import intent_of_config
from assistant.catalogue.machines import parse_machine
from assistant.chat.conversation import Conversation
from assistant.chat.desk import TerminalDesk
from assistant.chat.mind import Mind
from assistant.chat.state import State
from assistant.chat.step import again
from assistant.cli.request import Options, answer, report_outcome, save
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Hardware
from assistant.machine.choice import choose_machine
from assistant.machine.configs import read_config, read_text
from assistant.machine.files import write_new
from assistant.machine.models import resolve_model
from assistant.reader import Reading
from assistant.reader.traces import Trace, trace_in
from assistant.terminal import report
from assistant.terminal.screen import Screen


def on_file(text: str, options: Options) -> int:
    """Answer a pasted error, or change a config by words; the exit code."""
    trace = trace_in(text)
    if trace is not None:
        return _mended(trace, options)
    return _changed(text, options)


def _mended(trace: Trace, options: Options) -> int:
    from assistant.builder.mend import mend
    from assistant.terminal.mending import mending_lines

    config = read_text(Path(options.config).expanduser()) if options.config else None
    mending = mend(trace, config_text=config, outcome=None, machine=_machine(options), resolve=_resolve(options))
    path = options.path
    if mending.yaml and path is not None:
        write_new(path, mending.yaml, force=options.force)
    if options.json:
        report.json_result(options.screen, mending.to_json())
    else:
        options.screen.show(mending_lines(mending, options.screen.out))
        if mending.yaml and path is not None:
            report.say(options.screen, f"Saved {path}.")
        elif mending.yaml and options.config:
            report.say(options.screen, f"-o FILE writes the mended config; {options.config} is left as it is.")
    return 0


def _machine(options: Options) -> Hardware | None:
    if options.gpus and options.gpus.strip().lower() != "auto":
        return parse_machine(options.gpus)
    return choose_machine(Intent(), options.gpus)[0]


def _resolve(options: Options):  # type: ignore[no-untyped-def]
    return functools.partial(resolve_model, offline=options.offline)


def _changed(text: str, options: Options) -> int:
    """The config as the words change it, planned anew."""
    assert options.config is not None
    intent, left = intent_of_config(read_config(Path(options.config).expanduser()))
    for note in left:
        report.say(options.screen, f"{note.field}: {note.why}")

    def plan(reading: Reading, words: str, line: str, gpus: str | None) -> Outcome:
        return answer(reading, words, replace(options, gpus=gpus), line=line)

    silent = Screen(quiet=True)
    desk = TerminalDesk(answer=plan, save=lambda *_: None, screen=silent, mind=Mind(), resolve=_resolve(options), follows_up=False)
    talk = Conversation(desk=desk, state=State(intent=intent, gpus=options.gpus, words=(f"the config {Path(options.config).name}",)))
    talk.resume(again(talk.state, ""))
    desk.screen = options.screen if options.screen.err.terminal else silent
    before = talk.state
    desk.screen = silent
    talk.hear(text)
    if talk.state is before:
        raise UsageError("Nothing in that changes the config.", context=text[:80], hint='Such as "double the context" or "rank 64".', reference="no-change")
    outcome = talk.state.outcome
    assert outcome is not None
    if outcome.files and options.path is not None:
        outcome = save(outcome, options.path, force=options.force)
    report_outcome(outcome, options, "the same command with -o FILE")
    return outcome.exit_code
