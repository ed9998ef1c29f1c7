"""Configs as intents: what a file says is what is planned, and what cannot be kept is named."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.builder.given import Given, drift, on_given
from assistant.builder.imports import intent_of_config
from assistant.core.errors import UsageError
from assistant.reader import read

ROOT = Path(__file__).parents[2]
REQUESTS = [line for line in (ROOT / "tests" / "golden" / "requests.txt").read_text().splitlines() if line]
RECIPES = sorted((Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "oumi_recipes").rglob("*train.yaml"))


@pytest.mark.parametrize("request_text", REQUESTS)
def test_a_config_of_ours_is_planned_again_as_it_was(request_text: str) -> None:
    first = respond(read(request_text).intent)
    if first.plan is None or not first.files:
        return
    given = Given.of("train.yaml", first.files[0].yaml)
    assert given.left == ()
    again = respond(given.intent, machine=replace(first.plan.hardware, source="flag"))
    assert again.files, again.findings
    assert again.plan is not None
    assert again.plan.memory == first.plan.memory
    assert on_given(again, given).files[0].yaml == first.files[0].yaml
    assert drift(on_given(again, given), given) == ()


def test_what_cannot_be_kept_is_named() -> None:
    body: dict[str, Any] = {
        "model": {"model_name": "HuggingFaceTB/SmolLM2-135M-Instruct"},
        "data": {"train": {"datasets": [{"dataset_name": "a/b"}, {"dataset_name": "c/d"}]}, "validation": {"datasets": []}},
        "training": {"trainer_type": "TRL_SFT", "learning_rte": 1.0, "optimizer": "adamwww"},
    }
    intent, left = intent_of_config(body)
    assert {note.field for note in left} == {"training.learning_rte", "training.optimizer", "data.train.datasets", "data.validation"}
    assert intent.dataset == "a/b"
    assert not {"training.learning_rte"} & set(intent.overrides or {})


def drift_of(body: dict[str, Any]) -> dict[str, str]:
    """Field → how the plan of a config counts it otherwise; what is left out by name aside."""
    given = Given.of("train.yaml", yaml.safe_dump(body))
    outcome = on_given(respond(given.intent), given)
    assert outcome.files, outcome.findings
    assert yaml.safe_load(outcome.files[0].yaml) == body
    return {note.field: note.why for note in drift(outcome, given)}


def test_fields_of_the_dataset_that_a_plan_does_not_count_are_named() -> None:
    unkept = {"split": "test", "subset": "en", "sample_count": 500, "dataset_kwargs": {"a": 1}, "mixture_proportion": 0.5, "shuffle": True, "seed": 7}
    body: dict[str, Any] = {
        "model": {"model_name": "HuggingFaceTB/SmolLM2-135M-Instruct"},
        "data": {"train": {"datasets": [{"dataset_name": "yahma/alpaca-cleaned", "trust_remote_code": False, **unkept}]}},
        "training": {"trainer_type": "TRL_SFT"},
    }
    found = drift_of(body)
    assert set(found) == {f"data.train.datasets[0].{name}" for name in unkept}
    assert found["data.train.datasets[0].sample_count"] == "stays 500; the plan does not count it"


def test_a_reader_other_than_the_planned_one_is_named() -> None:
    body: dict[str, Any] = {
        "model": {"model_name": "HuggingFaceTB/SmolLM2-135M-Instruct"},
        "data": {"train": {"datasets": [{"dataset_name": "alpaca_jsonl", "dataset_path": "rows.jsonl"}]}},
        "training": {"trainer_type": "TRL_SFT"},
    }
    assert drift_of(body) == {"data.train.datasets[0].dataset_name": "stays alpaca_jsonl; the plan counts with text_sft_jsonl"}


def test_fields_of_the_mixture_are_kept() -> None:
    kept = {"pack": True, "collator_name": "text_with_padding", "seed": 3, "mixture_strategy": "all_exhausted"}
    body: dict[str, Any] = {
        "model": {"model_name": "HuggingFaceTB/SmolLM2-135M-Instruct"},
        "data": {"train": {"datasets": [{"dataset_name": "mlabonne/orpo-dpo-mix-40k"}], **kept}},
        "training": {"trainer_type": "TRL_DPO", "max_steps": 100},
    }
    intent, left = intent_of_config(body)
    assert left == ()
    again = respond(intent)
    assert again.files, again.findings
    written = yaml.safe_load(again.files[0].yaml)["data"]["train"]
    assert {name: written.get(name) for name in kept} == kept


@pytest.mark.parametrize("body", [{}, {"model": {}}, {"model": {"model_name": 3}}, {"model": {"model_name": "x"}, "training": {"learning_rate": "fast"}}])
def test_a_file_that_is_no_training_config_is_an_error_of_the_users(body: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        intent_of_config(body)


@pytest.mark.skipif(not RECIPES and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_oumis_recipes_are_read() -> None:
    assert len(RECIPES) > 50
    for path in RECIPES:
        body = yaml.safe_load(path.read_text("utf-8"))
        intent, left = intent_of_config(body)
        assert intent.model == body["model"]["model_name"]
        assert len([note for note in left if not note.field.startswith("data.")]) <= 4, (path, left)
