"""What no rule took: said, so that nothing is dropped without a word."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from assistant.reader import lexicon
from assistant.reader.fillers import FILLER
from assistant.reader.page import LIMIT, TAKEN, Page
from assistant.reader.patterns import compiled

_SHORT = 1_000
"""Up to this length every word is looked at; in pasted text only long stretches."""
_TABLES = (
    lexicon.TASKS,
    lexicon.OBJECTIVES,
    lexicon.METHODS,
    lexicon.SHARDINGS,
    lexicon.PRECISIONS,
    lexicon.CLOUDS,
    lexicon.PRIORITIES,
    lexicon.OTHER_OBJECTIVES,
)
_SERVING = (lexicon.ENGINES, lexicon.BENCHMARKS)
_SPLIT = re.compile(rf"{TAKEN}+|(?<!\d),|,(?!\d)|[;!?()\[\]\n\"]+|[.:](?=\s|$|{TAKEN})|\s[-–+&/|>]+\s")
_TOKEN = re.compile(r"\S+")
_TRIM = "'`*_#.:-+/\\~<>=|&"
_TOLD = re.compile(r"\b(?:our|my|the|their|his|her)\s+(?:\w+\s+){0,3}\w+\s*$", re.IGNORECASE)


_EXTRA = (
    r"\b(?:single|multi)[- ]?(?:gpu|node)s?\b",
    r"\b(?:under|within|in|less than|at most|no more than|up to|budget)\s*$",
    lexicon.CORRECTION,
)


@cache
def _known(*, serving: bool) -> tuple[str, ...]:
    """Patterns of all words with a meaning of their own; most were compiled on the way here."""
    tables = (*_TABLES, *_SERVING) if serving else _TABLES
    return (*(pattern for table in tables for _, pattern in table), *_EXTRA)


_TRIED = r"\b(?:tests?|testing|measure|scores?|check)\b"
"""What else an evaluation is called."""


def has_meaning(word: str) -> bool:
    """True for a word that is one of a table's values by itself."""
    return any(compiled(pattern).fullmatch(word) for pattern in _known(serving=True))


def unread(page: Page, *, task: str | None, data_known: bool) -> tuple[str, ...]:
    """Pieces that nothing understood, at most four, longest first kept in their order."""
    if len(page.text) > _SHORT or page.alike:
        return _stretches(page)
    serving = task not in ("train", "tune")
    if not any(_kept(piece) for piece in _SPLIT.split(page.text)):
        return ()
    text = compiled(_TRIED).sub(" ", page.text) if task == "evaluate" else page.text
    for pattern in _known(serving=serving):
        text = compiled(pattern).sub(lambda m: TAKEN * max(1, len(m.group())), text)
    pieces = []
    for piece in _SPLIT.split(text):
        words = _kept(piece)
        if words and not (data_known and _TOLD.search(piece) and not re.search(r"\d", words)):
            pieces.append(words[:80])
    return tuple(dict.fromkeys(pieces))[:4]


def _kept(piece: str) -> str:
    """The piece without the fillers at its ends; empty when it holds nothing else."""
    tokens = list(_TOKEN.finditer(piece))
    open_words = [m for m in tokens if _matters(m.group())]
    if not open_words:
        return ""
    return piece[open_words[0].start() : open_words[-1].end()].strip(" " + _TRIM)


def _matters(token: str) -> bool:
    word = token.strip(_TRIM).lower()
    if not re.search(r"[a-z0-9]", word):
        return False
    return word not in FILLER and word.removesuffix("'s") not in FILLER


def _stretches(page: Page) -> tuple[str, ...]:
    """Long stretches of a long text."""
    cut = [f"all beyond the first {LIMIT:,} characters"] if page.cut else []
    cut += [f"{page.alike} lines that differ from others only in their numbers"] if page.alike else []
    left = [" ".join(w for w in piece.split() if w.lower() not in FILLER) for piece in page.text.split(TAKEN)]
    long = sorted((p for p in left if len(p) > 120), key=len, reverse=True)
    short = sum(map(len, left))
    rest = [f"{short:,} characters in short pieces"] if not long and short > _MANY else []
    return (*cut, *(f"{p[:70]}…" for p in long[:2]), *rest)


_MANY = 400
"""Characters without a meaning here from which a text with no long piece of them says so."""


_WEAK = frozenset(("task", "method", "max_hours", "max_dollars", "priority", "model", "gpu_count"))
_OF_THE_FIELD = (
    r"hyper[- ]?param|\bweight decay|\blearning rate|\bjudg(?:e|ing) (?:the|my)|synthetic|quanti[sz]|\b(?:models?|llms?|lms?|networks?|weights|checkpoints?|adapters?|chat ?bots?|bots?|assistants?|ai|gpt\w*|neural|transformers?|fine?[- ]?tun\w*|q?lora|quanti\w+|infer\w*|train(?:ing|ed)|pretrain\w*|"
    r"datasets?|data|tokens?|configs?|yaml|oumi|gpus?|vllm|prompts?|epochs?|batch size|(?:the|my|this|that|a|each) runs?|it|them)\b|\b(?:this|that)\b(?=\s*(?:$|[.,!?]|(?:on|with|to|for|in|model|one)\b))|[\w./]+\.(?:jsonl?|csv|parquet|ya?ml)\b|\d+(?:\.\d+)?b\b"
)
"""Words that keep a text on the topic: a model, data, or what was spoken of before."""


def is_off_topic(page: Page, found: dict[str, Any]) -> bool:
    """True where no word is of the field and what was found could be of any: `I tuned my guitar for 300 dollars`."""
    model = found.get("model", "")
    if not found or len(page.text) > _SHORT or not found.keys() <= _WEAK or (model and not model.startswith(("/", "~"))):
        return False
    if page.has(compiled(_OF_THE_FIELD)):
        return False
    if any(compiled(pattern).search(page.original) for _, pattern in lexicon.METHODS[:2]):
        return False
    return sum(1 for word in _TOKEN.findall(page.text.replace(TAKEN, " ")) if _matters(word) and not has_meaning(word.strip(_TRIM))) >= (2 if "method" in found else 1)
