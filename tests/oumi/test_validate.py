"""What /validate asks: the real Oumi, in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.builder.respond import respond
from assistant.cli.program import run
from assistant.core.intent import Intent
from assistant.machine.validate import oumi_python, validate

pytestmark = pytest.mark.oumi


def test_a_config_of_ours_is_accepted_and_a_broken_one_is_not(tmp_path: Path, judge_bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{judge_bin}:{os.environ['PATH']}")
    python = oumi_python()
    assert python is not None
    assert Path(python).parent == judge_bin
    text = respond(Intent(task="train", model="HuggingFaceTB/SmolLM2-135M-Instruct", method="lora", gpu="A100", gpu_count=1)).files[0].yaml
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(text)
    bad.write_text(text.replace("learning_rate:", "learning_rte:"))
    assert validate(good).accepted is True
    refused = validate(bad)
    assert refused.accepted is False
    assert "learning_rte" in refused.problem


def test_lint_asks_the_installed_oumi_of_every_kind(tmp_path: Path, judge_bin: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", f"{judge_bin}:{os.environ['PATH']}")
    good, bad = tmp_path / "watch.yaml", tmp_path / "train.yaml"
    good.write_text("checkpoints_dir: out\npolling_interval: 60\nevaluation: {model: {model_name: gpt2}, tasks: [{evaluation_backend: lm_harness, task_name: mmlu}]}\n")
    bad.write_text("model: {model_name: gpt2}\ntraining: {trainer_type: TRL_SFT, use_peft: 2.5}\n")
    assert run(["lint", "--with-oumi", "--ignore", "S,T,D,M", "--quiet", str(good)]) == 0
    assert run(["lint", "--with-oumi", "--ignore", "S,T,D,M", "--quiet", str(bad)]) == 5
    assert "error OUMI Oumi refuses it" in capsys.readouterr().out
