"""The snapshots of Oumi's configs: every kind is there, lists can be walked into, open mappings stay open."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

from assistant.checks.schema import KINDS, coerce, field, field_names, snapshot, unindexed
from assistant.core.errors import UsageError


def test_there_is_a_snapshot_for_each_kind_and_none_besides_but_the_record_of_releases() -> None:
    home = resources.files("assistant.checks").joinpath("data")
    assert {*(f"{kind}.json" for kind in KINDS), "releases.json"} == {entry.name for entry in home.iterdir()}
    assert len({snapshot(kind)["oumi"] for kind in KINDS}) == 1


def _entries(fields: dict[str, Any], prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for name, entry in fields.items():
        found.append((f"{prefix}{name}", entry))
        found += _entries(entry.get("fields", {}), f"{prefix}{name}.")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_is_found_under_its_path(kind: str) -> None:
    entries = _entries(snapshot(kind)["fields"])
    assert {path for path, _ in entries} >= set(field_names(kind))
    for path, entry in entries:
        assert field(path, kind) == entry, path
        assert ("fields" in entry) <= (entry["type"] in ("section", "list")), path
        assert ("names" in entry) == (entry["type"] == "enum"), path


@pytest.mark.parametrize("kind", KINDS)
def test_words_of_free_text_belong_to_text_fields(kind: str) -> None:
    for path, words in snapshot(kind)["names"].items():
        entry = field(path, kind)
        assert entry is not None
        assert entry["type"] == "str", path
        assert entry["default"] is None or entry["default"] == "" or entry["default"] in words, path


@pytest.mark.parametrize(
    ("kind", "path", "type_"),
    [
        ("eval", "tasks", "list"), ("eval", "tasks[0]", "section"), ("eval", "tasks[0].num_samples", "int"),
        ("eval", "tasks.num_samples", "int"), ("eval", "tasks[2].eval_kwargs", "dict"), ("eval", "tasks[2].eval_kwargs.num_fewshot", "any"),
        ("synthesize", "strategy_params.sampled_attributes[0].possible_values[1].sample_rate", "float"),
        ("synthesize", "strategy_params.input_examples[0].examples[0]", "any"), ("synthesize", "strategy_params.input_examples[0].examples[0].word", "any"),
        ("judge", "rubric_judge_params.criteria[0].weight", "float"), ("job", "envs.HF_TOKEN", "any"), ("job", "run", "str"),
        ("tune", "tuning.tunable_training_params.learning_rate", "any"), ("quantize", "method", "str"),
        ("train", "data.train.datasets[0].split", "str"), ("train", "peft.lora_target_modules[0]", "any"),
        ("async_eval", "evaluation.tasks[0].task_name", "str"),
    ],
)  # fmt: skip
def test_lists_are_walked_into_and_mappings_are_open(kind: str, path: str, type_: str) -> None:
    assert (field(path, kind) or {})["type"] == type_


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("eval", "tasks[0].num_fewshot"), ("eval", "tasks[x].task_name"), ("eval", "tasks[0]x"), ("eval", "model[0].model_name"), ("eval", "tasks[0][1]"),
        ("eval", ""), ("eval", "tasks."), ("job", "resources.cloud.name"), ("job", "num_nodes[0]"), ("train", "peft.lora_target_modules.q_proj"), ("infer", "tasks"),
    ],
)  # fmt: skip
def test_what_oumi_lacks_is_not_found(kind: str, path: str) -> None:
    assert field(path, kind) is None


def test_places_in_lists_are_left_out_of_a_name() -> None:
    assert unindexed("strategy_params.sampled_attributes[0].possible_values[12].id") == "strategy_params.sampled_attributes.possible_values.id"


@pytest.mark.parametrize(("kind", "path", "value"), [("job", "resources.cloud", "k8s"), ("quantize", "method", "bnb_4bit"), ("tune", "tuning.n_trials", 5)])
def test_values_of_any_kind_are_typed(kind: str, path: str, value: object) -> None:
    assert coerce(path, value, kind) == value


@pytest.mark.parametrize(
    ("kind", "path", "value", "hint"),
    [
        ("job", "resources.cloud", "kubernetes", "Such as aws"), ("quantize", "method", "awq_q4", "awq_q4_0"), ("eval", "tasks.num_samples", 4, "Say tasks as a whole"),
        ("train", "data.train.datasets.split", "test", "Say data.train.datasets as a whole"), ("job", "num_node", 2, "num_nodes"), ("eval", "tasks[0]", {}, "Say tasks as a whole"),
    ],
)  # fmt: skip
def test_what_would_fail_is_refused_with_the_way_out(kind: str, path: str, value: object, hint: str) -> None:
    with pytest.raises(UsageError) as problem:
        coerce(path, value, kind)
    assert hint in problem.value.hint
