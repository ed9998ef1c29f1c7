"""Numbers as a sentence writes them: digits, words, ranges, durations, with their units and how exactly they are meant."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
         "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {
    **{word: float(value) for value, word in enumerate(_ONES)}, **{word: 10.0 * (place + 2) for place, word in enumerate(_TENS)},
    "half": 0.5, "quarter": 0.25, "third": 1 / 3, "thirds": 1 / 3, "quarters": 0.25, "twice": 2.0, "double": 2.0, "doubled": 2.0, "doubles": 2.0, "triple": 3.0,
    "thrice": 3.0, "tripled": 3.0, "quadruple": 4.0, "halved": 0.5, "halves": 0.5, "dozen": 12.0, "dozens": 12.0, "couple": 2.0, "pair": 2.0, "both": 2.0,
    "hundred": 100.0, "hundreds": 100.0, "thousand": 1e3, "thousands": 1e3, "million": 1e6, "millions": 1e6, "billion": 1e9, "billions": 1e9, "single": 1.0, "several": -1.0,
    "tenth": 0.1, "fifth": 0.2, "tenfold": 10.0, "twofold": 2.0, "threefold": 3.0,
}  # fmt: skip
_RATIO_WORDS = "half quarter third thirds quarters twice double doubled doubles triple thrice tripled quadruple halved halves tenth fifth tenfold twofold threefold"
_RATIOS = frozenset(_RATIO_WORDS.split())
_SCALE = {"k": 1e3, "m": 1e6, "b": 1e9, "thousand": 1e3, "million": 1e6, "billion": 1e9, "bn": 1e9, "mn": 1e6, "hundred": 100.0}
_UNITS = (
    ("$/h", r"(?:dollars |usd )?(?:an|per|a|each|/) ?hour\b|/ ?h\b"), ("tokens/s", r"tokens?(?: ?/ ?s(?:ec(?:ond)?)?\b| (?:per|a|each|every) second\b)|tok/s\b"),
    ("gib", r"gib\b|gibibytes?\b"), ("gb", r"gb\b|gigabytes?\b|gigs?\b"), ("mb", r"mi?b\b|megabytes?\b|tb\b|terabytes?\b|kb\b|bytes?\b"),
    ("%", r"%|percent\b|per cent\b|percentage points?\b"), ("tokens", r"tokens?\b"), ("min", r"min(?:ute)?s?\b"), ("h", r"h(?:ours?|rs?)?\b"), ("days", r"days?\b"),
    ("sec", r"s(?:ec(?:ond)?s?)?\b"), ("week", r"weeks?\b|months?\b|years?\b"), ("$", r"(?:us )?dollars?\b|usd\b|\$|bucks?\b|cents?\b|euros?\b"),
    ("params", r"(?:trainable |trained |model )?param(?:eter)?s?\b"), ("rows", r"(?:training )?(?:rows|row|sequences?|samples?|examples?)\b"),
    ("batches", r"(?:\w+ )?batches\b(?! of)|batches\b"), ("epochs", r"epochs?\b"), ("steps", r"(?:training |optimi[sz]er )?steps?\b"), ("gpus", r"gpus?\b|cards?\b|devices?\b|accelerators?\b"), ("nodes", r"nodes?\b"),
    ("x", r"times\b|x\b(?! [a-z]*\d)|×(?! ?[a-z]*\d)|-?fold\b"), ("bit", r"-?bits?\b"),
)  # fmt: skip
_UNIT = [(unit, re.compile(rf"[\s-]?(?:{pattern})")) for unit, pattern in _UNITS]
_DURATION = re.compile(r"(?<![\w.])(\d+) ?h(?:ours?|rs?)?(?: and)? (\d{1,2})(?: ?min(?:ute)?s?)?\b(?! ?(?:gib|gb|%|tokens|gpus))")
_DIGITS = re.compile(
    r"(?<![\w.])(?P<dollar>\$ ?)?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?: ?(?P<scale>k|m|b|bn|mn|thousand|million|billion|hundred)\b)?(?![\w]*\d)"
)
_WORD = re.compile(rf"\b(?:(?:{'|'.join(_TENS)})-(?:{'|'.join(_ONES[1:10])})|{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b(?: (?P<scale>thousand|million|billion|hundred|dozen))?")
_RANGE = re.compile(r"\s*(?:to|-|–|and|or)\s*\$?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number: its value in the base of its unit (hours, parameters, …), half of its last written place, where it stands.

    `unit` is empty for a bare one; `end` is behind the unit. `low` and `high` mark the ends of a range.
    """

    value: float
    slack: float
    unit: str
    start: int
    end: int
    exact: bool = False
    low: bool = False
    high: bool = False


def numbers_in(text: str, covered: bytearray) -> list[Number]:
    """Every number of a lower-case text outside what is covered; covers what it takes."""
    found = [*_durations(text, covered), *_digits(text, covered), *_words(text, covered)]
    return _ranged(sorted(found, key=lambda one: one.start), text)


def cover(covered: bytearray, start: int, end: int) -> None:
    """Mark a stretch as read."""
    covered[start:end] = b"\1" * (end - start)


def _durations(text: str, covered: bytearray) -> list[Number]:
    found = []
    for match in _DURATION.finditer(text):
        if any(covered[match.start() : match.end()]):
            continue
        found.append(Number(value=int(match.group(1)) + int(match.group(2)) / 60, slack=0.5 / 60, unit="hours", start=match.start(), end=match.end()))
        cover(covered, match.start(), match.end())
    return found


def _digits(text: str, covered: bytearray) -> list[Number]:
    found = []
    for match in _DIGITS.finditer(text):
        if any(covered[match.start() : match.end()]):
            continue
        written = match.group("number").replace(",", "")
        scale = _SCALE.get(match.group("scale") or "", 1.0)
        places = len(written.partition("e")[0].partition(".")[2])
        power = float("1e" + written.partition("e")[2]) if "e" in written else 1.0
        number = Number(
            value=float(written) * scale, slack=_slack(written, places) * scale * power, unit="", start=match.start(), end=match.end(), exact="." not in written and scale == 1.0
        )
        scaled = match.group("scale")
        found.append(_with_unit(number, text, "$" if match.group("dollar") else "params" if scaled in ("m", "b", "bn", "mn", "million", "billion") else ""))
        cover(covered, found[-1].start, found[-1].end)
    return found


def _slack(written: str, places: int) -> float:
    """Half of the last written place: of the last digit that is not a padding zero in `3,700`, where two or more lead it."""
    if places:
        return 0.5 * 10.0**-places
    digits = written.partition("e")[0]
    zeros = len(digits) - len(digits.rstrip("0"))
    return 0.5 * 10.0 ** (zeros if len(digits) - zeros >= 2 else max(0, len(digits) - 2))


def _words(text: str, covered: bytearray) -> list[Number]:
    found = []
    for match in _WORD.finditer(text):
        if any(covered[match.start() : match.end()]):
            continue
        word = match.group().split(" ")[0]
        value = sum(_WORDS[part] for part in word.split("-")) * (_SCALE.get(match.group("scale") or "", 1.0) if match.group("scale") != "dozen" else 12.0)
        number = Number(value=value, slack=0.0, unit="", start=match.start(), end=match.end(), exact=True)
        found.append(replace(number, unit="x") if word in _RATIOS else _with_unit(number, text, ""))
        cover(covered, found[-1].start, found[-1].end)
    return found


_TO_HOURS = {"min": 1 / 60, "h": 1.0, "days": 24.0, "sec": 1 / 3600}


def _with_unit(number: Number, text: str, unit: str) -> Number:
    """The number with the unit behind it."""
    for name, pattern in _UNIT:
        match = pattern.match(text, number.end)
        if match is None or (name in ("h", "sec", "x") and match.end() - number.end > 2 and text[number.end] == "-"):
            continue
        if name == "$/h" and unit != "$" and "dollar" not in match.group():
            continue
        factor = _TO_HOURS.get(name, 1.0)
        read = "hours" if name in _TO_HOURS else name
        return replace(number, unit=read, value=number.value * factor, slack=number.slack * factor, end=match.end(), exact=number.exact and factor == 1.0)
    return replace(number, unit=unit)


def _ranged(numbers: list[Number], text: str) -> list[Number]:
    """Ends of ranges marked: the first takes the unit of the second where it has none."""
    found = list(numbers)
    for place in range(len(found) - 1):
        one, other = found[place], found[place + 1]
        joined = _RANGE.fullmatch(text, one.end, other.start)
        if joined is None or (joined.group().strip() in ("and", "or") and not re.search(r"\bbetween\s+\$?$", text[: one.start])):
            continue
        if not one.unit and other.unit == "hours" and (factor := _hours_factor(text, other)):
            one = replace(one, unit="hours", value=one.value * factor, slack=one.slack * factor)
        found[place] = replace(one, unit=one.unit or other.unit, low=True)
        found[place + 1] = replace(other, high=True)
    return found


def _hours_factor(text: str, number: Number) -> float:
    """What one of the unit that this number is written in is in hours."""
    written = text[number.start : number.end]
    return next((factor for word, factor in (("min", 1 / 60), ("day", 24.0), ("sec", 1 / 3600)) if word in written), 1.0)


def is_value(number: Number, value: float, *, whole: bool) -> bool:
    """True when the number is this value as it would be rounded: exact for counts, else within half of its last place and 3 %."""
    if whole:
        return abs(number.value - value) <= 1e-9 * max(1.0, abs(value))
    off = abs(number.value - value)
    written_fine = number.slack and not number.exact and number.slack < 0.5
    return off <= number.slack * 1.0001 + 1e-9 and (bool(written_fine) or off <= 0.03 * abs(value))
