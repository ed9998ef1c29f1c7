"""A short line as the answer to the question that stands: "the second one" has no meaning without it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from assistant.catalogue.models import find_model
from assistant.chat.context import Context
from assistant.chat.talk import SKIP
from assistant.core.intent import Intent
from assistant.core.outcome import WayOut
from assistant.core.values import Question
from assistant.reader import read

_YES = re.compile(r"(?:yes|y|yeah|yep|ok|okay|sure|please do|do (?:it|that)|go ahead)[.!]?", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?k?", re.IGNORECASE)
_NAMES = ("model", "dataset", "teacher")
_METHODS = {"full fine-tuning": "full", "lora": "lora", "qlora": "qlora"}
_TEACHER = "training.gkd.teacher_model_name_or_path"
_LONGEST_NAME = 4
"""Words of a name that stands alone on a line."""
_LONGEST_CHOICE = 9


def answered(questions: tuple[Question, ...], said: Intent, line: str) -> Intent:
    """What the line says, with the value that it gives to what was asked."""
    base = Intent() if _as_number(line.strip()) is not None else said  # a number alone is for what was asked, and for nothing else
    for question in questions:
        value = _value(question, said, line.strip())
        key, setting = _place(question.field, value, base)
        if value is None or key not in Intent.model_fields:
            continue
        try:
            return Intent.model_validate({**base.model_dump(), key: setting})
        except ValidationError:
            continue
    return said


def _place(field: str, value: Any, said: Intent) -> tuple[str, Any]:
    """The key of the intent that an answer goes to, and what it is then."""
    path = _TEACHER if field == "teacher" else field
    return ("overrides", {**(said.overrides or {}), path: value}) if "." in path else (path, value)


_BY_PLACE = re.compile(r"(?<!\w)(?:the |option |number |way |#)(?P<which>first|second|third|fourth|last|1st|2nd|3rd|4th|[1-6])\b(?=\s*(?:$|[.,;!]|one\b|option\b|way\b|suggestion\b|please\b|then\b))", re.IGNORECASE)
_BY_WORDS = re.compile(r"\b(?:the )?(?P<words>[\w .\-]+?)\s+(?:one|option|way|suggestion)\b", re.IGNORECASE)
_PLACES = {"first": 0, "1st": 0, "1": 0, "second": 1, "2nd": 1, "2": 1, "third": 2, "3rd": 2, "3": 2, "fourth": 3, "4th": 3, "4": 3, "5": 4, "6": 5, "last": -1}


def chosen_way(context: Context, line: str) -> Intent | None:
    """What the way out that a line picks ("do the qlora one", "option 2") sets; None where it picks none."""
    if not context.ways_out or len(line.split()) > _LONGEST_CHOICE:
        return None
    if by_place := _BY_PLACE.search(line):
        place = _PLACES[by_place.group("which").lower()]
        ways = context.ways_out[place : place + 1 or None]
    elif by_words := _BY_WORDS.search(line):
        ways = _named_ways(context, by_words.group("words"))
    else:
        return None
    return _difference(read(ways[0].request).intent, context.intent) if ways else None


def _named_ways(context: Context, words: str) -> tuple[WayOut, ...]:
    """The ways out that have all that these words say."""
    meant = {k: v for k, v in read(words).intent.model_dump().items() if v is not None and k != "task"}
    offered = [(way, read(way.request).intent.model_dump()) for way in context.ways_out]
    return tuple(way for way, said in offered if meant and all(said.get(k) == v for k, v in meant.items()))


def _difference(wanted: Intent, stands: Intent) -> Intent:
    """Only what the way says otherwise than it stands."""
    now = stands.model_dump()
    return Intent.model_validate({k: v for k, v in wanted.model_dump().items() if v is not None and v != now[k] and k not in ("task", "model")})


def _value(question: Question, said: Intent, line: str) -> Any:
    if choice := _choice(question.choices, line):
        if question.field == "method":
            return _METHODS.get(choice.lower(), choice)
        named = find_model(choice) if question.field == "model" else None
        return named.id if named else _as_number(choice) or choice
    if getattr(said, question.field, None) is not None:
        return None
    if question.field in _NAMES:
        return line if said == Intent() and _looks_like_a_name(line) else None
    return _as_number(line)


_NO_NAME = re.compile(r"no|nope|nah|none|nothing|double|half|halve|triple|undo|stop|help|why|what|it|that|this", re.IGNORECASE)


def _looks_like_a_name(line: str) -> bool:
    """One word, or a few of which one has a digit or a sign that names have: no sentence."""
    words = line.split()
    if line.endswith("?") or not words or len(words) > _LONGEST_NAME or _YES.fullmatch(line) or _NO_NAME.fullmatch(words[0]):
        return False
    return len(words) == 1 or any(re.search(r"[\d/_-]", word) for word in words)


def place_of(choices: tuple[str, ...], line: str) -> int | None:
    """The place of the one choice that a line names: by its words, its figure (`80` of `80 GB`), its place, or a part of its words."""
    text = line.lower().strip(" .!?")
    for place, ordinal in enumerate(_ORDINALS[: len(choices)]):
        if re.fullmatch(rf"(?:the )?{ordinal}(?: one)?", text):
            return place
    if (compared := _COMPARED.fullmatch(text)) is not None:
        return _by_size(choices, largest=compared.group("more") is not None)
    flat = _flat(text)
    readings: tuple[Callable[[str], bool], ...] = (
        lambda choice: _flat(choice) == flat,
        lambda choice: flat.isdigit() and _figure_of(choice) == flat,
        lambda choice: len(text) > 1 and not text.isdigit() and text in choice,
    )
    for reading in readings:
        found = [place for place, choice in enumerate(choices) if reading(choice.lower())]
        if found:
            return found[0] if len(found) == 1 else None
    return None


_COMPARED = re.compile(
    r"(?:(?:yes|no|well|i think|take|use|go with|make it)[\s,]+)*(?:the )?(?:(?P<more>bigger|biggest|larger|largest|higher|highest|greater|longer|longest|more|most|upper)|"
    r"(?:smaller|smallest|lower|lowest|lesser|shorter|shortest|less|fewer|fewest|least))(?: (?:one|ones|of (?:the )?(?:two|them)|number|value|variant|version|kind|card|cards))*(?: please| then)?"
)


def _by_size(choices: tuple[str, ...], *, largest: bool) -> int | None:
    """`the bigger one`: of choices that each begin with a figure, the one with the most or the least; None for others."""
    figures = [float(figure) if (figure := _figure_of(choice)) else None for choice in choices]
    known = [figure for figure in figures if figure is not None]
    if len(known) < 2 or len(known) < len(choices):
        return None
    return figures.index(max(known) if largest else min(known))


def _flat(text: str) -> str:
    """Without commas and blanks: `80GB` is `80 GB`, `8192 tokens` is `8,192 tokens`."""
    return re.sub(r"[,\s]", "", text)


def _figure_of(choice: str) -> str | None:
    """The number that a choice begins with, without its commas: `8,192 tokens` → `8192`."""
    match = re.match(r"[\d,]+(?=\s|$)", choice)
    return match.group().replace(",", "") if match else None


def _choice(choices: tuple[str, ...], line: str) -> str | None:
    """The one choice that is meant: the first where a default is wanted, the only one at a yes, else the one named."""
    if SKIP.fullmatch(line):
        return choices[0] if choices else None
    if _YES.fullmatch(line):
        return choices[0] if len(choices) == 1 else None
    place = place_of(choices, line)
    return choices[place] if place is not None else None


def _as_number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.lower().rstrip("k").replace(",", ""))
    return number * 1024 if text[-1] in "kK" else number
