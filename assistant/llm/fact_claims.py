"""Whether one sentence says nothing but what a plan's facts hold: words, figures, choices, verdicts and causes, each checked."""

from __future__ import annotations

import re

from assistant.llm.fact_causes import asked_fault, cause_fault
from assistant.llm.fact_figures import Labels, figure_fault
from assistant.llm.fact_reading import (
    CLAUSE,
    PHASES,
    VERB_NO,
    Read,
    clause_at,
    half_at,
    is_denied,
    read_sentence,
    tagged,
)
from assistant.llm.fact_shapes import is_said_so, surrounds_figures
from assistant.llm.fact_terms import MENTIONS
from assistant.llm.fact_verdicts import FIT, MOST, compare_fault, fit_fault, peak_fault
from assistant.llm.fact_words import NEUTRAL
from assistant.llm.facts import KEEPING, Facts

_ODD_NO = re.compile(r"\bnot (?:only|just|merely|simply|all|every|necessarily)\b|\bno (?:doubt|wonder|question)\b")
_WOULD = re.compile(r"\b(?:would|could)\b")
_WORD = re.compile(r"[a-z][a-z'’_-]*")
_NOUNS = {
    "8bit": (r"\boptimi[sz]er|\bstates\b|\badamw\b", r"\bweights\b|\bgradients\b|\bactivations\b|\bmodel\b"),
    "32bit": (r"\bstates\b", r"\bweights\b|\bgradients\b|\bactivations\b|\bmodel\b"),
    "quantised": (r"\bweights\b|\bmodel\b|\bbase\b|\bqlora\b", r"\boptimi[sz]er\b|\bstates\b|\bgradients\b|\bactivations\b"),
    "16bit": (r"\bweights\b|\bcomput\w+\b|\btrain\w*\b", r"\boptimi[sz]er\b|\bstates\b"),
    "bf16": (r"", r"\boptimi[sz]er\b|\bstates\b"), "fp16": (r"\bautocast\b|\bcomput\w+\b", r"\boptimi[sz]er\b|\bstates\b"), "fp32": (r"", r"\bgradients\b"),
    "zero2": (r"", r"\bweights\b|\bparameters\b"),
}  # fmt: skip
"""What a number format must stand with, and what it must not."""
_ASSUMABLE = {"sequence_length": r"\bsequence length\b|\btokens\b|\bcontext\b", "dataset": r"\bdata(?:set)?\b", "model": r"\bmodel\b", "gpu": r"\bgpus?\b"}
_NEEDS_TERM = (
    (r"\b(?:holds?|held|holding|stores?|stored|storing|contains?)\b", frozenset({"copy", "quantised", "offload", "frozen", "8bit", "sharded", "zero2", "zero3", "fsdp"})),
    (r"\bkeep(?:s|ing)?\b|\bkept\b", frozenset({"copy", "quantised", "offload", "frozen", "8bit", "kept", "checkpointing", "adapters", "lora", "liger", "sharded", "fsdp", "32bit"})),
    (r"\b(?:stay|stays|stayed|remain|remains)\b", frozenset({"frozen", "offload", "kept", "quantised"})),
    (r"\b(?:needs?|requires?)\b", frozenset({"fused", "torchrun", "gated", "accumulation", "sharded", "offload", "checkpointing", "fsdp", "ddp", "adamw"})),
)
"""Verbs that say little by themselves, and the terms of which they may be said without a figure."""
_STATES_LIST = r"(?:weights|gradients|optimizer states)(?:, (?:the )?(?:weights|gradients|optimizer states))*,? and (?:the )?(?:weights|gradients|optimizer states)(?= (?:<sharded>|over|across|are <sharded>|wait))"


def fault(sentence: str, facts: Facts) -> str:
    """What is wrong with a sentence, in a few words; empty where nothing is."""
    read = read_sentence(sentence, facts)
    return read.fault or next((wrong for check in _CHECKS if (wrong := check(read, facts))), "")


_NO = re.compile(r"\b(?:no|without)\b(?! (?:more than|<))")
_NOT_TOLD = re.compile(r"\b(?:does not|do not|would not|could not|cannot|will not|doesn't|don't|wouldn't|can't) (?:fit|exceed)\b|\bnot (?:enough|used|chosen)\b")


_UNUSED = re.compile(r"\b(?:not|never) (?:used|chosen|taken|set|planned|kept)\b")


def _denied_figure_fault(read: Read, facts: Facts) -> str:
    """A figure or a name in a clause that denies something other than that a thing fits or is used."""
    clauses = [clause for clause in CLAUSE.split(tagged(read, facts)) if clause and re.search(r"<(?:n|name|gpu)>", clause)]
    figures = [clause for clause in clauses if "<n>" in clause]
    if any(_UNUSED.search(clause) for clause in figures):  # FSDP may be "not used"; a value that the plan has is
        return "a figure denied"
    return "a figure denied" if any(VERB_NO.search(_NOT_TOLD.sub(" ", clause)) or _NO.search(clause) for clause in clauses) else ""


def _figures_fault(read: Read, facts: Facts) -> str:
    labels = Labels.of(read.text, facts, read.others)
    return next((wrong for one in read.numbers if (wrong := figure_fault(one, read.numbers, read.text, labels, facts))), "")


def _words_fault(read: Read, _: Facts) -> str:
    text, covered = read.text, read.covered
    for match in _WORD.finditer(text):
        if all(covered[match.start() : match.end()]):
            continue
        if any(covered[match.start() : match.end()]):
            return f"a word run together: {match.group()}"
        word = match.group().strip("'-")
        if word not in NEUTRAL and word.removesuffix("'s") not in NEUTRAL:
            return f"a word outside the facts: {word}"
    rest = "".join(" " if covered[i] else c for i, c in enumerate(text))
    return "a figure that was not read" if re.search(r"\d|(?<!\w)\$|\w[/.=]\w|--", rest) else ""

def _terms_fault(read: Read, facts: Facts) -> str:
    text = read.text
    if _ODD_NO.search(text):
        return "a negation that cannot be read"
    for one in read.terms:
        if one.term in ("asked", "recipes") or any(start <= one.start < end for start, end, _ in read.others):
            continue
        denied = is_denied(text, one.start)
        supposed = _WOULD.search(text[slice(*clause_at(text, one.start))]) is not None
        if one.term in facts.used:
            if denied or (supposed and one.term not in MENTIONS | facts.named):
                return f"denies {one.term}"
        elif one.term == "copy":
            shared = "sharded" in facts.used and re.search(r"\bshar\w+ (?:a |one )?(?:whole |single |full )*cop(?:y|ies)$", text[: one.end])
            if not denied and not supposed and not shared:
                return "a copy that there is not"
        elif not denied and not (supposed and one.term in facts.named):
            return f"claims {one.term}"
    return ""

def _bits_fault(read: Read, facts: Facts) -> str:
    text = read.text
    for one in read.terms:
        needed, barred = _NOUNS.get(one.term, ("", ""))
        clause = text[slice(*clause_at(text, one.start))]
        if one.topic == "precision" and "quantised" in facts.used and re.search(r"\bweights\b", clause):
            return "weights in another format"
        if (needed and not re.search(needed, clause)) or (barred and re.search(barred, clause)):
            return f"{one.term} of the wrong thing"
    return ""

def _train_fault(read: Read, facts: Facts) -> str:
    """With adapters the weights do not train; without, nothing is frozen (the terms see to that)."""
    text, terms, numbers = read.text, read.terms, read.numbers
    if facts.full:
        return ""
    for match in re.finditer(r"\b(?:train(?:s|ed|ing|able)?|tun(?:es|ed|ing)|update[sd]?|updating|move[sd]?)\b", text):
        clause = half_at(text, match.start())
        only = any(one.term in ("adapters", "frozen", "lora", "qlora") for one in terms) or any(one.unit in ("params", "%") for one in numbers)
        if re.search(r"\b(?:weights|parameters|layers)\b", clause) and (not only or re.search(r"\bweights\b|\blayers\b", clause)) and not re.search(r"\bfr(?:ozen|ee[sz])", clause):
            return "weights that do not train"
        if re.search(r"\btrain(?:s|ed|ing)? (?:the |its |this )?(?:model|base)\b", clause) and re.search(r"\b(?:full|fully|whole|entire|itself|directly)\b", clause):
            return "weights that do not train"
    return ""

def _place_fault(read: Read, facts: Facts) -> str:
    """What is unknown, where offloaded states are, and what becomes of experts."""
    text = read.text
    if re.search(r"\b(?:not|un)[ -]?(?:yet )?known\b", text) and (facts.time_known or not re.search(r"\btime\b|\bcosts?\b|\blong\b|\bprice\b", text)):
        return "unknown, which it is not"
    if re.search(r"(?<!in the )(?<!at the )(?<!during the )(?<!in )\bloss\b", text) and not re.search(r"\bpeak", text):
        return "a loss that nobody knows"
    if "assumed" in text:
        named = {one for one, words in _ASSUMABLE.items() if re.search(words, text)}
        if not named or not named <= facts.assumed:
            return "assumed, which it was not"
    if "offload" in facts.used and not FIT.search(text) and re.search(r"\b(?:on|in) (?:the |each |every |all )?gpus?\b|\beach gpu (?:holds|keeps|stores)\b", text) and re.search(r"\bstates?\b|\bweights\b|\bgradients\b", text):
        return "states that are not on the GPU"
    experts = "expert" in text and re.search(r"\btrain\w*\b|\badapters?\b|\blora\b", text)
    if experts and facts.leaves_experts and not re.search(r"\bleaves?\b|\bleft out\b|\bfrozen\b|\buntouched\b|\bnot\b", text):
        return "experts that do not train"
    if re.search(r"\ball\b(?! (?:of )?(?:the |its )?(?:\d|activations|gpus|parameters|weights|\w+ gpus))(?<!in all)", text):
        return "all of what"
    return ""

def _verb_fault(read: Read, facts: Facts) -> str:
    """Clauses without a figure: what holds, keeps, stays or needs something must be known to."""
    text, terms, numbers = read.text, read.terms, read.numbers
    if re.search(r"\bout of\b(?! (?:the )?\d)|\bno (?:time|room|headroom|memory)\b", text):
        return "out of what there is"
    if re.search(r"\btemporary cop", text) and not re.search(r"\b(?:no|without a?) ?temporary cop", text):
        return "a temporary copy"
    if re.search(r"\bcop(?:y|ies) of (?!(?:the |its )?(?:model|weights|states|plan)\b(?! of))", text):
        return "a copy of what"
    if re.search(r"\bparts?\b", text) and not MOST.search(text):
        return "a part of what"
    for verb, may in _NEEDS_TERM:
        for match in re.finditer(verb, text):
            left, right = clause_at(text, match.start())
            if any(left <= one.start < right for one in numbers) or re.search(KEEPING, text[left:right]) or "upper bound" in text[left:right] or re.search(r"\b(?:would|could)\b", text[left:right]):
                continue
            known = facts.used | frozenset(one.term for one in terms if is_denied(text, one.start))
            if not any(one.term in may and one.term in known for one in terms if left <= one.start < right):
                return f"{match.group()}: not known of that"
    for one in (one for one in terms if one.term == "frozen"):
        clause = text[slice(*clause_at(text, one.start))]
        if not re.search(r"\bweights\b|\bmodel\b|\bparameters\b|\bencoder\b|\bexperts\b", clause) or (re.search(r"\badapters\b", clause) and not re.search(r"\btrain", clause)):
            return "frozen: not that"
    return ""

def _subject_fault(read: Read, _: Facts) -> str:
    """A sentence that names nothing of the plan says nothing that could be checked."""
    text = read.text
    told = read.terms or read.numbers or read.named or FIT.search(text) or MOST.search(text) or (re.search(PHASES, text) and "peak" in text) or "known" in text
    return "" if told else "names nothing of the plan"

def _shape_fault(read: Read, facts: Facts) -> str:
    """Each clause has a form that may be said, or states figures."""
    listed = re.sub(_STATES_LIST, "states", tagged(read, facts))
    for clause in CLAUSE.split(listed):
        if clause is None or not re.search(r"\w", clause):
            continue
        if not (is_said_so(clause) or ("<n>" in clause and surrounds_figures(clause))):
            return f"a form that says more than the facts: {clause.strip()}"
    return ""


_CHECKS = (
    _words_fault, _figures_fault, _denied_figure_fault, _terms_fault, _bits_fault, fit_fault, compare_fault, peak_fault, _train_fault, _place_fault, asked_fault,
    cause_fault, _verb_fault, _subject_fault, _shape_fault,
)  # fmt: skip
