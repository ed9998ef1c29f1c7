"""Patterns of the reader: case-insensitive, compiled when first needed, and not searched for where they cannot occur."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, cached_property, lru_cache

from assistant.reader.literals import literals

_LONG = 600
"""Characters from which looking for a pattern's literals first is the shorter way."""
_CASES = {"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"}
"""Letters beyond ASCII that case-insensitive matching takes for ASCII ones."""


class Pattern:
    """A regular expression with the methods of `re.Pattern` that the reader uses; all of its matches are the same."""

    def __init__(self, pattern: str) -> None:
        self.regex = re.compile(pattern, re.IGNORECASE)
        self.match = self.regex.match
        self.fullmatch = self.regex.fullmatch

    @cached_property
    def _literals(self) -> tuple[str, ...]:
        return literals(self.regex.pattern)

    def may_occur(self, text: str) -> bool:
        """False for a long text without any of the literals that a match needs."""
        if len(text) < _LONG or not self._literals:
            return True
        lowered = _lowered(text)
        return any(literal in lowered for literal in self._literals)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match."""
        return self.regex.search(text) if self.may_occur(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Every match."""
        return self.regex.finditer(text) if self.may_occur(text) else iter(())

    def sub(self, new: str | Callable[[re.Match[str]], str], text: str) -> str:
        """The text with every match replaced."""
        return self.regex.sub(new, text) if self.may_occur(text) else text

    def split(self, text: str, most: int = 0) -> list[str]:
        """The text, cut at its matches."""
        return list(self.regex.split(text, most))


@lru_cache(maxsize=4)
def _lowered(text: str) -> str:
    for letter, plain in _CASES.items() if not text.isascii() else ():
        text = text.replace(letter, plain)
    return text.lower()


@cache
def compiled(pattern: str) -> Pattern:
    """The pattern, compiled once."""
    return Pattern(pattern)
