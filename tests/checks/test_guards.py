"""The table of checks: every rule is reached, what is refused says how to mend it, and good configs pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import assistant
from assistant.builder import respond
from assistant.builder.absorb import absorb, estimate_gaps
from assistant.catalogue.machines import parse_machine
from assistant.checks.guards import check, look
from assistant.checks.rules import EARLY
from assistant.checks.schema import field
from assistant.configs.build import train_config
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import Plan

Values = dict[str, Any]

REFUSED: tuple[tuple[str, Values, Values], ...] = (
    ("TRN020", {}, {"peft.lora_dropout": 5}),
    ("TRN020", {}, {"training.warmup_steps": -5}),
    ("TRN020", {}, {"training.gradient_accumulation_steps": 0}),
    ("TRN020", {"learning_rate": 5}, {}),
    ("TRN021", {}, {"training.mixed_precision_dtype": "BF16"}),
    ("TRN022", {"objective": "kto"}, {"model.enable_liger_kernel": True}),
    ("TRN023", {}, {"model.compile": True}),
    ("TRN024", {"method": "full"}, {"training.compile": True, "fsdp.use_orig_params": False}),
    ("TRN025", {"objective": "grpo"}, {"training.include_performance_metrics": True}),
    ("TRN026", {"objective": "grpo"}, {"training.grpo.max_prompt_length": 512}),
    ("TRN027", {}, {"training.reward_functions": ["gsm8k"]}),
    ("TRN028", {"objective": "dpo"}, {"training.trainer_kwargs.max_prompt_length": 512}),
    ("TRN028", {}, {"training.trainer_kwargs.bogus": 512}),
    ("TRN028", {}, {"training.trainer_kwargs": {"bogus": 512}}),
    ("TRN029", {}, {"training.trainer_kwargs.weight_decay": 0.1}),
    ("TRN030", {}, {"training.trainer_kwargs.packing": True}),
    ("TRN031", {}, {"training.save_steps": 0, "training.save_final_model": False}),
    ("TRN032", {}, {"training.lr_scheduler_type": "cosine_with_min_lr"}),
    ("DAT040", {}, {"training.eval_strategy": "steps"}),
    ("DAT041", {}, {"data.train.train_target": "ALL_ASSISTANT_TURNS"}),
    ("DAT042", {}, {"data.train.collator_name": "foo"}),
    ("DAT043", {}, {"data.train.stream": True}),
    ("PEF020", {"method": "qlora"}, {"peft.q_lora_bits": 3}),
    ("PEF021", {"method": "qlora", "sharding": "fsdp"}, {"peft.bnb_4bit_quant_storage": "uint8"}),
    ("PEF023", {}, {"peft.llm_int8_skip_modules": ["lm_head"]}),
    ("DST022", {"sharding": "fsdp"}, {"fsdp.mixed_precision": "bogus"}),
    ("DST025", {"sharding": "deepspeed"}, {"deepspeed.train_batch_size": 4}),
    ("DST026", {"sharding": "deepspeed"}, {"deepspeed.zero_stage": "ZERO_2", "deepspeed.offload_param": {"device": "CPU"}}),
)
FOUND: tuple[tuple[str, str, Values, Values], ...] = (
    ("TRN033", "A100", {"max_steps": 100}, {"training.warmup_steps": 500}),
    ("TRN034", "T4", {"model": "Qwen/Qwen2.5-0.5B-Instruct"}, {"model.attn_implementation": "flash_attention_2"}),
    ("TRN034", "A100", {"precision": "fp32"}, {"model.attn_implementation": "flash_attention_2"}),
    ("PEF022", "A100-80GB", {"method": "full", "model": "Qwen/Qwen2.5-0.5B-Instruct"}, {"peft.lora_bias": "ALL"}),
    ("PEF024", "A100", {"method": "qlora"}, {"peft.peft_save_mode": "MERGED"}),
    ("PEF025", "2xA100", {"sharding": "fsdp"}, {"peft.peft_save_mode": "MERGED"}),
    ("DST020", "2xA100", {"sharding": "ddp"}, {"fsdp.mixed_precision": "fp16"}),
    ("DST021", "2xA100", {"sharding": "ddp"}, {"deepspeed.zero_stage": "ZERO_3"}),
    ("DST023", "2xA100", {"method": "full", "model": "Qwen/Qwen2.5-0.5B-Instruct", "sharding": "fsdp"}, {"fsdp.mixed_precision": "bf16"}),
    ("DST024", "2xA100", {"sharding": "fsdp"}, {"fsdp.auto_wrap_policy": "NO_WRAP"}),
)


def plan_with(machine: str, said: Values, overrides: Values) -> Plan:
    """A good plan, and overrides put into it as if nothing had looked at them."""
    base = {"model": "llama3", "method": "lora", **said}
    outcome = respond(Intent(task="train", **base), machine=parse_machine(machine))
    assert outcome.plan is not None
    return replace(outcome.plan, overrides=overrides)


@pytest.mark.parametrize(("rule", "said", "overrides"), REFUSED)
def test_what_oumi_would_refuse_is_refused_before_planning(rule: str, said: Values, overrides: Values) -> None:
    base = {"task": "train", "model": "llama3", "method": "lora", **said}
    intent = Intent(**{**base, "overrides": overrides or None})
    assert rule in {found.rule for found in look(intent)}
    with pytest.raises(UsageError) as problem:
        absorb(intent)
    assert problem.value.hint
    assert "{" not in problem.value.message + problem.value.hint


@pytest.mark.parametrize(("rule", "machine", "said", "overrides"), FOUND)
def test_a_finished_config_is_looked_at_whole(rule: str, machine: str, said: Values, overrides: Values) -> None:
    plan = plan_with(machine, said, overrides)
    assert rule in {found.rule for found in check(train_config(plan).body, plan)}


@pytest.mark.parametrize("objective", ["sft", "dpo", "kto", "grpo", "gkd", "pretrain"])
@pytest.mark.parametrize("machine", ["A100-80GB", "4xH100", "T4"])
@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_what_the_planner_makes_passes(objective: str, machine: str, method: str) -> None:
    outcome = respond(Intent(task="train", model="Qwen/Qwen2.5-0.5B-Instruct", objective=objective, method=method), machine=parse_machine(machine))
    if outcome.plan is not None and outcome.files:
        assert check(train_config(outcome.plan).body, outcome.plan) == ()


def test_rules_are_unique_and_each_is_tried() -> None:
    ids = [entry.rule for entry in EARLY]
    assert len(ids) == len(set(ids))
    assert set(ids) == {rule for rule, *_ in REFUSED} | {rule for rule, *_ in FOUND} | {"INF023"}


@pytest.mark.parametrize(
    ("task", "overrides"),
    [
        ("infer", {"generation.top_p": 3.0}),
        ("infer", {"generation.temperature": -1.0}),
        ("infer", {"generation.max_new_tokens": -3}),
        ("evaluate", {"generation.batch_size": 0}),
        ("quantize", {"calibration_samples": -5}),
        ("judge", {"inference_config.generation.top_p": 1.5}),
    ],
)
def test_numbers_of_other_kinds_are_looked_at_too(task: str, overrides: Values) -> None:
    with pytest.raises(UsageError) as caught:
        respond(Intent.model_validate({"task": task, "model": "Qwen/Qwen3-4B", "overrides": overrides, "dataset": "a.jsonl" if task == "judge" else None}), machine=parse_machine("L4"))
    assert caught.value.context == next(iter(overrides))
    assert "must be" in caught.value.hint


def test_no_other_room_uses_the_same_rule_id() -> None:
    home = Path(assistant.__file__).parent
    others = [path for path in home.rglob("*.py") if "checks" not in path.relative_to(home).parts]
    text = "".join(path.read_text("utf-8") for path in others)
    assert [entry.rule for entry in EARLY if f'rule="{entry.rule}"' in text] == []


@pytest.mark.parametrize(
    ("said", "overrides", "key", "value"),
    [
        ({"method": "qlora"}, {"training.use_peft": True}, "method", "qlora"),
        ({}, {"peft.q_lora": True, "training.use_peft": True}, "method", "qlora"),
        ({}, {"peft.q_lora": False, "training.use_peft": True}, "method", "lora"),
        ({}, {"training.use_peft": False}, "method", "full"),
        ({}, {"peft.lora_r": 32}, "method", "lora"),
        ({}, {"peft.bnb_4bit_quant_type": "nf4", "peft.lora_dropout": 0.1}, "method", "qlora"),
        ({}, {"deepspeed.zero_stage": "ZERO_3"}, "sharding", "deepspeed"),
        ({}, {"fsdp.forward_prefetch": True}, "sharding", "fsdp"),
        ({}, {"fsdp.enable_fsdp": False}, "sharding", "ddp"),
        ({}, {"deepspeed.enable_deepspeed": False}, "sharding", None),
        ({}, {"training.mixed_precision_dtype": "FP16", "model.torch_dtype_str": "float32"}, "precision", "fp16"),
        ({}, {"training.trainer_kwargs": {"max_length": 512}}, "sequence_length", 512),
    ],
)
def test_switches_reach_the_intent(said: Values, overrides: Values, key: str, value: Any) -> None:
    found = absorb(Intent(task="train", model="llama3", overrides=overrides, **said))
    assert getattr(found, key) == value


@pytest.mark.parametrize(
    ("said", "overrides"),
    [
        ({}, {"peft.q_lora": True, "training.use_peft": False}),
        ({"method": "full"}, {"peft.lora_r": 8}),
        ({"method": "full"}, {"peft.lora_dropout": 0.1}),
        ({"method": "lora"}, {"peft.q_lora": True}),
        ({}, {"model.model_max_length": 1024, "training.trainer_kwargs.max_length": 2048}),
        ({}, {"fsdp.enable_fsdp": True, "deepspeed.enable_deepspeed": True}),
        ({"sharding": "ddp"}, {"deepspeed.zero_stage": "ZERO_3"}),
        ({"sharding": "fsdp"}, {"fsdp.enable_fsdp": False}),
        ({"learning_rate": 1e-4}, {"training.learning_rate": 2e-4}),
    ],
)
def test_overrides_that_contradict_are_refused(said: Values, overrides: Values) -> None:
    with pytest.raises(UsageError) as problem:
        absorb(Intent(task="train", model="llama3", overrides=overrides, **said))
    assert "contradicts" in problem.value.message


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("fsdp.mixed_precision", "bf16", False),
        ("fsdp.auto_wrap_policy", "NO_WRAP", True),
        ("deepspeed.zero_stage", "ZERO_1", True),
        ("deepspeed.zero_stage", "ZERO_3", False),
        ("model.model_kwargs.load_in_4bit", True, True),
        ("training.trainer_kwargs.precompute_ref_log_probs", True, True),
        ("training.trainer_kwargs.beta", 0.2, False),
        ("training.optimizer", "galore_adamw", True),
        ("training.weight_decay", 0.1, False),
        ("peft.q_lora_bits", 4, False),
        ("peft.q_lora_bits", 8, True),
        ("peft.use_bnb_nested_quant", False, False),
        ("peft.use_bnb_nested_quant", True, True),
        ("training.compile", False, False),
    ],
)
def test_gaps_of_the_estimate_are_named(path: str, value: Any, named: bool) -> None:
    assert (path in estimate_gaps(Intent(overrides={path: value}))) is named


def test_every_uncounted_field_exists() -> None:
    from assistant.builder.absorb import _UNCOUNTED

    assert [name for name in _UNCOUNTED if field(name) is None] == []
    assert list(_UNCOUNTED) == sorted(_UNCOUNTED)
