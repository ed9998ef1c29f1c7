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
_CAPITALS = re.compile(r"\\.|\(\?P|[A-Z]", re.DOTALL)
"""Capitals of a pattern, and what holds some that say something else: `\\S`, `(?P<name>…)`."""


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

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        """The pattern for lower-case text: without `IGNORECASE` a search looks for what a match begins with, and is two to four times as fast."""
        return re.compile(_CAPITALS.sub(lambda said: said.group() if said.group()[0] in "\\(" else said.group().lower(), self.regex.pattern))

    def search(self, text: str, start: int = 0) -> re.Match[str] | None:
        """The first match from there on."""
        if len(text) < _LONG:
            return self.regex.search(text, start)
        return next(self.finditer(text, start), None)

    def finditer(self, text: str, start: int = 0) -> Iterator[re.Match[str]]:
        """Every match from there on."""
        if len(text) < _LONG:
            return self.regex.finditer(text, start)
        return self._found(text, start) if self.may_occur(text) else iter(())

    def _found(self, text: str, start: int) -> Iterator[re.Match[str]]:
        lowered = _lowered(text)
        if len(lowered) != len(text):
            yield from self.regex.finditer(text, start)
            return
        for place in self._plain.finditer(lowered, start):
            if found := self.regex.match(text, place.start()):
                yield found

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
