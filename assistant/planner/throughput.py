"""Training speed and time with a low and a high bound, from the roofline of one micro-step."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from assistant.planner.roofline import Workload, is_linked, is_newer, peak_tflops, step_seconds

__all__ = ["Hours", "Speed", "Workload", "hours", "run_tokens", "speed", "unknown_reason"]

# Widths are natural logarithms. Of a step that only computes: where 90 % of the rows of a source lie that the constants
# were not fitted on; more below than above, since a run has many ways to be slower. The share of a step that is not
# computing (launches, links, optimizer) is less sure: at 256 tokens a micro-step sources differ by a factor of two.
WIDTH_BELOW = 0.25
WIDTH_ABOVE = 0.22
FIXED_BELOW = 0.90
FIXED_ABOVE = 0.60
# Added width where evidence is thin or none.
NEWER_WIDTH = 0.05
UNMEASURED_GPU_WIDTH = 0.15
EXPERTS_WIDTH = 0.20
NETWORK_WIDTH = 0.15
OFFLOAD_WIDTH = 0.20
OBJECTIVE_WIDTH = 0.15
ON_POLICY_WIDTH = 0.70
SHAPE_WIDTH = 0.15
MEASURED = ("A100", "A800", "H100", "H200", "B200", "MI300X", "MI325X", "RTX4090", "L40S")
"""GPUs with public training figures among the calibration rows, by the start of their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Tokens per second of the whole machine, its bounds, and what the figure rests on.

    Tokens are those processed: both sides of a preference pair, padding included.
    """

    tokens_per_second: float
    low: float
    high: float
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hours of the training steps alone; `low` is the fast end."""

    expected: float
    low: float
    high: float


def unknown_reason(load: Workload) -> str | None:
    """Why the speed of this run cannot be said, or None when it can."""
    gpu = load.hardware.gpu
    if gpu.vendor not in ("NVIDIA", "AMD"):
        return f"there are no public training figures to calibrate on for {gpu.name}"
    if not peak_tflops(gpu) or not gpu.bandwidth_gbs:
        return f"no TFLOPS or memory bandwidth with a source for {gpu.name}"
    if load.objective == "grpo":
        return "GRPO spends most of its time generating completions, whose lengths nobody knows before the run"
    if load.objective == "gkd" and load.teacher is None:
        return "the teacher is not known"
    return None


def _doubts(load: Workload) -> list[tuple[str, float, float]]:
    """(what is guessed, width below, width above) beyond the fit."""
    model, hardware = load.model, load.hardware
    found: list[tuple[str, float, float]] = []
    if not hardware.gpu.name.startswith(MEASURED):
        found.append((f"no public rows for {hardware.gpu.name}", UNMEASURED_GPU_WIDTH, UNMEASURED_GPU_WIDTH))
    elif is_newer(hardware.gpu):
        found.append(("", NEWER_WIDTH, NEWER_WIDTH))
    if model.is_moe:
        found.append(("expert kernels differ by version", EXPERTS_WIDTH, EXPERTS_WIDTH))
    if hardware.nodes > 1 and load.internode_gbs is None:
        found.append(("network between nodes assumed", 2 * NETWORK_WIDTH, NETWORK_WIDTH))
    elif hardware.world > 1 and not is_linked(hardware.gpu, hardware.count):
        found.append(("PCIe bandwidth assumed", NETWORK_WIDTH, NETWORK_WIDTH))
    if load.sharding == "fsdp-offload":
        found.append(("CPU memory speed assumed", 2 * OFFLOAD_WIDTH, OFFLOAD_WIDTH))
    if load.objective == "gkd":
        found.append(("student's own completions not counted", ON_POLICY_WIDTH, OBJECTIVE_WIDTH))
    elif load.objective in ("dpo", "kto"):
        found.append((f"no public rows for {load.objective.upper()}: FLOPs only", OBJECTIVE_WIDTH, OBJECTIVE_WIDTH))
    if model.rough:
        found.append(("shape of the model guessed", SHAPE_WIDTH, SHAPE_WIDTH))
    if load.images:
        found.append(("one image patch a token assumed", SHAPE_WIDTH, SHAPE_WIDTH))
    return found


def speed(load: Workload) -> Speed | None:
    """Tokens per second with bounds; None where `unknown_reason` says why."""
    if unknown_reason(load):
        return None
    seconds, computing = step_seconds(load)
    point = load.tokens * load.hardware.world / seconds
    fixed = max(0.0, 1.0 - computing / seconds)
    doubts = _doubts(load)
    below = WIDTH_BELOW + FIXED_BELOW * fixed + sum(width for _, width, _ in doubts)
    above = WIDTH_ABOVE + FIXED_ABOVE * fixed + sum(width for _, _, width in doubts)
    return Speed(
        tokens_per_second=point,
        low=point * exp(-below),
        high=point * exp(above),
        basis=_basis(load, fixed, [what for what, _, _ in doubts if what]),
    )


def _basis(load: Workload, fixed: float, doubts: list[str]) -> str:
    """One short sentence."""
    text = f"roofline from {load.hardware.gpu.name}'s peak and bandwidth, calibrated on public training runs"
    if fixed > 0.3:
        text += f"; {fixed:.0%} of a step is not computing (launches, links, optimizer)"
    return f"{text}; {', '.join(doubts)}" if doubts else text


def run_tokens(
    mean_tokens: float,
    *,
    steps: int | None = None,
    global_batch: int | None = None,
    rows: int | None = None,
    epochs: float | None = None,
) -> float | None:
    """Tokens that a run processes: steps × global batch × mean tokens, else rows × epochs × mean tokens.

    `mean_tokens` is per example as the trainer feeds it: the length where sequences are packed or padded to it, both
    sides together of a preference pair. None where neither pair of factors is complete.
    """
    if steps is not None and global_batch is not None:
        return steps * global_batch * mean_tokens
    if rows is not None and epochs is not None:
        return rows * epochs * mean_tokens
    return None


def hours(found: Speed, tokens: float) -> Hours:
    """Hours for this many tokens. Start-up, evaluation and checkpoints are not in it."""
    per_hour = 3600.0
    return Hours(
        expected=tokens / found.tokens_per_second / per_hour,
        low=tokens / found.high / per_hour,
        high=tokens / found.low / per_hour,
    )
