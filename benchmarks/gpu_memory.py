"""Real training peaks on a CUDA machine, with random weights in the shapes of the catalogue.

    python benchmarks/gpu_memory.py [--plan quick|standard|full] [--only REGEX] [--list] [--out FILE] [--dry-run]

Each run is a fresh process that loads a random checkpoint and trains some steps with TRL as Oumi calls it. Rows are
appended as they come, in the columns of the public measurements; a run that is already in the file is not repeated.
`--also FILE` keeps the throughput rows of the same runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import gpu_runs
import gpu_throughput
from gpu_runs import GIB, Result, Table

COLUMNS = (
    "id", "model", "params_b", "method", "precision", "optimizer", "gpus", "gpu_type", "sharding", "micro_batch", "seq_len",
    "grad_checkpointing", "lora_rank", "lora_targets", "flash_attn", "framework", "measured_peak_gb_per_gpu", "unit", "kind",
    "source", "notes", "seq_kind", "loss_impl", "metric", "alt_value", "alt_metric", "capacity_gb", "quality",
)  # fmt: skip
OPTIMIZERS = {"adamw_torch": "adamw_torch (foreach)"}
LOSSES = {"chunked": "chunked", "liger": "liger fused linear CE"}


def gib(count: float | None) -> Any:
    """Bytes as GiB to three digits; empty for what was not measured."""
    return round(count / GIB, 3) if count else ""


def notes(result: Result) -> str:
    """What has no column: load peak, phases, what the device showed, card, cut layers."""
    facts = result.facts
    words = ["random weights", f"objective {result.run.objective}", f"{facts.get('steps_done', 0)} steps"]
    if result.run.layers:
        words.append(f"cut to {result.run.layers} layers")
    figures = {
        "load peak": facts.get("load_peak"),
        "resting after load": facts.get("loaded"),
        "resting between steps": facts.get("resting"),
        **{f"peak in {phase}": peak for phase, peak in facts.get("phases", {}).items()},
        "device in use (as nvidia-smi)": facts.get("device_used"),
        "free at start": facts.get("free"),
        "device total": facts.get("total"),
    }
    words += [f"{name} {gib(value)} GiB" for name, value in figures.items() if value]
    words.append(f"trainable {facts.get('trainable', 0):,}")
    if result.why:
        words.append(result.why)
    return "; ".join(words)


def row(result: Result) -> dict[str, Any]:
    """One result in the columns of the public memory figures."""
    run, facts = result.run, result.facts
    record = gpu_runs.gpu_record(facts.get("device", ""))
    dry, oom = facts.get("device") == "cpu", result.status == "oom"
    return gpu_runs.common_columns(result, "gpumem") | {
        "optimizer": OPTIMIZERS.get(run.optimizer, run.optimizer),
        "lora_targets": ",".join(facts.get("targets", ())) if run.method != "full" else "n/a",
        "measured_peak_gb_per_gpu": "unknown" if oom else gib(facts.get("peak")),
        "unit": "GiB (from bytes / 2^30)",
        "kind": "dry-run (not a measurement)" if dry else "oom" if oom else "measured",
        "notes": notes(result),
        "seq_kind": "exact input length",
        "loss_impl": LOSSES.get(run.loss, "standard"),
        "metric": "torch max_memory_allocated",
        "alt_value": "" if oom else gib(facts.get("reserved")),
        "alt_metric": "torch max_memory_reserved",
        "capacity_gb": record.get("memory_gb") or gib(facts.get("total")),
        "quality": "D" if dry else "A",
    }


TABLE = Table(kind="memory", prefix="gpumem", columns=COLUMNS, row=row)


def main(argv: Sequence[str] | None = None) -> int:
    return gpu_runs.run_benchmark(gpu_runs.parse_options(__doc__, argv, steps=4), TABLE, gpu_throughput.TABLE)


if __name__ == "__main__":
    sys.exit(main())
