"""Datasets by name: the catalogue's, and words that can only be one."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from assistant.catalogue.datasets import DatasetSpec, dataset_names
from assistant.catalogue.names import fold
from assistant.reader.clashes import faulted
from assistant.reader.page import TAKEN, Page
from assistant.reader.patterns import compiled

_HEAD = 3


@cache
def _heads() -> frozenset[str]:
    """How names begin: most words of a text begin no name."""
    return frozenset(name[:n] for name in dataset_names() for n in range(1, _HEAD + 1))


def read_datasets(page: Page, found: dict[str, Any], task: str | None) -> list[str]:
    """Catalogue names of datasets in what is still unread, longest first; words for those beyond the first."""
    if task in ("evaluate", "infer", "quantize", "judge"):
        return []
    named: list[tuple[int, str, str]] = []
    words = list(re.finditer(r"[A-Za-z0-9][\w.\-;']*", page.text))
    heads = [i for i, word in enumerate(words) if fold(word.group()[:_HEAD]) in _heads()]
    for width in (4, 3, 2, 1):
        for i in heads:
            if i + width > len(words):
                break
            start, end = words[i].start(), words[i + width - 1].end()
            phrase = page.text[start:end].rstrip(".;,'")
            if TAKEN in phrase or len(phrase) > 60:
                continue
            if (spec := _dataset(phrase)) is not None and not faulted(page.original, start + len(phrase)):
                named.append((start, spec.id, page.take(start, end)))
    named.sort()
    used = found.get("dataset", "")
    if named and not used:
        corrected = page.correction
        last = corrected is not None and named[-1][0] > corrected.start()
        _, found["dataset"], used = named.pop(-1 if last else 0)
        named = [] if last else named
    others = [words for _, name, words in named if name != found["dataset"]]
    if not used and page.mentions("dataset", "qa", "instruct", "mix", "0k") and (unknown := page.find(compiled(_UNKNOWN_DATASET))):
        found["dataset"] = next(group for group in unknown.groups() if group)
    return [f"{words} (one dataset is read: {used})"[:80] for words in others]


_SET = r"[A-Za-z][\w.\-]*"
_ORDINARY = r"(?!(?:a|an|the|my|our|your|this|that|some|any|which|what|no|custom|own|new|same|training|train|test|chat|text|image|preference|instruction|toy|small|tiny|large|big|public|private|internal|local|default|good|other|is|in|of|on|with|for|to|and|from|synthetic|data|it|multi\w*|domain\w*)\b)"
_UNKNOWN_DATASET = rf"\bdataset(?:\s*[:=]\s*|\s+(?:called |named )?){_ORDINARY}({_SET}(?:qa|[\d_\-])[\w.\-]*|{_SET}qa)(?![\w/])|\bon\s+(?:the )?{_ORDINARY}({_SET})\s+dataset\b|(?<![\w.\-/])([A-Za-z]\w*(?:qa|\d))\s+dataset\b|\bon\s+(?:the )?([A-Za-z]\w{{1,30}}(?:qa|instruct|mix|\d+k))(?![\w/.])"


def _dataset(phrase: str) -> DatasetSpec | None:
    key = fold(phrase)
    if len(key) < 4 and key != "aya":
        return None
    names = dataset_names()
    for tail in ("", "dataset", "data", "task", "set"):
        hit = names.get(key.removesuffix(tail)) if tail and key.endswith(tail) else names.get(key)
        if hit is not None:
            return hit
    return None
