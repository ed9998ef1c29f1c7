"""Plans: what fits says so on its upper bound, what was said stays, what cannot be is asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models, get_model
from assistant.core.errors import NeedsInputError
from assistant.core.intent import Intent
from assistant.core.units import GIB
from assistant.core.values import Plan
from assistant.planner.plan import make_plan

MODELS = [m.id for m in all_models()]
MACHINES = ["RTX4090", "2xA100", "8xA100-80GB", "2x8xH100", "4xT4", "8xMI300X", "m3-max:64GB", "cpu:64GB"]


def plan(model: str = "meta-llama/Llama-3.1-8B-Instruct", machine: str = "2xA100", **said: Any) -> Plan:
    spec = get_model(model)
    assert spec is not None
    return make_plan(Intent(task="train", model=model, **said), spec, parse_machine(machine)).plan


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(MODELS),
    st.sampled_from(MACHINES),
    st.sampled_from([None, "full", "lora", "qlora"]),
    st.sampled_from(["sft", "dpo", "kto", "grpo", "pretrain"]),
)
def test_what_holds_for_every_plan(model: str, machine: str, method: Any, objective: Any) -> None:
    try:
        made = plan(model, machine, method=method, objective=objective)
    except NeedsInputError:
        return
    assert made.fits == (made.memory.upper <= made.hardware.usable_gib * GIB)
    total = made.micro_batch_size * made.gradient_accumulation_steps * made.hardware.world
    assert made.global_batch_size == total
    assert made.gradient_accumulation_steps >= 1
    assert method in (None, made.method)
    assert all(reason.why for reason in made.decisions)
    if made.hardware.world == 1:
        assert made.sharding == "none"
    if made.method == "qlora":
        assert made.hardware.gpu.kind != "unified"
    if made.num_generations:
        assert total % made.num_generations == 0
    if not made.hardware.gpu.bf16 and made.method != "full" and made.hardware.gpu.is_cuda:
        assert (made.weights_dtype, made.mixed_precision) == ("float32", "FP16")
    assert plan(model, machine, method=method, objective=objective) == made


@pytest.mark.parametrize(
    ("model", "machine", "said", "wanted"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "2xA100", {}, {"method": "lora", "sharding": "ddp", "fits": True}),
        ("meta-llama/Llama-3.1-8B-Instruct", "RTX4090", {"method": "full"}, {"fits": False}),
        ("meta-llama/Llama-3.3-70B-Instruct", "8xA100", {"method": "lora"}, {"sharding": "fsdp", "fits": True}),
        ("meta-llama/Llama-3.3-70B-Instruct", "8xA100-80GB", {"method": "full"}, {"cpu_offload": True, "fits": True}),
        ("meta-llama/Llama-3.1-8B-Instruct", "4xA100", {"method": "full"}, {"cpu_offload": False, "fits": True}),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "T4", {}, {"method": "full", "precision": "fp16", "fits": True}),
        ("Qwen/Qwen2.5-7B-Instruct", "RTX3090", {"method": "qlora"}, {"precision": "bf16", "fits": True}),
        ("Qwen/Qwen2.5-1.5B-Instruct", "A100-80GB", {"objective": "dpo"}, {"trainer": "TRL_DPO", "fits": True}),
        ("google/gemma-3-4b-it", "m3-max:64GB", {}, {"method": "lora", "optimizer": "adamw_torch"}),
        ("meta-llama/Llama-3.1-8B-Instruct", "4xH100", {"sharding": "deepspeed"}, {"shard_strategy": "ZERO_2"}),
        ("meta-llama/Llama-3.1-8B-Instruct", "2xA100", {"global_batch_size": 12}, {"global_batch_size": 12}),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "A100", {"method": "lora"}, {"vision": True, "micro_batch_size": 1}),
    ],
)
def test_named_requests(model: str, machine: str, said: dict[str, Any], wanted: dict[str, Any]) -> None:
    made = plan(model, machine, **said)
    assert {key: getattr(made, key) for key in wanted} == wanted


@pytest.mark.parametrize(
    ("machine", "said", "field"),
    [
        ("8xA100", {"global_batch_size": 12}, "global_batch_size"),
        ("A100", {"sharding": "fsdp"}, "sharding"),
        ("A100", {"sequence_length": 200_000}, "sequence_length"),
        ("T4", {"precision": "bf16"}, "precision"),
        ("cpu", {"precision": "fp16"}, "precision"),
        ("m3-max:64GB", {"method": "qlora"}, "method"),
        ("A100", {"epochs": 0.5}, "epochs"),
        ("A100", {"objective": "kto", "micro_batch_size": 1}, "micro_batch_size"),
        ("A100", {"objective": "dpo", "dataset": "alpaca"}, "dataset"),
        ("A100", {"dataset": "nosuchset"}, "dataset"),
        ("A100-80GB", {"objective": "grpo", "dataset": "gsm8k", "method": "lora"}, "dataset"),
        ("A100", {"objective": "pretrain", "epochs": 2}, "max_steps"),
    ],
)
def test_what_is_asked_rather_than_changed(machine: str, said: dict[str, Any], field: str) -> None:
    with pytest.raises(NeedsInputError) as problem:
        plan(machine=machine, **said)
    assert problem.value.args[0].field == field


def test_a_fixed_choice_is_never_changed() -> None:
    made = plan("meta-llama/Llama-3.1-8B-Instruct", "RTX4090", method="lora", sequence_length=8192, micro_batch_size=4)
    assert (made.method, made.sequence_length, made.micro_batch_size) == ("lora", 8192, 4)
    assert not made.fits


def test_offload_needs_a_host_that_holds_it() -> None:
    assert not plan("meta-llama/Llama-3.1-405B-Instruct", "8xA100-80GB", method="full").fits


def test_qlora_on_what_bitsandbytes_runs_on() -> None:
    """The table of its README, 0.49: NVIDIA, AMD and CPUs; slow on Apple's GPUs."""
    amd = plan("meta-llama/Llama-3.1-70B-Instruct", "MI300X", method="qlora")
    assert amd.fits
    cpu = plan("Qwen/Qwen2.5-0.5B-Instruct", "cpu:32GB", method="qlora")
    assert cpu.fits
    assert cpu.weights_dtype == "float32"
    with pytest.raises(NeedsInputError, match="slow on M-series"):
        plan(machine="m3-max:64GB", method="qlora")


def test_qlora_is_not_chosen_where_it_gains_little() -> None:
    large = plan("meta-llama/Llama-3.1-405B-Instruct", "cpu:64GB")
    assert not large.fits
    assert large.method == "lora"


def test_packed_rows_end_after_the_steps_of_their_epochs() -> None:
    """Oumi counts no epochs of packed rows: 51,760 rows of 180 tokens make 2,275 sequences of 4,096."""
    packs = {"data.train.pack": True}
    once = plan(machine="A100-80GB", method="lora", dataset="yahma/alpaca-cleaned", sequence_length=4096, overrides=packs)
    twice = plan(machine="A100-80GB", method="lora", dataset="yahma/alpaca-cleaned", sequence_length=4096, epochs=2, overrides=packs)
    assert (once.epochs, once.max_steps) == (None, -(-2275 // once.global_batch_size))
    assert twice.max_steps == -(-4550 // twice.global_batch_size)
    assert once.time is not None
    assert once.time.steps == once.max_steps
    with pytest.raises(NeedsInputError, match="Packed rows have no epochs"):
        plan(method="lora", dataset="somebody/rows", overrides=packs)
    assert plan(method="lora", dataset="somebody/rows", max_steps=50, overrides=packs).max_steps == 50
