"""Answers as values: the same reading for a typed answer and for a flag."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.catalogue.machines import parse_machine
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.wizard.answers import Said, said_with, setting, stated_machine
from assistant.wizard.flags import command
from assistant.wizard.items import KINDS, item

EMPTY = Said(intent=Intent(task="train"))


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("sequence_length", "8k", 8192), ("sequence_length", "4,096", 4096), ("max_steps", "1k", 1000), ("epochs", "2", 2.0), ("epochs", "default", None),
        ("learning_rate", "2e-4", 2e-4), ("learning_rate", ".001", 0.001), ("method", "auto", None), ("method", "LoRA", "lora"), ("method", "f", "full"),
        ("method", "3", "lora"), ("precision", "bf16", "bf16"), ("spot", "yes", True), ("spot", "N", False), ("run_name", "a b", "a b"), ("seed", "0", 0),
        ("output_dir", "auto", None), ("lora_alpha", "32", 32.0),
    ],
)  # fmt: skip
def test_a_text_as_a_value(key: str, text: str, value: Any) -> None:
    assert getattr(said_with(EMPTY, "job", item("job", key), text).intent, key) == value


def test_names_come_with_commas_or_blanks() -> None:
    said = said_with(EMPTY, "eval", item("eval", "benchmarks"), "mmlu, gsm8k hellaswag")
    assert said.intent.benchmarks == ["mmlu", "gsm8k", "hellaswag"]


@pytest.mark.parametrize(("key", "text"), [("method", "lo ra"), ("objective", "g"), ("method", ""), ("method", "0"), ("spot", "maybe"), ("seed", "1e99"), ("seed", "1e999"), ("sequence_length", "9e999"), ("learning_rate", "1e999"), ("max_steps", "-1e999"), ("epochs", "inf"), ("machine", ""), ("nodes", "0")])
def test_what_is_no_value(key: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        said_with(EMPTY, "job", item("job", key), text)
    assert caught.value.hint


def test_a_machine_replaces_one_of_the_intent() -> None:
    before = Said(intent=Intent(task="train", gpu="T4", gpu_count=2, nodes=4))
    after = said_with(before, "train", item("train", "machine"), "2x8xH100")
    assert (after.gpus, after.intent.gpu, after.intent.gpu_count, after.intent.nodes) == ("2x8xH100", None, None, None)


@pytest.mark.parametrize(
    ("gpus", "nodes", "stated"),
    [("8xH100", 2, "2x8xH100"), ("H100", 4, "4x1xH100"), ("2x8xH100", 2, "2x8xH100"), ("8xH100", 1, "8xH100"), ("auto", 1, "auto"), (None, 2, None), ("2x24GB", 3, "3x2x24GB")],
)
def test_machines_of_several_nodes(gpus: str | None, nodes: int, stated: str | None) -> None:
    found = stated_machine(Said(intent=Intent(nodes=nodes), gpus=gpus))
    assert found == stated
    if found and found != "auto":
        parse_machine(found)


@pytest.mark.parametrize(("gpus", "nodes"), [("2x8xH100", 4), ("2x8xH100", 1), ("auto", 2)])
def test_two_numbers_of_nodes_are_refused_and_both_named(gpus: str, nodes: int) -> None:
    with pytest.raises(UsageError) as caught:
        stated_machine(Said(intent=Intent(nodes=nodes), gpus=gpus))
    assert gpus in caught.value.message
    assert f"--nodes {nodes}" in caught.value.message


def test_a_field_that_a_key_decides_becomes_the_key() -> None:
    asked, value = setting("train", "training.learning_rate=1e-5")
    assert asked.key == "learning_rate"
    assert said_with(EMPTY, "train", asked, value or "").intent.learning_rate == 1e-5


def test_a_field_of_its_own_is_typed_by_oumis_schema() -> None:
    asked, value = setting("train", "training.logging_steps=5")
    assert said_with(EMPTY, "train", asked, value or "").intent.overrides == {"training.logging_steps": 5}
    asked, value = setting("train", "peft.lora_target_modules=q_proj, v_proj")
    assert said_with(EMPTY, "train", asked, value or "").intent.overrides == {"peft.lora_target_modules": ["q_proj", "v_proj"]}
    again = said_with(EMPTY, "train", asked, value or "")
    assert said_with(again, "train", asked, "default").intent.overrides is None


def test_fields_that_contradict_are_refused() -> None:
    full = Said(intent=Intent(task="train", method="full"))
    asked, value = setting("train", "peft.lora_dropout=0.1")
    with pytest.raises(UsageError, match="contradicts"):
        said_with(full, "train", asked, value or "")


def test_a_field_of_another_kind_is_none_here() -> None:
    with pytest.raises(UsageError):
        setting("eval", "training.learning_rate=1")
    assert setting("eval", "enable_wandb=true")[0].key == "enable_wandb"


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_a_question_and_a_word_of_help(kind: str) -> None:
    for key in KINDS[kind].keys:
        asked = item(kind, key)
        assert asked.text.endswith("?"), (kind, key)
        assert asked.about.endswith("."), (kind, key)
        assert asked.flag.startswith("--"), (kind, key)
        assert not asked.flag.startswith("--set"), (kind, key)


def test_a_command_is_quoted_and_reads_back() -> None:
    said = Said(intent=Intent(task="train", model="a; rm -rf ~", run_name="-x", learning_rate=2e-5, spot=False, overrides={"training.logging_steps": 5}), gpus="8xH100")
    text = command("train", said, file="my train.yaml")
    assert "'a; rm -rf ~'" in text
    assert "--run-name=-x" in text
    assert "--no-spot" in text
    assert "--set training.logging_steps=5" in text
    assert text.endswith("-o 'my train.yaml' --yes")
