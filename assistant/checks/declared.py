"""What a rule is: a declared unit of data with a predicate, its reason, its examples and its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.checks.case import Case
from assistant.core.edits import Edit
from assistant.core.values import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place where a rule is broken. `words` fill the rule's sentences, `edits` mend this place alone; `line` and
    `column` are given where the path does not tell them.
    """

    path: str
    words: Mapping[str, str] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    line: int = 0
    column: int = 0


Found = Iterable[str | Hit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `where` gives the places that break it; it is silent where the case does not tell.

    In `message`, `fix` and the paths of `edits`, `{path}` and `{value}` are those of the place, and a hit's own words may
    stand. `why` says what Oumi does and how that is known. `bad` and `good` are configs, or their parts that matter;
    `gpus` is the machine that they need to tell. `early` rules also look at words before anything is planned, `spoken`
    ones only at what was said in words. `since` is the first release of Oumi for which the rule holds, `until` the first for
    which it no longer does.
    """

    rule: str
    severity: Severity = "error"
    kinds: tuple[str, ...] = ("train",)
    where: Callable[[Case], Found]
    message: str
    fix: str
    edits: tuple[Edit, ...] = ()
    summary: str
    why: str
    bad: str
    good: str
    gpus: str = ""
    early: bool = False
    spoken: bool = False
    since: str = ""
    until: str = ""


REMOVE = (Edit(path="{path}", remove=True),)
"""The line goes."""


def put(path: str, value: Any) -> tuple[Edit, ...]:
    """The field gets this value."""
    return (Edit(path=path, value=value),)


def when(path: str, holds: Callable[[Case], object]) -> Callable[[Case], Found]:
    """A predicate as a place: the path where it holds."""
    return lambda case: [path] if holds(case) else []
