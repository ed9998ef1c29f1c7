"""Any Oumi config read back: nothing of it is lost, and what is asked for is all that changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import ConfigBuilder
from assistant.api import ABSENT, Change
from assistant.api.places import PLACES
from assistant.checks.kinds import kind_of
from assistant.checks.schema import KINDS, field
from assistant.configs.difference import differences, same
from assistant.core.errors import DoesNotFitError, NeedsInputError, UsageError
from assistant.core.values import Plan

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "oumi_recipes"
TRAIN = """\
# Of mine.
model:
  model_name: meta-llama/Llama-3.1-8B-Instruct  # gated
  model_max_length: 2048
data:
  train:
    datasets:
      - dataset_name: yahma/alpaca-cleaned
training:
  trainer_type: TRL_SFT
  use_peft: true
  max_steps: 20
  learning_rate: 1e-4
  my_own: [1, 2]
peft:
  lora_r: 8
"""


def recipes(kind: str | None = "any") -> list[Path]:
    """The shared recipes, of one kind."""
    found = sorted(FOLDER.rglob("*.yaml"))
    if not found:
        if os.environ.get("CI"):
            pytest.fail(f"no {FOLDER}")
        pytest.skip("the shared recipes are not here")
    return [path for path in found if kind == "any" or kind_of(yaml.safe_load(path.read_text("utf-8"))) == kind]


@pytest.fixture
def mine(tmp_path: Path) -> ConfigBuilder:
    (tmp_path / "mine.yaml").write_text(TRAIN, "utf-8")
    return ConfigBuilder.load(tmp_path / "mine.yaml")


def changes(before: ConfigBuilder, after: ConfigBuilder) -> dict[str, tuple[Any, Any]]:
    return {path: tuple(change) for path, change in before.diff(after).items()}  # type: ignore[misc]


def test_every_shared_recipe_comes_back_as_it_was(tmp_path: Path) -> None:
    kinds = set()
    for i, path in enumerate(recipes()):
        read = ConfigBuilder.load(path)
        saved = read.save(tmp_path / f"{i}.yaml")
        again = ConfigBuilder.load(tmp_path / f"{i}.yaml")
        assert again == read, path
        assert again.build() == read.build() == saved
        assert again.build().body == yaml.safe_load(path.read_text("utf-8"))
        assert (tmp_path / f"{i}.yaml").read_bytes() == path.read_bytes(), "comments too"
        kinds.add(read.build().kind)
    assert kinds == {None, *KINDS} - {"judge"}


@pytest.mark.parametrize(
    ("kind", "step", "value", "allowed"),
    [
        ("train", "epochs", 7, {"training.num_train_epochs", "training.max_steps"}),
        ("train", "learning_rate", 1.5e-4, {"training.learning_rate"}),
        ("train", "seed", 77, {"training.seed"}),
        ("eval", "output_dir", "elsewhere", {"output_dir"}),
        ("infer", "sequence_length", 1234, {"model.model_max_length"}),
        ("job", "hardware", "2x8xH100", {"resources.accelerators", "num_nodes"}),
        ("job", "cloud", "gcp", {"resources.cloud"}),
        ("synthesize", "limit", 3, {"num_samples"}),
    ],
)
def test_a_step_changes_only_its_field(kind: str, step: str, value: Any, allowed: set[str]) -> None:
    changed = 0
    for path in recipes(kind):
        before = ConfigBuilder.load(path)
        found = changes(before, getattr(before, step)(value))
        assert set(found) <= allowed, path
        changed += bool(found)
    assert changed


def test_a_step_leaves_comments_and_unknown_fields(mine: ConfigBuilder) -> None:
    after = mine.learning_rate(2e-4).sequence_length(4096).model("llama 3.2 3b")
    assert changes(mine, after) == {
        "model.model_name": ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.2-3B-Instruct"),
        "model.model_max_length": (2048, 4096),
        "training.learning_rate": ("1e-4", 2e-4),
    }
    assert "# Of mine." in after.to_yaml()
    assert "# gated" in after.to_yaml()
    assert after.build().body["training"]["my_own"] == [1, 2]
    assert mine.to_yaml() == TRAIN


def test_epochs_take_away_the_steps_that_would_win(mine: ConfigBuilder) -> None:
    assert changes(mine, mine.epochs(2)) == {"training.max_steps": (20, ABSENT), "training.num_train_epochs": (ABSENT, 2)}


def test_fields_are_set_and_removed_by_name(mine: ConfigBuilder) -> None:
    after = mine.override("data.train.datasets[0].split", "test").override("training.trainer_kwargs", {"packing": True, "max_length": 99}).unset("peft.lora_r")
    assert changes(mine, after) == {
        "data.train.datasets[0].split": (ABSENT, "test"),
        "training.trainer_kwargs.packing": (ABSENT, True),
        "training.trainer_kwargs.max_length": (ABSENT, 99),
        "peft.lora_r": (8, ABSENT),
    }
    assert changes(after, after.sequence_length(512)) == {"training.trainer_kwargs.max_length": (99, 512), "model.model_max_length": (2048, 512)}


@pytest.mark.parametrize(
    ("step", "value", "reference"),
    [
        ("training_type", "full", "needs-replan"),
        ("training_type", "auto", "needs-replan"),
        ("objective", "dpo", "needs-replan"),
        ("sharding", "fsdp", "needs-replan"),
        ("batch_size", 64, "needs-replan"),
        ("dataset", "./rows.jsonl", "needs-replan"),
        ("dataset", "someone/unregistered", "needs-replan"),
        ("dataset", "trl-lib/kto-mix-14k", "needs-replan"),
        ("epochs", 1.5, "wrong-value"),
        ("model", "lama", "unknown-model"),
        ("unset", "training.seed", "no-field"),
    ],
)
def test_what_takes_more_than_one_field_is_refused(mine: ConfigBuilder, step: str, value: Any, reference: str) -> None:
    with pytest.raises(UsageError) as raised:
        getattr(mine, step)(value)
    assert raised.value.reference == reference
    assert raised.value.hint


@pytest.mark.parametrize(("path", "value"), [("training.lr", 1), ("training.seed", "x"), ("tasks[0].task_name", "x"), ("data.train.datasets", [{"dataset_name": "a"}]), ("model.model_name.x", 1)])
def test_a_field_that_is_none_is_refused(mine: ConfigBuilder, path: str, value: Any) -> None:
    with pytest.raises(UsageError):
        mine.override(path, value)


def test_adapters_of_a_full_training_are_refused(tmp_path: Path) -> None:
    (tmp_path / "full.yaml").write_text(TRAIN.replace("use_peft: true", "use_peft: false"), "utf-8")
    with pytest.raises(UsageError, match="would do nothing"):
        ConfigBuilder.load(tmp_path / "full.yaml").lora_rank(16)


def test_a_model_of_another_family_leaves_nothing_of_the_former_behind(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(TRAIN.replace("model_max_length: 2048", "tokenizer_name: meta-llama/Llama-3.1-8B-Instruct"), "utf-8")
    with pytest.raises(UsageError, match=r"model\.tokenizer_name would not go with Qwen/Qwen3-8B"):
        ConfigBuilder.load(tmp_path / "own.yaml").model("Qwen/Qwen3-8B")


def test_a_job_asks_for_gpus_that_clouds_know(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("name: a\nresources: {cloud: gcp, accelerators: A100:1}\nrun: |\n  echo\n", "utf-8")
    job = ConfigBuilder.load(tmp_path / "job.yaml")
    assert changes(job, job.hardware("4xH100")) == {"resources.accelerators": ("A100:1", "H100:4")}
    assert changes(job, job.cloud("kubernetes").spot()) == {"resources.cloud": ("gcp", "k8s"), "resources.use_spot": (ABSENT, True)}
    for machine in ("cpu:64GB", "2x24GB"):
        with pytest.raises(UsageError, match="cannot ask for"):
            job.hardware(machine)


def test_a_loaded_training_is_judged_on_a_machine(mine: ConfigBuilder) -> None:
    with pytest.raises(NeedsInputError) as raised:
        mine.plan()
    assert raised.value.questions[0].field == "hardware"
    planned = mine.hardware("1xB200").plan()
    assert isinstance(planned, Plan)
    assert (planned.method, planned.sequence_length, planned.fits) == ("lora", 2048, True)
    config = mine.hardware("1xB200").build()
    assert (config.yaml, config.plan) == (TRAIN, planned)
    with pytest.raises(DoesNotFitError) as unfit:
        mine.hardware("1xT4").build()
    assert unfit.value.ways_out
    assert not mine.hardware("1xT4").plan().fits
    assert "does not fit" in mine.hardware("1xT4").explain()


def test_a_loaded_training_is_planned_anew(mine: ConfigBuilder) -> None:
    again = mine.hardware("1xB200").replan()
    assert (again.intent.method, again.intent.max_steps, again.intent.lora_rank) == ("lora", 20, 8)
    config = again.dataset("./rows.jsonl").build()
    assert config.body["data"]["train"]["datasets"][0]["dataset_path"] == "./rows.jsonl"
    assert [note.field for note in config.assumptions if note.why.startswith("left out")] == ["training.my_own"]
    for other in (ConfigBuilder(), again):
        with pytest.raises(UsageError, match="planned anew"):
            other.replan()


def test_what_we_make_reads_back(tmp_path: Path) -> None:
    made = ConfigBuilder().model("llama 3.1 8b").hardware("2xA100-80GB")
    config = made.save(tmp_path / "train.yaml")
    read = ConfigBuilder.load(tmp_path / "train.yaml")
    assert read.build() == config == made.build()
    assert made.diff(read) == {}
    assert read.replan().hardware("2xA100-80GB").build() == config
    for task, kind in (("evaluate", "eval"), ("infer", "infer")):
        config = made.for_task(task).save(tmp_path / f"{kind}.yaml")  # type: ignore[arg-type]
        assert (config.kind, ConfigBuilder.load(tmp_path / f"{kind}.yaml").build()) == (kind, config)


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "a: &a [*a]\n", "\0"])
def test_what_is_no_config_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text, "utf-8")
    with pytest.raises(UsageError):
        ConfigBuilder.load(tmp_path / "x.yaml")
    with pytest.raises(UsageError):
        ConfigBuilder.load(tmp_path / "missing.yaml")


def test_a_kind_is_told_by_fields_or_said(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("model: {model_name: a/b}\n", "utf-8")
    assert ConfigBuilder.load(tmp_path / "x.yaml").build().kind is None
    assert ConfigBuilder.load(tmp_path / "x.yaml", kind="infer").engine("vllm").build().body == {"model": {"model_name": "a/b"}, "engine": "VLLM"}
    with pytest.raises(UsageError):
        ConfigBuilder.load(tmp_path / "x.yaml", kind="inference")


def test_every_place_is_a_field_of_its_kind() -> None:
    assert set(PLACES) == set(KINDS)
    for kind, places in PLACES.items():
        for key, path in places.items():
            assert field(path, kind) is not None, (kind, key)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=True), st.text(max_size=3))
BODIES = st.dictionaries(st.text("ab", min_size=1, max_size=2), st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=2)), max_leaves=5), max_size=3)


@given(one=BODIES, other=BODIES)
@settings(max_examples=300, deadline=None)
def test_differences_go_both_ways(one: dict[str, Any], other: dict[str, Any]) -> None:
    there, back = differences(one, other), differences(other, one)
    assert differences(one, one) == {}
    assert set(there) == set(back)
    assert all(same(change.before, back[path].after) and same(change.after, back[path].before) for path, change in there.items())
    if same(one, other):
        assert there == {}


def test_differences_are_those_that_oumi_reads() -> None:
    one = {"a": 1, "b": True, "c": {"d": [1]}, "e": [{"f": 1}, {"g": 2}], "h": "1e-4", "i": None}
    other = {"a": 1.0, "b": 1, "c": {"d": [1, 2]}, "e": [{"f": 2}], "h": 0.0001, "j": {"k": 0}}
    assert differences(one, other) == {
        "b": Change(True, 1), "c.d": Change([1], [1, 2]), "e[0].f": Change(1, 2), "e[1].g": Change(2, ABSENT), "i": Change(None, ABSENT), "j.k": Change(ABSENT, 0),
    }  # fmt: skip
