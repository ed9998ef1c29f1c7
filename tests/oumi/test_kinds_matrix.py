"""Every evaluation and inference config that is planned is one that the real Oumi takes, over models, machines and engines."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.catalogue.benchmarks import benchmarks
from assistant.catalogue.engines import engines, gguf_files
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models, hosted_ids
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.units import GIB

pytestmark = pytest.mark.oumi

MACHINES = ("RTX4090", "2xRTX3090", "T4", "A10G", "4xL4", "A100", "2xA100-80GB", "8xH100", "8xH200", "m3-max:64GB", "cpu:64GB")
WANTED = 400
HOSTILE = (
    "./a b/model", "./it's", './"quoted"', "./$(touch pwned)", "./`id`", "./a;rm -rf x", "./a|b", "./a&b", "./a>b", "./a#b", "./a: b", "./- a", "./{a: b}",
    "./[a]", "./!!python/object", "./&anchor", "./*alias", "./%TAG", "./a\\b", "./a\tb", "./é", "./日本", "./a'b\"c", "./null", "./true", "./1e5", "./~", "./@x", "./a,b", "./$HOME",
)  # fmt: skip


def evaluations(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    tasks = sorted(benchmarks())
    models = [m.id for m in all_models()]
    extras: tuple[dict[str, Any], ...] = ({}, {"num_fewshot": 3}, {"limit": 50}, {"sequence_length": 2048}, {"output_dir": "out/x y"}, {"run_name": "a: #1"})
    found = [
        (machine, {"task": "evaluate", "model": chance.choice(models), "benchmarks": chance.sample(tasks, chance.randint(1, 4)), **chance.choice(extras)})
        for machine, _ in itertools.product(MACHINES, range(55))
    ]
    found += [("RTX4090", {"task": "evaluate", "model": model, "benchmarks": ["berry_bench"]}) for model in sorted(hosted_ids())]
    return [*found, *(("RTX4090", {"task": "evaluate", "model": name, "benchmarks": ["gsm8k"]}) for name in HOSTILE)]


def inferences(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    models = [m.id for m in all_models()]
    extras: tuple[dict[str, Any], ...] = (
        {}, {"dataset": "q.jsonl"}, {"sequence_length": 2048}, {"dataset": "a b.jsonl", "output_dir": "out x"}, {"engine": "NATIVE"}, {"seed": 3},
        {"overrides": {"generation.temperature": 0.7, "generation.max_new_tokens": 256}}, {"engine": "SGLANG"}, {"engine": "REMOTE_VLLM"},
    )  # fmt: skip
    found = [(machine, {"task": "infer", "model": chance.choice(models), **chance.choice(extras)}) for machine, _ in itertools.product(MACHINES, range(55))]
    found += [("cpu:64GB", {"task": "infer", "model": base}) for base in sorted(gguf_files())]
    found += [("RTX4090", {"task": "infer", "model": model, "dataset": "q.jsonl"}) for model in sorted(hosted_ids())]
    found += [("RTX4090", {"task": "infer", "model": "some/model", "engine": name}) for name in sorted(engines()) if name != "LLAMACPP"]
    return [*found, *(("RTX4090", {"task": "infer", "model": name, "dataset": f"{name}.jsonl"}) for name in HOSTILE)]


@pytest.mark.parametrize("kind", ["eval", "infer"])
def test_every_config_passes_the_real_oumi(judge: Any, kind: str) -> None:
    chance = random.Random(20261125)
    cases = evaluations(chance) if kind == "eval" else inferences(chance)
    seen: dict[str, Counter[str]] = {key: Counter() for key in ("status", "engine", "machine")}
    failures = []
    for number, (machine, values) in enumerate(cases):
        try:
            outcome = respond(Intent.model_validate(values), machine=parse_machine(machine), exists=lambda _path: False)
        except UsageError as problem:
            seen["status"][problem.reference] += 1
            continue
        seen["status"][outcome.status] += 1
        if outcome.status != "ok":
            continue
        plan = outcome.task_plan
        assert plan is not None
        if plan.memory is not None and plan.hardware is not None:
            assert plan.memory.upper <= plan.hardware.usable_gib * GIB
        seen["engine"][plan.engine or ""] += 1
        seen["machine"][machine] += 1
        assert yaml.safe_load(outcome.files[0].yaml)["model"]["model_name"] == plan.model_name
        if values["model"] in HOSTILE:
            assert plan.model_name == values["model"], "a name stays data"
        verdict = judge.ask(f"{number:04d}", outcome.files[0].yaml, kind=kind)
        if not verdict["l1"]:
            failures.append(f"{machine} {values}: {verdict['error']}")
    print(kind, {key: dict(value) for key, value in seen.items()})
    assert not failures, f"{len(failures)} refused:\n" + "\n".join(failures[:20])
    assert seen["status"]["ok"] >= WANTED
