"""Other plans, candidates that fell, the least hardware, the largest model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models, get_model
from assistant.core.errors import NeedsInputError
from assistant.core.intent import Intent
from assistant.core.units import GIB
from assistant.planner.alternatives import alternatives
from assistant.planner.plan import make_plan
from assistant.planner.requirements import SIZES, largest_models, least_hardware, more_of_the_same

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
MODELS = [m.id for m in all_models() if not m.rough]
MACHINES = ["RTX4090", "2xA100", "8xA100-80GB", "4xT4", "8xMI300X"]


def planned(model: str, machine: str, **said: Any) -> Any:
    spec = get_model(model)
    assert spec is not None
    intent, hardware = Intent(task="train", model=model, **said), parse_machine(machine)
    return intent, spec, hardware, make_plan(intent, spec, hardware).plan


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MODELS), st.sampled_from(MACHINES), st.sampled_from([None, "full", "lora", "qlora"]))
def test_alternatives_fit_and_none_is_beaten_in_everything(model: str, machine: str, method: Any) -> None:
    try:
        intent, spec, hardware, plan = planned(model, machine, method=method)
    except NeedsInputError:
        return
    found = alternatives(intent, spec, hardware, plan)
    rank = {"qlora": 0, "lora": 1, "full": 2}
    for one in found:
        assert one.fits
        assert one.hardware == hardware
        for other in (*found, plan):
            if other is not one and one.time and other.time and one.time.hours and other.time.hours:
                better = (other.memory.upper < one.memory.upper, other.time.hours < one.time.hours)
                assert not (all(better) and rank[other.method] >= rank[one.method] and other.sequence_length >= one.sequence_length)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MODELS), st.sampled_from(MACHINES))
def test_every_fallen_candidate_has_a_reason(model: str, machine: str) -> None:
    try:
        plan = planned(model, machine)[3]
    except NeedsInputError:
        return
    assert all(r.why and r.value for r in plan.fallen)
    assert len({(r.field, r.value) for r in plan.fallen}) == len(plan.fallen)


def test_what_fell_fell_for_a_figure() -> None:
    plan = planned(LLAMA, "2xA100", method="lora")[3]
    fell = {r.value: r.why for r in plan.fallen}
    assert fell["keeping all activations"].startswith("does not fit: up to")
    assert "of the speed" in fell["FSDP"]


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_the_least_hardware_is_the_least(method: str) -> None:
    spec = get_model(LLAMA)
    assert spec is not None
    intent = Intent(task="train", model=LLAMA, method=method)
    found = least_hardware(intent, spec)
    assert found
    costs = [r.dollars for r in found if r.dollars]
    assert costs == sorted(costs)
    for need in found:
        assert need.plan.memory.upper <= need.machine.usable_gib * GIB
        place = SIZES.index((need.machine.count, need.machine.nodes))
        for count, nodes in SIZES[:place]:
            smaller = make_plan(intent, spec, replace(need.machine, count=count, nodes=nodes)).plan
            assert not smaller.fits or smaller.cpu_offload


def test_more_of_the_same() -> None:
    spec = get_model("meta-llama/Llama-3.3-70B-Instruct")
    assert spec is not None
    need = more_of_the_same(Intent(task="train", model=spec.id, method="full"), spec, parse_machine("8xH100"))
    assert need is not None
    assert need.machine.gpu.name == "H100"
    assert need.machine.world > 8
    assert more_of_the_same(Intent(task="train", model=spec.id), spec, parse_machine("m3-max:64GB")) is None


def test_the_largest_models_fit_and_larger_ones_of_their_family_do_not() -> None:
    machine = parse_machine("24GB")
    found = largest_models(Intent(task="train", method="lora"), machine)
    assert found
    assert [p.model.params_total for p in found] == sorted((p.model.params_total for p in found), reverse=True)
    first = found[0]
    for model in all_models():
        if model.params_total > first.model.params_total and model.instruct and not model.rough:
            assert not make_plan(Intent(task="train", model=model.id, method="lora"), model, machine).plan.fits
