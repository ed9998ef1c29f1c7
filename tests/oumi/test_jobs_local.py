"""A request that names this machine, the job file that comes out, and the real `oumi launch up` with it on a CPU."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oumi.conftest import OFFLINE

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent
WORDS = "full finetune ./tiny-llama on ./rows.jsonl on my own machine, context 64, 2 steps, save to ./out, as a job"


def launch(folder: Path, judge_bin: Path, path: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **OFFLINE, "PATH": path}
    return subprocess.run([judge_bin / "oumi", "launch", "up", "-c", "job.yaml", "--cluster", "local"], env=env, capture_output=True, text=True, timeout=590, cwd=folder)


def test_a_local_job_trains(tiny: Path, judge_bin: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    planned = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "--offline", "--gpus", "cpu:16GB", WORDS, "-o", "train.yaml"], capture_output=True, text=True, cwd=tiny, env=env,
    )  # fmt: skip
    assert planned.returncode == 0, planned.stderr
    assert "oumi launch up -c job.yaml --cluster local" in planned.stderr
    config = (tiny / "train.yaml").read_bytes()
    done = launch(tiny, judge_bin, f"{judge_bin}:{os.environ['PATH']}")
    logs = "".join(path.read_text("utf-8")[-3000:] for path in sorted((tiny / "oumi-job-logs").iterdir()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "COMPLETED" in done.stdout, done.stdout + logs
    rows = [json.loads(line) for line in (tiny / "out" / "metrics_rank0000.jsonl").read_text("utf-8").splitlines()]
    losses = [row["train_loss"] for row in rows if "train_loss" in row]
    assert losses
    assert all(math.isfinite(loss) and loss > 0 for loss in losses)
    assert (tiny / "out" / "model.safetensors").exists()
    assert (tiny / "train.yaml").read_bytes() == config, "the file beside the job is the user's, and left alone"


def test_an_environment_without_oumi_is_told_so_and_left_alone(tmp_path: Path, judge_bin: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    words = "evaluate smollm2 135m on ifeval on my own machine with a 4090, as a job"
    planned = subprocess.run([sys.executable, "-m", "assistant.cli", "--offline", words, "-o", "eval.yaml"], capture_output=True, text=True, cwd=tmp_path, env=env)
    assert planned.returncode == 0, planned.stderr
    done = launch(tmp_path, judge_bin, f"{judge_bin}:{os.environ['PATH']}")
    assert "FAILED" in done.stdout
    told = "".join(path.read_text("utf-8") for path in sorted((tmp_path / "oumi-job-logs").glob("*.stderr")))
    assert "oumi[evaluation,gpu]==0.9 is not in this environment: pip install 'oumi[evaluation,gpu]==0.9'" in told
