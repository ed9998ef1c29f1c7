"""A plan that stands while a question is open: with the first of its choices, or without what cannot be planned."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from assistant.builder.requests import MEANWHILE
from assistant.chat.answering import answered
from assistant.chat.merging import merged
from assistant.chat.state import MakePlan
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Question, Reason

_MOST = 4
"""Questions of one request that a plan stands beside."""
_STANDS_IN = frozenset((
    "epochs", "max_steps", "precision", "method", "objective", "sharding", "sequence_length", "micro_batch_size", "global_batch_size",
    "training.optimizer", "dataset",
))  # fmt: skip
"""What a planner's question may be about for a plan to stand without its answer: never the model, the task or a teacher."""
_ALSO_CONTRADICTED = frozenset((
    "gpu", "gpu_count", "nodes", "learning_rate", "lora_rank", "lora_alpha", "seed", "num_fewshot", "limit", "max_hours", "max_dollars", "output_dir", "run_name",
))  # fmt: skip
"""What a line may say twice, or beyond its range, and is planned without."""
_ASKS = re.compile(r"\s*[^.!?]*\?\s*")


def planned_meanwhile(plan: Callable[[MakePlan], Outcome], effect: MakePlan) -> Outcome:
    """What `plan` makes of the effect; where that ends in questions, the plan that stands beside them, if one can.

    Such an outcome has a plan and questions: what is planned with meanwhile is the first choice of each, and among its assumptions.

    Raises:
        OumiChatError: the user's mistake.
    """
    first = outcome = plan(effect)
    asked: tuple[Question, ...] = ()
    while outcome.status == "needs_input" and not outcome.is_sizing and len(asked) < _MOST:
        found = _first_that_fits(plan, effect, outcome.questions)
        if found is None:
            return first
        effect, questions, outcome = found
        asked = (*asked, *questions)
    return replace(outcome, questions=asked) if asked and (outcome.plan or outcome.task_plan) else first if asked else outcome


_Found = tuple[MakePlan, tuple[Question, ...], Outcome]


def _first_that_fits(plan: Callable[[MakePlan], Outcome], effect: MakePlan, questions: tuple[Question, ...]) -> _Found | None:
    """The first choice of the first question with which a config fits, else its first choice; what is taken leads the choices."""
    tried: list[_Found] = []
    for place in range(max(1, len(questions[0].choices))):
        first = replace(questions[0], choices=(*questions[0].choices[place:], *questions[0].choices[:place]))
        asked = (first, *questions[1:])
        meanwhile = standing_in(effect, asked, questions)
        if meanwhile is None:
            break
        try:
            outcome = plan(meanwhile)
        except OumiChatError:
            break
        tried.append((meanwhile, asked, outcome))
        if outcome.status == "ok" or meanwhile.reading.intent == effect.reading.intent:
            return tried[-1]
    return tried[0] if tried else None


def standing_in(effect: MakePlan, questions: tuple[Question, ...], said: tuple[Question, ...]) -> MakePlan | None:
    """The effect that plans meanwhile what these questions leave open; None where no plan can be made without an answer.

    `said` are the questions as they were put: those of a line's contradictions are the reading's own.
    """
    reading, intent, notes = effect.reading, effect.reading.intent, list(effect.reading.notes)
    for question, put in zip(questions, said, strict=True):
        contradicted = put in reading.questions
        if question.field not in (_STANDS_IN | _ALSO_CONTRADICTED if contradicted else _STANDS_IN):
            return None
        changed = _without_words(intent, question) if contradicted else _with_choice(intent, question)
        if changed is None:
            return None
        if changed != intent:
            notes = [*(note for note in notes if note.field != question.field), _note(question)]
        intent = changed
    return replace(effect, reading=replace(reading, intent=intent, notes=tuple(notes), questions=()))


def _without_words(intent: Intent, question: Question) -> Intent | None:
    """What a line contradicted or put out of range: what stood before it stays, else the first choice is taken."""
    if getattr(intent, question.field, None) is not None or not question.choices:
        return intent
    return _with_choice(intent, question)


def _with_choice(intent: Intent, question: Question) -> Intent | None:
    """The intent with the first choice; data that cannot be used is left to the planner, whose choice is read by everything."""
    if question.field == "dataset":
        return intent.model_copy(update={"dataset": None})
    if not question.choices:
        return None
    chosen = answered((question,), Intent(), question.choices[0])
    return merged(intent, chosen) if chosen != Intent() else None


def _note(question: Question) -> Reason:
    """What is planned with meanwhile, and what is open about it."""
    value = "Oumi's usual set" if question.field == "dataset" else question.choices[0]
    return Reason(field=question.field, value=value, why=f"{MEANWHILE}; {stated(question.text)}".rstrip("; "))


def stated(text: str) -> str:
    """What a question states before it asks: `Oumi counts whole epochs, and 0.5 were asked for`."""
    return _ASKS.sub(" ", text).strip(" .") or text
