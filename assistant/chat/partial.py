"""A yes to a part of what was offered: "yes, the GPUs", "yes but keep the rank"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from assistant.chat.hearing import MACHINE_KEYS, Change, heard
from assistant.chat.merging import changed_keys, merged
from assistant.chat.nouns import field_of, key_of
from assistant.chat.state import State
from assistant.core.errors import UsageError
from assistant.core.intent import Intent

_KEPT = re.compile(
    r"^\W*(?:(?:but|and|please|only|just|take|do|(?:all|everything|all of (?:it|that))(?=\s+(?:except|without|minus)))[\s,]+)*(?:keep(?:ing)?|leave|leaving|not|without|(?:all|everything|all of (?:it|that))\s+but(?: not)?|except(?:ing)?(?: for)?|minus|do ?n[o']?t (?:change|touch|take|use)|skip)\s+"
    r"(?P<what>.+?)(?:\s+(?:as (?:it|they|that) (?:is|was|are|were)|alone|the same|unchanged|as before|out|please|though))*\W*$",
    re.IGNORECASE,
)
_ONLY = re.compile(r"^\W*(?:(?:but|and|please|with|only|just|for|on|take|do|use|change)\b[\s,]*)*", re.IGNORECASE)
_ALSO_ONLY = re.compile(r"\s+(?:only|alone|part|bit|please|then)\W*$", re.IGNORECASE)
_THE = re.compile(r"^(?:(?:the|that|those|my|a|an|present|current|old|new|longer|bigger|smaller|more)\s+)+", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|;|&|\band\b|\bnor\b|\bor\b)\s*", re.IGNORECASE)


_PARTLY = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|well|hm+|please|take|do|use|i want|i'?d like|let'?s (?:do|take))[\s,]+)*"
    r"(?:(?:only|just)\s+(?:take |do |use |change )?(?:the |that |those )?\w|(?:all|everything|all of (?:it|that))[\s,]+(?:but|except|without|minus)\b|(?:the )?[\w ]{2,30}?\s+(?:only|alone)\W*$)",
    re.IGNORECASE,
)


def partly(line: str) -> str | None:
    """The words of a line that takes a part of an offer without a yes: `only the epochs`, `all but the rank`; None for others."""
    return line if len(line) <= _LONGEST and _PARTLY.match(line) else None


_LONGEST = 200
"""Characters of a choice: what is longer is pasted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What of an offer is taken: a change of what stood before it; None where the words name nothing of the offer."""

    change: Change | None


def part_of(stands: State, offered: State, words: str) -> Part | None:
    """The part of an offer that a yes is for; None where the words name no part of it and are something else to say.

    Raises:
        UsageError: a field that Oumi does not have, or a value that it cannot take.
    """
    changed = _names(stands.intent, offered.intent)
    if kept := _KEPT.match(words):
        named = _named(kept.group("what"), offered, changed)
        return Part(change=_keeping(stands, _taking(stands, offered, changed - named), named) if named is not None else None)
    named = _named(_ALSO_ONLY.sub("", _ONLY.sub("", words)), offered, changed)
    if not named or not named & changed:
        return None
    return Part(change=_taking(stands, offered, changed & named))


def _names(before: Intent, after: Intent) -> frozenset[str]:
    """Keys and dotted fields whose value differs."""
    keys = {key for key in changed_keys(before, after) if key != "overrides"}
    old, new = before.overrides or {}, after.overrides or {}
    return frozenset(keys | {path for path in (*old, *new) if old.get(path) != new.get(path)})


def _named(words: str, offered: State, changed: frozenset[str]) -> frozenset[str] | None:
    """What all pieces of the words name, by noun (`the rank`) or by the offer's own value (`the H100`); None where one names nothing."""
    found: set[str] = set()
    for piece in filter(None, (_THE.sub("", part.strip()) for part in _AND.split(words))):
        names = _by_noun(piece) or _by_value(piece, offered, changed)
        if not names:
            return None
        found |= names
    return frozenset(found)


def _by_noun(piece: str) -> set[str]:
    noun = piece.strip(" .!")
    key = key_of(noun) or field_of(noun)
    batches = {"global_batch_size", "micro_batch_size"}
    return set(MACHINE_KEYS) if key in MACHINE_KEYS else batches if key in batches else {key} if key else set()


def _by_value(piece: str, offered: State, changed: frozenset[str]) -> set[str]:
    """What the piece says, where all of it is what was offered or what stood."""
    try:
        said = heard(piece, offered.context)
    except UsageError:
        return set()
    values = {key: value for key, value in said.said.model_dump().items() if value is not None and key not in ("task", "overrides")}
    values |= said.said.overrides or {}
    now = {**offered.intent.model_dump(), **(offered.intent.overrides or {})}
    if said.is_empty or said.unread or said.conflicts or any(now.get(key) != value for key, value in values.items()):
        return set()
    names = set(values) & changed
    return names | set(MACHINE_KEYS) if names & set(MACHINE_KEYS) else names


_OTHERWISE = ("epochs", "sequence_length", "learning_rate", "global_batch_size")
"""Keys whose default hangs on what is trained and for what: kept, they are what the plan had."""


def _keeping(stands: State, change: Change, named: frozenset[str]) -> Change:
    """The change with what is to be kept as it is planned now, where nobody said it: full training has other epochs than LoRA by itself."""
    is_another = change.said.objective is not None or ((change.said.method or stands.intent.method) != stands.intent.method and "full" in (change.said.method, stands.intent.method))
    plan = stands.config.plan if stands.config is not None and is_another else None
    kept = {key: getattr(plan, key) for key in _OTHERWISE if key in named and getattr(stands.intent, key) is None} if plan is not None else {}
    return replace(change, said=merged(change.said, Intent.model_validate(kept)))


def _taking(stands: State, offered: State, names: frozenset[str]) -> Change:
    """The change that makes only these of the offer."""
    after = offered.intent.model_dump()
    overrides = {path: value for path, value in (offered.intent.overrides or {}).items() if path in names}
    said = {key: after[key] for key in names if after.get(key) is not None}
    gone = frozenset(key for key in names if key in after and after[key] is None)
    paths = frozenset(path for path in stands.intent.overrides or {} if path in names and path not in overrides)
    notes = tuple(note for note in offered.notes if note not in stands.notes and note.field in names)
    return Change(said=Intent.model_validate({**said, "overrides": overrides or None}), gone=gone, paths=paths, notes=notes)
