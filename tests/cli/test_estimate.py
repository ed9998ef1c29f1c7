"""`oumi-chat estimate`: by words, by flags, from a config or a job; what is needed, what is the largest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import run

CONFIG = """\
model:
  model_name: meta-llama/Llama-3.1-8B-Instruct
  model_max_length: {length}
  torch_dtype_str: bfloat16
data:
  train:
    datasets: [{{dataset_name: yahma/alpaca-cleaned}}]
training:
  trainer_type: TRL_SFT
  use_peft: {peft}
  per_device_train_batch_size: 2
  gradient_accumulation_steps: 8
  enable_gradient_checkpointing: true
  optimizer: adamw_torch_fused
peft:
  lora_r: 16
  lora_target_modules: [q_proj, k_proj, v_proj, o_proj]
"""
JOB = """\
name: train
num_nodes: {nodes}
resources:
  cloud: gcp
  accelerators: "{accelerators}"
run: |
  oumi distributed torchrun -m oumi train -c {config}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "train.yaml"
    path.write_text(CONFIG.format(length=4096, peft="true"))
    return path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run(["estimate", "--offline", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_words_and_flags_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    _, words = answer(capsys, "lora llama 3.1 8b on 2 A100s")
    code, flags = answer(capsys, "--model", "llama 3.1 8b", "--training-type", "lora", "--gpus", "2xA100")
    assert code == 0
    assert words["plan"]["memory"] == flags["plan"]["memory"]
    assert words["files"] == flags["files"] == []
    assert flags["plan"]["time"]["low"] < flags["plan"]["time"]["hours"] < flags["plan"]["time"]["high"]
    assert flags["plan"]["cost"]["low"] < flags["plan"]["cost"]["high"]
    assert {a["method"] for a in flags["plan"]["alternatives"]}


def test_the_estimate_is_the_plans(capsys: pytest.CaptureFixture[str]) -> None:
    _, estimate = answer(capsys, "qlora qwen3 8b on a 4090")
    assert run(["--offline", "--json", "qlora qwen3 8b on a 4090"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["memory"] == estimate["plan"]["memory"]


def test_an_existing_config(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(capsys, "--config", str(config), "--gpus", "2xA100")
    assert code == 0
    plan = found["plan"]
    assert (plan["method"], plan["micro_batch_size"], plan["gradient_accumulation_steps"], plan["sequence_length"]) == ("lora", 2, 8, 4096)
    assert plan["global_batch_size"] == 32
    assert found["hardware"]["gpu_count"] == 2
    code, small = answer(capsys, "--config", str(config), "--gpus", "RTX3060")
    assert code == 4
    assert small["status"] == "does_not_fit"
    assert small["ways_out"]
    assert any(f["rule"] == "MEM008" for f in small["findings"])


def test_peft_without_use_peft_is_estimated_as_oumi_trains_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(CONFIG.format(length=4096, peft="false"))
    code, found = answer(capsys, "-c", str(config), "--gpus", "A100")
    assert found["plan"]["method"] == "full"
    assert any(f["rule"] == "PEF001" and f["severity"] == "error" for f in found["findings"])
    assert code == 4  # 60 GiB of states


@pytest.mark.parametrize(("accelerators", "nodes", "wanted"), [("A100:4", 1, ("A100", 4, 1)), ("H100:8", 2, ("H100", 8, 2)), ("A100-80GB:1", 1, ("A100-80GB", 1, 1))])
def test_a_job_brings_its_own_machine(config: Path, accelerators: str, nodes: int, wanted: tuple[str, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    job = config.parent / "job.yaml"
    job.write_text(JOB.format(accelerators=accelerators, nodes=nodes, config="configs/train.yaml"))
    code, found = answer(capsys, "--config", str(job))
    hardware = found["hardware"]
    assert code == 0
    assert (hardware["gpu"], hardware["gpu_count"], hardware["nodes"]) == wanted


@pytest.mark.parametrize(
    ("text", "reference"),
    [("a: [1", "bad-yaml"), ("- 1", "no-config"), ("model: {}", "no-model"), ("model: {model_name: 3}", "bad-field"), ("model: {model_name: gpt2}\ntraining: {per_device_train_batch_size: many}", "bad-field"), ("model: []", "bad-field"), ("\x00", "bad-yaml")],
)
def test_a_broken_config_is_told(tmp_path: Path, text: str, reference: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    code, found = answer(capsys, "--config", str(path), "--gpus", "A100")
    assert code == 2
    assert [f["rule"] for f in found["findings"]] == [reference]


@pytest.mark.parametrize("words", [["--config", "nothere.yaml"], ["--training-type", "dora", "--model", "llama3"], ["--sequence-length", "0", "--model", "llama3"], ["-o", "x.yaml", "lora llama3"], ["--gpus", "2xA200", "lora llama3"]])
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["estimate", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_what_is_needed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.machine.probe.probe_hardware", lambda: (None, ()))
    code, found = answer(capsys, "--model", "llama 3.3 70b", "--training-type", "qlora")
    assert code == 0
    costs = [r["run_dollars"] for r in found["requirements"] if r["run_dollars"]]
    assert costs == sorted(costs)
    assert len(costs) >= 3
    assert all(r["plan"]["memory"]["fits"] for r in found["requirements"])


@pytest.mark.parametrize("question", ["what do I need to full fine-tune a 70B?", "how many GPUs to lora a 70b"])
def test_a_bare_size_is_answered_and_asked(question: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--offline", "--json", question]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "needs_input"
    assert "70B" in found["questions"][0]["text"]
    assert found["requirements"]


def test_the_largest_model_for_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(capsys, "--training-type", "lora", "--gpus", "24GB")
    assert code == 3
    sizes = [m["memory"]["upper_gib"] for m in found["largest_models"]]
    assert sizes
    assert all(size <= found["hardware"]["memory_gib"] for size in sizes)
    assert found["questions"][0]["choices"] == [m["model"] for m in found["largest_models"]]


def test_can_it_is_answered_by_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--offline", "-q", "can I qlora llama 3.3 70b on a 3090?"]) == 4
    assert run(["--offline", "-q", "can I qlora llama 3.1 8b on a 3090?"]) == 0
    capsys.readouterr()


def test_it_is_text_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["estimate", "--offline", "lora llama3 on 2 A100s"]) == 0
    out = capsys.readouterr().out
    assert "upper bound" in out
    assert "\033" not in out
