"""What `migrate` writes, the real Oumi loads: configs of older releases, and of other tools down to the trainer's own arguments."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.catalogue.models import get_model
from assistant.checks.lint import Context
from assistant.checks.lint import judge as lint
from assistant.migrate.foreign import import_config, tool_of
from assistant.migrate.upgrade import kind_of_old, upgrade
from tests.migrate.examples import EXAMPLES, HERE, TOOLS, name_of
from tests.migrate.written import written

pytestmark = pytest.mark.oumi

OLD = sorted((HERE / "oumi").glob("*.yaml"))
NO_GPU = ("doesn't support bf16/gpu", "fp16 mixed precision requires a GPU")
"""What transformers says of autocast on a machine without a GPU: the config is one for a GPU."""


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_another_tools_config_is_accepted(judge: Any, path: Path) -> None:
    text = path.read_text("utf-8")
    tool = tool_of(yaml.safe_load(text))
    assert tool is not None
    verdict = judge.ask(path.name, import_config(text, tool).text, world=8)
    assert verdict["l1"], verdict["error"]
    assert verdict["l2"] or any(words in verdict["error"] for words in NO_GPU), verdict["error"]


@pytest.mark.parametrize("tool", TOOLS.values())
def test_what_the_linter_passes_of_configs_drawn_by_chance_loads(judge: Any, tool: str) -> None:
    loaded = 0
    for seed in range(40):
        found = import_config(yaml.safe_dump(written(tool, random.Random(f"{tool}{seed}")), sort_keys=False), tool)
        if any(flaw.finding.severity == "error" for flaw in lint(found.text, Context(model_of=get_model)).flaws):
            continue
        text = re.sub(r"(?m)^ +dataset_path: .*$", "", found.text)  # whose files are not here
        verdict = judge.ask(f"{tool}-{seed}", text.replace("flash_attention_2", "sdpa"), world=8)
        assert verdict["l1"], (verdict["error"], found.text)
        loaded += 1
    assert loaded > 10


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_a_config_of_an_older_release_loads(judge: Any, path: Path) -> None:
    text = path.read_text("utf-8")
    kind = kind_of_old(yaml.safe_load(text))
    assert kind is not None
    before = judge.ask(path.name, text, kind=kind, world=4)
    assert not (before["l1"] and before["l2"] is not False), "an example that needs no migration shows nothing"
    found = upgrade(text, kind, since=path.stem.partition("_")[0], to="0.9")
    verdict = judge.ask(path.name, found.text, kind=kind, world=4)
    assert verdict["l1"], verdict["error"]
    assert verdict["l2"] is not False, verdict["error"]
