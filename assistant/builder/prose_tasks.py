"""Short answers to questions about a plan that trains nothing, from its decisions, its facts and its figures."""

from __future__ import annotations

from assistant.builder.prose_terms import why_task_term
from assistant.core.taskplan import TaskPlan
from assistant.core.units import gib
from assistant.core.values import Reason
from assistant.reader.asking import Asking

_NOT_ESTIMATED = {"time": "How long this takes is not estimated", "cost": "What this costs is not estimated"}


_SUBJECTS = {"global_batch_size": ("batch_size", "concurrency"), "micro_batch_size": ("batch_size", "concurrency"), "sharding": ("tensor_parallel", "shard_for_eval", "device_map", "copies")}
"""What a question is about → the decisions of such a plan that are about it."""


def task_answer(asking: Asking, plan: TaskPlan) -> str:
    """One to three sentences on the question; what the plan does not know is said so."""
    if asking.topic in _NOT_ESTIMATED:
        return _length(asking.topic, plan)
    if asking.subject in ("memory", "does_not_fit") or asking.topic == "memory":
        return verdict(plan)
    named = [reason for reason in (*plan.decisions, *plan.fallen) if _is_about(reason, asking.text)]
    named = named or [reason for reason in plan.decisions if reason.field in _SUBJECTS.get(asking.subject, ())]
    if named:
        return " ".join(_sentence(reason) for reason in named[:3])
    if asking.topic in ("why", "why_not") and (told := why_task_term(asking.text, plan)):
        return told
    if asking.topic == "run":
        return f"Run it with: {plan.command}"
    return task_prose(plan)


def _length(topic: str, plan: TaskPlan) -> str:
    """How long it takes where that is known; else how far it is, and on what it hangs."""
    known = [f"{label}: {text}." for label, text in plan.facts if label == ("Time" if topic == "time" else "Requests")]
    if topic == "time" and known:
        return known[0]
    hangs = "" if plan.kind in ("quantize", "tune") else ": it hangs on how long the answers get"
    return " ".join([f"{_NOT_ESTIMATED[topic]}{hangs}.", *known])


def _is_about(reason: Reason, text: str) -> bool:
    lowered = text.lower()
    words = {reason.field, reason.field.replace("_", " "), str(reason.value).lower()}
    return any(word and word in lowered for word in words)


def _sentence(reason: Reason) -> str:
    told = f"{reason.field.replace('_', ' ')} {reason.value}" if isinstance(reason.value, int | float | bool) else str(reason.value)
    return f"{told[:1].upper()}{told[1:]}: {reason.why}."


def verdict(plan: TaskPlan) -> str:
    """What it takes against what is there."""
    if plan.memory is None or plan.hardware is None:
        return "Nothing is loaded on this machine, so no memory is estimated." if plan.hardware is None else "The model's size is not known here, so no memory is estimated."
    parts = ", ".join(f"{name.replace('_', ' ')} {gib(size):.1f}" for name, size in sorted(plan.memory.parts.items(), key=lambda p: -p[1]) if gib(size) >= 0.1)
    fits = "fits" if plan.fits else "does not fit"
    return (
        f"It takes {gib(plan.memory.point):.1f} GiB on each GPU, at most {gib(plan.memory.upper):.1f}, of {plan.hardware.usable_gib:.1f} usable: it {fits}. "
        f"In GiB: {parts}."
    )


def task_prose(plan: TaskPlan) -> str:
    """The plan in a few sentences."""
    facts = " ".join(f"{label}: {text}." for label, text in plan.facts)
    reasons = " ".join(_sentence(reason) for reason in plan.decisions if reason.why != "as asked")
    return " ".join(part for part in (f"{plan.title.replace(' · ', ', ')}.", verdict(plan), facts, reasons) if part)
