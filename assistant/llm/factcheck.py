"""A streamed explanation, sentence by sentence: what the facts hold passes, what they do not is told by the plan's own words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from assistant.builder.prose_answers import answer, value_text
from assistant.builder.prose_why import why_text
from assistant.core.outcome import Outcome
from assistant.llm.fact_claims import fault
from assistant.llm.fact_terms import COMPILED, MENTIONS
from assistant.llm.facts import Facts
from assistant.reader.asking import Asking, subject_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One sentence to show; `replaced` where it is the plan's own wording for one that failed, `fault` being why."""

    text: str
    replaced: bool = False
    fault: str = ""


_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?|\x9b[0-?]*[ -/]*[@-~]")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "−": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "*": None, "#": None, "•": None})
_ENDS = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=\S)|\s*\n+\s*")
_ABBREVIATIONS = re.compile(r"(?:\b(?:e\.g|i\.e|approx|vs|etc|cf|incl|resp|no|fig|eq|dr|mr|ca)|\b[a-z])\.$", re.IGNORECASE)
_LIST = re.compile(r"^\s*(?:[-+>]\s+|\d{1,2}[.)]\s+)+")
_LONGEST = 500
"""Characters of one sentence; what goes on longer is no explanation."""


def cleaned(text: str) -> str:
    """The text as it is checked and shown: no escapes, control or invisible characters, no markdown, plain quotes and dashes."""
    text = _ESCAPES.sub("", text)
    text = "".join(c for c in text if c == "\n" or unicodedata.category(c)[0] != "C")
    return unicodedata.normalize("NFKC", text).translate(_PLAIN)


def sentences_in(deltas: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """(sentence, whether it is finished) as soon as each is complete; a tail without an end is not."""
    waiting = ""
    for delta in deltas:
        waiting += delta
        while (cut := _cut(waiting)) is not None:
            sentence, waiting = waiting[: cut[0]], waiting[cut[1] :]
            if sentence.strip():
                yield sentence.strip(), True
        if len(waiting) > 4 * _LONGEST:
            yield waiting.strip(), False
            waiting = ""
    if waiting.strip():
        yield waiting.strip(), waiting.rstrip().endswith((".", "`.", '."'))


def _cut(text: str) -> tuple[int, int] | None:
    """Where the first sentence ends and the next begins; None while that is open."""
    for match in _ENDS.finditer(text):
        if match.end() == len(text) and "\n" not in match.group():
            return None
        head = text[: match.start()]
        if "\n" not in match.group() and (_ABBREVIATIONS.search(head.rstrip("\"')]")) or _LIST.fullmatch(head.strip() + " ") or head.count("`") % 2):
            continue
        return match.start(), match.end()
    return None


def checked(deltas: Iterable[str], facts: Facts, instead: Callable[[str], str]) -> Iterator[Checked]:
    """The sentences of a stream that the facts hold, and for each other one `instead(sentence)`, told once.

    `instead` gives the plan's own wording on the same topic; an empty one drops the sentence. Beside a
    replacement, what tells no figure and no choice but those of the sentence before it is dropped too.
    """
    said: set[str] = set()
    last: Checked | None = None
    for raw, finished in sentences_in(deltas):
        if raw.lstrip().startswith("#"):
            continue
        sentence = " ".join(_LIST.sub("", cleaned(raw)).split())
        if not re.search(r"\w", sentence):
            continue
        wrong = _fault(sentence, facts, finished=finished)
        text = instead(sentence).strip() if wrong else sentence
        key = text.lower()
        if not text or key in said:
            continue
        said.add(key)
        one = Checked(text=text, replaced=bool(wrong), fault=wrong)
        if last is not None and (one.replaced or last.replaced) and _tells_again(text, last.text):
            continue
        last = one
        yield one


_FIGURE = re.compile(r"\$?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?%?")


def _tells_again(text: str, before: str) -> bool:
    """True where a text has figures, each of which stood before it, and names no choice that did not."""
    figures, choices = _content(text)
    known_figures, known_choices = _content(before)
    return bool(figures) and figures <= known_figures and choices <= known_choices


def _content(text: str) -> tuple[set[str], set[str]]:
    """The figures and the choices that a text names."""
    lower = text.lower()
    return set(_FIGURE.findall(lower)), {term for term, (_, pattern) in COMPILED.items() if term not in MENTIONS and pattern.search(lower)}


def _fault(sentence: str, facts: Facts, *, finished: bool) -> str:
    if not finished:
        return "an unfinished sentence"
    if len(sentence.split()) < 2:
        return "not a sentence"
    if len(sentence) > _LONGEST:
        return "too long"
    if not sentence.rstrip("\"')").endswith(".") and re.search(r"[!?]$|:$", sentence):
        return "not a statement"
    return fault(sentence, facts)


def wording_for(outcome: Outcome) -> Callable[[str], str]:
    """What to say instead of a sentence: the plan's own words on the field that it names; nothing where it names none."""
    plan = outcome.plan

    def instead(sentence: str) -> str:
        if plan is None:
            return ""
        subject = subject_of(sentence)
        if subject in ("time", "cost"):
            return answer(Asking(topic=subject, subject=subject, text=sentence), outcome)  # type: ignore[arg-type]
        if subject in ("memory", "does_not_fit"):
            return value_text("memory", plan)
        return why_text(subject, plan) or value_text(subject, plan)

    return instead
