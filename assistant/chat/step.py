"""One turn without input or output: what was said so far, and what is said now."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Reason
from assistant.reader import Reading

COMMANDS = ("/help", "/show", "/save", "/json", "/reset", "/undo", "/quit")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The conversation: what was said, the last answer, and the states before (for undo)."""

    intent: Intent = field(default_factory=Intent)
    notes: tuple[Reason, ...] = ()
    words: tuple[str, ...] = ()
    outcome: Outcome | None = None
    before: tuple[State, ...] = ()


def merged(former: Intent, said: Intent) -> Intent:
    """Both together; what is said later wins, overrides add up."""
    values = former.model_dump()
    news = {key: value for key, value in said.model_dump().items() if value is not None}
    if values.get("overrides") and news.get("overrides"):
        news["overrides"] = {**values["overrides"], **news["overrides"]}
    return Intent.model_validate({**values, **news})


def hear(state: State, reading: Reading, words: str) -> State:
    """The state after a line, before it is planned. A new model drops the old one's notes."""
    fields = {note.field for note in reading.notes}
    if reading.intent.model:
        fields.add("model")
    kept = tuple(note for note in state.notes if note.field not in fields)
    return State(
        intent=merged(state.intent, reading.intent),
        notes=(*kept, *reading.notes),
        words=(*state.words, words),
        before=(*state.before[-49:], state),
    )


def undone(state: State) -> State:
    """The state before the last line; the same if there is none."""
    return state.before[-1] if state.before else state
