"""Which question is asked first, and when none is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistant.builder import respond
from assistant.builder.follow_up import best_follow_up, is_other
from assistant.core.intent import Intent
from assistant.core.values import Plan


def intent(**said: Any) -> Intent:
    return Intent.model_validate({"task": "train", "model": "meta-llama/Llama-3.1-8B-Instruct", "method": "lora", **said})


def planned(**said: Any) -> Plan:
    plan = respond(intent(**said)).plan
    assert plan is not None
    return plan


def field_asked(**said: Any) -> str | None:
    wanted = intent(**said)
    found = best_follow_up(wanted, respond(wanted), respond, asked=frozenset(), flagged_machine=False)
    return found.question.field if found else None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "hardware"),
        ({"gpu": "A100", "gpu_count": 2}, "gpu_memory_gb"),
        ({"gpu": "L40S", "gpu_count": 2}, "sequence_length"),
        ({"gpu": "L40S", "gpu_count": 1, "sequence_length": 8192, "epochs": 100}, "max_hours"),
        ({"gpu": "L40S", "gpu_count": 8, "sequence_length": 2048, "epochs": 1}, None),
        ({"gpu": "L40S", "gpu_count": 1, "sequence_length": 8192, "epochs": 100, "max_hours": 1000}, None),
        ({"gpu": "L40S", "gpu_count": 1, "sequence_length": 8192, "epochs": 100, "max_dollars": 10000}, None),
    ],
)
def test_the_question_that_changes_most_comes_first(said: dict[str, Any], field: str | None) -> None:
    assert field_asked(**said) == field


def test_plans_differ_in_what_a_user_would_notice() -> None:
    one, same, other = (planned(gpu="L40S", gpu_count=2, sequence_length=length) for length in (4096, 4096, 8192))
    assert not is_other(one, same)
    assert is_other(one, other)
    assert not is_other(one, replace(one, seed=99))
