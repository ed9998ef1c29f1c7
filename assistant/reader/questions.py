"""Whether a request asks about size rather than for a config: what is needed, or what is the largest."""

from __future__ import annotations

import re
from typing import Literal

Asked = Literal["requirements", "largest"]

_LARGEST = re.compile(r"\b(?:biggest|largest|highest|most)\b[^.?!]{0,30}\b(?:model|llm|params|parameters)\b|\bhow (?:big|large) (?:a|of a) model\b", re.IGNORECASE)
_NEEDED = re.compile(
    r"\bwhat (?:hardware|machine|gpus?|cards?) (?:do|would|will|should|is|are)\b|\bwhat (?:do|would|will) (?:i|we|one|you) need\b"
    r"|\bhow many gpus?\b|\bwhich (?:gpus?|cards?|machine)\b|\b(?:hardware|gpu|vram|memory) requirements?\b"
    r"|\bhow much (?:vram|gpu memory|memory)\b|\bwhat does it take\b|\bminimum (?:hardware|gpus?|vram)\b",
    re.IGNORECASE,
)  # fmt: skip


def asks_for(text: str) -> Asked | None:
    """What kind of question of size this is; None for a plain request."""
    if len(text) > 400:
        return None
    if _LARGEST.search(text):
        return "largest"
    return "requirements" if _NEEDED.search(text) else None
