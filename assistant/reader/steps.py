"""Requests that ask for two things, one after the other: `lora llama3 on 2 A100s, then evaluate it on mmlu`."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.reader.patterns import compiled
from assistant.reader.reading import read

_LENGTH = 1_000
"""Characters of a request that is looked at: what is longer is pasted text."""
_QUICK = ("eval", "bench", "test", "score", "measure", "run ")
_THEN = r"(?:\s*[,;.]\s*|\s+)(?:and\s+|&\s*)?(?:then|afterwards?|after (?:that|training(?: it)?)|and)\s*,?\s+(?P<second>(?:i(?:'d| would| want to)?\s+(?:like to\s+)?)?(?:eval(?:uate)?|benchmark|test|score|measure|run)\b.*)$"
_DURING = r"\b(?:every|each|during|while|as it trains|per epoch|split|between)\b"
_RESULT = r"\b(?:it|that|this|(?:the )?(?:result|trained|tuned|fine-?tuned|final|adapter|model|checkpoint))\b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A training, and the words that say how its result is evaluated."""

    training: str
    evaluation: str


def steps_in(text: str) -> Steps | None:
    """The two halves of a request for a training and an evaluation of what it gives; None for any other request."""
    if len(text) > _LENGTH or not any(word in text.lower() for word in _QUICK):
        return None
    match = compiled(_THEN).search(text)
    if match is None:
        return None
    first, second = text[: match.start()].strip(), match["second"].strip()
    if compiled(_DURING).search(second) or read(first).intent.task != "train":
        return None
    said = read(second).intent
    if said.task != "evaluate" or said.model or not (said.benchmarks or compiled(_RESULT).search(second)):
        return None
    return Steps(training=first, evaluation=second)
