"""Strict bounds are no exact values, and that is said."""

from __future__ import annotations

import pytest

from assistant.reader import read


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("lora llama 3.1 8b on more than 8 gpus", "gpu_count", 8),
        ("lora llama 3.1 8b on fewer than 4 A100s", "gpu_count", 4),
        ("lora llama 3.1 8b on 2 A100s for less than 3 epochs", "epochs", 3),
        ("full finetune llama 3.1 8b on more than 2 nodes of 8 H100", "nodes", 2),
    ],
)
def test_a_strict_bound_is_noted(text: str, key: str, value: float) -> None:
    reading = read(text)
    notes = [note for note in reading.notes if note.field == key and "names no exact number" in note.why]
    assert [note.value for note in notes] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "lora llama 3.1 8b on 8 gpus",
        "lora llama 3.1 8b on 2 A100s in under 2 hours",
        "lora llama 3.1 8b on 2 A100s for less than $20",
        "lora llama 3.1 8b on at least 4 A100s",
        "lora a model above 7b on 2 A100s",
        "full finetune llama 3.1 8b over 2 nodes of 8 H100",
    ],
)
def test_what_is_no_bound_of_a_count_has_no_note(text: str) -> None:
    assert not [note for note in read(text).notes if "names no exact number" in note.why]
