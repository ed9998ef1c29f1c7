"""A conversation as a document that can be kept, and back: what was said, never what was planned.

Plans are made anew when a conversation is taken up again: the same words give the same plan.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import yaml
from pydantic import ValidationError

from assistant.builder.given import Given
from assistant.chat.state import KEPT, State
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.redact import MARK
from assistant.core.values import Question, Reason
from assistant.reader import Later, Reading

_FORM = 1
_LONGEST = 20_000
"""Characters of a line that are kept."""


def document_of(state: State) -> dict[str, Any]:
    """The conversation as JSON: each state that /undo can go back to, the present one last."""
    states = (*state.before[-(KEPT - 1) :], state)
    return {"form": _FORM, "asked": sorted(state.asked), "states": [_said(one, before) for before, one in zip((None, *states), states, strict=False)]}


def _said(state: State, before: State | None) -> dict[str, Any]:
    same = before is not None and before.given == state.given
    return {
        "intent": state.intent.model_dump(exclude_none=True),
        "notes": _notes(state.notes),
        "words": _since(before.words if before else (), state.words),
        "changed": list(state.changed),
        "flagged": sorted(state.flagged),
        "gpus": state.gpus,
        "open": [[question.field, question.text, list(question.choices)] for question in state.contradictions],
        "later": [_step(step) for step in state.later],
        "training": _training(state.training),
        "given": "as before" if same else [state.given.name, state.given.text] if state.given else None,
    }


def _step(step: Later) -> dict[str, Any]:
    return {"words": step.words[:_LONGEST], "intent": step.intent.model_dump(exclude_none=True), "notes": _notes(step.notes), "unread": list(step.unread)}


def _training(reading: Reading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {"intent": reading.intent.model_dump(exclude_none=True), "notes": _notes(reading.notes), "later": [_step(step) for step in reading.later]}


def _notes(notes: tuple[Reason, ...]) -> list[list[Any]]:
    return [[note.field, note.value, note.why] for note in notes]


def _since(before: tuple[str, ...], words: tuple[str, ...]) -> list[Any]:
    """[how many lines of the state before stand, the lines after them]: each line is kept once, however many states have it."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, words, strict=False)))
    return [same, *(word[:_LONGEST] for word in words[same:])]


def _words(said: list[Any], before: tuple[State, ...]) -> tuple[str, ...]:
    """The lines of a state; sessions of before have them all in each."""
    if said and isinstance(said[0], int):
        return (*(before[-1].words[: said[0]] if before else ()), *(str(word) for word in said[1:]))
    return tuple(str(word) for word in said)


def state_of(document: dict[str, Any]) -> State:
    """The conversation that a document holds, to be planned anew.

    Raises:
        UsageError: a document of another form, or a damaged one.
    """
    states: tuple[State, ...] = ()
    place = "document"
    try:
        if document["form"] != _FORM:
            raise _damaged(place, f"its form is {document['form']}, and {_FORM} is read")
        asked, kept = frozenset(document["asked"]), document["states"]
        for said in kept[-KEPT:]:
            place = f"document.states.{len(kept) - len(kept[-KEPT:]) + len(states)}"
            states = (*states, _state(said, states, asked))
        return states[-1]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, ValidationError) as problem:
        raise _damaged(place, _what_is_wrong(problem)) from None


def _state(said: dict[str, Any], before: tuple[State, ...], asked: frozenset[str]) -> State:
    given = _given(said.get("given"), before)
    notes = _reasons(said["notes"])
    training = said.get("training")
    return State(
        intent=Intent.model_validate(said["intent"]),
        notes=notes if given is not None or not isinstance(said.get("given"), list) else (*notes, _lost(said["given"])),
        words=_words(said["words"], before),
        changed=tuple(str(key) for key in said["changed"]),
        flagged=frozenset(str(key) for key in said["flagged"]),
        gpus=str(said["gpus"]) if said["gpus"] is not None else None,
        later=tuple(_later(step) for step in said.get("later", ())),
        training=Reading(intent=Intent.model_validate(training["intent"]), notes=_reasons(training["notes"]), later=tuple(_later(step) for step in training["later"])) if training else None,
        given=given,
        asked=asked,
        contradictions=tuple(Question(field=str(f), text=str(t), choices=tuple(str(c) for c in cs)) for f, t, cs in said.get("open", ())),
        before=before,
    )


def _reasons(said: Any) -> tuple[Reason, ...]:
    return tuple(Reason(field=str(f), value=v, why=str(w)) for f, v, w in said)


def _later(said: dict[str, Any]) -> Later:
    unread = tuple(str(piece) for piece in said["unread"])
    return Later(words=str(said["words"]), intent=Intent.model_validate(said["intent"]), notes=_reasons(said["notes"]), unread=unread)


def _given(said: Any, before: tuple[State, ...]) -> Given | None:
    """The config file that a conversation goes on from, as it was then; sessions of before hold none."""
    if said == "as before":
        return before[-1].given
    try:
        return Given.of(str(said[0]), _with_marks_quoted(str(said[1]))) if said else None
    except (UsageError, yaml.YAMLError):  # it cannot be read without the secret that was taken out of it
        return None


def _with_marks_quoted(text: str) -> str:
    """The text with the mark of a secret as text where it stands for a whole value: in YAML it would be a list."""
    nodes = [yaml.compose(text, Loader=yaml.SafeLoader)] if MARK in text else []
    places: list[int] = []
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            nodes += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            start, end = node.start_mark.index, node.end_mark.index
            places += [start] if text[start:end] == MARK else []
            nodes += node.value
    for place in sorted(places, reverse=True):
        text = f'{text[:place]}"{MARK}"{text[place + len(MARK) :]}'
    return text


def _lost(said: list[Any]) -> Reason:
    why = "its text cannot be read without the secrets that were taken out of it, so the config is written anew; /load reads the file itself"
    return Reason(field="config", value=str(said[0]), why=why)


def _what_is_wrong(problem: Exception) -> str:
    """In plain words: the value that is missing or is none that is taken."""
    if isinstance(problem, ValidationError):
        first = problem.errors(include_url=False)[0]
        where = ".".join(str(piece) for piece in first["loc"])
        return f"{str(first.get('input'))[:40]!r} is no value of intent{f'.{where}' if where else ''}"
    if isinstance(problem, KeyError):
        return f"{problem.args[0]} is missing"
    return "there is no state in it" if isinstance(problem, IndexError) else "a value is of another type than it was written with"


def _damaged(place: str, what: str) -> UsageError:
    hint = "The file is left as it is: mend that place, take another (oumi-chat --resume lists them), or start anew with oumi-chat."
    return UsageError(f"This session is damaged at {place}: {what}.", hint=hint, reference="bad-session")
