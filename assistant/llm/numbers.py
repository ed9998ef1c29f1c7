"""The numbers that a line says, in digits or words, and those that follow from what is known: half, twice, one more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.reader.lexicon import NUMBER_WORDS

_DIGITS = re.compile(
    r"(?P<glued>(?:[a-z]+[-_.]?)?)(?P<number>\d[\d,]*(?:\.\d+)?|\.\d+)(?P<power>e[-+]?\d+)?"
    r"(?:\s?(?P<unit>(?:k|m|million|thousand)(?![a-z])))?(?!b\b|[.,]?\d|(?!x\d)[a-z]+\d)",
    re.IGNORECASE,
)
_MAY_BE_GLUED = frozenset(("", "r", "x", "rank", "alpha", "bs", "gbs", "mbs", "seed", "lr", "ctx", "epochs", "steps", "e"))
"""Letters right before digits that do not make one name of both, as those of `H100` and `qwen3` do."""
_TEENS = {"eleven": 11, "thirteen": 13, "fourteen": 14, "fifteen": 15, "seventeen": 17, "eighteen": 18, "nineteen": 19, "dozen": 12, "zero": 0, "no": 0}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_UNITS = {**NUMBER_WORDS, **_TEENS}
_WORDS = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_FACTORS = (
    (r"\bdoubl\w*|\btwice\b|\b(?:2|two)\s?(?:x|×|times)(?!\w)", 2.0),
    (r"\btripl\w*|\bthrice\b|\b(?:3|three)\s?(?:x|×|times)(?!\w)", 3.0),
    (r"\bquadrupl\w*|\b(?:4|four)\s?(?:x|×|times)(?!\w)", 4.0),
    (r"\b(?:10|ten)\s?(?:x|×|times|fold)(?!\w)|\btenfold\b", 10.0),
    (r"\bhal(?:f|ve|ved|ving|ves)\b", 0.5),
    (r"\bthird\b", 1 / 3),
    (r"\bquarter\b|\bfourth\b", 0.25),
    (r"\btenth\b", 0.1),
)
_MORE = re.compile(r"\b(\w+)\s+(?:\w+\s+)?(?:more|extra|additional|further)\b|\badd (\w+)\b", re.IGNORECASE)
_LESS = re.compile(r"\b(\w+)\s+(?:\w+\s+)?(?:less|fewer)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One number of a line: what it may stand for (`8k` is 8192 or 8000), and where it stands."""

    values: tuple[float, ...]
    start: int
    end: int


def numbers_in(line: str) -> tuple[Said, ...]:
    """Every number of the line, in order; digits that are part of a name are none."""
    return tuple(sorted((*_in_digits(line), *_in_words(line)), key=lambda said: said.start))


def _in_digits(line: str) -> Iterator[Said]:
    for match in _DIGITS.finditer(line):
        if match.group("glued").lower().rstrip("-_.") not in _MAY_BE_GLUED:
            continue
        if match.group().lower() == "r1":  # the model, not a rank
            continue
        number = float(match.group("number").replace(",", "") + (match.group("power") or ""))
        unit = (match.group("unit") or "")[:1].lower()
        scales = {"": (1.0,), "k": (1024.0, 1000.0), "t": (1000.0,), "m": (1e6, 1024.0 * 1024.0)}[unit]
        yield Said(values=tuple(number * scale for scale in scales), start=match.start("number"), end=match.end())


def _in_words(line: str) -> Iterator[Said]:
    """Runs such as `sixty four` or `two hundred`."""
    run: list[re.Match[str]] = []
    for match in _WORDS.finditer(line):
        word = match.group().lower()
        joined = not run or re.fullmatch(r"[\s-]+", line[run[-1].end() : match.start()])
        if word in _UNITS or word in _TENS or word in _SCALES:
            if not joined or (run and word in _UNITS and run[-1].group().lower() in _UNITS):
                yield from _run(run)
                run = []
            run.append(match)
        elif run:
            yield from _run(run)
            run = []
    yield from _run(run)


def _run(run: list[re.Match[str]]) -> Iterator[Said]:
    if not run:
        return
    total = 0.0
    for match in run:
        word = match.group().lower()
        total = max(1.0, total) * _SCALES[word] if word in _SCALES else total + _UNITS.get(word, _TENS.get(word, 0))
    yield Said(values=(total,), start=run[0].start(), end=run[-1].end())


def follows_from(line: str, known: float) -> tuple[float, ...]:
    """What the line makes of a known number: `half` of it, `ten times` it, `one more` than it."""
    found = [known * factor for pattern, factor in _FACTORS if re.search(pattern, line, re.IGNORECASE)]
    for pattern, sign in ((_MORE, 1), (_LESS, -1)):
        for match in pattern.finditer(line):
            said = numbers_in(next(group for group in match.groups() if group))
            found += [known + sign * value for number in said for value in number.values]
    return tuple(found)


def same(one: float, other: float) -> bool:
    """Equal but for rounding."""
    return abs(one - other) <= 1e-6 * max(abs(one), abs(other))
