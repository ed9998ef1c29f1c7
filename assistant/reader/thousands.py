"""Counts with their thousands set apart: `10 000 steps`, `1.000 pasos`, `10'000`, `1\u4e07\u6b65`."""

from __future__ import annotations

import re

from assistant.reader.names import is_family
from assistant.reader.patterns import compiled
from assistant.reader.rewriting import Edit, Rewriting

_COUNTED = r"(?:qa |q&a |training |optimizer |optimi[sz]ation |gradient |max |synthetic |calibration |new )*(?:steps|iterations|iters|updates|samples|examples|questions|problems|rows|prompts|pairs|tokens|conversations|dollars|euros|usd|eur|bucks)\b|[$\u20ac]"
_APART = rf"(?<![\w.,'/\-])(?P<first>[1-9]\d{{0,2}})(?P<rest>(?:[ \u00a0\u202f]000)+|(?:[ \u00a0\u202f]\d{{3}})+|(?:\.\d{{3}})+|(?:['\u2019]\d{{3}})+)(?=\s*(?:{_COUNTED}))"
_NAMED = r"\b(?:max[_ ]steps|steps|limit|num_samples|samples)(?: of)?\s*[=:]?\s*(?P<first>[1-9]\d{0,2})(?P<rest>(?:[ \u00a0\u202f]000)+|(?:\.\d{3})+|(?:['\u2019]\d{3})+)(?![\w.]*\d)"
_MONEY = r"[$\u20ac\u00a3]\s?(?P<first>[1-9]\d{0,2})(?P<rest>(?:\.\d{3})+)(?![\w.]*\d|\s*(?:/|per\b|an?\b))"
_MYRIADS = r"(\d+(?:\.\d+)?)\s*([\u4e07\u842c\u5343])(?!\u95ee|\u554f)"
_WORTH = {"\u4e07": 10_000, "\u842c": 10_000, "\u5343": 1_000}
_MILLIONS = r"(?<![\w.,])(\d+(?:\.\d+)?) ?(?:million|mio\.?|m)(?=\s*(?:training |max )?(?:steps|iterations)\b)"
_BEFORE = r"(?:^|[,;:.(]\s*|\b(?:for|of|to|at|most|about|around|roughly|run|do|plan|max|maximum|after|exactly|only|just|and|with|need|want|use|over|in|during|limit|~)\s+)$"
"""What may stand before `1 500 steps`, where `llama 3 100 steps` is a version and a number."""


def without_marks(text: Rewriting) -> Rewriting:
    """The text with such counts in plain digits."""
    written = text.text
    if not compiled(r"\d[ \u00a0\u202f.'\u2019]\d{3}|\d\s*[\u4e07\u842c\u5343]|\d ?m").search(written):
        return text
    text = text.edited(Edit(*match.span(), f"{float(match.group(1)) * _WORTH[match.group(2)]:.0f}") for match in compiled(_MYRIADS).finditer(written))
    for pattern in (_APART, _NAMED, _MONEY):
        text = text.edited(_joined(match) for match in compiled(pattern).finditer(text.text) if _is_one(text.text, match))
    return text.edited(Edit(*match.span(), f"{float(match.group(1)) * 1_000_000:.0f}") for match in compiled(_MILLIONS).finditer(text.text))


def _joined(match: re.Match[str]) -> Edit:
    return Edit(match.start("first"), match.end("rest"), match["first"] + "".join(letter for letter in match["rest"] if letter.isdigit()))


def _is_one(text: str, match: re.Match[str]) -> bool:
    """False where a blank parts two numbers: `qwen 3 500 steps`, `rank 8 200 steps`."""
    if not match["rest"][0].isspace():
        return True
    before = text[: match.start("first")]
    if compiled(_BEFORE).search(before[-20:]):
        return True
    words = re.findall(r"[A-Za-z]+", before[-24:])
    return match["rest"].split() == ["000"] * len(match["rest"].split()) and not (words and is_family(words[-1]))
