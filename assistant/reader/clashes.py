"""Words that contradict each other, or ask for what no config does: each becomes a question."""

from __future__ import annotations

import re
from typing import Any

from assistant.core.values import Question
from assistant.reader import lexicon
from assistant.reader.page import Page
from assistant.reader.patterns import compiled

_CHOICES = ("SFT", "DPO", "KTO", "GRPO")
_ONE_OF = (("DPO", r"\bdpo\b(?!-)"), ("KTO", r"\bkto\b(?!-)"), ("GRPO", r"\bgrpo\b(?!-)"), ("GKD", r"\bgkd\b(?!-)"))
_JOINED = r"[\s,]*(?:and|then|followed by|or|with|before|after|\+|/|&)[\s,]*(?:then |an? |do )*"
_LATER = r"(dpo|kto|grpo|gkd)"
_STAGES = rf"\bsft\b{_JOINED}{_LATER}\b|\b{_LATER}\b{_JOINED}sft\b"
_EXPLAIN = r"^\W*(?:(?:and|but|so|ok|hm+)\W+)*(why|explain|what(?:'?s| is| are| does)|how (?:does|is|are))\b"


def affirmed(text: str, pattern: str) -> bool:
    """True when the pattern occurs without a negation right before it."""
    return any(affirmed_at(text, match) for match in compiled(pattern).finditer(text))


def affirmed_at(text: str, match: re.Match[str]) -> bool:
    """True when no negation stands before the match, and no fault is found with it behind."""
    denied = compiled(rf"{lexicon.NEGATION}$")
    return not denied.search(text[max(0, match.start() - 25) : match.start()]) and not faulted(text, match.end()) and not listed(text, match)


_ITEM = r"(?!know|sure|care|mind|decide|idea|only|just)[\w.\-]+"
_LAST_LISTED = rf"{lexicon.NEGATION}(?:{_ITEM},\s*){{0,4}}{_ITEM}(?:\s*,)?\s+n?or\s+(?:with |without |on |in )?$"
_LISTED = rf"{lexicon.NEGATION}(?:{_ITEM},\s*){{1,4}}$"
_LISTED_BEHIND = r"(?:\s*,\s*[\w.\-]+){0,4}\s*,?\s+n?or\b"


def listed(text: str, match: re.Match[str]) -> bool:
    """True for one of several things that are not wanted: `without fsdp, deepspeed or ddp`."""
    before = text[max(0, match.start() - 60) : match.start()]
    if compiled(r"\bn?or\s+(?:\w+\s+)?$").search(before):
        return compiled(_LAST_LISTED).search(before) is not None
    return before.endswith((", ", ",")) and compiled(_LISTED).search(before) is not None and compiled(_LISTED_BEHIND).match(text, match.end()) is not None


def faulted(text: str, end: int) -> bool:
    """True where what ends there is said not to do: `ultrachat is too big`, `TPU not wanted`."""
    return compiled(lexicon.FAULT).match(text, end) is not None


_ABOUT = r"\b(?:how to|about|regarding)\s+(?:(?!on\b|in\b|using\b|with\b)[^\s,.;]+\s+){0,6}$"
_TOPIC = (
    r"\s+(?:support|customer|certification|exam|documentation|docs?|manuals?|guides?|articles?|tickets?|tutorials?|faqs?|questions?|logs|data(?:set)?s?|corpus|"
    r"calculus|functions?|expressions?|knowledge|books?|forums?|rainforest|reviews?|policies|terms|basin)\b"
)


def is_topic(text: str, start: int, end: int) -> bool:
    """True where a name is what rows are about, not where something runs: `on AWS support tickets`, `how to deploy kubernetes`."""
    return compiled(_TOPIC).match(text, end) is not None or compiled(_ABOUT).search(text[max(0, start - 80) : start]) is not None


def is_explanation(text: str, found: dict[str, Any]) -> bool:
    """True for a question about a word (`why nf4?`), which asks for no config; a request may stand behind another question."""
    asked = compiled(_EXPLAIN).search(text := text.lstrip())
    if asked is None:
        return False
    end = compiled(r"[?!.]+\s").search(text, asked.end())
    if end and any(compiled(pattern).search(text[end.end() :]) for _, pattern in (*lexicon.TASKS, *lexicon.METHODS)):
        return False
    return asked.group(1).lower() == "why" or not any(found.get(key) for key in ("model", "dataset", "gpu", "gpu_count"))


def ask_objective(page: Page, found: dict[str, Any], asks: list[Question]) -> None:
    """One objective at a time, and one that Oumi trains."""
    if page.correction:
        if "objective" in found and any(compiled(pattern).search(page.text) for _, pattern in _ONE_OF):
            found["objective"] = last_said(page, _ONE_OF).lower()
        return
    said = [name for name, pattern in _ONE_OF if affirmed(page.text, pattern)]
    if page.mentions("sft") and (stages := compiled(_STAGES).search(page.text)):
        said = list(dict.fromkeys(["SFT", *said, next(g for g in stages.groups() if g).upper()]))
    if len(said) > 1 and (chosen := _chosen(page.text)):
        found["objective"] = chosen
        return
    if len(said) > 1:
        found.pop("objective", None)
        text = f"The request names {' and '.join(said)}, and one config trains one objective. Which one is this for?"
        asks.append(Question(field="objective", text=text, choices=tuple(said)))
        return
    other = next((name for name, pattern in lexicon.OTHER_OBJECTIVES if affirmed(page.text, pattern)), None)
    if other is None or (said and other in ("RLHF", "reward modelling")):
        return
    found.pop("objective", None)
    text = f"This makes no config for {other}. Which objective instead: SFT on examples, DPO on preference pairs, KTO on thumbs up and down, or GRPO on rewards?"
    asks.append(Question(field="objective", text=text, choices=_CHOICES))


_CHOICE = (
    r"\b(?:chose|choose|picked|pick|selected|decided (?:on|for)|settled (?:on|for)|go(?:ing)? (?:with|for)|want|wanted|i'?d like|should be|use|prefer|start(?:ing)? with|only|just)\s+"
    r"(?:to (?:use|run|do|start with|try) )?(?:(?:plain|just|only|the|simple|a)\s+)*(?P<one>sft|dpo|kto|grpo|gkd)\b(?!-)(?!\s*(?:,|/|\+|&|and|or|then|followed by|plus|before)+\s*(?:then )?(?:sft|dpo|kto|grpo|gkd)\b)"
)
_COMPARED = r"\b(?:compar\w+|versus|vs\.?|reading (?:about|on)|read about|between|out of|of (?:sft|dpo|kto|grpo|gkd)\b|considered|weighed|thought about|in theory|options?|candidates|methods|papers?)\b"


def _chosen(text: str) -> str | None:
    """The one objective of several that is chosen, where the others are only compared with it."""
    if not compiled(_COMPARED).search(text):
        return None
    chosen = {match["one"].lower() for match in compiled(_CHOICE).finditer(text) if affirmed_at(text, match)}
    return chosen.pop() if len(chosen) == 1 else None


def ask_precision(page: Page, found: dict[str, Any], asks: list[Question]) -> None:
    """One precision at a time."""
    said = [value for value, pattern in lexicon.PRECISIONS if affirmed(page.text, pattern)]
    if len(said) < 2 or "precision" not in found:
        return
    if page.correction:
        found["precision"] = last_said(page, lexicon.PRECISIONS)
        return
    found.pop("precision")
    asks.append(Question(field="precision", text=f"The request names {' and '.join(said)}. Which one?", choices=tuple(said)))


def last_said(page: Page, table: tuple[tuple[str, str], ...]) -> str:
    """The value named last: where someone corrects himself, that is the one meant."""
    ends = [(m.start(), value) for value, pattern in table for m in compiled(pattern).finditer(page.text)]
    return max(ends)[1]


def ask_export(page: Page, task: str | None, asks: list[Question]) -> None:
    """Exporting is no config's work."""
    if task is None and page.has(compiled(lexicon.EXPORT)):
        text = "No config here exports or converts a model. Should it be trained, evaluated, served or quantized?"
        asks.append(Question(field="task", text=text, choices=("train", "evaluate", "infer", "quantize")))
