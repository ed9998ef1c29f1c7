"""Words that point at what was said before: "the 70b", "80GB ones", "4 of them", "the first dataset"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from assistant.catalogue.families import family_in, next_in_size, other_variant, sibling
from assistant.catalogue.gpus import in_memory
from assistant.catalogue.models import find_model, get_model
from assistant.chat.context import Context
from assistant.chat.nouns import blanked, key_of, noun_pattern
from assistant.chat.relative import count_of
from assistant.reader import read
from assistant.reader.lexicon import NEGATION, SAID_NUMBER
from assistant.reader.patterns import compiled
from assistant.reader.sizes import bare_size

_OF_THEM = re.compile(rf"\b(?:just |only )?(?P<count>\d{{1,4}}|{SAID_NUMBER}|another)\s+(?:of\s+)(?:them|those|these|such|that kind|(?:the|my|our) (?:gpus?|cards?|boxes))\b", re.IGNORECASE)
_SINGLE = re.compile(r"\b(?:(?:just|only) )?(?:a )?(?:single|one|1)(?: (?:one|gpu|card))?(?: (?:is|will be|would be) (?:enough|plenty|fine|sufficient)| will do| (?:suffices|only))\b", re.IGNORECASE)
_GIVEN = re.compile(rf"\b(?:give (?:it|me)|use|take|with|make it|put it on|run (?:it )?on)\s+(?P<count>\d{{1,4}}|{SAID_NUMBER})\s+(?:gpus?|cards?)\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:(?:the |my )?(?P<noun>@NOUN@)\s+)?(?:(?:put|set|change|turn|switch|go|take|bring) (?:it|that|this) )?(?:back (?:to )?)?(?:(?:how|what|where|as|like) (?:it|that|they) (?:was|were)(?: (?:before|earlier|previously))?|(?:what|the one|the value) (?:i|we) had(?: (?:before|earlier|first|initially))?|(?:as|like) before|what it was)\b".replace("@NOUN@", noun_pattern()),
    re.IGNORECASE,
)
_LOOKED_AT = 1_000
"""Characters of an earlier line that are looked at: what is longer is pasted."""
_MOST_GPUS = 64
"""Of what "300 of them" counts nobody has that many a node."""
_ENOUGH = re.compile(rf"(?:^|[,;.]\s*)(?P<count>\d{{1,2}}|{SAID_NUMBER})\s+(?:will do|is enough|are enough|suffices?|is plenty|are plenty)\b", re.IGNORECASE)
_FOLDER = re.compile(r"\b(?:(?:different|another|new|other|output) )?(?:folder|dir(?:ectory)?|path|output|location)\s*(?:is|to|:|=|->)?\s+(?P<path>(?:~|\.{1,2})?/[\w./~\-]+|[\w.\-]+/[\w./\-]*)", re.IGNORECASE)
_SWAP = re.compile(r"\b(?P<verb>swap|replace|exchange|trade|substitute)\s+(?P<old>[^,.;]+?)\s+(?:for|with|by|against)\s+(?=\w)", re.IGNORECASE)
_MEMORY = re.compile(
    r"(?<![\w.$])(?P<gb>\d{2,3})\s*-?(?:gb|gib|gigs?|g)\b(?:\s+(?:ones?|version|variant|model|kind|type|cards?|flavou?r|each|sxm|pcie))?(?!\s*(?:of\s+)?(?:disk|ram|data|file|storage))",
    re.IGNORECASE,
)
_SIZED = re.compile(
    r"\b(?:the |a |an )?(?P<size>\d{1,4}(?:\.\d+)?)\s?-?(?P<unit>b|m)\b(?:\s+(?:one|version|variant|model|param\w*))?", re.IGNORECASE
)
_VARIANT = re.compile(r"\b(?:the )?(?P<kind>base|instruct|chat|pretrained|it)\s+(?:one|version|variant|model)\b|\b(?:use|take|try|switch to|want)\s+(?:the )?(?P<kind2>base|instruct|chat)\b(?!\s*\w*templ)", re.IGNORECASE)
_EARLIER = re.compile(
    rf"\b(?:the |my )?(?P<which>first|original|initial|previous|earlier|former|old|last|prior|other)\s+(?P<noun>(?!(?:epoch|step|gpu|card|node|machine|server|shot|sample|example|question)\b){noun_pattern()})(?!\w)"
    r"(?:\s+(?:again|back|i said))?(?!\s+(?:rows?|columns?|files?|splits?|half|lines?|point)\b)",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(
    r"^\W*(?:(?:not \d[\d.,]*k?(?=\W+(?:but |make it |rather )?\d)|but|no need for (?:that|so) (?:many|much)|too? (?:many|much|few|high|low|long|short)|back|cool|do|give|want|k|nah|well|yeah|no|nope|actually|make|it|that|instead|rather|use|ok|okay|try|wait|sorry|oops|hm+|let'?s|say|to|with|set|change|"
    r"raise|lower|bump|cut|drop|push|bring|up|down|put|go|i|mean|meant|ment|finalement|doch|mejor|lieber|besser|lieber|just|only|maybe|better|please|for|the|then|and)\b\W*)*"
    rf"(?<![-.])(?P<value>\d[\d,]*(?:\.\d+)?(?:e-?\d+)?k?|{SAID_NUMBER})\b(?!\s*%)\W*(?:instead|rather|then|please|pls|plz|tho|though|lol|thx|thanks|(?:is|are|will be|would be) (?:enough|better|fine|plenty|sufficient|ok)|will do|not \S+)?\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Values that earlier words give, keys that go back to not being said, and the rest of the line."""

    values: dict[str, Any] = field(default_factory=dict)
    unsaid: frozenset[str] = frozenset()
    rest: str = ""


def references(line: str, context: Context) -> Reference:
    """What the line takes from what was said before."""
    text = line
    values: dict[str, Any] = {}
    match: re.Match[str] | None
    for match in list(_EARLIER.finditer(text)):
        key = key_of(match.group("noun"))
        past = context.said_history(key) if key else []
        if key is None or not past or (match.group("which").lower() == "other" and len(past) < 2):
            continue
        first = match.group("which").lower() in ("first", "original", "initial")
        values[key] = past[0] if first else past[-2] if len(past) > 1 else past[-1]
        text = blanked(text, match)
    text, unsaid = _before(text, values, context)
    if (match := _FOLDER.search(text)) and context.intent.output_dir:
        values["output_dir"] = match.group("path")
        text = blanked(text, match)
    if (match := _SWAP.search(text)) is not None:
        text = blanked(text, match)
    if (match := _SINGLE.search(text)) and (context.value("gpu_count") or 1) > 1:
        values["gpu_count"] = 1
        text = blanked(text, match)
    if (match := _ENOUGH.search(text)) and "epoch" not in text and read(text).intent.gpu and (count := count_of(match.group("count"))):
        values["gpu_count"] = int(count)
        text = blanked(text, match)
    if (match := _GIVEN.search(text)) and (count := count_of(match.group("count"))):
        values["gpu_count"] = int(count)
        text = blanked(text, match)
    has_gpus = bool(context.intent.gpu or context.intent.gpu_count or context.plan)
    if has_gpus and (match := _OF_THEM.search(text)):
        count = count_of(match.group("count"))
        if count is not None and count <= _MOST_GPUS:
            values["gpu_count"] = int(count) + (int(context.value("gpu_count") or 0) if match.group("count").lower() == "another" else 0)
            text = blanked(text, match)
    text = _memory(text, values, context)
    return Reference(values=values, unsaid=unsaid, rest=text)


def _before(text: str, values: dict[str, Any], context: Context) -> tuple[str, frozenset[str]]:
    """`put the batch back how it was`, `what i had before`: a key as it was said before its last change, or not said."""
    match = None if re.search(r"\b(?:everything|all|rest|otherwise|same)\b", text, re.IGNORECASE) else _BEFORE.search(text)
    if match is None:
        return text, frozenset()
    noun = match.group("noun")
    keys = [key_of(noun)] if noun else [key for key in context.changed if key != "task"]
    if len(keys) != 1 or keys[0] is None or not context.past:
        return text, frozenset()
    key, now = keys[0], getattr(context.intent, keys[0], None)
    former = next((value for intent, _ in reversed(context.past) if (value := getattr(intent, key, None)) != now), now)
    if former is None:
        return blanked(text, match), frozenset((key,))
    values[key] = former
    return blanked(text, match), frozenset()


def _memory(text: str, values: dict[str, Any], context: Context) -> str:
    """`80GB ones` of the GPU that was said."""
    gpu = context.intent.gpu
    match = _MEMORY.search(text)
    if match is None or gpu is None:
        return text
    spec, named = in_memory(gpu, float(match.group("gb"))), read(text).intent.gpu
    if spec is None or (named is not None and named.partition("-")[0] != gpu.partition("-")[0]):  # `H100-80GB` is that of another GPU
        return text
    values["gpu"] = spec.name
    return blanked(text, match)


def sized_model(text: str, said: str | None, context: Context) -> tuple[str, str, re.Match[str] | None] | None:
    """(the model, the size as typed, where it stood) of a size that stands for a model of the family in talk: `the 70b`.

    `said` is the model or family that the same line names, which a size from an earlier line completes.
    """
    if said is not None:
        if get_model(said) or find_model(said):
            return None
        earlier = next((found for words in reversed(context.words) if (found := bare_size(words[:_LOOKED_AT]))), None)
        whole = named_model(f"{said} {earlier[0]}") if earlier and context.intent.model is None else None
        return (whole, earlier[0], None) if whole and earlier else None
    match = next((m for m in _SIZED.finditer(text) if float(m.group("size")) and _is_large(m) and not _is_another(text, m)), None)
    if match is None:
        return None
    params = float(match.group("size")) * (1e9 if match.group("unit").lower() == "b" else 1e6)
    spec = get_model(context.intent.model) if context.intent.model else None
    typed = f"{match.group('size')}{match.group('unit')}".lower()
    if spec is not None:
        kin = sibling(spec, params)
        return (kin.id, typed, match) if kin else None
    family = next((f for words in reversed(context.words) if (f := family_in(words[:_LOOKED_AT]))), None)
    joined = named_model(f"{family} {typed}") if family else None
    return (joined, typed, match) if joined else None


def named_model(words: str) -> str | None:
    """The catalogue's model that these words name in a request."""
    model: str | None = read(f"fine-tune {words}").intent.model
    return model if model and get_model(model) else None


_TEACHES = re.compile(r"\s+(?:(?:as|is|for) )?(?:(?:the|a|my) )?teacher", re.IGNORECASE)


def _is_another(text: str, match: re.Match[str]) -> bool:
    """True for a size that is denied (`not the 8b`) or the teacher's."""
    return _TEACHES.match(text[match.end() :]) is not None or compiled(rf"{NEGATION}$").search(text[: match.start()]) is not None


def _is_large(match: re.Match[str]) -> bool:
    return match.group("unit").lower() == "b" or float(match.group("size")) >= 60


def named_variant(text: str, context: Context) -> tuple[str, re.Match[str]] | None:
    """The base or instruct model beside the one in talk: `the base one`."""
    match = _VARIANT.search(text)
    spec = get_model(context.intent.model) if match and context.intent.model else None
    if match is None or spec is None:
        return None
    found = other_variant(spec, instruct=(match.group("kind") or match.group("kind2")).lower() not in ("base", "pretrained"))
    return (found.id, match) if found else None


_COMPARED = re.compile(r"\b(?:the |a )?(?:next )?(?P<way>smaller|bigger|larger|smallest|biggest|largest)\s+(?:one|model|version|variant)\b", re.IGNORECASE)


def compared_model(text: str, context: Context) -> tuple[str, re.Match[str]] | None:
    """`the smaller one`: the next model of the family on that side, or the last one."""
    match = _COMPARED.search(text)
    spec = get_model(context.intent.model) if match and context.intent.model else None
    if match is None or spec is None:
        return None
    way = match.group("way").lower()
    found = next_in_size(spec, smaller=way.startswith("small"), last=way.endswith("est"))
    return (found.id, match) if found else None


def bare_number(text: str) -> float | None:
    """The number of a line that says nothing else: `no, make it 32`."""
    match = _BARE_NUMBER.match(text)
    if match is None:
        return None
    words = match.group("value").lower()
    return float(words) if re.fullmatch(r"[\d.]+e-?\d+", words) else count_of(words)
