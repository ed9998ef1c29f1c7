"""An evaluation or inference config that a conversation goes on from: only what is asked for is written into it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.builder.edit import diff_lines
from assistant.builder.given import Given, on_given
from assistant.builder.task_list import with_entries
from assistant.catalogue.machines import parse_machine
from assistant.core.errors import UsageError
from assistant.core.outcome import Outcome

ROOT = Path(__file__).parents[2]
RECIPES = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "oumi_recipes"
EVAL = """# mine
model: {model_name: Qwen/Qwen3-8B, model_max_length: 8192}
generation:
  batch_size: 4  # by hand
tasks:
  # the usual one
  - evaluation_backend: lm_harness
    task_name: mmlu
    eval_kwargs: {num_fewshot: 5}   # as in the paper
  - evaluation_backend: lm_harness
    task_name: hellaswag
    log_samples: true
    eval_kwargs:
      num_fewshot: 5

enable_wandb: false  # offline
"""
INFER = """model:
  model_name: "Qwen/Qwen3-8B"   # the small one
  model_max_length: 4096
generation:
  temperature: 0.7
engine: VLLM
"""


def planned(given: Given, **changes: Any) -> Outcome:
    overrides = {**(given.intent.overrides or {}), **changes.pop("overrides", {})}
    intent = given.intent.model_copy(update={**changes, "overrides": overrides or None})
    return on_given(respond(intent, machine=parse_machine("H100")), given)


def changed(text: str, **changes: Any) -> list[str]:
    """The lines that go and come."""
    outcome = planned(Given.of("mine.yaml", text), **changes)
    return [line for line in diff_lines(text, outcome.files[0].yaml, "x")[2:] if line[0] in "+-"]


def test_what_an_evaluation_says() -> None:
    intent = Given.of("mine.yaml", EVAL).intent
    assert (intent.task, intent.model, intent.engine, intent.benchmarks) == ("evaluate", "Qwen/Qwen3-8B", "NATIVE", ["mmlu", "hellaswag"])
    assert (intent.num_fewshot, intent.limit, intent.micro_batch_size, intent.sequence_length) == (5, None, 4, 8192)
    assert intent.overrides == {"enable_wandb": False}


def test_what_an_inference_says() -> None:
    given = Given.of("mine.yaml", INFER + "input_path: q.jsonl\noutput_path: out/a.jsonl\n")
    intent = given.intent
    assert (intent.task, intent.engine, intent.dataset, intent.output_dir) == ("infer", "VLLM", "q.jsonl", "out/a.jsonl")
    assert intent.overrides == {"generation.temperature": 0.7, "generation.max_new_tokens": 1024}
    assert given.defaults == {"micro_batch_size", "generation.max_new_tokens"}


@pytest.mark.parametrize("text", [EVAL, INFER])
def test_the_file_is_written_back_as_it_is(text: str) -> None:
    outcome = planned(Given.of("mine.yaml", text))
    assert outcome.status == "ok"
    assert outcome.files[0].yaml == text
    assert outcome.task_plan is not None
    assert not [reason for reason in outcome.task_plan.decisions if reason.why == "as asked"]


@pytest.mark.parametrize(
    ("text", "changes", "lines"),
    [
        (INFER, {"overrides": {"generation.max_new_tokens": 256}}, ["+  max_new_tokens: 256"]),
        (INFER, {"sequence_length": 8192}, ["-  model_max_length: 4096", "+  model_max_length: 8192"]),
        (INFER, {"engine": "NATIVE"}, ["-engine: VLLM", "+  attn_implementation: sdpa", "+  batch_size: 1", "+  use_sampling: true", "+  use_cache: true", "+engine: NATIVE"]),
        (EVAL, {"limit": 20}, ["+    num_samples: 20", "+    num_samples: 20"]),
        (EVAL, {"num_fewshot": 0}, ["-    eval_kwargs: {num_fewshot: 5}   # as in the paper", "+    eval_kwargs: {num_fewshot: 0}   # as in the paper", "-      num_fewshot: 5", "+      num_fewshot: 0"]),
        (EVAL, {"benchmarks": ["hellaswag"]}, ["-    task_name: mmlu", "-    eval_kwargs: {num_fewshot: 5}   # as in the paper", "-  - evaluation_backend: lm_harness"]),
        (EVAL, {"benchmarks": ["mmlu", "hellaswag", "gsm8k"]}, ["+  - evaluation_backend: lm_harness", "+    task_name: gsm8k", "+    eval_kwargs:", "+      num_fewshot: 5"]),
        (EVAL, {"engine": "VLLM"}, ["+inference_engine: VLLM"]),
        (EVAL, {"micro_batch_size": None, "global_batch_size": 8}, ["-  batch_size: 4  # by hand", "+  batch_size: 8  # by hand"]),
        (EVAL, {"model": "Qwen/Qwen3-4B"}, ["-model: {model_name: Qwen/Qwen3-8B, model_max_length: 8192}", "+model: {model_name: Qwen/Qwen3-4B, model_max_length: 8192}"]),
    ],
)  # fmt: skip
def test_only_what_was_asked_is_changed(text: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert sorted(changed(text, **changes)) == sorted(lines)


def test_a_value_that_the_planner_would_have_taken_is_written_where_it_is_asked_for() -> None:
    text = INFER.replace("  model_max_length: 4096\n", "")
    assert changed(text) == []
    assert changed(text, sequence_length=8192) == ["+  model_max_length: 8192"]


def test_a_list_of_tasks_in_one_line_is_written_anew() -> None:
    text = EVAL[: EVAL.index("tasks:")] + "tasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n"
    with pytest.raises(UsageError, match="one below the other"):
        with_entries(text, [0, {"task_name": "gsm8k"}])
    body = yaml.safe_load(planned(Given.of("mine.yaml", text), benchmarks=["mmlu", "gsm8k"]).files[0].yaml)
    assert [task["task_name"] for task in body["tasks"]] == ["mmlu", "gsm8k"]


def test_a_run_that_does_not_fit_is_changed_all_the_same() -> None:
    outcome = planned(Given.of("mine.yaml", EVAL.replace("8192", "131072")), limit=5)
    assert outcome.status == "does_not_fit"
    assert "num_samples: 5" in outcome.files[0].yaml


def test_a_field_of_the_wrong_type_stays_and_is_named() -> None:
    given = Given.of("mine.yaml", INFER.replace("0.7", "hot"))
    assert [reason.field for reason in given.left] == ["generation.temperature"]
    assert "temperature: hot" in planned(given, sequence_length=2048).files[0].yaml


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("name: x\nresources: {cloud: gcp}\nrun: oumi train -c train.yaml\n", "a job"),
        ("inference_config: {model: {model_name: x}}\njudge_params: {prompt_template: y}\n", "a judge"),
        ("model: {model_name: x}\nmethod: awq_q4_0\noutput_path: y\ncalibration_samples: 5\n", "a quantization"),
    ],
)
def test_another_kind_is_refused_by_its_name(text: str, kind: str) -> None:
    with pytest.raises(UsageError, match=f"mine.yaml is {kind} config") as problem:
        Given.of("mine.yaml", text)
    assert problem.value.hint


@pytest.mark.skipif(not RECIPES.exists() and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_every_recipe_comes_back_as_it_is_and_one_change_changes_one_field() -> None:
    seen = 0
    for path in sorted(RECIPES.rglob("*.yaml")):
        text = path.read_text("utf-8")
        try:
            given = Given.of(path.name, text)
        except UsageError:
            continue
        if given.kind == "train":
            continue
        seen += 1
        assert planned(given).files[0].yaml == text, path
        there = changed(text, overrides={"generation.max_new_tokens": 333})
        assert [line.strip(" +") for line in there if line[0] == "+" and "generation:" not in line] == ["max_new_tokens: 333"], path
    assert seen > 50
