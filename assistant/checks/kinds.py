"""Which kind of config a file is, by its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.checks.schema import KINDS, snapshot

_NEVER_ALONE = frozenset(("model", "data", "generation", "output_path", "output_dir", "run_name"))
"""Fields of several kinds: a file of nothing else is as much of one as of another."""


def kind_of(body: Mapping[str, Any]) -> str | None:
    """The kind whose fields a parsed config has, in the order of `KINDS` where two have as many; None where none fits.

    A misspelt field takes nothing away: the kind that knows most of the fields is meant, if one of them tells it apart.
    """
    known = {kind: [name for name in body if name in snapshot(kind)["fields"]] for kind in KINDS}
    kind = max(KINDS, key=lambda one: (len(known[one]), -KINDS.index(one)))
    told = [name for name in known[kind] if name not in _NEVER_ALONE]
    if not told or len(known[kind]) * 2 <= len(body):
        return None
    return kind
