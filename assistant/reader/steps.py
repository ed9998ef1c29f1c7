"""Requests for a training and what comes after it: `lora llama3 on 2 A100s, then evaluate it on mmlu and serve it`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from assistant.core.intent import Intent
from assistant.reader.patterns import compiled
from assistant.reader.reading import Later, Reading, read

_LENGTH = 1_000
"""Characters of a request that is looked at: what is longer is pasted text."""
_QUICK = ("eval", "bench", "test", "score", "measure", "run ", "serve", "deploy", "host", "infer", "chat", "answer", "generate", "quanti", "judge")
_STEP = (
    r"(?P<link>(?:\s*[,;.]\s*|\s+)(?:and\s+|&\s*)?(?:then|afterwards?|after (?:that|training(?: it)?)|finally|and|also)\s*,?\s+|\s*[,;.]\s+)"
    r"(?P<step>(?:also\s+)?(?:i(?:'d| would| want to)?\s+(?:like to\s+)?)?(?P<verb>eval(?:uate)?|benchmark|test|score|measure|run|serve|deploy|host|chat|infer|answer|generate|quanti[sz]e|judge|(?:do |make )?inference)\b)"
)
_DURING = r"\b(?:every|each|during|while|as it trains|per epoch|split|between)\b"
_RESULT = r"\b(?:it|that|this|(?:the )?(?:result|trained|tuned|fine-?tuned|final|adapter|model|checkpoint))\b"
_JUDGED = r"\b(?:it|them|its|(?:the |its )?(?:answers?|outputs?|responses?|replies|completions|generations|results?))\b"
_ANSWERS = r"\b(?:answer|generate)\b"
_AFTER = r"\b(?:then|after\w*|finally)\b"
_ASKS = r"\b(?:eval(?:uate)?|quanti[sz]e|benchmark|infer(?:ence)?|serve|deploy|host|chat)\b"
"""Verbs that ask for a step without naming what they are about, where the link says that it comes after."""
_ALONE = rf"(?:also )?(?:(?:run|do|make) )?{_ASKS}[\s.;,!]*"
_VAGUE = ("test", "score", "measure", "generate")
"""Verbs of which the rest must say what is measured or written."""
STEP_TASKS = ("evaluate", "infer", "quantize", "judge")
"""What can follow a training in one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The words of a training, and those of each step after it, in order; `foreign` are steps that are about another model."""

    training: str
    later: tuple[str, ...]
    foreign: tuple[str, ...] = ()

    def after(self, reading: Reading) -> Reading:
        """The reading of the training, with these steps; a cloud that only a step names is where all of it runs."""
        later = tuple(later_in(words) for words in self.later)
        return with_steps(replace(reading, unread=(*reading.unread, *self.foreign)), later)


def with_steps(reading: Reading, later: tuple[Later, ...]) -> Reading:
    """A training with the steps after it. A cloud that only a step names is where all of it runs."""
    placed = {key: value for key in ("cloud", "spot") if getattr(reading.intent, key) is None and (value := _first(later, key)) is not None}
    return replace(reading, intent=reading.intent.model_copy(update=placed), later=later)


def _first(later: tuple[Later, ...], key: str) -> object:
    return next((value for step in later if (value := getattr(step.intent, key)) is not None), None)


def later_in(words: str) -> Later:
    """What the words of a step say."""
    found = _read_step(words)
    verb = words.split()[0].lower()  # it made this a step
    return Later(words=words, intent=found.intent, notes=found.notes, unread=tuple(piece for piece in found.unread if piece.lower() != verb))


def _read_step(words: str) -> Reading:
    """The words by the reader; to answer the questions of a file is an inference where what is trained does it."""
    found = read(words)
    if found.intent.task is None and found.intent.dataset and compiled(_ANSWERS).search(words):
        return replace(found, intent=found.intent.model_copy(update={"task": "infer"}))
    return found


def steps_in(text: str) -> Steps | None:
    """The parts of a request for a training and steps on what it gives; None for any other request."""
    if len(text) > _LENGTH or not any(word in text.lower() for word in _QUICK):
        return None
    places = list(compiled(_STEP).finditer(text))
    if not places:
        return None
    training, later, foreign = text[: places[0].start()].strip(), list[str](), list[str]()
    for match, end in zip(places, [*(m.start() for m in places[1:]), len(text)], strict=True):
        words = text[match.start("step") : end].strip()
        said = _read_step(words).intent
        is_step, is_bare = _is_step(words, match["link"], said), compiled(_ALONE).fullmatch(words) is not None
        if not (is_step or is_bare) and _is_vague(match, words, said):
            foreign.append(words)
        elif not later and not is_step:
            training += text[match.start() : end].rstrip()
        elif is_step or is_bare:
            later.append(words.rstrip(" .;,"))
        elif said.model:
            foreign.append(words)
        else:
            later[-1] += text[match.start() : end].rstrip()
    if not (later or foreign) or read(training).intent.task != "train":
        return None
    return Steps(training=training, later=tuple(later), foreign=tuple(foreign))


def _is_vague(match: re.Match[str], words: str, said: Intent) -> bool:
    """True for a step that comes after and of which no config can be made: `then test on test.jsonl` names no benchmark, and no data to train on."""
    comes_after = compiled(_AFTER).search(match["link"]) is not None and compiled(_DURING).search(words) is None
    return match["verb"].lower() in _VAGUE and comes_after and said.task in (None, "evaluate") and said.model is None


def _is_step(words: str, link: str, said: Intent) -> bool:
    """True for words that ask for an evaluation, an inference or a quantization of what is trained, and of no other model, or for a judge of its answers."""
    if compiled(_DURING).search(words):
        return False
    if said.task == "judge":
        return compiled(_JUDGED).search(words) is not None or compiled(_AFTER).search(link) is not None
    if said.task not in STEP_TASKS or said.model:
        return False
    names_result = compiled(_RESULT).search(words) is not None
    says_how = bool(said.benchmarks if said.task == "evaluate" else said.engine)
    asks = said.task == "infer" and said.dataset is not None
    return names_result or says_how or (compiled(_AFTER).search(link) is not None and (asks or compiled(_ASKS).search(words) is not None))
