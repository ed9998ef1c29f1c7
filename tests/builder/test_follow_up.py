"""What is worth asking, and where a run costs least: found from a plan, with nothing of a conversation."""

from __future__ import annotations

import pytest

from assistant.builder import respond
from assistant.builder.cheapest import find_cheapest
from assistant.builder.follow_up import best_follow_up
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import get_model
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import ModelSpec, Reason
from assistant.reader import read


def resolve(name: str) -> tuple[ModelSpec | None, tuple[Reason, ...]]:
    return get_model(name), ()


def planned(text: str) -> Outcome:
    reading = read(text)
    return respond(reading.intent, machine=None, notes=reading.notes, request=text)


def asked_about(text: str, asked: frozenset[str] = frozenset(), *, flagged: bool = False) -> str | None:
    outcome = planned(text)
    found = best_follow_up(outcome.intent, outcome, lambda intent: respond(intent, machine=None), asked=asked, flagged_machine=flagged)
    return found.question.field if found else None


def test_the_memory_of_a_gpu_is_asked_where_it_changes_the_plan() -> None:
    assert asked_about("lora llama 3.1 8b on 2 A100s") == "gpu_memory_gb"
    assert asked_about("lora llama 3.1 8b on 2 A100-80GB") != "gpu_memory_gb"


def test_nothing_is_asked_twice_nor_what_a_flag_says_nor_more_than_three_times() -> None:
    text = "lora llama 3.1 8b on 2 A100s"
    assert asked_about(text, frozenset({"gpu_memory_gb"})) != "gpu_memory_gb"
    assert asked_about(text, flagged=True) != "gpu_memory_gb"
    assert asked_about(text, frozenset({"a", "b", "c"})) is None


def test_an_answer_that_leaves_the_plan_as_it_is_is_no_question() -> None:
    outcome = planned("lora llama 3.1 8b on 2 A100s")
    assert best_follow_up(outcome.intent, outcome, lambda _: outcome, asked=frozenset(), flagged_machine=False) is None


def test_every_first_answer_keeps_the_plan() -> None:
    outcome = planned("lora llama 3.1 8b on 2 A100s")
    found = best_follow_up(outcome.intent, outcome, lambda intent: respond(intent, machine=None), asked=frozenset(), flagged_machine=False)
    assert found is not None
    assert found.answers[0][1] == {}
    assert found.question.choices == tuple(choice for choice, _ in found.answers)


def test_the_cheapest_machine_costs_less_than_what_stands() -> None:
    outcome = planned("lora llama 3.1 8b on 8 H100s with alpaca")
    found = find_cheapest(outcome.intent, outcome, resolve)
    assert found.machine is not None
    assert found.dollars is not None
    assert found.now_dollars is not None
    assert found.dollars < found.now_dollars
    assert f"${found.dollars:,.2f} instead of ${found.now_dollars:,.2f}" in found.why
    there = respond(outcome.intent.model_copy(update={"gpu": None, "gpu_count": None}), machine=found.machine)
    again = find_cheapest(there.intent, there, resolve)
    assert again.machine is None
    assert again.why.startswith("nothing in the price list")


def test_what_is_no_training_has_no_price_to_compare() -> None:
    outcome = respond(Intent(task="evaluate", model="Qwen/Qwen3-8B", benchmarks=["mmlu"]), machine=parse_machine("1xA100"))
    with pytest.raises(UsageError, match="Only trainings"):
        find_cheapest(outcome.intent, outcome, resolve)
