"""Bounds that are said of a count: `more than 8 gpus` is no 8, and a plan has no place for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_STRICT = r"(?P<bound>more than|above|greater than|beyond|fewer than|less than|under|below)"
_BOUND = re.compile(rf"\b{_STRICT}\s+(?:a |an )?(?P<said>(?P<n>\d[\d,]*(?:\.\d+)?)\s?(?P<k>k\b)?\s*[x×*]?\s*(?P<noun>[a-z][\w-]*(?:\s+(?:[a-z]+|\d+\s?gb))?)?)", re.IGNORECASE)
_KEYS = (
    ("nodes", r"nodes?|hosts?"),
    ("epochs", r"epochs?|passes"),
    ("max_steps", r"steps?|iterations?"),
    ("sequence_length", r"tokens?|context|seq\w*"),
    ("global_batch_size", r"batch"),
    ("gpu_count", r"gpus?|cards?|[ahlvbt]\d{1,3}s?|rtx\w*|\d0\d0s?|mi\d+\w*"),
)


def bound_notes(text: str, found: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """(key, value, why) of each value that was said as a strict bound and is planned as it stands."""
    for match in _BOUND.finditer(text):
        number = float(match.group("n").replace(",", "")) * (1024 if match.group("k") else 1)
        for key, nouns in _KEYS:
            words = (match.group("noun") or "").lower()
            if found.get(key) == number and re.match(rf"(?:{nouns})\b", words):
                said = " ".join(match.group("said").split())
                yield key, found[key], f'"{match.group("bound").lower()} {said}" names no exact number; this one is planned with until another is said'
                break
