"""Whether two answers are one to the person who looks at them: what a change is shown by is compared, and nothing less."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import yaml

from assistant.builder.jobscripts import without_configs
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Hardware, Plan


def is_same(one: Outcome, other: Outcome) -> bool:
    """True where plan, machine, memory, time, cost, files and commands are alike; reasons, notes and comments do not count."""
    return _shown(one) == _shown(other)


def are_of_one_kind(one: Outcome, other: Outcome) -> bool:
    """True where two answers can be compared: both train, or both do the same other thing; a job beside the config does not count."""
    return bool(one.files and other.files) and one.files[0].kind == other.files[0].kind


def _shown(outcome: Outcome) -> tuple[Any, ...]:
    files = [(file.kind, _body(file)) for file in outcome.files]
    plans = (_bare_plan(outcome.plan), _bare_task(outcome.task_plan), *(_bare_task(step.task_plan) for step in outcome.then))
    return (*plans, outcome.cost, files, outcome.commands)


_LENGTH = re.compile(r"… [\d,]+ lines …")
"""How long a config in a job is, its comments included."""


def _body(file: ConfigFile) -> Any:
    """What the config says; of a job, without the configs that it carries: those are compared by themselves."""
    return yaml.safe_load(_LENGTH.sub("…", without_configs(file.yaml)) if file.kind == "job" else file.yaml)


def _bare_plan(plan: Plan | None) -> Plan | None:
    if plan is None:
        return None
    return replace(plan, hardware=_bare_machine(plan.hardware), decisions=(), fallen=(), alternatives=(), findings=())


def _bare_task(plan: TaskPlan | None) -> TaskPlan | None:
    if plan is None:
        return None
    machine = _bare_machine(plan.hardware) if plan.hardware is not None else None
    return replace(plan, hardware=machine, words={}, decisions=(), fallen=(), findings=())


def _bare_machine(machine: Hardware) -> Hardware:
    """The machine, whoever said it."""
    return replace(machine, source="request")
