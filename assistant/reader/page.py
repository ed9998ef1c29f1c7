"""The text under work: rules take what they understood, so that no word is read twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from assistant.reader.lexicon import CORRECTION, NUMBER_WORDS, REMEDY
from assistant.reader.patterns import Pattern, compiled

TAKEN = "\0"
"""Stands for every character that a rule took: no request holds it, since control characters are replaced."""
STRANGE = "\ufffd"
_FOLDS = str.maketrans(
    {"\u00d7": "x", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": " ", "\uff0c": ",", "\u3002": ".", "\uff1a": ":"}
)
_BLANK = re.compile(r"[\x0b-\x0d]|^\ufeff")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
HIDDEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
"""Characters that do not show (Unicode category Cf), controls, and what stands for bytes that are no text."""
_ENDLESS = re.compile(r"(?<!\S)\S{257,}|(?<!\d)\d{20,}|(?<![^\w\s])[^\w\s]{40,}")
"""Runs that are no words: no name or path is this long, and patterns would search them at length."""
_PATH_LIKE = re.compile(r"(?:[\"'(]?(?:~|\.{1,2})?/|[\w.\-]+/)(?!/)")
LIMIT = 12_000

def number(word: str | None) -> int | None:
    """A count in digits or words; None for no word."""
    if not word:
        return None
    text = " ".join(word.lower().split())
    return int(text) if text.isdigit() else NUMBER_WORDS.get(text)


_UNITS = {"k": 1024, "m": 1024 * 1024}


def amount(digits: str, unit: str | None) -> float:
    """`8`, `k` → 8192; a decimal k (`1.5k`) is thousands of 1024 too, and `m` is 1024 of those."""
    return float(digits.replace(",", "")) * _UNITS.get((unit or "").lower(), 1)


_PASTED = 2_000
_DIGITS = re.compile(r"\d+")


def _without_repeats(text: str) -> tuple[str, int]:
    """A pasted log without its lines that differ from two before them only in their digits, and how many those were."""
    seen: Counter[str] = Counter()
    kept = []
    lines = text.splitlines(keepends=True)
    for line in lines:
        shape = _DIGITS.sub("0", line)
        seen[shape] += 1
        if seen[shape] <= 2:
            kept.append(line)
    return "".join(kept), len(lines) - len(kept)


class Page:
    """A request's text, where what has been read is blanked out but keeps its place."""

    def __init__(self, text: str) -> None:
        text, self.alike = _without_repeats(text) if len(text) > _PASTED else (text, 0)
        self.raw = text[:LIMIT]
        cleaned = _BLANK.sub(" ", self.raw)
        cleaned = _CONTROL.sub(STRANGE, cleaned).translate(_FOLDS)
        self.cut = len(text) > LIMIT
        self.original = cleaned
        self.lowered = cleaned.lower()
        self.endless = [run.group() for run in _ENDLESS.finditer(cleaned)]
        self.text = _ENDLESS.sub(lambda run: TAKEN * len(run.group()), cleaned)
        self.taken: list[tuple[int, int]] = []

    @property
    def long_path(self) -> str | None:
        """A run that looks like a path and is longer than any that is read."""
        return next((run for run in self.endless if len(run) > 256 and _PATH_LIKE.match(run)), None)

    def exact(self, start: int, end: int) -> str:
        """The characters of a stretch as they were typed."""
        return self.raw[start:end]

    @cached_property
    def correction(self) -> re.Match[str] | None:
        """Where someone puts himself right for the first time."""
        return compiled(CORRECTION).search(self.original)

    @cached_property
    def finds_fault(self) -> bool:
        """True where a value is said not to do, so that the next one is meant."""
        return self.has(compiled(REMEDY))

    def mentions(self, *words: str) -> bool:
        """True if one of these lower-case words occurs: a quick look before a pattern is even compiled."""
        return any(word in self.lowered for word in words)

    def take(self, start: int, end: int) -> str:
        """Mark a stretch as read and return its words."""
        words = self.original[start:end]
        self.taken.append((start, end))
        self.text = self.text[:start] + TAKEN * (end - start) + self.text[end:]
        return words

    def blank(self, start: int, end: int) -> None:
        """Take off a stretch that says nothing of what is wanted."""
        for name in ("original", "text"):
            setattr(self, name, getattr(self, name)[:start] + " " * (end - start) + getattr(self, name)[end:])

    def find(self, pattern: Pattern | re.Pattern[str]) -> re.Match[str] | None:
        """The first match in what is unread, taken."""
        found = pattern.search(self.text)
        if found:
            self.take(*found.span())
        return found

    def find_all(self, pattern: Pattern | re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Every match in what is unread, each taken."""
        for found in list(pattern.finditer(self.text)):
            self.take(*found.span())
            yield found

    def has(self, pattern: Pattern | re.Pattern[str]) -> bool:
        """True if the pattern occurs anywhere, read or not."""
        return pattern.search(self.original) is not None
