"""The inference inside a judge or a synthesis: planned as any other, then without files of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assistant.core.intent import Intent
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Finding, Reason
from assistant.planner.serving.infer import Subject, plan_infer

PART = "inference_config."


def plan_inference_part(intent: Intent, subject: Subject, defaults: dict[str, Any]) -> tuple[TaskPlan, tuple[Reason, ...]]:
    """How the model of a judge or a synthesis is run. `defaults` are fields of an inference where nothing was said.

    Raises:
        UsageError: an engine that Oumi does not have, or that cannot run this model on this machine.
    """
    said = {path.removeprefix(PART): value for path, value in (intent.overrides or {}).items() if path.startswith(PART)}
    inner = Intent.model_validate({**intent.model_dump(), "task": "infer", "dataset": "rows.jsonl", "output_dir": None, "overrides": {**defaults, **said} or None})
    plan, notes = plan_infer(inner, subject)
    holes = {**plan.holes, "input_path": None, "output_path": None}
    own = {path: value for path, value in plan.overrides.items() if path in said}
    return replace(plan, holes=holes, overrides=own, findings=tuple(_moved(found) for found in plan.findings)), notes


def _moved(finding: Finding) -> Finding:
    return replace(finding, path=f"{PART}{finding.path}")


def facts_of(plan: TaskPlan) -> tuple[tuple[str, str], ...]:
    """What an inference says of itself, but for its files."""
    return tuple(row for row in plan.facts if row[0] != "Input")
