"""Size of LoRA adapters: rank × (inputs + outputs) for every adapted linear layer."""

from __future__ import annotations

from assistant.core.values import ModelSpec


def _shapes(model: ModelSpec) -> dict[str, tuple[int, int]]:
    """Inputs and outputs of the linear layers that go by these names (transformers 5.16)."""
    hidden, mlp = model.hidden_size, model.intermediate_size
    query, key = model.num_heads * model.head_dim, model.num_kv_heads * model.head_dim
    attention = dict.fromkeys(("q_proj", "query"), (hidden, query))
    attention |= dict.fromkeys(("k_proj", "v_proj"), (hidden, key))
    attention |= dict.fromkeys(("o_proj", "out_proj", "dense"), (query, hidden))
    fused = dict.fromkeys(("qkv_proj", "query_key_value", "c_attn", "Wqkv"), (hidden, query + 2 * key))
    up = dict.fromkeys(("gate_proj", "up_proj", "fc1", "c_fc", "w1", "w3", "dense_h_to_4h"), (hidden, mlp))
    down = dict.fromkeys(("down_proj", "fc2", "w2", "dense_4h_to_h", "c_proj"), (mlp, hidden))
    return {**attention, **fused, **up, **down, "gate_up_proj": (hidden, 2 * mlp)}


def adapter_params(model: ModelSpec, targets: tuple[str, ...], rank: int) -> int:
    """Trainable parameters of the adapters; names without a known shape count as a square MLP input."""
    if targets == ("all-linear",):
        targets = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    shapes = _shapes(model)
    unknown = (model.hidden_size, 2 * model.hidden_size)
    return model.num_layers * rank * sum(sum(shapes.get(name, unknown)) for name in targets)
