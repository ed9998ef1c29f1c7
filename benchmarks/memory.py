"""The estimator against measured memory: error by source, metric, method and GPUs, and the verdict on fits/oom rows.

    python benchmarks/memory.py [--rows FILE.csv] [--out PRED.csv] [--docs] [--check]

`--out` writes `id,point_gib,upper_gib,fits,skipped`: the point and the upper bound, both in the metric of the row, and
whether the whole bound (allocated peak, margin, CUDA context) stays within what the card has usable; empty where they
do not apply. A row that cannot be read or estimated is skipped and says why; none ends the run. `--docs` writes
docs/accuracy.md and its plot. `--check` fails unless the bars of docs/accuracy.md are met.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from memory_rows import Case, Inexpressible, Row, case_of, tidy

from assistant.catalogue.gpus import find_gpu, generic_gpu
from assistant.core.units import GIB
from assistant.core.values import Estimate
from assistant.planner.memory import Run, estimate, estimate_serving
from assistant.planner.memory.estimate import pool_bytes

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT.parent / "shared" / "data" / "memory_measured.csv"
BARS = {"median": 0.05, "p90": 0.12, "sources": 0.10, "oom": 0.02, "fits": 0.90}
"""A allocated: median and 90th percentile; A and B: mean of per-source medians; verdicts on A and B rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One row and what the estimator says of it; `upper` is the bound in the row's metric, in bytes."""

    row: Row
    case: Case | None = None
    found: Estimate | None = None
    upper: float | None = None
    fits: bool | None = None
    skipped: str = ""

    @property
    def source(self) -> str:
        """The row's source, as its id begins."""
        return self.row["id"].split("-")[0]

    @property
    def error(self) -> float | None:
        """(predicted - measured) / measured, on rows that were measured."""
        if self.row["kind"] != "measured" or self.case is None or self.found is None or not self.case.measured_gib:
            return None
        return self.found.point / GIB / self.case.measured_gib - 1


def usable_gib(row: Row, capacity_gb: float) -> float:
    """What the row's card has usable: the catalogue's figure, else the least of any card of that size."""
    gpu = find_gpu(row["gpu_type"])
    if gpu is None or abs(gpu.memory_gb - capacity_gb) > 1:
        gpu = generic_gpu(capacity_gb)
    return gpu.usable_gib


def upper_bytes(case: Case, found: Estimate) -> float:
    """The upper bound in the metric of the row, as the point is.

    `Estimate.upper`, which the verdict uses, bounds a process whose allocator holds what is alive and no more: tensors,
    their margin, CUDA context and NCCL. A figure of the pool or of the device may hold the pool's idle blocks besides.
    """
    if not isinstance(case.run, Run) or case.metric == "allocated":
        return found.upper
    return found.upper + pool_bytes(case.run)


def judge(row: Mapping[str | None, object]) -> Judged:
    """Estimate one row, or say why it cannot be."""
    read = tidy(row)
    try:
        case = case_of(read)
        found = estimate(case.run, case.metric) if isinstance(case.run, Run) else estimate_serving(case.run, case.metric)
    except Inexpressible as problem:
        return Judged(row=read, skipped=str(problem))
    except (ArithmeticError, LookupError, TypeError, ValueError) as problem:
        return Judged(row=read, skipped=f"not readable: {problem!r}")
    fits = found.fits(usable_gib(read, case.capacity_gb)) if case.capacity_gb else None
    return Judged(row=read, case=case, found=found, upper=upper_bytes(case, found), fits=fits)


def rows_of(path: Path) -> list[Judged]:
    """All rows of a CSV, judged."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
        return [judge(row) for row in csv.DictReader(line.replace("\0", "") for line in lines)]


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which this share of them lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def summary_line(name: str, errors: list[float]) -> str:
    """Median, 90th percentile, bias and share within 10 % of one group."""
    sizes = [abs(e) for e in errors]
    return (
        f"{name:<34} {len(errors):>4}  {statistics.median(sizes):>7.1%} {percentile(sizes, 0.9):>7.1%} "
        f"{statistics.median(errors):>+7.1%} {sum(s <= 0.1 for s in sizes) / len(sizes):>6.0%}"
    )


def grouped(rows: list[Judged], key: Callable[[Judged], str]) -> dict[str, list[float]]:
    """Errors by a key, on the rows that have one."""
    groups: dict[str, list[float]] = defaultdict(list)
    for judged in rows:
        if judged.error is not None:
            groups[key(judged)].append(judged.error)
    return dict(sorted(groups.items()))


def metric_name(judged: Judged) -> str:
    """The metric that the row was taken in."""
    return judged.case.metric if judged.case else "?"


GROUPS: dict[str, Callable[[Judged], str]] = {
    "quality and metric": lambda j: f"{j.row['quality']} {metric_name(j)}",
    "source": lambda j: f"{j.source} ({metric_name(j)})",
    "method": lambda j: j.row["method"],
    "GPUs": lambda j: "one GPU" if j.row["gpus"] == "1" else "several GPUs",
}


def verdicts(rows: list[Judged], qualities: str) -> dict[str, tuple[int, int]]:
    """(called fitting, in all) for `oom` and `fits` rows of these qualities."""
    table = {}
    for kind in ("oom", "fits"):
        those = [j for j in rows if j.row["kind"] == kind and j.row["quality"] in qualities and j.fits is not None]
        table[kind] = (sum(bool(j.fits) for j in those), len(those))
    return table


def figures(rows: list[Judged]) -> dict[str, float]:
    """The figures that the bars are about."""
    exact = [abs(j.error) for j in rows if j.error is not None and j.row["quality"] == "A" and metric_name(j) == "allocated"]
    good = [j for j in rows if j.row["quality"] in ("A", "B")]
    medians = [statistics.median(abs(e) for e in errors) for errors in grouped(good, lambda j: j.source).values()]
    table = verdicts(rows, "AB")
    return {
        "median": statistics.median(exact) if exact else 0.0,
        "p90": percentile(exact, 0.9) if exact else 0.0,
        "sources": statistics.mean(medians) if medians else 0.0,
        "oom": table["oom"][0] / max(1, table["oom"][1]),
        "fits": table["fits"][0] / table["fits"][1] if table["fits"][1] else 1.0,
    }


def report(rows: list[Judged]) -> list[str]:
    """All tables, as lines."""
    lines: list[str] = []
    truth = [j for j in rows if j.row["quality"] in ("A", "B", "C")]
    for title, key in GROUPS.items():
        lines += [f"by {title:<31} rows   median     p90    bias  in 10 %"]
        lines += [summary_line(name, errors) for name, errors in grouped(truth, key).items()] + [""]
    for qualities in ("AB", "C"):
        for kind, (fitting, count) in verdicts(rows, qualities).items():
            lines.append(f"{kind} rows of quality {'/'.join(qualities)}: {fitting} of {count} called fitting")
    found = figures(rows)
    lines += [
        "",
        f"A, allocated: median {found['median']:.1%}, p90 {found['p90']:.1%} (bars {BARS['median']:.0%}, {BARS['p90']:.0%})",
        f"A and B: mean of per-source medians {found['sources']:.1%} (bar {BARS['sources']:.0%})",
        f"skipped: {sum(bool(j.skipped) for j in rows)} of {len(rows)}",
    ]
    return lines


def passes(rows: list[Judged]) -> bool:
    """True when every bar is met."""
    found = figures(rows)
    return found["fits"] >= BARS["fits"] and all(found[name] <= BARS[name] for name in ("median", "p90", "sources", "oom"))


def write_predictions(rows: list[Judged], path: Path) -> None:
    """One CSV row per row: `id,point_gib,upper_gib,fits,skipped`."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "point_gib", "upper_gib", "fits", "skipped"])
        for j in rows:
            point = f"{j.found.point / GIB:.3f}" if j.found else ""
            upper = f"{j.upper / GIB:.3f}" if j.upper is not None else ""
            fits = "" if j.fits is None else str(j.fits).lower()
            writer.writerow([j.row["id"], point, upper, fits, j.skipped])


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=ROWS, help="a CSV with the columns of memory_measured.csv")
    parser.add_argument("--out", type=Path, help="write a prediction per row here")
    parser.add_argument("--docs", action="store_true", help="write docs/accuracy.md and its plot")
    parser.add_argument("--check", action="store_true", help="exit 1 unless the bars are met")
    options = parser.parse_args()
    if not options.rows.exists():
        print(f"{options.rows} is not here: give the measured rows with --rows FILE.csv", file=sys.stderr)
        return 2
    rows = rows_of(options.rows)
    print("\n".join(report(rows)))
    if options.out:
        write_predictions(rows, options.out)
    if options.docs:
        from memory_docs import write_docs

        write_docs(rows, ROOT / "docs", report(rows))
    return 0 if passes(rows) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
