"""Whose parameters a sentence counts: the model's, or those of the adapters that train; hardware has none."""

from __future__ import annotations

import re

from assistant.llm.fact_reading import CLAUSE, gpu_pattern, name_pattern
from assistant.llm.facts import Facts

_HAS = re.compile(r"(.*)\b(?:has|have|having|had|with|contains?|containing|includes?|including|consists? of|consisting of)(?: [a-z'-]+){0,5} $", re.DOTALL)
_HAS_FIRST = re.compile(r"\b(?:has|have|had|contains?|includes?|consists? of)\b")
_RELATIVE = re.compile(r"[\s,]+(?:which|that)(?: [a-z]+ly| itself| also)?$")
_BELONGS = re.compile(r"(.*?)(?:'s?|\bof)(?: (?:about|the|its|all|total|roughly|around))* $", re.DOTALL)
_OF = re.compile(r"\s*(?:parameters?|weights?)? ?(?:of|in|inside|from) (?:the |an? |one |each |every |all |this |its |two |four |eight )*")
_THINGS = r"gpus?|cards?|devices?|machines?|nodes?|vram|memory|cloud|batch|dataset|data|row|sequence|optimi[sz]er|plan|run|trainer"
_UNDER = re.compile(r"\b(?:on|in|for|with|to|of|by|per|across|over|from|onto|using|uses|use)(?: (?:the|a|an|one|each|every|all|both|two|four|eight|nvidia|\d+))*[ ×x]*$")


def owner_fault(start: int, end: int, text: str, facts: Facts, *, trainable: bool) -> str:
    """What is wrong with the owner of the parameters counted at this place; empty where it may have them.

    `trainable` is true where the count is that of what trains, which adapters may have as well.
    """
    before, after = text[:start], text[end:]
    owners = "|".join((*(name_pattern(name) for name in facts.models), "models?", "base", *(("adapters?", "qlora", "lora") if trainable else ())))
    things = "|".join((*(gpu_pattern(name) for name in facts.gpus), _THINGS))
    if (has := _HAS.fullmatch(before)) is not None:
        return "" if _may_have(has.group(1), before[len(has.group(1)) :], owners, things) else "parameters of what has none"
    belongs = _BELONGS.fullmatch(before)
    of = _OF.match(after)
    owned = (belongs is not None and re.search(rf"(?:{things})$", belongs.group(1).rstrip())) or (of is not None and re.match(rf"(?:nvidia |geforce )*(?:{things})\b", after[of.end() :]))
    return "parameters of what has none" if owned else ""


def _may_have(subject: str, verb: str, owners: str, things: str) -> bool:
    """True where what stands right before the verb may have parameters, and is no mere addition to something that has none."""
    relative = _RELATIVE.search(subject.rstrip())
    head = subject.rstrip()[: relative.start()] if relative else subject.rstrip()
    if not re.search(rf"(?:^|[\s`(])(?:{owners})`?$", head):
        return False
    if relative or not _HAS_FIRST.match(verb):
        return True
    clause = head[max((m.end() for m in CLAUSE.finditer(head)), default=0) :]
    return all(_UNDER.search(clause[: m.start()]) for m in re.finditer(rf"(?<!\w)(?:{things})(?!\w)", clause))
