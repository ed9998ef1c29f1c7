"""`oumi config …`: the one line that upstream needs, in the real Oumi's own app."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.oumi
ROOT = Path(__file__).parents[2]
OFFLINE = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "TRANSFORMERS_OFFLINE": "1", "COLUMNS": "100", "PYTHONPATH": str(ROOT)}
OUMI = "from oumi.cli.main import get_app\nfrom assistant.oumi_cli import register\napp = get_app()\nregister(app)\napp(prog_name='oumi')\n"


def run(judge_bin: Path, command: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([judge_bin / "python", *command], env={**os.environ, **OFFLINE}, capture_output=True, cwd=folder, timeout=120)


def oumi(judge_bin: Path, args: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return run(judge_bin, ["-c", OUMI, *args], folder)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["estimate", "--offline", "--gpus", "2xA100-80GB", "lora llama 3.1 8b"], 0),
        (["estimate", "--offline", "--gpus", "T4", "--json", "full llama 3.1 70b"], 4),
        (["lint", "no-such-file.yaml"], 2),
    ],
)
def test_the_bytes_are_the_programs(judge_bin: Path, tmp_path: Path, args: list[str], code: int) -> None:
    inside = oumi(judge_bin, ["config", *args], tmp_path)
    own = run(judge_bin, ["-m", "assistant.cli", *args], tmp_path)
    assert (inside.returncode, inside.stdout, inside.stderr) == (own.returncode, own.stdout, own.stderr)
    assert inside.returncode == code, inside.stderr
    assert inside.stdout + inside.stderr


def test_a_config_in_words_goes_into_a_file(judge_bin: Path, tmp_path: Path) -> None:
    words = ["--offline", "--gpus", "H100", "qlora llama 3.1 8b"]
    made = oumi(judge_bin, ["config", "ask", *words], tmp_path)
    own = run(judge_bin, ["-m", "assistant.cli", *words], tmp_path)
    assert (made.returncode, made.stdout) == (0, own.stdout), made.stderr
    (tmp_path / "train.yaml").write_bytes(made.stdout)
    read = "from oumi.core.configs import TrainingConfig as T; c = T.from_yaml('train.yaml'); c.finalize_and_validate(); print(c.peft.q_lora)"
    assert run(judge_bin, ["-c", read], tmp_path).stdout.endswith(b"True\n")


def test_help_shows_it_among_oumis_own(judge_bin: Path, tmp_path: Path) -> None:
    top = oumi(judge_bin, ["--help"], tmp_path).stdout.decode()
    assert "config" in top.partition("Tools")[2]
    assert "____" in top, "Oumi's logo stays where it was"
    group = oumi(judge_bin, ["config", "--help"], tmp_path)
    assert group.returncode == 0
    assert b"estimate" in group.stdout
    assert b"____" not in group.stdout
