"""Words about fields: every field that a template sets is described, and every description is of a field of Oumi's."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import yaml

from assistant.checks.schema import KINDS, coerce, field, snapshot
from assistant.configs.library import home, layer, layer_ids
from assistant.configs.parameters import IMPORTANCE, Importance, parameter, parameters

FILES = [*KINDS, "common"]
TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict, "enum": str}


def _written(file: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(home("templates").joinpath("parameters", f"{file}.yaml").read_text("utf-8"))
    return found


def _settings(config: dict[str, Any], kind: str, prefix: str = "") -> list[tuple[str, Any]]:
    """(path, value) of all that a config sets; items of lists under the list's name, open mappings key by key."""
    found: list[tuple[str, Any]] = []
    for key, value in config.items():
        path = f"{prefix}{key}"
        items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
        if isinstance(value, dict) and value:
            found += _settings(value, kind, f"{path}.")
        else:
            found.append((path, value))
        for item in items:
            found += _settings(item, kind, f"{path}.")
    return found


def _described(kind: str, path: str) -> bool:
    """A key of an open mapping is described by itself or by its mapping."""
    above = path.rpartition(".")[0]
    return parameter(kind, path) is not None or ((field(path, kind) or {}).get("type") == "any" and bool(above) and _described(kind, above))


def test_there_is_a_file_for_each_kind_and_none_besides() -> None:
    assert {f"{file}.yaml" for file in FILES} == {entry.name for entry in home("templates").joinpath("parameters").iterdir()}
    assert not [name for name in layer_ids() if name.startswith("parameters")]


@pytest.mark.parametrize("file", FILES)
def test_each_entry_is_whole_and_of_the_right_form(file: str) -> None:
    assert get_args(Importance) == IMPORTANCE
    for path, entry in _written(file).items():
        assert set(entry) == {"importance", "help", "question", "interacts"}, path
        assert entry["importance"] in IMPORTANCE, path
        assert entry["help"].endswith("."), path
        assert len(entry["help"]) <= 130, path
        assert entry["question"].endswith("?"), path
        assert path not in entry["interacts"], path


@pytest.mark.parametrize("file", FILES)
def test_no_field_is_described_twice_in_a_file(file: str) -> None:
    text = home("templates").joinpath("parameters", f"{file}.yaml").read_text("utf-8")
    keys = [line for line in text.splitlines() if line and line[0] not in "# "]
    assert len(keys) == len(set(keys)) == len(_written(file))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_described_is_a_field_and_so_is_what_it_must_agree_with(kind: str) -> None:
    assert set(_written(kind)) <= {one.path for one in parameters(kind)}
    for one in parameters(kind):
        entry = field(one.path, kind)
        assert entry is not None, one.path
        assert (one.kind, one.type) == (kind, entry["type"])
        assert one.choices == tuple(entry.get("names") or snapshot(kind)["names"].get(one.path, ())), one.path
        assert [other for other in one.interacts if field(other, kind) is None] == [], one.path


def test_what_all_kinds_share_is_shared() -> None:
    for path in _written("common"):
        assert sum(field(path, kind) is not None for kind in KINDS) > 2, path
    for kind in KINDS:
        repeated = {path for path, entry in _written(kind).items() if path in _written("common") and entry["help"] == _written("common")[path]["help"]}
        assert not repeated


@pytest.mark.parametrize("name", layer_ids())
def test_every_field_that_a_template_sets_is_described_and_of_its_type(name: str) -> None:
    kind = name.partition("/")[0]
    for path, value in _settings(layer(name).config, kind):
        entry = field(path, kind)
        assert entry is not None, f"{name} sets {path}, which Oumi does not have"
        assert _described(kind, path), f"{name} sets {path}, which templates/parameters/{kind}.yaml does not describe"
        if not (isinstance(value, str) and "${" in value):  # a hole is filled by the plan
            assert _fits(kind, path, value, entry), f"{name}: {path} cannot be {value!r}"


def _fits(kind: str, path: str, value: Any, entry: dict[str, Any]) -> bool:
    if value is None:
        return bool(entry.get("optional"))
    parts = entry["type"].split("|")
    wanted = () if "any" in parts else tuple(TYPES[part] for part in parts if part in TYPES)
    if "section" in entry["type"]:
        return value == {}
    if wanted and not isinstance(value, wanted) and not (float in wanted and type(value) is int):
        return False
    words = entry.get("names") or snapshot(kind)["names"].get(path)
    return words is None or value in words


@pytest.mark.parametrize("kind", KINDS)
def test_what_every_kind_must_be_told_is_essential(kind: str) -> None:
    first = parameters(kind)[0]
    assert first.importance == "essential"
    order = [IMPORTANCE.index(one.importance) for one in parameters(kind)]
    assert order == sorted(order)
    top = snapshot(kind)["fields"]
    for path, entry in top.items():  # what Oumi wants and has no default for
        if entry["type"] not in ("section", "list") and entry["default"] is None and not entry.get("optional"):
            assert (parameter(kind, path) or first).importance != "advanced", path


@pytest.mark.parametrize(
    ("kind", "path", "help_", "type_"),
    [
        ("eval", "model.model_name", "to evaluate", "str"), ("train", "model.model_name", "to train", "str"), ("tune", "model.model_name", "to train", "str"),
        ("quantize", "model.model_name", "to quantize", "str"), ("async_eval", "evaluation.model.model_name", "to evaluate", "str"),
        ("eval", "tasks[0].eval_kwargs.num_fewshot", "examples before", "any"), ("eval", "inference_remote_params.api_url", "Address", "str"),
        ("async_eval", "evaluation.inference_remote_params.api_url", "Address", "str"), ("eval", "generation.temperature", "likeliest", "float"),
        ("judge", "inference_config.engine", "What runs the model", "enum"), ("synthesize", "inference_config.model.torch_dtype_str", "Number format", "str"),
        ("synthesize", "strategy_params.sampled_attributes[1].possible_values[0].sample_rate", "Share of rows", "float"),
        ("job", "resources.cloud", "k8s", "str"), ("tune", "data.validation.datasets[0].split", "split", "str"),
    ],
)  # fmt: skip
def test_the_same_name_has_the_words_of_its_kind(kind: str, path: str, help_: str, type_: str) -> None:
    found = parameter(kind, path)
    assert found is not None
    assert help_ in found.help
    assert (found.kind, found.type) == (kind, type_)


def test_what_is_lent_names_fields_of_the_borrower() -> None:
    sampling = parameter("judge", "inference_config.generation.temperature")
    assert sampling is not None
    assert sampling.interacts == ("inference_config.generation.use_sampling",)
    remote = parameter("eval", "inference_remote_params.api_url")
    assert remote is not None
    assert remote.interacts == ("inference_engine",)


@pytest.mark.parametrize(("kind", "path"), [("train", "training.nope"), ("eval", "training.max_steps"), ("job", "model.model_name"), ("judge", "inference_config.nope"), ("train", "")])
def test_nothing_is_known_of_what_is_no_field(kind: str, path: str) -> None:
    assert parameter(kind, path) is None


def test_choices_and_defaults_are_those_of_oumi() -> None:
    cloud, method, engine = parameter("job", "resources.cloud"), parameter("quantize", "method"), parameter("infer", "engine")
    assert cloud is not None
    assert method is not None
    assert engine is not None
    assert {"k8s", "local", "aws"} <= set(cloud.choices)
    assert (method.default, coerce("method", method.default, "quantize")) == ("awq_q4_0", "awq_q4_0")
    assert "VLLM" in engine.choices
    assert engine.optional
