"""What the planner writes has no error for the linter, of any kind, on the machine that it was planned for."""

from __future__ import annotations

import itertools

import pytest

from assistant.builder import respond
from assistant.builder.linting import fit_of
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import get_model
from assistant.checks.lint import Context, judge
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent

MODELS = (
    "Qwen/Qwen2.5-0.5B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", "microsoft/Phi-3-mini-4k-instruct", "Qwen/Qwen3-30B-A3B",
    "google/gemma-3-4b-it", "HuggingFaceTB/SmolLM2-135M-Instruct", "mistralai/Mistral-7B-Instruct-v0.3",
)  # fmt: skip
MACHINES = ("A100-80GB", "4xA100-80GB", "8xH100", "T4")
WAYS = ("full", "lora", "qlora", None)
OBJECTIVES = ("sft", "dpo", "kto", "grpo", "gkd", "pretrain")
OTHERS = ({"task": "evaluate", "benchmarks": ["mmlu"]}, {"task": "infer"}, {"task": "infer", "engine": "VLLM"}, {"task": "quantize"}, {"task": "tune"}, {"task": "judge"}, {"task": "synthesize"})


def errors(said: dict[str, object], machine: str) -> tuple[int, list[tuple[str, str, str]]]:
    """(configs written, errors in them)."""
    hardware = parse_machine(machine)
    try:
        outcome = respond(Intent.model_validate(said), machine=hardware)
    except OumiChatError:
        return 0, []
    context = Context(machine=hardware, model_of=get_model, fit_of=lambda case: fit_of(case, model_of=get_model, trained_by=lambda _: None))
    found = [flaw.finding for file in outcome.files for flaw in judge(file.yaml, context).flaws]
    return len(outcome.files), [(one.rule, one.path, one.message) for one in found if one.severity == "error"]


@pytest.mark.parametrize("model", MODELS)
def test_plans_of_training_have_no_error(model: str) -> None:
    written = 0
    for machine, method, objective in itertools.product(MACHINES, WAYS, OBJECTIVES):
        said = {"task": "train", "model": model, "method": method, "objective": objective}
        count, found = errors({key: value for key, value in said.items() if value}, machine)
        assert found == [], said
        written += count
    assert written > 10


@pytest.mark.parametrize("said", OTHERS, ids=lambda said: str(said))
def test_configs_of_other_kinds_have_no_error(said: dict[str, object]) -> None:
    for model in MODELS[:2]:
        assert errors({**said, "model": model}, "A100-80GB")[1] == []


@pytest.mark.parametrize("cloud", ["gcp", "aws", "runpod", "slurm", "local"])
def test_jobs_have_no_error(cloud: str) -> None:
    said = {"task": "train", "model": MODELS[1], "cloud": cloud, "gpu": "A100-80GB", "gpu_count": 4, "method": "lora"}
    assert errors(said, "4xA100-80GB")[1] == []
