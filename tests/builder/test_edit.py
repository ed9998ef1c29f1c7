"""Edits of a user's YAML: what is asked changes, everything else stays to the byte; what is unsafe is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.builder.edit import Edit, apply_edits, diff_lines, edited, steps_of
from assistant.core.errors import UsageError

RECIPES = sorted((Path(os.environ.get("OUMI_CHAT_SHARED") or Path(__file__).parents[3] / "shared") / "data" / "oumi_recipes").rglob("*train.yaml"))
TEXT = """\
# A head.
model:
  model_name: "meta-llama/Llama-3.1-8B"   # which one
  model_max_length: 4096

training:  # how
  per_device_train_batch_size: 8 # large
  enable_gradient_checkpointing: False
  learning_rate: 1e-4
  trainer_kwargs: {max_length: 2048, packing: false}
  gradient_checkpointing_kwargs:
    use_reentrant: False  # as recipes do

peft:
  lora_target_modules:
    - q_proj
    - v_proj
  lora_r: 8

data:
  train:
    datasets:
      - dataset_name: a  # first
        split: train
      - {dataset_name: b, split: test}
empty:
# The end.
"""


def changed(*edits: Edit, text: str = TEXT) -> list[str]:
    """The lines that go and come."""
    return [line for line in diff_lines(text, apply_edits(text, edits), "t")[2:] if line[0] in "+-"]


@pytest.mark.parametrize(
    ("edit", "lines"),
    [
        (Edit(path="training.per_device_train_batch_size", value=4), ["-  per_device_train_batch_size: 8 # large", "+  per_device_train_batch_size: 4 # large"]),
        (Edit(path="model.model_name", value="Qwen/Qwen3-8B"), ['-  model_name: "meta-llama/Llama-3.1-8B"   # which one', '+  model_name: "Qwen/Qwen3-8B"   # which one']),
        (Edit(path="training.enable_gradient_checkpointing", value=True), ["-  enable_gradient_checkpointing: False", "+  enable_gradient_checkpointing: True"]),
        (Edit(path="training.learning_rate", value=2e-05), ["-  learning_rate: 1e-4", "+  learning_rate: 2.0e-05"]),
        (Edit(path="training.trainer_kwargs.max_length", value=512), ["-  trainer_kwargs: {max_length: 2048, packing: false}", "+  trainer_kwargs: {max_length: 512, packing: false}"]),
        (Edit(path="training.trainer_kwargs.max_length", remove=True), ["-  trainer_kwargs: {max_length: 2048, packing: false}", "+  trainer_kwargs: {packing: false}"]),
        (Edit(path="training.trainer_kwargs.packing", remove=True), ["-  trainer_kwargs: {max_length: 2048, packing: false}", "+  trainer_kwargs: {max_length: 2048}"]),
        (Edit(path="training.trainer_kwargs.beta", value=0.1), ["-  trainer_kwargs: {max_length: 2048, packing: false}", "+  trainer_kwargs: {max_length: 2048, packing: false, beta: 0.1}"]),
        (Edit(path="training.gradient_checkpointing_kwargs.use_reentrant", remove=True), ["-  gradient_checkpointing_kwargs:", "-    use_reentrant: False  # as recipes do"]),
        (Edit(path="training.optimizer", value="paged_adamw_8bit"), ["+  optimizer: paged_adamw_8bit"]),
        (Edit(path="model.model_max_length", rename="max_len"), ["-  model_max_length: 4096", "+  max_len: 4096"]),
        (Edit(path="model.model_max_length", remove=True), ["-  model_max_length: 4096"]),
        (Edit(path="peft.lora_target_modules", value=["o_proj"]), ["-    - q_proj", "-    - v_proj", "+    - o_proj"]),
        (Edit(path="data.train.datasets[0].dataset_name", value="c"), ["-      - dataset_name: a  # first", "+      - dataset_name: c  # first"]),
        (Edit(path="data.train.datasets[1].split", value="train"), ["-      - {dataset_name: b, split: test}", "+      - {dataset_name: b, split: train}"]),
        (Edit(path="data.train.datasets[0].sample_count", value=9), ["+        sample_count: 9"]),
        (Edit(path="data.train.pack", value=True), ["+    pack: True"]),
        (Edit(path="empty.a.b", value=1), ["+  a:", "+    b: 1"]),
        (Edit(path="fsdp.enable_fsdp", value=True), ["+", "+fsdp:", "+  enable_fsdp: True"]),
        (Edit(path="peft", remove=True), ["-peft:", "-  lora_target_modules:", "-    - q_proj", "-    - v_proj", "-  lora_r: 8"]),
    ],
)
def test_one_edit_changes_these_lines(edit: Edit, lines: list[str]) -> None:
    assert changed(edit) == lines


def test_several_edits_build_a_section_once() -> None:
    lines = changed(Edit(path="fsdp.enable_fsdp", value=True), Edit(path="fsdp.transformer_layer_cls", value="LlamaDecoderLayer"))
    assert lines == ["+", "+fsdp:", "+  enable_fsdp: True", "+  transformer_layer_cls: LlamaDecoderLayer"]


def test_windows_line_ends_and_a_missing_last_one_stay() -> None:
    text = TEXT.replace("\n", "\r\n").removesuffix("# The end.\r\n").removesuffix("empty:\r\n").removesuffix("\r\n")
    after = apply_edits(text, [Edit(path="training.max_steps", value=5), Edit(path="data.train.pack", value=True)])
    assert "\n" not in after.replace("\r\n", "")
    assert yaml.safe_load(after)["data"]["train"]["pack"] is True


@pytest.mark.parametrize(
    ("text", "edit", "why"),
    [
        ("a: &x {b: 1}\nc: *x\n", Edit(path="c.b", value=2), "alias"),
        ("a: &x {b: 1}\nc: *x\n", Edit(path="a.b", value=2), "anchor"),
        ("base: &b\n  x: 1\na:\n  <<: *b\n  y: 2\n", Edit(path="a.y", value=3), "merge"),
        ("a:\n  b: 1\n  b: 2\n", Edit(path="a.b", value=3), "twice"),
        ("a: ${oc.env:X}\n", Edit(path="a", value=3), "interpolation"),
        ("a: !!str 3\n", Edit(path="a", value=3), "tag"),
        ("a: |\n  x\n  y\n", Edit(path="a", value="z"), "several lines"),
        ("a:\n  - x  # why\n  - y\n", Edit(path="a", value=["z"]), "comments"),
        ("a: {b: 1,\n    c: 2}\n", Edit(path="a.d", value=3), "several lines"),
        ("a: {b: 1}\n", Edit(path="a", value=3), "section"),
        ("a: 1\n", Edit(path="a.b", value=3), "value stands"),
        ("a: 1\n", Edit(path="b", remove=True), "not there"),
        ("a: 1\n", Edit(path="a", remove=True), "nothing would be left"),
        ("a: 1\nb: 2\n", Edit(path="a", rename="b"), "already"),
        ("a: [1]\n", Edit(path="a[3].b", value=3), "no such entry"),
    ],
)
def test_what_is_unsafe_is_refused(text: str, edit: Edit, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        apply_edits(text, [edit])


@pytest.mark.parametrize("text", ["", "- a\n", "just words", "a: [1\n", "a:\n\t- b\n", "a: 1\n---\nb: 2\n", "\x00"])
def test_what_is_no_config_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        apply_edits(text, [Edit(path="a.b", value=1)])


def test_a_mapping_is_no_value_of_one_field() -> None:
    with pytest.raises(UsageError, match="no value"):
        apply_edits("a: 1\n", [Edit(path="b", value={"c": 1})])


def test_paths() -> None:
    assert steps_of("data.train.datasets[0].split") == ("data", "train", "datasets", 0, "split")
    with pytest.raises(UsageError):
        steps_of("a[x]")


NAMES = st.sampled_from(["a", "b", "lora_r", "model_name", "use-this", "x1", "On"])
SCALARS = st.one_of(st.integers(-10**6, 10**6), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32), st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12), st.sampled_from(["yes", "null", "1e-4", "a: b", "- x", "# y", "it's", '"q"', "2020-01-01", "~", "", " pad "]))
SECTIONS: Any = st.recursive(st.dictionaries(NAMES, SCALARS, min_size=1, max_size=4), lambda inner: st.dictionaries(NAMES, st.one_of(SCALARS, inner, st.lists(SCALARS, max_size=3)), min_size=1, max_size=4), max_leaves=12)


def paths_in(body: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name, value in body.items():
        path = f"{prefix}{name}"
        found += [path] if not isinstance(value, dict) else [path, *paths_in(value, f"{path}.")]
    return found


@given(body=SECTIONS, flow=st.sampled_from([False, None, True]), indent=st.sampled_from([2, 4]), value=st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), data=st.data())
@settings(max_examples=400, deadline=None)
def test_exactly_the_wanted_change(body: dict[str, Any], flow: bool | None, indent: int, value: Any, data: st.DataObject) -> None:
    """The edited text parses to the edited mapping and its other lines stay; or the edit is refused."""
    text = "# head\n" + yaml.safe_dump(body, default_flow_style=flow, indent=indent, sort_keys=False, allow_unicode=True, width=10**6) + "# tail\n"
    path = data.draw(st.sampled_from(paths_in(body)))
    edit = data.draw(st.sampled_from([Edit(path=path, value=value), Edit(path=path, remove=True), Edit(path=f"{path}_new", value=value), Edit(path="fresh.part.name", value=value), Edit(path=path, rename="renamed")]))
    try:
        after = apply_edits(text, [edit])
    except UsageError:
        return
    expected = edited(body, [edit])
    assert pruned(yaml.safe_load(after)) == pruned(expected)
    assert after.startswith("# head\n")
    assert "# tail" in after


def pruned(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: kept for name, value in body.items() if (kept := pruned(value)) != {}}
    return body


EDITS = (
    Edit(path="training.per_device_train_batch_size", value=1),
    Edit(path="training.gradient_accumulation_steps", value=64),
    Edit(path="training.enable_gradient_checkpointing", value=True),
    Edit(path="training.gradient_checkpointing_kwargs.use_reentrant", value=False),
    Edit(path="model.model_max_length", value=512),
    Edit(path="model.enable_liger_kernel", value=True),
    Edit(path="training.optimizer", value="paged_adamw_8bit"),
    Edit(path="peft.lora_target_modules", value=["q_proj", "v_proj"]),
    Edit(path="fsdp.enable_fsdp", value=False),
    Edit(path="data.train.datasets[0].split", value="train"),
)


@pytest.mark.skipif(not RECIPES, reason="Oumi's recipes are not here")
@pytest.mark.parametrize("path", RECIPES, ids=lambda p: "-".join(p.parts[-3:]))
def test_every_edit_can_be_made_in_a_recipe(path: Path) -> None:
    text = path.read_text("utf-8")
    for edit in EDITS:
        before = yaml.safe_load(text)
        text = apply_edits(text, [edit])
        assert yaml.safe_load(text) == edited(before, [edit])
    comments = [line for line in path.read_text("utf-8").splitlines() if line.lstrip().startswith("#")]
    assert [line for line in text.splitlines() if line.lstrip().startswith("#")] == comments


@pytest.mark.parametrize(
    ("text", "edit", "wanted"),
    [
        ("training: &t\n  a: 1\nb: 2\n", Edit(path="training.a", value=5), "training: &t\n  a: 5\nb: 2\n"),
        ("training: &t\n  a: 1\nb: 2\n", Edit(path="training.c", value=5), "training: &t\n  a: 1\n  c: 5\nb: 2\n"),
        ("training: &t  # how\n  a: &y\n    - 1\n  b: 3\n", Edit(path="training.a", value=[5]), "training: &t  # how\n  a: [5]\n  b: 3\n"),
        ("training:\n  a: &x 1\n", Edit(path="training.a", value=5), "training:\n  a: 5\n"),
    ],
)
def test_an_anchor_that_no_alias_names_is_in_no_ones_way(text: str, edit: Edit, wanted: str) -> None:
    assert apply_edits(text, [edit]) == wanted


def test_an_anchor_that_an_alias_names_still_is() -> None:
    with pytest.raises(UsageError, match="anchor"):
        apply_edits("training: &t\n  a: 1\nb: *t\n", [Edit(path="training.a", value=5)])


def test_a_field_of_a_list_is_refused() -> None:
    with pytest.raises(UsageError, match="not there"):
        apply_edits("training:\n  - a: 1\n", [Edit(path="training.a", remove=True)])


def test_a_value_within_itself_is_refused_with_its_line() -> None:
    with pytest.raises(UsageError, match="within itself") as refused:
        apply_edits("model: &a\n  model_name: X\n  model_kwargs: *a\n", [Edit(path="model.model_name", value="Y")])
    assert refused.value.context == "line 3, column 17"


def test_a_tab_before_a_comment_stays() -> None:
    """The parser in Python refuses it; Oumi's reads it."""
    text = "training:\n  max_steps:\t10\t# few\n  seed: 1\t\n"
    assert apply_edits(text, [Edit(path="training.max_steps", value=20), Edit(path="training.seed", rename="data_seed")]) == "training:\n  max_steps:\t20\t# few\n  data_seed: 1\t\n"
