"""Changes said against what stands: "double the context", "half the learning rate", "one more epoch"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from assistant.chat.context import Context
from assistant.chat.nouns import FIELDS, NUMBERS, WHOLE, blanked, field_of, key_of, noun_pattern
from assistant.core.errors import UsageError
from assistant.core.values import Reason
from assistant.reader.lexicon import NUMBER_WORDS, SAID_NUMBER, any_word
from assistant.reader.ranges import range_name

_FACTORS = {
    "double": 2.0, "doubling": 2.0, "twice": 2.0, "triple": 3.0, "tripling": 3.0, "thrice": 3.0, "quadruple": 4.0,
    "doble": 2.0, "doppelte": 2.0, "verdoppel": 2.0, "verdopple": 2.0, "dobro": 2.0, "triplo": 3.0, "duplica": 2.0,
    "mitad": 0.5, "metade": 0.5, "moiti\u00e9": 0.5, "h\u00e4lfte": 0.5, "halbier": 0.5, "halbiere": 0.5, "halbe": 0.5,
    "halve": 0.5, "halving": 0.5, "half": 0.5, "third": 1 / 3, "quarter": 0.25, "fourth": 0.25, "fifth": 0.2, "tenth": 0.1, "hundredth": 0.01,
}  # fmt: skip
_COUNTS = {**NUMBER_WORDS, "another": 1, "a few": 3}
_COUNT = rf"(?:\d[\d,]*(?:\.\d+)?k?|{any_word(_COUNTS)})"
_NUMBER = rf"(?:\d+(?:\.\d+)?|{SAID_NUMBER})"
_TIMES = rf"(?:(?:{_NUMBER})\s*(?:x|×|times|-?fold))"
_ORDINAL = "third|fourth|fifth|tenth|hundredth"
"""Shares that are places too: `the third gpu` is no part of the GPUs, `a third of them` is."""
_FACTOR = rf"(?:(?:(?:a|an|one|el|la|das|die|o|le) |one[- ])?(?:{'|'.join(word for word in _FACTORS if word not in _ORDINAL.split('|'))})|(?:an?|one)[ -](?:{_ORDINAL})|{_TIMES})"
_THE = r"(?:(?:as (?:many|much|long|big|large|high)|of|as|de|der|des|do|du)\s+)?(?:(?:the|my|that|this|our|its|current|el|la|le|die|den|das|o|a)\s+){0,2}"
_NOUN = "(?:" + "|".join(pattern for _, pattern in FIELDS) + "|" + noun_pattern(NUMBERS) + ")"
_UP = r"increase|raise|push|crank(?: up)?|bump(?: up)?|boost|grow|up|extend|lengthen|scale up|enlarge"
_DOWN = r"decrease|reduce|bring|trim|lower|cut(?: down)?|drop|shrink|shorten|lessen|scale down|bring down"
_MORE = r"longer|bigger|larger|higher|greater|more|wider"
_LESS = r"shorter|smaller|lower|less|fewer|tinier"
_ORIGINAL = r"(?:the |my )?(?:original|initial|first|very first|starting)(?: (?:one|value|number|setting|" + _NOUN + "))?"
_ADDED = ("epochs", "max_steps", "gpu_count", "nodes", "num_fewshot", "limit", "max_hours", "max_dollars")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """Values that follow from what stands, the notes that say how, and the rest of the line.

    `missing` names what does not stand, `beyond` has (key, what stands, what would be
    left) of each that would fall to nothing or below.
    """

    values: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Reason, ...] = ()
    rest: str = ""
    missing: tuple[str, ...] = ()
    beyond: tuple[tuple[str, float, float], ...] = ()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def relative(line: str, context: Context) -> Relative:
    """Every change in the line that is said against a value that stands; what was read is cut from `rest`."""
    work = _Work(line, context)
    for rule in _RULES:
        for match in list(_compiled(rule.pattern).finditer(work.text)):
            if work.is_open(match):
                rule.read(work, match)
    return Relative(values=work.values, notes=tuple(work.notes), rest=work.text, missing=tuple(work.missing), beyond=tuple(work.beyond))


class _Work:
    """The line under work: what a rule understood is blanked, so that nothing is read twice."""

    def __init__(self, line: str, context: Context) -> None:
        self.text, self.context = line, context
        self.values: dict[str, Any] = {}
        self.notes: list[Reason] = []
        self.missing: list[str] = []
        self.beyond: list[tuple[str, float, float]] = []

    def is_open(self, match: re.Match[str]) -> bool:
        """Not read yet, and not denied: "no more epochs" asks for none."""
        denied = _compiled(r"\b(?:no|not|without|don't|do not)\s+(?:any\s+)?$").search(self.text[: match.start()])
        return self.text[match.start() : match.end()] == match.group() and not denied

    def take(self, match: re.Match[str]) -> None:
        self.text = blanked(self.text, match)

    def put(self, match: re.Match[str], key: str | None, change: Callable[[float], float], why: str = "", base: Any = None, *, scales: bool = True) -> None:
        """Set a key to a change of what stands; `why` is told where the words leave the number open.

        A change that `scales` makes a run of steps longer by its epochs; 500 more steps are no 500 epochs.
        """
        if key is None or (key == "limit" and self.context.value(key) is None and not _compiled("limit|cap|ceiling").search(match.group())):
            return  # "one more question" is talk where no samples are counted
        self.take(match)
        stands = self.values.get(key) if base is None else base
        if stands is None:
            key, stands = self._standing(key, scales=scales)
        if not isinstance(stands, (int, float)) or isinstance(stands, bool):
            self.missing.append(key)
            return
        value = _shaped(key, change(float(stands)))
        if value is None:
            self.beyond.append((key, float(stands), change(float(stands))))
            return
        self.values[key] = value
        if why:
            self.notes.append(Reason(field=key, value=value, why=why.format(base=f"{stands:,g}")))

    def _standing(self, key: str, *, scales: bool) -> tuple[str, Any]:
        """The key and its value; a run is as long as its steps where it has no epochs, and the other way round."""
        other = {"epochs": "max_steps", "max_steps": "epochs"}.get(key) if scales else None
        stands = self.context.value(key)
        if stands is None and other and self.context.value(other) is not None:
            return other, self.context.value(other)
        return key, stands

    def last_key(self) -> str | None:
        """The number that the last change was about: what "it" and "that" mean."""
        numbers = [key for key in self.context.changed if key in NUMBERS]
        return numbers[0] if len(numbers) == 1 else None


def _number(noun: str) -> str | None:
    """The key or dotted field of a number that a noun names."""
    return field_of(noun) or key_of(noun, NUMBERS)


def _shaped(key: str, value: float) -> int | float | None:
    """A value of the kind that a key holds; None where there is no such value."""
    if value <= 0:
        return None
    if key in WHOLE or key.endswith(("_steps", "_tokens")):
        return max(1, round(value))
    return float(f"{value:.6g}")


def factor_of(words: str) -> float | None:
    """`half` → 0.5, `a tenth` → 0.1, `3x` → 3."""
    text = re.sub(r"^(?:an?|one|el|la|das|die|o|le)[- ]", "", words.lower().strip())
    factor = _FACTORS.get(text, _FACTORS.get(text.removesuffix("d")))
    if factor is not None:
        return factor
    match = _compiled(rf"({_NUMBER})\s*(?:x|×|times|-?fold)").fullmatch(text)
    return count_of(match.group(1)) if match else None


def count_of(words: str) -> float | None:
    """`two` → 2, `a couple of` → 2, `1,000` → 1000, `2k` → 2000."""
    text = re.sub(r"\s+(?:extra|additional)$", "", " ".join(words.lower().split()))
    if text in _COUNTS:
        return float(_COUNTS[text])
    thousand = text.endswith("k")
    try:
        return float(text.removesuffix("k").replace(",", "")) * (1000 if thousand else 1)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: str
    read: Callable[[_Work, re.Match[str]], None]


def _multiply(work: _Work, match: re.Match[str]) -> None:
    factor = factor_of(match.group("factor"))
    key = _number(match.group("noun"))
    if factor is not None:
        work.put(match, key, lambda stands: stands * factor)


def _as_much(work: _Work, match: re.Match[str]) -> None:
    factor = factor_of(match.group("factor"))
    key = _number(match.group("noun")) if match.groupdict().get("noun") else work.last_key()
    if factor is not None:
        work.put(match, key, lambda stands: stands * factor)


def _by(work: _Work, match: re.Match[str]) -> None:
    """`raise the lr by 10x`, `cut the batch by half`, `raise the rank by 16`, `by 20%`."""
    key, up, amount = _number(match.group("noun")), bool(_compiled(f"(?:{_UP}|up)").fullmatch(match.group("verb"))), match.group("amount").lower()
    sign = 1 if up else -1
    if percent := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:%|percent)", amount):
        share = 1 + sign * float(percent.group(1)) / 100
        work.put(match, key, lambda stands: stands * share)
    elif amount in ("half", "a half"):
        work.put(match, key, lambda stands: stands * (1.5 if up else 0.5))
    elif times := re.fullmatch(r"(?:a )?factor (?:of )?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s*(?:x|×|times|-?fold)", amount):
        factor = float(times.group(1) or times.group(2)) or 1.0
        work.put(match, key, lambda stands: stands * factor if up else stands / factor)
    elif (count := count_of(amount)) is not None and key != "learning_rate":
        work.put(match, key, lambda stands: stands + sign * count, scales=False)


def _add(work: _Work, match: re.Match[str]) -> None:
    """`one more epoch`, `500 fewer steps`, `another node`."""
    key, count = key_of(match.group("noun"), _ADDED), count_of(match.group("count"))
    sign = -1 if _compiled(r"less|fewer").fullmatch((match.groupdict().get("less") or "").strip()) else 1
    if key and count is not None:
        work.put(match, key, lambda stands: stands + sign * count, scales=False)


def _equal(work: _Work, match: re.Match[str]) -> None:
    """`alpha should equal the rank`, `alpha twice the rank`."""
    key, other = _number(match.group("noun")), _number(match.group("other"))
    if key is None or other is None or key == other:
        return
    factor = factor_of(match.group("factor")) if match.group("factor") else 1.0
    base = work.values.get(other, work.context.value(other))
    if factor is None or base is None:
        work.take(match)
        work.missing.append(other)
        return
    work.put(match, key, lambda stands: stands * factor, base=base)


def _scaled(work: _Work, match: re.Match[str]) -> None:
    """`4x longer on context`, `lr 10 times smaller`, `a third longer time limit`: more is on top of what stands, less is off it."""
    up = _compiled(f"(?:{_MORE})").fullmatch(match.group("way")) is not None
    words = match.group("factor").strip().lower()
    percent = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:%|percent)", words)
    factor = float(percent.group(1)) / 100 if percent else factor_of(words)
    key = _number(match.group("noun")) if match.groupdict().get("noun") else work.last_key()
    if not factor:
        return
    is_share = percent is not None or factor < 1
    scale = (1 + factor if up else 1 - factor) if is_share else (factor if up else 1 / factor)
    work.put(match, key, lambda stands: stands * scale)


def _to_share(work: _Work, match: re.Match[str]) -> None:
    """`cut the batch to a quarter`, `lr a third of what it is`."""
    factor, noun = factor_of(match.group("factor")), match.group("noun")
    key = work.last_key() if noun.lower() in ("it", "that", "this") else _number(noun)
    if factor is not None:
        work.put(match, key, lambda stands: stands * factor)


def _both(work: _Work, match: re.Match[str]) -> None:
    """`double both`: every number that the last change was about."""
    factor = factor_of(match.group("factor"))
    keys = [key for key in work.context.changed if key in NUMBERS]
    if factor is None or len(keys) < 2:
        return
    for key in keys:
        work.put(match, key, lambda stands: stands * factor)


def _absolute(work: _Work, match: re.Match[str]) -> None:
    """`bump rank up to 64`, `context down to 2k`: a value where the words between keep plain rules from seeing it."""
    key = _number(match.group("noun"))
    digits = match.group("value").lower().replace(",", "")
    try:
        value = float(digits.removesuffix("k")) * (1024 if key == "sequence_length" and digits.endswith("k") else 1000 if digits.endswith("k") else 1)
    except ValueError:
        return
    shaped = _shaped(key, value) if key else None
    if key is not None and shaped is not None:
        work.take(match)
        work.values[key] = shaped


def _of_original(work: _Work, match: re.Match[str]) -> None:
    """`a tenth of the original`."""
    words = match.group("original")
    named = re.search(rf"({_NOUN})$", words, re.IGNORECASE)
    key = (key_of(named.group(1), NUMBERS) if named else None) or work.last_key()
    past = work.context.history(key) if key else []
    factor = factor_of(match.group("factor"))
    if factor is not None and past:
        work.put(match, key, lambda stands: stands * factor, base=past[0])


def _pronoun(work: _Work, match: re.Match[str]) -> None:
    """`double it`, `half of that`."""
    factor = factor_of(match.group("factor"))
    if factor is not None:
        work.put(match, work.last_key(), lambda stands: stands * factor)


def _vague(work: _Work, match: re.Match[str]) -> None:
    """`longer context`, `lower the learning rate`: no number, so twice or half, and said so."""
    up = _compiled(f"(?:{_UP}|{_MORE})").fullmatch(match.group("way").strip()) is not None
    key = _number(match.group("noun"))
    words = match.group("way").strip().lower()
    work.put(match, key, lambda stands: stands * (2 if up else 0.5), f'"{words}" gives no number: {"twice" if up else "half"} of {{base}}')


def _longer_run(work: _Work, match: re.Match[str]) -> None:
    up = match.group("way").lower() != "shorter"
    word = "longer" if up else "shorter"
    work.put(match, "epochs", lambda stands: stands * (2 if up else 0.5), f'"{word}" gives no number: {"twice" if up else "half"} of {{base}}')


_NO_NUMBER = r"(?!\s*,?\s*(?:say|like|only|just|maybe|perhaps|around|about|to|at|of|=|:|by|is)?\s*(?:[\d.$]|(?:" + SAID_NUMBER + r")\b))"
_VALUE = r"(?P<value>\d[\d,]*(?:\.\d+)?(?:e-?\d+)?k?)(?![\w%]|\.\d|\s*(?:%|percent|x\b|times))"
_SHARE = rf"(?:{_FACTOR}|\d+(?:\.\d+)?\s*(?:%|percent))"
_RULES = (
    _Rule(rf"\b(?P<noun>{_NOUN})\s+(?P<factor>{_SHARE})\s+(?P<way>{_MORE}|{_LESS})(?! {_NOUN})\b", _scaled),
    _Rule(rf"\b(?P<factor>{_SHARE})\s+(?P<way>{_MORE}|{_LESS})\s+(?:on |in |of |for )?(?:the |my )?(?P<noun>{_NOUN})(?!\w)", _scaled),
    _Rule(rf"^\W*(?:make (?:it|that) )?(?P<factor>{_SHARE})\s+(?P<way>{_MORE}|{_LESS})\W*$", _scaled),
    _Rule(rf"\b(?P<noun>{_NOUN}|it|that|this)\s+(?:down |up |back )?(?:to |at )?(?P<factor>(?:a |one[- ])?(?:half|third|quarter|fourth|fifth|tenth|hundredth))\b(?:\s+of\s+(?:what it (?:is|was)(?: now)?|that|it|the current(?: one| value)?|its (?:current )?value))?(?!\s+(?:{_MORE}|{_LESS}|of|epoch))", _to_share),
    _Rule(rf"\b(?P<factor>{_FACTOR})\s+(?:of\s+)?(?:both|them both|all of (?:them|those)|the two)\b", _both),
    _Rule(rf"\b(?P<noun>{_NOUN})\s+(?:from\s+)?[\d.,e-]+k?\s*(?:to|->|=>|\u2192)\s*{_VALUE}", _absolute),
    _Rule(rf"\bnot\s+(?P<noun>{_NOUN})\s+[\d.,e-]+k?\s*,?\s*(?:but|rather)\s+{_VALUE}", _absolute),
    _Rule(rf"\b(?P<noun>{_NOUN})\s+(?:all the way |should go |goes? )?(?:back |right )?(?:up|down|back)?\s*,?\s*(?:say|like|maybe|perhaps|around|about|to|at|auf|zu|a|\u00e0|para|\u6539\u6210|\u5230)\s+{_VALUE}", _absolute),
    _Rule(rf"\b(?P<count>{_COUNT})\s+(?P<noun>{noun_pattern(frozenset(_ADDED))})\s+(?:more|extra|(?P<less>less|fewer))\b", _add),
    _Rule(rf"\b(?:another|an extra|an additional)\s+(?P<count>\d[\d,]*k?)\s+(?P<noun>{noun_pattern(frozenset(_ADDED))})\b", _add),
    _Rule(rf"\b(?P<noun>{_NOUN})\s+(?:should |must |needs? to |has to |can )?(?:be |equals?|=|to |match(?:es)?|same as|the same as|is )\s*(?:the same as |equal to |same as )?(?P<factor>{_FACTOR})?\s*{_THE}(?P<other>{_NOUN})\b(?! \w*epoch)", _equal),
    _Rule(rf"\b(?P<noun>lora[- _]?alpha|alpha)\s+(?P<factor>{_FACTOR})\s+{_THE}(?P<other>{noun_pattern(frozenset(('lora_rank',)))})(?![\w.])", _equal),
    _Rule(rf"\b(?P<factor>{_FACTOR})\s+(?:of\s+)?(?P<original>{_ORIGINAL}|what it was (?:at )?(?:first|initially|originally))\b", _of_original),
    _Rule(rf"\b(?P<verb>{_UP}|{_DOWN})\s+{_THE}(?P<noun>{_NOUN})\s+by\s+(?P<amount>\d+(?:\.\d+)?\s*(?:%|percent)|(?:a )?half|(?:a )?factor (?:of )?\d+(?:\.\d+)?|\d+(?:\.\d+)?\s*(?:x|×|times|-?fold)(?!\w)|{_COUNT})", _by),
    _Rule(rf"\b(?P<noun>{_NOUN})\s+(?P<verb>up|down)\s+by\s+(?P<amount>\d+(?:\.\d+)?\s*(?:%|percent)|(?:a )?half|(?:a )?factor (?:of )?\d+(?:\.\d+)?|\d+(?:\.\d+)?\s*(?:x|×|times|-?fold)(?!\w)|{_COUNT})", _by),
    _Rule(rf"\b(?P<noun>{_NOUN})\s+(?P<factor>{_FACTOR})\s+(?:of\s+)?(?:that|it|this|what it (?:is|was))\b", _as_much),
    _Rule(rf"\b(?P<count>{_COUNT})\s+(?:(?:more|extra|additional|further)|(?P<less>less|fewer))\s+(?P<noun>{noun_pattern(frozenset(_ADDED))})\b", _add),
    _Rule(rf"\b(?:add|plus|throw in)\s+(?P<count>{_COUNT})\s+(?:more |extra |additional )?(?P<noun>{noun_pattern(frozenset(_ADDED))})\b", _add),
    _Rule(rf"\b(?P<count>another|an extra|an additional|one additional)\s+(?P<noun>{noun_pattern(frozenset(_ADDED))})\b", _add),
    _Rule(rf"\b(?P<factor>{_TIMES})\s+(?:{_MORE})\s+(?P<noun>{_NOUN})\b", _multiply),
    _Rule(rf"\b(?P<factor>{_FACTOR})\s+{_THE}(?:amount of |number of |size of the )?(?P<noun>{_NOUN})\b", _multiply),
    _Rule(rf"\b(?P<noun>{_NOUN})\s*(?:should be |to be |to |be |=|is )?\s*(?P<factor>(?:{'|'.join(_FACTORS)})d?|{_TIMES})(?:\s+as\s+(?:long|much|many|big|high|large|wide)|(?!\s*\w))", _as_much),
    _Rule(rf"\b(?P<factor>{_FACTOR})\s+(?:of\s+)?(?:it|that|this|those|them)\b", _pronoun),
    _Rule(r"^\W*(?:(?:no|actually|ok|hm+|now|and|then|so|sorry|wait)\W+)*(?P<factor>double|triple|quadruple|halve|half|twice)\W*$", _pronoun),
    _Rule(rf"\b(?P<way>{_MORE}|{_LESS})\s+(?P<noun>{_NOUN})\b{_NO_NUMBER}", _vague),
    _Rule(rf"\b(?P<way>{_UP}|{_DOWN})\s+(?:(?:the|my|our|its)\s+)+(?P<noun>{_NOUN})\b{_NO_NUMBER}", _vague),
    _Rule(rf"\b(?:make|have|with)?\s*(?:the |a )?(?P<noun>{_NOUN})\s+(?:a bit |a little |somewhat |slightly |much )?(?P<way>{_MORE}|{_LESS})\b", _vague),
    _Rule(r"\btrain(?:ing)?\s+(?:it |for )?(?:a bit |a little |much )?(?P<way>longer|shorter)\b", _longer_run),
)


def left_too_little(key: str, stands: float, left: float) -> UsageError:
    """A change that would leave nothing or less of what stands."""
    name = range_name(key)
    return UsageError(
        f"The {name} is {stands:,g} now, and this would leave {left:,g}. Nothing is changed.", context=key, hint=f"Say the {name} itself.", reference="out-of-range"
    )
