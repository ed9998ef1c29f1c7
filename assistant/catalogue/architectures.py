"""Shapes of models that the catalogue does not hold: from a `config.json`, else from the size in a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assistant.catalogue.models import all_models
from assistant.core.errors import UsageError
from assistant.core.values import ModelSpec

_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d{1,2})x)?(\d{1,4}(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)
_TWO_LAYER_MLP = frozenset(["gpt2", "gptj", "gpt_neox", "gpt_neo", "opt", "bloom", "falcon", "phi", "starcoder2", "mpt", "gpt_bigcode"])
_NOT_ATTENTION_ALONE = frozenset(["falcon_h1", "falcon_mamba", "mamba", "mamba2", "nemotron_h", "nemotron-nas", "lfm2", "jamba", "bamba"])
"""Types whose blocks this closed form does not count: the shape is marked rough."""


def _count(config: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
            return value
    return None


def _needed(model_id: str, config: Mapping[str, Any], *names: str) -> int:
    value = _count(config, *names)
    if value is None:
        raise UsageError(
            f"config.json of {model_id} gives no {names[0]}.",
            context=model_id,
            hint="Only transformers' causal language models can be planned.",
            reference="unknown-architecture",
        )
    return value


def spec_from_config(model_id: str, config: Mapping[str, Any], *, local: bool, source: str) -> ModelSpec:
    """The shape that a Hugging Face `config.json` states; parameters by closed form.

    A multimodal config's `text_config` is counted; its image encoder is not, and marks the shape rough.

    Raises:
        UsageError: a size that the estimate rests on is missing.
    """
    text = config.get("text_config")
    body = {**config, **text} if isinstance(text, Mapping) else dict(config)
    hidden = _needed(model_id, body, "hidden_size", "n_embd", "d_model")
    layers = _needed(model_id, body, "num_hidden_layers", "n_layer", "num_layers")
    heads = _needed(model_id, body, "num_attention_heads", "n_head", "num_heads")
    vocab = _needed(model_id, body, "vocab_size")
    kv_heads = _count(body, "num_key_value_heads") or heads
    head_dim = _count(body, "head_dim") or max(1, hidden // heads)
    mlp = _count(body, "intermediate_size", "n_inner", "ffn_dim") or 4 * hidden
    experts = _count(body, "num_experts", "num_local_experts", "n_routed_experts")
    expert_mlp = (_count(body, "moe_intermediate_size") or mlp) if experts else None
    tied = bool(body.get("tie_word_embeddings", config.get("tie_word_embeddings", True)))
    gated = body.get("model_type") not in _TWO_LAYER_MLP
    attention = hidden * head_dim * (2 * heads + 2 * kv_heads)
    per_mlp = (3 if gated else 2) * hidden
    routed = layers * experts * per_mlp * (expert_mlp or mlp) if experts else 0
    dense = 0 if experts else layers * per_mlp * mlp
    embedding = vocab * hidden
    head = 0 if tied else embedding
    total = layers * (attention + 2 * hidden) + routed + dense + embedding + head + hidden
    model_type = str(config.get("model_type", "unknown"))
    sibling = next((m for m in all_models() if m.model_type == model_type), None)
    return ModelSpec(
        id=model_id,
        family=sibling.family if sibling else "unknown",
        instruct=True,
        params_total=total,
        params_embedding=embedding,
        params_lm_head=head,
        params_routed_experts=routed,
        hidden_size=hidden,
        intermediate_size=mlp,
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=kv_heads,
        head_dim=head_dim,
        vocab_size=vocab,
        tied=tied,
        max_positions=_count(body, "max_position_embeddings", "n_positions"),
        num_experts=experts,
        experts_per_token=_count(body, "num_experts_per_tok", "experts_per_token"),
        moe_intermediate_size=expert_mlp,
        model_type=model_type,
        layer_cls=sibling.layer_cls if sibling else None,
        lora_targets=sibling.lora_targets if sibling else ("all-linear",),
        modalities=sibling.modalities if sibling else ("text",),
        trust_remote_code=bool(config.get("auto_map")) and sibling is None,
        has_chat_template=True,
        source=source,
        rough=sibling is None or "vision_config" in config or model_type in _NOT_ATTENTION_ALONE,
        local=local,
    )


def size_in_name(name: str) -> float | None:
    """Parameters that a name states (`frontier-12b` → 12e9), or None; `8x7b` counts its experts less what they share."""
    sizes = list(_SIZE.finditer(name.split("/")[-1]))
    if not sizes:
        return None
    found = max(sizes, key=lambda m: float(m.group(2)) * (1e9 if m.group(3).lower() == "b" else 1e6))
    size = float(found.group(2)) * (1e9 if found.group(3).lower() == "b" else 1e6)
    experts = int(found.group(1) or 1)
    # Mixtral 8x7B is 46.7 B, 83 % of eight times seven: attention and embeddings are shared.
    return size * experts * (0.83 if experts > 1 else 1.0) or None


def spec_from_size(name: str, params: float) -> ModelSpec:
    """A rough shape: the dense catalogue model nearest in size, scaled to this many parameters."""
    dense = [m for m in all_models() if m.model_type in ("llama", "qwen2", "qwen3", "mistral") and not m.rough]
    like = min(dense, key=lambda m: (abs(m.params_total - params), m.id))
    return replace(
        like,
        id=name,
        family="unknown",
        params_total=int(params),
        model_type="unknown",
        layer_cls=None,
        lora_targets=("all-linear",),
        gated=None,
        max_positions=None,
        has_chat_template=True,
        source=f"the size in its name; shape of {like.id}",
        rough=True,
    )
