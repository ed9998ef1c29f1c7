"""What a conversation's LLM calls came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Calls, tokens as the servers counted them, US dollars where the price is known, seconds waited.

    `uncounted` calls came back without a count; `unpriced` ones have tokens and no price, as of a server of one's own.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    dollars: float = 0.0
    seconds: float = 0.0
    uncounted: int = 0
    unpriced: int = 0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            dollars=self.dollars + other.dollars,
            seconds=self.seconds + other.seconds,
            uncounted=self.uncounted + other.uncounted,
            unpriced=self.unpriced + other.unpriced,
        )


def usage_of(counted: Any, seconds: float, dollars: float | None) -> Usage:
    """One call: `counted` is the server's usage object, or None; `dollars` None for no known price."""
    prompt = int(getattr(counted, "prompt_tokens", 0) or 0)
    completion = int(getattr(counted, "completion_tokens", 0) or 0)
    known = bool(prompt or completion)
    return Usage(
        calls=1,
        prompt_tokens=prompt,
        completion_tokens=completion,
        dollars=dollars or 0.0,
        seconds=seconds,
        uncounted=int(not known),
        unpriced=int(known and dollars is None),
    )
