"""A plain request, the file that comes out, and two real training steps on a CPU."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.oumi.conftest import OFFLINE

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent


def make_config(folder: Path, method: str) -> dict[str, Any]:
    """The request in words, through the program."""
    request = f"{method} fine-tune {folder}/tiny-llama on {folder}/rows.jsonl for 2 steps, context 128, save to {folder}/out-{method}"
    target = folder / f"{method}.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "--offline", "--gpus", "cpu:16GB", request, "-o", target],
        capture_output=True,
        text=True,
        cwd=HERE.parent.parent,
    )
    assert done.returncode == 0, done.stderr
    config: dict[str, Any] = yaml.safe_load(target.read_text())
    return config


def train(folder: Path, method: str, judge_bin: Path) -> list[dict[str, Any]]:
    """Real `oumi train`; the log lines of its steps."""
    done = subprocess.run(
        [judge_bin / "oumi", "train", "-c", folder / f"{method}.yaml"],
        env={**os.environ, **OFFLINE},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    states = sorted((folder / f"out-{method}").rglob("trainer_state.json"))
    assert states, f"no trainer_state.json under {folder}/out-{method}"
    history: list[dict[str, Any]] = json.loads(states[-1].read_text())["log_history"]
    return history


def losses(history: list[dict[str, Any]]) -> list[float]:
    return [float(entry[key]) for entry in history for key in ("loss", "train_loss") if key in entry]


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_two_real_steps(tiny: Path, judge_bin: Path, method: str) -> None:
    config = make_config(tiny, method)
    assert config["training"]["max_steps"] == 2
    history = train(tiny, method, judge_bin)
    found = losses(history)
    assert found
    assert all(math.isfinite(loss) and loss > 0 for loss in found), history
    if method != "full":
        adapter = json.loads((tiny / f"out-{method}" / "adapter_config.json").read_text())
        assert sorted(adapter["target_modules"]) == sorted(config["peft"]["lora_target_modules"])
        assert adapter["r"] == config["peft"]["lora_r"]
        assert adapter["lora_alpha"] == config["peft"]["lora_alpha"]
    else:
        assert not (tiny / "out-full" / "adapter_config.json").exists()
