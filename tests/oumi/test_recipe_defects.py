"""The errors that the linter finds in Oumi's own recipes: each is run here as those recipes have it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.oumi.conftest import judge_python

pytestmark = pytest.mark.oumi
ROOT = Path(__file__).parents[2]
RECIPES = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "oumi_recipes" / "recipes"


def recipe(name: str) -> dict[str, Any]:
    body: dict[str, Any] = yaml.safe_load((RECIPES / name).read_text("utf-8"))
    return body


@pytest.mark.skipif(not RECIPES.is_dir() and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_the_defects_are_real(tmp_path: Path) -> None:
    layers = recipe("phi3/dpo/train.yaml")["peft"]["lora_target_modules"]
    template = recipe("qwen2_5/sft/7b_full/train.yaml")["model"]["chat_template"]
    given = json.dumps({"folder": str(tmp_path), "layers": layers, "template": template})
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    done = subprocess.run([judge_python(), str(Path(__file__).with_name("defects_worker.py")), given], capture_output=True, text=True, timeout=300, env=env, check=True)
    found = json.loads(done.stdout)
    assert "Chat template file not found" in found["template"]
    assert "eval_dataset" in found["evaluation"]
    assert "does not implement __len__" in found["stream"]
    assert found["adapted"] == ["down_proj", "o_proj"]
    assert {"q_proj", "gate_proj"} <= set(layers)
