from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from assistant.builder import respond
from assistant.builder.prose import explain
from assistant.builder.prose_answers import NO_PLAN, answer
from assistant.core.outcome import Outcome
from assistant.reader import read
from assistant.reader.asking import Asking, question_in

REQUESTS = [line for line in (Path(__file__).parents[1] / "golden" / "requests.txt").read_text().splitlines() if line]
LORA = "lora llama3 on 2 A100s"
NO_FIT = "full finetune llama 3.1 8b on a 4090"
OFFLOAD = "full finetune llama 3.3 70b on 8 H100"
GRPO = "grpo smollm2 360m with lora on a 3090"
QUESTIONS = (
    "why?", "why fsdp?", "why not fsdp?", "why that batch size?", "why accumulation?", "why lora?", "why not qlora?", "why checkpointing?",
    "why no checkpointing?", "why adamw?", "why not 8-bit adam?", "why that lr?", "why alpha?", "why that rank?", "why those target modules?",
    "why that sequence length?", "why bf16?", "why so much memory?", "why doesn't it fit?", "why liger?", "why not liger?", "why one epoch?",
    "why so slow?", "why that data?", "why that model?", "why that trainer?", "what is nf4?", "what does alpha do?", "what is the batch size?",
    "is lora better than full?", "what's the difference between lora and qlora?", "how long will it take?", "how much will it cost?",
    "how close is it?", "what would fit?", "what are you assuming?", "how do I run it?", "will it be good enough?",
)  # fmt: skip


@cache
def outcome_of(text: str) -> Outcome:
    reading = read(text)
    return respond(reading.intent, notes=reading.notes, conflicts=reading.conflicts, unread=reading.unread, request=text)


def asked(question: str, request: str) -> str:
    asking = question_in(question)
    assert asking is not None, question
    return answer(asking, outcome_of(request))


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.?])\s+(?=[A-Z])", text) if part]


@pytest.mark.parametrize("request_text", REQUESTS)
def test_an_explanation_is_a_few_sentences(request_text: str) -> None:
    text = explain(outcome_of(request_text))
    assert 2 <= len(sentences(text)) <= 6
    assert "  " not in text
    assert not re.search(r"!|\bNone\b|\.\.|,,|: :", text)
    assert text[0].isupper()
    assert text.endswith(".")
    assert all(one != other for one, other in pairwise(sentences(text)))


@pytest.mark.parametrize("request_text", [LORA, NO_FIT, OFFLOAD, GRPO, "full finetune qwen2.5 0.5b on cpu", "qlora mixtral 8x7b on 2 H100"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_gets_an_answer(request_text: str, question: str) -> None:
    text = asked(question, request_text)
    assert text
    assert text.endswith((".", "?"))
    assert not re.search(r"!|\bNone\b|\.\.|  ", text)


def figures(text: str) -> set[str]:
    return set(re.findall(r"\d[\d,]*(?:\.\d+)?", text))


def own_figures(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for one in value.values() for number in own_figures(one)]
    if isinstance(value, list):
        return [number for one in value for number in own_figures(one)]
    if isinstance(value, str):
        return [float(number.replace(",", "")) for number in figures(value)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


@pytest.mark.parametrize("request_text", REQUESTS)
def test_every_figure_is_the_plans_own(request_text: str) -> None:
    outcome = outcome_of(request_text)
    plan = outcome.plan
    assert plan is not None
    known = own_figures(outcome.to_json())
    known += [plan.trainable_params / 1e6, plan.trainable_params / 1e9, plan.model.params_total / 1e6, plan.model.params_total / 1e9]
    known += [100 * plan.trainable_params / plan.model.params_total, plan.hardware.world, plan.hardware.gpu.memory_gb]
    memory = plan.memory_json()["breakdown_gib"]
    known += [sum(memory[name] for name in names) for names in (("weights", "gradients", "optimizer"), ("weights", "optimizer"))]
    for figure in figures(re.sub(r"[\w.-]*[A-Za-z][\w.-]*\d[\w.-]*|\w*\d+x\w+", " ", explain(outcome))):
        places = len(figure.partition(".")[2])
        assert any(abs(round(number, places) - float(figure.replace(",", ""))) <= 10**-places for number in known), figure


def test_the_reason_and_the_other_road_are_named() -> None:
    assert asked("why ddp?", LORA) == (
        "DDP keeps a whole copy on each of the 2 GPUs, since one fits and splitting it would only add traffic. "
        "FSDP would fit (up to 30.44 GiB), but at 27% of the speed; FSDP with states in CPU memory is out: states in CPU memory are planned for full training only."
    )
    assert asked("why not fsdp?", LORA) == "FSDP would fit (up to 30.44 GiB), but at 27% of the speed."
    assert "keeping them would need up to 116.97 GiB" in asked("why checkpointing?", LORA)


def test_what_the_plan_does_not_know_is_said() -> None:
    assert asked("how long will it take?", GRPO).startswith("How long it takes is not known: GRPO spends most of its time")
    assert asked("how much will it cost?", GRPO) == "What it costs is not known: the length of the run is not known."
    assert asked("will it be good enough?", LORA).startswith("The plan cannot tell")


def test_what_would_fit_lists_the_ways_out() -> None:
    text = asked("what would fit?", NO_FIT)
    assert text.startswith("What would fit, smallest change first: LoRA instead of full training (up to 21.6 of 23.5 GiB)")
    assert "4xRTX4090" in text


def test_without_a_plan_words_are_still_explained() -> None:
    term, why = question_in("what is nf4?"), question_in("why?")
    assert term is not None
    assert why is not None
    assert answer(term, None).startswith("A 4-bit number format")
    assert answer(why, None) == NO_PLAN


def test_the_explanation_of_an_outcome_is_the_prose() -> None:
    assert outcome_of(LORA).explanation == explain(outcome_of(LORA))
    assert outcome_of(NO_FIT).explanation == explain(outcome_of(NO_FIT))


def test_a_model_so_small_that_nothing_of_it_counts_is_explained_too() -> None:
    from dataclasses import replace

    from assistant.core.values import Estimate
    from assistant.llm.facts import facts_text, plan_facts

    outcome = respond(read("lora smollm2 135m on an A100").intent)
    assert outcome.plan is not None
    tiny = replace(outcome, plan=replace(outcome.plan, memory=Estimate(parts={"weights": 1e6, "overhead": 1e6}, upper=3e6, phase="backward")))
    assert "It fits" in explain(tiny)
    for subject in ("memory", "does_not_fit", "gradient_checkpointing", "sharding"):
        assert isinstance(answer(Asking(topic="why", subject=subject, text="why?"), tiny), str)
        assert isinstance(answer(Asking(topic="memory", subject=subject, text="how much?"), tiny), str)
    assert facts_text(plan_facts(tiny))
