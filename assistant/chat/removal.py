"""What a line takes back: "forget the budget", "undo the context thing", "drop mmlu", "default learning rate"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from assistant.chat.context import Context
from assistant.chat.nouns import TOGETHER, blanked, key_of, noun_pattern, override_of
from assistant.core.intent import Intent
from assistant.reader.lexicon import BENCHMARKS
from assistant.reader.patterns import compiled

_VERB = (
    r"forget(?: about)?|drop|remove|delete|clear|unset|ditch|lose|scrap|kill|undo|revert|never\s*mind|get rid of|take (?:out|away|back|off)|cancel|"
    r"skip|ignore|lift|leave out|no more|cut out|throw out|exclude|discard|unpin|chuck|strip|scratch|wipe|"
    r"quita(?:r|me)?|elimina(?:r)?|borra(?:r)?|saca|enl[èe]ve|supprime|retire[rz]?|oublie|entfern\w*|vergiss|l\u00f6sch\w*|remov[ae]r?|tira(?:r)?|\u53bb\u6389|\u5220\u9664|\u4e0d\u8981"
)
_THE = r"(?:(?:the|that|my|any|our|this|those|all|custom|fixed|lo de|lo del|el|la|los|las|le|les|l'|die|den|das|o|a)\s+)*"
_KIND = r"(?:\s+(?:override|limit|cap|constraint|setting|thing|stuff|part|value|choice|requirement|bit|again|restriction|change|field|option|param(?:eter)?|one)s?)*"
_NOUN = noun_pattern()
_WORDS = r"[a-z][\w.\-]*(?:[\s_-][a-z][\w.\-]*){0,3}?"
_LIMITS = frozenset(("max_hours", "max_dollars"))
_TAKEN_BACK = (rf"\b(?:{_VERB})\s+{_THE}(?P<what>{_NOUN}){_KIND}(?!\w)(?!\s+(?:(?:back )?(?:down|up)\s+)?(?:to|by|from)\s+\S)")
_NEXT = rf"^\s*(?:,\s*(?:and\s+)?|and\s+|&\s*){_THE}(?P<what>{_NOUN}){_KIND}(?=\s*(?:$|[,.;!?&]|and\b))"
"""The noun after the one that was taken back: `drop the seed and the rank`."""
_DENIED = r"\b(?:do ?n[o']?t|do not|never|didn'?t|can ?n[o']?t|mustn'?t|should ?n[o']?t|not)\s+(?:ever\s+)?$"
"""Before a verb of removal: `don't forget the seed` keeps it."""
_ANY = (rf"\b(?:{_VERB})\s+{_THE}(?P<what>{_WORDS}){_KIND}\s*(?=$|[,.;!?]|\band\b)")
_OFF = rf"\b(?:take|turn|switch|leave)\s+{_THE}(?P<what>{_NOUN}){_KIND}\s+(?:off|out|away)\b"
_ALL_OVERRIDES = rf"\b(?:{_VERB})\s+(?:all|every)(?: of)?(?: the| my| these| those)?\s+(?:overrides|(?:extra |custom )?(?:settings|fields))\b"
_NO_LIMIT = (
    rf"\b(?:no|without(?: a| any| the)?)\s+(?P<what>{noun_pattern(_LIMITS | {'seed', 'limit', 'run_name', 'output_dir'})}){_KIND}(?!\w)"
    rf"|\b(?:money|cost|price|time|the budget) (?:does ?n[o']?t|is no) (?:matter|object|issue)\b|\bno limits? on (?:the )?(?P<on>{noun_pattern(_LIMITS)})\b"
)
_DEFAULT = (
    rf"\b(?:use |take |with |go (?:back )?to |back to |reset to )?(?:the )?default {_THE}(?P<first>{_NOUN})(?!\w)"
    rf"|\b(?:reset|default|auto)\s+{_THE}(?P<second>{_NOUN})(?:\s+(?:to|back to)\s+(?:the |its )?default)?(?!\w)(?!\s+to\s+\S)"
    rf"|\b{_THE}(?P<third>{_NOUN}|[a-z]+)\s+(?:back )?(?:to|is|at|on)\s+(?:the |its )?(?:default|auto(?:matic)?)\b"
    rf"|\b(?:you )?(?:choose|pick|decide(?: on)?)\s+{_THE}(?P<fourth>{_NOUN})(?:\s+(?:yourself|for me|again))?(?=\s*(?:$|[,.;]))"
    rf"|\bleave\s+{_THE}(?P<fifth>{_NOUN})\s+(?:up )?to (?:you|the planner)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Keys and overrides that go, values that come back, benchmarks that stay, and the rest of the line."""

    keys: frozenset[str] = frozenset()
    back: dict[str, Any] = field(default_factory=dict)
    paths: frozenset[str] = frozenset()
    benchmarks: tuple[str, ...] | None = None
    rest: str = ""

    @property
    def is_empty(self) -> bool:
        """True when nothing is taken back."""
        return not self.keys and not self.paths and self.benchmarks is None


@dataclass(slots=True)
class _Work:
    text: str
    keys: set[str] = field(default_factory=set)
    back: dict[str, Any] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    benchmarks: list[str] | None = None

    def cut(self, match: re.Match[str]) -> None:
        self.text = blanked(self.text, match)


def removal(line: str, context: Context) -> Removal:
    """What the line takes back of what stands. Only what was said can be taken back: other words stay in `rest`."""
    work = _Work(line)
    _benchmarks(work, context)
    if (match := compiled(_ALL_OVERRIDES).search(work.text)) and context.intent.overrides:
        work.paths.update(context.intent.overrides)
        work.cut(match)
    for pattern in (_OFF, _DEFAULT, _NO_LIMIT, _TAKEN_BACK, _ANY):
        for match in list(compiled(pattern).finditer(work.text)):
            if _take_back(work, match, context) and pattern in (_TAKEN_BACK, _DEFAULT):
                _and_the_next(work, match.end(), context)
    kept = tuple(work.benchmarks) if work.benchmarks is not None else None
    return Removal(keys=frozenset(work.keys), back=work.back, paths=frozenset(work.paths), benchmarks=kept, rest=work.text)


def _take_back(work: _Work, match: re.Match[str], context: Context) -> bool:
    """Take back what a verb and a noun name; False where it is denied or nothing of it was said."""
    if work.text[match.start() : match.end()] != match.group() or compiled(_DENIED).search(work.text[: match.start()]):
        return False
    noun = next((group for group in match.groups() if group), None)
    if noun is None:  # "money doesn't matter", "time is no issue"
        keys: tuple[str, ...] = ("max_hours",) if match.group().lower().startswith("time") else ("max_dollars",)
    else:
        keys = _keys(noun, context)
    said = [key for key in keys if _is_said(key, context)]
    path = override_of(noun, context.intent.overrides or {}) if noun else None
    if said and re.match(r"undo|revert", match.group(), re.IGNORECASE) and (former := _former(keys, context)):
        work.back.update({key: value for key, value in former.items() if value is not None})
        work.keys.update(key for key, value in former.items() if value is None)
        work.cut(match)
    elif said:
        work.keys.update(said)
        work.cut(match)
    elif path is not None:
        work.paths.add(path)
        work.cut(match)
    return bool(said) or path is not None


def _and_the_next(work: _Work, end: int, context: Context) -> None:
    """The nouns that follow one that was taken back go with it, as far as they were said."""
    while match := compiled(_NEXT).match(work.text[end:]):
        said = [key for key in _keys(match.group("what"), context) if _is_said(key, context)]
        if not said:
            return
        work.keys.update(said)
        work.text = work.text[:end] + " " * match.end() + work.text[end + match.end() :]
        end += match.end()


def _former(keys: tuple[str, ...], context: Context) -> dict[str, Any]:
    """These keys as they were said before their last change; empty where they never were otherwise."""
    now = {key: getattr(context.intent, key) for key in keys}
    past = ({key: getattr(intent, key) for key in keys} for intent, _ in reversed(context.past))
    return next((one for one in past if one != now), {})


def _keys(noun: str, context: Context) -> tuple[str, ...]:
    key = key_of(noun)
    if key is not None and key in TOGETHER:
        return TOGETHER[key]
    if key == "limit" and context.intent.limit is None:
        return tuple(_LIMITS)
    if key == "gpu_count" and context.intent.gpu:
        return TOGETHER["gpu"]
    if key is None:
        named = [k for k, v in context.intent.model_dump().items() if isinstance(v, str) and v.lower() == noun.strip().lower()]
        return tuple(named)
    return (key,)


def _is_said(key: str, context: Context) -> bool:
    return key in Intent.model_fields and key not in ("task", "overrides") and getattr(context.intent, key, None) is not None


_STEPS = (
    ("evaluate", r"eval(?:uation|uating|uate|s)?|benchmark(?:s|ing)?"), ("infer", r"inference|serving|deployment"),
    ("quantize", r"quanti[sz](?:ation|ing|e)"), ("judge", r"judg(?:e|ing|ement|ment)"),
)  # fmt: skip
_NOT_THIS = (
    rf"\W*(?:(?:please|ok|okay|and|but|actually|so|well|now)\W+)*(?:i\s+|we\s+)?(?:{_VERB}|no|without|do ?n[o']?t\s+(?:want|need|do|run)|do not\s+(?:want|need|do|run))\s+{_THE}(?:an\s+)?"
    r"(?P<step>%s)(?:\s+(?:step|part|config|file|run))?(?:\s+(?:please|after all|any ?more|then|now))*\W*"
)


def dropped_step(line: str) -> str | None:
    """The task that a line is about where it says that this is not to be done, and nothing else: `no evaluation`."""
    return next((task for task, words in _STEPS if compiled(_NOT_THIS % words).fullmatch(line)), None)


def named_benchmarks(text: str) -> list[str]:
    """The benchmarks that a text names, in the order of the table."""
    names: list[str] = []
    left = text
    for values, pattern in BENCHMARKS:
        if compiled(pattern).search(left):
            names += [value for value in values if value not in names]
            left = compiled(pattern).sub(" ", left)
    return names


_DROPS = (rf"\b(?:{_VERB}|not|without|no|except|but not|minus|do ?n[o']?t (?:want|need|run)|no need for)\s+{_THE}(?P<list>(?:(?!\b(?:add|a[ñn]ade|agrega|ajoute|plus|use|instead)\b)[^.;!?])*)")


def _benchmarks(work: _Work, context: Context) -> None:
    """Benchmarks that are dropped from the list that stands."""
    stands: list[Any] = list(context.intent.benchmarks or ())
    if not stands or not (match := compiled(_DROPS).search(work.text)):
        return
    gone = set(named_benchmarks(match.group("list")))
    if not gone & set(stands) and re.search(r"\bdrop\s*$", match.group("list")):
        return
    if gone & set(stands):
        work.benchmarks = [name for name in stands if name not in gone]
        work.cut(match)
