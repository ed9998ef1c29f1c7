"""Rows with images: every entry names the processor that turns them into tensors, or the request is a question."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models
from assistant.configs.render import load
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.planner.data import VISION_FIRST, choose_dataset, data_kind

QWEN = "Qwen/Qwen2.5-VL-7B-Instruct"
GEMMA = "google/gemma-3-4b-it"


def make(**said: Any) -> Outcome:
    return respond(Intent(task="train", method="lora", **said), machine=parse_machine("8xH200"), request="images")


def entry(outcome: Outcome) -> dict[str, Any]:
    assert outcome.status == "ok", outcome.questions
    found: dict[str, Any] = load(outcome.files[0].yaml)["data"]["train"]["datasets"][0]
    return found


@pytest.mark.parametrize("data", ["./pics.jsonl", "merve/vqav2-small", None])
def test_every_image_set_names_the_processor(data: str | None) -> None:
    for model in (m for m in all_models() if m.model_type in VISION_FIRST):
        choice, _, _ = choose_dataset(Intent(task="train", model=model.id, dataset=data), "sft", model)
        assert choice.kwargs == {"processor_name": model.id, "return_tensors": True}, model.id
        assert choice.trust_remote_code == model.trust_remote_code


def test_local_images_reach_the_config_whole() -> None:
    found = entry(make(model=QWEN, dataset="./pics.jsonl"))
    assert found == {
        "dataset_name": "vision_language_jsonl",
        "dataset_path": "./pics.jsonl",
        "dataset_kwargs": {"processor_name": QWEN, "return_tensors": True},
    }


@pytest.mark.parametrize("data", ["./pics.csv", "./pics.json", "./pics.parquet", "someone/my-vqa-set"])
def test_rows_that_no_reader_turns_into_images_are_a_question(data: str) -> None:
    outcome = make(model=QWEN, dataset=data)
    assert outcome.status == "needs_input"
    assert outcome.questions[0].field == "dataset"
    assert data in outcome.questions[0].text


def test_a_vision_collator_said_by_name_means_images() -> None:
    overrides = {"data.train.collator_name": "vision_language_with_padding"}
    from assistant.catalogue.models import get_model

    model = get_model(GEMMA)
    assert model is not None
    assert data_kind("sft", model, "./pics.jsonl") == "sft"
    assert data_kind("sft", model, "./pics.jsonl", overrides) == "vision_sft"
    intent = Intent(task="train", model=GEMMA, dataset="./pics.jsonl", overrides=overrides)
    assert choose_dataset(intent, "sft", model)[0].name == "vision_language_jsonl"
