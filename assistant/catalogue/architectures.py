"""Shapes of models that the catalogue does not hold: from a `config.json`, else from the size in a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assistant.catalogue.models import all_models
from assistant.catalogue.projections import Shape, config_width
from assistant.core.errors import UsageError
from assistant.core.values import ModelSpec

_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d{1,2})x)?(\d{1,4}(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)
_TWO_LAYER_MLP = frozenset(["gpt2", "gptj", "gpt_neox", "gpt_neo", "opt", "bloom", "falcon", "phi", "starcoder2", "mpt", "gpt_bigcode"])
_NOT_ATTENTION_ALONE = frozenset(["falcon_h1", "falcon_mamba", "mamba", "mamba2", "nemotron_h", "nemotron-nas", "lfm2", "jamba", "bamba"])
"""Types whose blocks this closed form does not count: the shape is marked rough."""


ALL_LINEAR = ("all-linear",)
"""PEFT's word for every linear layer but the head; Oumi takes it as the only element of its list."""
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_EXPERTS_IN_NAME = re.compile(r"(?<![a-z0-9])(?:\d{1,2}x\d+(?:\.\d+)?b|a\d+(?:\.\d+)?b)(?![a-z0-9])", re.IGNORECASE)
_PACKED_NAME = re.compile(r"(?<![a-z0-9])(awq|gptq|fp8|nvfp4|bnb-4bit|4bit|8bit|int4|int8|w4a16|w8a8|exl2|mlx)(?![a-z0-9])", re.IGNORECASE)
"""How names say that the weights are quantised."""
_UNPACKED = "Name the model it was made from; qlora holds that one in 4 bit while it trains."
_ENCODERS = frozenset(
    ["albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "longformer", "modernbert", "mpnet", "nomic_bert", "roberta", "xlm-roberta"]
)
_ENCODER_HEADS = ("ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice")


def _bad(model_id: str, what: str, hint: str, reference: str = "bad-config") -> UsageError:
    return UsageError(f"config.json of {model_id} {what}.", context=model_id, hint=hint, reference=reference)


def _count(model_id: str, config: Mapping[str, Any], *names: str, least: int = 1) -> int | None:
    """The first of these figures that stands; the largest where each layer has its own.

    Raises:
        UsageError: it stands and is not a whole number of at least `least`.
    """
    for name in names:
        value = config.get(name)
        if value is None:
            continue
        each = value if isinstance(value, list) and value else [value]
        if all(isinstance(n, int) and not isinstance(n, bool) and least <= n < 10**9 for n in each):
            return int(max(each))
        hint = f"It must be a whole number of at least {least}: mend the file, or name the original model."
        raise _bad(model_id, f"has {name} {str(value)[:40]!r}", hint)
    return None


def _needed(model_id: str, config: Mapping[str, Any], *names: str) -> int:
    value = _count(model_id, config, *names)
    if value is None:
        hint = "Only transformers' causal language models can be planned."
        raise _bad(model_id, f"gives no {names[0]}", hint, "unknown-architecture")
    return value


def _model_type(model_id: str, config: Mapping[str, Any]) -> str:
    kind = config.get("model_type", "unknown")
    if not isinstance(kind, str) or not kind:
        raise _bad(model_id, f"has model_type {str(kind)[:40]!r}", 'It must be a name, such as "llama".')
    return kind


def _check_decoder(model_id: str, kind: str, config: Mapping[str, Any]) -> None:
    """Oumi's trainers predict the next token: encoders and encoder-decoders have no such head."""
    stated = config.get("architectures")
    names = [n for n in stated if isinstance(n, str)] if isinstance(stated, list) else []
    encoder = kind in _ENCODERS or (bool(names) and all(n.endswith(_ENCODER_HEADS) for n in names))
    if encoder or config.get("is_encoder_decoder") is True:
        what = f"describes {names[0] if names else kind}, which is not a causal language model"
        raise _bad(model_id, what, "Name a model that generates text, such as Llama, Qwen or SmolLM.", "not-a-decoder")


def _stored_as(model_id: str, kind: str, config: Mapping[str, Any]) -> str | None:
    """The packed format that Oumi widens before training (gpt-oss in mxfp4), or None for plain weights.

    Raises:
        UsageError: any other packed format: no gradients flow into it, and it is not the size that a plan counts.
    """
    packed = config.get("quantization_config")
    if not packed:
        return None
    method = packed.get("quant_method") if isinstance(packed, Mapping) else packed
    if kind == "gpt_oss" and method == "mxfp4":
        return "mxfp4"
    what = f"says the weights are quantised ({str(method)[:30]}), and those cannot be trained"
    raise _bad(model_id, what, _UNPACKED, "quantised-weights")


def _kv_heads(model_id: str, body: Mapping[str, Any], heads: int) -> int:
    stated = _count(model_id, body, "num_key_value_heads", "num_kv_heads")
    if body.get("model_type") == "falcon" and not body.get("new_decoder_architecture"):
        return 1 if body.get("multi_query", True) else heads
    return stated or heads


def _targets(sibling: ModelSpec | None, experts: int | None) -> tuple[str, ...]:
    """The catalogue's for this type; else the attention beside experts, which PEFT's all-linear cannot take."""
    if sibling is not None:
        return sibling.lora_targets
    return ATTENTION if experts else ALL_LINEAR


def spec_from_config(model_id: str, config: Mapping[str, Any], *, local: bool, source: str) -> ModelSpec:
    """The shape that a Hugging Face `config.json` states; parameters by closed form.

    A multimodal config's `text_config` is counted; its image encoder is not, and marks the shape rough.

    Raises:
        UsageError: a size that the estimate rests on is missing or no size at all, the model is no decoder, or its
            weights are quantised.
    """
    model_type = _model_type(model_id, config)
    _check_decoder(model_id, model_type, config)
    text = config.get("text_config")
    body = {**config, **text} if isinstance(text, Mapping) else dict(config)
    hidden = _needed(model_id, body, "hidden_size", "n_embd", "d_model")
    layers = _needed(model_id, body, "num_hidden_layers", "n_layer", "n_layers", "num_layers")
    heads = _needed(model_id, body, "num_attention_heads", "n_head", "n_heads", "num_heads")
    vocab = _needed(model_id, body, "vocab_size")
    kv_heads = _kv_heads(model_id, body, heads)
    head_dim = _count(model_id, body, "head_dim") or max(1, hidden // heads)
    mlp = _count(model_id, body, "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size") or 4 * hidden
    experts = _count(model_id, body, "num_experts", "num_local_experts", "n_routed_experts", least=0)
    expert_mlp = (_count(model_id, body, "moe_intermediate_size") or mlp) if experts else None
    tied = bool(body.get("tie_word_embeddings", config.get("tie_word_embeddings", True)))
    gated = body.get("model_type") not in _TWO_LAYER_MLP
    attention = hidden * head_dim * (2 * heads + 2 * kv_heads)
    per_mlp = (3 if gated else 2) * hidden
    routed = layers * experts * per_mlp * (expert_mlp or mlp) if experts else 0
    dense = 0 if experts else layers * per_mlp * mlp
    embedding = vocab * hidden
    head = 0 if tied else embedding
    total = layers * (attention + 2 * hidden) + routed + dense + embedding + head + hidden
    sibling = next((m for m in all_models() if m.model_type == model_type), None)
    targets = _targets(sibling, experts)
    shape = Shape(hidden=hidden, mlp=mlp, layers=layers, heads=heads, kv_heads=kv_heads, head_dim=head_dim)
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
        max_positions=_count(model_id, body, "max_position_embeddings", "n_positions", least=2),
        num_experts=experts or None,
        experts_per_token=_count(model_id, body, "num_experts_per_tok", "experts_per_token"),
        moe_intermediate_size=expert_mlp,
        model_type=model_type,
        layer_cls=sibling.layer_cls if sibling else None,
        lora_targets=targets,
        adapter_width=config_width(model_type, body, shape, targets),
        stored_as=_stored_as(model_id, model_type, config),
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
    """A rough shape: the dense catalogue model nearest in size, scaled to this many parameters.

    Raises:
        UsageError: the name says that the weights are quantised.
    """
    if packed := _PACKED_NAME.search(name):
        message = f"The name {name} says that its weights are quantised ({packed.group()}), and those cannot be trained."
        raise UsageError(message, context=name, hint=_UNPACKED, reference="quantised-weights")
    dense = [m for m in all_models() if m.model_type in ("llama", "qwen2", "qwen3", "mistral") and not m.rough]
    like = min(dense, key=lambda m: (abs(m.params_total - params), m.id))
    return replace(
        like,
        id=name,
        family="unknown",
        params_total=int(params),
        model_type="unknown",
        layer_cls=None,
        lora_targets=ATTENTION if _EXPERTS_IN_NAME.search(name.split("/")[-1]) else ALL_LINEAR,
        adapter_width=None,
        gated=None,
        max_positions=None,
        has_chat_template=True,
        source=f"the size in its name; shape of {like.id}",
        rough=True,
    )
