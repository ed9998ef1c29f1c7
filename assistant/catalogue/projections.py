"""Linear layers by name: inputs, outputs and how many of them a model has (transformers 5.16).

A LoRA adapter of rank r on a layer trains r × (inputs + outputs) parameters (arXiv 2106.09685, section 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The figures that most architectures share; widths in features."""

    hidden: int
    mlp: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int


Linears = dict[str, list[tuple[int, int, int]]]
"""Name → (inputs, outputs, layers that hold one), once for every place where the name occurs."""


def usual(shape: Shape) -> Linears:
    """The layers of a plain decoder under every name that they go by: one of each in each layer."""
    hidden, query, key = shape.hidden, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    sizes = dict.fromkeys(("q_proj", "query"), (hidden, query))
    sizes |= dict.fromkeys(("k_proj", "v_proj"), (hidden, key))
    sizes |= dict.fromkeys(("o_proj", "out_proj", "dense", "attn_out"), (query, hidden))
    sizes |= dict.fromkeys(("qkv_proj", "query_key_value", "c_attn", "Wqkv", "att_proj"), (hidden, query + 2 * key))
    up = ("gate_proj", "up_proj", "fc1", "fc_in", "c_fc", "w1", "w3", "dense_h_to_4h")
    sizes |= dict.fromkeys(up, (hidden, shape.mlp))
    sizes |= dict.fromkeys(("down_proj", "fc2", "fc_out", "w2", "dense_4h_to_h", "c_proj", "ff_out"), (shape.mlp, hidden))
    sizes |= dict.fromkeys(("gate_up_proj", "ff_proj"), (hidden, 2 * shape.mlp))
    return {name: [(*size, shape.layers)] for name, size in sizes.items()}


KNOWN = frozenset(usual(Shape(hidden=1, mlp=1, layers=1, heads=1, kv_heads=1, head_dim=1)))
"""Names of layers with a known shape."""


def _gpt2(_: Mapping[str, Any], shape: Shape) -> Linears:
    """`c_proj` ends both the attention and the MLP."""
    found = usual(shape)
    found["c_proj"].append((shape.heads * shape.head_dim, shape.hidden, shape.layers))
    return found


def _latent_attention(config: Mapping[str, Any], shape: Shape) -> Linears:
    """DeepSeek's multi-head latent attention (arXiv 2405.04434, section 2.1)."""
    rope, plain, value = (config[name] for name in ("qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"))
    latent, rank = config["kv_lora_rank"], config.get("q_lora_rank")
    query = shape.heads * (rope + plain)
    sizes = {
        "kv_a_proj_with_mqa": (shape.hidden, latent + rope),
        "kv_b_proj": (latent, shape.heads * (plain + value)),
        "o_proj": (shape.heads * value, shape.hidden),
    }
    sizes |= {"q_a_proj": (shape.hidden, rank), "q_b_proj": (rank, query)} if rank else {"q_proj": (shape.hidden, query)}
    return {name: [(*size, shape.layers)] for name, size in sizes.items()}


def _linear_attention(config: Mapping[str, Any], shape: Shape) -> Linears:
    """Qwen3-Next and Qwen3.5: gated attention in every fourth layer, a gated delta net in the others."""
    kinds = config.get("layer_types") or ()
    full = sum(kind == "full_attention" for kind in kinds) or shape.layers // (config.get("full_attention_interval") or 4)
    keys = config["linear_num_key_heads"] * config["linear_key_head_dim"]
    values = config["linear_num_value_heads"] * config["linear_value_head_dim"]
    query, key = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    rest = shape.layers - full
    return usual(shape) | {
        "q_proj": [(shape.hidden, 2 * query, full)],
        "k_proj": [(shape.hidden, key, full)],
        "v_proj": [(shape.hidden, key, full)],
        "o_proj": [(query, shape.hidden, full)],
        "in_proj_qkvz": [(shape.hidden, 2 * keys + 2 * values, rest)],
        "in_proj_qkv": [(shape.hidden, 2 * keys + values, rest)],
        "in_proj_z": [(shape.hidden, values, rest)],
        "out_proj": [(values, shape.hidden, rest)],
    }


def _falcon_h1(config: Mapping[str, Any], shape: Shape) -> Linears:
    """A Mamba-2 mixer beside the attention of every layer."""
    inner = config.get("mamba_d_ssm") or config.get("mamba_expand", 2) * shape.hidden
    groups = config.get("mamba_n_groups", 1) * config.get("mamba_d_state", 256)
    outputs = 2 * inner + 2 * groups + config.get("mamba_n_heads", 128)
    return usual(shape) | {"in_proj": [(shape.hidden, outputs, shape.layers)]}


def _llama4(config: Mapping[str, Any], shape: Shape) -> Linears:
    """Dense layers between those with experts are wider; beside experts stands a shared one of the usual width."""
    step = config.get("interleave_moe_layer_step") or 1
    listed = config.get("moe_layers")
    moe = len(listed) if listed else shape.layers // step
    wide = config.get("intermediate_size_mlp") or shape.mlp
    found = usual(shape)
    for name in ("gate_proj", "up_proj"):
        found[name] = [(shape.hidden, shape.mlp, moe), (shape.hidden, wide, shape.layers - moe)]
    found["down_proj"] = [(shape.mlp, shape.hidden, moe), (wide, shape.hidden, shape.layers - moe)]
    return found


def _gemma4(config: Mapping[str, Any], shape: Shape) -> Linears:
    """Layers that see the whole context have wider heads, and their own number of key heads where keys are values."""
    full = sum(kind == "full_attention" for kind in config["layer_types"])
    wide = config.get("global_head_dim") or 512  # transformers' default
    shared = bool(config.get("attention_k_eq_v"))
    keys = (config.get("num_global_key_value_heads") if shared else None) or shape.kv_heads
    found = usual(shape)
    for name, heads in (("q_proj", shape.heads), ("k_proj", keys), ("v_proj", 0 if shared else keys)):
        (inputs, outputs, layers), outputs_wide = found[name][0], heads * wide
        found[name] = [(inputs, outputs, layers - full), (inputs, outputs_wide, full if heads else 0)]
    found["o_proj"] = [(shape.heads * shape.head_dim, shape.hidden, shape.layers - full), (shape.heads * wide, shape.hidden, full)]
    return found


def _gated_attention(_: Mapping[str, Any], shape: Shape) -> Linears:
    """The attention has a `gate_proj` of its own, as wide as its queries."""
    found = usual(shape)
    found["gate_proj"].append((shape.hidden, shape.heads * shape.head_dim, shape.layers))
    return found


_BUILDERS: dict[str, Callable[[Mapping[str, Any], Shape], Linears]] = {
    "gpt2": _gpt2,
    "deepseek_v2": _latent_attention,
    "deepseek_v3": _latent_attention,
    "deepseek_v32": _latent_attention,
    "qwen3_next": _linear_attention,
    "qwen3_5": _linear_attention,
    "qwen3_5_moe": _linear_attention,
    "falcon_h1": _falcon_h1,
    "llama4": _llama4,
    "gemma4": _gemma4,
    "gemma4_unified": _gemma4,
    "muse_glimmer": _gated_attention,
}


def width_of(linears: Linears, targets: tuple[str, ...]) -> int | None:
    """Parameters that one unit of rank adds to these layers; None where a name is not known."""
    if not targets or any(name not in linears for name in targets):
        return None
    return sum((inputs + outputs) * count for name in targets for inputs, outputs, count in linears[name])


def config_width(model_type: str, config: Mapping[str, Any], shape: Shape, targets: tuple[str, ...]) -> int | None:
    """What one unit of rank adds to a model of this config; None where its layers are not known."""
    build = _BUILDERS.get(model_type.removesuffix("_text"))
    try:
        linears = build(config, shape) if build else usual(shape)
    except (KeyError, TypeError):
        return None
    return width_of(linears, targets)
