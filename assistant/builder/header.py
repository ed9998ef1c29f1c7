"""The comment at the top of a config: request, estimate, assumptions, versions, how to launch."""

from __future__ import annotations

from collections.abc import Sequence

from assistant import __version__
from assistant.builder.phrase import machine_phrase
from assistant.checks.schema import snapshot
from assistant.core.taskplan import TaskPlan
from assistant.core.units import gib
from assistant.core.values import Finding, Plan, Reason


def header_lines(
    plan: Plan, request: str | None, assumptions: Sequence[Reason], findings: Sequence[Finding], command: str
) -> list[str]:
    """Lines without the leading `#`."""
    point, upper = gib(plan.memory.point), gib(plan.memory.upper)
    lines = [f"Request: {request}"] if request else []
    lines += [
        f"Plan: {plan.method} {plan.objective} on {machine_phrase(plan.hardware)}, {plan.sharding}",
        f"Memory per GPU: {point} GiB expected, {upper} at most, {plan.hardware.usable_gib:.2f} usable "
        f"(micro-batch {plan.micro_batch_size}, {plan.sequence_length} tokens)",
    ]
    return [*lines, *_told(assumptions, findings), *_made(command)]


def _told(assumptions: Sequence[Reason], findings: Sequence[Finding]) -> list[str]:
    """What was assumed, then what to know before the run."""
    lines = [f"Assumed: {a.field} = {a.value}: {a.why}" for a in assumptions]
    return lines + [f"{'Error' if f.severity == 'error' else 'Note'}: {f.message}; {f.fix}" for f in findings if f.severity != "info"]


def _made(command: str) -> list[str]:
    """By what this was made, and how to run it."""
    return [f"Made by oumi-chat {__version__} for the fields of Oumi {snapshot()['oumi']}.", f"Run: {command}"]


def task_header_lines(plan: TaskPlan, request: str | None, assumptions: Sequence[Reason]) -> list[str]:
    """The same for a config that trains nothing."""
    lines = [f"Request: {request}"] if request else []
    lines.append(f"Plan: {plan.title}" + (f" on {machine_phrase(plan.hardware)}" if plan.hardware else ""))
    if plan.memory is not None and plan.hardware is not None:
        point, upper = gib(plan.memory.point), gib(plan.memory.upper)
        lines.append(f"Memory per GPU: {point} GiB expected, {upper} at most, {plan.hardware.usable_gib:.2f} usable")
    lines += [f"{label}: {text}" for label, text in plan.facts]
    lines += _told(assumptions, plan.findings)
    if plan.extras:
        lines.append(f'Install: pip install "oumi[{",".join(plan.extras)}]"')
    lines += [f"Set: {name}, the key of the API; it stands in no file" for name in plan.keys]
    lines += [f"First: {command}" for command in plan.before]
    return [*lines, *_made(plan.command)]
