"""Refit the constants of `assistant/planner/roofline.py`, and judge them on sources that they were not fitted on.

    python benchmarks/throughput_fit.py [--rows FILE] [--leave-one-out]

Starts from physical guesses, not from the constants in the module, and prints each fitted constant beside the one in use.
A source's weight grows slowly with its number of rows (n to the 0.3); a constant far from its guess costs, in logarithms.
`--leave-one-out` fits once per source without it and prints the error and the band on the rows left out.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from math import exp, log
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import throughput as bench

from assistant.planner import roofline

GUESSES = {
    "MATMUL_SHARE": 0.85, "NEWER_SHARE": 0.9, "NARROW": 0.1, "ATTENTION_SHARE.flash": 0.6, "ATTENTION_SHARE.flash1": 0.35,
    "LAYER_BYTES": 40.0, "FUSED_LAYER": 0.7, "COMPILED_LAYER": 0.5, "ADAPTER_BYTES": 6.0, "FUSED_ADAPTERS": 0.4,
    "DEQUANT_TRAFFIC": 1.0, "GRADIENT_BYTES": 4.0, "LAYER_KERNELS": 30.0, "ADAPTER_KERNELS": 6.0, "SHARD_KERNELS": 10.0,
    "STEP_SECONDS": 0.02, "PEFT_SHARD_SECONDS": 0.5e-3, "EXPERT_TOKENS": 1000.0, "EXPERT_LOOP_KERNELS": 20.0, "LENGTH_SPREAD": 0.7, "NVLINK_SHARE": 0.4,
    "LINK_OVERLAP": 2.0, "LAUNCH_OVERLAP": 3.0, "SYNC_PER_DOUBLING": 0.01, "OPTIMIZER_BYTES.adamw_torch": 40.0,
    "CPU_ADAM_GBS": 200.0,
}  # fmt: skip
TRUST = 0.5
"""Logarithms by which a guess may be off at the cost of one well-known error."""
NOISE = 0.05
KNEE = 0.1
"""Beyond this error (logarithm) a row pulls no harder: a few wrong rows shall not bend the constants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row as the fit sees it."""

    source: str
    load: roofline.Workload
    measured: float
    weight: float


def source(row: bench.Row) -> str:
    """The repository that a row comes from."""
    return row["source"].split("@")[0].split(":")[0].split(" ")[0]


def get(name: str) -> float:
    owner, _, key = name.partition(".")
    value = getattr(roofline, owner)
    return float(value[key] if key else value)


def put(name: str, value: float) -> None:
    owner, _, key = name.partition(".")
    if key:
        getattr(roofline, owner)[key] = value
    else:
        setattr(roofline, owner, value)


def samples(rows: list[bench.Row]) -> list[Sample]:
    results = [r for r in bench.estimates(rows)[0] if r.row["quality"] in "AB"]
    counts = Counter(source(r.row) for r in results)
    return [
        Sample(
            source=source(r.row),
            load=bench.workload(r.row),
            measured=r.measured * r.world,
            weight=(1.0 if r.row["quality"] == "A" else 0.5) / counts[source(r.row)] ** 0.7,
        )
        for r in results
    ]


def error(sample: Sample) -> float:
    """Logarithm of estimated over measured."""
    seconds, _ = roofline.step_seconds(sample.load)
    return log(sample.load.tokens * sample.load.hardware.world / seconds / sample.measured)


def cost(found: list[Sample], values: dict[str, float]) -> float:
    total = 0.0
    for name, value in values.items():
        put(name, value)
        total += (log(value / GUESSES[name]) / TRUST) ** 2
    for sample in found:
        off = error(sample)
        total += sample.weight * 2 * KNEE**2 * ((1 + (off / KNEE) ** 2) ** 0.5 - 1) / NOISE**2
    return total


def fit(found: list[Sample], start: dict[str, float], *, step: float) -> dict[str, float]:
    """Coordinate search in logarithms, the step halved whenever a round changes little."""
    values = dict(start)
    best = cost(found, values)
    while step > 0.01:
        before = best
        for name in values:
            for factor in (exp(step), exp(-step)):
                trial = {**values, name: values[name] * factor}
                if "OVERLAP" in name and trial[name] < 1:
                    continue
                now = cost(found, trial)
                if now < best:
                    best, values = now, trial
                    break
        if before - best < 0.002 * before:
            step /= 2
    cost(found, values)
    return values


def leave_one_out(rows: list[bench.Row], found: list[Sample], start: dict[str, float]) -> None:
    results: list[bench.Result] = []
    for name in sorted({s.source for s in found}):
        fit([s for s in found if s.source != name], start, step=0.1)
        left = [r for r in bench.estimates([row for row in rows if source(row) == name])[0] if r.row["quality"] in "AB"]
        bench.line(name, left)
        results += left
    for quality in "AB":
        bench.line(f"left out, quality {quality}", [r for r in results if r.row["quality"] == quality])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=bench.ROWS)
    parser.add_argument("--leave-one-out", action="store_true")
    options = parser.parse_args()
    if not options.rows.is_file():
        print(f"No rows at {options.rows}: give a CSV of measurements with --rows FILE.", file=sys.stderr)
        return 2
    rows = bench.read_rows(options.rows)
    found = samples(rows)
    in_use = {name: get(name) for name in GUESSES}
    fitted = fit(found, GUESSES, step=0.4)
    for name, value in fitted.items():
        print(f"{name:<28} guess {GUESSES[name]:9.4g}  fitted {value:9.4g}  in use {in_use[name]:9.4g}")
    if options.leave_one_out:
        leave_one_out(rows, found, fitted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
