"""From words to a trained model: the config of a request, started by `oumi-chat launch`, by itself and in a local job."""

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
ROOT = Path(__file__).parents[2]
WORDS = "lora the model at ./tiny-llama on ./rows.jsonl, sequence length 128, 2 steps, micro batch 2, global batch 2, save to out"


@pytest.fixture(scope="module")
def folder(tiny: Path, judge_bin: Path) -> Path:
    """A folder with a tiny model, rows, and the config of a request."""
    planned = chat(tiny, judge_bin, "--offline", "--gpus", "cpu:16GB", WORDS, "-o", "train.yaml")
    assert planned.returncode == 0, planned.stderr
    return tiny


def chat(folder: Path, judge_bin: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **OFFLINE, "PATH": f"{judge_bin}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "assistant.cli", *args], env=environ, capture_output=True, text=True, cwd=folder, timeout=600)


def test_a_dry_run_by_the_real_oumi(folder: Path, judge_bin: Path) -> None:
    done = chat(folder, judge_bin, "launch", "train.yaml", "--dry-run", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    assert found["commands"] == ["oumi train -c train.yaml"]
    assert found["checks"][-1]["label"] == "Loads"
    assert found["checks"][-1]["status"] == "ok"
    assert not (folder / "out").exists()


def test_the_training_runs_and_its_model_is_not_overwritten(folder: Path, judge_bin: Path) -> None:
    done = chat(folder, judge_bin, "launch", "train.yaml", "--yes")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    adapter = json.loads((folder / "out" / "adapter_config.json").read_text("utf-8"))
    assert adapter["r"] == yaml.safe_load((folder / "train.yaml").read_text("utf-8"))["peft"]["lora_r"]
    assert (folder / "out" / "adapter_model.safetensors").is_file()
    again = chat(folder, judge_bin, "launch", "train.yaml", "--yes")
    assert again.returncode == 5
    assert "would be overwritten" in again.stderr


def test_a_local_job_runs_the_training_through_oumis_launcher(folder: Path, judge_bin: Path) -> None:
    """More output than a pipe holds: Oumi's own client would wait for ever."""
    text = (folder / "train.yaml").read_text("utf-8").replace("output_dir: out", "output_dir: out-of-the-job")
    (folder / "mine.yaml").write_text(text, "utf-8")
    job = {"name": "tiny", "resources": {"cloud": "local"}, "working_dir": ".", "run": "set -e\nseq 1 30000\noumi train -c mine.yaml\n"}
    (folder / "job.yaml").write_text(yaml.safe_dump(job), "utf-8")
    done = chat(folder, judge_bin, "launch", "job.yaml", "--cluster", "here", "--yes")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "\n30000\n" in done.stdout
    assert "finished with status COMPLETED" in done.stdout
    assert (folder / "out-of-the-job" / "adapter_model.safetensors").is_file()


def test_a_local_job_that_fails_is_not_said_to_have_ended_well(folder: Path, judge_bin: Path) -> None:
    """`oumi launch up` itself ends with 0."""
    job = {"name": "tiny", "resources": {"cloud": "local"}, "working_dir": ".", "run": "echo the reason >&2\nexit 7\n"}
    (folder / "bad.yaml").write_text(yaml.safe_dump(job), "utf-8")
    done = chat(folder, judge_bin, "launch", "bad.yaml", "--yes")
    assert done.returncode == 1
    assert "the reason" in done.stdout
    assert "It ended with code 1" in done.stderr


def test_what_the_real_oumi_refuses_is_not_started(folder: Path, judge_bin: Path) -> None:
    text = (folder / "train.yaml").read_text("utf-8").replace("torch_dtype_str: float32", "torch_dtype_str: float33").replace("output_dir: out", "output_dir: other")
    (folder / "refused.yaml").write_text(text, "utf-8")
    done = chat(folder, judge_bin, "launch", "refused.yaml", "--yes")
    assert done.returncode == 5, done.stderr
    assert "Oumi refuses it" in done.stderr
    assert not (folder / "other").exists()


SCORES = """
from oumi.core.registry import register_evaluation_function
from oumi.core.types.conversation import Conversation, Message, Role


@register_evaluation_function("answers_at_all")
def answers_at_all(config, inference_engine):
    asked = [Conversation(messages=[Message(role=Role.USER, content=text)]) for text in ("one", "two", "three")]
    return {"rows": len(inference_engine.infer(asked))}
"""
SET = (
    "lora the model at ./tiny-llama on ./rows.jsonl, sequence length 128, 2 steps, micro batch 2, global batch 2, save to ./of-a-set, "
    "then evaluate it with my function answers_at_all in scoring.py, native engine, context 64, max 4 new tokens, "
    "and then answer q.jsonl with it, native engine, context 64, max 4 new tokens"
)


def test_a_set_is_trained_evaluated_and_answers_by_its_own_files(folder: Path, judge_bin: Path) -> None:
    """One request, one launch: what the training writes is what the evaluation scores and the inference answers with."""
    (folder / "scoring.py").write_text(SCORES, "utf-8")
    (folder / "q.jsonl").write_text("".join(json.dumps({"messages": [{"role": "user", "content": text}]}) + "\n" for text in ("one", "two")), "utf-8")
    planned = chat(folder, judge_bin, "--offline", "--gpus", "cpu:16GB", SET, "-o", "set.yaml")
    assert planned.returncode == 0, planned.stderr
    files = ["set.yaml", "set.eval.yaml", "set.infer.yaml"]
    steps = [yaml.safe_load((folder / name).read_text("utf-8"))["model"] for name in files[1:]]
    assert [step["adapter_model"] for step in steps] == ["./of-a-set"] * 2
    done = chat(folder, judge_bin, "launch", *files, "--yes")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert (folder / "of-a-set" / "adapter_model.safetensors").is_file()
    results = json.loads(next((folder / "output").glob("*-eval/*/task_result.json")).read_text("utf-8"))
    assert results["results"] == {"answers_at_all": {"rows": 3}}
    answers = [json.loads(line) for line in next((folder / "output").glob("*-answers/answers.jsonl")).read_text("utf-8").splitlines()]
    assert [answer["messages"][-1]["role"] for answer in answers] == ["assistant"] * 2
