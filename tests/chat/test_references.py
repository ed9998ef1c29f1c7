"""Words that point at what was said before, and words that point nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from said import BEFORE, CONTEXT, EMPTY, SAID

from assistant.chat.context import Context
from assistant.chat.references import bare_number, references


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("80GB ones", {"gpu": "A100-80GB"}),
        ("the 80 gb ones", {"gpu": "A100-80GB"}),
        ("4 of them", {"gpu_count": 4}),
        ("just one of those", {"gpu_count": 1}),
        ("another of them", {"gpu_count": 3}),
        ("one gpu is enough", {"gpu_count": 1}),
        ("a single card will do", {"gpu_count": 1}),
        ("use 4 cards", {"gpu_count": 4}),
        ("original learning rate", {"learning_rate": 1e-4}),
        ("the previous epochs", {"epochs": 2}),
        ("the first number of gpus", {"gpu_count": 4}),
        ("as before", {"epochs": 2}),
        ("put the lr back how it was", {"learning_rate": 1e-4}),
        ("what i had before", {"epochs": 2}),
    ],
)
def test_what_points_back(line: str, values: dict[str, Any]) -> None:
    assert references(line, CONTEXT).values == values


@pytest.mark.parametrize(
    "line",
    [
        "80 GB of disk", "rank 64", "the weather", "lr 1e-5", "it has 80 gb of ram", "what is an A100?", "batch 32", "the last epoch is bad", "the first dataset row",
        "my other model is bigger", "one question", "only one epoch", "one epoch is enough", "the last 3 epochs", "the first 100 rows of the data", "the last gpu is broken", "300 of them",
    ],
)  # fmt: skip
def test_what_points_nowhere(line: str) -> None:
    found = references(line, CONTEXT)
    assert (found.values, found.unsaid) == ({}, frozenset())


@pytest.mark.parametrize("line", ["80GB ones", "the previous epochs", "as before", "original learning rate", "4 of them"])
def test_nothing_is_pointed_at_before_anything_was_said(line: str) -> None:
    assert references(line, EMPTY).values == {}


def test_a_key_that_was_not_said_before_is_no_longer_said() -> None:
    former = BEFORE.model_copy(update={"lora_rank": None})
    context = Context(intent=SAID, past=((former, None),), changed=("lora_rank",))
    assert references("as before", context).unsaid == {"lora_rank"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("64", 64), ("2e-4", 2e-4), ("16k", 16000), ("make it 3", 3), ("no, make it 32", 32), ("two", 2), ("3 please", 3), ("1e-5", 1e-5),
        ("a", None), ("64 and 3", None), ("v2", None), ("", None), ("-1", None), ("5%", None), ("24/7", None), ("2024-01-01", None), ("make it 2 or 3", None),
    ],
)  # fmt: skip
def test_a_number_alone(text: str, number: float | None) -> None:
    assert bare_number(text) == number
