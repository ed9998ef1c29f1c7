"""Which of two models is better: no plan knows that, and no plan is shown for it."""

from __future__ import annotations

import pytest

from assistant.builder import respond
from assistant.builder.prose_answers import answer
from assistant.core.intent import Intent
from assistant.reader.asking import question_in

PLANNED = respond(Intent(task="train", model="meta-llama/Llama-3.1-8B-Instruct", method="lora", gpu="L40S", gpu_count=2))


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("is llama better than qwen?", "qwen"),
        ("is qwen smarter than llama", "qwen"),
        ("is llama 3.1 8b faster than qwen 2.5 14b?", "qwen 2.5 14b"),
        ("would gemma be better than llama?", "gemma"),
        ("does qwen beat llama?", "qwen"),
        ("should I use llama or qwen?", "qwen"),
        ("which is better, llama 3.1 8b or qwen 2.5 7b?", "qwen 2.5 7b"),
        ("llama or qwen?", "qwen"),
        ("llama vs qwen", "qwen"),
        ("can you compare llama and qwen?", "qwen"),
        ("how does llama compare to qwen?", "qwen"),
        ("is qwen 2.5 7b better?", "qwen 2.5 7b"),
        ("is mistral any good?", "mistral"),
        ("is the 70b worth it?", "70b"),
    ],
)
def test_two_models_are_compared_by_what_a_plan_knows(line: str, other: str) -> None:
    asking = question_in(line)
    assert asking is not None
    assert asking.topic == "better"
    text = answer(asking, PLANNED)
    assert "not known here" in text
    assert f'"what about {other}?"' in text


@pytest.mark.parametrize("line", ["which model is best?", "what is the best model for coding?", "which llm is better at math"])
def test_the_best_of_all_models_is_not_known(line: str) -> None:
    asking = question_in(line)
    assert asking is not None
    assert (asking.topic, asking.subject) == ("better", "model")
    assert "not known here" in answer(asking, PLANNED)


@pytest.mark.parametrize(
    "line",
    [
        "what about qwen 2.5 7b?", "is it better than nothing?", "is a 4090 better than an A100?", "is there a better model?", "is 4 gpus better than 2?", "use qwen instead",
        "lora llama or qwen", "fine-tune llama 3.1 8b and qwen 2.5 7b", "llama and qwen", "is llama 3.1 8b gated?", "should I use lora or full?", "llama 3.1 8b", "which model do you use?",
    ],
)  # fmt: skip
def test_what_compares_no_models(line: str) -> None:
    asking = question_in(line)
    assert asking is None or asking.topic != "better" or asking.subject == "lora"


def test_terms_are_compared_by_the_plan() -> None:
    asking = question_in("is lora better than full?")
    assert asking is not None
    assert "depends on the case" in answer(asking, PLANNED)
