"""The search: every combination of the open choices, costed, the best that fits taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import gcd

from assistant.core.intent import Intent
from assistant.core.units import GIB
from assistant.core.values import Estimate, Hardware, ModelSpec, Question
from assistant.planner import defaults
from assistant.planner.adapters import adapter_params
from assistant.planner.choices import Space
from assistant.planner.data import needs
from assistant.planner.memory import Run, estimate

# Relative speed of a choice, from what the recipes' comments and public tables agree on: checkpointing
# recomputes the forward pass (a third more FLOPs of a step), offload moves every state over PCIe.
_SPEED = {
    "none": 1.0,
    "ddp": 1.0,
    "hybrid": 0.95,
    "fsdp": 0.9,
    "fsdp-offload": 0.35,
    "zero2": 0.97,
    "zero3": 0.85,
}
_CHECKPOINT_SPEED = 0.75
_SATURATION_TOKENS = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One combination and what it costs."""

    method: str
    sharding: str
    sequence: int
    micro_batch: int
    accumulation: int
    checkpointing: bool
    optimizer: str
    trainable: int
    vllm: bool
    memory: Estimate

    @property
    def speed(self) -> float:
        """Tokens per second relative to the best case: a stand-in for time, for ordering only."""
        saturation: float = min(1.0, self.micro_batch * self.sequence / _SATURATION_TOKENS) ** 0.3
        checkpoint = _CHECKPOINT_SPEED if self.checkpointing else 1.0
        eight_bit = 0.95 if "8bit" in self.optimizer else 1.0
        return _SPEED[self.sharding] * saturation * checkpoint * eight_bit


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The inputs of one search."""

    intent: Intent
    model: ModelSpec
    hardware: Hardware
    space: Space
    rank: int
    teacher: ModelSpec | None = None
    freeze_vision: bool = False
    verl: bool = False


def shard_count(sharding: str, hardware: Hardware) -> int:
    """GPUs that share one copy of the states."""
    if sharding in ("fsdp", "fsdp-offload", "zero2", "zero3"):
        return hardware.world
    return hardware.count if sharding == "hybrid" else 1


def trainable_params(problem: Problem, method: str) -> int:
    """Parameters that get gradients."""
    if method != "full":
        return adapter_params(problem.model, problem.model.lora_targets, problem.rank)
    return problem.model.params_total - (problem.model.params_vision if problem.freeze_vision else 0)


def target_batch(problem: Problem, method: str) -> int:
    """Sequences per optimizer step to aim for: as said, else the recipes' figure, at least one a GPU."""
    said = problem.intent.global_batch_size
    if said:
        return said
    usual = int(defaults.GLOBAL_BATCH[(problem.space.objective, method != "full")].value)
    return max(usual, problem.hardware.world)


def accumulation_for(problem: Problem, method: str, micro: int) -> int | None:
    """Steps to accumulate so that micro × accumulation × GPUs meets the target; None if it cannot."""
    fixed = (problem.intent.overrides or {}).get("training.gradient_accumulation_steps")
    per_step = micro * problem.hardware.world
    if isinstance(fixed, int) and not isinstance(fixed, bool):
        return fixed if fixed >= 1 else None
    target = target_batch(problem, method)
    if problem.intent.global_batch_size:
        return target // per_step if target % per_step == 0 else None
    if per_step > target and not problem.intent.micro_batch_size and micro > (2 if problem.space.objective == "kto" else 1):
        return None
    steps = max(1, round(target / per_step))
    if problem.space.objective == "grpo":
        group = defaults.NUM_GENERATIONS
        steps = _round_up(steps, group // gcd(group, micro))  # whole groups on every GPU
    return steps


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _vllm_fits(problem: Problem, method: str) -> bool:
    """A colocated rollout engine needs CUDA, 16-bit weights and room for a whole copy in its share."""
    if problem.space.objective != "grpo" or not problem.hardware.gpu.is_cuda or not problem.hardware.gpu.bf16:
        return False
    room = 0.75 * defaults.VLLM_SHARE * problem.hardware.usable_gib * GIB
    return method != "qlora" and problem.model.params_total * 2 <= room


def host_memory_gib(problem: Problem, method: str) -> float:
    """CPU memory per node that offloaded states take: weights, gradients and both Adam moments."""
    trainable = trainable_params(problem, method)
    weight = problem.space.precision.weight_bytes
    return (problem.model.params_total * weight + trainable * weight * 3) / problem.hardware.nodes / GIB


def assumed_host_gib(hardware: Hardware) -> float:
    """CPU memory to count on per node when nobody said, a fifth of it kept free.

    The least that a cloud's 8-GPU machine has per GPU: 79 GiB with 40 GB cards (Google's a2-highgpu), 134 GiB with
    80 GB and more (AWS's p4de); 64 GiB in all for a workstation.
    """
    large = hardware.gpu.memory_gb >= 80
    total = (134.0 if large else 79.0) * hardware.count if hardware.gpu.kind == "datacenter" else 64.0
    return 0.8 * total


def candidate(problem: Problem, method: str, sharding: str, sequence: int, micro: int, checkpoint: bool, optimizer: str) -> Candidate | None:
    """One combination costed; None where Oumi's rules or the request exclude it."""
    if "8bit" in optimizer and (method != "full" or sharding not in ("none", "ddp")):
        return None
    if sharding == "fsdp-offload" and (method != "full" or problem.space.objective in ("grpo", "gkd")):
        return None
    if sharding == "fsdp-offload" and host_memory_gib(problem, method) > assumed_host_gib(problem.hardware):
        return None
    if method == "qlora" and sharding == "zero3":
        return None
    accumulation = accumulation_for(problem, method, micro)
    if accumulation is None:
        return None
    shape = Candidate(
        method=method,
        sharding=sharding,
        sequence=sequence,
        micro_batch=micro,
        accumulation=accumulation,
        checkpointing=checkpoint,
        optimizer=optimizer,
        trainable=trainable_params(problem, method),
        vllm=problem.verl or _vllm_fits(problem, method),
        memory=Estimate(parts={}, upper=0, phase=""),
    )
    return replace(shape, memory=estimate(run_of(problem, shape)))


def run_of(problem: Problem, shape: Candidate) -> Run:
    """What the estimator needs, from a problem and one combination."""
    precision = problem.space.precision
    return Run(
        model=problem.model,
        method=shape.method,
        objective=problem.space.objective,
        world=problem.hardware.world,
        shards=shard_count(shape.sharding, problem.hardware),
        sharding="fsdp" if shape.sharding.startswith(("fsdp", "hybrid")) else shape.sharding,
        cpu_offload=shape.sharding == "fsdp-offload",
        micro_batch=shape.micro_batch,
        sequence=shape.sequence,
        checkpointing=shape.checkpointing,
        optimizer=shape.optimizer,
        weight_bytes=4 if problem.verl else precision.weight_bytes,
        autocast=precision.mixed is not None,
        trainable=shape.trainable,
        teacher=problem.teacher,
        vllm_share=defaults.VLLM_SHARE if shape.vllm else 0.0,
        capacity_bytes=problem.hardware.usable_gib * GIB,
    )


def candidates(
    problem: Problem, method: str, sequence: int, optimizer: str, *, offload: bool
) -> Iterator[Candidate]:
    """All combinations for one method, sequence length and optimizer, with states in CPU memory or without."""
    space = problem.space
    shardings = [s for s in space.shardings if s.endswith("offload") == offload]
    for sharding, checkpoint, micro in product(shardings, space.checkpointing, space.micro_batches):
        if found := candidate(problem, method, sharding, sequence, micro, checkpoint, optimizer):
            yield found


def _preference(problem: Problem, found: Candidate) -> tuple[float, float, float]:
    """Larger is better: speed, then the smaller micro-batch, then memory; memory first where asked for."""
    if problem.intent.priority == "memory":
        return -found.memory.upper, found.speed, 0.0
    return round(found.speed, 6), -found.micro_batch, -found.memory.upper


def search(problem: Problem) -> tuple[Candidate | None, Candidate]:
    """(best that fits or None, smallest of all).

    Method first, then no CPU offload (several times slower), then the longest sequence, then 32-bit
    optimizer states, then speed.

    Raises:
        NeedsInputError: no split of the asked batch over these GPUs exists.
    """
    smallest: Candidate | None = None
    usable = problem.hardware.usable_gib
    space = problem.space
    for method, offload, sequence in product(space.methods, (False, True), space.sequences):
        for optimizer in space.optimizers:
            found = list(candidates(problem, method, sequence, optimizer, offload=offload))
            fitting = [c for c in found if c.memory.fits(usable)]
            if fitting:
                best = max(fitting, key=lambda c: _preference(problem, c))
                return best, best
            least = min(found, key=lambda c: c.memory.upper, default=None)
            if least and (smallest is None or least.memory.upper < smallest.memory.upper):
                smallest = least
    if smallest is None:
        raise _no_split(problem)
    return None, smallest


def _no_split(problem: Problem) -> Exception:
    world = problem.hardware.world
    said = problem.intent.global_batch_size or 0
    per_step = world * (problem.intent.micro_batch_size or 1)
    below, above = said // per_step * per_step, _round_up(max(said, 1), per_step)
    choices = tuple(str(n) for n in dict.fromkeys((below, above)) if n)
    text = (
        f"A global batch of {said} does not split evenly: {per_step} sequences go through at once "
        f"({problem.intent.micro_batch_size or 1} × {world} GPUs). Which batch?"
    )
    return needs(Question(field="global_batch_size", text=text, choices=choices))
