"""Quantizations, searches, judges and syntheses that are planned are ones that the real Oumi takes, over models, machines and words."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import Any

import pytest
import yaml
from test_kinds_matrix import HOSTILE

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models, hosted_ids
from assistant.core.errors import NeedsInputError, UsageError
from assistant.core.intent import Intent
from assistant.core.values import Reason
from assistant.planner.judge import CRITERIA
from assistant.reader.otherkinds import SAID

pytestmark = pytest.mark.oumi

MACHINES = ("RTX4090", "T4", "4xL4", "A100", "8xH100", "MI300X", "m3-max:64GB", "cpu:64GB")
WANTED = 60
Case = tuple[str, dict[str, Any], dict[str, str]]


def quantizations(chance: random.Random) -> list[Case]:
    models = [m.id for m in all_models()]
    extras: tuple[dict[str, Any], ...] = (
        {}, {"overrides": {"method": "bnb_4bit"}}, {"overrides": {"method": "bnb_8bit"}}, {"output_dir": "out/x.5 y"},
        {"overrides": {"calibration_samples": 64, "awq_version": "GEMV"}}, {"overrides": {"awq_group_size": 64}},
    )  # fmt: skip
    found: list[Case] = [(machine, {"model": chance.choice(models), **chance.choice(extras)}, {}) for machine, _ in itertools.product(MACHINES, range(15))]
    return [*found, *(("A100-80GB", {"model": name, "output_dir": name}, {}) for name in HOSTILE)]


def searches(chance: random.Random) -> list[Case]:
    models = [m.id for m in all_models() if m.params_total < 4e9]
    words: tuple[dict[str, str], ...] = (
        {}, {"search": "learning_rate=1e-5..1e-3"}, {"search": "learning_rate weight_decay warmup_ratio"}, {"search": "+lr_scheduler_type"},
        {"search": "optimizer gradient_accumulation_steps num_train_epochs"}, {"search": "lora_r=8,16,64 lora_alpha lora_dropout"},
    )  # fmt: skip
    extras: tuple[dict[str, Any], ...] = (
        {}, {"overrides": {"tuning.n_trials": 3, "tuning.tuner_sampler": "RandomSampler"}}, {"dataset": "org/rows"}, {"overrides": {"training.warmup_steps": 5}}, {"max_hours": 9.0},
    )  # fmt: skip
    found: list[Case] = [
        (machine, {"model": chance.choice(models), "method": chance.choice(("lora", "qlora", "full", None)), **chance.choice(extras)}, chance.choice(words))
        for machine, _ in itertools.product(MACHINES, range(15))
    ]
    return [*found, *(("RTX4090", {"model": "Qwen/Qwen3-0.6B", "output_dir": name, "run_name": name}, {"validation": name}) for name in HOSTILE)]


def judges(chance: random.Random) -> list[Case]:
    models = [m.id for m in all_models() if m.instruct]
    scales: tuple[dict[str, str], ...] = ({}, {"scale": "1-5"}, {"scale": "0-100"}, {"scale": "yes/no"})
    extras: tuple[dict[str, Any], ...] = ({}, {"overrides": {"judge_params.response_format": "XML"}}, {"overrides": {"inference_config.generation.max_new_tokens": 300}}, {"output_dir": "out x"})
    found: list[Case] = [
        (machine, {"model": chance.choice(models), "dataset": "a.jsonl", **chance.choice(extras)}, {**chance.choice(scales), "criterion": chance.choice((*CRITERIA, "politeness"))})
        for machine, _ in itertools.product(MACHINES, range(12))
    ]
    found += [("RTX4090", {"model": model, "dataset": "a.jsonl"}, {}) for model in sorted(hosted_ids())]
    return [*found, *(("RTX4090", {"model": "gpt-4o", "dataset": f"{name}.jsonl", "output_dir": name}, {"criterion": name}) for name in HOSTILE)]


def syntheses(chance: random.Random) -> list[Case]:
    models = [m.id for m in all_models() if m.instruct]
    sources: tuple[dict[str, Any], ...] = ({"dataset": "a.pdf"}, {"dataset": "./docs/"}, {"dataset": "rows.csv"}, {})
    rows: tuple[dict[str, str], ...] = ({"rows": "qa"}, {"rows": "instructions"}, {"rows": "conversations"}, {"rows": "conversations of 2 to 9 turns"})
    extras: tuple[dict[str, Any], ...] = ({}, {"overrides": {"num_samples": 7}}, {"overrides": {"generation.temperature": 1.0}}, {"output_dir": "out x"}, {"sequence_length": 2048})
    found: list[Case] = [
        (machine, {"model": chance.choice(models), **chance.choice(sources), **chance.choice(extras)}, {**chance.choice(rows), "subject": "tea"})
        for machine, _ in itertools.product(MACHINES, range(12))
    ]
    found += [("RTX4090", {"model": model, "dataset": "a.md"}, {}) for model in sorted(hosted_ids())]
    return [*found, *(("RTX4090", {"model": "gpt-4o", "dataset": f"{name}.md", "output_dir": name}, {"subject": name}) for name in HOSTILE), *(("RTX4090", {"model": "gpt-4o"}, {"subject": name}) for name in HOSTILE)]


CASES = {"quantize": quantizations, "tune": searches, "judge": judges, "synthesize": syntheses}
REFUSED = {"tune": {"tune-adapters"}}
"""What may be refused here, by reference."""


@pytest.mark.parametrize("kind", sorted(CASES))
def test_every_config_passes_the_real_oumi(judge: Any, kind: str) -> None:
    chance = random.Random(20261125)
    seen: Counter[str] = Counter()
    failures, odd = [], []
    for number, (machine, values, said) in enumerate(CASES[kind](chance)):
        notes = tuple(Reason(field=field, value=value, why=SAID) for field, value in said.items())
        try:
            outcome = respond(Intent.model_validate({"task": kind, **values}), machine=parse_machine(machine), notes=notes, exists=lambda _path: False)
        except UsageError as problem:
            seen[problem.reference] += 1
            odd += [] if problem.reference in REFUSED.get(kind, ()) else [f"{machine} {values} {said}: {problem.reference} {problem.message}"]
            continue
        except NeedsInputError:
            seen["needs_input"] += 1
            continue
        seen[outcome.status] += 1
        if outcome.status != "ok":
            continue
        _names_stay_data(kind, values, said, yaml.safe_load(outcome.files[0].yaml))
        verdict = judge.ask(f"{number:04d}", outcome.files[0].yaml, kind=kind)
        if not verdict["l1"]:
            failures.append(f"{machine} {values} {said}: {verdict['error']}")
    print(kind, dict(seen))
    assert not failures, f"{len(failures)} refused:\n" + "\n".join(failures[:20])
    assert not odd, odd[:20]
    assert seen["ok"] >= WANTED


def _names_stay_data(kind: str, values: dict[str, Any], said: dict[str, str], body: dict[str, Any]) -> None:
    name = values.get("output_dir") or said.get("subject")
    if name not in HOSTILE:
        return
    if kind == "quantize":
        assert body["model"]["model_name"] == values["model"]
        assert body["output_path"].startswith("output/")  # a model is never written over itself
    elif kind == "tune":
        assert body["tuning"]["output_dir"] == name
        assert body["data"]["validation"]["datasets"][0]["dataset_path"] == name
    elif kind == "judge":
        assert body["judge_params"]["template_variables"]["criterion"] == name
    elif "dataset" in values:
        assert body["strategy_params"]["input_documents"][0]["path"] == f"{name}.md"
    else:
        assert body["strategy_params"]["input_examples"][0]["examples"][0]["subject"] == name
