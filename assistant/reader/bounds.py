"""Bounds that are said of a number: `at least 16k context` is met by 16k, `more than 8 gpus` is not met by 8."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.reader.lexicon import NUMBER_WORD
from assistant.reader.page import number
from assistant.reader.patterns import compiled

_STRICT = r"more than|above|greater than|beyond|fewer than|less than|lower than|smaller than|under|below"
_MET = r"at least|at most|at minimum|no more than|not more than|no less than|no fewer than|not less than|up to|a minimum of|a maximum of"
_BEHIND = r"or more|or less|or fewer|or higher|or lower|and up|at least|at most|at minimum|tops"
_NUMBER = rf"(?P<digits>\d[\d,]*(?:\.\d+)?(?:e-?\d+)?\s?k?|(?:{NUMBER_WORD}))(?![\d.]|[a-wyz])"
_NAMES = (
    ("nodes", r"nodes?|hosts?|machines?|servers?"),
    ("epochs", r"epochs?|passes"),
    ("max_steps", r"(?:training )?steps?|iterations?"),
    ("sequence_length", r"(?:tokens?|context|ctx|seq\w*)(?: (?:length|window|size))?"),
    ("micro_batch_size", r"(?:micro|per[- ]gpu|per[- ]device)[- ]?batch(?:[- ]size)?"),
    ("global_batch_size", r"(?:global[- ])?batch(?:[- ]size)?"),
    ("learning_rate", r"learning[- ]rate|lr"),
    ("lora_rank", r"(?:lora )?rank"),
    ("lora_alpha", r"(?:lora )?alpha"),
    ("gpu_count", r"(?:nvidia )?(?:gpus?|cards?|[ahlvbt]\d{1,3}s?|rtx\s?\w*|\d0\d0s?|mi\d+\w*)"),
)
_NAMED = "|".join(pattern for _, pattern in _NAMES)
_OF = r"(?:\s+(?:of|for|is|be|to|should be|has to be))*"
_FORMS = (
    rf"\b(?P<bound>{_STRICT}|{_MET})\s+{_NUMBER}\s*[x×*-]?\s*(?P<name>{_NAMED})\b",
    rf"\b(?P<name>{_NAMED}){_OF}\s+(?P<bound>{_STRICT}|{_MET})\s+{_NUMBER}",
    rf"\b(?P<bound>{_STRICT}|{_MET})\s+(?P<name>{_NAMED}){_OF}\s+{_NUMBER}",
    rf"(?<![\w.]){_NUMBER}\s*[x×*-]?\s*(?P<name>{_NAMED})\s+(?P<bound>{_BEHIND})\b",
    rf"\b(?P<name>{_NAMED}){_OF}\s+{_NUMBER}\s+(?P<bound>{_BEHIND})\b",
    rf"(?<![\w.]){_NUMBER}\s?(?P<bound>\+|or more|or less|or fewer)\s*(?P<name>{_NAMED})\b",
)
"""`under 4 gpus`, `context of at least 16k`, `up to rank 64`, `2 epochs at most`, `rank 64 or more`, `4+ gpus`."""
_SIGN = rf"\b(?:{_STRICT}|{_MET}|{_BEHIND})\b|\d\+"
_BETWEEN = (_FORMS[1], _FORMS[2], _FORMS[5])
"""Forms of which the words of the bound stand between the name and its number, where no other rule expects them."""


def bounds_blanked(text: str) -> str:
    """The text with the words blanked that stand between a name and the bound that meets it: `rank up to 64`."""
    if not compiled(_SIGN).search(text):
        return text
    for form in _BETWEEN:
        for match in list(compiled(form).finditer(text)):
            if not compiled(_STRICT).fullmatch(match.group("bound")):
                start, end = match.span("bound")
                text = text[:start] + " " * (end - start) + text[end:]
    return text


def bound_notes(text: str, found: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """(key, value, why) of each value that was said as a bound: whether the number that is planned with meets it."""
    if not compiled(_SIGN).search(text):
        return
    noted: set[str] = set()
    for form in _FORMS:
        for match in compiled(form).finditer(text):
            key = next(key for key, pattern in _NAMES if compiled(pattern).fullmatch(match.group("name")))
            if key in found and key not in noted and _is(match.group("digits"), found[key], key):
                noted.add(key)
                yield key, found[key], _why(" ".join(match.group().lower().split()), match.group("bound"))


def _why(said: str, bound: str) -> str:
    if compiled(_STRICT).fullmatch(bound):
        return f'"{said}" names no exact number; this one is planned with until another is said'
    return f'"{said}" leaves the number open; its bound is planned with until another is said'


def _is(digits: str, value: Any, key: str) -> bool:
    """True when the words give this value: of another number nearby, nothing is said."""
    text = digits.lower().replace(",", "").strip()
    if (count := number(text)) is not None:
        return bool(value == count)
    thousand = 1024 if key == "sequence_length" else 1000
    return bool(value == (float(text.removesuffix("k")) * thousand if text.endswith("k") else float(text)))
