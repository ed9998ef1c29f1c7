"""Training tokens per second on a CUDA machine: the runs of gpu_memory.py, timed after warm-up.

    python benchmarks/gpu_throughput.py [--plan quick|standard|full] [--only REGEX] [--list] [--out FILE] [--dry-run]

The median of the steps after the first two counts. Rows are appended as they come, in the columns of the public
throughput figures; a run that is already in the file is not repeated.
"""

from __future__ import annotations

import datetime
import statistics
import sys
from collections.abc import Sequence
from typing import Any

import gpu_runs
from gpu_plans import spec_of
from gpu_runs import Result, Table

COLUMNS = (
    "id", "model", "params_b", "active_params_b", "method", "precision", "gpus", "gpu_type", "interconnect", "sharding",
    "micro_batch", "grad_accum", "seq_len", "packed", "grad_checkpointing", "flash_attn", "lora_rank", "framework",
    "tokens_per_s_per_gpu", "tokens_basis", "samples_per_s_total", "step_time_s", "mfu_stated_pct", "tflops_per_gpu_stated",
    "hours_stated", "dataset", "mfu6n_calc_pct", "hfu_calc_pct", "source", "source_date", "notes", "quality",
)  # fmt: skip
WARM_UP = 2


def flops_per_token(result: Result) -> tuple[float, float]:
    """(useful as 6N, really done) FLOPs of one token: N without an untied input embedding, causal attention 6·L·d·s.

    Full: 6N, with recompute 8N; a frozen base: 4N and 6N.
    """
    run, facts, spec = result.run, result.facts, spec_of(result.run)
    idle = facts.get("idle_params", 0) + (0 if spec.tied else facts.get("embedding_params", 0))
    used = facts["params"] - idle
    attention = 2 * (run.layers or spec.num_layers) * spec.num_heads * spec.head_dim * run.seq
    passes = (3 if run.method == "full" else 2) + run.checkpointing
    return 6 * used + 3 * attention, 2 * used * passes + (3 + run.checkpointing) * attention


def shares(result: Result, rate: float) -> dict[str, Any]:
    """Percent of the card's dense bf16 peak; empty where the peak is unknown or a second model runs along."""
    peak = gpu_runs.gpu_record(result.facts.get("device", "")).get("bf16_tflops")
    if not peak or result.run.objective != "sft":
        return {}
    useful, done = (100 * rate * flops / (peak * 1e12) for flops in flops_per_token(result))
    return {"mfu6n_calc_pct": round(useful, 1), "hfu_calc_pct": round(done, 1)}


def row(result: Result) -> dict[str, Any] | None:
    """One result in the columns of the public throughput figures; None where nothing was timed."""
    run, facts = result.run, result.facts
    steps = facts.get("step_seconds", [])[WARM_UP:]
    if result.status != "ok" or not steps:
        return None
    dry, seconds = facts["device"] == "cpu", statistics.median(steps)
    rate = run.tokens / seconds
    timed = {
        "tokens_per_s_per_gpu": round(rate, 1),
        "samples_per_s_total": round(run.micro_batch / seconds, 4),
        "step_time_s": round(seconds, 4),
        **shares(result, rate),
    }
    objective = "" if run.objective == "sft" else f"; {run.objective}: a sample is two sequences, both counted"
    return gpu_runs.common_columns(result, "gputok") | {
        "active_params_b": round((facts["params"] - facts["idle_params"]) / 1e9, 3) if facts.get("idle_params") else "",
        "interconnect": "n/a",
        "grad_accum": 1,
        "packed": "yes",
        **({} if dry else timed),
        "tokens_basis": "measured: micro-batch x length / step time",
        "dataset": "random tokens",
        "source_date": datetime.date.today().strftime("%Y-%m"),
        "notes": f"{run.optimizer}; loss {run.loss}; random weights; median of {len(steps)} steps after {WARM_UP}, "
        f"{min(steps):.4f} to {max(steps):.4f} s{objective}" + ("; dry run, not a measurement" if dry else ""),
        "quality": "C" if dry else "A",
    }


TABLE = Table(kind="throughput", prefix="gputok", columns=COLUMNS, row=row)


def main(argv: Sequence[str] | None = None) -> int:
    import gpu_memory  # each can keep the other's rows

    return gpu_runs.run_benchmark(gpu_runs.parse_options(__doc__, argv, steps=8), TABLE, gpu_memory.TABLE)


if __name__ == "__main__":
    sys.exit(main())
