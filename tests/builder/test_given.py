"""A config that a conversation goes on from: only what is asked for is written into it, and it is called its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.builder.given import Given, drift, leaves, on_given
from assistant.builder.prose_why import why_text
from assistant.catalogue.machines import parse_machine
from assistant.core.outcome import Outcome
from assistant.reader import read

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared")
RECIPES = sorted((SHARED / "data" / "oumi_recipes").rglob("*train.yaml"))
TEXT = """# my run, do not touch the seed
model:
  model_name: "meta-llama/Llama-3.1-8B-Instruct"   # the small one
  torch_dtype_str: bfloat16
data:
  train:
    datasets:
      - dataset_name: yahma/alpaca-cleaned
        split: train[:10%]
      - dataset_name: a/b
  validation:
    datasets: [{dataset_name: c/d}]
training:
  trainer_type: TRL_SFT
  use_peft: true
  seed: 7   # lucky
  learning_rate: 1.0e-4
  per_device_train_batch_size: 2
peft: {lora_r: 8}
"""


def planned(given: Given, gpus: str = "A100-80GB", **changes: Any) -> Outcome:
    overrides = {**(given.intent.overrides or {}), **changes.pop("overrides", {})}
    intent = given.intent.model_copy(update={**changes, "overrides": overrides})
    return on_given(respond(intent, machine=parse_machine(gpus)), given)


def test_the_file_is_written_back_as_it_is() -> None:
    given = Given.of("mine.yaml", TEXT)
    assert planned(given).files[0].yaml == TEXT


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"learning_rate": 1e-5}, "learning_rate: 1.0e-4", "learning_rate: 1.0e-05"),
        ({"lora_rank": 64}, "{lora_r: 8}", "{lora_r: 64}"),
        ({"overrides": {"training.lr_scheduler_type": "cosine"}}, "size: 2\n", "size: 2\n  lr_scheduler_type: cosine\n"),
        ({"micro_batch_size": 4}, "size: 2\n", "size: 4\n"),
    ],
)
def test_only_what_is_asked_for_is_written(changes: dict[str, Any], old: str, new: str) -> None:
    assert planned(Given.of("mine.yaml", TEXT), **changes).files[0].yaml == TEXT.replace(old, new)


def test_another_dataset_takes_the_place_of_all_in_the_file() -> None:
    given = Given.of("mine.yaml", TEXT)
    body = yaml.safe_load(planned(given, dataset="databricks/databricks-dolly-15k").files[0].yaml)
    assert [entry["dataset_name"] for entry in body["data"]["train"]["datasets"]] == ["databricks/databricks-dolly-15k"]
    assert body["data"]["train"]["datasets"][0]["split"] == "train"
    assert body["training"] == yaml.safe_load(TEXT)["training"]


def test_another_dataset_of_one_is_written_in_its_place() -> None:
    text = TEXT.replace("      - dataset_name: a/b\n", "")
    found = planned(Given.of("mine.yaml", text), dataset="databricks/databricks-dolly-15k").files[0].yaml
    assert found == text.replace("yahma/alpaca-cleaned", "databricks/databricks-dolly-15k").replace("train[:10%]", "train")


def test_full_training_takes_the_adapters_section_along() -> None:
    given = Given.of("mine.yaml", TEXT)
    overrides = {path: value for path, value in (given.intent.overrides or {}).items() if not path.startswith("peft.")}
    intent = given.intent.model_copy(update={"method": "full", "lora_rank": None, "lora_alpha": None, "overrides": overrides})
    body = yaml.safe_load(on_given(respond(intent, machine=parse_machine("8xH200")), given).files[0].yaml)
    assert "peft" not in body
    aliased = Given.of("mine.yaml", TEXT.replace("peft: {", "peft: &p {").replace("  validation:", "  test: {datasets: []}\n  validation:").replace("seed: 7", "seed: &s 7\n  data_seed: *s"))
    assert "peft" not in yaml.safe_load(on_given(respond(intent, machine=parse_machine("8xH200")), aliased).files[0].yaml)
    assert not body["training"].get("use_peft")
    assert body["data"] == yaml.safe_load(TEXT)["data"]


def test_what_the_file_leaves_out_is_planned_as_oumi_takes_it() -> None:
    plan = planned(Given.of("mine.yaml", TEXT)).plan
    assert plan is not None
    assert (plan.scheduler, plan.warmup_ratio, plan.weight_decay) == ("linear", 0.0, 0.0)
    assert (plan.gradient_accumulation_steps, plan.gradient_checkpointing, plan.liger, plan.optimizer) == (1, False, False, "adamw_torch")
    assert (plan.epochs, plan.sequence_length, plan.lora_alpha, plan.lora_targets) == (3, 1024, 8, ("q_proj", "v_proj"))


def test_values_of_the_file_are_called_so() -> None:
    given = Given.of("mine.yaml", TEXT)
    first, changed = planned(given).plan, planned(given, learning_rate=1e-5).plan
    assert first is not None
    assert changed is not None
    assert why_text("learning_rate", first) == "The learning rate is 0.0001: from mine.yaml."
    assert why_text("learning_rate", changed) == "The learning rate is 1e-05, as you asked."
    assert why_text("lora_rank", changed) == "The rank is 8: from mine.yaml."
    assert why_text("optimizer", changed) == "The optimizer is adamw_torch: Oumi's default, since mine.yaml sets none."


def test_an_alias_in_the_way_leaves_the_same_fields() -> None:
    text = TEXT.replace("learning_rate: 1.0e-4", "learning_rate: &rate 1.0e-4\n  adam_epsilon: *rate")
    outcome = planned(Given.of("mine.yaml", text), learning_rate=1e-5)
    expected = yaml.safe_load(text)
    expected["training"]["learning_rate"] = 1e-5
    assert yaml.safe_load(outcome.files[0].yaml) == expected


@pytest.mark.skipif(not RECIPES and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_one_change_of_a_recipe_changes_one_field() -> None:
    changed = 0
    for path in RECIPES:
        given = Given.of(path.name, path.read_text("utf-8"))
        outcome = planned(given, "8xB200", learning_rate=1.234e-5)
        if not outcome.files:
            continue
        changed += 1
        before, after = leaves(yaml.safe_load(given.text)), leaves(yaml.safe_load(outcome.files[0].yaml))
        assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {"training.learning_rate"}, path
        assert len(drift(outcome, given)) <= 4, path
    assert changed > 50


def test_our_own_qlora_config_is_counted_whole() -> None:
    """It writes out the bits that the estimate counts: nobody set them by hand."""
    first = respond(read("qlora llama 3.1 8b on an A100-80GB").intent)
    outcome = planned(Given.of("train.yaml", first.files[0].yaml), learning_rate=1e-5)
    assert not [finding for finding in outcome.findings if finding.rule == "MEM004"]
