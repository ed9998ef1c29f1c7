"""Which of the models named in a request it is about."""

from __future__ import annotations

import re
from typing import Any

from assistant.catalogue.models import find_model, stated_choices
from assistant.catalogue.names import fold
from assistant.reader.clashes import faulted
from assistant.reader.names import Named, base_sibling, is_family, is_hosted, resolve
from assistant.reader.page import Page
from assistant.reader.patterns import compiled
from assistant.reader.sizes import bare_size


def pick_model(
    ids: list[Named], named: list[Named], page: Page, notes: list[tuple[str, Any, str]], base: bool, *, task: str | None = None
) -> str | None:
    """The model to act on: a catalogue id typed in full, then a name, then an unknown id or name."""
    ordered = sorted([*ids, *named], key=lambda n: n.start)
    wanted = [n for n in ordered if not _is_denied(page, n)]
    if task in ("train", "tune"):
        wanted = _trained(wanted, page)
    if ordered and not wanted and compiled(r"\bnot\s+(?:the |a )?$").search(page.original[max(0, ordered[0].start - 8) : ordered[0].start]):
        return None
    ordered = wanted or ordered
    if not ordered:
        return _only_size(page, notes)
    if compiled(r"\bdistil|\bteacher\b|\bgkd\b").search(page.original) and (target := _student(ordered, page)):
        return target
    known = [n for n in ordered if n.known] or ordered
    corrected = page.correction
    chosen = known[-1] if corrected and known[-1].start > corrected.start() else known[0]
    chosen = _told_apart(chosen, ids, page)
    if not chosen.known and (joined := _with_size(chosen, page)):
        return joined
    if chosen.why:
        notes.append(("model", chosen.id, chosen.why))
    typed_in_full = any(n is chosen for n in ids)
    return base_sibling(chosen.id) if base and not typed_in_full and not is_hosted(chosen.id) else chosen.id


def adapter_beside(model: str | None, names: list[Named], page: Page) -> tuple[str | None, list[str]]:
    """(the adapter that goes onto the model, other models that were named and are not run).

    An adapter is a folder or an id that is called one, or any where the model is called its base: `llama 3.1 8b with the adapter in
    out/a`, `out/a, base is llama 3.1 8b`.
    """
    others = [n for n in names if not n.known and n.id != model]
    if model is None or page.correction:
        return None, []
    on_base = any(n.id == model and compiled(_BASE_BEFORE).search(page.original[max(0, n.start - 24) : n.start]) for n in names)
    adapter = next((n for n in others if on_base or is_adapter(page.original, n.start, n.end)), None)
    return (adapter.id if adapter else None), [f"{n.id} (one model is run: {model.split('/')[-1]})"[:80] for n in others if n is not adapter]


def is_adapter(text: str, start: int, end: int) -> bool:
    """True where the words around a name call it an adapter: `the lora in out/a`, `out/a (adapter)`."""
    before, after = text[max(0, start - 40) : start], text[end : end + 30]
    return compiled(_ADAPTER_BEFORE).search(before) is not None or compiled(_ADAPTER_AFTER).match(after) is not None


_BASE_BEFORE = r"\b(?:base(?: model)?(?: is| was|:|=)?|on top of|onto|atop|over)\s*(?:the |a )?$"
_ADAPTER_BEFORE = r"(?:\badapters?\b|\blora(?: weights)?\b)(?:[ _](?:model|path|weights|folder|dir|name_or_path))?(?:\s+(?:is|are|in|at|from|under|named|called)|\s*[:=])*\s+[\"'`]?$|\badapter_model[:=]\s*$"
_ADAPTER_AFTER = r"[\"'`]?\s+(?:(?:q?lora|peft)\s+)?adapters?\b|[\"'`]?\s+(?:as|is)\s+(?:the|my|an?)\s+(?:(?:q?lora|peft)\s+)?adapter\b|[\"'`]?\s*\(\s*(?:(?:q?lora|peft)\s+)?adapter\s*\)"


_RIVAL = r"\b(?:beats?|outperforms?|surpass|than|like|imitate|mimic|replaces?|against|versus|vs\.?|compared (?:to|with)|tokenizer of|outputs? (?:of|from)|answers (?:of|from)|(?:written|generated|made|produced) (?:by|with)|we (?:run|have|use|serve))\s+(?:the |an? |our )?$"
_RIVAL_BEHIND = r"(?:'s)?(?:\s+|-)(?:style|outputs?|answers|responses|generations|traces|completions|tokenizer|in production|did|does|was|is (?:too|already))\b"


def _trained(names: list[Named], page: Page) -> list[Named]:
    """Those that may be what is trained, where others are named to compare with, or answer behind an API."""
    own = [n for n in names if not is_hosted(n.id) and not compiled(_RIVAL).search(page.original[max(0, n.start - 30) : n.start]) and not compiled(_RIVAL_BEHIND).match(page.original, n.end)]
    return own or names


def _told_apart(chosen: Named, ids: list[Named], page: Page) -> Named:
    """The folder or id, where the name beside it says no more than the family: `my finetuned qwen at out/q7`."""
    ids = [n for n in ids if not is_adapter(page.original, n.start, n.end)] if chosen.known else ids
    is_open = chosen.why is not None or (not chosen.known and is_family(chosen.id))
    return ids[0] if is_open and ids and not any(n is chosen for n in ids) else chosen


def _with_size(named: Named, page: Page) -> str | None:
    """A family and the size that stands apart from it: `a small qwen 2.5 (the 1.5b)`."""
    size = bare_size(page.text) if is_family(re.split(r"[\s\d.\-]", named.id)[0]) else None
    if size is None:
        return None
    found = resolve(f"{named.id} {size[0]}", base=False)
    if found is None:
        return None
    page.find(re.compile(rf"(?<![\w.\-]){re.escape(size[0])}(?![\w.\-])"))
    return found[0]


def other_models(names: list[Named], model: str | None, page: Page) -> list[str]:
    """Models that were named beside the one to train."""
    if page.correction:
        return []
    picked = next((n for n in names if n.id == model or base_sibling(n.id) == model), None)
    family = (model or "").split("/")[-1]
    others = [n for n in names if n is not picked and n.id != model and fold(n.id) not in fold(family) and not _is_denied(page, n) and base_sibling(n.id) != model]
    return [f"{page.original[n.start : n.end].strip()} (one model is trained: {family})"[:80] for n in others]


def _only_size(page: Page, notes: list[tuple[str, Any, str]]) -> str | None:
    """A size alone names no model, unless only one comes in it."""
    for match in compiled(r"(?<![\w.\-])\d{1,4}(?:\.\d+)?b\b").finditer(page.text):
        choice = find_model(match.group()) if fold(match.group()) in stated_choices() else None
        if choice is not None:
            page.take(*match.span())
            notes.append(("model", choice.id, choice.why or ""))
            return choice.id
    return None


def _is_denied(page: Page, name: Named) -> bool:
    before = page.original[max(0, name.start - 18) : name.start]
    denied = bool(re.search(r"(?:\binstead of|\bnot|\brather than|\binto|\b(?:trained|tuned) from|\bteacher(?: is|:)?)\s*(?:the |a )?$", before, re.IGNORECASE)) and "into" not in before
    return denied or faulted(page.original, name.end)


def _student(names: list[Named], page: Page) -> str | None:
    """In distillation the student is what is trained: after `into`, or before `from`."""
    for name in names:
        before = page.original[max(0, name.start - 14) : name.start].lower()
        if re.search(r"\b(?:into|to|student(?: is|:)?)\s*(?:a |the )?$", before):
            return name.id
    taught = [n for n in names if re.match(r"\s*as (?:a |the )?student|\s*(?:is )?the student", page.original[n.end :], re.IGNORECASE)]
    if taught:
        return taught[0].id
    teaches = [n for n in names if re.match(r"\s*(?:as|is) (?:a |the )?teacher", page.original[n.end :], re.IGNORECASE)]
    teacher = teaches or [n for n in names if re.search(r"\b(?:from|teacher(?: is|:)?|distil\w*)\s*(?:a |the )?$", page.original[max(0, n.start - 16) : n.start], re.IGNORECASE)]
    rest = [n for n in names if n not in teacher]
    return rest[0].id if teacher and rest else None
