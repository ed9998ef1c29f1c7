"""How long a plan takes: its speed at the real length of the rows, and the number of tokens."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from assistant.core.values import Plan, RunTime
from assistant.planner.search import Candidate, Problem, fed_tokens, shape_of, workload_of
from assistant.planner.throughput import hours, run_tokens, unknown_reason


def time_for(problem: Problem, chosen: Candidate, rows: int | None, plan: Plan) -> tuple[RunTime | None, str]:
    """(speed and hours, what is not known). The speed is that at the rows' real length, where it is known."""
    found = chosen.speed
    if not chosen.memory.fits(problem.hardware.usable_gib):
        return None, "it does not fit"
    if found is None:
        load = workload_of(problem, shape_of(chosen), chosen.accumulation)
        return None, unknown_reason(load) or "the evidence is missing"
    base = RunTime(tokens_per_second=found.tokens_per_second, hours=None, low=None, high=None, basis=found.basis)
    tokens = None
    if fed := fed_tokens(problem, shape_of(chosen)):
        tokens = run_tokens(fed, steps=plan.max_steps, global_batch=plan.global_batch_size, rows=rows, epochs=plan.epochs)
    if tokens is None:
        return base, f"how many rows and tokens {plan.dataset.said or plan.dataset.name} has is not known"
    took = hours(found, tokens)
    steps = plan.max_steps or ceil((rows or 0) * (plan.epochs or 0) / plan.global_batch_size)
    return replace(base, hours=took.expected, low=took.low, high=took.high, steps=steps), ""
