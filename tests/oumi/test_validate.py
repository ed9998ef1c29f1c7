"""What /validate asks: the real Oumi, in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.builder.respond import respond
from assistant.core.intent import Intent
from assistant.machine.validate import oumi_python, validate

JUDGE = os.environ.get("OUMI_CHAT_JUDGE_PYTHON", "")
pytestmark = pytest.mark.oumi


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    if not JUDGE:
        if os.environ.get("CI"):
            pytest.fail("OUMI_CHAT_JUDGE_PYTHON names no Python with oumi")
        pytest.skip("no Python with oumi")
    monkeypatch.setenv("PATH", f"{Path(JUDGE).parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("on_path")
def test_a_config_of_ours_is_accepted_and_a_broken_one_is_not(tmp_path: Path) -> None:
    python = oumi_python()
    assert python is not None
    assert Path(python).resolve() == Path(JUDGE).resolve()
    text = respond(Intent(task="train", model="HuggingFaceTB/SmolLM2-135M-Instruct", method="lora", gpu="A100", gpu_count=1)).files[0].yaml
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(text)
    bad.write_text(text.replace("learning_rate:", "learning_rte:"))
    assert validate(good).accepted is True
    refused = validate(bad)
    assert refused.accepted is False
    assert "learning_rte" in refused.problem
