"""The one question worth asking: which, in what order, and when none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistant.builder import respond
from assistant.chat.followups import best_follow_up, is_other
from assistant.chat.state import State
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Plan


def standing(**said: Any) -> State:
    intent = Intent.model_validate({"task": "train", "model": "meta-llama/Llama-3.1-8B-Instruct", "method": "lora", **said})
    outcome = respond(intent)
    return State(intent=intent, outcome=outcome, config=outcome)


def planned(**said: Any) -> Plan:
    outcome = standing(**said).outcome
    assert outcome is not None
    assert outcome.plan is not None
    return outcome.plan


def asked(state: State) -> str | None:
    found = best_follow_up(state, respond)
    return found.question.field if found else None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "hardware"),
        ({"gpu": "A100", "gpu_count": 2}, "gpu_memory_gb"),
        ({"gpu": "L40S", "gpu_count": 2}, "sequence_length"),
        ({"gpu": "L40S", "gpu_count": 1, "sequence_length": 8192, "epochs": 100}, "max_hours"),
    ],
)
def test_the_question_that_changes_most_comes_first(said: dict[str, Any], field: str) -> None:
    assert asked(standing(**said)) == field


@pytest.mark.parametrize(
    "said",
    [
        {"gpu": "L40S", "gpu_count": 8, "sequence_length": 2048, "epochs": 1},
        {"gpu": "L40S", "gpu_count": 1, "sequence_length": 8192, "epochs": 100, "max_hours": 1000},
        {"gpu": "L40S", "gpu_count": 1, "sequence_length": 8192, "epochs": 100, "max_dollars": 10000},
    ],
)
def test_nothing_is_asked_where_all_that_matters_was_said(said: dict[str, Any]) -> None:
    assert asked(standing(**said)) is None


def test_a_question_is_asked_once_and_three_are_the_most() -> None:
    state = standing()
    assert asked(replace(state, asked=frozenset({"hardware"}))) != "hardware"
    assert asked(replace(state, asked=frozenset({"a", "b", "c"}))) is None


def test_nothing_is_asked_before_a_plan_stands() -> None:
    assert asked(State()) is None


def test_nothing_is_asked_where_no_answer_changes_the_plan() -> None:
    state = standing(gpu="A100", gpu_count=2)

    def the_same(intent: Intent) -> Outcome | None:
        return state.config

    assert best_follow_up(state, the_same) is None


def test_the_machine_of_a_flag_is_not_asked() -> None:
    assert asked(replace(standing(), gpus="2xA100")) not in ("hardware", "gpu_memory_gb")


def test_the_first_answer_keeps_the_plan_and_the_others_can_be_planned() -> None:
    follow_up = best_follow_up(standing(), respond)
    assert follow_up is not None
    assert follow_up.answers[0][1] == {}
    assert follow_up.question.choices == tuple(choice for choice, _ in follow_up.answers)
    for _, values in follow_up.answers[1:]:
        assert respond(standing(**values).intent).plan is not None


def test_plans_differ_in_what_a_user_would_notice() -> None:
    one, same, other = (planned(gpu="L40S", gpu_count=2, sequence_length=length) for length in (4096, 4096, 8192))
    assert not is_other(one, same)
    assert is_other(one, other)
    assert not is_other(one, replace(one, seed=99))
