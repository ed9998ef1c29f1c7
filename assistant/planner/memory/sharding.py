"""What sharding and several processes add on one GPU, in bytes: gathered layers, buffers, copies."""

from __future__ import annotations

from assistant.core.values import ModelSpec
from assistant.planner.memory.run import QUANTISATIONS, Run
from assistant.planner.memory.states import parameter_bytes

# DeepSpeed's defaults: reduce and all-gather buckets of 5e8 elements, 1e9 live parameters (stage3_max_live_parameters).
ZERO_BUCKET_ELEMENTS = 5e8
ZERO_LIVE_ELEMENTS = 1e9


def layer_params(model: ModelSpec) -> float:
    """Parameters of one decoder layer."""
    ends = model.params_embedding + model.params_lm_head + model.params_vision
    return max(1, model.params_total - ends) / max(1, model.num_layers)


def _unit_bytes(run: Run) -> float:
    """Bytes per parameter of a gathered decoder layer."""
    if run.method == "qlora" and not (run.model.is_moe and run.fused_experts):
        return QUANTISATIONS[run.quantisation]
    return run.compute_bytes


def gathered_bytes(run: Run) -> float:
    """Whole layers in use: FSDP holds the root unit (embedding, head) and the decoder layer at work.

    A second layer that is prefetched counts for the upper bound (`prefetched_bytes`): fms rows show one at the peak.
    """
    model = run.model
    if run.sharding == "zero3" and run.gathers:
        return 2.0 * min(ZERO_LIVE_ELEMENTS, model.params_total)
    if not run.gathers:
        return 0.0
    ends = model.params_embedding + model.params_lm_head
    return ends * run.compute_bytes + layer_params(model) * _unit_bytes(run)


def prefetched_bytes(run: Run) -> float:
    """The next decoder layer, gathered ahead of its use."""
    return layer_params(run.model) * _unit_bytes(run) if run.gathers else 0.0


def gradient_buffers(run: Run) -> float:
    """Whole gradients that exist before they are shared out.

    Under FSDP the root unit's live until the end of the backward pass; a decoder layer's until they are reduced.
    Where gradients accumulate, FSDP keeps all of them whole (`no_sync`; accelerate's guide to gradient
    synchronisation, and fms rows on 2, 4 and 8 GPUs: 2 bytes a parameter more on each).
    """
    if run.is_zero:
        buckets = min(ZERO_BUCKET_ELEMENTS, float(run.trainable))
        return buckets * (4.0 if run.sharding == "zero3" else 2.0)
    if run.sharding == "fsdp" and run.is_full:
        if run.accumulates:
            return run.trainable * run.compute_bytes
        ends = run.model.params_embedding + run.model.params_lm_head
        return (ends + layer_params(run.model)) * run.compute_bytes
    if run.world > 1 and run.shards == 1:
        return run.trainable * parameter_bytes(run)  # DDP's buckets: a second copy of all gradients
    return 0.0


def cast_bytes(run: Run) -> float:
    """16-bit copies of float32 weights that autocast makes and the backward pass still needs.

    All of them without checkpointing, else those of one layer and of the head.
    """
    if not (run.autocast and run.weight_bytes == 4) or run.method == "qlora":
        return 0.0
    model = run.model
    if not run.checkpointing:
        return 2.0 * (model.params_total - model.params_embedding)
    return 2.0 * (layer_params(model) + model.params_lm_head + (model.params_embedding if model.tied else 0))
