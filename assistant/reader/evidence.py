"""Which words of a request gave which value: those without which it would not be there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from assistant.core.intent import Intent
from assistant.core.outcome import Evidence
from assistant.reader.reading import read

_CJK = "\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\s{_CJK}]+")
_TRIM = ".,;:!?()[]{}\"'"
_MOST_READS = 400
"""Readings spent on one text: about half a second; what is not found by then is left without evidence."""
_Span = tuple[int, int]


def evidence(text: str) -> tuple[Evidence, ...]:
    """The words behind every value of the offline reading, in their order, and those that nothing understood.

    Each word is left out in turn, halves of the text first: a value that changes hangs on it. Where two places say the
    same, the first is named. A value that no word alone gives (the task of `lora`) has the words of what it follows from.
    """
    reading = read(text)
    search = _Search(values(reading.intent))
    search.walk(text, _tokens(text), frozenset(search.said))
    known = [
        Evidence(field=key, value=search.said[key], words=text[start:end], start=start, end=end)
        for key in search.found
        for spans in [search.words_of(key)]
        for start, end in _joined(text, [_whole(text, span, reading.taken) for span in spans])
    ]
    return tuple(sorted((*known, *_unread(text, reading.unread)), key=lambda e: (e.start, e.end, e.field or "")))


def values(intent: Intent) -> dict[str, Any]:
    """What was said, by key; fields of the config by their dotted names."""
    said = {key: value for key, value in intent.model_dump().items() if value is not None and key != "overrides"}
    return {**said, **(intent.overrides or {})}


class _Search:
    """Halves of a text left out until the words remain on which a value hangs."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said, self.left = said, _MOST_READS
        self.found: dict[str, list[_Span]] = defaultdict(list)

    def walk(self, text: str, spans: list[_Span], keys: frozenset[str]) -> None:
        lost = self._lost(text, spans, keys)
        if len(spans) == 1:
            for key in lost:
                self.found[key].append(spans[0])
        if not lost or len(spans) < 2:
            return
        first, second = spans[: len(spans) // 2], spans[len(spans) // 2 :]
        before = {key: len(self.found[key]) for key in lost}
        self.walk(text, first, lost)
        self.walk(text, second, lost)
        twice = frozenset(key for key in lost if len(self.found[key]) == before[key])
        if twice:  # both halves say it
            self.walk(_without(text, second), first, twice)

    def words_of(self, key: str) -> list[_Span]:
        """The spans that a key hangs on; what makes it that task goes with the task, where the key has words of its own."""
        task = self.found.get("task", []) if key != "task" else []
        return [span for span in self.found[key] if span not in task] or self.found[key]

    def _lost(self, text: str, spans: list[_Span], keys: frozenset[str]) -> frozenset[str]:
        """The keys whose values change without these words."""
        if not spans or not keys or self.left <= 0:
            return frozenset()
        self.left -= 1
        now = values(read(_without(text, spans)).intent)
        return frozenset(key for key in keys if now.get(key) != self.said[key])


def _tokens(text: str) -> list[_Span]:
    spans = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        start = match.start() + len(word) - len(word.lstrip(_TRIM))
        end = match.end() - (len(word) - len(word.rstrip(_TRIM)))
        spans.append((start, end) if start < end else match.span())
    return spans


def _without(text: str, spans: Iterable[_Span]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _whole(text: str, span: _Span, taken: Iterable[_Span]) -> _Span:
    """The stretch that one rule understood around these words: of `llama 3.1 8b` the default would do with the first word."""
    around = [whole for whole in taken if whole[0] <= span[0] and span[1] <= whole[1] and "\n" not in text[slice(*whole)].strip()]
    start, end = min(around, key=lambda whole: whole[1] - whole[0], default=span)
    words = text[start:end]
    return start + len(words) - len(words.lstrip(" \t\n" + _TRIM)), end - (len(words) - len(words.rstrip(" \t\n" + _TRIM)))


def _joined(text: str, spans: list[_Span]) -> list[_Span]:
    """Spans in order, those with nothing but blanks between them as one."""
    joined: list[_Span] = []
    for start, end in sorted(set(spans)):
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _unread(text: str, pieces: Iterable[str]) -> Iterable[Evidence]:
    """Where the pieces stand that nothing understood; a piece that was shortened or is a remark stands nowhere."""
    for piece in pieces:
        start = text.find(piece)
        if start >= 0:
            yield Evidence(field=None, value=None, words=piece, start=start, end=start + len(piece))
