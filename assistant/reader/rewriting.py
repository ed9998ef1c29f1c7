"""A request put into the words that the rules know, and the way back to what was typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Edit(NamedTuple):
    """The characters from `start` to `end` give way to `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A text after edits, each of which can be undone for a place in it."""

    text: str
    steps: tuple[tuple[Edit, ...], ...] = ()

    def edited(self, edits: Iterable[Edit]) -> Rewriting:
        """The text after these edits, which do not overlap."""
        ordered = tuple(sorted(edits))
        if not ordered:
            return self
        out, end = [], 0
        for edit in ordered:
            out += [self.text[end : edit.start], edit.new]
            end = edit.end
        return Rewriting("".join([*out, self.text[end:]]), (*self.steps, ordered))

    def typed(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters of a stretch stood before all edits; an edited word stands for all that it replaced."""
        for edits in reversed(self.steps):
            start, end = _before(edits, start, at_end=False), _before(edits, end, at_end=True)
        return start, max(start, end)


def _before(edits: tuple[Edit, ...], position: int, *, at_end: bool) -> int:
    shift = 0
    for edit in edits:
        begin = edit.start + shift
        if position < begin or (at_end and position == begin):
            break
        if position < begin + len(edit.new) or (at_end and position == begin + len(edit.new)):
            return edit.end if at_end else edit.start
        shift += len(edit.new) - (edit.end - edit.start)
    return position - shift
