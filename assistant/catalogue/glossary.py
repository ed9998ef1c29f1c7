"""The field's terms in own words, and the reader that finds them by any of their names."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from assistant.catalogue.names import fold, nearest

_CUTOFF = 84
"""How near a word must be to count as a term's misspelling (rapidfuzz, 0 to 100): `checkpoiting`, not `weather`."""
_SHORTEST_TYPO = 5
_LONGEST_NAME = 5
"""Words of a term's longest name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term: its name, what else it is called, what it means, and the paper that a figure or claim rests on."""

    term: str
    aliases: tuple[str, ...]
    text: str
    source: str = ""


@cache
def all_terms() -> tuple[Term, ...]:
    """Every term, by name."""
    text = resources.files("assistant.catalogue").joinpath("data", "glossary.json").read_text("utf-8")
    return tuple(Term(**{**record, "aliases": tuple(record["aliases"])}) for record in json.loads(text))


@cache
def _names() -> dict[str, Term]:
    aliases = {fold(name): term for term in all_terms() for name in term.aliases}
    return {**aliases, **{fold(term.term): term for term in all_terms()}}


def find_term(words: str) -> Term | None:
    """The term that these words name, misspelt by a letter or two at most; None for anything else."""
    name = fold(words.strip(" ?.!'\"`"))
    names = _names()
    found = names.get(name) or names.get(name.removesuffix("s"))
    if found or len(name) < _SHORTEST_TYPO:
        return found
    near = nearest(name, (one for one in names if len(one) >= _SHORTEST_TYPO), count=1, cutoff=_CUTOFF)
    return names[near[0]] if near else None


def term_in(text: str) -> Term | None:
    """The term with the longest name among those that stand in the text as whole words."""
    words = _words(text)
    spans = (words[i:j] for i in range(len(words)) for j in range(i + 1, min(len(words), i + _LONGEST_NAME) + 1))
    named = [(name, _names()[name]) for span in spans if (name := fold(" ".join(span))) in _names()]
    return max(named, key=lambda one: len(one[0]))[1] if named else None


def _words(text: str) -> list[str]:
    """The words of a text without the signs around them."""
    return [word for word in re.split(r"[^\w/.+-]+", text) if word]


def suggest_terms(words: str, count: int = 3) -> list[str]:
    """Terms whose names come nearest to the words."""
    near = nearest(words, _names(), count=count * 2)
    return list(dict.fromkeys(_names()[fold(name)].term for name in near))[:count]
