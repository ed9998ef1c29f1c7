"""A short line as the answer to the question that stands: "the second one" has no meaning without it."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from assistant.core.intent import Intent
from assistant.core.values import Question

_YES = re.compile(r"(?:yes|y|yeah|yep|ok|okay|sure|please do|do (?:it|that)|go ahead)[.!]?", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?k?", re.IGNORECASE)
_NAMES = ("model", "dataset", "teacher")
_TEACHER = "training.gkd.teacher_model_name_or_path"
_LONGEST_NAME = 4
"""Words of a name that stands alone on a line."""


def answered(questions: tuple[Question, ...], said: Intent, line: str) -> Intent:
    """What the line says, with the value that it gives to what was asked."""
    for question in questions:
        value = _value(question, said, line.strip())
        key, setting = (question.field, value) if question.field != "teacher" else ("overrides", {_TEACHER: value})
        if value is None or key not in Intent.model_fields:
            continue
        try:
            return Intent.model_validate({**said.model_dump(), key: setting})
        except ValidationError:
            continue
    return said


def _value(question: Question, said: Intent, line: str) -> Any:
    if choice := _choice(question.choices, line):
        return _as_number(choice) or choice
    if getattr(said, question.field, None) is not None:
        return None
    if question.field in _NAMES:
        is_name = said == Intent() and len(line.split()) <= _LONGEST_NAME and not line.endswith("?")
        return line if is_name and not _YES.fullmatch(line) else None
    return _as_number(line)


def _choice(choices: tuple[str, ...], line: str) -> str | None:
    """The one choice that is meant: by its words, by its place, or by a yes where there is one alone."""
    text = line.lower().rstrip(".!")
    if _YES.fullmatch(line):
        return choices[0] if len(choices) == 1 else None
    for place, ordinal in enumerate(_ORDINALS[: len(choices)]):
        if re.fullmatch(rf"(?:the )?{ordinal}(?: one)?", text):
            return choices[place]
    exact = [choice for choice in choices if choice.lower() == text]
    near = [choice for choice in choices if len(text) > 1 and not text.isdigit() and text in choice.lower()]
    found = exact or near
    return found[0] if len(found) == 1 else None


def _as_number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.lower().rstrip("k").replace(",", ""))
    return number * 1024 if text[-1] in "kK" else number
