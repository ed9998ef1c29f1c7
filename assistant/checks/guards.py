"""Runs the table of checks: on overrides before planning, and on a finished config with its plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.checks.facts import Facts, facts_of_intent, facts_of_plan
from assistant.checks.rules import CHECKS, RANGES
from assistant.checks.schema import trainer_kwargs
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import Finding, Plan


def check(config: Mapping[str, Any], plan: Plan) -> tuple[Finding, ...]:
    """All findings on a finished config: an `error` is one that the real Oumi would refuse, now or late."""
    return _run(facts_of_plan(config, plan))


def look(intent: Intent) -> tuple[Finding, ...]:
    """All findings on what was said, before anything is planned."""
    return _run(facts_of_intent(intent))


def guard(intent: Intent) -> None:
    """Refuse what was said and cannot be done.

    Raises:
        UsageError: it would crash after the model is loaded, or be ignored without a word.
    """
    refuse(look(intent))


def refuse(findings: tuple[Finding, ...]) -> None:
    """Stop at the first error among findings.

    Raises:
        UsageError: there is one.
    """
    for found in findings:
        if found.severity == "error":
            raise UsageError(found.message, context=found.path, hint=found.fix, reference="would-fail-late")


def _run(facts: Facts) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule=entry.rule,
            severity=entry.severity,
            path=path,
            message=entry.message.format_map(words),
            fix=entry.fix.format_map(words),
        )
        for entry in CHECKS
        for path in entry.where(facts)
        if (words := _words(facts, path))
    )


def _words(facts: Facts, path: str) -> dict[str, str]:
    """What a message may name."""
    name = path.rpartition(".")[2]
    value = facts.get(path)
    return {
        "path": path,
        "value": str(value)[:60],
        "range": str(RANGES.get(path, "")),
        "own": f"training.{name}",
        "near": _near(name, facts.trainer) if path.startswith("training.trainer_kwargs.") else "",
    }


def _near(name: str, trainer: str | None) -> str:
    from assistant.catalogue.names import nearest  # loaded only for a name that is wrong

    known = trainer_kwargs(trainer)
    if name in ("max_seq_length", "max_prompt_length"):
        return "Leave it out; model.model_max_length sets the tokens per row."
    near = nearest(name, known, count=2)
    return f"Did you mean {' or '.join(near)}?" if near else "Leave it out."
