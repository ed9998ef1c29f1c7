"""What it takes to run a model is no question of what it takes to train it."""

from __future__ import annotations

import pytest

from assistant.answering import Setting, answer
from assistant.core.outcome import Outcome
from assistant.reader import read


def said(text: str) -> Outcome:
    return answer(read(text), text, Setting(gpus=None, offline=True))


@pytest.mark.parametrize(
    ("text", "kind", "gpu", "count"),
    [
        ("what gpu do i need to serve llama 3.3 70b?", "infer", "A100-80GB", 2),
        ("how many A100 80gb do I need to serve llama 3.3 70b", "infer", "A100-80GB", 2),
        ("which gpu for inference with qwen 3 32b", "infer", "A100-80GB", 1),
        ("what do i need to evaluate llama 3.3 70b on mmlu", "eval", "A100-80GB", 2),
        ("how many H100 to serve llama 3.1 405b?", "infer", "H100", 8),
    ],
)
def test_the_least_machine_that_runs_it(text: str, kind: str, gpu: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.answering.choose_machine", lambda *_: (None, ()))
    outcome = said(text)
    assert outcome.task_plan is not None
    assert outcome.task_plan.kind == kind
    assert outcome.hardware is not None
    assert (outcome.hardware.gpu.name, outcome.hardware.count) == (gpu, count)
    assert (outcome.status == "ok") is ("405b" not in text)
    assert not outcome.is_sizing


def test_what_it_takes_to_train_is_answered_as_before() -> None:
    assert said("what gpu do i need to lora llama 3.3 70b?").is_sizing


def test_the_largest_that_a_machine_serves_is_not_the_largest_that_it_trains() -> None:
    served, trained = said("biggest model I can serve on a 4090"), said("biggest model I can qlora on a 4090")
    assert (served.status, trained.status) == ("needs_input", "needs_input")
    assert not served.is_sizing
    assert served.questions[0].choices
    assert served.questions[0].choices != trained.questions[0].choices
    for name in served.questions[0].choices:
        assert said(f"serve {name} on a 4090").status == "ok"
