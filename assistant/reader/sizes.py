"""Whether a request asks about size rather than for a config: what is needed, how many, what is the largest, does it fit."""

from __future__ import annotations

import re
from typing import Literal

from assistant.reader.fillers import FILLER

Asked = Literal["requirements", "count", "largest", "fits"]

_LARGEST = re.compile(
    r"\b(?:biggest|largest|highest|most)\b[^.?!]{0,30}\b(?:models?|llms?|params|parameters)\b|\bhow (?:big|large) (?:a|of a) (?:model|llm)\b",
    re.IGNORECASE,
)
_LARGEST_OF = re.compile(
    r"\b(?:biggest|largest)\s+(?P<family>[a-z][a-z0-9.\-]*)(?:\s+(?:models?|llms?|variants?|version))?\s+(?:that |which )?(?:i|we|you|one|fits?|will|would|can|could|to|for|on)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\bhow many (?!(?:more |training |optimizer )?(?:steps|epochs|tokens|rows|samples|examples|hours|days|minutes|dollars|param\w*|layers|modules|models|images|pairs)\b)"
    r"[\w. -]{1,30}?\s(?:do|does|would|will|should|are|is|for|to)\b",
    re.IGNORECASE,
)
_NEEDED = re.compile(
    r"\bwhat (?:hardware|machine|gpus?|cards?) (?:do|does|would|will|should|is|are|for|to|can)\b|\bwhat (?:do|would|will) (?:i|we|one|you) need\b"
    r"|\bhow many gpus?\b|\bwhich (?:gpus?|cards?|machine)\b|\b(?:hardware|gpu|vram|memory) requirements?\b"
    r"|\bhow much (?:vram|gpu memory|memory)\b|\bwhat does it take\b|\bminimum (?:hardware|gpus?|vram)\b"
    r"|\b(?:cheapest|least expensive|smallest|minimal) (?:gpus?|cards?|machine|hardware|way|setup|box|instance|option|cloud)\b",
    re.IGNORECASE,
)  # fmt: skip
_FITS = re.compile(
    r"^\W*(?:(?:hi|hey|hello|so|and|but|ok)\W+)*(?:can|could) (?:i|we|one|you|it|a|an|my|this)\b(?! (?:please|help|you (?:please|help|make|set|write|give)))"
    r"|\b(?:will|does|would|can|could|do)\b.{0,80}\bfit\b|\bis\b.{0,40}\benough\b|\bis it possible to\b",
    re.IGNORECASE,
)
_POLITE = re.compile(r"^\W*(?:can|could|would) you\b", re.IGNORECASE)
_SIZE_WORD = re.compile(
    r"(?<![\w./\-@:$])(\d{1,4}(?:\.\d+)?)[\s-]?(b|billion|m|million)\b(?!\s*(?:tokens?|rows|samples|examples|records|words|files?|pairs|steps)\b|[/.]\w)",
    re.IGNORECASE,
)
_LEAST_MILLIONS = 100
"""Below it, `30m` is rather half an hour."""


def asks_for(text: str) -> Asked | None:
    """What kind of question of size this is; None for a plain request."""
    if len(text) > 400:
        return None
    if _LARGEST.search(text) or largest_of(text):
        return "largest"
    if _COUNTED.search(text):
        return "count"
    if _NEEDED.search(text):
        return "requirements"
    return "fits" if _FITS.search(text) and not _POLITE.search(text) else None


def largest_of(text: str) -> str | None:
    """The family whose largest model is asked for: `the biggest llama I can fine-tune` → `llama`."""
    match = _LARGEST_OF.search(text)
    family = match.group("family").lower() if match else ""
    return family if family and family not in FILLER else None


def bare_size(text: str) -> tuple[str, float] | None:
    """The size that stands where a model's name would, as typed and in parameters: `a 70b` → 70e9."""
    for match in _SIZE_WORD.finditer(text):
        billions = match.group(2).lower().startswith("b")
        number = float(match.group(1))
        if number and (billions or number >= _LEAST_MILLIONS):
            return match.group(), number * (1e9 if billions else 1e6)
    return None


def without(pieces: tuple[str, ...], size: str) -> tuple[str, ...]:
    """Pieces that nothing understood, less this size and the fillers that are then left alone."""
    rests = [(piece, piece.replace(size, " ")) for piece in pieces]
    return tuple(piece if rest == piece else rest.strip() for piece, rest in rests if any(_matters(word) for word in rest.split()))


def _matters(word: str) -> bool:
    bare = word.strip("?.,!:;'\"()").lower()
    return any(letter.isalnum() for letter in bare) and bare not in FILLER
