"""docs/accuracy.md and its plot from judged rows. The plot needs matplotlib: pip install "oumi-chat[docs]"."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.core.units import GIB

if TYPE_CHECKING:
    from memory import Judged

_INTRO = """# How right the memory estimate is

Made by `benchmarks/memory.py --docs` from public measurements that other people took (`memory_measured.csv`, 649 rows,
each with its source and a quality from A, everything known, to D). Nothing here is fitted to a source or a row: the
formulas count tensors ({formulas}), and the same code plans, verifies and answers.

{plot}

Read it with three things in mind:

- **Metric.** `allocated` is what PyTorch's tensors take at the peak, and what the plan's *expected* figure means.
  `reserved` is the allocator's pool (also taken for figures whose metric is not stated): it depends on the order of
  requests, so it is known less well. The verdict rests on the upper bound of the allocated peak.
- **Length.** The estimate is for rows of the full sequence length. Rows of a source that states only a limit
  (`max_length`, dynamic padding) are skipped where it says that real lengths are unknown; where they are merely
  probable they are estimated at the limit, which overstates.
- **Stacks.** Many rows are older than what Oumi 0.9 installs. What changed is modelled where it is known: copies of
  logits before transformers 4.49, experts that are parameters since transformers 5. On the stack that Oumi 0.9 does
  install (transformers 5.16, PEFT 0.19), `tests/oumi/test_live_memory.py` traces every live tensor of real steps on the
  meta device: 12 architectures, full and LoRA, activations kept and recomputed, a large and a small vocabulary. All 96
  estimates of what is alive besides the weights must lie within 8 %.

## Figures

```
{tables}
```

## Where it fails

The largest errors on rows of quality A and B:

| row | model | method | measured GiB | predicted GiB | error | what the row is |
| --- | --- | --- | --- | --- | --- | --- |
{failures}

## What is skipped, and why

| rows | why |
| --- | --- |
{skipped}
"""
_FORMULAS = "`assistant/planner/memory/`, each with its source"


def failures(rows: list[Judged], count: int = 15) -> list[str]:
    """The worst rows of quality A and B, as table lines."""
    bad = sorted((j for j in rows if j.error is not None and j.row["quality"] in "AB"), key=lambda j: -abs(j.error or 0))
    lines = []
    for j in bad[:count]:
        assert j.found is not None
        assert j.case is not None
        row = j.row
        what = f"{row['gpus']} GPU, {row['sharding']}, {row['micro_batch']} × {row['seq_len']}, checkpointing {row['grad_checkpointing']}, {metric(j)}"
        lines.append(
            f"| {row['id']} | {row['model']} | {row['method']} | {j.case.measured_gib:.2f} | {j.found.point / GIB:.2f} | {j.error:+.0%} | {what} |"
        )
    return lines


def metric(judged: Judged) -> str:
    """The metric that a row was taken in."""
    return judged.case.metric if judged.case else "?"


def skips(rows: list[Judged]) -> list[str]:
    """Reasons for skipping, most frequent first, as table lines."""
    counts: dict[str, int] = defaultdict(int)
    for j in rows:
        if j.skipped:
            counts[j.skipped.split(" for ")[0] if j.skipped.startswith("no shape") else j.skipped] += 1
    return [f"| {count} | {why} |" for why, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def write_docs(rows: list[Judged], folder: Path, tables: list[str]) -> None:
    """Write accuracy.md, and accuracy.svg beside it where matplotlib is installed."""
    drawn = draw(rows, folder / "accuracy.svg")
    text = _INTRO.format(
        formulas=_FORMULAS,
        plot="![Predicted against measured peak memory, by source](accuracy.svg)",
        tables="\n".join(tables),
        failures="\n".join(failures(rows)),
        skipped="\n".join(skips(rows)),
    )
    (folder / "accuracy.md").write_text(text)
    print(f"wrote {folder / 'accuracy.md'}" + ("" if drawn else "; no matplotlib here: the plot is as it was"))


def draw(rows: list[Judged], path: Path) -> bool:
    """Predicted against measured, both axes logarithmic, coloured by source; False without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "accuracy"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.5, 6.5))
    sources: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for j in rows:
        if j.error is not None and j.row["quality"] in "ABC":
            assert j.case is not None
            assert j.found is not None
            sources[j.source].append((float(j.case.measured_gib or 0), j.found.point / GIB))
    colours = pyplot.get_cmap("tab20")
    for number, (name, points) in enumerate(sorted(sources.items())):
        axes.scatter(*zip(*points, strict=True), s=16, color=colours(number % 20), label=name, alpha=0.8, linewidths=0)
    ends = (1.5, 200)
    axes.plot(ends, ends, color="black", linewidth=0.8)
    for share in (0.9, 1.1):
        axes.plot(ends, [end * share for end in ends], color="grey", linewidth=0.5, linestyle="--")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel="measured peak, GiB per GPU", ylabel="predicted, GiB per GPU")
    axes.set_title("Memory: predicted against measured (dashed: ±10 %)")
    axes.legend(fontsize=7, ncol=2)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    return True
