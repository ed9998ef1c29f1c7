"""What the page on linting offers to other programs: the hook, and the steps of a workflow."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from assistant.cli.program import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lint.md").read_text("utf-8")
BAD = "model: {model_name: gpt2}\ntraining: {trainer_type: trl_sft}\n"


def blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def entries() -> list[str]:
    (defined,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (local,) = next(yaml.safe_load(block) for block in blocks() if block.startswith("repos:"))["repos"][0]["hooks"]
    assert defined["id"] == local["id"]
    return [defined["entry"], local["entry"]]


@pytest.mark.parametrize("entry", entries())
def test_a_hook_stops_a_commit_with_an_error(entry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train.yaml").write_text(BAD, "utf-8")
    program, *args = shlex.split(entry)
    assert program == "oumi-chat"
    assert run([*args, str(tmp_path / "train.yaml")]) == 5
    assert "SCH003" in capsys.readouterr().out


def test_the_steps_of_a_workflow_are_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "train.yaml").write_text(BAD, "utf-8")
    monkeypatch.chdir(tmp_path)
    steps = [step["run"] for block in blocks() if block.startswith("- run:") for step in yaml.safe_load(block) if "run" in step]
    commands = [re.split(r" > | \|\| ", step)[0] for step in steps if step.startswith("oumi-chat")]
    assert [run(shlex.split(command)[1:]) for command in commands] == [5, 5]
    out = capsys.readouterr().out
    assert "::error file=configs/train.yaml" in out
    assert '"version": "2.1.0"' in out
