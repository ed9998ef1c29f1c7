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
    assert found.later == (second,)
    assert read(found.training).intent.task == "train"
    assert text.startswith(found.training)


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("lora qwen3 8b on 2 A100s, then evaluate it on mmlu and serve it with vllm", ("evaluate it on mmlu", "serve it with vllm")),
        ("lora qwen3 8b on 2 A100s, evaluate it on mmlu, serve it on gcp", ("evaluate it on mmlu", "serve it on gcp")),
        ("lora qwen3 8b, then serve it", ("serve it",)),
        ("lora qwen3 8b then answer q.jsonl with it", ("answer q.jsonl with it",)),
        ("lora qwen3 8b, then evaluate it on mmlu and gsm8k, 5-shot, limit 100, then chat with it", ("evaluate it on mmlu and gsm8k, 5-shot, limit 100", "chat with it")),
    ],
)
def test_every_step(text: str, later: tuple[str, ...]) -> None:
    found = steps_in(text)
    assert found is not None
    assert found.later == later


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("grpo qwen2.5 7b on 8 H100, evaluate on gsm8k", ("evaluate on gsm8k",)),
        ("lora qwen3 8b on A100, evaluate on gsm8k, then run inference", ("evaluate on gsm8k", "run inference")),
        ("qlora llama 3.1 8b on an A100-80GB then evaluate and infer", ("evaluate", "infer")),
        ("lora qwen3 8b, evaluate on gsm8k, then answer q.jsonl", ("evaluate on gsm8k", "answer q.jsonl")),
        ("full fine-tune acme/foo-7b on 8xA100, eval mmlu, infer", ("eval mmlu", "infer")),
    ],
)
def test_steps_that_do_not_name_the_result(text: str, later: tuple[str, ...]) -> None:
    found = steps_in(text)
    assert found is not None
    assert found.later == later


@pytest.mark.parametrize(
    ("text", "task", "named"),
    [
        ("dpo on llama 3.1 8b with 4xA100, then quantize it", "train", "quantize it"),
        ("kto qwen3 4b and quantize the result", "train", "quantize the result"),
        ("evaluate llama 3.1 8b on mmlu then lora fine-tune it on gcp", "evaluate", "lora fine-tune it on gcp"),
        ("quantize llama 3.1 70b with awq then chat with it", "quantize", "chat with it"),
        ("quantize my dpo model ./out/dpo to 4 bit", "quantize", ""),
    ],
)
def test_what_comes_after_the_first_step_is_named(text: str, task: str, named: str) -> None:
    found = read(text)
    assert found.intent.task == task
    assert named in " ".join(found.unread)


def test_what_a_step_says() -> None:
    found = steps_in("lora qwen3 8b on 2 A100s, then answer q.jsonl with it and evaluate it on gpqa with 5 shots on gcp")
    assert found is not None
    reading = found.after(read(found.training))
    assert [(step.intent.task, step.intent.dataset) for step in reading.later] == [("infer", "q.jsonl"), ("evaluate", None)]
    assert reading.intent.cloud == "gcp", "where a step runs, all of it runs"


def test_a_step_that_cannot_be_planned_stays_with_the_training() -> None:
    found = steps_in("lora qwen3 8b on 2 A100s, then evaluate it on mmlu and quantize it, and serve gemma 3 4b")
    assert found is not None
    reading = found.after(read(found.training))
    assert [step.intent.task for step in reading.later] == ["evaluate", "quantize"]
    assert any("serve gemma 3 4b" in piece for piece in reading.unread)


@pytest.mark.parametrize(
    "text",
    [
        "sft llama 3.1 8b to answer questions about law",
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


@pytest.mark.parametrize(
    ("text", "task", "model"),
    [
        ("lora qwen3 8b on 2 A100s, then quantize it", "quantize", None),
        ("full fine-tune qwen3 8b on 8 H100s and quantize the result to 4 bit", "quantize", None),
        ("lora qwen3 8b on 2 A100s, then quantize to 8 bit", "quantize", None),
        ("lora qwen3 8b on 2 A100s, then judge it", "judge", None),
        ("lora qwen3 8b on 2 A100s, then judge the answers with gpt-4o", "judge", "gpt-4o"),
        ("lora qwen3 8b on 2 A100s and judge its answers with gpt-4o for helpfulness", "judge", "gpt-4o"),
    ],
)
def test_a_quantization_or_a_judge_can_be_the_step(text: str, task: str, model: str | None) -> None:
    found = steps_in(text)
    assert found is not None
    (step,) = found.after(read(found.training)).later
    assert (step.intent.task, step.intent.model) == (task, model)


@pytest.mark.parametrize("text", ["qlora qwen3 8b to judge essays", "lora qwen3 8b on 2 A100s and judge from the loss when to stop", "qlora qwen3 8b, quantized to 4 bits"])
def test_what_the_model_is_for_is_no_step(text: str) -> None:
    assert steps_in(text) is None
