"""Values that are put right within one sentence: `batch size 64 oops 32` says 32."""

from __future__ import annotations

import re

from assistant.reader.patterns import compiled
from assistant.reader.rewriting import Edit, Rewriting

MARKERS = (
    r"w?h?oops(?:ie)?|no,? wait|wait,? no|no,? sorry|sorry,? no|sorry|scratch that|strike that|my bad|i mean(?:t)?|i meant to (?:say|write)|(?:or )?rather(?! than)|(?:no,? )?make (?:that|it)|"
    r"correction|edit(?=:)|fix(?=: )|but (?:let'?s|i'?ll|we'?ll) (?:go (?:with|for)|use|take)|e+r+m?,? no|(?:or|oh|ah|hm+|uh),? no(?=,)|on second thoughts?|change of plans?|i take that back|let me rephrase|nope|hm+|actually|no,? actually|wait|(?:is |are |was )?(?:way |much |far |a bit )?too (?:high|low|big|small|large|long|short|much|many)(?: i (?:think|guess)| probably)?[\s,;:.\-]*(?:(?:so|but|please|then)\s+)*(?:take|use|try|make it|set it to|go with|let'?s (?:take|use))"
)
_MARKER = rf"(?<![\w\-])(?:(?:{MARKERS}|(?:(?<=, )|(?<=,)|(?<=; )|(?<=\. ))no(?=,?\s+[\d$]))(?![\w\-])[\s,;:.!\u2026\-]*)+"
_JOINTS = " \t\n,;:.\u2026(-"
_LEAD = r"(?:(?:let'?s|let us|use|take|go with|do|say|it'?s|it is|with|in|on|to|at|the|a|an|that'?s|should be|is|for|only|just|better|set it to|try)\s+)*"
_SHAPES = (
    ("rate", r"\d+(?:\.\d+)?e-?\d+|0\.0\d+"),
    ("size", r"\d{1,4}(?:\.\d+)?b"),
    ("path", r"(?:~|\.{1,2})?/?[\w\-.]+/[\w.\-/]*\w"),
    ("money", r"\$\s?\d[\d,]*"),
    ("thousands", r"\d+(?:\.\d+)?k"),
    ("tag", r"v\d\.\d{1,2}"),
    ("version", r"\d\.\d{1,2}"),
    ("count", r"\d{1,6}"),
    ("word", r"two|three|four|five|six|seven|eight|nine|ten"),
)
_ENDS = r"(?![\w.]*\d|[a-z]|\.\d)"
_COUNTS = ("count", "word")
_STEM = 4
"""Letters that make a unit the same: `epoch` and `epochs`."""
_VALUE = "|".join(rf"(?P<{name}>{pattern}){_ENDS}" for name, pattern in _SHAPES)
_UNIT = r"\s*(?P<unit>[a-z]+\d*[a-z]*)"
_NO_UNIT = frozenset(
    ("for", "on", "with", "and", "of", "in", "but", "please", "or", "at", "to", "the", "a", "is", "as", "using", "from", "by", "x", "if", "since", "because", "so", "per", "then", "instead", "not", "rather", "maybe", "i", "it", "will", "should")
)
_SIGNS = ("oops", "wait", "sorry", "scratch", "strike", "my bad", "mean", "rather", "make ", "correction", "r no", "er, no", "h no,", "m no,", "or, no", "second thought", "edit:", "fix:", "but ", "of plan", "take that back", "rephrase", "nope", "hm", "actually", "too ", ", no", ",no", ". no", "; no")


_SCALED = r"(?:(?:make (?:it|that)|just|only|rather|use|take|say|let'?s (?:do|use|take|say))\s+)*(?:(?P<word>half|double|twice|triple|quadruple|(?:a |one[- ])(?:third|quarter|fifth|tenth))(?:\s+(?:of\s+)?(?:that|it|this))?|(?P<times>\d{1,2}(?:\.\d+)?)\s*(?:x|times)\s+(?:that|it|this))(?=\s*(?:$|[,.;!\n]|\b(?:and|please|then|on|with|for)\b))"
"""`4x` alone is as often a count of GPUs: it has to say of what."""
_FACTORS = {"half": 1 / 2, "double": 2, "twice": 2, "triple": 3, "quadruple": 4, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "tenth": 1 / 10}
_FIGURE = r"(?<![\w.\-$/])(?P<figure>\d[\d,]*(?:\.\d+)?)(?P<tail>e-?\d+|k)?(?![\w]|[.\-/]\w)"


def scaled(text: Rewriting) -> Rewriting:
    """The text with `2e-4, actually half of that` as 1e-4: a share or a multiple of the figure that the same words have just said."""
    lowered = text.text.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return text
    for _ in range(_MOST):
        found = (_multiplied(text.text, marker) for marker in compiled(_MARKER).finditer(text.text))
        edits = next((edits for edits in found if edits), None)
        if edits is None:
            break
        text = text.edited(edits)
    return text


def _multiplied(text: str, marker: re.Match[str]) -> list[Edit]:
    factor = compiled(_SCALED).match(text, marker.end())
    before = _without_joint(text[: marker.start()])
    figures = list(compiled(_FIGURE).finditer(before))
    if factor is None or not figures:
        return []
    by = float(factor["times"]) if factor["times"] else _FACTORS[re.split(r"[ -]", factor["word"].lower())[-1]]
    value = f"{float(figures[-1]['figure'].replace(',', '')) * by:.6g}{figures[-1]['tail'] or ''}"
    return [Edit(*figures[-1].span(), value), Edit(len(before), factor.end(), " ")]


def corrected(text: Rewriting) -> Rewriting:
    """The text with the value meant in the place of the one that was said first, for numbers that follow the words alone."""
    lowered = text.text.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return text
    for _ in range(_MOST):
        found = (_put_right(text.text, marker) for marker in compiled(_MARKER).finditer(text.text))
        edits = next((edits for edits in found if edits), None)
        if edits is None:
            break
        text = text.edited(edits)
    return text


_MOST = 6
"""Corrections in one request."""


def _put_right(text: str, marker: re.Match[str]) -> list[Edit]:
    """The edits that put the values behind the marker in the place of those before it; none where one has no counterpart."""
    before, end = _without_joint(text[: marker.start()]), marker.end()
    edits: list[Edit] = []
    while value := compiled(f"{_LEAD}(?:{_VALUE})").match(text, end):
        shape, unit = str(value.lastgroup), _unit(text, value.end())
        old = _last(before, shape, unit)
        if old is None or any(edit.start < old[1] and old[0] < edit.end for edit in edits):
            break
        edits.append(Edit(*old, value.group(shape)))
        end = value.end()
        if shape in _COUNTS and unit:
            end += len(text[end:]) - len(text[end:].lstrip()) + len(unit)
            break
        end += len(text[end:]) - len(text[end:].lstrip(" "))
    return [*edits, Edit(len(before), end, ", ")] if edits else []


def _without_joint(before: str) -> str:
    """The text before a marker less the comma, the bracket or the `no` that leads to it."""
    for _ in range(2):
        before = before.rstrip(_JOINTS)
        for word in ("no", "and", "but"):
            if before.lower().endswith(f" {word}"):
                before = before[: -len(word)]
    return before.rstrip(_JOINTS)


def _unit(text: str, end: int) -> str:
    unit = compiled(_UNIT).match(text, end)
    return unit.group("unit") if unit and unit.group("unit").lower() not in _NO_UNIT else ""


def _last(before: str, shape: str, unit: str) -> tuple[int, int] | None:
    """Where the last value of this shape stands, with the same unit where one was said."""
    value = dict(_SHAPES)[shape]
    ends = rf"(?=x?\s*{re.escape(unit[:_STEM])})" if shape in _COUNTS and unit else r"(?![\d.]*\d|[a-wyz]|\.\d)"
    if shape == "path":
        ends = r"(?![\w/\-])"
    begins = r"(?<![\d.])" if shape == "size" else r"(?<![\w.\-])"
    found = list(compiled(rf"{begins}(?:{value}){ends}").finditer(before))
    return found[-1].span() if found else None
