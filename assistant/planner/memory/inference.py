"""Memory of generation: weights, KV cache and the working set of a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from assistant.core.units import GIB
from assistant.core.values import Estimate, ModelSpec
from assistant.planner.memory.run import CONTEXT_GIB, Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """`sequences` at once of up to `tokens` each, prompt and answer together, on `gpus` GPUs that share the model.

    `grown_tokens` of them are appended one by one by transformers' own cache (a paged cache does not grow).
    """

    model: ModelSpec
    weights_bytes: float
    sequences: int = 1
    tokens: int = 0
    grown_tokens: int = 0
    cache_bytes: float = 2.0
    gpus: int = 1


def cache_bytes_per_token(model: ModelSpec, *, value_bytes: float = 2.0, gpus: int = 1) -> float:
    """KV cache of one token on one of these GPUs: 2 × layers × KV heads × head size values (Qwen3-8B: 147.5 kB in 16 bit,
    measured and computed).

    Tensor parallelism gives each GPU its share of the KV heads, and at least one. Latent and windowed caches are
    smaller than this: the figure then lies above.
    """
    return 2.0 * model.num_layers * ceil(model.num_kv_heads / gpus) * model.head_dim * value_bytes


def cache_bytes(serving: Serving) -> float:
    """KV cache of all sequences, whole."""
    return serving.sequences * serving.tokens * cache_bytes_per_token(serving.model, value_bytes=serving.cache_bytes)


def estimate_serving(serving: Serving, metric: Metric = "allocated") -> Estimate:
    """The peak of generation on one GPU, in bytes.

    A cache that grows by concatenation leaves holes of its own size in the allocator's pool (Qwen's tables: twice
    the cache from 512 to 8,192 tokens and from 1 to 32 sequences).
    """
    cache = cache_bytes(serving) / serving.gpus
    overhead = 0.0
    if metric != "allocated":
        grown = serving.grown_tokens / serving.tokens if serving.tokens else 0.0
        overhead = cache * grown + (CONTEXT_GIB + 0.5) * GIB * bool(serving.grown_tokens)
    parts = {"weights": serving.weights_bytes / serving.gpus, "cache": cache, "overhead": overhead}
    point = sum(parts.values())
    return Estimate(parts=parts, upper=1.1 * point + cache + CONTEXT_GIB * GIB, phase="generation")
