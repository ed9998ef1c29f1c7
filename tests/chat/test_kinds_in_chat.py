"""Conversations about the other kinds: what was said stays through the turns, and goes with the task that it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import Talk


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_training_is_quantized_and_the_scheme_changes(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    assert "AWQ, 4 bits" in talk.say("full finetune smollm2 135m on an A100", "now quantize it")
    assert "8 bits" in talk.say("8 bit")
    assert "NF4" in talk.say("4 bit instead")
    talk.say("now train it with lora")
    assert talk.state.intent.task == "train"
    assert talk.state.outcome is not None
    assert talk.state.outcome.status == "ok"


def test_a_search_grows_and_ends_in_a_training(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    talk.say("lora hyperparameter search for smollm2 360m, 15 trials", "make it 40 trials")
    assert (talk.state.intent.overrides or {}) == {"tuning.n_trials": 40}
    assert "warmup ratio 0 to 0.1" in talk.say("also over the warmup ratio")
    talk.say("do one ordinary training run with rank 16")
    assert talk.state.intent.task == "train"
    assert not talk.state.intent.overrides


def test_a_judge_keeps_its_criterion_while_the_model_changes(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    talk.say("grade the replies in out/replies.jsonl for helpfulness")
    assert "helpfulness" in talk.say("gpt-5-mini as the judge")
    assert "safety" in talk.say("rather for safety")
    assert "1 to 10" in talk.say("from 1 to 10")
    assert "safety" in talk.say("with qwen3 8b on an L4")
    assert talk.state.intent.overrides is None
    shown = talk.say("now evaluate qwen3 0.6b on mmlu")
    assert "criterion" not in shown


def test_rows_of_a_synthesis_change_by_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    talk.say("generate 300 synthetic q&a pairs from docs/returns.md using gpt-4o-mini")
    assert "300 conversations" in talk.say("conversations instead")
    talk.say("gpt-4.1-mini rather")
    assert talk.state.intent.model == "gpt-4.1-mini"
    assert talk.state.intent.overrides == {"num_samples": 300}


def test_the_file_of_a_function_is_asked_for_and_taken(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    assert "Which Python file registers my_eval?" in talk.say("evaluate qwen3 0.6b with my function my_eval")
    assert "evals.py registers it" in talk.say("it is in evals.py")
    assert talk.state.intent.benchmarks == ["my_eval"]
