"""How much disk a run takes on its machine: the system, the weights, what it writes. One estimate, for a job and for a launch."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from assistant.core.jobplan import Disk
from assistant.core.units import GIB
from assistant.core.values import ModelSpec
from assistant.planner.memory.run import Run
from assistant.planner.memory.states import states_of
from assistant.planner.serving.memory import stored_bytes

SYSTEM_GIB = 100
"""Image, drivers, CUDA, Python packages, data: the least that Oumi's own jobs ask for (recipes of 0.9, disk_size)."""
_ROUND_TO = 50
_UNKNOWN_CHECKPOINTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """When a training saves: `steps` optimizer steps in all (None where that is not known), a checkpoint `every` so many (0: none).

    `limit` is `save_total_limit`, `epochs` how many checkpoints are made at the end of an epoch, where none is made by steps.
    """

    steps: int | None
    every: int
    limit: int | None = None
    epochs: int = 0
    keeps_final: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Bytes that a run writes: each checkpoint, the most of them at once (None where the number of steps is not known), the end."""

    checkpoint: float = 0.0
    checkpoints: int | None = 0
    final: float = 0.0

    @property
    def least(self) -> float:
        """Bytes that the run writes at any rate; of checkpoints whose number is not known, one."""
        return self.final + self.checkpoint * (1 if self.checkpoints is None else self.checkpoints)


def download_bytes(model: ModelSpec) -> float:
    """Weights of a repository: two bytes a parameter, or what its packed format takes."""
    return model.params_total * stored_bytes(model)


def written_by(run: Run, saving: Saving) -> Written:
    """What a training writes: what it trains, and in checkpoints the optimizer's states too. `run` is that of one GPU."""
    weights = run.trainable * (run.adapter_bytes if not run.is_full else float(run.weight_bytes))
    return Written(checkpoint=weights + states_of(run).optimizer, checkpoints=_checkpoints(saving), final=weights if saving.keeps_final else 0.0)


def _checkpoints(saving: Saving) -> int | None:
    """The most that lie there at once: Oumi keeps all, unless `save_total_limit` says fewer; the new one is written before the oldest goes."""
    made = saving.epochs if not saving.every else saving.steps // saving.every if saving.steps is not None else None
    if saving.limit is None:
        return made
    return min(made, saving.limit + 1) if made is not None else saving.limit + 1


def training_disk(model: ModelSpec, written: Written) -> Disk:
    """Disk of each machine that trains a model."""
    known = written.checkpoints is not None
    count = written.checkpoints if written.checkpoints is not None else _UNKNOWN_CHECKPOINTS
    each, final = written.checkpoint / GIB, written.final / GIB
    kept = f"{count} checkpoint{'' if count == 1 else 's'} of {_size(each)}" + ("" if known else " (how many steps it takes is not known)")
    parts = [("system, packages, data", float(SYSTEM_GIB)), ("weights", download_bytes(model) / GIB), (kept, count * each), ("the result", final)]
    return _disk([part for part in parts if part[1]])


def serving_disk(model: ModelSpec) -> Disk:
    """Disk of a machine that runs or evaluates a model."""
    return _disk([("system, packages, data", float(SYSTEM_GIB)), ("weights", download_bytes(model) / GIB)])


def _disk(parts: list[tuple[str, float]]) -> Disk:
    return Disk(gib=ceil(sum(size for _, size in parts) / _ROUND_TO) * _ROUND_TO, parts=tuple(parts))


def _size(gib: float) -> str:
    return f"{gib:,.0f} GiB" if gib >= 10 else f"{gib:.1f} GiB" if gib >= 0.1 else "less than 0.1 GiB"


def arithmetic(disk: Disk) -> str:
    """`100 (system) + 15 (weights) + … = 116 GiB, rounded up to 150`."""
    terms = " + ".join(f"{size:,.0f} ({what})" if size >= 10 else f"{size:.1f} ({what})" for what, size in disk.parts)
    return f"{terms} = {sum(size for _, size in disk.parts):,.0f} GiB, rounded up to {disk.gib:,}"
