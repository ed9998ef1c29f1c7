"""Candidates that fell: the chosen one with one thing changed, and why that is worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assistant.core.units import gib
from assistant.core.values import Reason
from assistant.planner.choices import excluded
from assistant.planner.search import Candidate, Problem, Shape, cost, rows_per_second, shape_of

_SHARDING_WORDS = {
    "none": "one GPU", "ddp": "DDP", "hybrid": "FSDP within a node", "fsdp": "FSDP", "fsdp-offload": "FSDP with states in CPU memory",
    "zero2": "ZeRO-2", "zero3": "ZeRO-3",
}  # fmt: skip
_METHOD_WORDS = {"full": "full training", "lora": "LoRA", "qlora": "QLoRA"}


def _changes(problem: Problem, chosen: Shape) -> Iterator[tuple[str, str, Shape]]:
    """(field, words, shape) for every open choice, one changed at a time."""
    space = problem.space
    for method in space.methods:
        if method != chosen.method:
            yield "method", _METHOD_WORDS[method], replace(chosen, method=method)
    for sharding in space.shardings:
        if sharding != chosen.sharding:
            yield "sharding", _SHARDING_WORDS[sharding], replace(chosen, sharding=sharding)
    for checkpointing in space.checkpointing:
        if checkpointing != chosen.checkpointing:
            words = "recomputing activations" if checkpointing else "keeping all activations"
            yield "gradient_checkpointing", words, replace(chosen, checkpointing=checkpointing)
    for micro in (chosen.micro_batch * 2, chosen.micro_batch // 2):
        if micro in space.micro_batches:
            yield "micro_batch_size", f"micro-batch {micro}", replace(chosen, micro_batch=micro)
    for length in space.sequences:
        if length != chosen.sequence:
            yield "sequence_length", f"{length:,} tokens", replace(chosen, sequence=length)
    for optimizer in space.optimizers:
        if optimizer != chosen.optimizer:
            yield "optimizer", optimizer, replace(chosen, optimizer=optimizer)
    for liger in space.liger:
        if liger != chosen.liger:
            yield "liger", "Liger's kernels" if liger else "without Liger's kernels", replace(chosen, liger=liger)


def fallen(problem: Problem, chosen: Candidate) -> tuple[Reason, ...]:
    """One line for each candidate beside the chosen one: what it would need, or what it would lose."""
    return tuple(
        Reason(field=field, value=words, why=_why(problem, chosen, shape, field))
        for field, words, shape in _changes(problem, shape_of(chosen))
    )


def _why(problem: Problem, chosen: Candidate, shape: Shape, field: str) -> str:
    refused = excluded(shape.method, shape.sharding, shape.optimizer, problem.space.objective)
    if refused:
        return refused[1].rsplit(". ", 1)[0]
    other = cost(problem, shape)
    usable = problem.hardware.usable_gib
    if other is None:
        return "the batch does not split so" if field in ("micro_batch_size", "sharding") else "not possible here"
    need = f"up to {gib(other.memory.upper)} GiB"
    if not other.memory.fits(usable):
        return f"does not fit: {need} of {usable:.2f}"
    pace = rows_per_second(problem, other) / max(rows_per_second(problem, chosen), 1e-12)
    return f"fits, {need}; {_lost(field, pace)}"


def _lost(field: str, pace: float) -> str:
    """What speaks against a candidate that fits."""
    if field == "sequence_length":
        return "rows would be cut shorter than they need be" if pace >= 1 else f"{pace:.0%} of the speed"
    if field == "optimizer":
        return "32-bit states fit, so nothing is gained"
    if field == "liger":
        return "a package of its own, and memory does not ask for it"
    if field == "method":
        return "not what was asked for or preferred"
    return f"{pace:.0%} of the speed" if pace < 0.995 else "no faster by more than a few percent, and less is left free or more is sent"
