"""The GPU benchmarks on a CPU: the real trainers, tiny shapes, rows without figures."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.oumi
ROOT = Path(__file__).resolve().parents[2]


def dry_run(python: Path, out: Path, only: str, *flags: str) -> list[dict[str, str]]:
    """The memory benchmark's rows; the throughput's lie beside them."""
    command = [
        python,
        ROOT / "benchmarks" / "gpu_memory.py",
        "--dry-run",
        "--plan",
        "standard",
        "--steps",
        "3",
        "--only",
        only,
    ]
    done = subprocess.run(
        [*command, "--out", out, "--also", out.with_suffix(".speed"), *flags], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_trl_as_oumi_calls_it(judge_bin: Path, tmp_path: Path) -> None:
    only = (
        "^llama-3.2-1b-(sft-full-bf16-adamw_torch-standard-b1-s4096-gc|dpo-lora-bf16-adamw_torch-standard-b4-s1024-gc)$"
    )
    rows = dry_run(judge_bin / "python", tmp_path / "rows.csv", only)
    assert [row["framework"].split(";")[0] for row in rows] == ["TRL SFTTrainer", "TRL DPOTrainer"]
    assert [row["precision"] for row in rows] == ["bf16 pure", "bf16 base, no autocast (adapters float32)"]
    for row in rows:
        assert row["kind"] == "dry-run (not a measurement)"
        assert row["measured_peak_gb_per_gpu"] == ""
        assert "3 steps" in row["notes"]
    speed = (tmp_path / "rows.speed").read_text().splitlines()
    assert len(speed) == 1 + len(rows)


def test_the_plain_model(judge_bin: Path, tmp_path: Path) -> None:
    only = "^llama-3.2-1b-sft-lora-bf16-adamw_torch-standard-b4-s2048-gc$"
    rows = dry_run(judge_bin / "python", tmp_path / "rows.csv", only, "--framework", "plain")
    assert [row["framework"].split(";")[0] for row in rows] == ["plain torch Llama and loop (no transformers)"]
    assert "trainable 8,192" in rows[0]["notes"]
