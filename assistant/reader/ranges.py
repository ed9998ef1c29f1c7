"""A value out of range, in plain words."""

from __future__ import annotations

from typing import Any

from assistant.core.intent import Intent
from assistant.core.values import Question

_NAMES = {
    "gpu_count": "gpu count",
    "nodes": "number of nodes",
    "gpu_memory_gb": "memory of a GPU in GB",
    "sequence_length": "sequence length in tokens",
    "epochs": "number of epochs",
    "max_steps": "number of steps",
    "lora_rank": "LoRA rank",
    "lora_alpha": "LoRA alpha",
    "num_fewshot": "number of shots",
    "limit": "number of samples",
    "max_hours": "time limit in hours",
    "max_dollars": "budget in dollars",
}
_ENDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def out_of_range(field: str, value: Any) -> Question:
    """`The LoRA rank -4 is out of range: it must be at least 1 and at most 65,536. Which?`"""
    name = range_name(field)
    said = f"{value:,g}" if isinstance(value, int | float) and abs(value) < 1e6 else str(value)[:40]
    return Question(field=field, text=f"The {name} {said} is out of range: it must be {allowed(field)}. Which?")


def range_name(field: str) -> str:
    """What a number of the intent is called: `LoRA rank`, `number of epochs`."""
    return _NAMES.get(field, field.rpartition(".")[2].replace("_", " "))


def allowed(field: str) -> str:
    """The range of an intent's field in words."""
    ends = [
        f"{words} {getattr(rule, mark):,}"
        for rule in Intent.model_fields[field].metadata
        for mark, words in _ENDS.items()
        if getattr(rule, mark, None) is not None
    ]
    return " and ".join(ends) or "another value"
