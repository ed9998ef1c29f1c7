"""How much disk a run takes on its machine: the system, the weights, what it writes."""

from __future__ import annotations

from math import ceil

from assistant.core.jobplan import Disk
from assistant.core.units import GIB
from assistant.core.values import ModelSpec, Plan
from assistant.planner.memory.run import OPTIMIZERS

SYSTEM_GIB = 100
"""Image, drivers, CUDA, Python packages, data: the least that Oumi's own jobs ask for (recipes of 0.9, disk_size)."""
_STORED_BYTES = 2.0
"""Bytes of a parameter on the Hugging Face Hub: 16 bit, as nearly all models are kept there."""
_ADAPTER_BYTES = 4.0
_ROUND_TO = 50
_UNKNOWN_CHECKPOINTS = 3


def weights_gib(model: ModelSpec) -> float:
    """The download."""
    return model.params_total * _STORED_BYTES / GIB


def checkpoint_gib(plan: Plan) -> float:
    """One checkpoint: what is trained, with the optimizer's states."""
    kind = OPTIMIZERS.get(plan.optimizer)
    each = _ADAPTER_BYTES if plan.method != "full" or plan.weights_dtype == "float32" else _STORED_BYTES
    states = kind.copies * each + kind.fixed_bytes if kind else 2 * _ADAPTER_BYTES
    return plan.trainable_params * (each + states) / GIB


def checkpoints(plan: Plan) -> tuple[int, bool]:
    """(checkpoints that stay on the disk, whether that is known): Oumi keeps all, unless `save_total_limit` says fewer."""
    every = plan.overrides.get("training.save_steps", plan.save_steps)
    steps = plan.max_steps or (plan.time.steps if plan.time else None)
    if not isinstance(every, int) or every <= 0:
        return (plan.epochs or 0) if plan.overrides.get("training.save_epoch") else 0, True
    limit = plan.overrides.get("training.trainer_kwargs.save_total_limit")
    written, known = (0 if steps <= every else steps // every, True) if steps else (_UNKNOWN_CHECKPOINTS, False)
    if isinstance(limit, int) and limit > 0 and limit < written:
        return limit + 1, True  # the new one is written before the oldest goes
    return written, known


def training_disk(plan: Plan) -> Disk:
    """Disk of each machine that trains this plan."""
    count, known = checkpoints(plan)
    each = checkpoint_gib(plan)
    final = plan.trainable_params * (_STORED_BYTES if plan.method == "full" else _ADAPTER_BYTES) / GIB
    kept = f"{count} checkpoint{'' if count == 1 else 's'} of {_size(each)}" + ("" if known else " (how many steps it takes is not known)")
    parts = [("system, packages, data", float(SYSTEM_GIB)), ("weights", weights_gib(plan.model)), (kept, count * each), ("the result", final)]
    return _disk([part for part in parts if part[1]])


def serving_disk(model: ModelSpec) -> Disk:
    """Disk of a machine that runs or evaluates a model."""
    return _disk([("system, packages, data", float(SYSTEM_GIB)), ("weights", weights_gib(model))])


def _disk(parts: list[tuple[str, float]]) -> Disk:
    return Disk(gib=ceil(sum(size for _, size in parts) / _ROUND_TO) * _ROUND_TO, parts=tuple(parts))


def _size(gib: float) -> str:
    return f"{gib:,.0f} GiB" if gib >= 10 else f"{gib:.1f} GiB" if gib >= 0.1 else "less than 0.1 GiB"


def arithmetic(disk: Disk) -> str:
    """`100 (system) + 15 (weights) + … = 116 GiB, rounded up to 150`."""
    terms = " + ".join(f"{size:,.0f} ({what})" if size >= 10 else f"{size:.1f} ({what})" for what, size in disk.parts)
    return f"{terms} = {sum(size for _, size in disk.parts):,.0f} GiB, rounded up to {disk.gib:,}"
