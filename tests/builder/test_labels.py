"""The words of a change name everything that it changes: nothing is given up in silence."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from assistant.builder import respond
from assistant.builder.mend_changes import Setting, changes_for, together
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import get_model
from assistant.reader import read

NAMED = {
    "training.per_device_train_batch_size": "micro-batch",
    "training.gradient_accumulation_steps": "accumulation",
    "training.enable_gradient_checkpointing": "checkpointing",
    "training.gradient_checkpointing_kwargs.use_reentrant": "checkpointing",
    "training.optimizer": "adamw",
    "training.learning_rate": "learning rate",
    "training.use_peft": "lora",
    "training.per_device_eval_batch_size": "evaluation batch",
    "model.enable_liger_kernel": "liger",
    "model.torch_dtype_str": "bfloat16",
    "model.model_max_length": "tokens",
    "peft.q_lora": "qlora",
    "fsdp.enable_fsdp": "fsdp",
}
"""A field → the word that tells of it; fields of a section that is named go with it."""
SECTIONS = {"peft.": "lora", "fsdp.": "fsdp"}


def setting_of(gpus: str, *, peft: bool, fsdp: bool, optimizer: str) -> Setting:
    model = get_model("meta-llama/Llama-3.1-8B-Instruct")
    assert model is not None
    body: dict[str, Any] = {
        "model": {"model_name": model.id, "model_max_length": 4096},
        "training": {"trainer_type": "TRL_SFT", "use_peft": peft, "per_device_train_batch_size": 4, "optimizer": optimizer, "learning_rate": 1e-5},
        "fsdp": {"enable_fsdp": fsdp},
    }
    return Setting.of(body, model, parse_machine(gpus))


@pytest.mark.parametrize("optimizer", ["adamw_torch", "paged_adamw_8bit"])
@pytest.mark.parametrize("fsdp", [False, True])
@pytest.mark.parametrize("peft", [False, True])
@pytest.mark.parametrize("gpus", ["A100", "4xA100"])
def test_a_change_that_mends_names_every_field(gpus: str, peft: bool, fsdp: bool, optimizer: str) -> None:
    setting = setting_of(gpus, peft=peft, fsdp=fsdp, optimizer=optimizer)
    tried = list(islice(changes_for(setting, None), 200))
    assert len(tried) > 5
    for parts in tried:
        change = together(parts)
        for edit in change.edits:
            word = NAMED.get(edit.path) or next(word for section, word in SECTIONS.items() if edit.path.startswith(section))
            assert word in change.words.lower(), (edit.path, change.words)


@pytest.mark.parametrize(
    ("words", "gpus"),
    [
        ("full llama 3.1 8b micro batch 8 sequence length 16384", "2xA100"),
        ("lora qwen3 32b ddp", "2xA100"),
        ("full qwen3 32b training.enable_gradient_checkpointing=false micro batch 4", "4xA100-80GB"),
        ("qlora llama 3.3 70b micro batch 8", "4xA100-80GB"),
        ("full llama 3.3 70b", "8xH100"),
    ],
)
def test_a_way_out_names_another_method_and_slow_states(words: str, gpus: str) -> None:
    outcome = respond(read(words).intent, machine=parse_machine(gpus))
    assert outcome.plan is not None
    assert outcome.ways_out or outcome.status == "ok"
    for way in outcome.ways_out:
        assert way.plan.method == outcome.plan.method or ("QLoRA" if way.plan.method == "qlora" else "LoRA") in way.change
        assert ("CPU memory" in way.change) == way.plan.cpu_offload
        if outcome.intent.micro_batch_size:
            assert way.plan.micro_batch_size == outcome.intent.micro_batch_size or "micro-batch" in way.change
        if outcome.intent.sequence_length:
            assert way.plan.sequence_length == outcome.intent.sequence_length or "sequence length" in way.change
