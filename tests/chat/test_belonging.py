"""What a task has no use for is named, with what to do instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import Talk

from assistant.chat.belonging import foreign_keys

EVALUATION = "evaluate qwen3 8b on gsm8k on an A100"
TRAINING = "lora qwen3 8b on an A100"
SERVING = "serve qwen3 8b with vllm on an A100"
QUANTIZING = "quantize qwen3 8b on an A100"


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    return Talk(capsys)


@pytest.mark.parametrize(
    ("first", "line", "told"),
    [
        (EVALUATION, "rank 32", "An evaluation has no LoRA rank"),
        (EVALUATION, "alpha 8", "An evaluation has no LoRA alpha"),
        (EVALUATION, "3 epochs", "An evaluation has no number of epochs"),
        (EVALUATION, "500 steps", "An evaluation has no number of steps"),
        (EVALUATION, "lr 1e-4", "An evaluation has no learning rate"),
        (EVALUATION, "budget 20 dollars", "An evaluation has no budget"),
        (EVALUATION, "fsdp", "An evaluation has no sharding"),
        (EVALUATION, "seed 7", "An evaluation has no seed"),
        (EVALUATION, "bf16", "An evaluation has no precision"),
        (SERVING, "rank 32", "An inference has no LoRA rank"),
        (SERVING, "5 shots", "An inference has no number of shots"),
        (QUANTIZING, "rank 32", "A quantization has no LoRA rank"),
        (TRAINING, "5-shot", "A training has no number of shots"),
        (TRAINING, "limit 100", "A training has no number of samples"),
        (TRAINING, "limit of 100", "A training has no number of samples"),
    ],
)
def test_what_does_not_belong_is_named(first: str, line: str, told: str, talk: Talk) -> None:
    talk.say(first)
    config = talk.state.config
    said = talk.say(line)
    assert told in said
    assert "evaluate it" in said.lower() or "train it" in said.lower()
    assert "No change" not in said
    assert told in talk.say(line)  # nor is it without a reason the second time
    assert config is not None
    assert talk.state.config is not None
    assert talk.state.config.files[0].yaml.splitlines()[1:] == config.files[0].yaml.splitlines()[1:]


def test_it_is_kept_for_the_task_that_has_it(talk: Talk) -> None:
    talk.say(EVALUATION, "rank 32", "train it")
    assert talk.state.config is not None
    assert talk.state.config.plan is not None
    assert talk.state.config.plan.lora_rank == 32


def test_a_part_that_belongs_is_taken_and_the_rest_named(talk: Talk) -> None:
    talk.say(EVALUATION)
    both = talk.say("3 epochs and 3 shots")
    assert "An evaluation has no number of epochs" in both
    assert "num_fewshot" in both


def test_a_what_if_says_why_it_would_be_the_same(talk: Talk) -> None:
    talk.say(EVALUATION)
    told = talk.say("what about rank 8?")
    assert "the same plan" in told
    assert "An evaluation has no LoRA rank" in told
    assert "kept" not in told


def test_a_field_of_another_kind_is_told_its_kind(talk: Talk) -> None:
    talk.say(TRAINING)
    assert "field of eval and infer configs" in talk.say("generation.temperature=0.2")


def test_what_a_task_has_is_never_foreign() -> None:
    assert foreign_keys("train", ("lora_rank", "epochs", "sharding", "max_dollars")) == ()
    assert foreign_keys(None, ("lora_rank",)) == ()
    assert foreign_keys("tune", ("epochs", "limit")) == ("limit",)
    assert foreign_keys("evaluate", ("benchmarks", "num_fewshot", "limit", "engine", "micro_batch_size")) == ()
    assert foreign_keys("evaluate", ("seed", "dataset", "precision")) == ("seed", "dataset", "precision")
    assert foreign_keys("quantize", ("method", "lora_rank")) == ("lora_rank",)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["full qwen3 8b on 2 H100-80GB with rank 8"], "full fine-tuning trains no adapters, and lora rank was said"),
        (["lora qwen3 8b on an A100, 300 steps and 2 epochs"], "300 steps end the run, and 2 epochs were said"),
        (["lora qwen3 8b on an A100", "max 300 steps and 2 epochs"], "300 steps end the run, and 2 epochs were said"),
        ([SERVING, "batch size 64"], "this engine and these files have no place for global batch size"),
        (["serve gpt-4o on 2 A100s"], "behind an API, which has no gpu and gpu count"),
        (["lora qwen3 8b on an A100, 5-shot"], "A training has no number of shots: kept for an evaluation"),
    ],
)
def test_what_is_said_in_vain_is_told_as_in_one_shot(lines: list[str], told: str, talk: Talk) -> None:
    assert told in " ".join(talk.say(*lines).split())


def test_what_was_said_for_a_task_before_is_not_said_in_vain_for_this_one(talk: Talk) -> None:
    shown = talk.say("lora qwen3 8b on an A100, seed 7, save to out/mine, rank 8", "serve it with vllm")
    assert "left out" not in shown
    assert talk.state.config is not None
    assert "REQ008" not in {finding.rule for finding in talk.state.config.findings}


def test_a_warning_is_told_once_and_not_with_each_line(talk: Talk) -> None:
    talk.say("lora qwen3 8b on an A100", "max 300 steps and 2 epochs")
    assert "end the run" not in talk.say("rank 8")
