"""The template library as it is browsed: found by words, shown as YAML that says the same as the layer."""

from __future__ import annotations

import pytest
import yaml

from assistant.configs.library import Layer, layer, layer_ids
from assistant.configs.parameters import parameter
from assistant.configs.show import find_template, search_templates, template_record, template_yaml
from assistant.core.errors import UsageError


@pytest.mark.parametrize("name", layer_ids())
def test_what_is_shown_is_what_the_layer_sets(name: str) -> None:
    found = layer(name)
    text = template_yaml(found)
    assert (yaml.safe_load(text) or {}) == found.config
    assert text.startswith(f"# {name}: {found.about}\n")
    for why in found.why.values():
        assert why in text
    record = template_record(found)
    assert [one["path"] for one in record["fields"]] == _paths(found.config)
    for one in record["fields"]:
        if one["parameter"]:
            assert f"# {one['parameter']['help']}" in text


def _paths(config: dict[str, object], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in config.items():
        found += _paths(value, f"{prefix}{key}.") if isinstance(value, dict) and value else [f"{prefix}{key}"]
    return found


def test_values_of_every_form_are_shown_as_they_are() -> None:
    config = {
        "name": "a: b # c", "run": "set -e\n\necho \"${HOME}\"\n", "setup": "one\ntwo", "envs": {}, "resources": {"use_spot": False, "disk_size": None},
        "tasks": [{"task_name": "mmlu", "eval_kwargs": {"num_fewshot": 5}}], "stops": ["\u2028", "- x"],
    }  # fmt: skip
    found = Layer(id="job/x", about="a test", needs=(), config=config, why={"run": "what is run", "setup.below": "nothing there", "num_nodes": "set elsewhere"})
    text = template_yaml(found)
    assert yaml.safe_load(text) == config
    assert "run: |  # what is run" in text
    known = parameter("job", "run")
    assert known is not None
    assert f"# {known.help}\nrun:" in text
    assert text.endswith("# Its comments on fields that the plan or another layer sets\n# setup.below: nothing there\n# num_nodes: set elsewhere\n")


@pytest.mark.parametrize(
    ("query", "first"),
    [("", "eval/base"), ("qlora", "train/method/qlora"), ("teacher", "train/objective/gkd"), ("vllm nvidia", "infer/engine/vllm"), ("DeepSpeed", "train/sharding/deepspeed")],
)
def test_templates_are_found_by_id_purpose_and_needs(query: str, first: str) -> None:
    assert search_templates(query)[0].id == first


def test_what_is_nowhere_is_not_found() -> None:
    assert search_templates("zzzzzz") == []


@pytest.mark.parametrize(("name", "hint"), [("lora", "train/method/lora"), ("train/method/lorra", "train/method/lora"), ("VLLM", "infer/engine/vllm"), ("", "lists all"), ("zz\x1b[31mz", "lists all"), ("../parameters/train", "")])
def test_an_unknown_template_names_those_near_it(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as problem:
        find_template(name)
    assert hint in problem.value.hint
    assert "\x1b" not in problem.value.message
    assert problem.value.exit_code == 2
