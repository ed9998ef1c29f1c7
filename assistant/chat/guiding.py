"""`/create`: the guided setup on what the conversation knows, and back as one turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.chat.guide import KEYS, Guide, can_ask, line_asker
from assistant.chat.state import Event, Guided, State
from assistant.core.errors import UsageError
from assistant.core.outcome import Outcome
from assistant.core.redact import redact
from assistant.core.values import Reason
from assistant.reader import Reading
from assistant.reader.otherkinds import SAID
from assistant.terminal import report
from assistant.wizard.answers import Said, choice_of, notes_of, stated_machine
from assistant.wizard.items import KINDS, item
from assistant.wizard.state import State as Setup

if TYPE_CHECKING:
    from assistant.chat.desk import TerminalDesk

_MACHINE = ("gpu", "gpu_memory_gb")


def guided_turn(desk: TerminalDesk, state: State, name: str) -> Event | None:
    """Ask what the conversation has not said, and more if it is wanted; None where nothing comes of it.

    Raises:
        UsageError: no such kind of config, or nobody there to answer.
    """
    if not desk.guides or not can_ask():
        raise UsageError("/create asks its questions on a terminal.", context="/create", hint="Say it in words, or /set PATH=VALUE.", reference="no-terminal")
    setup = setup_of(state, name)
    if setup.outcome is None:
        setup = replace(setup, outcome=_planned(desk, state, setup.kind, setup.said))
    report.say(desk.screen, KEYS)
    asked = line_asker()
    guide = Guide(
        plan=lambda kind, said: _planned(desk, state, kind, said), ask=lambda complete: redact(asked(complete), desk.mind.secrets), screen=desk.screen, state=setup
    )  # fmt: skip
    if guide.run() != "done":
        report.say(desk.screen, "Left: nothing is changed.")
        return None
    return result_of(state, guide.state, desk)


def setup_of(state: State, name: str) -> Setup:
    """The guided setup that goes on from a conversation: what was said is settled."""
    task = state.intent.task or "train"
    kind = choice_of(item("train", "kind"), name) if name else next(each.name for each in KINDS.values() if each.task == task)
    said = Said(intent=state.intent.model_copy(update={"task": KINDS[kind].task}), gpus=state.gpus, words=_words(state, kind))
    settled = {name for name, _ in said.words} | {key for key in KINDS[kind].essential if getattr(state.intent, key, None) is not None}
    if state.gpus is not None or any(getattr(state.intent, key) is not None for key in _MACHINE):
        settled.add("machine")
    outcome = state.outcome if said.intent == state.intent and state.outcome is not None and not state.outcome.is_sizing else None
    return Setup(kind=kind, said=said, settled=frozenset(settled), ends="chat", outcome=outcome)


def _words(state: State, kind: str) -> tuple[tuple[str, str], ...]:
    """What was said that this kind asks for and the intent has no key for."""
    asked = {key for key in KINDS[kind].keys if item(kind, key).is_word}
    return tuple((note.field, str(note.value)) for note in state.notes if note.why == SAID and note.field in asked)


def _notes(state: State, kind: str, said: Said) -> tuple[Reason, ...]:
    """What was said that the intent has no key for: as the setup has it, and what this kind does not ask."""
    asked = {key for key in KINDS[kind].keys if item(kind, key).is_word}
    return (*(note for note in state.notes if note.why == SAID and note.field not in asked), *notes_of(said))


def _planned(desk: TerminalDesk, state: State, kind: str, said: Said) -> Outcome:
    notes = tuple(note for note in state.notes if note.why != SAID and getattr(said.intent, note.field, None) == getattr(state.intent, note.field, None))
    return desk.answer(Reading(intent=said.intent, notes=(*notes, *_notes(state, kind, said))), "", "", stated_machine(said))


def result_of(before: State, after: Setup, desk: TerminalDesk) -> Event | None:
    """What was answered as an event of the conversation; None where nothing is new."""
    named = after.outcome.intent.model if after.outcome else None
    intent = after.said.intent.model_copy(update={"model": named}) if named else after.said.intent
    same = sorted(after.said.words) == sorted(_words(before, after.kind))
    if intent == before.intent and after.said.gpus == before.gpus and same:
        report.say(desk.screen, "Nothing is changed.")
        return None
    return Guided(intent=intent, gpus=after.said.gpus, said=_notes(before, after.kind, after.said))
