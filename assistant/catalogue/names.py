"""One way to compare names: case, spaces, dashes and underscores do not matter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib import resources
from typing import Any

_SEPARATORS = re.compile(r"[\s_:/\-]+")


def fold(name: str) -> str:
    """Canonical form for comparison: `Llama-3.1 8B` and `llama3.1_8b` fold alike.

    A separator between two digits stays (as `-`), so that `smollm2 1.7b` is not `smollm 21.7b`.
    """
    folded = ""
    for part in _SEPARATORS.split(name.lower().strip()):
        if folded and part and folded[-1].isdigit() and part[0].isdigit():
            folded += "-"
        folded += part
    return folded


def read_records(name: str) -> list[dict[str, Any]]:
    """Read one of the catalogue's JSON-lines files."""
    text = resources.files("assistant.catalogue").joinpath("data", name).read_text("utf-8")
    records: list[dict[str, Any]] = json.loads(f"[{','.join(line for line in text.splitlines() if line)}]")  # at once: faster
    return records


def nearest(name: str, choices: Iterable[str], *, count: int = 3, cutoff: int = 60) -> list[str]:
    """The closest names, best first (rapidfuzz, 0 to 100); ties in alphabetical order."""
    from rapidfuzz import fuzz, process  # loaded only when a name was not found

    found = process.extract(
        fold(name), {c: fold(c) for c in choices}, scorer=fuzz.ratio, limit=None, score_cutoff=cutoff
    )
    return [choice for _, _, choice in sorted(found, key=lambda hit: (-hit[1], hit[2]))[:count]]
