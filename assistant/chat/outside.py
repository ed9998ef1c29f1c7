"""Slash commands that act on the outside: files, the machine, Oumi, the choice of an LLM."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.builder.phrase import machine_phrase
from assistant.catalogue.names import nearest
from assistant.chat.nouns import override_of
from assistant.chat.planning import Step, again, cheaper_offer, flagged_machine, nothing_yet, pushed, set_field
from assistant.chat.state import Command, ShowProblem, State, Tell
from assistant.chat.talk import COMMANDS as NAMES
from assistant.chat.talk import HELP
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import ConfigFile, Outcome
from assistant.reader import read
from assistant.terminal import report
from assistant.terminal.screen import Screen

if TYPE_CHECKING:
    from assistant.builder.respond import Resolve
    from assistant.chat.desk import TerminalDesk

Handler = Callable[["TerminalDesk", State, Command], Step]


def _help(desk: TerminalDesk, state: State, _: Command) -> Step:
    report.help_text(desk.screen, HELP, tuple(NAMES.items()))
    return state, ()


def _set(_: TerminalDesk, state: State, effect: Command) -> Step:
    path, sign, value = effect.rest.partition("=")
    if not sign or not path.strip() or not value.strip():
        raise UsageError("/set takes PATH=VALUE.", context=f"/set {effect.rest}", hint="Such as /set training.warmup_steps=50.")
    from assistant.builder.absorb import absorb
    from assistant.reader.fields import value_of

    name = path.strip() if "." in path else override_of(path, _fields()) or path.strip()
    return set_field(state, absorb(Intent(overrides={name: value_of(value.strip())})), effect.rest)


def _fields() -> tuple[str, ...]:
    from assistant.checks.schema import field_names

    return field_names()


def _gpus(desk: TerminalDesk, state: State, effect: Command) -> Step:
    from assistant.catalogue.machines import parse_machine

    if not effect.rest:
        plan = state.config.plan if state.config else None
        planned = f"Planned for {machine_phrase(plan.hardware)}." if plan else "No machine is set: the words or this computer say which."
        report.say(desk.screen, f"Planned for {state.gpus}." if state.gpus else planned)
        return state, ()
    if effect.rest.lower() != "auto":
        parse_machine(effect.rest)
    return flagged_machine(state, effect.rest)


def _model(desk: TerminalDesk, state: State, effect: Command) -> Step:
    if not effect.rest:
        report.say(desk.screen, f"The model is {state.intent.model}." if state.intent.model else "No model is said yet.")
        return state, ()
    named = read(f"fine-tune {effect.rest}").intent.model or effect.rest
    return set_field(state, Intent(model=named, task=state.intent.task or "train"), f"model {effect.rest}")


def _llm(desk: TerminalDesk, state: State, effect: Command) -> Step:
    report.say(desk.screen, desk.mind.choose(effect.rest))
    return state, ()


def _cost(desk: TerminalDesk, state: State, _: Command) -> Step:
    outcome = state.config or state.outcome
    if outcome is not None and outcome.plan is not None:
        report.time_and_cost(desk.screen, outcome)
    report.say(desk.screen, desk.mind.spent())
    return state, ()


def _save(desk: TerminalDesk, state: State, effect: Command) -> Step:
    name, force = save_arguments(effect.rest, desk.file)
    _saved(desk, state, name, force=force)
    return state, ()


def _saved(desk: TerminalDesk, state: State, name: str, *, force: bool) -> bool:
    """Write the config, asking before another file is replaced; False where it was not written."""
    if state.config is None:
        raise nothing_yet()
    if state.config is not state.outcome:
        report.say(desk.screen, "The last line led to no config; this is the one from before it.")
    try:
        desk.save(state.config, name, force)
    except UsageError as problem:
        if problem.reference != "file-exists":
            raise
        if not desk.confirmed(f"{name} exists. Replace it?"):
            report.say(desk.screen, f"{name} was left as it is; /save {name} --force replaces it.")
            return False
        desk.save(state.config, name, True)
    desk.saved = name
    return True


def save_arguments(rest: str, default: str) -> tuple[str, bool]:
    """The file's name and whether it may be replaced, from `mine.yaml --force`.

    Raises:
        UsageError: an option that there is not.
    """
    pieces = rest.split()
    name = " ".join(piece for piece in pieces if piece != "--force").strip("'\"") or default
    if name.startswith("-"):
        hint = f"/save FILE [--force]; a file of that name is ./{name}."
        raise UsageError(f"/save has no option {name}.", hint=hint)
    return name, "--force" in pieces


def _load(_: TerminalDesk, state: State, effect: Command) -> Step:
    from assistant.machine.configs import read_given

    name = effect.rest.strip("'\"")
    if not name:
        raise UsageError("/load takes the name of a file.", hint="Such as /load train.yaml.")
    given = read_given(Path(name).expanduser())
    fresh = State(gpus=state.gpus, intent=given.intent, given=given, words=(f"the config {name}",), asked=state.asked)
    return state, (again(replace(fresh, before=pushed(state)), "Loaded: "), Command(name="loaded", rest=name))


def _loaded(desk: TerminalDesk, state: State, _: Command) -> Step:
    """After a plan is made from a config: what that plan does not count, and the machine that it is for."""
    tell_given(desk.screen, state)
    return state, ()


def tell_given(screen: Screen, state: State, *, machine: bool = True) -> None:
    """Name what a plan does not count of the config that it is made from, and the `machine` where it was assumed."""
    from assistant.builder.given import drift

    given, outcome = state.given, state.config or state.outcome
    if given is None or outcome is None:
        return
    for note in (*given.left, *drift(outcome, given)):
        report.say(screen, f"{note.field}: {note.why}")
    if machine and outcome.plan is not None and any(note.field == "hardware" for note in outcome.assumptions):
        report.say(screen, f"{given.name} names no machine: {machine_phrase(outcome.plan.hardware)} is assumed{', the smallest usual one that fits' if outcome.plan.fits else ''}. /gpus or --gpus says yours.")


def _validate(_: TerminalDesk, state: State, __: Command) -> Step:
    import tempfile

    from assistant.machine.validate import validate

    if state.config is None:
        raise nothing_yet()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.yaml"
        path.write_text(state.config.files[0].yaml, "utf-8")
        verdict = validate(path)
    if verdict.accepted is None:
        return state, (Tell(text='It passes the checks here. The real Oumi is not installed, so its own word is missing: pip install "oumi".'),)
    if verdict.accepted:
        return state, (Tell(text="The real Oumi, installed here, loads and validates it."),)
    problem = UsageError(f"The real Oumi refuses it: {verdict.problem}", hint="This is a bug of oumi-chat's: please report it.", reference="oumi-refuses")
    return state, (ShowProblem(problem=problem),)


def _launch(desk: TerminalDesk, state: State, effect: Command) -> Step:
    from assistant.launch import program_of, run

    if state.config is None:
        raise nothing_yet()
    name = effect.rest or desk.saved or desk.file
    program_of(state.config.commands[0])
    if not _saved(desk, state, name, force=False):
        return state, ()
    words = program_of(state.config.commands[0].replace(state.config.files[0].name, shlex.quote(name)))
    if not desk.confirmed(f"Run {shlex.join(words)}?"):
        return state, (Tell(text="Nothing was started."),)
    code = run(words)
    return state, (Tell(text="It ended well." if code == 0 else f"It ended with code {code}. Paste its error here to have it read."),)


def _export(desk: TerminalDesk, state: State, effect: Command) -> Step:
    from assistant.machine.files import output_path, write_new

    name, force = save_arguments(effect.rest, "conversation.md")
    write_new(output_path(name), desk.transcript(), force=force)
    return state, (Tell(text=f"Written to {name}."),)


def unknown(_: TerminalDesk, state: State, effect: Command) -> Step:
    """A command that there is not: the nearest one is named."""
    near = nearest(f"/{effect.name}", tuple(NAMES), count=1)
    problem = UsageError(f"No command /{effect.name}.", hint=f"Did you mean {near[0]}?" if near else "/help lists them.")
    return state, (ShowProblem(problem=problem),)


COMMANDS: dict[str, Handler] = {
    "help": _help, "set": _set, "gpus": _gpus, "model": _model, "llm": _llm, "cost": _cost, "save": _save, "load": _load,
    "validate": _validate, "loaded": _loaded, "launch": _launch, "export": _export,
}  # fmt: skip


def cheaper(state: State, resolve: Resolve) -> Step:
    """The machine on which the same run costs least, as an offer."""
    from assistant.builder.sizing import answer_sizing

    current = state.config
    if current is None or current.plan is None:
        raise nothing_yet()
    found = answer_sizing("requirements", state.intent.model_copy(update={"max_dollars": None}), None, resolve, text="")
    priced = [r for r in (found.requirements if found else ()) if r.dollars is not None]
    best = min(priced, key=lambda r: r.dollars or 0.0, default=None)
    now = current.cost.dollars if current.cost else None
    if best is None or best.dollars is None:
        return state, (Tell(text="No price is known for this run, so no cheaper machine can be named."),)
    machine = best.machine
    if now is not None and best.dollars >= 0.95 * now:
        return state, (Tell(text=f"Nothing in the price list does this run for less than about ${now:,.2f}. Fewer epochs or steps would."),)
    why = f"the least that a whole run costs: about ${best.dollars:,.2f}" + (f" instead of ${now:,.2f}" if now else "") + f", on {machine_phrase(machine)}"
    said = Intent(gpu=machine.gpu.name, gpu_count=machine.count, nodes=machine.nodes if machine.nodes > 1 else None)
    return cheaper_offer(state, said, why)


def mend(state: State, text: str, screen: Screen, resolve: Resolve) -> Step:
    """A pasted error: what happened, and the smallest change that mends it, offered as a what-if."""
    from assistant.builder.given import config_text
    from assistant.builder.mend import mend as find_mending
    from assistant.reader.traces import trace_in
    from assistant.terminal.mending import mending_lines

    trace = trace_in(text)
    outcome: Outcome | None = state.config or state.outcome
    assert trace is not None
    if outcome is not None and not outcome.files and state.given is not None:  # a file that does not fit is still what ran
        outcome = replace(outcome, files=(ConfigFile(kind="train", name=state.given.name, yaml=config_text(outcome, state.given)),))
    mending = find_mending(trace, config_text=None, outcome=outcome, machine=None, resolve=resolve)
    screen.show(mending_lines(mending, screen.out, name=state.given.name if state.given else "train.yaml"))
    if mending.intent is None or (state.config is None and state.given is None):
        return state, ()
    return mended_offer(state, mending.intent)


def mended_offer(state: State, intent: Intent) -> Step:
    """The mended plan, to be taken with a yes."""
    from assistant.chat.hearing import Change
    from assistant.chat.planning import offer
    from assistant.chat.step import MENDED

    before, after = state.intent.model_dump(), intent.model_dump()
    said = Intent.model_validate({k: v for k, v in after.items() if v is not None and v != before[k]})
    gone = frozenset(k for k, v in before.items() if v is not None and after[k] is None and k != "overrides")
    paths = frozenset(before["overrides"] or {}) - frozenset(after["overrides"] or {})
    return offer(state, Change(said=said, gone=gone, paths=paths), MENDED, MENDED)
