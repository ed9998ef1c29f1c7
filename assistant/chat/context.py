"""What a line of a conversation is read against: what was said, what is planned, what went before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assistant.chat.nouns import plan_value
from assistant.core.intent import Intent
from assistant.core.outcome import WayOut
from assistant.core.values import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The conversation so far.

    `plan` is the last one made, fitting or not; `past` holds (intent, plan) of each turn before, oldest first; `changed`
    are the keys that the last change set; `words` are the lines that said something; `ways_out` are what was offered.
    """

    intent: Intent = field(default_factory=Intent)
    plan: Plan | None = None
    past: tuple[tuple[Intent, Plan | None], ...] = ()
    changed: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    ways_out: tuple[WayOut, ...] = ()
    fits: bool | None = None

    def value(self, key: str) -> Any:
        """What stands for a key now: the plan's figure, else what was said."""
        if "." in key:
            said = (self.intent.overrides or {}).get(key)
            return said if said is not None else plan_value(key.rpartition(".")[2], self.plan)
        said = getattr(self.intent, key, None)
        return said if said is not None else plan_value(key, self.plan)

    def history(self, key: str) -> list[Any]:
        """The values that a key had, oldest first, each once as it changed; the present one last."""
        values = [plan_value(key, plan) if plan else getattr(intent, key, None) for intent, plan in self.past]
        values = [v for v in (*values, self.value(key)) if v is not None]
        return [v for i, v in enumerate(values) if i == 0 or v != values[i - 1]]

    def said_history(self, key: str) -> list[Any]:
        """The values that were said for a key, oldest first, the present one last."""
        values = [v for v in (*(getattr(intent, key, None) for intent, _ in self.past), getattr(self.intent, key, None)) if v is not None]
        return [v for i, v in enumerate(values) if i == 0 or v != values[i - 1]]
