"""Fields of existing configs that decide the verdict, read as Oumi 0.9 reads them."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.builder.existing import machine_of_job, plan_of_config
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import get_model
from assistant.core.errors import UsageError
from assistant.core.units import gib
from assistant.core.values import Plan

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


def plan(machine: str = "8xA100-80GB", **sections: Any) -> Plan:
    model = get_model(LLAMA)
    assert model is not None
    training = {"trainer_type": "TRL_SFT", "per_device_train_batch_size": 1, "enable_gradient_checkpointing": True, **sections.pop("training", {})}
    body = {"model": {"model_name": LLAMA, "model_max_length": 2048, "torch_dtype_str": "bfloat16"}, "training": training, **sections}
    return plan_of_config(body, model, parse_machine(machine))


def upper(**sections: Any) -> float:
    return gib(plan(**sections).memory.upper)


def test_deepspeed_without_a_stage_shards_nothing() -> None:
    assert upper(deepspeed={"enable_deepspeed": True}) == upper()
    assert upper(deepspeed={"enable_deepspeed": True, "zero_stage": "ZERO_3"}) < 0.6 * upper()


def test_shard_grad_op_keeps_whole_weights() -> None:
    full = upper(fsdp={"enable_fsdp": True, "sharding_strategy": "FULL_SHARD"})
    gathered = upper(fsdp={"enable_fsdp": True, "sharding_strategy": "SHARD_GRAD_OP"})
    assert gathered > full + 10


def test_modules_that_train_whole_are_counted() -> None:
    lora = {"training": {"use_peft": True}, "peft": {"lora_r": 8}}
    saved = {"training": {"use_peft": True}, "peft": {"lora_r": 8, "lora_modules_to_save": ["embed_tokens", "lm_head"]}}
    ends = 2 * 128_256 * 4096
    assert upper(machine="1xA100-80GB", **saved) - upper(machine="1xA100-80GB", **lora) > 6 * ends / 2**30


@pytest.mark.parametrize("sections", [{"fsdp": {"enable_fsdp": True}}, {"deepspeed": {"enable_deepspeed": True, "zero_stage": "ZERO_3"}}])
def test_sharded_qlora_is_an_error(sections: dict[str, Any]) -> None:
    found = plan(training={"use_peft": True}, peft={"q_lora": True}, **sections)
    assert [f.severity for f in found.findings if f.path == "peft.q_lora"] == ["error"]


def test_offload_that_is_not_counted_is_said() -> None:
    found = plan(deepspeed={"enable_deepspeed": True, "zero_stage": "ZERO_3", "offload_optimizer": {"device": "cpu"}})
    assert any(f.path == "deepspeed.offload_optimizer" for f in found.findings)


@pytest.mark.parametrize(
    "sections",
    [
        {"training": {"per_device_train_batch_size": 10**46}},
        {"training": {"use_peft": True}, "peft": {"lora_r": 0}},
        {"training": {"use_peft": True}, "peft": {"lora_target_modules": [["q_proj"]]}},
    ],
)
def test_what_cannot_be_is_refused(sections: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        plan(**sections)


def test_the_reference_of_dpo_is_held_as_it_is_loaded() -> None:
    def beside(kwargs: dict[str, Any]) -> float:
        return upper(training={"trainer_type": "TRL_DPO", "trainer_kwargs": kwargs})

    assert beside({}) - beside({"model_init_kwargs": {"dtype": "bfloat16"}}) > 14


@pytest.mark.parametrize(
    ("resources", "name", "count"),
    [
        ({"accelerators": ["H100:8", "A100:8"]}, "A100", 8),
        ({"accelerators": {"A100": 4, "H100": 8}}, "A100", 4),
        ({"accelerators": {"A100": None}}, "A100", 1),
        ({"any_of": [{"accelerators": "H100:8"}, {"accelerators": "L4:8"}]}, "L4", 8),
        ({"ordered": [{"accelerators": {"H100": 8}}]}, "H100", 8),
    ],
)
def test_the_smallest_machine_that_a_job_may_get(resources: dict[str, Any], name: str, count: int) -> None:
    machine = machine_of_job({"resources": resources})
    assert machine is not None
    assert (machine.gpu.name, machine.count) == (name, count)


def test_a_job_of_too_many_gpus_is_refused() -> None:
    with pytest.raises(UsageError):
        machine_of_job({"resources": {"accelerators": "A100:8"}, "num_nodes": 500})
