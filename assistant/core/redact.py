"""Secrets out of text before it is kept or sent: by their shape, by the name before them, and by their value."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from assistant.core.secretnames import is_random, is_value_of_secret, name_strength

MARK = "[redacted]"
SHORTEST = 6
"""Characters below which a known value is not looked for: it would be found in ordinary words."""

# The way a key of a provider begins → what follows. A literal in front keeps the search fast, bounds keep it linear.
_KEYS: tuple[tuple[str, str], ...] = (
    ("sk-", r"(?:ant|proj|or|svcacct|admin|lf|live|test)-[\w-]{8,}"),  # Anthropic, OpenAI, OpenRouter, Langfuse
    ("sk-", r"(?=[\w-]{0,80}\d)[\w-]{16,}"),
    ("SK-", r"(?:ANT|PROJ|OR|SVCACCT|ADMIN|LF|LIVE|TEST)-(?=[\w-]{0,80}\d)[\w-]{8,}"),  # typed with the capitals lock on
    ("csk-", r"[\w-]{16,}"),  # Cerebras
    ("pk-lf-", r"[\w-]{8,}"),
    ("sk_", r"(?:live|test)_\w{8,}"),  # Stripe
    ("rk_", r"(?:live|test)_\w{8,}"),
    *((begin, r"[A-Za-z0-9]{20,}") for begin in ("hf_", "api_org_", "gsk_", "fw_", "r8_", "rpa_", "npm_", "nvcf_", "cog_", "esecret_")),
    *((begin, r"[\w-]{20,}") for begin in ("tgp_v1_", "wandb_v1_", "dop_v1_", "github_pat_", "dckr_pat_", "lsv2_", "hvs.", "hvb.", "ya29.")),
    *((begin, r"[\w-]{16,}") for begin in ("xai-", "pplx-", "nvapi-", "glpat-", "gldt-", "glrt-", "pypi-", "ntn_", "sgp_", "pul-")),
    ("gh", r"[pousr]_[A-Za-z0-9]{20,}"),
    ("AIza", r"[\w-]{30,}"),  # Google
    *((begin, r"[A-Z0-9]{12,}") for begin in ("AKIA", "ASIA", "ABIA", "ACCA")),  # AWS
    ("xox", r"[a-z]-[\w-]{10,}"),  # Slack
    ("xapp-", r"[\w-]{10,}"),
    ("SG.", r"[\w-]{16,}\.[\w-]{16,}"),  # SendGrid
    ("dapi", r"[0-9a-f]{32}(?:-\d)?"),  # Databricks
    ("AGE-SECRET-KEY-1", r"[A-Z0-9]{20,}"),
    ("eyJ", r"[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),  # a JSON web token
)


def _key(begin: str, rest: str) -> re.Pattern[str]:
    """A key that begins where a word does, or after an escaped line break."""
    literal = re.escape(begin)
    return re.compile(rf"{literal}(?:(?<![A-Za-z0-9]{literal})|(?<=\\[nrt]{literal})){rest}")


_BY_KEY = tuple(_key(begin, rest) for begin, rest in _KEYS)
_UNSEEN = re.compile("[\u200b-\u200d\u2060\ufeff]+")
"""What has no width: within a key it hides the key from a search and from the eye, and is copied with it."""
_SPLIT = re.compile(
    r"(?<![A-Za-z0-9])(?:" + "|".join(sorted({re.escape(begin) for begin, _ in _KEYS})) + r")[\w-]{6,200}(?P<break>\r?\n)(?P<rest>[A-Za-z0-9]{6,200})(?![\w-])"
)
"""A key that was wrapped at the width of a window."""

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)", re.DOTALL), MARK),
    (re.compile(r"(://)[^\s/:@\"'<>]{0,200}:[^\s/\"'<>]{1,400}@"), rf"\1{MARK}@"),
    (re.compile(r"([Bb]earer\s{1,4}|BEARER\s{1,4})(?=[\w.~+/=-]{0,80}[\d=])[\w.~+/-]{8,}=*"), rf"\1{MARK}"),
    (re.compile(r"(B(?:earer|EARER)[ \t]{1,4})(?!(?i:authenti|authoriz|credential|token))[\w.~+/-]{8,}=*"), rf"\1{MARK}"),
    (re.compile(r"(://)(?=[^\s/:@\"'<>]{0,200}\d)[^\s/:@\"'<>\[]{8,200}@"), rf"\1{MARK}@"),
    (re.compile(r"(?i)([?&](?:api[_-]?key|(?:access|auth)[_-]?token|key|token|pass|sig|signature)=)(?=[^\s&#\"'<>]{0,80}\d)[^\s&#\\\"'<>\[{$][^\s&#\\\"'<>]{7,}"), rf"\1{MARK}"),
    (re.compile(r"(curl\s(?:[^\n]{0,200}?\s)?(?:-u|--user)[ =]{0,2}\\?[\"']?[^\s:\"'/]{1,60}:)(?![\[$<{])[^\s\\\"']{3,}"), rf"\1{MARK}"),
    (re.compile(r"([Cc]ookie\\?[\"']?:\s{0,4}\\?[\"']?)[\w.-]{1,60}=(?![$<{])[^\n\"'\\]{4,}"), rf"\1{MARK}"),
    (re.compile(r"([Aa]uthorization\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?[A-Za-z]+\s{1,4})[^\s\"',;\[\\]{4,}"), rf"\1{MARK}"),
    *((key, MARK) for key in _BY_KEY),
    (re.compile(r"([Ww](?:andb|ANDB|eights (?:&|and) [Bb]iases)\W(?:[^\n]{0,30}?\W)?)[0-9a-f]{40}\b"), rf"\1{MARK}"),
    (re.compile(r"([Kk](?:ey|EY)\W(?:[^\n]{0,16}?\W)?)[0-9a-f]{32,64}\b"), rf"\1{MARK}"),
)
_BASIC = re.compile(r"([Bb]asic\s{1,4})([A-Za-z0-9+/]{8,}={0,2})(?![\w.-])")
_WORD = (
    r"(?:[Kk][Ee][Yy]|[Tt][Oo][Kk][Ee][Nn]|[Ss][Ee][Cc][Rr][Ee][Tt]|[Pp][Aa][Ss][Ss]|[Pp][Ww][Dd]|[Cc][Rr][Ee][Dd]"
    r"|[Aa][Uu][Tt][Hh]|[Ss][Ii][Gg]|[Cc][Oo][Oo][Kk][Ii][Ee])"
)
_NAMED = re.compile(rf"{_WORD}[\w.-]{{0,60}}(?P<sign>\\?[\"']?\]?\s{{0,4}}(?::=|=>|==?|:)\s{{0,4}}|[ \t]{{1,4}}(?!\s))")
_BEFORE = re.compile(r"(?<![\w.-])[\w.-]{0,80}\Z|[\w.-]{80}\Z")
_SPOKEN = re.compile(
    r"(?:[Kk](?:ey|EY)|[Tt](?:oken|OKEN)|[Pp]ass(?:word|phrase|code)|PASSWORD|[Cc]redentials?)\b"
    r"(?:\s{1,3}(?:provided|is|was|used)\b\s{0,3}[:=]?|\s{0,3}[:=])\s{0,3}"
)
_OWNED = re.compile(r"(?:api|secret|access|auth|private|hf|hub|wandb)[ -]?\Z", re.IGNORECASE)
_VALUE = re.compile(r"\\\"(?P<e>[^\"\\\n]{1,1000})\\\"|\"(?P<d>(?:[^\"\\\n]|\\.){1,1000})\"|'(?P<s>(?:[^'\\\n]|\\.){1,1000})'|(?P<u>[^\s\"',;&<>`]{1,1000})")
_VARIABLE = re.compile(r"[A-Z0-9_]*_(?:TOKEN|KEY|SECRET|PASSWORD)")
_SAID = re.compile(r"(?=[^\W\d]*\d)(?=\d*[^\W\d])[^\s/.,-]{8,}[.,!?]?")
"""What follows a variable after a blank alone: one word of letters and digits, and no model id."""
_UNLIKE_WORDS = re.compile(r"[\d!@#$%^*+/=]")
_LONG = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{24,}(?![A-Za-z0-9])")


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """The text with every secret as `[redacted]`; the same again changes nothing.

    `secrets` are values known to be secret, such as keys in the environment: they go wherever they stand, also in
    the escapes of a URL or of JSON. What is said to this program (model ids, paths, dotted settings) stays.
    """
    known = _written(frozenset(secrets))
    while (shorter := _once(text, known)) != text:
        text = shorter
    return text


def redacted(value: Any, secrets: Collection[str] = ()) -> Any:
    """A JSON-able value with every string in it redacted, also by the name that it stands under."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {redact(str(key), secrets): _member(str(key), item, secrets) for key, item in value.items()}
    return [redacted(item, secrets) for item in value] if isinstance(value, list | tuple) else value


def _member(key: str, value: Any, secrets: Collection[str]) -> Any:
    if isinstance(value, str) and is_value_of_secret(value, name_strength(key)):
        return MARK
    return redacted(value, secrets)


@functools.lru_cache(maxsize=8)
def _written(secrets: frozenset[str]) -> tuple[str, ...]:
    """The ways in which known secrets may be written, longest first."""
    ways: set[str] = set()
    for secret in secrets:
        if len(secret) < SHORTEST or secret in MARK or MARK in secret:
            continue
        whole = secret.encode("utf-8", "replace").decode("utf-8")
        ways |= {secret, quote(whole, safe=""), quote(whole), quote_plus(whole), quote(whole, safe="").replace("%2F", "%2f")}
        ways |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
        ways |= {json.dumps(secret).replace("/", "\\/")[1:-1]}
    return tuple(sorted(ways, key=lambda way: (-len(way), way)))


def _once(text: str, known: tuple[str, ...]) -> str:
    for way in known:
        text = text.replace(way, MARK)
    text = _SPLIT.sub(_split, _seen(text))
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    text = _BASIC.sub(_basic, text)
    text = _spans_out(text, _named_spans(text))
    return _LONG.sub(_long, text)


def _seen(text: str) -> str:
    """The text without the keys that have characters of no width within; elsewhere these stay, as in an emoji."""
    if not _UNSEEN.search(text):
        return text
    places = [place for place, char in enumerate(text) if not _UNSEEN.match(char)]
    bare = "".join(text[place] for place in places)
    found = [key.span() for shape in (*_BY_KEY, _LONG) for key in shape.finditer(bare) if shape is not _LONG or _long(key) == MARK]
    return _spans_out(text, iter([(places[start], places[stop - 1] + 1) for start, stop in found]))


def _split(found: re.Match[str]) -> str:
    """One mark for both lines of a key, where the second looks no more like a word than the first."""
    first, rest = found.group()[: found.start("break") - found.start()], found.group("rest")
    is_mixed = len(re.findall(r"[a-z](?=[A-Z])|[A-Z](?=[A-Z][a-z])", rest)) > 1 or (is_random(rest) and not rest.islower())
    is_key = is_mixed and (not first.islower() or is_random(first)) and any(key.fullmatch(first + rest) for key in _BY_KEY)
    return MARK if is_key else found.group()


def _basic(found: re.Match[str]) -> str:
    value = found.group(2)
    is_coded = value.endswith("=") or (len(value) >= 12 and len(value) % 4 == 0 and is_random(value))
    return found.group(1) + MARK if is_coded else found.group()


def _long(found: re.Match[str]) -> str:
    run = found.group()
    is_mixed = not run.islower() and not run.isupper()
    return MARK if is_mixed and is_random(run) else run


def _named_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the value of a secret name stands: `NAME=value`, `"name": "value"`, `--name value`, `password is value`."""
    for found in _NAMED.finditer(text):
        name = _before(text, found.start()) + text[found.start() : found.start("sign")]
        yield from _span(text, found.end(), functools.partial(_is_named, text, name, found.group("sign")))
    for found in _SPOKEN.finditer(text):
        if found.group()[0] not in "KkTt" or _OWNED.search(text, max(0, found.start() - 10), found.start()):
            yield from _span(text, found.end(), _is_spoken)


def _before(text: str, place: int) -> str:
    """What stands of a name before this place."""
    found = _BEFORE.search(text, max(0, place - 81), place)
    return found.group() if found else ""


def _span(text: str, start: int, is_secret: Callable[[re.Match[str], str], bool]) -> Iterator[tuple[int, int]]:
    value = _VALUE.match(text, start)
    if value is not None and value.lastgroup and is_secret(value, value.group(value.lastgroup)):
        yield value.span(value.lastgroup)


def _is_named(text: str, name: str, sign: str, value: re.Match[str], word: str) -> bool:
    strength = name_strength(name)
    if not is_value_of_secret(word, strength):
        return False
    if not sign.strip():  # a blank parts an option from its value, and a word from the next
        return (name.startswith("-") and not word.startswith("-")) or bool(_VARIABLE.fullmatch(name) and _SAID.fullmatch(word))
    if name.lower().endswith("pass") and not _UNLIKE_WORDS.search(word):
        return False  # "pass=forward" is no password
    if value.lastgroup != "u" or ":" not in sign or _UNLIKE_WORDS.search(word):
        return True
    # "password: reset it" is prose; alone to the end of the line it is YAML or a header.
    return "\n" not in sign and text[value.end() : value.end() + 1] in ("", "\n", "\r")


def _is_spoken(value: re.Match[str], word: str) -> bool:
    return is_value_of_secret(word.rstrip(".!?)"), "strong") and (value.lastgroup != "u" or bool(_UNLIKE_WORDS.search(word)))


def _spans_out(text: str, spans: Iterator[tuple[int, int]]) -> str:
    pieces, end = [], 0
    for start, stop in sorted(spans):
        if start >= end and text[start:stop] != MARK:
            pieces += [text[end:start], MARK]
            end = stop
    return "".join([*pieces, text[end:]])
