"""What became of each part of a file that was migrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fate = Literal["carried", "changed", "harmless", "lost"]
"""carried: means the same in the result; changed: stands in the result in another way, which is told; harmless: has no
counterpart, and the run is the same without; lost: has no counterpart, and the run is another one without."""
RULES: dict[Fate, str] = {"carried": "MIG001", "changed": "MIG002", "harmless": "MIG003", "lost": "MIG004"}
SEVERITIES: dict[Fate, Literal["error", "warning", "info"]] = {"carried": "info", "changed": "warning", "harmless": "info", "lost": "error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One key of the file: where it stands there (`line`, `column` from 1), its field in the result, and what to know of it."""

    fate: Fate
    source: str
    message: str
    path: str = ""
    fix: str = ""
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A migrated file: its text, the kind of config that it is, the tool or release it came from, and all notes."""

    text: str
    kind: str
    origin: str
    notes: tuple[Note, ...]

    @property
    def is_whole(self) -> bool:
        """True when nothing is lost that changes the run."""
        return not any(note.fate == "lost" for note in self.notes)
