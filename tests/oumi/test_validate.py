"""What /validate asks: the real Oumi, in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.builder.respond import respond
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
