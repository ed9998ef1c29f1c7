"""Verdicts and comparisons in a sentence: what fits, what saves, what is largest, where the peak is."""

from __future__ import annotations

import re

from assistant.llm.fact_reading import IDIOMS, PHASES, VERB_NO, Read, clause_at, is_denied
from assistant.llm.facts import COPY, KEEPING, Facts

FIT = re.compile(
    r"\b(?P<yes>fit|fits|fitting|within|below|under|enough|stays? within|leaves room)\b|\b(?P<no>exceeds?|overflows?|beyond|too (?:large|big|much)|above|over|bigger than|larger than|more than|higher than)\b"
)
_SAVES = re.compile(r"\bsav(?:es?|ed|ing)\b|\b(?:less|fewer|smaller|lower|low|little|shorter|fraction)\b|\b(?:leaves|more|extra) room\b|\bfree(?:s|ing)\b")
_SAVERS = frozenset({"qlora", "quantised", "checkpointing", "lora", "adapters", "fsdp", "sharded", "zero2", "zero3", "8bit", "liger", "offload"})
_MORE = re.compile(r"\b(?:more|larger|bigger|longer|increase|extra|highest|most|mostly|mainly|main|largest|longest|smallest|shorter|short|long|very|fully|cheaper|exceed)\b")
MOST = re.compile(r"\b(?:largest|biggest|main|mainly|mostly|most of|highest)\b")
_PARTS = {
    "weights": r"\bweights\b", "gradients": r"\bgradients\b", "optimizer": r"\boptimi[sz]er(?: states)?\b", "activations": r"\bactivations?\b", "logits": r"\blogits?\b",
    "overhead": r"\boverhead\b",
}  # fmt: skip


def fit_fault(read: Read, facts: Facts) -> str:
    """A verdict that is not that of what it is said of."""
    text = read.text
    for match in FIT.finditer(text):
        if match.group() in ("over", "under", "below", "above", "within", "enough", "beyond") and not re.search(r"\d|gib|memory|gpu|usable", text[match.end() : match.end() + 30]):
            continue
        if re.match(r"(?:over|under|within) (?:the |a |each )?(?:\d+ |one |two )?(?:step|epoch|weights|gpus|nodes|adapters|vocabulary|data)", text[match.start() :]):
            continue
        if match.group() == "more than" and text[max(0, match.start() - 3) : match.start()] == "no ":
            continue
        left, right = clause_at(text, match.start())
        denied = (len(VERB_NO.findall(text[left:right])) + len(re.findall(r"\bno\b", text[left : match.start()]))) % 2 == 1
        said = (match.group("yes") is not None) != denied
        if any(truth != said for truth in _subjects(text, left, right, match.start(), facts)):
            return "a verdict that is not the plan's"
    return ""

def _subjects(text: str, left: int, right: int, place: int, facts: Facts) -> set[bool]:
    """Whether the things fit that this verdict may be about: what its clause names, else all that came before."""
    clause = text[left:right]
    named = [truth for pattern, truth in facts.verdicts if re.search(pattern, text[left:place])]
    if not named and text[:left].endswith("which"):
        named = [truth for pattern, truth in facts.verdicts if re.search(pattern, text[:left])]
    if named:
        return set(named)
    if re.search(r"\b(?:plan|run|training|config|configuration|setup|upper bound|this|that|method)\b", text[left:place]) or re.search(r"\b(?:upper bound|expected|usable)\b", clause):
        return {facts.fits}
    before = [truth for pattern, truth in facts.verdicts if re.search(pattern, text[:place])]
    if re.search(r"\b(?:model|one|weights)\b", text[left:place]):
        before += [truth for pattern, truth in facts.verdicts if pattern == COPY]
    if re.search(r"\b(?:one|they|them|those|states)\b", text[left:place]) and before:
        return set(before)
    return {facts.fits, *before}

def compare_fault(read: Read, facts: Facts) -> str:
    """Comparisons: saving needs something that saves, the largest part must be the largest; the rest is not told."""
    text, terms = read.text, read.terms
    bare = IDIOMS.sub(lambda match: " " * len(match.group()), text.replace("most common", "           "))
    used = {one.term for one in terms if one.term in facts.used and not is_denied(text, one.start)}
    if _SAVES.search(bare) and not (used & _SAVERS and not VERB_NO.search(bare)):
        return "a saving that is not the plan's"
    if MOST.search(bare):
        part = next((name for name, pattern in _PARTS.items() if re.search(pattern, bare)), "")
        named = [name for name, pattern in _PARTS.items() if re.search(pattern, bare)]
        if part != facts.largest or len(named) != 1 or VERB_NO.search(bare) or re.search(r"\bmostly\b|\bmost of\b", bare):
            return "not the largest part"
    for match in _MORE.finditer(bare):
        if match.group() in ("largest", "highest", "main", "mainly") and MOST.search(bare):
            continue
        if match.group() in ("more", "extra") and re.match(r"(?:more|extra) (?:forward|pass|room|than)", bare[match.start() :]):
            continue
        if match.group() in ("more", "larger") and re.match(r"larger micro-?batch", bare[match.start() :]):
            continue
        if match.group() == "long" and bare.endswith("long"):
            continue
        return f"a comparison that the plan does not hold: {match.group()}"
    if re.search(r"\bslow(?:er)?\b", bare) and ("offload" not in used or VERB_NO.search(bare)):
        return "a speed that the plan does not hold"
    if re.search(r"\blarger micro-?batch", bare) and not any("larger micro-batch" in quote for _, quote in facts.quotes):
        return "a comparison that the plan does not hold"
    if re.search(r"\b(?:more|extra) (?:forward|pass)", bare) and "checkpointing" not in used:
        return "recomputation that there is not"
    return ""

def peak_fault(read: Read, facts: Facts) -> str:
    """A peak, or a figure of the peak, in another phase; activations kept where they are recomputed."""
    text = read.text
    phases = re.findall(PHASES, text)
    if re.search(r"\bpeaks?\b|\bhighest\b|\breache[sd]\b|\bfullest\b|\bmaximum\b|\boccurs\b", text) and phases and set(phases) != {facts.peak}:
        return "a peak in another phase"
    if "gib" in text and phases and set(phases) != {facts.peak} and not re.search(r"\brecomput", text):
        return "a figure of another phase"
    for match in re.finditer(KEEPING, text):
        if "checkpointing" in facts.used and not re.search(r"\b(?:would|could|cannot|not)\b|n't\b", text[slice(*clause_at(text, match.start()))]):
            return "keeps what is recomputed"
    return ""
