"""The table of rules. An error is a config that the real Oumi 0.9 refuses, at once or late, or that trains something else
than it says; a warning is one that runs and does not do all it says; an info is worth knowing. Ids are never used again.
"""

from __future__ import annotations

from assistant.checks.declared import Rule
from assistant.checks.rules import (
    adapters,
    attention,
    data,
    distributed,
    experts,
    jobs,
    memory,
    outputs,
    overlooked,
    parts,
    ranges,
    recompute,
    refused,
    rows,
    schema,
    serving,
    trainers,
    training,
)

_TABLES = (schema, refused, ranges, training, recompute, attention, trainers, outputs, data, rows, parts, adapters, overlooked, experts, distributed, memory, serving, jobs)
RULES: tuple[Rule, ...] = tuple(rule for table in _TABLES for rule in table.RULES)
"""Every rule."""
EARLY: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.early)
"""Those that also look at words before anything is planned."""
