"""An estimate without a config: memory, time, cost, other plans, machines that would do, models that fit."""

from __future__ import annotations

from assistant.builder.prose_words import dollars_text, hours_text
from assistant.core.outcome import Outcome, Requirement
from assistant.core.units import gib
from assistant.core.values import Plan
from assistant.terminal import words
from assistant.terminal.preview import (
    alternative_lines,
    assumption_lines,
    fallen_lines,
    finding_lines,
    memory_lines,
    row,
    time_lines,
    title,
)
from assistant.terminal.screen import Face
from assistant.terminal.tables import table_lines
from assistant.terminal.text import Line

VERDICTS = ("Yes: ", "No: ")
"""How the explanation begins where it answers a question."""


def sizing_lines(outcome: Outcome, face: Face, *, quiet: bool = False) -> list[Line]:
    """Everything that an estimate says of a plan, or of the machines and models that were asked for."""
    plan = outcome.plan
    lines: list[Line] = []
    if outcome.explanation.startswith(VERDICTS):
        lines += [(("  ", ""), (outcome.explanation.partition(". ")[0] + ".", "bold")), ()]
    if plan is not None:
        lines += [*title(plan, outcome.source, face), (), *memory_lines(plan.memory, plan.hardware, face)]
        lines += row("Batch", f"{words.batch_equation(plan)} sequences of up to {plan.sequence_length:,} tokens", face)
        lines += row("Peak", f"in the {plan.memory.phase}", face)
        lines += row("Margin", "; ".join(plan.memory.margin), face)
        lines += time_lines(outcome, face)
    if outcome.requirements:
        lines += [(), *requirement_lines(outcome.requirements, face)]
        lines += row("Order", "what the run costs, where hours and price are known; then the price an hour", face) if len(outcome.requirements) > 1 else []
    if outcome.largest:
        lines += [(), *largest_lines(outcome.largest, face)]
    if not quiet:
        lines += assumption_lines(outcome.assumptions, face)
        lines += finding_lines(outcome.findings, face)
    return lines + ([*alternative_lines(plan, face), *fallen_lines(plan, face)] if plan else [])


def requirement_lines(found: tuple[Requirement, ...], face: Face) -> list[Line]:
    """The machines that would do, with what they cost."""
    rows = [
        (
            words.machine_name(r.machine),
            words.method_name(r.plan),
            f"{gib(r.plan.memory.upper):,.1f} of {r.machine.usable_gib:.1f}",
            hours_text(r.plan.time.hours) if r.plan.time and r.plan.time.hours else "",
            dollars_text(r.dollars) if r.dollars is not None else "",
            r.price,
        )
        for r in found
    ]
    return table_lines(("Machine", "Method", "GiB per GPU", "Time", "Cost of the run", "Price"), rows, face)


def largest_lines(found: tuple[Plan, ...], face: Face) -> list[Line]:
    """The largest models that a machine can train."""
    rows = [
        (
            words.model_name(plan),
            f"{plan.model.params_total / 1e9:.1f} B",
            words.method_name(plan),
            f"{plan.sequence_length:,}",
            f"{gib(plan.memory.upper):,.1f} of {plan.hardware.usable_gib:.1f}",
        )
        for plan in found
    ]
    return table_lines(("Model", "Parameters", "Method", "Tokens", "GiB per GPU"), rows, face)
