"""The one question worth asking: where the answer would change the plan, and how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.gpus import all_gpus, find_gpu
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Plan, Question

PlanFor = Callable[[Intent], Outcome | None]
_MOST = 3
"""Follow-up questions in one conversation: more would be an interrogation."""
_LONG = 6.0
"""Hours beyond which it is asked whether a run may take that long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """One question whose answer would change the plan. `answers` are (choice, what it sets); the first changes nothing."""

    question: Question
    answers: tuple[tuple[str, dict[str, Any]], ...]


def best_follow_up(intent: Intent, outcome: Outcome, plan_for: PlanFor, *, asked: AbstractSet[str], flagged_machine: bool) -> FollowUp | None:
    """The first open question, most telling first, of which some answer gives another plan; None where none does.

    `asked` are the fields that were asked about already; `flagged_machine` tells that a flag states the machine, so that it is no question.
    """
    if outcome.plan is None or len(asked) >= _MOST:
        return None
    for follow_up in _open_questions(intent, outcome, outcome.plan, flagged_machine=flagged_machine):
        if follow_up.question.field not in asked and _matters(follow_up, intent, outcome, plan_for):
            return follow_up
    return None


def _matters(follow_up: FollowUp, intent: Intent, outcome: Outcome, plan_for: PlanFor) -> bool:
    """True when an answer other than the default changes the plan, or keeps it from fitting."""
    assert outcome.plan is not None
    for _, values in follow_up.answers:
        if not values:
            continue
        other = plan_for(Intent.model_validate({**intent.model_dump(), **values}))
        if other is not None and (other.plan is None or other.status != outcome.status or is_other(outcome.plan, other.plan)):
            return True
    return False


def is_other(plan: Plan, other: Plan) -> bool:
    """True when two plans differ in what a user would notice: method, sharding, batch, length, or a fifth of the time."""
    names = ("method", "sharding", "micro_batch_size", "gradient_checkpointing", "sequence_length", "max_steps", "epochs", "optimizer", "dataset")
    if any(getattr(plan, name) != getattr(other, name) for name in names):
        return True
    if not (plan.time and other.time and plan.time.hours and other.time.hours):
        return False
    return abs(other.time.hours / plan.time.hours - 1) > 0.2


def _open_questions(intent: Intent, outcome: Outcome, plan: Plan, *, flagged_machine: bool) -> Iterator[FollowUp]:
    """Questions of this plan, the one that usually changes most first."""
    assumed = {reason.field for reason in outcome.assumptions}
    if "hardware" in assumed and not flagged_machine:
        yield _hardware(plan)
    if not flagged_machine and (variant := _variant(intent)) is not None:
        yield variant
    if (length := _length(intent, plan)) is not None:
        yield length
    if (hours := _hours(intent, plan)) is not None:
        yield hours


def _hardware(plan: Plan) -> FollowUp:
    here = f"{plan.hardware.count} × {plan.hardware.gpu.name}"
    others = [name for name in ("RTX4090", "A100-80GB", "H100") if name != plan.hardware.gpu.name]
    answers: list[tuple[str, dict[str, Any]]] = [(here, {}), *((f"1 × {name}", {"gpu": name, "gpu_count": 1}) for name in others)]
    return FollowUp(question=_question("hardware", f"Which GPUs will it run on? {here} is assumed.", answers), answers=tuple(answers))


def _variant(intent: Intent) -> FollowUp | None:
    """Which memory a GPU has that comes in several: 40 or 80 GB of an A100."""
    gpu = find_gpu(intent.gpu) if intent.gpu else None
    if gpu is None:
        return None
    larger = [g for g in all_gpus() if g.name.startswith(f"{gpu.name}-") and g.memory_gb > gpu.memory_gb]
    if not larger:
        return None
    answers: list[tuple[str, dict[str, Any]]] = [(f"{gpu.memory_gb:g} GB", {}), *((f"{g.memory_gb:g} GB", {"gpu": g.name}) for g in larger)]
    text = f"Is it the {gpu.name} with {' or '.join(f'{a[0]}' for a in answers)}?"
    return FollowUp(question=_question("gpu_memory_gb", text, answers), answers=tuple(answers))


def _length(intent: Intent, plan: Plan) -> FollowUp | None:
    """How long rows are, where nobody said it and no file tells."""
    known = find_dataset(intent.dataset) if intent.dataset else None
    if intent.sequence_length or plan.dataset.path is not None or (known is not None and known.mean_tokens):
        return None
    other = 8192 if plan.sequence_length < 8192 else 2048
    answers: list[tuple[str, dict[str, Any]]] = [(f"{plan.sequence_length:,} tokens", {}), (f"{other:,} tokens", {"sequence_length": other})]
    text = f"How long are the rows of your data? Those beyond {plan.sequence_length:,} tokens are cut."
    return FollowUp(question=_question("sequence_length", text, answers), answers=tuple(answers))


def _hours(intent: Intent, plan: Plan) -> FollowUp | None:
    hours = plan.time.hours if plan.time else None
    if hours is None or hours < _LONG or intent.max_hours or intent.max_dollars:
        return None
    less = max(1, round(hours / 3))
    answers: list[tuple[str, dict[str, Any]]] = [("fine", {}), (f"under {less} h", {"max_hours": float(less)})]
    return FollowUp(question=_question("max_hours", f"Is a run of about {hours:.0f} h fine, or should it be shorter?", answers), answers=tuple(answers))


def _question(field: str, text: str, answers: list[tuple[str, dict[str, Any]]]) -> Question:
    return Question(field=field, text=text, choices=tuple(choice for choice, _ in answers))
