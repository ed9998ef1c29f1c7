"""A config file after an edit, checked again: what the edit breaks is refused, what was in the file before is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assistant.builder.imports import fields_of
from assistant.checks.guards import check, refuse
from assistant.checks.schema import coerce
from assistant.core.values import Finding, Plan


def rechecked(before: Mapping[str, Any], after: Mapping[str, Any], plan: Plan) -> tuple[Finding, ...]:
    """What our checks find in an edited config. What they found in it before as well is a warning: the file is its owner's.

    Raises:
        UsageError: a field that the edit wrote is none of Oumi's or cannot have its value, or the edit makes a config that
            Oumi would refuse.
    """
    stood = dict(fields_of(before))
    for path, value in fields_of(after):
        if path not in stood or stood[path] != value:
            coerce(path, value)
    old, new = check(before, plan), check(after, plan)
    refuse(tuple(finding for finding in new if finding not in old))
    return tuple(replace(finding, severity="warning") if finding.severity == "error" else finding for finding in new)
