"""What a model takes to generate: weights, KV cache and working memory on each GPU, per engine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.core.units import GIB
from assistant.core.values import Estimate, Hardware, ModelSpec
from assistant.planner.memory.inference import cache_bytes_per_token
from assistant.planner.memory.run import CONTEXT_GIB, NCCL_GIB

VLLM_SHARE = 0.9
"""Share of a GPU's memory that vLLM takes: its default, which Oumi's config cannot change (vllm_inference_engine.py, 0.9)."""
_PREFILL = 8192
"""Tokens that vLLM computes at once at most when it profiles its memory: its default `max_num_batched_tokens`."""
_MOST_SEQUENCES = 256
"""vLLM's default `max_num_seqs`, whose logits it samples at once; a float32 row of the vocabulary each."""
_MARGIN = 0.1
_PACKED = (("fp8", 1.0), ("w8a8", 1.0), ("int8", 1.0), ("8bit", 1.0), ("awq", 0.5625), ("gptq", 0.5625), ("int4", 0.5625),
           ("4bit", 0.5625), ("w4a16", 0.5625), ("mxfp4", 0.53125), ("nvfp4", 0.5625))  # fmt: skip
"""Bytes a weight for formats named in a model's id: 4 bits and a 16-bit scale for 32 (group of 32) or an 8-bit one (mxfp4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A model under an engine: `sequences` at once of `tokens` each (prompt and answer) over `gpus` GPUs.

    `bytes_per_weight` is of the linear layers; embeddings, cache and activations take `value_bytes` a value. `grows` is True
    for transformers' own cache, which is reallocated as it grows; a paged cache is not.
    """

    model: ModelSpec
    bytes_per_weight: float = 2.0
    value_bytes: float = 2.0
    sequences: int = 1
    tokens: int
    gpus: int = 1
    grows: bool = False
    logits_rows: int = 0
    prefill: int = 0
    is_exact: bool = True


def stored_bytes(model: ModelSpec) -> float:
    """Bytes a weight where a packed format keeps its size: in vLLM, not in transformers."""
    name = f"{model.id} {model.stored_as or ''}".lower()
    return next((size for word, size in _PACKED if word in name), 2.0)


def weights_bytes(load: Load) -> float:
    """All weights. Packed formats leave the embedding and the head unpacked."""
    whole = load.model.params_total
    kept = min(whole, load.model.params_embedding + load.model.params_lm_head)
    return (whole - kept) * load.bytes_per_weight + kept * load.value_bytes


def estimate_load(load: Load) -> Estimate:
    """The peak on the fullest GPU in bytes, with room for the whole KV cache of `sequences` full sequences."""
    model = load.model
    cache = load.sequences * load.tokens * cache_bytes_per_token(model, value_bytes=load.value_bytes, gpus=load.gpus)
    weights = weights_bytes(load) / load.gpus
    prefill = load.prefill or load.sequences * load.tokens
    width = max(model.intermediate_size if not model.is_moe else (model.moe_intermediate_size or model.intermediate_size) * (model.experts_per_token or 1),
                4 * model.hidden_size)  # fmt: skip
    activations = prefill * 2 * load.value_bytes * (model.hidden_size + width / load.gpus)
    logits = (load.logits_rows or load.sequences) * model.vocab_size * 4.0
    overhead = CONTEXT_GIB * GIB + (NCCL_GIB * GIB if load.gpus > 1 else 0.0) + (cache if load.grows else 0.0)
    parts = {"weights": weights, "kv_cache": cache, "activations": activations, "logits": logits, "overhead": overhead}
    margin = _MARGIN if load.is_exact and not model.rough else 2 * _MARGIN
    why = ("the shape is guessed from the size in the name",) if model.rough else ()
    wide = sum(parts.values()) + margin * (weights if not load.is_exact else 0.0) + margin * (activations + logits + overhead) + 0.02 * weights
    return Estimate(parts=parts, upper=wide, phase="generation", margin=why)


def vllm_load(model: ModelSpec, *, tokens: int, gpus: int, sequences: int = 1) -> Load:
    """What vLLM needs at least: weights, its profiled forward pass, and the cache of full sequences."""
    return Load(
        model=model, bytes_per_weight=stored_bytes(model), sequences=sequences, tokens=tokens, gpus=gpus,
        prefill=max(_PREFILL, tokens), logits_rows=_MOST_SEQUENCES,
    )  # fmt: skip


def room_for(load: Load, usable_bytes: float) -> int:
    """Full sequences whose cache fits beside the rest, by the upper bound; 0 where not even one does."""
    one = load.tokens * cache_bytes_per_token(load.model, value_bytes=load.value_bytes, gpus=load.gpus)
    rest = estimate_load(replace(load, sequences=1)).upper - one
    return max(0, int((usable_bytes - rest) // one)) if one else 0


def vllm_usable_gib(machine: Hardware) -> float:
    """GiB of one GPU that vLLM takes; it refuses to start where less is free."""
    return min(VLLM_SHARE * machine.gpu.usable_gib, machine.usable_gib)


def tensor_parallel(model: ModelSpec, count: int) -> int:
    """The most GPUs of one node among which vLLM can split the model."""
    return next(n for n in range(count, 0, -1) if _splits(model, n))


_VOCAB_STEP = 64
"""vLLM pads the vocabulary to a multiple of this before it splits it (vocab_parallel_embedding.py)."""


def _splits(model: ModelSpec, gpus: int) -> bool:
    """What vLLM's layers assert: heads, key-value heads (split, or repeated evenly), feed-forward width and padded vocabulary."""
    padded = -(-model.vocab_size // _VOCAB_STEP) * _VOCAB_STEP
    kv_heads = model.num_kv_heads or model.num_heads
    widths = (model.num_heads, padded, model.intermediate_size, model.moe_intermediate_size or 0)
    return all(width % gpus == 0 for width in widths) and (kv_heads % gpus == 0 or gpus % kv_heads == 0)
