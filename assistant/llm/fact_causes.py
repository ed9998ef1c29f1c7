"""Reasons in a sentence: what was asked for, what follows recipes, and which cause a decision has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.llm.fact_reading import FIELDS, TOPICS, Mention, Read, clause_at, is_denied
from assistant.llm.facts import Facts

_CAUSE = re.compile(r"\b(?:because(?: of)?|since|due to|thanks to|owing to|as (?=(?:the|it|one|a|there|each)\b))")
_EFFECT = re.compile(r"\b(?:so(?: that)?|therefore|thus|hence|which is why|this is why|that is why|which means|meaning|for (?:this|that) reason)\b")


def asked_fault(read: Read, facts: Facts) -> str:
    """`as you asked` and `Oumi's recipes` only with fields of which that is true."""
    text, terms = read.text, read.terms
    fields = facts.asked
    for term in ("asked", "recipes"):
        for one in (one for one in terms if one.term == term):
            if term == "recipes":
                fields = _fields_with(text[one.start : one.end], text, facts)
            left, right = clause_at(text, one.start)
            named = _fields(text, terms, left, right) or _fields(text, terms, 0, len(text))
            known = {field for field in named if field in {name for name, _ in facts.causes}}
            if not known or not known <= fields | read.quoted or is_denied(text, one.start):
                return f"{term}: not so"
    return ""

def _fields_with(phrase: str, text: str, facts: Facts) -> frozenset[str]:
    """Fields whose reason holds the word that the phrase appeals to, and TRL where the sentence names it."""
    word = next(one for one in ("recipe", "median", "default", "most common") if one in phrase)
    named = [source for source in ("trl", "oumi") if re.search(rf"\b{source}\b", text)]
    return frozenset(field for field, why in facts.whys if word in why and all(source in why for source in named))

def _topics(text: str, terms: Sequence[Mention], left: int, right: int) -> set[str]:
    found = {one.topic for one in terms if left <= one.start < right}
    return found | {topic for topic, pattern in TOPICS if pattern.search(text, left, right)}

def _fields(_: str, terms: Sequence[Mention], left: int, right: int) -> set[str]:
    return {FIELDS[one.topic] for one in terms if left <= one.start < right and one.topic in FIELDS} | {
        FIELDS[topic] for topic, pattern in TOPICS if topic in FIELDS and topic not in ("gradient_checkpointing", "length", "optimizer") and pattern.search(_, left if _ is None else 0)
    }

def cause_fault(read: Read, facts: Facts) -> str:
    """The cause that a sentence gives must be one that the plan has for that decision."""
    text, terms = read.text, read.terms
    cause, effect = _CAUSE.search(text), _EFFECT.search(text)
    if cause is None and effect is None:
        return ""
    if cause is not None and effect is not None:
        return "two causes in one sentence"
    parting = cause or effect
    assert parting is not None
    before, after = _topics(text, terms, 0, parting.start()), _topics(text, terms, parting.end(), len(text))
    if cause is not None and cause.start() == 0 and "," in text:
        comma = text.index(",")
        before, after = _topics(text, terms, comma, len(text)), _topics(text, terms, cause.end(), comma)
    effects, causes = (before, after) if cause is not None else (after, before)
    allowed = dict(facts.causes)
    decided = {FIELDS[topic] for topic in effects if topic in FIELDS} & allowed.keys()
    said = text[parting.end() :] if cause is not None else text[: parting.start()]
    if any(quote in said for field, quote in facts.quotes if field in decided):
        return ""
    if not effects or not causes:
        return "a cause that names nothing"
    if cause is None and not decided:
        return "" if effects <= {"fits", "memory"} and causes <= {"fits", "memory", "gpus", "model"} else "an effect that the plan does not hold"
    if not decided:
        return "" if effects <= {"fits", "memory", "gpus", "model"} and causes <= {"fits", "memory", "gpus"} else "a cause that the plan does not hold"
    lead = min(decided, key=lambda field: _first(text, terms, field))
    loose = {"gpus", "model", "memory", "fits", "traffic", *(topic for topic in causes if FIELDS.get(topic) == lead)}
    real = causes - {"gpus", "model"} or causes & allowed[lead]
    if lead == "precision" and "gpus" in causes:
        real = real - {"precision"} or {"gpus"}
    if not real:
        return "a cause that names nothing"
    return "" if all(topic in allowed[lead] or (topic in loose and topic in allowed[lead] | {_topic_of(lead)}) for topic in real) else "a cause that the plan does not have"

def _topic_of(field: str) -> str:
    return next((topic for topic, one in FIELDS.items() if one == field), field)

def _first(text: str, terms: Sequence[Mention], field: str) -> int:
    places = [one.start for one in terms if FIELDS.get(one.topic) == field]
    places += [match.start() for topic, pattern in TOPICS if FIELDS.get(topic) == field and (match := pattern.search(text))]
    return min(places, default=len(text))
