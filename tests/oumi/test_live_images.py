"""A plain request on local images, the file that comes out, and two real training steps on a CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.oumi.conftest import OFFLINE

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent


def run(*command: str | Path) -> None:
    done = subprocess.run(command, env={**os.environ, **OFFLINE}, capture_output=True, text=True, timeout=600, cwd=HERE.parent.parent)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_two_real_steps_on_local_images(tmp_path: Path, judge_bin: Path) -> None:
    run(judge_bin / "python", HERE / "make_tiny_llava.py", tmp_path)
    request = (
        f"lora fine-tune {tmp_path}/tiny-llava on {tmp_path}/pics.jsonl for 2 steps, context 256, global batch 2, save to {tmp_path}/out"
    )
    target = tmp_path / "train.yaml"
    run(sys.executable, "-m", "assistant.cli", "--offline", "--gpus", "cpu:16GB", request, "-o", target)
    config = yaml.safe_load(target.read_text())
    assert config["data"]["train"]["datasets"][0]["dataset_name"] == "vision_language_jsonl"
    run(judge_bin / "oumi", "train", "-c", target)
    state = json.loads(next((tmp_path / "out").rglob("trainer_state.json")).read_text())
    assert state["global_step"] == 2
    adapter = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert sorted(adapter["target_modules"]) == sorted(config["peft"]["lora_target_modules"])


def test_oumi_widens_gpt_oss(judge_bin: Path) -> None:
    """The field that a gpt-oss config carries is the one that makes Oumi unpack its experts."""
    from assistant.builder import respond
    from assistant.catalogue.machines import parse_machine
    from assistant.configs.render import load
    from assistant.core.intent import Intent

    outcome = respond(Intent(task="train", model="openai/gpt-oss-20b", method="lora"), machine=parse_machine("8xH200"))
    kwargs = load(outcome.files[0].yaml)["model"]["model_kwargs"]
    code = (
        "import sys, json\n"
        "from oumi.builders.models import _get_quantization_config_for_training as found\n"
        "from oumi.core.configs import ModelParams\n"
        "made = found(ModelParams(model_name='m', model_kwargs=json.loads(sys.argv[1])))\n"
        "assert made is not None and made.dequantize, made"
    )
    run(judge_bin / "python", "-c", code, json.dumps(kwargs))
