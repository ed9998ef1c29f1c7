"""Requests in Spanish, French, German, Portuguese, Chinese and Japanese, put into the English that the rules read."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise

from assistant.reader import scripts
from assistant.reader.foreign import ENGLISH, HINTS, SURE, WORDS
from assistant.reader.rewriting import Edit, Rewriting

_MOST_WORDS = 5
"""Words of the longest phrase in the tables."""
_RUN = re.compile(r"\"[^\"\n]*\"|'[^'\n]+'(?!\w)|\S+")
_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)|(?<=\d)[^\W\d_]{3,}(?!\w)")
_CODE = re.compile(r"[/\\_@=<>{}]|[^\W\d_]\.[^\W\d_]|://|^[\"'].*[\"']$", re.DOTALL)
"""Signs of a path, an id or a quoted name: nothing in there is translated."""
_BETWEEN = re.compile(r"[\s'\u2019\-]+")


def in_english(text: str) -> Rewriting:
    """The text with the words of the languages that it is in translated; an English one stays as it is."""
    written = Rewriting(text)
    if scripts.is_written(text):
        return scripts.english(written)
    words = _words(text)
    language = _spoken(frozenset(folded for folded, _, _ in words))
    return written.edited(_translated(text, words, _phrases(language))) if language else written


def _words(text: str) -> list[tuple[str, int, int]]:
    """(word without accents in lower case, where it stands) of all that may be translated."""
    return [
        (_plain(word.group()), run.start() + word.start(), run.start() + word.end())
        for run in _RUN.finditer(text)
        if not _CODE.search(run.group())
        for word in _WORD.finditer(run.group())
    ]


def _plain(word: str) -> str:
    lowered = word.lower()
    if lowered.isascii():
        return lowered
    return "".join(letter for letter in unicodedata.normalize("NFD", lowered.replace("ß", "ss")) if not unicodedata.combining(letter))


def _spoken(words: frozenset[str]) -> str | None:
    """The language of which most words occur; None for too few."""
    known = _signs()
    found = [(3 * len(words & sure) + 2 * len(words & own) + len(words & hints), language) for language, (sure, own, hints) in known.items()]
    best, language = max(found, key=lambda hit: (hit[0], hit[1]))
    return language if best >= _ENOUGH else None


_ENOUGH = 4
"""A word that is surely of a language counts three, another one of its table two, and one that may be of it one."""
_LONG = 4


@cache
def _signs() -> dict[str, tuple[frozenset[str], frozenset[str], frozenset[str]]]:
    """Language → the words that are surely of it, others of its table that are not English, those that may be of it."""
    english = frozenset(ENGLISH.split("|"))
    signs = {}
    for language, ways in WORDS.items():
        sure, hints = frozenset(SURE[language].split("|")), frozenset(HINTS[language].split("|"))
        own = frozenset(word for said in ways.values() for word in said.split("|") if len(word) >= _LONG and " " not in word)
        signs[language] = (sure, own - sure - hints - english, hints)
    return signs


@cache
def _phrases(language: str) -> dict[tuple[str, ...], str]:
    return {tuple(said.split()): english for english, ways in WORDS[language].items() for said in ways.split("|")}


def _translated(text: str, words: list[tuple[str, int, int]], phrases: dict[tuple[str, ...], str]) -> list[Edit]:
    edits, place = [], 0
    while place < len(words):
        if (english := phrases.get((text[slice(*words[place][1:])].lower(),))) is not None and not text[slice(*words[place][1:])].isascii():
            edits.append(Edit(*words[place][1:], english))
            place += 1
            continue
        width = next((width for width in range(_MOST_WORDS, 0, -1) if _is_phrase(text, words[place : place + width], width, phrases)), 0)
        if width:
            part = words[place : place + width]
            edits.append(Edit(part[0][1], part[-1][2], phrases[tuple(word for word, _, _ in part)]))
        place += max(1, width)
    return edits


def _is_phrase(text: str, part: list[tuple[str, int, int]], width: int, phrases: dict[tuple[str, ...], str]) -> bool:
    if len(part) < width or tuple(word for word, _, _ in part) not in phrases:
        return False
    return all(_BETWEEN.fullmatch(text, one[2], other[1]) for one, other in pairwise(part))
