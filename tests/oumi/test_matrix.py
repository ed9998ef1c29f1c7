"""Every config that the planner makes is one that the real Oumi takes: L1 and L2, over a sampled matrix."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import Any

import pytest

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.units import GIB

pytestmark = pytest.mark.oumi

MACHINES = (
    "RTX4090", "2xRTX3090", "T4", "4xT4", "8xV100-32GB", "A10G", "4xL4", "A100", "2xA100", "8xA100-80GB", "8xH100",
    "2x8xH100", "8xH200", "8xMI300X", "m3-max:64GB", "cpu:64GB", "2x24GB",
)  # fmt: skip
OBJECTIVES = ("sft", "dpo", "kto", "grpo", "gkd", "pretrain")
METHODS = (None, "full", "lora", "qlora")
EXTRAS: tuple[dict[str, Any], ...] = (
    {},
    {"dataset": "./rows.jsonl"},
    {"sequence_length": 1024, "global_batch_size": 32},
    {"precision": "fp32"},
    {"sharding": "fsdp"},
    {"epochs": 2, "seed": 7, "learning_rate": 1e-4},
    {"overrides": {"training.warmup_steps": 50, "training.weight_decay": 0.05}},
    {"priority": "memory", "lora_rank": 64},
    {"dataset": "someone/unknown-set"},
    {"max_steps": 2000, "run_name": "a run: #1", "output_dir": "out/x y"},
)
WANTED = 1000


def cases() -> list[tuple[str, Intent, str]]:
    """Every model on two machines as it comes, then a seeded sample of everything, long enough for 1,000 that fit."""
    chance = random.Random(20261124)
    models = [m.id for m in all_models()]
    found = []
    for model, machine in itertools.product(models, ("8xH200", "4x8xH200")):
        found.append((machine, Intent(task="train", model=model, method=chance.choice(METHODS))))
    for objective, method, machine in itertools.product(OBJECTIVES, METHODS, MACHINES):
        for _ in range(4):
            extra = chance.choice(EXTRAS)
            values = {"task": "train", "model": chance.choice(models), "objective": objective, "method": method}
            found.append((machine, Intent.model_validate({**values, **extra})))
    return [(f"{i:04d}", intent, machine) for i, (machine, intent) in enumerate(found)]


def plan(intent: Intent, machine: str) -> Outcome:
    return respond(intent, machine=parse_machine(machine), request="matrix")


def test_every_config_passes_the_real_oumi(judge: Any) -> None:
    seen: dict[str, Counter[str]] = {key: Counter() for key in ("status", "machine", "objective", "method", "family")}
    failures = []
    for name, intent, machine in cases():
        outcome = plan(intent, machine)
        seen["status"][outcome.status] += 1
        if outcome.status != "ok":
            continue
        made = outcome.plan
        assert made is not None
        assert made.memory.upper <= made.hardware.usable_gib * GIB
        for key, value in zip(("machine", "objective", "method", "family"), (machine, made.objective, made.method, made.model.family), strict=True):
            seen[key][value] += 1
        verdict = judge.ask(name, outcome.files[0].yaml, world=made.hardware.world)
        if not verdict["l1"] or verdict["l2"] is False:
            failures.append(f"{name} {machine} {intent.model_dump(exclude_none=True)}: {verdict['error']}")
        elif verdict.get("max_length") is not None and made.objective != "pretrain":
            assert verdict["max_length"] == made.sequence_length, f"{name}: trained length differs from the plan's"
    print({key: dict(value) for key, value in seen.items() if key != "family"}, len(seen["family"]), "families")
    assert not failures, f"{len(failures)} of {seen['status']['ok']} refused:\n" + "\n".join(failures[:20])
    assert seen["status"]["ok"] >= WANTED
    assert set(seen["objective"]) == set(OBJECTIVES)
    assert len(seen["machine"]) >= 12
    assert set(seen["method"]) == {"full", "lora", "qlora"}
    missing = {m.family for m in all_models()} - set(seen["family"])
    assert not missing, f"no config for {sorted(missing)}"


def test_the_judge_refuses_what_is_wrong(judge: Any) -> None:
    good = plan(Intent(task="train", model="llama3", method="lora"), "A100").files[0].yaml
    assert judge.ask("good", good)["l2"] is True
    assert judge.ask("key", good.replace("output_dir:", "output_folder:"))["l1"] is False
    assert judge.ask("optimizer", good.replace("adamw_torch_fused", "adamww"))["l2"] is False


def test_the_same_request_gives_the_same_bytes() -> None:
    for _, intent, machine in cases()[::40]:
        first, second = plan(intent, machine), plan(intent, machine)
        assert [f.yaml for f in first.files] == [f.yaml for f in second.files]
