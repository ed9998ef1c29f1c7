"""A finished plan as lines for a terminal: title, memory bars, batch, assumptions, reasons."""

from __future__ import annotations

from typing import Any

from assistant.catalogue.clouds import no_rent
from assistant.core.outcome import Outcome
from assistant.core.units import gib
from assistant.core.values import Estimate, Finding, Hardware, Plan, Reason, memory_json
from assistant.terminal import words
from assistant.terminal.screen import Face
from assistant.terminal.text import Line, cells, join_wrapped, one_line, wrap

LABEL = 18
"""Columns of the label, the indent of two included."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_BAR = 40
_SMALLEST = 0.05
_WHY = ("method", "sharding", "gradient_checkpointing", "optimizer")
QUALITY_NOTES = {
    "full": "all parameters learn",
    "lora": "close to full training on most instruction data",
    "qlora": "LoRA over weights rounded to 4 bit, usually within a point of it",
}
_FROM_FILE = ("from ", "Oumi's default, since")
"""How the reasons of a config file's values begin."""
_NO_NEWS = ("as asked", "one GPU: nothing to spread", "AdamW; the fused kernel needs no temporary copy", "AdamW")


def preview(outcome: Outcome, face: Face) -> list[Line]:
    """Everything above the YAML."""
    plan = outcome.plan
    if plan is None:
        return []
    lines = [*title(plan, outcome.source, face), (), *memory_lines(plan.memory, plan.hardware, face)]
    lines += row("Batch", f"{words.batch_equation(plan)} sequences of up to {plan.sequence_length:,} tokens", face)
    lines += training_lines(plan, face)
    lines += time_lines(outcome, face)
    lines += assumption_lines(outcome.assumptions, face)
    lines += _reason_lines(plan, face)
    lines += finding_lines(outcome.findings, face)
    return lines + alternative_lines(plan, face)


def time_lines(outcome: Outcome, face: Face) -> list[Line]:
    """How long the run takes and what it costs, as far as that is known."""
    plan = outcome.plan
    pieces = words.time_text(plan) if plan else []
    lines = _columns("Time", pieces, face) if pieces else []
    cost = words.cost_text(outcome.cost) if outcome.cost else no_rent(outcome.intent.cloud) if lines else ""
    return lines + (row("Cost", cost, face) if cost else [])


def fallen_lines(plan: Plan, face: Face) -> list[Line]:
    """The candidates beside the plan, each with why it fell."""
    return rows("Not", [f"{r.value}: {one_line(r.why)}" for r in plan.fallen], face)


def alternative_lines(plan: Plan, face: Face) -> list[Line]:
    """Other plans for this machine: memory, time against this one, what they give up."""
    return rows("Or", [alternative_text(other, plan) for other in plan.alternatives], face)


def alternative_text(other: Plan, plan: Plan) -> str:
    """`QLoRA, 4,096 tokens: up to 21.3 GiB, 1.4 × the time`."""
    what = words.method_name(other)
    what += f", {words.sharding_name(other)}" if other.sharding != plan.sharding else ""
    what += f", {other.sequence_length:,} tokens" if other.sequence_length != plan.sequence_length else ""
    if what == words.method_name(plan):
        what += f", micro-batch {other.micro_batch_size}" + (", checkpointing" if other.gradient_checkpointing else "")
    text = f"{what}: up to {gib(other.memory.upper):,.1f} GiB"
    if slowness := _slowness(other, plan):
        text += f", {slowness:.1f} × the time" + (" an epoch" if plan.epochs and other.epochs and other.epochs != plan.epochs else "")
    note = QUALITY_NOTES.get(other.method, "") if other.method != plan.method else ""
    return f"{text}; {note}" if note else text


def _slowness(other: Plan, plan: Plan) -> float | None:
    """Time of another plan for what this one does in an hour: rows where both run for epochs, else tokens."""
    if not (plan.time and other.time and plan.time.hours and other.time.hours):
        return None
    if plan.epochs and other.epochs:
        return (other.time.hours / other.epochs) / (plan.time.hours / plan.epochs)
    return plan.time.tokens_per_second / other.time.tokens_per_second


def title(plan: Plan, source: str, face: Face) -> list[Line]:
    """Method, model, machine and sharding; at the right who read the request."""
    return titled(words.headline(plan), source, face)


def titled(pieces: list[str], source: str, face: Face) -> list[Line]:
    """A headline in pieces; at the right who read the request."""
    width = (face.width or 80) - 2
    lines = join_wrapped(pieces, width - len(source) - 2)
    gap = max(2, width - cells(lines[-1]) - len(source))
    styled: list[Line] = [(("  ", ""), (line, "bold")) for line in lines]
    styled[-1] += ((" " * gap, ""), (source, "dim"))
    return styled


def memory_figures(memory: Estimate, machine: Hardware) -> list[str]:
    """Expected, upper bound and usable, each named."""
    point, upper, usable = words.gib_texts(gib(memory.point), gib(memory.upper), machine.usable_gib)
    return [f"expected {point} GiB", f"upper bound {upper}", f"usable {usable}"]


def memory_label(machine: Hardware) -> str:
    """What the memory is of: a GPU, or the process where there is none."""
    return "Memory per GPU" if words.accelerator(machine) == "GPU" else "Process memory"


def memory_lines(memory: Estimate, machine: Hardware, face: Face) -> list[Line]:
    """The verdict with its figures, then a bar for each component against what is usable."""
    verdict, style = ("fits", "good") if memory.fits(machine.usable_gib) else ("does not fit", "bad")
    label = memory_label(machine)
    pieces = memory_figures(memory, machine)
    figures = " · ".join(pieces)
    gap = (face.width or 80) - LABEL - cells(figures) - len(verdict)
    if gap >= 2:
        head: list[Line] = [(*_label(label), (figures, ""), (" " * gap, ""), (verdict, style))]
    else:
        head = _columns(label, [*pieces, verdict], face)
    return [*head, *_bars(memory_json(memory, machine), face), ()]


def _bars(body: dict[str, Any], face: Face) -> list[Line]:
    """A bar for each part of a `memory_json`, and one for all of it against what is usable."""
    capacity = max(body["capacity_gib"], body["upper_gib"])
    room = min(_BAR, (face.width or 80) - LABEL - 14)
    parts = sorted(body["breakdown_gib"].items(), key=lambda part: -part[1])
    lines: list[Line] = [
        (*_label(f"├ {name}"), (f"{size:6.1f}  ", ""), (bar(size / capacity * room, face), "bar"))
        for name, size in parts
        if size >= _SMALLEST
    ]
    return [*lines, (*_label("└ in all"), (f"{body['per_gpu_gib']:6.1f}  ", ""), *_stacked(body, capacity, room, face))]


def _stacked(body: dict[str, float], capacity: float, room: int, face: Face) -> Line:
    """Expected, then the margin up to the upper bound, then what stays free."""
    expected = round(body["per_gpu_gib"] / capacity * room)
    upper = max(expected, min(room, -int(-body["upper_gib"] / capacity * room // 1)))
    full, margin, free = ("█", "▒", "░") if face.unicode else ("#", "+", ".")
    return (
        (full * expected, "bar"),
        (margin * (upper - expected), "bar"),
        (free * (room - upper), "dim"),
        (f" {body['capacity_gib']:.1f}", "dim"),
    )


def bar(length: float, face: Face) -> str:
    """A bar of this many columns, in eighths; never empty."""
    if not face.unicode:
        return "#" * max(1, round(length))
    whole, rest = divmod(max(1, round(length * 8)), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def training_lines(plan: Plan, face: Face) -> list[Line]:
    """How long, how fast, with what data."""
    facts = [words.duration(plan), f"learning rate {plan.learning_rate:g}"]
    if plan.lora_rank:
        facts.append(f"rank {plan.lora_rank}, alpha {plan.lora_alpha:g}")
    facts.append(plan.optimizer)
    data = plan.dataset.path or plan.dataset.name
    return _columns("Training", [*facts, f"data {one_line(data, 60)}"], face)


def assumption_lines(assumptions: tuple[Reason, ...], face: Face) -> list[Line]:
    """One row for each thing that was not said and was decided."""
    return rows("Assumed", [assumption_text(a) for a in assumptions], face)


def assumption_text(assumption: Reason) -> str:
    """`sequence length 4,096: not said; longer rows are cut`."""
    name = words.field_name(assumption.field)
    return f"{name} {words.value_text(assumption.value)}: {one_line(assumption.why)}"


def _reason_lines(plan: Plan, face: Face) -> list[Line]:
    reasons = {r.field: r for r in plan.decisions if r.why not in _NO_NEWS and not r.why.startswith(_FROM_FILE)}
    texts = [_reason_text(plan, reasons[field]) for field in _WHY if field in reasons]
    return rows("Why", texts[:3], face)


def all_reason_lines(outcome: Outcome, face: Face) -> list[Line]:
    """Every decision of the plan with its reason."""
    plan = outcome.plan
    if plan is None:
        return []
    reasons = [_reason_text(plan, r) for r in plan.decisions if r.why != "as asked"]
    return [*rows("Why", reasons, face), *fallen_lines(plan, face)]


def _reason_text(plan: Plan, reason: Reason) -> str:
    named = {"method": words.method_name(plan), "sharding": words.sharding_name(plan)}
    what = named.get(reason.field) or words.field_name(reason.field)
    if reason.field == "gradient_checkpointing" and not plan.gradient_checkpointing:
        what = "no checkpointing"
    return f"{what}: {one_line(reason.why)}"


def finding_lines(findings: tuple[Finding, ...], face: Face) -> list[Line]:
    """Warnings and notes, each with what mends it."""
    lines: list[Line] = []
    for label, severities, style in (("Error", ("error",), "bad"), ("Warning", ("warning",), "warn"), ("Note", ("info",), "")):
        texts = [finding_text(f) for f in findings if f.severity in severities]
        lines += rows(label, texts, face, style)
    return lines


def finding_text(finding: Finding) -> str:
    """Message and fix in one sentence."""
    message = one_line(finding.message)
    return f"{message}; {one_line(finding.fix)}" if finding.fix else message


def row(label: str, body: str, face: Face, style: str = "") -> list[Line]:
    """A label and its text, wrapped under itself."""
    room = None if face.width is None else max(20, face.width - LABEL)
    texts = wrap(body, room)
    return [(*_label(label if i == 0 else "", style), (text, "")) for i, text in enumerate(texts)]


def rows(label: str, bodies: list[str], face: Face, style: str = "") -> list[Line]:
    """Several texts under one label, which stands beside the first."""
    return [line for i, body in enumerate(bodies) for line in row(label if i == 0 else "", body, face, style)]


def _columns(label: str, pieces: list[str], face: Face) -> list[Line]:
    room = None if face.width is None else max(20, face.width - LABEL)
    texts = join_wrapped(pieces, room)
    return [(*_label(label if i == 0 else ""), (text, "")) for i, text in enumerate(texts)]


def _label(text: str, style: str = "") -> Line:
    padded = f"  {text}".ljust(LABEL - 1) + " "
    return ((padded, style or "dim"),)


def rule(face: Face, name: str = "") -> Line:
    """A line across, with a name at its left."""
    text = f"{name} " if name else ""
    return (("  ", ""), (text, "bold"), ("─" * max(4, (face.width or 80) - 2 - cells(text)), "dim"))
