"""Secrets out of a text before it is kept, shown or sent."""

from __future__ import annotations

import re
from collections.abc import Collection

_SHAPES = re.compile(r"\b(?:sk-[\w-]{16,}|hf_\w{16,}|gsk_\w{16,}|xai-\w{16,}|AIza[\w-]{30,}|ghp_\w{20,}|AKIA[0-9A-Z]{16})")
MASK = "[redacted]"


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """The text with every secret-shaped string and every one of these values replaced by `[redacted]`."""
    for secret in sorted((s for s in secrets if s), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _SHAPES.sub(MASK, text)
