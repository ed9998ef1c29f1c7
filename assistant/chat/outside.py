"""Slash commands that act on the outside: files, the machine, Oumi, the choice of an LLM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.builder.phrase import machine_phrase
from assistant.catalogue.names import nearest
from assistant.chat.nouns import override_of
from assistant.chat.planning import nothing_yet
from assistant.chat.series import reading_of
from assistant.chat.state import CheapestFound, Command, Event, FieldSet, Loaded, MachineSet, MendFound, State
from assistant.chat.talk import COMMANDS as NAMES
from assistant.chat.talk import HELP
from assistant.checks.kinds import kind_of_task
from assistant.checks.schema import field, field_names
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import ConfigFile, Outcome
from assistant.reader import read
from assistant.terminal import report
from assistant.terminal.screen import Screen

if TYPE_CHECKING:
    from assistant.builder.requests import Resolve
    from assistant.chat.desk import TerminalDesk

Handler = Callable[["TerminalDesk", State, Command], "Event | None"]


def _help(desk: TerminalDesk, _: State, __: Command) -> Event | None:
    report.help_text(desk.screen, HELP, tuple(NAMES.items()))
    return None


def _set(_: TerminalDesk, state: State, effect: Command) -> Event | None:
    path, sign, value = effect.rest.partition("=")
    if not sign or not path.strip() or not value.strip():
        raise UsageError("/set takes PATH=VALUE.", context=f"/set {effect.rest}", hint="Such as /set training.warmup_steps=50.")
    from assistant.reader.fields import value_of

    kind = kind_of_task(state.intent.task)
    name = path.strip() if "." in path or field(path.strip(), kind) else override_of(path, field_names(kind)) or path.strip()
    if kind == "tune" and not name.startswith("tuning.") and field(name) is not None:  # of the training that is searched around
        kind = "train"
    typed = value_of(value.strip())
    if isinstance(typed, bool) and (field(name, kind) or {}).get("type") == "str":  # YAML's `yes` is a word where a text is meant
        typed = value.strip()
    said = _absorbed(Intent(task=state.intent.task, overrides={name: typed}), state.intent, kind)
    return FieldSet(said=said.model_copy(update={"task": None}), words=effect.rest)


def _absorbed(said: Intent, standing: Intent, kind: str) -> Intent:
    """The field as a key of the intent where it is one, checked against the fields of its kind of config."""
    if kind == "train":
        from assistant.builder.absorb import absorb

        return absorb(said, standing=standing)
    from assistant.builder.serving import absorbed

    taken, left_out = absorbed(said, kind)
    if left_out:
        raise UsageError(f"{left_out[0].message}.", context=left_out[0].path, hint="Say first what it is for, such as what to train.", reference="wrong-kind")
    return taken


def _gpus(desk: TerminalDesk, state: State, effect: Command) -> Event | None:
    from assistant.catalogue.machines import parse_machine

    if not effect.rest:
        plan = (state.config.plan or state.config.task_plan) if state.config else None
        planned = f"Planned for {machine_phrase(plan.hardware)}." if plan and plan.hardware else "No machine is set: the words or this computer say which."
        report.say(desk.screen, f"Planned for {state.gpus}." if state.gpus else planned)
        return None
    if effect.rest.lower() != "auto":
        parse_machine(effect.rest)
    return MachineSet(gpus=effect.rest)


def _model(desk: TerminalDesk, state: State, effect: Command) -> Event | None:
    if not effect.rest:
        report.say(desk.screen, f"The model is {state.intent.model}." if state.intent.model else "No model is said yet.")
        return None
    named = read(f"fine-tune {effect.rest}").intent.model or effect.rest
    return FieldSet(said=Intent(model=named, task=state.intent.task or "train"), words=f"model {effect.rest}")


def _create(desk: TerminalDesk, state: State, effect: Command) -> Event | None:
    from assistant.chat.guiding import guided_turn

    return guided_turn(desk, state, effect.rest.strip())


def _llm(desk: TerminalDesk, _: State, effect: Command) -> Event | None:
    report.say(desk.screen, desk.mind.choose(effect.rest))
    return None


def _cost(desk: TerminalDesk, state: State, _: Command) -> Event | None:
    outcome = state.config or state.outcome
    if outcome is not None and outcome.plan is not None:
        report.time_and_cost(desk.screen, outcome)
    report.say(desk.screen, desk.mind.spent())
    return None


def _save(desk: TerminalDesk, state: State, effect: Command) -> Event | None:
    from assistant.machine.files import new_folder

    config = _standing(state)
    name, force = save_arguments(effect.rest, desk.file_for(config))
    folder = Path(name).expanduser()
    if state.config is None:
        report.say(desk.screen, "It does not fit as it is planned, and is written all the same.")
    if not (name.endswith("/") or folder.is_dir()):
        saved(desk, state, config, name, force=force)
        return None
    config = whole_set(desk, state, config)
    with new_folder(folder):
        saved(desk, state, config, f"{name.rstrip('/')}/{config.files[0].name}", force=force)
    return None


def whole_set(desk: TerminalDesk, state: State, config: Outcome) -> Outcome:
    """What stands with all that is kept beside it: the training and its steps, where one of them is talked about."""
    whole = reading_of(state).after
    found = desk.answer(whole, "; ".join(state.words), "", state.gpus) if whole is not None and config is state.config else config
    return found if found.status == "ok" else config


def _standing(state: State) -> Outcome:
    """The config of the plan that stands; of a file that does not fit, the file with what was asked for.

    Raises:
        UsageError: there is none.
    """
    found = state.config or state.outcome
    if found is None or not found.files:
        raise nothing_yet()
    return found


def saved(desk: TerminalDesk, state: State, config: Outcome, name: str, *, force: bool) -> bool:
    """Write the config, asking before another file is replaced; False where it was not written."""
    if state.config is not None and state.config is not state.outcome:
        report.say(desk.screen, "The last line led to no config; this is the one from before it.")
    try:
        desk.save(config, name, force)
    except UsageError as problem:
        if problem.reference != "file-exists":
            raise
        differing = _differing(name, config)
        if differing is None:
            report.say(desk.screen, f"{name} holds this config already.")
        elif differing and not desk.confirmed(f"{differing} exists. Replace it?"):
            report.say(desk.screen, f"{differing} was left as it is; /save {name} --force replaces it.")
            return False
        else:
            desk.save(config, name, True)
    if config.questions:  # what is planned meanwhile is in the file
        report.questions(desk.screen, config)
    desk.saved, desk.saved_config = name, config
    return True


def _differing(name: str, config: Outcome) -> str | None:
    """The first of the files that are there with something else in it, empty where what is there would stay; None where all are there alike.

    How a file is run names it, and does not count; nor do the words that led to it.
    """
    from assistant.builder.saving import named
    from assistant.machine.configs import read_text
    from assistant.machine.files import is_here, output_path

    files = named(config, str(output_path(name))).files
    there = [file for file in files if is_here(file.name)]
    try:
        other = next((file.name for file in there if _what_is_set(read_text(Path(file.name))) != _what_is_set(file.yaml)), None)
    except UsageError as problem:
        return problem.context or name
    return other or (None if len(there) == len(files) else "")


def _what_is_set(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(("# Run: ", "# Request: "))]


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


def _load(_: TerminalDesk, __: State, effect: Command) -> Event | None:
    from assistant.machine.configs import read_given

    name = effect.rest.strip("'\"")
    if not name:
        raise UsageError("/load takes the name of a file.", hint="Such as /load train.yaml.")
    return Loaded(given=read_given(Path(name).expanduser()))


def _validate(desk: TerminalDesk, state: State, _: Command) -> Event | None:
    import tempfile

    from assistant.machine.validate import validate
    from assistant.terminal.thinking import Thinking

    config = _standing(state)
    if config is not state.outcome:
        report.say(desk.screen, "The last line led to no config; this is about the one from before it.")
    file = config.files[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(file.yaml, "utf-8")
        with Thinking(desk.screen, "the real Oumi reads it"):  # its start takes many seconds
            verdict = validate(path, file.kind)
    if verdict.accepted is False:
        raise UsageError(f"The real Oumi refuses it: {verdict.problem}", hint="This is a bug of oumi-chat's: please report it.", reference="oumi-refuses")
    unasked = 'It passes the checks here. The real Oumi is not installed, so its own word is missing: pip install "oumi".'
    report.say(desk.screen, "The real Oumi, installed here, loads and validates it." if verdict.accepted else unasked)
    return None


def _launch(desk: TerminalDesk, state: State, effect: Command) -> Event | None:
    from assistant.chat.launching import launch  # few conversations end with a run

    return launch(desk, state, effect.rest)


def _export(desk: TerminalDesk, _: State, effect: Command) -> Event | None:
    from assistant.machine.files import output_path, write_new

    name, force = save_arguments(effect.rest, "conversation.md")
    write_new(output_path(name), desk.transcript(), force=force)
    report.say(desk.screen, f"Written to {name}.")
    return None


def unknown(_: TerminalDesk, __: State, effect: Command) -> Event | None:
    """A command that there is not.

    Raises:
        UsageError: always; it names the nearest one.
    """
    near = nearest(f"/{effect.name}", tuple(NAMES), count=1)
    raise UsageError(f"No command /{effect.name}.", hint=f"Did you mean {near[0]}?" if near else "/help lists them.")


COMMANDS: dict[str, Handler] = {
    "help": _help, "set": _set, "gpus": _gpus, "model": _model, "create": _create, "llm": _llm, "cost": _cost, "save": _save, "load": _load,
    "validate": _validate, "launch": _launch, "export": _export,
}  # fmt: skip


def cheaper(state: State, resolve: Resolve) -> CheapestFound:
    """The machine on which the same run costs least."""
    from assistant.builder.cheapest import find_cheapest

    priced = _priced(state)
    intent = priced.intent if priced.questions else state.intent  # with what is planned meanwhile
    return CheapestFound(cheapest=find_cheapest(intent, priced, resolve))


def _priced(state: State) -> Outcome:
    """What is compared by price: the run that the last line led to, fitting or not, since the next change is made of it.

    Raises:
        UsageError: there is no plan yet, or the last line led to none.
    """
    last = state.outcome
    if state.config is None:
        raise nothing_yet()
    if last is None or last.is_sizing:
        return state.config
    if last.plan is None and last.task_plan is None:
        hint = "Answer what is asked, or /undo goes back to the plan from before."
        raise UsageError("The last line led to no plan, so there is no run to compare by price.", hint=hint, reference="no-price")
    return last


def mend(state: State, text: str, screen: Screen, resolve: Resolve) -> MendFound:
    """A pasted error: what happened, told, and the smallest change that mends it."""
    from assistant.builder.given import config_text
    from assistant.builder.mend import mend as find_mending
    from assistant.reader.traces import trace_in
    from assistant.terminal.mending import mending_lines

    trace = trace_in(text)
    assert trace is not None
    outcome, given = state.config or state.outcome, state.given
    if outcome is not None and not outcome.files and given is not None:  # a file that does not fit is still what ran
        outcome = replace(outcome, files=(ConfigFile(kind=given.kind, name=given.name, yaml=config_text(outcome, given)),))
    mending = find_mending(trace, config_text=None, outcome=outcome, machine=None, resolve=resolve)
    screen.show(mending_lines(mending, screen.out, name=given.name if given else "train.yaml"))
    before = outcome.plan.model.measured if outcome is not None and outcome.plan is not None else 1.0
    return MendFound(intent=mending.intent, measured=round(mending.scale * before, 3) if mending.scale > 1 else None)
