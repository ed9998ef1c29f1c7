"""What a pasted error comes to: what happened, why, and the smallest change that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assistant.builder.edit import Edit, apply_edits
from assistant.builder.mend_comments import without_false_comments
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import WayOut
from assistant.core.values import Estimate, Hardware, ModelSpec
from assistant.reader.traces import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """The answer to one error.

    `changes` are edits of the config; `yaml` is its text with them made, `before` without; `by_hand` says why the text
    could not be edited. `environment` are variables to set and `commands` to run. `memory` is the estimate after the
    changes, `scale` what it was multiplied by because the error showed more than was estimated, `usable_gib` what a GPU
    has. `ways_out` are what would do where no change of the config does. `intent` leads a chat to the changed plan.
    `alternative` marks changes that are another way beside the commands.
    """

    message: str
    cause: str
    changes: tuple[Edit, ...] = ()
    effect: str = ""
    intent: Intent | None = None
    yaml: str | None = None
    before: str | None = None
    by_hand: str = ""
    environment: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    alternative: bool = False
    memory: Estimate | None = None
    scale: float = 1.0
    usable_gib: float | None = None
    ways_out: tuple[WayOut, ...] = ()

    @property
    def mends(self) -> bool:
        """True when something is offered to do."""
        return bool(self.changes or self.environment or self.commands or self.ways_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An error beside the config that it came from: its text and what that parses to, as far as they are known."""

    trace: Trace
    text: str | None = None
    body: Mapping[str, Any] | None = None
    model: ModelSpec | None = None
    machine: Hardware | None = None

    def get(self, path: str) -> Any:
        """The value of a dotted field of the config, or None."""
        here: Any = self.body
        for name in path.split("."):
            here = here.get(name) if isinstance(here, Mapping) else None
        return here

    def detail(self, name: str) -> str:
        """What the error names; empty where it does not."""
        return self.trace.details.get(name, "")


def with_edits(case: Case, mending: Mending) -> Mending:
    """The mending with its changes made in the config's text, or why they could not be."""
    if not mending.changes or case.text is None:
        return mending
    try:
        changed = apply_edits(without_false_comments(case.text, mending.changes), mending.changes)
    except UsageError as problem:
        return replace(mending, before=case.text, by_hand=problem.message)
    return replace(mending, before=case.text, yaml=changed)
