"""Runs the table of checks: on overrides before planning, and on a finished config with its plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.checks.case import Case, case_of_file, case_of_intent, case_of_plan
from assistant.checks.declared import Rule
from assistant.checks.findings import found_by
from assistant.checks.rules import EARLY, RULES
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import Finding, Plan


def check(config: Mapping[str, Any], plan: Plan) -> tuple[Finding, ...]:
    """All findings on a finished config: an `error` is one that the real Oumi would refuse, now or late."""
    return _run(case_of_plan(config, plan), RULES)


def written(config: Mapping[str, Any], plan: Plan) -> tuple[Finding, ...]:
    """What is wrong with a finished config as its reader finds it in a file, where `check` knows what it was meant to be."""
    case = case_of_file(config, "train", model=plan.model, machine=plan.hardware)
    return tuple(found for found in _run(case, RULES) if found.severity != "info")


def look(intent: Intent, kind: str = "train") -> tuple[Finding, ...]:
    """All findings on what was said, before anything is planned."""
    return _run(case_of_intent(intent, kind), EARLY)


def guard(intent: Intent, kind: str = "train") -> None:
    """Refuse what was said and cannot be done.

    Raises:
        UsageError: it would crash after the model is loaded, or be ignored without a word.
    """
    refuse(look(intent, kind))


def refuse(findings: tuple[Finding, ...]) -> None:
    """Stop at the first error among findings.

    Raises:
        UsageError: there is one.
    """
    for found in findings:
        if found.severity == "error":
            raise UsageError(found.message, context=found.path, hint=found.fix, reference="would-fail-late")


def refuse_said(findings: tuple[Finding, ...]) -> None:
    """Stop at the first error that words alone tell; one of a file's own is told with its plan and left to its owner.

    Raises:
        UsageError: there is one.
    """
    early = {rule.rule for rule in EARLY}
    refuse(tuple(found for found in findings if found.rule in early))


def _run(case: Case, rules: tuple[Rule, ...]) -> tuple[Finding, ...]:
    return tuple(placed.finding for placed in found_by(case, rules))
