"""What a conversation holds, what can happen to it, and what is to be done about it: values alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from assistant.builder.cheapest import Cheapest
from assistant.builder.follow_up import FollowUp
from assistant.builder.given import Given
from assistant.chat.context import Context
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Question, Reason
from assistant.reader import Later, Reading
from assistant.reader.asking import Asking

Origin = Literal["said", "assumed", "default", "flag", "file"]
Purpose = Literal["turn", "what-if", "mend", "loaded", "resumed", "compared"]
KEPT = 50
"""Earlier states that /undo can go back to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A plan that was asked about and not taken: the conversation as it would be with it."""

    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The conversation: what was said, the last answer, the last one with a config, the states before (for undo).

    `gpus` is the machine of a flag or of /gpus, until words say another; `flagged` are keys set by /set; `changed` are the
    keys that the last line set; `given` is the config file that it goes on from; `asked` are the follow-up questions that
    were put, so that none is put twice; `contradictions` are those of lines that said two things at once, until one is said.
    `later` are the steps after the training that it is about; `training` is the one, with its other steps, that it is a step
    after. `aside` says that since the last change something was said that changed nothing.
    """

    intent: Intent = field(default_factory=Intent)
    notes: tuple[Reason, ...] = ()
    words: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    flagged: frozenset[str] = frozenset()
    gpus: str | None = None
    given: Given | None = None
    later: tuple[Later, ...] = ()
    training: Reading | None = None
    outcome: Outcome | None = None
    config: Outcome | None = None
    what_if: WhatIf | None = None
    follow_up: FollowUp | None = None
    asked: frozenset[str] = frozenset()
    contradictions: tuple[Question, ...] = ()
    aside: bool = field(default=False, compare=False)
    before: tuple[State, ...] = field(default=(), repr=False)

    @property
    def context(self) -> Context:
        """What the next line is read against."""
        outcome = self.outcome or self.config
        plan = outcome.plan if outcome and outcome.plan else self.config.plan if self.config else None
        return Context(
            intent=self.intent,
            plan=plan if self.intent.task in ("train", None) else None,
            past=tuple((s.intent, s.outcome.plan if s.outcome else None) for s in self.before if s.intent != Intent()),
            changed=self.changed,
            words=tuple(word for word in self.words if word),
            ways_out=outcome.ways_out if outcome else (),
            fits=None if outcome is None or outcome.plan is None else outcome.status == "ok",
        )


def origins(state: State) -> dict[str, Origin]:
    """Where each value of the plan comes from, by its key."""
    found: dict[str, Origin] = {}
    plan = state.outcome.plan if state.outcome else None
    if plan is not None:
        found = dict.fromkeys((reason.field for reason in plan.decisions if reason.why != "as asked"), "default")
    if state.outcome is not None:
        found |= dict.fromkeys((reason.field for reason in state.outcome.assumptions), "assumed")
    said = [key for key, value in state.intent.model_dump().items() if value is not None and key != "overrides"]
    for name in (*said, *(state.intent.overrides or {})):
        found[name] = "flag" if name in state.flagged else _told_by(state, name)
    if state.gpus is not None:
        found["hardware"] = "flag"
    return found


def _told_by(state: State, name: str) -> Origin:
    """Whether words, the config file or Oumi's default for it say a value."""
    if state.given is None or not state.given.says(state.intent, name):
        return "said"
    return "default" if name in state.given.defaults else "file"


# What happens.


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The user typed something; `later` are the steps on what it trains that were said with it. `refine` is what an LLM made of it, as a change of the offline reading; `is_question` its word.

    None while no LLM was asked yet. It is a value that can be called: how two readings become one is the LLM room's, and this room may not know it.
    """

    text: str
    refine: Callable[[Reading], Reading] | None = None
    is_question: bool = False
    later: tuple[Later, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan came back for `state`, the conversation as it would be."""

    state: State
    outcome: Outcome
    purpose: Purpose = "turn"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Planning ended in an error of the user's."""

    state: State
    problem: OumiChatError
    purpose: Purpose = "turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A follow-up question was found to matter."""

    follow_up: FollowUp


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSet:
    """A command set values; `words` is what was typed after it."""

    said: Intent
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSet:
    """A command stated the machine."""

    gpus: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guided:
    """A guided setup that began with this conversation came back: the whole of what is said now, and the machine of a flag.

    `said` are notes of what the intent has no key for; they take the place of those that stand.
    """

    intent: Intent
    gpus: str | None
    said: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A config was read from a file.

    Where the conversation `opens` with it, it stands even while no plan can be made of it: there is nothing before it.
    """

    given: Given
    opens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MendFound:
    """A pasted error was read and answered: `intent` is the request that mends it, None where no plan does.

    `measured` is what the run took, times what is estimated without any error; None where the error does not show it.
    """

    intent: Intent | None
    measured: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheapestFound:
    """The search for a cheaper machine came back."""

    cheapest: Cheapest


Event = Line | Planned | Refused | Weighed | FieldSet | MachineSet | Guided | Loaded | MendFound | CheapestFound


# What is to be done.


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePlan:
    """Plan the intent of `state`; `line` is what was just said if it may ask for a size, `reading` its notes and conflicts."""

    state: State
    line: str
    reading: Reading
    purpose: Purpose = "turn"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLlm:
    """Let the LLM read the line too; without one, or where it fails, the line goes on as it is.

    `context` is what the line is read against; None for a request that stands alone. `later` goes on with the line.
    """

    line: str
    context: Context | None = None
    questions: tuple[Question, ...] = ()
    later: tuple[Later, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """One remark."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProblem:
    """A mistake of the user's: what, where, how to mend it."""

    problem: OumiChatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """An outcome: whole, in brief, as JSON, or what keeps it from a config; `quotes` are the words behind its values."""

    outcome: Outcome
    how: Literal["whole", "brief", "json", "no config", "sizing", "reasons", "alternatives", "questions"] = "whole"
    label: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    quotes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowChanges:
    """What is different between two outcomes; `values_only` leaves the lines of the YAML out."""

    before: Outcome
    after: Outcome
    values_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain:
    """Answer a question about the plan, by the LLM with a check of its facts, or by the plan's own words."""

    asking: Asking
    line: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PutQuestion:
    """One question with its choices, the default first."""

    follow_up: FollowUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Weigh:
    """Look for the one question whose answer would change this plan most."""

    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command that acts on the outside: its name without the slash, and its argument."""

    name: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """A pasted error to be read and mended."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindCheaper:
    """Look for a machine that does the same for less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """End the conversation."""


Effect = (
    MakePlan | AskLlm | Tell | ShowProblem | Show | ShowChanges | Explain | PutQuestion | Weigh | Command | Mend | FindCheaper | Leave
)
