"""What a guided setup holds, what can happen to it, and what is to be done about it: values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from assistant.core.errors import OumiChatError
from assistant.core.outcome import Outcome
from assistant.core.values import Finding, Question
from assistant.wizard.answers import Said
from assistant.wizard.defaults import Default
from assistant.wizard.items import Choice

MORE, ADVANCED, REVIEW, REPLACE = "*more", "*advanced", "*review", "*replace"
"""Places between the questions: whether more is wanted, and what becomes of the plan."""
Ends = Literal["ask", "file", "stdout", "chat"]
"""What becomes of the plan at the end: it is asked, written to the file of a flag, printed, or handed back to a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A guided setup. `settled` are the keys that were answered, an Enter and a flag included; `at` is the question that is open.

    `walk` are the keys still to be asked of those who wanted more, `level` the menus that were passed; `planner_asks` is
    the planner's own question about `at`; `former` are answers that were gone back over; `file` is the name to write to.
    """

    kind: str
    said: Said
    settled: frozenset[str] = frozenset()
    at: str = ""
    walk: tuple[str, ...] = ()
    level: int = 0
    ends: Ends = "ask"
    file: str | None = None
    outcome: Outcome | None = None
    planner_asks: Question | None = None
    former: tuple[tuple[str, str], ...] = ()
    answer: str = ""
    past: tuple[State, ...] = field(default=(), repr=False)


# What happens.


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The user answered."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan came back for `state`, as it would be with the answer."""

    state: State
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What `state` says cannot be planned with."""

    state: State
    problem: OumiChatError


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWritten:
    """The file of this name was not written."""

    name: str
    problem: OumiChatError


Event = Typed | Planned | Refused | NotWritten


# What is to be done.


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePlan:
    """Plan what `state` says."""

    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """One question. `choices` are answers with what they mean, `open` tells that others go too; `default` is what Enter takes.

    `former` is what was answered before the user went back.
    """

    key: str
    text: str
    choices: tuple[Choice, ...] = ()
    default: Default | None = None
    former: str = ""
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """One remark."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProblem:
    """An answer that cannot be taken: what is wrong and what can."""

    problem: OumiChatError


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHelp:
    """Rows of (label, text)."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMemory:
    """What the plan takes now, with warnings that came with the last answer."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The finished plan, or what keeps it from fitting."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write the config to a file; `force` where a yes was given to replace it."""

    outcome: Outcome
    name: str
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """Send the config to stdout."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """End. `done` is False where the user left without a result."""

    done: bool


Effect = MakePlan | Put | Tell | ShowProblem | ShowHelp | ShowMemory | Preview | Write | Print | Leave
