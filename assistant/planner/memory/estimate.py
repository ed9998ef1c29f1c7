"""The peak over the phases of a training step, its components and its upper bound.

Phases: loading (where a GPU holds the whole model first), the loss (all checkpoints or activations and the logits),
the backward pass through the last layer (checkpoints, one layer recomputed), its end (all gradients), and the
optimizer step (all states and its temporary). The largest counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil

from assistant.core.units import GIB
from assistant.core.values import Estimate
from assistant.planner.memory import activations as act
from assistant.planner.memory.inference import cache_bytes_per_token
from assistant.planner.memory.run import CONTEXT_GIB, LOSSES, NCCL_GIB, Metric, Run
from assistant.planner.memory.sharding import cast_bytes, gathered_bytes, gradient_buffers, prefetched_bytes
from assistant.planner.memory.states import States, frozen_bytes, states_of

EXACT = 0.04
"""90 % of the rows whose inputs are all known lie within it (docs/accuracy.md)."""


def tokens_with_logits(run: Run) -> float:
    """Tokens whose logits exist at once."""
    chunk = LOSSES[run.loss].chunk
    if chunk is None:
        return run.tokens
    if chunk == 0:
        return run.tokens / ceil(run.model.vocab_size / run.model.hidden_size)
    return min(run.tokens, chunk)


def logits_bytes(run: Run) -> float:
    """The logits and their loss at their peak; distillation adds the teacher's and both distributions."""
    extra = 6.0 if run.objective == "gkd" else 0.0
    extra += 2.0 if act.block_of(run.model).capped_logits and run.loss != "liger" else 0.0
    whole = tokens_with_logits(run) * run.model.vocab_size * (LOSSES[run.loss].logit_bytes + extra)
    if run.loss == "liger" and run.is_full:
        whole += 2.0 * run.model.vocab_size * run.model.hidden_size  # the head's gradient is made in the forward pass
    return whole


def beside_bytes(run: Run) -> float:
    """Resident beside the trained model: reference, teacher, rollout engine.

    TRL 1.6 loads the reference of full DPO and KTO itself, in float32 unless told otherwise, and prepares it like the
    model; with adapters the base model is the reference.
    """
    extra = run.vllm_share * run.capacity_bytes
    if run.objective in ("dpo", "kto") and run.is_full:
        extra += run.model.params_total * run.reference_bytes / (run.shards if run.gathers else 1)
    if run.teacher is not None:
        extra += run.teacher.params_total * 2.0
    return extra


def cache_bytes(run: Run) -> float:
    """KV cache of completions that transformers itself writes."""
    return run.generated_sequences * run.sequence * cache_bytes_per_token(run.model)


def _phase(run: Run, states: States, *, gradients: float = 0.0, activations: float = 0.0, logits: float = 0.0, overhead: float) -> dict[str, float]:
    resident = 0.0 if run.cpu_offload else 1.0
    return {
        "weights": resident * states.weights,
        "gradients": resident * gradients,
        "optimizer": resident * states.optimizer,
        "activations": activations,
        "logits": logits,
        "overhead": overhead,
    }


def _token_bytes(run: Run) -> tuple[float, float, float]:
    """Bytes of activations at (the loss, the last layer's backward pass, the first layer's)."""
    kept, inside = act.layer_bytes(run), act.backward_bytes(run)
    outputs = 3 * run.stream_bytes * run.model.hidden_size
    if run.checkpointing:
        stored = 0.0 if run.checkpoints_on_cpu else act.checkpoint_bytes(run)
        layer = stored + kept + inside
    else:
        stored = run.model.num_layers * kept
        layer = stored + inside
    vision, tokens = act.vision_bytes(run), run.tokens
    return (
        tokens * (stored + outputs) + vision,
        tokens * (layer + act.frozen_unit_bytes(run)) + vision,
        tokens * (kept + inside) + vision,
    )


def phases(run: Run) -> dict[str, dict[str, float]]:
    """Bytes per component for each phase."""
    states, beside = states_of(run), beside_bytes(run)
    gathered, buffers = gathered_bytes(run) + cast_bytes(run), gradient_buffers(run)
    at_loss, in_last, in_first = _token_bytes(run)
    early = states.gradients if run.accumulates else 0.0
    found = {
        "loss": _phase(run, states, gradients=early, activations=at_loss, logits=logits_bytes(run),
                       overhead=beside + gathered + (buffers if run.accumulates else 0.0)),
        "backward pass": _phase(run, states, gradients=early, activations=in_last, overhead=beside + gathered + buffers),
        "end of the backward pass": _phase(run, states, gradients=states.gradients, activations=in_first,
                                           overhead=beside + gathered + buffers),
        "optimizer step": _phase(run, states, gradients=states.gradients, overhead=beside + states.step),
    }
    if run.generated_sequences:
        found["generation"] = _phase(run, states, activations=cache_bytes(run), overhead=beside + gathered)
    if run.loads_whole:
        found["loading"] = _phase(run, states, overhead=frozen_bytes(run) + gathered)
    return found


def pool_bytes(run: Run) -> float:
    """Bytes that the allocator holds at the peak beyond what is alive.

    Blocks that cannot be split or joined: about one 16-bit logits tensor (nvidia-smi against allocated on the fms
    rows), and where lengths vary about as much again as all that grows with tokens (ms-swift, reserved).
    """
    logits = 0.0 if LOSSES[run.loss].chunk is not None else run.tokens * run.model.vocab_size * 2.0
    pool = 1.5 * GIB + logits
    if run.variable_lengths:
        pool += _token_bytes(run)[0] + logits_bytes(run)
    return pool


@dataclass(frozen=True, slots=True)
class Margin:
    """What lies between the point and the upper bound: shares of all parts and of the token-sized ones, bytes, and why."""

    of_all: float
    of_tokens: float
    fixed_gib: float
    why: tuple[str, ...]


def margin_of(run: Run) -> Margin:
    """How far above the allocated peak a verdict must stay, without the prefetched layer."""
    model = run.model
    kind = "experts" if model.is_moe else "images" if model.is_vision else "layers that are no attention" if model.model_type in act.MIXED_LAYERS else ""
    uneven = run.variable_lengths or run.micro_batch > 1
    return _margin(kind, model.rough, run.cpu_offload, run.shards > 1, uneven, run.world > 1, model.model_type in act.KERNELS)


@cache
def _margin(kind: str, rough: bool, offload: bool, sharded: bool, uneven: bool, several: bool, kernels: bool) -> Margin:
    """4 % for what the formulas miss; more where nothing like the model was measured.

    Blocks of the token-sized tensors that another stream cannot reuse under FSDP and ZeRO: reserved lies above
    allocated by 0.7 of the logits on 8 GPUs in Liger's tables. CUDA context and NCCL.
    """
    of_all, why = EXACT, [f"{EXACT:.0%} for what the formulas miss"]
    for is_so, share, words in (
        (bool(kind), 0.05, f"5%: little was measured with {kind}"),
        (rough, 0.30, "30%: the model's shape is a guess"),
        (offload, 0.50, "50%: little was measured with states in CPU memory, and that lies above"),
    ):
        if is_so:
            of_all += share
            why.append(words)
    share, words = (0.25, "streams of sharded states cannot share blocks") if sharded else (0.10, "rows of unlike length") if uneven else (0.04, "the allocator's blocks")
    if kernels:
        share, words = share + 1.0, f"{words}; what kernels of state spaces and linear attention keep was not measured"
    fixed = CONTEXT_GIB + (NCCL_GIB if several else 0.0)
    why.append(f"{share:.0%} of activations and logits: {words}")
    why.append(f"{fixed:g} GiB for the CUDA context" + (" and NCCL" if several else ""))
    return Margin(of_all, share, fixed, tuple(why))


def estimate(run: Run, metric: Metric = "allocated") -> Estimate:
    """The peak of one run on its fullest GPU: parts in bytes that sum to the point, and the upper bound.

    The point is in the metric asked for; the verdict rests on the allocated peak whatever the metric. The upper
    bound is that of the phase in which it is largest. All of it counts what a run of the model was seen to take.
    """
    margin = margin_of(run)
    phase, point, upper = "", -1.0, 0.0
    found = phases(run)
    for name, parts in found.items():
        total = sum(parts.values())
        upper = max(upper, total * (1 + margin.of_all) + margin.of_tokens * (parts["logits"] + parts["activations"]))
        if total > point:
            phase, point = name, total
    parts = found[phase]
    if metric != "allocated":
        parts = {**parts, "overhead": parts["overhead"] + pool_bytes(run)}
    if metric == "device":
        parts["overhead"] += (CONTEXT_GIB + NCCL_GIB * (run.world > 1)) * GIB
    fixed = margin.fixed_gib * GIB + prefetched_bytes(run)
    factor = run.model.measured
    if factor != 1:
        parts = {name: size * factor for name, size in parts.items()}
    return Estimate(parts=parts, upper=(upper + fixed) * factor, phase=phase, margin=margin.why)
