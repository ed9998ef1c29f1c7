"""What the planner writes has no finding for the linter, of any kind, on the machine that it was planned for; and a slip is told."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from typing import Any

import pytest

from assistant.builder import respond
from assistant.builder.linting import fit_of
from assistant.catalogue.clouds import CLOUDS
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import get_model
from assistant.checks.lint import Context, judge
from assistant.configs.build import Config, train_config
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.values import Plan

MODELS = (
    "Qwen/Qwen2.5-0.5B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", "microsoft/Phi-3-mini-4k-instruct", "Qwen/Qwen3-30B-A3B",
    "google/gemma-3-4b-it", "HuggingFaceTB/SmolLM2-135M-Instruct", "mistralai/Mistral-7B-Instruct-v0.3",
)  # fmt: skip
MACHINES = ("A100-80GB", "4xA100-80GB", "8xH100", "T4")
WAYS = ("full", "lora", "qlora", None)
OBJECTIVES = ("sft", "dpo", "kto", "grpo", "gkd", "pretrain")
OTHERS: tuple[dict[str, Any], ...] = ({"task": "evaluate", "benchmarks": ["mmlu"]}, {"task": "infer"}, {"task": "infer", "engine": "VLLM"}, {"task": "quantize"}, {"task": "tune"}, {"task": "judge"}, {"task": "synthesize"})


def findings(said: dict[str, object], machine: str) -> tuple[int, list[tuple[str, str, str]]]:
    """(configs written, findings in them)."""
    hardware = parse_machine(machine)
    try:
        outcome = respond(Intent.model_validate(said), machine=hardware)
    except OumiChatError:
        return 0, []
    context = Context(machine=hardware, model_of=get_model, fit_of=lambda case: fit_of(case, model_of=get_model, trained_by=lambda _: None))
    found = [flaw.finding for file in outcome.files for flaw in judge(file.yaml, context).flaws]
    return len(outcome.files), [(one.rule, one.path, one.message) for one in found]


@pytest.mark.parametrize("model", MODELS)
def test_plans_of_training_have_no_finding(model: str) -> None:
    written = 0
    for machine, method, objective in itertools.product(MACHINES, WAYS, OBJECTIVES):
        said = {"task": "train", "model": model, "method": method, "objective": objective}
        count, found = findings({key: value for key, value in said.items() if value}, machine)
        assert found == [], said
        written += count
    assert written > 10


@pytest.mark.parametrize("said", OTHERS, ids=lambda said: str(said))
def test_configs_of_other_kinds_have_no_finding(said: dict[str, object]) -> None:
    for model in MODELS[:2]:
        assert findings({**said, "model": model}, "A100-80GB")[1] == []


@pytest.mark.parametrize("spot", [False, True])
@pytest.mark.parametrize("cloud", sorted(CLOUDS))
def test_jobs_have_no_finding(cloud: str, spot: bool) -> None:
    """Of every cloud, with GPUs of both sizes and on spot machines: what a job's own notes say, the linter does not say again."""
    jobs = 0
    for gpu, count, task in (("A100-80GB", 4, "train"), ("A100", 8, "train"), ("A100", 1, "evaluate"), ("A100", 1, "infer")):
        more = {"method": "lora"} if task == "train" else {"benchmarks": ["mmlu"]} if task == "evaluate" else {}
        said = {"task": task, "model": MODELS[1], "cloud": cloud, "gpu": gpu, "gpu_count": count, "spot": spot or None, **more}
        machine = parse_machine(f"{count}x{gpu}")
        try:
            outcome = respond(Intent.model_validate({key: value for key, value in said.items() if value is not None}), machine=machine)
        except OumiChatError:
            continue
        for file in (file for file in outcome.files if file.kind == "job"):
            jobs += 1
            assert [flaw.finding for flaw in judge(file.yaml, Context(model_of=get_model)).flaws] == [], said
    assert jobs


def test_a_slip_in_a_training_config_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the planner forgot to switch its adapters on."""

    def forgetful(plan: Plan) -> Config:
        config = train_config(plan)
        training = {key: value for key, value in config.body["training"].items() if key != "use_peft"}
        return replace(config, body={**config.body, "training": training})

    said = Intent(task="train", model=MODELS[1], method="lora")
    assert "PEF001" not in rules(said)
    monkeypatch.setattr(sys.modules["assistant.builder.respond"], "train_config", forgetful)
    assert "PEF001" in rules(said)


def test_a_slip_in_another_config_and_in_a_job_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Intent(task="evaluate", model=MODELS[1], benchmarks=["mmlu"], cloud="gcp")
    assert not rules(said) & {"EVL020", "JOB020"}
    monkeypatch.setattr("assistant.builder.kinds.render", lambda *_: "model: {model_name: gpt2}\ntasks: [{task_name: mmlu}]\n")
    monkeypatch.setattr("assistant.builder.jobs.render", lambda *_: "resources: {cloud: google}\nrun: echo\n")
    assert rules(said) >= {"EVL020", "JOB020"}


def rules(said: Intent) -> set[str]:
    return {finding.rule for finding in respond(said, machine=parse_machine("A100-80GB")).findings}
