"""Dotted config fields that say what a key of the intent says: `--training.max_steps 300` is `max_steps`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_TRAINERS = {"sft": "sft", "dpo": "dpo", "kto": "kto", "grpo": "grpo", "gkd": "gkd"}


def _count(value: Any) -> int | None:
    """A whole number of at least one; `-1`, with which a field is switched off, stays a field."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else None


def _seed(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _amount(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value and "$" not in value else None


def _trainer(value: Any) -> str | None:
    return _TRAINERS.get(value.lower().removeprefix("trl_")) if isinstance(value, str) else None


def _if(value: Any, said: str) -> str | None:
    return said if value is True else None


_KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "model.model_max_length": ("sequence_length", _count),
    "training.trainer_type": ("objective", _trainer),
    "training.max_steps": ("max_steps", _count),
    "training.num_train_epochs": ("epochs", _amount),
    "training.per_device_train_batch_size": ("micro_batch_size", _count),
    "training.learning_rate": ("learning_rate", _amount),
    "training.seed": ("seed", _seed),
    "training.output_dir": ("output_dir", _text),
    "training.run_name": ("run_name", _text),
    "training.use_peft": ("method", lambda value: "full" if value is False else _if(value, "lora")),
    "peft.q_lora": ("method", lambda value: _if(value, "qlora")),
    "peft.lora_r": ("lora_rank", _count),
    "peft.lora_alpha": ("lora_alpha", _amount),
    "fsdp.enable_fsdp": ("sharding", lambda value: _if(value, "fsdp")),
    "deepspeed.enable_deepspeed": ("sharding", lambda value: _if(value, "deepspeed")),
    "data.train.datasets[0].dataset_name": ("dataset", _text),
    "data.train.datasets[0].dataset_path": ("dataset", _text),
}
"""Field → (key, its value from the field's; None where the field says what the key cannot)."""


def fields_as_keys(overrides: dict[str, Any], found: dict[str, Any]) -> None:
    """Move such fields from the overrides to the keys, so that a plan counts with them."""
    for path in [path for path in overrides if path in _KEYS]:
        key, meaning = _KEYS[path]
        value = meaning(overrides[path])
        if value is None:
            continue
        del overrides[path]
        if key not in found or value == "qlora":
            found[key] = value
