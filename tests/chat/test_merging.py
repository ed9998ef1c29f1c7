"""Two intents as one: what is said later wins, and what cannot stand beside it goes."""

from __future__ import annotations

from typing import Any

import pytest
from said import SAID

from assistant.chat.merging import changed_keys, merged, without
from assistant.core.intent import Intent


@pytest.mark.parametrize(
    ("former", "said", "after"),
    [
        ({"epochs": 4}, {"max_steps": 100}, {"max_steps": 100}),
        ({"max_steps": 100}, {"epochs": 2}, {"epochs": 2}),
        ({"gpu": "A100"}, {"gpu": "H100"}, {"gpu": "H100"}),
        ({"gpu": "A100"}, {"gpu_memory_gb": 80}, {"gpu": "A100-80GB"}),
        ({"gpu": "A100"}, {"gpu_memory_gb": 24}, {"gpu_memory_gb": 24}),
        ({"gpu": "H100", "gpu_count": 8, "nodes": 2}, {"gpu": "cpu"}, {"gpu": "cpu"}),
        ({"gpu": "H100", "gpu_count": 8, "nodes": 2}, {"gpu": "A100", "gpu_count": 2}, {"gpu": "A100", "gpu_count": 2}),
        ({"gpu": "H100", "gpu_count": 8}, {"gpu": "A100"}, {"gpu": "A100", "gpu_count": 8}),
        ({"gpu": "cpu"}, {"gpu_count": 2}, {"gpu_count": 2}),
        ({"method": "lora", "lora_rank": 16, "lora_alpha": 32}, {"method": "full"}, {"method": "full"}),
        ({"method": "lora", "lora_rank": 16}, {"method": "qlora"}, {"method": "qlora", "lora_rank": 16}),
        ({"model": "gpt-4.1", "engine": "OPENAI"}, {"model": "x/y"}, {"model": "x/y"}),
        ({"model": "a/b", "engine": "VLLM"}, {"model": "x/y"}, {"model": "x/y", "engine": "VLLM"}),
    ],
)
def test_what_is_said_later_wins(former: dict[str, Any], said: dict[str, Any], after: dict[str, Any]) -> None:
    found = merged(Intent.model_validate(former), Intent.model_validate(said))
    assert {key: value for key, value in found.model_dump().items() if value is not None} == after


def test_what_was_not_said_again_stays() -> None:
    after = merged(SAID, Intent(lora_rank=64))
    assert (after.lora_rank, after.epochs, after.model) == (64, 4, SAID.model)
    assert changed_keys(SAID, after) == ("lora_rank",)
    assert merged(SAID, Intent()) == SAID


@pytest.mark.parametrize(
    ("former", "said", "overrides"),
    [
        ({"a.x": 1, "a.y": 2}, Intent(overrides={"a.x": 9}), {"a.x": 9, "a.y": 2}),
        ({"training.warmup_steps": 5}, Intent(overrides={"training.warmup_ratio": 0.1}), {"training.warmup_ratio": 0.1}),
        ({"training.gradient_accumulation_steps": 4, "a.x": 1}, Intent(global_batch_size=64), {"a.x": 1}),
        ({"peft.lora_dropout": 0.1, "a.x": 1}, Intent(method="full"), {"a.x": 1}),
        ({"peft.lora_dropout": 0.1, "peft.bnb_4bit_quant_type": "nf4"}, Intent(method="lora"), {"peft.lora_dropout": 0.1}),
        ({"peft.bnb_4bit_quant_type": "nf4"}, Intent(method="qlora"), {"peft.bnb_4bit_quant_type": "nf4"}),
        ({"fsdp.cpu_offload": True, "a.x": 1}, Intent(sharding="ddp"), {"a.x": 1}),
        ({"fsdp.cpu_offload": True}, Intent(sharding="fsdp"), {"fsdp.cpu_offload": True}),
    ],
)
def test_overrides_are_merged_path_by_path(former: dict[str, Any], said: Intent, overrides: dict[str, Any]) -> None:
    assert merged(Intent(overrides=former), said).overrides == overrides


def test_keys_and_paths_that_are_no_longer_said() -> None:
    first = Intent(seed=3, overrides={"a.x": 1, "a.y": 2})
    assert without(first, frozenset({"seed"}), frozenset({"a.x"})) == Intent(overrides={"a.y": 2})
    assert without(first, frozenset(), frozenset({"a.x", "a.y"})).overrides is None
