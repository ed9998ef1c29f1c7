"""Size of LoRA adapters: rank × (inputs + outputs) for every adapted linear layer."""

from __future__ import annotations

from assistant.catalogue.projections import Shape, usual, width_of
from assistant.core.values import ModelSpec

_ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def _shape(model: ModelSpec) -> Shape:
    return Shape(
        hidden=model.hidden_size,
        mlp=model.intermediate_size,
        layers=model.num_layers,
        heads=model.num_heads,
        kv_heads=model.num_kv_heads,
        head_dim=model.head_dim,
    )


def adapter_params(model: ModelSpec, targets: tuple[str, ...], rank: int) -> int:
    """Trainable parameters of the adapters.

    The model's own targets count as measured (`.ci/adapters.py`) or as its config says; others in closed form, and a
    name without a known shape as a layer twice as wide as the hidden stream.
    """
    if targets == model.lora_targets and model.adapter_width:
        return rank * model.adapter_width
    linears = usual(_shape(model))
    names = _ALL if targets in (("all-linear",), ()) else targets
    known = tuple(name for name in names if name in linears)
    guessed = (len(names) - len(known)) * 3 * model.hidden_size * model.num_layers
    return rank * ((width_of(linears, known) or 0) + guessed)
