"""The GPU benchmarks where no GPU is: plans, columns, rows and refusals. The trainers' path: tests/oumi/test_gpu_benchmarks_dry.py."""

from __future__ import annotations

import csv
import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import gpu_memory  # noqa: E402
import gpu_plans  # noqa: E402
import gpu_runs  # noqa: E402
import gpu_throughput  # noqa: E402
from gpu_plans import Run  # noqa: E402
from gpu_runs import GIB, Result, RowFile  # noqa: E402

H100: dict[str, Any] = {
    "device": "NVIDIA H100 80GB HBM3",
    "framework": "TRL SFTTrainer; torch 2.11.0",
    "targets": ["q_proj", "v_proj"],
    "free": 79 * GIB,
    "total": 80 * GIB,
    "params": 8_030_261_248,
    "trainable": 3_407_872,
    "trainable_dtypes": ["float32"],
    "embedding_params": 525_336_576,
    "idle_params": 0,
    "load_peak": 15 * GIB,
    "peak": 20 * GIB,
    "reserved": 22 * GIB,
    "phases": {"forward": 19 * GIB, "backward": 20 * GIB, "optimizer step": 16 * GIB},
    "step_seconds": [5.0, 2.0, 1.0, 1.0, 1.5],
    "steps_done": 5,
}
LARGE = Run(model=gpu_plans.LLAMA_8B, micro_batch=2)


@pytest.mark.parametrize("plan", sorted(gpu_plans.PLANS))
def test_a_plan_is_well_formed(plan: str) -> None:
    runs = gpu_plans.planned(plan)
    assert len({run.name for run in runs}) == len(runs)
    for run in runs:
        spec = gpu_plans.spec_of(run)
        shape = gpu_runs.shape_of(run, dry=False)
        assert all(value is not None for value in shape.values()), run.name
        assert run.layers is None or run.layers < spec.num_layers
        assert spec.max_positions is None or run.seq <= spec.max_positions, run.name
        assert run.method == "full" or spec.lora_targets
    changes = [(a.model, a.layers) != (b.model, b.layers) for a, b in itertools.pairwise(runs)]
    assert 1 + sum(changes) == len({(run.model, run.layers) for run in runs}), "a model's runs stand together"


def test_plans_grow() -> None:
    quick, standard, full = ({run.name for run in gpu_plans.planned(plan)} for plan in ("quick", "standard", "full"))
    assert quick < standard < full


def test_the_plans_cover_every_axis() -> None:
    runs = gpu_plans.planned("standard")
    seen = {
        axis: {getattr(run, axis) for run in runs} for axis in ("method", "objective", "loss", "optimizer", "precision")
    }
    assert seen == {
        "method": {"full", "lora", "qlora"},
        "objective": {"sft", "dpo"},
        "loss": {"standard", "chunked", "liger"},
        "optimizer": {"adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "adafactor", "sgd"},
        "precision": {"bf16", "bf16-autocast", "fp32-autocast", "fp32"},
    }


@pytest.mark.parametrize(
    ("name", "columns"),
    [("memory_measured.csv", gpu_memory.COLUMNS), ("throughput_measured.csv", gpu_throughput.COLUMNS)],
)
def test_columns_are_those_of_the_public_figures(name: str, columns: tuple[str, ...]) -> None:
    path = ROOT.parent / "shared" / "data" / name
    if not path.exists():
        pytest.skip("the public figures are not beside this checkout")
    with path.open(encoding="utf-8", newline="") as file:
        assert tuple(next(csv.reader(file))) == columns


def test_a_memory_row() -> None:
    row = gpu_memory.row(Result(run=LARGE, status="ok", facts=H100))
    assert set(row) == set(gpu_memory.COLUMNS)
    assert (row["kind"], row["quality"], row["capacity_gb"]) == ("measured", "A", 80)
    assert (row["measured_peak_gb_per_gpu"], row["alt_value"]) == (20.0, 22.0)
    assert row["precision"] == "bf16 base, no autocast (adapters float32)"
    assert "load peak 15.0 GiB" in row["notes"]
    assert "peak in backward 20.0 GiB" in row["notes"]


def test_out_of_memory_is_a_row_and_no_figure() -> None:
    facts = {key: H100[key] for key in ("device", "framework", "targets", "free", "total")}
    row = gpu_memory.row(Result(run=LARGE, status="oom", why="CUDA out of memory.", facts=facts))
    assert (row["kind"], row["measured_peak_gb_per_gpu"], row["alt_value"]) == ("oom", "unknown", "")
    assert row["params_b"] == pytest.approx(8.03)
    assert gpu_throughput.row(Result(run=LARGE, status="oom", facts=facts)) is None


def test_a_cut_model_does_not_pass_for_the_whole() -> None:
    run = Run(model=gpu_plans.QWEN3_MOE, layers=8)
    row = gpu_memory.row(Result(run=run, status="ok", facts=H100 | {"params": 5_607_297_024}))
    assert row["model"] == "Qwen/Qwen3-30B-A3B (8 of 48 layers)"
    assert row["params_b"] == pytest.approx(5.607)


def test_a_throughput_row_leaves_the_warm_up_out() -> None:
    row = gpu_throughput.row(Result(run=LARGE, status="ok", facts=H100))
    assert row is not None
    assert set(row) <= set(gpu_throughput.COLUMNS)
    assert (row["step_time_s"], row["tokens_per_s_per_gpu"]) == (1.0, 2 * 2048)
    assert row["mfu6n_calc_pct"] < 100
    used, attention = 8_030_261_248 - 525_336_576, 6 * 32 * 4096 * 2048
    assert row["mfu6n_calc_pct"] == pytest.approx(100 * (6 * used + attention) * 4096 / 989e12, abs=0.06)


def test_a_pair_is_two_sequences() -> None:
    assert replace(LARGE, objective="dpo").tokens == 2 * LARGE.tokens


def test_rows_are_appended_and_known(tmp_path: Path) -> None:
    path = tmp_path / "data" / "rows.csv"
    RowFile(path, ("id", "model")).append({"id": "a"})
    again = RowFile(path, ("id", "model"))
    again.append({"id": "b", "model": "m"})
    assert path.read_text() == "id,model\na,\nb,m\n"
    assert RowFile(path, ("id", "model")).ids == {"a", "b"}
    with pytest.raises(ValueError, match="fields not in fieldnames"):
        again.append({"id": "c", "unknown": 1})


@pytest.mark.parametrize("command", ["gpu_memory", "gpu_throughput"])
def test_without_cuda_it_says_so(command: str, tmp_path: Path) -> None:
    if gpu_runs.cuda_device():
        pytest.skip("there is a GPU here")
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / f"{command}.py", "--out", tmp_path / "x.csv"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "no CUDA device" in done.stderr
    assert "--dry-run" in done.stderr
    assert not (tmp_path / "x.csv").exists()


def test_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_memory.main(["--list", "--only", "gemma"]) == 0
    listed = capsys.readouterr().out.split()
    assert listed
    assert all("gemma" in name for name in listed)
    assert gpu_throughput.main(["--only", "no such run"]) == 2
    with pytest.raises(SystemExit) as stop:
        gpu_memory.main(["--steps", "2"])
    assert stop.value.code == 2


def test_a_child_that_dies_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text("import sys; sys.exit('the driver is gone')")
    monkeypatch.setattr(gpu_runs, "WORKER", child)
    options = gpu_runs.parse_options("", ["--dry-run"], steps=3)
    result = gpu_runs.ask_child(gpu_runs.tiny(LARGE), options=options, checkpoint=tmp_path)
    assert (result.status, result.why) == ("failed", "the driver is gone")
    child.write_text("import time; time.sleep(60)")
    options.timeout = 1
    assert gpu_runs.ask_child(LARGE, options=options, checkpoint=tmp_path).status == "timeout"
