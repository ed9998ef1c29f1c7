"""`is that faster?`: what was just shown against what stands, or what stands against what stood before it."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.builder.prose_words import dollars_text, hours_text
from assistant.chat.state import State
from assistant.core.outcome import Outcome
from assistant.core.units import gib

_ABOUT = 0.02
"""A share of difference below which two estimates are the same."""
_ASKED = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|hm+|but|well)[\s,]+)*(?:is|would|will|does|do|did|was|isn'?t|wouldn'?t|doesn'?t)\s+(?:that|it|this|the new one|that one|this one)\s+"
    r"(?:(?:be|run|train|use|need|take|cost|get|any|much|actually|really|a bit|a lot|even|also|all)\s+)*"
    r"(?P<what>faster|slower|quicker|longer|shorter|speed(?:ier)?|cheaper|more expensive|pricier|dearer|less money|more money|cost (?:more|less)|more time|less time|(?:more|less|fewer) (?:gpu )?(?:memory|vram)|lighter|heavier|smaller|larger|bigger)"
    r"(?:\s+(?:than\s+(?:before|now|what i have|the (?:current|old|present|first) (?:one|plan)|it (?:was|is))|then|now|too))?\W*$",
    re.IGNORECASE,
)
_ELLIPTIC = re.compile(r"^\W*(?:(?:and|so|ok(?:ay)?|hm+)[\s,]+)*(?P<what>faster|slower|quicker|cheaper|more expensive)(?: than (?:before|now))?\s*\?\W*$", re.IGNORECASE)
_LONGEST = 200
"""Characters of a question: what is longer is pasted."""
_Measure = tuple[str, Callable[[Outcome], float | None], Callable[[float], str], tuple[str, str]]
_TIME: _Measure = ("time", lambda outcome: outcome.plan.time.hours if outcome.plan and outcome.plan.time else None, hours_text, ("faster", "slower"))
_COST: _Measure = ("cost", lambda outcome: outcome.cost.dollars if outcome.cost else None, dollars_text, ("cheaper", "more expensive"))
_MEMORY: _Measure = ("memory", lambda outcome: _memory(outcome), lambda size: f"{size:.1f} GiB a GPU", ("less memory", "more memory"))


def _memory(outcome: Outcome) -> float | None:
    plan = outcome.plan or outcome.task_plan
    return gib(plan.memory.point) if plan is not None and plan.memory is not None else None


def compared(state: State, line: str) -> str | None:
    """The answer to a question whether one plan is faster, cheaper or lighter than the other; None for any other line.

    A plan that is considered is held against the one that stands; where none is, the one that stands against the one before.
    """
    match = (_ASKED.match(line) or _ELLIPTIC.match(line)) if len(line) <= _LONGEST else None
    if match is None or state.config is None:
        return None
    before: Outcome | None = state.config
    after = state.what_if.state.outcome if state.what_if is not None else state.config
    if state.what_if is None:
        before = next((one.config for one in reversed(state.before) if one.config is not None and one.config is not state.config), None)
    if before is None or after is None:
        return None
    return _told(match.group("what").lower(), before, after)


def _told(what: str, before: Outcome, after: Outcome) -> str:
    name, figure, text, (less, more) = _measure(what)
    old, new = figure(before), figure(after)
    if old is None or new is None:
        which = "of both" if old is None and new is None else "of the one before" if old is None else "of this one"
        return f"That cannot be said: the {name} {which} is not known."
    if abs(new - old) <= _ABOUT * max(old, new):
        return f"About the same: {text(new)} against {text(old)}."
    is_less = new < old
    yes = is_less == _asks_for_less(what)
    return f"{'Yes' if yes else 'No'}, {less if is_less else more}: about {text(new)} instead of {text(old)}."


def _measure(what: str) -> _Measure:
    if re.search(r"memory|vram|lighter|heavier|smaller|larger|bigger", what):
        return _MEMORY
    return _COST if re.search(r"cheap|expens|pric|dear|money|cost", what) else _TIME


def _asks_for_less(what: str) -> bool:
    return re.search(r"faster|quicker|shorter|speed|cheaper|\bless\b|fewer|lighter|smaller", what) is not None
