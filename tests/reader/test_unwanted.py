"""What is not wanted, told of others, or put right sets nothing that it names."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.reader import read


def said(text: str) -> dict[str, Any]:
    return {key: value for key, value in read(text).intent.model_dump().items() if value is not None}


@pytest.mark.parametrize(
    ("text", "key", "never"),
    [
        ("I do not want qlora at all", "method", "qlora"),
        ("we do not need to use qlora for qwen3 8b", "method", "qlora"),
        ("qlora is not what I want", "method", "qlora"),
        ("lora qwen3 8b, spot would be awful", "spot", True),
        ("spot sounds terrible", "spot", True),
        ("I would rather not use qwen3 4b", "model", "Qwen/Qwen3-4B"),
        ("please avoid qwen3 4b", "model", "Qwen/Qwen3-4B"),
        ("I have never needed deepspeed", "sharding", "deepspeed"),
        ("train qwen3 8b, my boss hates dpo", "objective", "dpo"),
        ("neither dpo nor kto for qwen3 8b", "objective", "dpo"),
        ("whatever you do, avoid H100s", "gpu", "H100"),
    ],
)
def test_what_is_not_wanted_is_not_taken(text: str, key: str, never: Any) -> None:
    assert said(text).get(key) != never


@pytest.mark.parametrize("text", ["Write a poem about H100s", "my friend has a 4090", "I wish I had 8 H100s", "I read that llama 3.1 70b is great", "my boss hates dpo"])
def test_a_line_told_of_others_asks_for_nothing(text: str) -> None:
    reading = read(text)
    assert said(text) == {}
    assert reading.unread


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("I want qlora on qwen3 8b", "method", "qlora"),
        ("lora qwen3 8b on my friend's 4090", "gpu", "RTX4090"),
        ("my friend has a 4090\nlora qwen3 8b on it", "method", "lora"),
        ("dpo for qwen3 8b, my boss likes it", "objective", "dpo"),
        ("spot would be great for lora qwen3 8b", "spot", True),
        ("I read the docs; lora qwen3 8b please", "method", "lora"),
    ],
)
def test_what_stands_near_such_words_is_taken(text: str, key: str, value: Any) -> None:
    assert said(text).get(key) == value


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("lora qwen3 8b, lr 1e-4, no 2e-4", "learning_rate", 2e-4),
        ("lora qwen3 8b on 4 H100s, no, 2", "gpu_count", 2),
        ("lora qwen3 8b on 4 H100s, no spot", "gpu_count", 4),
        ("lora qwen3 8b, rank 16, no 2 gpus", "lora_rank", 16),
        ("rank 1.5", "lora_rank", None),
        ("rank 16. 5 epochs", "lora_rank", 16),
    ],
)
def test_a_no_before_a_number_puts_that_kind_of_number_right(text: str, key: str, value: Any) -> None:
    assert said(text).get(key) == value
