"""What a line takes back, and lines that take nothing back."""

from __future__ import annotations

from typing import Any

import pytest
from said import CONTEXT, EVALUATION, SAID

from assistant.chat.context import Context
from assistant.chat.removal import named_benchmarks, removal
from assistant.core.intent import Intent


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("forget the budget", {"max_dollars"}),
        ("no budget limit anymore", {"max_dollars"}),
        ("money is no object", {"max_dollars"}),
        ("drop the seed", {"seed"}),
        ("drop the seed and the rank", {"seed", "lora_rank"}),
        ("forget the budget, the seed and the alpha", {"max_dollars", "seed", "lora_alpha"}),
        ("I want to drop the seed", {"seed"}),
        ("never mind the learning rate", {"learning_rate"}),
        ("default learning rate", {"learning_rate"}),
        ("learning rate back to default", {"learning_rate"}),
        ("leave the rank to you", {"lora_rank"}),
        ("pick the rank for me", {"lora_rank"}),
        ("remove the dataset", {"dataset"}),
        ("remove the gpu", {"gpu", "gpu_count"}),
    ],
)
def test_what_is_taken_back(line: str, keys: set[str]) -> None:
    assert removal(line, CONTEXT).keys == keys


@pytest.mark.parametrize(
    "line",
    [
        "rank 64", "don't stop", "lr 1e-5", "the budget is $80", "use another dataset: b.jsonl", "set the seed to 3", "I forgot to say: 2 epochs", "drop me a line",
        "never mind", "remove", "don't forget the seed", "never drop the seed", "reset the seed to 3", "drop the lr to 1e-5", "drop lr by half", "lower the budget",
        "delete the last column of the data", "the seed is lost", "remove duplicates from the data", "skip the first row", "no time limit", "ignore the warnings", "drop it",
    ],
)  # fmt: skip
def test_what_takes_nothing_back(line: str) -> None:
    assert removal(line, CONTEXT).is_empty


def test_an_undone_key_is_as_it_was_said_before() -> None:
    found = removal("undo the learning rate", CONTEXT)
    assert (found.back, found.keys) == ({"learning_rate": 1e-4}, frozenset())


def test_an_override_goes_by_a_word_of_its_name() -> None:
    overridden: dict[str, Any] = {"training.warmup_steps": 10, "training.weight_decay": 0.1}
    context = Context(intent=SAID.model_copy(update={"overrides": overridden}))
    assert removal("remove the warmup", context).paths == {"training.warmup_steps"}
    assert removal("drop all overrides", context).paths == set(overridden)
    assert removal("drop the training", context).paths == set()  # two of them hold the word


@pytest.mark.parametrize(
    ("line", "left"),
    [("drop mmlu", ("gsm8k",)), ("without gsm8k", ("mmlu",)), ("no mmlu please", ("gsm8k",))],
)
def test_a_benchmark_is_dropped_from_those_that_stand(line: str, left: tuple[str, ...]) -> None:
    assert removal(line, EVALUATION).benchmarks == left


@pytest.mark.parametrize("line", ["drop hellaswag", "add hellaswag", "mmlu only", "drop"])
def test_benchmarks_that_do_not_stand_are_not_dropped(line: str) -> None:
    assert removal(line, EVALUATION).benchmarks is None


def test_what_was_taken_back_is_cut_from_the_rest() -> None:
    assert removal("forget the budget, rank 64", CONTEXT).rest.split() == [",", "rank", "64"]


def test_benchmarks_by_name() -> None:
    assert named_benchmarks("mmlu pro and gsm-8k") == ["leaderboard_mmlu_pro", "gsm8k"]
    assert named_benchmarks("a benchmark") == []


def test_an_empty_conversation_has_nothing_to_take_back() -> None:
    assert removal("forget the budget and the seed", Context(intent=Intent())).is_empty
