"""Changes against what stands, and lines that look like one and are none."""

from __future__ import annotations

from typing import Any

import pytest
from said import CONTEXT, EMPTY, EVALUATION

from assistant.chat.context import Context
from assistant.chat.relative import count_of, factor_of, relative
from assistant.core.intent import Intent


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("double the context", {"sequence_length": 8192}),
        ("context twice as long", {"sequence_length": 8192}),
        ("quadruple the context", {"sequence_length": 16384}),
        ("increase context by 50%", {"sequence_length": 6144}),
        ("duplica el contexto", {"sequence_length": 8192}),
        ("half the learning rate", {"learning_rate": 1e-4}),
        ("10x lower learning rate", {"learning_rate": 2e-5}),
        ("lr ten times smaller", {"learning_rate": 2e-5}),
        ("20% lower lr", {"learning_rate": 1.6e-4}),
        ("lr 3x", {"learning_rate": 6e-4}),
        ("bump lr up to 3e-4", {"learning_rate": 3e-4}),
        ("cut the rank to a quarter", {"lora_rank": 4}),
        ("raise the rank by 16", {"lora_rank": 32}),
        ("alpha should be twice the rank", {"lora_alpha": 32}),
        ("alpha = rank", {"lora_alpha": 16}),
        ("one more epoch", {"epochs": 5}),
        ("1 less epoch", {"epochs": 3}),
        ("two fewer epochs", {"epochs": 2}),
        ("triple the epochs", {"epochs": 12}),
        ("50% more epochs", {"epochs": 6}),
        ("a quarter of the epochs", {"epochs": 1}),
        ("epochs from 4 to 2", {"epochs": 2}),
        ("halve it", {"epochs": 2}),
        ("double that please", {"epochs": 8}),
        ("train longer", {"epochs": 8}),
        ("twice as many gpus", {"gpu_count": 4}),
        ("two more gpus", {"gpu_count": 4}),
        ("an extra node", {"nodes": 2}),
        ("double the budget", {"max_dollars": 100}),
    ],
)
def test_a_change_against_what_stands(line: str, values: dict[str, Any]) -> None:
    assert relative(line, CONTEXT).values == {key: pytest.approx(value) for key, value in values.items()}


@pytest.mark.parametrize(
    "line",
    [
        "what does double descent mean?", "a half finished file", "use the second dataset", "rank 64", "lr 2e-4", "epochs 3", "context 8k", "llama 3.1 8b on 4 A100s",
        "data half.jsonl", "save to out/double", "thanks a lot", "the run was twice interrupted", "one question", "more about fsdp please",
        "the third gpu is broken", "the tenth epoch", "half precision", "double-check the config", "no more epochs", "not twice the context", "don't double the batch",
        "4x A100", "2x24GB", "one more thing: seed 3", "I have two more questions", "more memory efficient", "longer rows are cut", "in half an hour", "8 times",
    ],
)  # fmt: skip
def test_what_is_no_relative_change(line: str) -> None:
    found = relative(line, CONTEXT)
    assert (found.values, found.missing) == ({}, ())


@pytest.mark.parametrize(
    ("line", "context", "missing"),
    [
        ("double the epochs", EMPTY, "epochs"),
        ("500 more steps", CONTEXT, "max_steps"),
        ("raise the limit by 5", CONTEXT, "limit"),
        ("double the warmup steps", Context(intent=Intent(task="train")), "training.warmup_steps"),
    ],
)
def test_what_does_not_stand_is_named(line: str, context: Context, missing: str) -> None:
    found = relative(line, context)
    assert found.values == {}
    assert found.missing == (missing,)


def test_a_run_of_steps_is_made_longer_by_its_steps() -> None:
    steps = Context(intent=Intent(task="train", max_steps=100))
    assert relative("double the epochs", steps).values == {"max_steps": 200}
    assert relative("one more epoch", steps).values == {}


@pytest.mark.parametrize(
    ("line", "key", "stands", "left"),
    [("cut epochs by 5", "epochs", 4, -1), ("three fewer gpus", "gpu_count", 2, -1), ("two fewer gpus", "gpu_count", 2, 0), ("drop the rank by 16", "lora_rank", 16, 0)],
)
def test_a_change_below_one_is_no_change(line: str, key: str, stands: float, left: float) -> None:
    found = relative(line, CONTEXT)
    assert found.values == {}
    assert found.beyond == ((key, stands, left),)


def test_samples_are_counted_in_an_evaluation_alone() -> None:
    assert relative("100 more samples", EVALUATION).values == {"limit": 200}
    assert relative("100 more samples", CONTEXT).values == {}


@pytest.mark.parametrize(
    ("words", "factor"),
    [("double", 2), ("twice", 2), ("triple", 3), ("half", 0.5), ("a quarter", 0.25), ("a third", 1 / 3), ("3x", 3), ("ten times", 10), ("banana", None), ("", None)],
)
def test_factors_in_words(words: str, factor: float | None) -> None:
    assert factor_of(words) == (None if factor is None else pytest.approx(factor))


@pytest.mark.parametrize(
    ("words", "count"),
    [("two", 2), ("3", 3), ("one", 1), ("a couple of", 2), ("1,000", 1000), ("2k", 2000), ("several", None), ("x", None), ("", None)],
)
def test_counts_in_words(words: str, count: float | None) -> None:
    assert count_of(words) == count
