"""Numbers in words above twelve, and before money: `two hundred dollars`, `twenty-five steps`."""

from __future__ import annotations

import re

from assistant.reader.patterns import compiled
from assistant.reader.rewriting import Edit, Rewriting

_ONES = {
    word: value
    for value, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"), 1
    )
}
_TENS = {word: 10 * value for value, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2)}
_SCALES = {"hundred": 100, "thousand": 1000}
_WORD = "|".join(sorted((*_ONES, *_TENS), key=len, reverse=True))
_NUMBER = rf"(?<![\w\-])(?:(?:a|\d+(?:\.\d+)?|{_WORD})(?:[\s-]+(?:{_WORD}))?[\s-]+(?:hundred|thousand)(?:[\s-]+(?:and\s+)?(?:hundred|thousand|{_WORD}))*|(?:{'|'.join(_TENS)})(?:[\s-]+(?:{'|'.join(list(_ONES)[:9])}))?|(?:{'|'.join(list(_ONES)[12:])}))(?![\w\-])"
_MONEY = rf"(?<![\w\-])({'|'.join(_ONES)})(?=\s+(?:dollars?|bucks|usd|euros?|pounds)\b)"
_THOUSANDS = r"(?<![\w.])((\d+(?:\.\d+)?)k)(?=\s*(?:dollars|bucks|usd|euros?|\$|€)|(?<=\$\dk)|(?<=\$\d\.\dk)|(?<=\$\d\dk))"
_BARE = r"(?:^|(?<=[,;:(])|(?<=[,;:(] )|(?<=\bfor )|(?<=\bwith )|(?<=\bat most )|(?<=\blimit )|(?<=\bduring )|(?<=\band ))thousand(?=\s+(?:steps|iterations|samples|examples|questions|rows|dollars|euros)\b)"
_PARTS = (("half an hour", "0.5 hours"), ("half a day", "12 hours"), ("an hour and a half", "1.5 hours"), ("one and a half hours", "1.5 hours"), ("a day and a half", "36 hours"))
_HALVES = (
    rf"(?<![\w\-.])(?P<whole>\d{{1,3}}|{'|'.join(list(_ONES)[:9])})\s+and\s+a\s+half\s+epochs?\b|(?<![\w\-])(?P<alone>an|one)\s+epoch\s+and\s+a\s+half\b"
    r"|(?<![\w\-])half\s+(?:of\s+)?(?:an?\s+)?epoch\b"
)
"""Parts of an epoch: `half an epoch`, `one and a half epochs`."""
_SIGNS = ("half", "hundred", "thousand", "ty ", "ty-", "teen", "dollar", "$", "€", "bucks", "usd", "euro", "pounds")


def in_digits(text: Rewriting) -> Rewriting:
    """The text with such numbers in digits."""
    text = text.edited(_halves(text.text))
    lowered = text.text.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return text
    for words, digits in _PARTS:
        text = text.edited(Edit(match.start(), match.end(), digits) for match in compiled(rf"\b{words}\b").finditer(text.text))
    text = text.edited(Edit(match.start(), match.end(), f"{_value(match):g}") for match in compiled(_NUMBER).finditer(text.text))
    text = text.edited(Edit(*match.span(), "1000") for match in compiled(_BARE).finditer(text.text))
    text = text.edited(Edit(*match.span(1), f"{float(match.group(2)) * 1000:g}") for match in compiled(_THOUSANDS).finditer(text.text))
    return text.edited(Edit(match.start(), match.end(), str(_ONES[match.group().lower()])) for match in compiled(_MONEY).finditer(text.text))


def parts_of_epochs(line: str) -> str:
    """The line with `half an epoch` and `one and a half epochs` in digits: they are numbers, and no half of what stands."""
    for edit in reversed(_halves(line)):
        line = line[: edit.start] + edit.new + line[edit.end :]
    return line


def _halves(text: str) -> list[Edit]:
    return [Edit(match.start(), match.end(), f"{_half(match['whole'] or match['alone'])} epochs") for match in compiled(_HALVES).finditer(text)] if "epoch" in text.lower() else []


def _half(whole: str | None) -> str:
    number = 0 if not whole else int(whole) if whole.isdigit() else _ONES.get(whole.lower(), 1)
    return f"{number}.5"


def _value(match: re.Match[str]) -> float:
    whole, part = 0.0, 0.0
    for word in re.findall(r"[\w.]+", match.group().lower()):
        if word in _SCALES:
            part = max(part, 1) * _SCALES[word]
            whole, part = (whole + part, 0.0) if word == "thousand" else (whole, part)
        elif word != "and":
            part += 1 if word == "a" else _ONES.get(word) or _TENS.get(word) or float(word)
    return whole + part
