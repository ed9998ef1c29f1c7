"""Configs as intents: what a file says is what is planned, and what cannot be kept is named."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.builder.imports import intent_of_config, lost_rows
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
    body = yaml.safe_load(first.files[0].yaml)
    intent, left = intent_of_config(body)
    assert left == ()
    again = respond(intent, machine=replace(first.plan.hardware, source="flag"))
    assert again.files, again.findings
    assert yaml.safe_load(again.files[0].yaml) == body


def test_what_cannot_be_kept_is_named() -> None:
    body: dict[str, Any] = {
        "model": {"model_name": "HuggingFaceTB/SmolLM2-135M-Instruct"},
        "data": {"train": {"datasets": [{"dataset_name": "a/b"}, {"dataset_name": "c/d"}]}, "validation": {"datasets": []}},
        "training": {"trainer_type": "TRL_SFT", "learning_rte": 1.0, "optimizer": "adamwww"},
    }
    intent, left = intent_of_config(body)
    assert {note.field for note in left} == {"training.learning_rte", "training.optimizer", "data.train.datasets", "data.validation"}
    assert intent.dataset == "a/b"
    assert intent.overrides is None


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
        assert len(left) <= 4, (path, left)


def test_rows_that_a_plan_does_not_keep_are_named() -> None:
    body = yaml.safe_load(respond(read("lora qwen3 8b on A100 with yahma/alpaca-cleaned").intent).files[0].yaml)
    assert lost_rows(body, body) == ()
    body["data"]["train"]["datasets"][0] |= {"split": "train[:10%]", "sample_count": 100}
    body["data"]["train"]["mixture_strategy"] = "all_exhausted"
    planned = yaml.safe_load(respond(intent_of_config(body)[0]).files[0].yaml)
    named = {note.field for note in lost_rows(body, planned)}
    assert named == {"data.train.datasets[0].split", "data.train.datasets[0].sample_count", "data.train.mixture_strategy"}
