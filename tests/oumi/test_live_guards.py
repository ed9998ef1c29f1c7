"""What the checks call an error, the real Oumi refuses; what they let through, it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.checks.guards import check
from assistant.configs.build import train_config
from assistant.configs.render import render
from assistant.core.intent import Intent

pytestmark = pytest.mark.oumi
Values = dict[str, Any]

REFUSED: tuple[tuple[str, str, Values, Values], ...] = (
    ("TRN020", "A100", {}, {"training.max_grad_norm": -1.0}),
    ("TRN020", "A100", {}, {"training.gradient_accumulation_steps": 0}),
    ("TRN021", "A100", {}, {"training.mixed_precision_dtype": "BF16"}),
    ("TRN022", "A100-80GB", {"objective": "kto"}, {"model.enable_liger_kernel": True}),
    ("TRN023", "A100", {}, {"model.compile": True}),
    ("TRN024", "2xA100", {"sharding": "fsdp"}, {"training.compile": True, "fsdp.use_orig_params": False}),
    ("TRN025", "A100-80GB", {"objective": "grpo"}, {"training.include_performance_metrics": True}),
    ("TRN026", "A100-80GB", {"objective": "grpo"}, {"training.grpo.max_prompt_length": 512}),
    ("TRN027", "A100", {}, {"training.reward_functions": ["gsm8k"]}),
    ("TRN028", "A100-80GB", {"objective": "dpo"}, {"training.trainer_kwargs.max_prompt_length": 512}),
    ("TRN028", "A100", {}, {"training.trainer_kwargs.bogus": 512}),
    ("TRN029", "A100", {}, {"training.trainer_kwargs.weight_decay": 0.1}),
    ("DAT040", "A100", {}, {"training.eval_strategy": "steps"}),
    ("DAT041", "A100", {}, {"data.train.train_target": "ALL_ASSISTANT_TURNS"}),
    ("DST025", "2xA100", {"sharding": "deepspeed"}, {"deepspeed.train_batch_size": 4}),
)
LATE = {"DAT040"}
"""Oumi builds the arguments and fails once the trainer is made."""


def forced(machine: str, said: Values, overrides: Values) -> tuple[Any, str, int]:
    """(plan, YAML, processes) of a good plan with overrides put in unlooked at."""
    base = {"model": "Qwen/Qwen2.5-1.5B-Instruct", "method": "lora", **said}
    plan = respond(Intent(task="train", **base), machine=parse_machine(machine)).plan
    assert plan is not None
    plan = replace(plan, overrides=overrides)
    return plan, render(train_config(plan), []), plan.hardware.world


@pytest.mark.parametrize(("rule", "machine", "said", "overrides"), REFUSED)
def test_errors_are_errors_to_oumi(judge: Any, rule: str, machine: str, said: Values, overrides: Values) -> None:
    plan, text, world = forced(machine, said, overrides)
    found = [entry for entry in check(train_config(plan).body, plan) if entry.severity == "error"]
    assert rule in {entry.rule for entry in found}
    verdict = judge.ask(rule, text, world=world)
    assert rule in LATE or not (verdict["l1"] and verdict["l2"]), verdict


ACCEPTED: tuple[tuple[str, Values, Values], ...] = (
    ("A100-80GB", {"objective": "dpo"}, {"training.trainer_kwargs.beta": 0.2, "training.trainer_kwargs.loss_type": ["ipo"]}),
    ("A100-80GB", {"objective": "kto"}, {"training.trainer_kwargs.beta": 0.2}),
    ("A100-80GB", {"objective": "grpo"}, {"training.grpo.temperature": 1.0, "training.trainer_kwargs.beta": 0.04}),
    ("A100", {}, {"model.chat_template": "llama3-instruct", "training.compile": True}),
    ("2xA100", {"sharding": "fsdp"}, {"fsdp.auto_wrap_policy": "NO_WRAP"}),
    ("A100", {"model": "openai/gpt-oss-20b"}, {}),
)


@pytest.mark.parametrize(("machine", "said", "overrides"), ACCEPTED)
def test_what_passes_passes_oumi(judge: Any, machine: str, said: Values, overrides: Values) -> None:
    plan, text, world = forced(machine, said, overrides)
    assert [entry for entry in check(train_config(plan).body, plan) if entry.severity == "error"] == []
    verdict = judge.ask("accepted", text, world=world)
    assert verdict["l1"] is True, verdict
    assert verdict["l2"] is True, verdict


@pytest.mark.parametrize("value", ["${oc.env:HOME}", "a ${x} b", "a: ${y}", "${a}: b", "x # ${y}"])
def test_oumi_reads_what_was_typed(judge: Any, value: str) -> None:
    _, text, _ = forced("A100", {"output_dir": value}, {})
    assert judge.ask("literal", text)["l2"] is True
