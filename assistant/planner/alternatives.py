"""Other plans for the same request: what they would take, how fast they are, what they give up."""

from __future__ import annotations

from assistant.core.datafacts import DataFacts
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.values import Hardware, ModelSpec, Plan
from assistant.planner.plan import make_plan

_RANK = {"qlora": 0, "lora": 1, "full": 2}
_LENGTHS = (8192, 4096, 2048, 1024)


def _others(intent: Intent, plan: Plan) -> list[Intent]:
    """Requests that differ in one thing: the method, the sequence length, or recomputation."""
    found = [intent.model_copy(update={"method": m}) for m in ("full", "lora", "qlora") if m != plan.method]
    if intent.sequence_length is None:
        lengths = [n for n in _LENGTHS if n != plan.sequence_length]
        found += [intent.model_copy(update={"sequence_length": n, "method": plan.method}) for n in lengths[:2]]
    if intent.priority != "memory":
        found.append(intent.model_copy(update={"priority": "memory", "method": plan.method}))
    return found


def _hours(plan: Plan) -> float:
    return plan.time.hours if plan.time and plan.time.hours else float("inf")


def _dominated(plan: Plan, others: list[Plan]) -> bool:
    """True when another plan is at least as good in memory, time, quality and length, and not the same."""
    for other in others:
        if other is plan:
            continue
        pairs = (
            (other.memory.upper, plan.memory.upper),
            (_hours(other), _hours(plan)),
            (_RANK[plan.method], _RANK[other.method]),
            (plan.sequence_length, other.sequence_length),
        )
        if all(a <= b for a, b in pairs) and any(a < b for a, b in pairs):
            return True
    return False


def alternatives(
    intent: Intent, model: ModelSpec, hardware: Hardware, plan: Plan, *, data: DataFacts | None = None
) -> tuple[Plan, ...]:
    """Plans that fit the same machine and that no other beats in everything, the chosen one left out.

    At most three, by method and then by memory.
    """
    found: list[Plan] = []
    for other in _others(intent, plan):
        try:
            made = make_plan(other, model, hardware, data=data).plan
        except OumiChatError:
            continue
        gains = made.method != "qlora" or hardware.gpu.is_torch_cuda
        if gains and made.fits and not made.cpu_offload and not _same(made, plan) and not any(_same(made, one) for one in found):
            found.append(made)
    front = [one for one in found if not _dominated(one, [*found, plan])]
    return tuple(sorted(front, key=lambda p: (-_RANK[p.method], p.memory.upper))[:3])


def _same(one: Plan, other: Plan) -> bool:
    def key(plan: Plan) -> tuple[object, ...]:
        return plan.method, plan.sharding, plan.micro_batch_size, plan.sequence_length, plan.gradient_checkpointing, plan.optimizer, plan.liger

    return key(one) == key(other)
