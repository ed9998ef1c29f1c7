"""The search: every combination of the open choices, costed in memory and time, the best that fits taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import gcd, log2

from assistant.core.intent import Intent
from assistant.core.units import GIB
from assistant.core.values import Estimate, Hardware, ModelSpec, Question
from assistant.planner import defaults
from assistant.planner.adapters import adapter_params
from assistant.planner.choices import Space, excluded
from assistant.planner.data import needs
from assistant.planner.memory import EAGER_ONLY, OPTIMIZERS, Run, estimate, host_bytes
from assistant.planner.throughput import Speed, Workload, speed

ENOUGH = 0.98
"""A smaller micro-batch is taken where it keeps this share of the best speed: it leaves memory free."""


SIMPLER = 0.95
"""A simpler sharding (a whole copy per GPU before shards) is taken where it keeps this share."""
WORTH_A_PACKAGE = 1.5
"""Liger's kernels, a package of their own, are added for a plan this many times as fast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One combination and what it costs.

    `rate` orders candidates that fit: tokens per second, or a stand-in where that is unknown.
    """

    method: str
    sharding: str
    sequence: int
    micro_batch: int
    accumulation: int
    checkpointing: bool
    optimizer: str
    liger: bool
    trainable: int
    vllm: bool
    memory: Estimate
    speed: Speed | None
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The open choices of one candidate, before it is costed."""

    method: str
    sharding: str
    sequence: int
    micro_batch: int
    checkpointing: bool
    optimizer: str
    liger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The inputs of one search.

    `trainable` is parameters with gradients, by method; `row_tokens` the mean length of a row, both sides of a
    preference pair together, where it is known.
    """

    intent: Intent
    model: ModelSpec
    hardware: Hardware
    space: Space
    rank: int
    trainable: dict[str, int]
    row_tokens: float | None = None
    packs: bool = False
    teacher: ModelSpec | None = None
    freeze_vision: bool = False
    vision: bool = False
    verl: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to: the best that fits or None, the smallest of all, and the best of each method."""

    best: Candidate | None
    smallest: Candidate
    by_method: tuple[Candidate, ...] = ()


def targets_for(intent: Intent, model: ModelSpec) -> tuple[str, ...]:
    """Names of the linear layers that get adapters: those that were said, else the architecture's own."""
    said = (intent.overrides or {}).get("peft.lora_target_modules")
    return tuple(str(name) for name in said) if isinstance(said, list) and said else model.lora_targets


def trainable_params(intent: Intent, model: ModelSpec, method: str, rank: int, *, freeze_vision: bool) -> int:
    """Parameters that get gradients."""
    if method != "full":
        return adapter_params(model, targets_for(intent, model), rank)
    return model.params_total - (model.params_vision if freeze_vision else 0)


def shard_count(sharding: str, hardware: Hardware) -> int:
    """GPUs that share one copy of the states."""
    if sharding in ("fsdp", "fsdp-offload", "zero2", "zero3"):
        return hardware.world
    return hardware.count if sharding == "hybrid" else 1


def target_batch(problem: Problem, method: str) -> int:
    """Sequences per optimizer step to aim for: as said, else the recipes' figure, at least one a GPU."""
    said = problem.intent.global_batch_size
    if said:
        return said
    usual = int(defaults.GLOBAL_BATCH[(problem.space.objective, method != "full")].value)
    return max(usual, problem.hardware.world)


def accumulation_for(problem: Problem, shape: Shape) -> int | None:
    """Steps to accumulate so that micro × accumulation × GPUs meets the target; None if it cannot.

    States in CPU memory do not accumulate: FSDP would keep all gradients whole on every GPU.
    """
    micro, said = shape.micro_batch, problem.intent.global_batch_size
    fixed = (problem.intent.overrides or {}).get("training.gradient_accumulation_steps")
    per_step = micro * problem.hardware.world
    if isinstance(fixed, int) and not isinstance(fixed, bool):
        return fixed if fixed >= 1 and (not said or fixed * per_step == said) else None
    target = target_batch(problem, shape.method)
    if said:
        return target // per_step if target % per_step == 0 else None
    least = 2 if problem.space.objective == "kto" else 1
    if per_step > target and not problem.intent.micro_batch_size and micro > least:
        return None
    steps = 1 if shape.sharding == "fsdp-offload" else max(1, round(target / per_step))
    if problem.space.objective == "grpo":
        group = defaults.NUM_GENERATIONS
        steps = _round_up(steps, group // gcd(group, micro))  # whole groups on every GPU
    return steps


def _is_batch_free(problem: Problem) -> bool:
    """True when nobody said how many sequences make a step, and the objective needs no whole groups of them."""
    fixed = "training.gradient_accumulation_steps" in (problem.intent.overrides or {})
    return not (problem.intent.global_batch_size or fixed or problem.space.objective == "grpo")


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _vllm_fits(problem: Problem, method: str) -> bool:
    """A colocated rollout engine needs CUDA, 16-bit weights and room for a whole copy in its share."""
    if problem.space.objective != "grpo" or not problem.hardware.gpu.is_cuda or not problem.hardware.gpu.bf16:
        return False
    room = 0.75 * defaults.VLLM_SHARE * problem.hardware.usable_gib * GIB
    return method != "qlora" and problem.model.params_total * 2 <= room


def assumed_host_gib(hardware: Hardware) -> float:
    """CPU memory to count on per node when nobody said, a fifth of it kept free.

    The least that a cloud's 8-GPU machine has per GPU: 79 GiB with 40 GB cards (Google's a2-highgpu), 134 GiB with
    80 GB and more (AWS's p4de); 64 GiB in all for a workstation.
    """
    large = hardware.gpu.memory_gb >= 80
    total = (134.0 if large else 79.0) * hardware.count if hardware.gpu.kind == "datacenter" else 64.0
    return 0.8 * total


def host_memory_gib(problem: Problem, run: Run) -> float:
    """CPU memory per node that offloaded states take, GiB."""
    return host_bytes(run) / problem.hardware.nodes / GIB


def run_of(problem: Problem, shape: Shape, accumulation: int) -> Run:
    """What the memory estimator needs, from a problem and one combination."""
    model, objective = problem.model, problem.space.objective
    precision = problem.space.precision
    adapters, quantised = shape.method != "full", shape.method == "qlora"
    vllm = problem.verl or _vllm_fits(problem, shape.method)
    sharded = shape.sharding.startswith(("fsdp", "hybrid"))
    return Run(
        model=model,
        method=shape.method,
        objective=objective,
        world=problem.hardware.world,
        shards=shard_count(shape.sharding, problem.hardware),
        sharding="fsdp" if sharded else shape.sharding,
        cpu_offload=shape.sharding == "fsdp-offload",
        micro_batch=shape.micro_batch,
        sequence=shape.sequence,
        checkpointing=shape.checkpointing,
        optimizer=shape.optimizer if shape.optimizer in OPTIMIZERS else "adamw_torch",
        weight_bytes=4 if problem.verl else precision.weight_bytes,
        autocast=precision.mixed is not None,
        master_fp32=sharded and not adapters and "fsdp.mixed_precision" in (problem.intent.overrides or {}),
        trainable=problem.trainable[shape.method],
        adapted=targets_for(problem.intent, model) if adapters else (),
        # TRL casts the adapters of a 4-bit model to bf16; GRPO's trainer leaves PEFT's float32.
        adapter_bytes=2 if quantised and objective != "grpo" else 4,
        wide_outputs=quantised,
        loss=_loss(objective, shape, wide=precision.mixed is not None or quantised),
        liger=shape.liger,
        attention=_kernel(problem, shape.method),
        accumulates=accumulation > 1,
        variable_lengths=objective != "pretrain",
        image_patches=4 * min(shape.sequence, defaults.IMAGE_TOKENS) if problem.vision else 0,
        trains_vision=not adapters and not problem.freeze_vision,
        teacher=problem.teacher,
        reference_bytes=2 if precision.weights == "bfloat16" else 4,
        generated_sequences=shape.micro_batch * accumulation if objective == "grpo" and not vllm else 0,
        vllm_share=defaults.VLLM_SHARE if vllm else 0.0,
        capacity_bytes=problem.hardware.usable_gib * GIB,
    )


def has_flash(hardware: Hardware) -> bool:
    """True where SDPA's FlashAttention kernel runs: NVIDIA from Ampere on, AMD's data-centre cards."""
    gpu = hardware.gpu
    return gpu.bf16 and (gpu.vendor == "AMD" or (gpu.compute_capability or 8.0) >= 8)


def attention_kernel(model: ModelSpec, hardware: Hardware, *, wide: bool, autocast: bool) -> str:
    """What SDPA runs: `math`, with all s × s scores in memory, where grouped heads meet float32 values or an old card.

    transformers 5.16 hands grouped heads on where no row is padded; FlashAttention takes them in 16 bit from Ampere on,
    the memory-efficient kernel not at all (torch 2.10). Values are `wide` in float32 models, and in 4-bit ones without
    autocast: PEFT's preparation makes the hidden stream float32.
    """
    if model.model_type in EAGER_ONLY:
        return EAGER_ONLY[model.model_type]
    if model.num_heads == model.num_kv_heads:
        return "sdpa"
    return "sdpa" if has_flash(hardware) and (autocast or not wide) else "math"


def _kernel(problem: Problem, method: str) -> str:
    precision = problem.space.precision
    wide = precision.weight_bytes == 4 or method == "qlora"
    return attention_kernel(problem.model, problem.hardware, wide=wide, autocast=precision.mixed is not None)


def _loss(objective: str, shape: Shape, *, wide: bool) -> str:
    if shape.liger:
        return "liger"
    if objective == "dpo":
        return "preference_wide" if wide else "preference"
    return "standard"


# Rows of a micro-batch are padded to its longest: 279 tokens a row where 194 were real (orca-math, batches of 4;
# fms-acceleration), a fifth more per doubling of the micro-batch.
PADDING_PER_DOUBLING = 0.22


def fed_tokens(problem: Problem, shape: Shape) -> float | None:
    """Tokens that a row takes as the trainer feeds it: padded within a micro-batch, cut at the sequence length.

    The whole length where rows are packed; None where their length is not known.
    """
    if problem.space.objective == "pretrain" or problem.packs:
        return float(shape.sequence)
    if problem.row_tokens is None:
        return None
    sides = 2 if problem.space.objective == "dpo" else 1
    return padded_tokens(problem.row_tokens, shape.micro_batch, sides * shape.sequence)


def padded_tokens(mean: float, micro_batch: int, limit: int) -> float:
    """Tokens of a row of that mean length once it is padded to the longest of its micro-batch, cut at the limit."""
    return min(float(limit), mean * (1.0 + PADDING_PER_DOUBLING * log2(micro_batch)))


def workload_of(problem: Problem, shape: Shape, accumulation: int) -> Workload:
    """What the speed estimate needs: rows at their real length where it is known, else at the full one."""
    fed = fed_tokens(problem, shape)
    sides = 2 if problem.space.objective == "dpo" else 1
    kernel = _kernel(problem, shape.method)
    return Workload(
        model=problem.model,
        hardware=problem.hardware,
        method=shape.method,
        objective=problem.space.objective,
        sharding=shape.sharding,
        micro_batch=shape.micro_batch,
        sequence=shape.sequence if fed is None else max(1, round(fed / sides)),
        accumulation=accumulation,
        checkpointing=shape.checkpointing,
        optimizer=shape.optimizer,
        trainable=problem.trainable[shape.method],
        fused_loss=shape.liger,
        packed=problem.space.objective == "pretrain",
        weight_bytes=2 if shape.method == "qlora" else problem.space.precision.weight_bytes,
        rank=problem.rank,
        images=problem.vision,
        teacher=problem.teacher,
        attention="flash" if kernel == "sdpa" else "eager",
    )


# Where no speed can be said (Apple, CPUs, GRPO), candidates are ordered by what recomputation, traffic and filling
# the GPU cost relative to each other; checkpointing recomputes a forward pass, a third more FLOPs.
_RELATIVE = {"none": 1.0, "ddp": 1.0, "hybrid": 0.95, "zero2": 0.97, "fsdp": 0.9, "zero3": 0.85, "fsdp-offload": 0.35}
_SATURATION_TOKENS = 8192


def _relative_rate(shape: Shape) -> float:
    filled: float = min(1.0, shape.micro_batch * shape.sequence / _SATURATION_TOKENS) ** 0.3
    return _RELATIVE[shape.sharding] * filled * (0.75 if shape.checkpointing else 1.0)


def cost(problem: Problem, shape: Shape) -> Candidate | None:
    """One combination costed; None where Oumi's rules or the request exclude it.

    Under FSDP, gradients that accumulate are kept whole on every GPU (Oumi sets accelerate's configuration itself, so
    they cannot be shared out each time): where they do not fit and the batch is free, there is one micro-batch a step.
    """
    if excluded(shape.method, shape.sharding, shape.optimizer, problem.space.objective):
        return None
    accumulation = accumulation_for(problem, shape)
    if accumulation is None:
        return None
    usable = problem.hardware.usable_gib
    run = run_of(problem, shape, accumulation)
    if run.cpu_offload and host_memory_gib(problem, run) > assumed_host_gib(problem.hardware):
        return None
    memory = estimate(run)
    if run.sharding == "fsdp" and run.is_full and run.accumulates and not memory.fits(usable) and _is_batch_free(problem):
        accumulation = 1
        memory = estimate(replace(run, accumulates=False))
    found = speed(workload_of(problem, shape, accumulation)) if memory.fits(usable) else None
    return Candidate(
        method=shape.method,
        sharding=shape.sharding,
        sequence=shape.sequence,
        micro_batch=shape.micro_batch,
        accumulation=accumulation,
        checkpointing=shape.checkpointing,
        optimizer=shape.optimizer,
        liger=shape.liger,
        trainable=problem.trainable[shape.method],
        vllm=run.vllm_share > 0,
        memory=memory,
        speed=found,
        rate=found.tokens_per_second if found else _relative_rate(shape),
    )


def shape_of(found: Candidate) -> Shape:
    """The open choices of a candidate."""
    return Shape(
        method=found.method,
        sharding=found.sharding,
        sequence=found.sequence,
        micro_batch=found.micro_batch,
        checkpointing=found.checkpointing,
        optimizer=found.optimizer,
        liger=found.liger,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step down from what is preferred, tried in this order."""

    method: str
    offload: bool
    sequence: int
    optimizer: str
    liger: bool


def rungs(space: Space, method: str) -> Iterator[Rung]:
    """What is given up, least first: fused kernels are added, states go to 8 bit, rows get shorter, states leave the GPU."""
    for offload, sequence in product((False, True), space.sequences):
        for optimizer, liger in product(space.optimizers, space.liger):
            yield Rung(method=method, offload=offload, sequence=sequence, optimizer=optimizer, liger=liger)


def on_rung(problem: Problem, rung: Rung) -> Iterator[Candidate]:
    """Every candidate of a rung: for each sharding and checkpointing, micro-batches upward until one does not fit."""
    space, usable = problem.space, problem.hardware.usable_gib
    shardings = [s for s in space.shardings if s.endswith("offload") == rung.offload]
    for sharding, checkpointing in product(shardings, space.checkpointing):
        for micro in space.micro_batches:
            found = cost(problem, Shape(
                method=rung.method, sharding=sharding, sequence=rung.sequence, micro_batch=micro,
                checkpointing=checkpointing, optimizer=rung.optimizer, liger=rung.liger,
            ))
            if found is None:
                continue
            yield found
            if not found.memory.fits(usable):
                break


def preferred(problem: Problem, fitting: list[Candidate]) -> Candidate:
    """The fastest, in the simplest sharding that comes near it, with the least memory that keeps the speed.

    The one with least memory where that was asked for.
    """
    if problem.intent.priority == "memory":
        return min(fitting, key=lambda c: (c.memory.upper, -c.rate, c.micro_batch))
    best = max(rows_per_second(problem, c) for c in fitting)
    near = [c for c in fitting if rows_per_second(problem, c) >= SIMPLER * best]
    order = problem.space.shardings.index
    simplest = min((c.sharding for c in near), key=order)
    alike = [c for c in fitting if c.sharding == simplest]
    fastest = max(rows_per_second(problem, c) for c in alike)
    enough = [c for c in alike if rows_per_second(problem, c) >= ENOUGH * fastest]
    return min(enough, key=lambda c: (c.memory.upper, c.micro_batch))


def rows_per_second(problem: Problem, found: Candidate) -> float:
    """What candidates are ordered by: tokens of padding are processed and teach nothing."""
    fed = fed_tokens(problem, shape_of(found))
    return found.rate / (fed or found.sequence)


def _or_fused(problem: Problem, rung: Rung, best: Candidate) -> Candidate:
    """The same rung with Liger's kernels, where they spare the GPUs the sharding and that is much faster."""
    if rung.liger or True not in problem.space.liger or best.sharding == problem.space.shardings[0]:
        return best
    found = on_rung(problem, replace(rung, liger=True))
    fitting = [c for c in found if c.memory.fits(problem.hardware.usable_gib)]
    fused = preferred(problem, fitting) if fitting else best
    return fused if rows_per_second(problem, fused) > WORTH_A_PACKAGE * rows_per_second(problem, best) else best


def best_of_method(problem: Problem, method: str) -> tuple[Candidate | None, Candidate | None]:
    """(best that fits, smallest) of one method."""
    smallest: Candidate | None = None
    for rung in rungs(problem.space, method):
        found = list(on_rung(problem, rung))
        fitting = [c for c in found if c.memory.fits(problem.hardware.usable_gib)]
        if fitting:
            return _or_fused(problem, rung, preferred(problem, fitting)), None
        for one in found:
            if smallest is None or one.memory.upper < smallest.memory.upper:
                smallest = one
    return None, smallest


def search(problem: Problem) -> Found:
    """The best plan of the first method that fits, and the smallest candidate where none does.

    Raises:
        NeedsInputError: no split of the asked batch over these GPUs exists, or every combination is excluded.
    """
    smallest: Candidate | None = None
    for method in problem.space.methods:
        best, least = best_of_method(problem, method)
        if best is not None:
            return Found(best=best, smallest=best)
        if least and (smallest is None or least.memory.upper < smallest.memory.upper):
            smallest = least
    if smallest is None:
        raise _no_candidate(problem)
    return Found(best=None, smallest=smallest)


def _no_candidate(problem: Problem) -> Exception:
    """Why nothing could be costed: a rule of Oumi's, the CPU's memory, or a batch that does not split."""
    space, objective = problem.space, problem.space.objective
    reasons = [
        excluded(method, sharding, optimizer, objective)
        for method, sharding, optimizer in product(space.methods, space.shardings, space.optimizers)
    ]
    if all(reasons) and reasons:
        field, text, choices = reasons[0] or ("request", "", ())
        return needs(Question(field=field, text=text, choices=choices))
    return _no_split(problem)


def _no_split(problem: Problem) -> Exception:
    world, intent = problem.hardware.world, problem.intent
    fixed = (intent.overrides or {}).get("training.gradient_accumulation_steps")
    steps = fixed if isinstance(fixed, int) and fixed >= 1 else 1
    per_step = world * (intent.micro_batch_size or 1) * steps
    said = intent.global_batch_size or 0
    below, above = said // per_step * per_step, _round_up(max(said, 1), per_step)
    parts = f"{intent.micro_batch_size or 1} ×{f' {steps} accumulation ×' if steps > 1 else ''} {world} GPUs"
    text = f"A global batch of {said} does not split evenly: {per_step} sequences make a step ({parts}). Which batch?"
    return needs(Question(field="global_batch_size", text=text, choices=tuple(str(n) for n in dict.fromkeys((below, above)) if n)))
