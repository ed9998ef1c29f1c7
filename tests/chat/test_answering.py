"""A short line as the answer to the question that stands, and lines that answer nothing."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.chat.answering import answered, place_of
from assistant.core.intent import Intent
from assistant.core.values import Question

MEMORY = ("40 GB", "80 GB")
TOKENS = ("4,096 tokens", "8,192 tokens")
MACHINES = ("1 × A100-80GB", "1 × RTX4090", "1 × H100")
METHODS = ("full fine-tuning", "LoRA", "QLoRA")


@pytest.mark.parametrize(
    ("choices", "line", "place"),
    [
        (MEMORY, "80 GB", 1), (MEMORY, "80gb", 1), (MEMORY, "80", 1), (MEMORY, "the second one", 1), (MEMORY, "second", 1), (MEMORY, "First!", 0),
        (TOKENS, "8192", 1), (TOKENS, "8,192", 1), (TOKENS, "8,192 tokens.", 1), (TOKENS, "8192 tokens", 1), (TOKENS, "16384", None),
        (MACHINES, "rtx4090", 1), (MACHINES, "the third one", 2), (MACHINES, "1", None), (MACHINES, "the fourth one", None), (MACHINES, "1 ×", None),
        (METHODS, "full", 0), (METHODS, "lora", 1), (METHODS, "qlora", 2), (METHODS, "ful", 0), (METHODS, "dora", None), (METHODS, "", None), ((), "first", None),
    ],
)  # fmt: skip
def test_the_choice_that_a_line_names(choices: tuple[str, ...], line: str, place: int | None) -> None:
    assert place_of(choices, line) == place


@pytest.mark.parametrize(
    ("field", "choices", "line", "value"),
    [
        ("method", METHODS, "qlora", "qlora"),
        ("method", METHODS, "skip", "full"),
        ("model", ("Qwen3-8B", "Qwen3-4B"), "skip", "Qwen/Qwen3-8B"),
        ("model", ("Qwen3-8B", "Qwen3-4B"), "the second", "Qwen/Qwen3-4B"),
        ("model", ("Qwen3-8B",), "yes", "Qwen/Qwen3-8B"),
        ("model", (), "my-org/thing", "my-org/thing"),
        ("lora_rank", (), "64", 64),
        ("sequence_length", (), "8k", 8192),
    ],
)
def test_an_answer_gives_what_was_asked(field: str, choices: tuple[str, ...], line: str, value: Any) -> None:
    assert getattr(answered((Question(field=field, text="?", choices=choices),), Intent(), line), field) == value


@pytest.mark.parametrize(
    ("field", "choices", "line"),
    [
        ("model", ("Qwen3-8B", "Qwen3-4B"), "yes"),
        ("model", (), "what is that?"),
        ("model", (), "no"),
        ("model", (), "some other thing entirely here"),
        ("lora_rank", (), "a lot"),
        ("method", METHODS, "hm"),
        ("lora_rank", (), "99999999"),
    ],
)
def test_what_answers_nothing(field: str, choices: tuple[str, ...], line: str) -> None:
    assert answered((Question(field=field, text="?", choices=choices),), Intent(), line) == Intent()


@pytest.mark.parametrize(
    ("choices", "line", "place"),
    [
        (MEMORY, "the bigger one", 1),
        (MEMORY, "the smaller one", 0),
        (MEMORY, "larger", 1),
        (MEMORY, "take the bigger one please", 1),
        (TOKENS, "the longer one", 1),
        (("32 GB", "16 GB"), "the bigger one", 0),
        (("fine", "under 1 h"), "the bigger one", None),
        (("Llama 3.1 8B", "Qwen3 8B"), "the bigger one", None),
        (MEMORY, "the bigger model", None),
        (MEMORY, "a bigger batch", None),
    ],
)
def test_a_choice_by_its_size(choices: tuple[str, ...], line: str, place: int | None) -> None:
    assert place_of(choices, line) == place
