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


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        ("at least 16k context", "sequence_length", 16384),
        ("context of at least 16k", "sequence_length", 16384),
        ("no more than 2 epochs", "epochs", 2),
        ("2 epochs at most", "epochs", 2),
        ("epochs at most two", "epochs", 2),
        ("up to rank 64", "lora_rank", 64),
        ("rank up to 64", "lora_rank", 64),
        ("rank 64 or more", "lora_rank", 64),
        ("batch size at least 64", "global_batch_size", 64),
        ("on 4+ A100s", "gpu_count", 4),
        ("on 4 or more A100s", "gpu_count", 4),
        ("on at most two gpus", "gpu_count", 2),
    ],
)
def test_a_bound_that_its_number_meets_is_taken_and_noted(words: str, key: str, value: float) -> None:
    reading = read(f"lora llama 3.1 8b {words}")
    assert getattr(reading.intent, key) == value
    assert [note.field for note in reading.notes if "leaves the number open" in note.why] == [key]


@pytest.mark.parametrize("words", ["context above 8k", "lr below 1e-4", "rank over 64"])
def test_a_bound_that_its_number_breaks_is_taken_as_no_value(words: str) -> None:
    reading = read(f"lora llama 3.1 8b on 2 A100s, {words}")
    assert reading.intent == read("lora llama 3.1 8b on 2 A100s").intent
    assert reading.unread


@pytest.mark.parametrize(
    "words",
    [
        "16k context", "2 epochs", "rank 64", "max 500 steps", "max seq length 4096", "max context 4096", "in under 2 hours", "for at most $20", "on 2 A100s",
        "at least it is small, 2 epochs", "on 8 gpus of at least 24 GB", "on up to date data, 4 gpus",
    ],
)  # fmt: skip
def test_an_exact_number_has_no_note_of_a_bound(words: str) -> None:
    assert not [note for note in read(f"lora llama 3.1 8b {words}").notes if "number open" in note.why or "exact number" in note.why]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("pretrain a llama 1b on fineweb-edu on 8 h100 for 2 days", 48),
        ("train qwen3 8b for about 12 hours", 12),
        ("lora qwen3 8b for 3 days of chat logs in chats.jsonl", None),
        ("sft qwen3 8b for two hours a day", None),
    ],
)
def test_how_long_a_run_is_to_take(text: str, hours: float | None) -> None:
    assert read(text).intent.max_hours == hours
