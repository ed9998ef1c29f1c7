"""What the two GPU benchmarks share: one fresh process a run, and the rows that come of it.

Nothing here imports torch: the child process `gpu_worker.py` does.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gpu_plans import PLANS, Run, planned, spec_of  # noqa: E402

from assistant.catalogue.names import read_records  # noqa: E402

WORKER = Path(__file__).with_name("gpu_worker.py")
ANSWER = "RESULT "
GIB = 1 << 30
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false"}


def tiny(run: Run) -> Run:
    """The same path in a size that a CPU takes at once."""
    return replace(run, micro_batch=min(run.micro_batch, 2), seq=min(run.seq, 32), layers=2, rank=4)


def shape_of(run: Run, *, dry: bool) -> dict[str, Any]:
    """The config's keyword arguments, from the catalogue; a dry run keeps the kind of model and shrinks its sizes."""
    spec = spec_of(run)
    shape: dict[str, Any] = {
        "model_type": spec.model_type,
        "vocab_size": spec.vocab_size,
        "hidden_size": spec.hidden_size,
        "intermediate_size": spec.intermediate_size,
        "num_hidden_layers": run.layers or spec.num_layers,
        "num_attention_heads": spec.num_heads,
        "num_key_value_heads": spec.num_kv_heads,
        "head_dim": spec.head_dim,
        "tie_word_embeddings": spec.tied,
        "max_position_embeddings": max(run.seq, 4096),
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    if spec.is_moe:
        shape |= {"num_experts": spec.num_experts, "num_experts_per_tok": spec.experts_per_token}
        shape |= {"moe_intermediate_size": spec.moe_intermediate_size}
    if dry:
        shape |= {"vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "head_dim": 16}
        shape |= {"num_attention_heads": 4, "num_key_value_heads": 2}
        shape |= {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32} if spec.is_moe else {}
    return shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run: `status` is ok, oom, skipped, failed or timeout; `facts` is the child's answer."""

    run: Run
    status: str
    why: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def ask_child(run: Run, *, options: argparse.Namespace, checkpoint: Path) -> Result:
    """One run in a fresh process. Nothing that happens there reaches this one but its last line."""
    question = {
        "run": asdict(run),
        "shape": shape_of(run, dry=options.dry_run),
        "targets": list(spec_of(run).lora_targets),
        "checkpoint": str(checkpoint),
        "framework": options.framework,
        "steps": options.steps,
        "cpu": options.dry_run,
    }
    visible = "" if options.dry_run else os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    environment = {**os.environ, **OFFLINE, "CUDA_VISIBLE_DEVICES": visible}  # one GPU, or Trainer spreads over all
    command = [sys.executable, str(WORKER), json.dumps(question)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=options.timeout, env=environment)
    except subprocess.TimeoutExpired:
        return Result(run=run, status="timeout", why=f"no answer in {options.timeout} s")
    answers = [line for line in done.stdout.splitlines() if line.startswith(ANSWER)]
    if not answers:
        return Result(run=run, status="failed", why=done.stderr.strip()[-2000:] or f"exit code {done.returncode}")
    facts = json.loads(answers[-1].removeprefix(ANSWER))
    return Result(run=run, status=facts.pop("status"), why=facts.pop("why", ""), facts=facts)


def measured(runs: Sequence[Run], options: argparse.Namespace) -> Iterator[Result]:
    """Results as they come. A model's random checkpoint lives as long as its runs last."""
    started = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="gpu-benchmark-", dir=options.scratch))
    held: tuple[str, int | None] | None = None
    try:
        for place, run in enumerate(runs):
            if options.minutes and time.monotonic() - started > 60 * options.minutes:
                print(f"{options.minutes} minutes are over: {len(runs) - place} runs left", file=sys.stderr)
                return
            if held != (run.model, run.layers):
                shutil.rmtree(scratch, ignore_errors=True)
                held = (run.model, run.layers)
            yield ask_child(tiny(run) if options.dry_run else run, options=options, checkpoint=scratch / "model")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def commit() -> str:
    """Short hash of the checkout, or `unknown` where git is missing."""
    try:
        done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def gpu_record(device: str) -> dict[str, Any]:
    """The catalogue's record of a device name, or nothing."""
    return next((record for record in read_records("gpus.jsonl") if device in record["devices"]), {})


def slug(device: str) -> str:
    """`NVIDIA H100 80GB HBM3` → `h100-80gb-hbm3`."""
    return re.sub(r"[^a-z0-9]+", "-", device.lower().removeprefix("nvidia ")).strip("-")


def precision_words(result: Result) -> str:
    """How weights and arithmetic ran, in the words of the shared files."""
    run = result.run
    autocast = "bf16 autocast" if "autocast" in run.precision else "no autocast"
    adapters = f" (adapters {', '.join(result.facts.get('trainable_dtypes', ['unknown']))})"
    if run.method == "qlora":
        return f"nf4 {'double-quant ' if run.double_quant else ''}base, {autocast}{adapters}"
    weights = "fp32" if run.precision.startswith("fp32") else "bf16"
    if run.method == "lora":
        return f"{weights} base, {autocast}{adapters}"
    return f"{weights} pure" if autocast == "no autocast" else f"{weights} weights, {autocast}"


def model_words(run: Run) -> str:
    """The model's id; a cut model says so, for it is no longer that model."""
    return f"{run.model} ({run.layers} of {spec_of(run).num_layers} layers)" if run.layers else run.model


def common_columns(result: Result, prefix: str) -> dict[str, Any]:
    """The columns that both files have."""
    run, facts = result.run, result.facts
    return {
        "id": f"{prefix}-{slug(facts.get('device', 'unknown'))}-{run.name}",
        "model": model_words(run),
        "params_b": round(facts["params"] / 1e9, 3)
        if facts.get("params")
        else round(spec_of(run).params_total / 1e9, 3),
        "method": run.method if run.objective == "sft" else f"{run.method} ({run.objective})",
        "precision": precision_words(result),
        "gpus": 1,
        "gpu_type": facts.get("device", "unknown").removeprefix("NVIDIA "),
        "sharding": "none",
        "micro_batch": run.micro_batch,
        "seq_len": run.seq,
        "grad_checkpointing": "yes" if run.checkpointing else "no",
        "flash_attn": run.attention,
        "lora_rank": run.rank if run.method != "full" else "n/a",
        "framework": facts.get("framework", ""),
        "source": f"{Path(sys.argv[0]).parent.name or 'benchmarks'}/{Path(sys.argv[0]).name} {commit()}",
    }


class RowFile:
    """A CSV file that grows by one row at a time, flushed at once; it knows the ids it already has."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns = path, list(columns)
        self.ids: set[str] = set()
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                self.ids = {row["id"] for row in csv.DictReader(file)}

    def append(self, row: dict[str, Any]) -> None:
        """Write one row; a column that is not in the shape is an error."""
        fresh = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.columns, restval="", lineterminator="\n")
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        self.ids.add(row["id"])


def default_path(kind: str, device: str) -> Path:
    """benchmarks/data/gpu_<kind>_<gpu>_<date>.csv"""
    return ROOT / "benchmarks" / "data" / f"gpu_{kind}_{slug(device)}_{datetime.date.today().isoformat()}.csv"


def parse_options(description: str | None, argv: Sequence[str] | None, *, steps: int) -> argparse.Namespace:
    """The flags of both commands."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--plan", choices=sorted(PLANS), default="quick", help="about 6, 20 or 60+ minutes on an H100 (default quick)"
    )
    parser.add_argument("--only", metavar="REGEX", help="only runs whose name matches")
    parser.add_argument("--list", action="store_true", help="print the names of the runs and stop")
    parser.add_argument("--out", type=Path, metavar="FILE", help="append here (default benchmarks/data/gpu_….csv)")
    parser.add_argument(
        "--also", type=Path, metavar="FILE", help="append the other benchmark's rows of the same runs here"
    )
    parser.add_argument("--dry-run", action="store_true", help="tiny shapes on the CPU: the same path, no figures")
    parser.add_argument(
        "--framework",
        choices=("auto", "trl", "trainer", "plain"),
        default="auto",
        help="default: the first that is installed",
    )
    parser.add_argument("--steps", type=int, default=steps, help=f"optimizer steps a run, at least 3 (default {steps})")
    parser.add_argument("--timeout", type=int, default=600, metavar="SECONDS", help="per run (default 600)")
    parser.add_argument("--minutes", type=float, help="start no run after so many minutes")
    parser.add_argument("--scratch", type=Path, help="folder for random checkpoints (default: the system's)")
    options = parser.parse_args(argv)
    if options.steps < 3:
        parser.error("--steps must be at least 3: optimizer states exist from the second step on")
    return options


def cuda_device() -> str | None:
    """Name of the first CUDA device, asked in a process of its own; None without one."""
    code = "import torch; print(torch.cuda.get_device_name(0) if torch.cuda.is_available() else '')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return (done.stdout.strip() or None) if done.returncode == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One of the two outputs: its name, its columns, the prefix of its ids, and result → row (None: no row)."""

    kind: str
    prefix: str
    columns: tuple[str, ...]
    row: Callable[[Result], dict[str, Any] | None]


def run_benchmark(options: argparse.Namespace, table: Table, other: Table) -> int:
    """Measure what is planned and not yet in the file. Exit codes: 0, 1 a run failed, 2 no GPU or nothing to do."""
    runs = planned(options.plan, options.only)
    if options.list:
        print("\n".join(run.name for run in runs))
        return 0
    device = "cpu" if options.dry_run else cuda_device()
    if device is None or not runs:
        why = (
            f"no run of the plan matches {options.only}"
            if not runs
            else "no CUDA device: --dry-run tries the code on the CPU"
        )
        print(f"{sys.argv[0]}: {why}", file=sys.stderr)
        return 2
    file = RowFile(options.out or default_path(table.kind, device), table.columns)
    beside = RowFile(options.also, other.columns) if options.also else None
    known = [run for run in runs if f"{table.prefix}-{slug(device)}-{run.name}" in file.ids]
    failed = 0
    for result in measured([run for run in runs if run not in known], options):
        failed += result.status in ("failed", "timeout")
        say(result)
        for target, shape in ((file, table), (beside, other)):
            row = shape.row(result) if target and result.status in ("ok", "oom") else None
            if target and row:
                target.append(row)
    print(f"{file.path}: {len(file.ids)} rows ({len(known)} were there)", file=sys.stderr)
    return 1 if failed else 0


def say(result: Result) -> None:
    """One line about a run on stderr."""
    facts = result.facts
    peak = f"{facts['peak'] / GIB:8.2f} GiB" if facts.get("peak") else ""
    steps = facts.get("step_seconds") or []
    print(
        f"{result.status:8}{peak} {min(steps, default=0):7.3f} s  {result.run.name}  {result.why}",
        file=sys.stderr,
        flush=True,
    )
