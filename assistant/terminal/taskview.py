"""The plan of a config that trains nothing, as lines for a terminal: title, memory, facts, reasons."""

from __future__ import annotations

from assistant.core.outcome import Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.units import gib
from assistant.terminal import words
from assistant.terminal.answers import note, what_would
from assistant.terminal.preview import (
    assumption_lines,
    finding_lines,
    memory_figures,
    memory_label,
    memory_lines,
    row,
    rows,
    titled,
)
from assistant.terminal.screen import Face
from assistant.terminal.text import Line, one_line


def task_preview(outcome: Outcome, face: Face) -> list[Line]:
    """Everything above the YAML."""
    plan = outcome.task_plan
    if plan is None:
        return []
    lines = [*titled(task_headline(plan), outcome.source, face), ()]
    if plan.memory is not None and plan.hardware is not None:
        lines += memory_lines(plan.memory, plan.hardware, face)
    lines += fact_lines(plan, face)
    lines += assumption_lines(outcome.assumptions, face)
    lines += task_reason_lines(plan, face, most=3)
    return lines + finding_lines(outcome.findings, face)


def task_headline(plan: TaskPlan) -> list[str]:
    """What is done, by which engine, on which machine."""
    return [*plan.title.split(" · "), *([words.machine_name(plan.hardware)] if plan.hardware else [])]


def fact_lines(plan: TaskPlan, face: Face) -> list[Line]:
    """The rows that this kind of plan has."""
    return [line for label, text in plan.facts for line in row(label, one_line(text, 400), face)]


def task_reason_lines(plan: TaskPlan, face: Face, *, most: int | None = None) -> list[Line]:
    """Decisions with their reasons."""
    told = [r for r in plan.decisions if r.why != "as asked"][:most]
    texts = [f"{words.field_name(r.field)} {words.value_text(r.value)}: {one_line(r.why)}" for r in told]
    return rows("Why", texts, face)


def task_fallen_lines(plan: TaskPlan, face: Face) -> list[Line]:
    """What was looked at and not taken, each with why."""
    texts = [f"{r.value}: {one_line(r.why)}" for r in plan.fallen]
    return rows("Not", texts, face)


def task_summary_lines(outcome: Outcome, face: Face) -> list[Line]:
    """What stands beside a YAML that went into a pipe: plan, assumptions, warnings."""
    plan = outcome.task_plan
    if plan is None:
        return []
    lines = note(" · ".join(task_headline(plan)), face)
    if plan.memory is not None and plan.hardware is not None:
        verdict = "fits" if plan.fits else "does not fit"
        lines += row(memory_label(plan.hardware), f"{', '.join(memory_figures(plan.memory, plan.hardware))}: {verdict}", face)
    lines += fact_lines(plan, face)
    return [*lines, *assumption_lines(outcome.assumptions, face), *finding_lines(outcome.findings, face)]


def task_brief_lines(label: str, outcome: Outcome, face: Face) -> list[Line]:
    """A plan's headline and facts."""
    plan = outcome.task_plan
    return [*note(f"{label}{' · '.join(task_headline(plan))}", face), *fact_lines(plan, face)] if plan else []


def task_does_not_fit_lines(outcome: Outcome, face: Face) -> list[Line]:
    """What is needed against what is there, then what would fit."""
    plan = outcome.task_plan
    if plan is None or plan.memory is None or plan.hardware is None:
        return []
    point, upper, usable = words.gib_texts(gib(plan.memory.point), gib(plan.memory.upper), plan.hardware.usable_gib)
    unit = words.accelerator(plan.hardware)
    lines = note(f"Does not fit: {' · '.join(task_headline(plan))}", face)
    lines += note(f"It needs {point} GiB per {unit} (upper bound {upper}); {usable} is usable.", face)
    return [*lines, (("", ""),), *what_would(outcome, face)]
