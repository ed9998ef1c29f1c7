"""A training and the evaluation of its result, in one sentence."""

from __future__ import annotations

import pytest

from assistant.reader import read
from assistant.reader.steps import steps_in


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("lora llama3 on 2 A100s, then evaluate it on mmlu", "evaluate it on mmlu"),
        ("lora llama3 on 2 A100s and then test the result on gsm8k", "test the result on gsm8k"),
        ("qlora qwen3 8b on a 4090; afterwards benchmark it on arc", "benchmark it on arc"),
        ("fine-tune smollm2 135m on a T4 and evaluate the adapter", "evaluate the adapter"),
        ("full finetune llama 3.1 8b on 8 H100. Then run mmlu and hellaswag on it", "run mmlu and hellaswag on it"),
    ],
)
def test_both_halves(text: str, second: str) -> None:
    found = steps_in(text)
    assert found is not None
    assert found.evaluation == second
    assert read(found.training).intent.task == "train"
    assert text.startswith(found.training)


@pytest.mark.parametrize(
    "text",
    [
        "lora llama3 on 2 A100s",
        "lora smollm2 135m on a T4 and evaluate every 100 steps",
        "lora llama3 on 2 A100s and evaluate after each epoch",
        "evaluate qwen3 8b on mmlu, then evaluate it on gsm8k",
        "lora llama3 on rows.jsonl and test.jsonl",
        "lora llama3, then evaluate qwen3 8b on mmlu",
        "lora llama3 on 2 A100s and test " + "x " * 1000,
    ],
)
def test_no_second_step(text: str) -> None:
    assert steps_in(text) is None


def test_evaluating_on_the_way_is_a_matter_of_the_training() -> None:
    assert read("lora smollm2 135m on a T4 and evaluate every 100 steps").intent.task == "train"
