"""What `nvidia-smi` prints, as the GPUs that it counts: `2 x NVIDIA L4`."""

from __future__ import annotations

import re
from collections import Counter

from assistant.reader.patterns import compiled
from assistant.reader.rewriting import Edit, Rewriting

_ROW = r"^[ \t]*\|[ \t]+(?P<index>\d{1,2})[ \t]+(?P<name>(?:nvidia|tesla|quadro|geforce)[\w \-]*?\w)(?:\.\.\.)?[ \t]{2,}"
_LISTED = r"^[ \t]*gpu (?P<index>\d{1,2}): (?P<name>(?:nvidia|tesla|quadro|geforce)[\w \-]*?) \(uuid[^)\n]*\)"
_LINE = r"^[ \t]*(?:\|.*\||\+[-=+]{5,}\+|\|[-=+]{5,}\|)[ \t]*$|^[ \t]*gpu \d{1,2}: [^\n]*\(uuid"
_MEMORY = r"/ *(\d{4,6})MiB"
_LARGE_MIB = 70_000
"""An A100 with more than that is the one with 80 GB; its name may be cut."""


def counted(text: Rewriting) -> Rewriting:
    """The text with such a table, or the list of `nvidia-smi -L`, in the place of which its GPUs stand."""
    lowered = text.text.lower()
    if "mib" not in lowered and "uuid" not in lowered:
        return text
    inside = [(start, end) for start, end in _lines(text.text) if compiled(_LINE).match(text.text[start:end])]
    rows = {row["index"]: row["name"] for start, end in inside if (row := compiled(_ROW).match(text.text[start:end]) or compiled(_LISTED).match(text.text[start:end]))}
    if not rows:
        return text
    first = inside[0][0]
    said = ", ".join(f"{count} x {_full(name, text.text)}" for name, count in Counter(rows.values()).items())
    return text.edited(Edit(start, end, f"{said} " if start == first else "") for start, end in inside)


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^\n]+", text)]


def _full(name: str, text: str) -> str:
    """The name with the memory that it lacks."""
    sizes = [int(size) for size in re.findall(_MEMORY, text, re.IGNORECASE)]
    return f"{name} 80GB" if "a100" in name.lower() and "gb" not in name.lower() and sizes and min(sizes) > _LARGE_MIB else name
