"""What a plan says of runs that go on, of files that are addresses, and of weights that start at random."""

from __future__ import annotations

import pytest

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.core.outcome import Outcome
from assistant.planner.defaults import FROM_SCRATCH
from assistant.reader import read


def answer(text: str) -> Outcome:
    reading = read(text)
    return respond(reading.intent, notes=reading.notes, machine=parse_machine("8xH100"), exists=lambda _: False)


def messages(outcome: Outcome, rule: str) -> list[str]:
    return [f.message for f in outcome.findings if f.rule == rule]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("continue training from output/checkpoint-500 of qwen3 4b lora for 2 more epochs on alpaca", "ends after 2 epochs in all"),
        ("resume my last run of qwen3 4b lora on alpaca, 1 epoch", "ends after 1 epoch in all"),
        ("resume from out/checkpoint-9 of qwen3 4b lora on alpaca, 300 steps", "ends after 300 steps in all"),
    ],
)
def test_a_resumed_run_counts_from_its_first_start(text: str, words: str) -> None:
    assert words in messages(answer(text), "TRN070")[0]


def test_a_new_run_has_nothing_to_count_on() -> None:
    assert not messages(answer("lora qwen3 4b on alpaca for 2 epochs"), "TRN070")


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("lora qwen3 4b on s3://bucket/data.jsonl", "DAT002", "reads no s3:// addresses"),
        ("lora qwen3 4b on data/train.jsonl", "DAT002", "is not on this machine"),
        ("kto qwen3 4b on gs://bucket/prefs.parquet", "DAT002", "it is an address"),
    ],
)
def test_an_address_is_no_file(text: str, rule: str, words: str) -> None:
    assert words in messages(answer(text), rule)[0]


@pytest.mark.parametrize(("text", "rate"), [("pretrain gpt2 from scratch on fineweb-edu for 100 steps", 6e-4), ("pretrain gpt2 on fineweb-edu for 100 steps", 2e-5)])
def test_random_weights_take_another_learning_rate_than_published_ones(text: str, rate: float) -> None:
    plan = answer(text).plan
    assert plan is not None
    assert plan.learning_rate == rate


def test_the_rates_of_random_weights_fall_with_size() -> None:
    assert [rate.value for _, rate in FROM_SCRATCH] == sorted((rate.value for _, rate in FROM_SCRATCH), reverse=True)
    assert FROM_SCRATCH[-1][0] == float("inf")
