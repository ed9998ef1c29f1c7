"""Words about a config that is there, and errors that a run gave: read, and answered with a change."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.builder.given import uncounted
from assistant.builder.mend_types import Mending
from assistant.builder.requests import Resolve
from assistant.catalogue.machines import parse_machine
from assistant.chat.conversation import Conversation
from assistant.chat.desk import TerminalDesk
from assistant.chat.mind import Mind
from assistant.chat.state import Loaded, State
from assistant.chat.talk import asks_cheaper, command_in, is_question, reset_in, what_if
from assistant.cli.request import Options, answer, report_outcome, save
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.units import gib
from assistant.core.values import Hardware
from assistant.machine.choice import choose_machine
from assistant.machine.configs import read_given, read_text
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
        report.json_result(options.screen, mending_json(mending, options.config))
        return 0 if mending.mends else 5
    name = Path(options.config).name if options.config else "the config"
    apply = "" if path is not None or not options.config else f"the same command with -o FILE; {options.config} is left as it is"
    if options.output == "-" and mending.yaml:  # the config is the result; what was found is talk
        options.screen.talk(mending_lines(mending, options.screen.err, name=name, apply=""))
        options.screen.result(mending.yaml)
        return 0 if mending.mends else 5
    options.screen.show(mending_lines(mending, options.screen.out, name=name, apply=apply))
    if mending.yaml and path is not None:
        report.say(options.screen, f"Saved {path}.")
    return 0 if mending.mends else 5


def mending_json(mending: Mending, name: str | None) -> dict[str, Any]:
    """The answer to an error as `--json` prints it: the contract's keys that apply, and `mending`."""
    known = Outcome(status="ok" if mending.mends else "invalid", intent=mending.intent or Intent(), explanation=mending.message)
    files = [{"kind": "train", "name": name or "train.yaml", "yaml": mending.yaml}] if mending.yaml else []
    changes = [{"path": edit.path, "value": edit.value, "remove": edit.remove} for edit in mending.changes]
    memory = None
    if mending.memory is not None and mending.usable_gib is not None:
        point, upper = gib(mending.memory.point * mending.scale), gib(mending.memory.upper * mending.scale)
        memory = {"per_gpu_gib": point, "upper_gib": upper, "capacity_gib": round(mending.usable_gib, 2), "scale": mending.scale}
    told = {
        "message": mending.message, "cause": mending.cause, "changes": changes, "effect": mending.effect, "memory": memory,
        "environment": list(mending.environment), "commands": list(mending.commands),
    }  # fmt: skip
    return {**known.to_json(), "files": files, "commands": list(mending.commands), "mending": told}


def _machine(options: Options) -> Hardware | None:
    if options.gpus and options.gpus.strip().lower() != "auto":
        return parse_machine(options.gpus)
    return choose_machine(Intent(), options.gpus)[0]


def _resolve(options: Options) -> Resolve:
    return functools.partial(resolve_model, offline=options.offline)


def _changed(text: str, options: Options) -> int:
    """The config as the words change it, planned anew."""
    assert options.config is not None
    given = read_given(Path(options.config).expanduser())

    def plan(reading: Reading, words: str, line: str, gpus: str | None) -> Outcome:
        return answer(reading, words, replace(options, gpus=gpus), line=line)

    silent = Screen(quiet=True)
    desk = TerminalDesk(answer=plan, save=lambda *_: None, screen=silent, mind=Mind(), resolve=_resolve(options), follows_up=False)
    talk = Conversation(desk=desk, state=State(gpus=options.gpus), goes_on=False)
    talk.take(Loaded(given=given, opens=True))
    before = talk.state
    for note in uncounted(before.outcome, given) if before.outcome else ():
        report.say(options.screen, f"{note.field}: {note.why}")
    if command_in(text) or reset_in(text) is not None or is_question(text) or what_if(text) or asks_cheaper(text):
        hint = 'Such as "double the context" or "rank 64". For questions and commands open the chat: oumi-chat --config FILE.'
        raise UsageError("That is no change of the config.", context=text[:80], hint=hint, reference="no-change")
    desk.problem = None  # what kept the file itself from a plan, the words may mend
    talk.hear(text)
    if desk.problem is not None:  # an error here, and no line on a silent screen
        raise desk.problem
    if talk.state.intent == before.intent and not (talk.state.outcome and talk.state.outcome.questions):
        raise UsageError("Nothing in that changes the config.", context=text[:80], hint='Such as "double the context" or "rank 64".', reference="no-change")
    outcome = talk.state.outcome
    assert outcome is not None
    if outcome.files and options.path is not None:
        outcome = save(outcome, options.path, force=options.force)
    report_outcome(outcome, options, "the same command with -o FILE")
    if outcome.status == "does_not_fit" and outcome.files and not options.json:
        _edited_all_the_same(outcome, options)
    return outcome.exit_code


def _edited_all_the_same(outcome: Outcome, options: Options) -> None:
    """A file that does not fit, with what was asked for written into it: where it runs is its owner's to say."""
    if options.path is not None:
        report.say(options.screen, f"Saved {outcome.files[0].name} all the same: what was asked for is in it.")
    elif not options.screen.out.terminal or options.output == "-":
        options.screen.result(outcome.files[0].yaml)
    else:
        report.say(options.screen, "The same command with -o FILE saves the change all the same.")
