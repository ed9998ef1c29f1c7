"""A whole config against its schema: what Oumi's parser refuses, and nothing else."""

from __future__ import annotations

import pytest
import yaml

from assistant.checks.shape import shape_findings

GOOD = """
model: {model_name: x, model_max_length: "2048", torch_dtype_str: bfloat16}
data: {train: {datasets: [{dataset_name: a, dataset_kwargs: {anything: [1]}}], pack: "true"}}
training: {trainer_type: TRL_SFT, learning_rate: 1e-4, num_train_epochs: 2, trainer_kwargs: {any: 1}, output_dir: out}
"""


def test_a_good_config_is_silent() -> None:
    assert shape_findings(yaml.safe_load(GOOD), "train") == ()


@pytest.mark.parametrize(
    ("text", "rule", "path"),
    [
        ("training: {learning_rat: 1}", "SCH001", "training.learning_rat"),
        ("trainng: {}", "SCH001", "trainng"),
        ("data: {train: {datasets: [{dataset_nam: x}]}}", "SCH001", "data.train.datasets[0].dataset_nam"),
        ("training: {trainer_type: trl_sft}", "SCH002", "training.trainer_type"),
        ("training: {num_train_epochs: 3.0}", "SCH002", "training.num_train_epochs"),
        ("training: {num_train_epochs: 0.5}", "SCH002", "training.num_train_epochs"),
        ("training: {use_peft: maybe}", "SCH002", "training.use_peft"),
        ("training: {learning_rate: fast}", "SCH002", "training.learning_rate"),
        ("training: {learning_rate: true}", "SCH002", "training.learning_rate"),
        ("training: {output_dir: null}", "SCH002", "training.output_dir"),
        ("training: {trainer_kwargs: [1]}", "SCH002", "training.trainer_kwargs"),
        ("peft: {lora_target_modules: all-linear}", "SCH002", "peft.lora_target_modules"),
        ("peft:", "SCH002", "peft"),
        ("model: name", "SCH002", "model"),
        ("data: {train: {datasets: [x]}}", "SCH002", "data.train.datasets[0]"),
    ],
)
def test_what_is_refused(text: str, rule: str, path: str) -> None:
    found = shape_findings(yaml.safe_load(text), "train")
    assert [(one.rule, one.path) for one in found] == [(rule, path)]
    assert found[0].severity == "error"
    assert found[0].fix


def test_the_nearest_field_is_named() -> None:
    assert "training.learning_rate" in shape_findings({"training": {"learning_rat": 1}}, "train")[0].fix
    assert "num_fewshot" not in shape_findings({"tasks": [{"num_fewshot": 5}]}, "eval")[0].fix


def test_another_kind_has_other_fields() -> None:
    body = {"resources": {"cloud": "gcp", "accelerators": {"A100": 4}}, "run": "x"}
    assert [one.path for one in shape_findings(body, "job")] == ["resources.accelerators"]
