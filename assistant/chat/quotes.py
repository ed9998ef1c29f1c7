"""What was said for a value: the words of the line that set it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from assistant.chat.state import State
from assistant.core.intent import Intent
from assistant.core.outcome import Evidence
from assistant.reader.evidence import evidence, values

_LONGEST = 80
"""Characters of a line that is quoted whole, where no words of it alone give the value."""


def quotes(state: State) -> Mapping[str, str]:
    """Key, or dotted field, → the words that gave its value; nothing for values that no line said."""
    start = State(intent=Intent())
    said = values(state.intent)
    lines: dict[str, str] = {}
    for earlier, later in pairwise((start, *state.before, state)):
        if len(later.words) <= len(earlier.words) or not later.words[-1]:
            continue
        before, after = values(earlier.intent), values(later.intent)
        lines |= {key: later.words[-1] for key in said if after.get(key) == said[key] and before.get(key) != said[key]}
    found = {line: evidence(line) for line in set(lines.values())}
    return {key: _words_for(key, said[key], line, found[line]) for key, line in lines.items()}


def _words_for(key: str, value: object, line: str, read: tuple[Evidence, ...]) -> str:
    """The words of the line that give this value by themselves, else the line."""
    found = [e.words for e in read if e.field == key and e.value == value]
    return " … ".join(found) or (line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…")
