"""Which words gave which value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reader import read
from assistant.reader.evidence import evidence, values

REQUESTS = [json.loads(line)["text"] for line in Path(__file__).with_name("requests.jsonl").read_text("utf-8").splitlines()]


def words(text: str) -> dict[str | None, str]:
    found: dict[str | None, str] = {}
    for one in evidence(text):
        found[one.field] = f"{found[one.field]} … {one.words}" if one.field in found else one.words
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lora llama3 on 2 A100s", {"task": "lora", "method": "lora", "model": "llama3", "gpu": "2 A100s", "gpu_count": "2 A100s"}),
        ("evaluate llama 3.1 8b on mmlu and gsm8k", {"task": "evaluate", "model": "llama 3.1 8b", "benchmarks": "mmlu … gsm8k"}),
        ("lora llama3, i mean lora llama3 with rank 16", {"task": "lora", "method": "lora", "model": "llama3", "lora_rank": "rank 16"}),
        ("full ft qwen3 8b, wd 0.05", {"task": "full", "method": "full", "model": "qwen3 8b", "training.weight_decay": "wd 0.05"}),
        ("qlora qwen3 8b frobnicate", {"task": "qlora", "method": "qlora", "model": "qwen3 8b", None: "frobnicate"}),
        ("用qlora微调qwen2.5 7b", {"task": "qlora", "method": "qlora", "model": "qwen2.5 7b"}),
        ("learning_rate: 1e-4\nmodel_name: Qwen/Qwen2.5-7B", {"task": "learning_rate: 1e-4 … Qwen/Qwen2.5-7B", "learning_rate": "learning_rate: 1e-4", "model": "Qwen/Qwen2.5-7B"}),
    ],
)
def test_the_words_behind_each_value(text: str, expected: dict[str | None, str]) -> None:
    assert words(text) == expected


def test_nothing_said_has_no_evidence() -> None:
    assert evidence("") == ()


@pytest.mark.parametrize("text", REQUESTS)
def test_every_value_has_words_that_stand_where_they_are_said_to(text: str) -> None:
    found = evidence(text)
    assert {one.field for one in found if one.field} == set(values(read(text).intent))
    assert all(text[one.start : one.end] == one.words for one in found)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_evidence_of_what_is_read_in_it(text: str) -> None:
    found = evidence(text)
    assert {one.field for one in found if one.field} <= set(values(read(text).intent))
    assert all(text[one.start : one.end] == one.words for one in found)
