"""The secrets that this process was given: what must stand in no file, log or request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.core.secretnames import is_coded, is_value_of_secret, name_strength

SHORTEST = 8
"""Characters below which a value may well be a word that stands in ordinary text."""

_NAME = re.compile(r"(?i)key|token|secret|passw(?:or)?d|passphrase|(?<![a-z])pass(?![a-z])|pwd|credential|(?<![a-z])auth(?!or)|oauth|(?<![a-z])pat\b")
_LOCATION = re.compile(r"(?:[~.]|[A-Za-z]:)?[/\\]|unix:|file:")
_URL = re.compile(r"://(?:[^\s/:@]*:(?P<password>[^\s/]+)|(?P<user>[^\s/:@]+))@")
_WORD = re.compile(r"[a-z]{1,11}|[A-Z][a-z]{0,10}|[\d.]{1,12}")
"""A setting such as `disabled` or a number: no secret that would be worth its hiding in every text."""


def secret_values(environ: Mapping[str, str]) -> frozenset[str]:
    """Values of the variables whose name says secret, and passwords within URLs, 8 characters at least; no paths, no words."""
    found: set[str] = set()
    for name, value in environ.items():
        found |= set(_within_urls(value))
        if _NAME.search(name) and not _is_location(value.strip()):
            found |= set(_values(value.strip()))
    return frozenset(value for value in found if len(value) >= SHORTEST)


def _within_urls(value: str) -> Iterator[str]:
    """Passwords of URLs; a user alone where it has the digits or the length of a token, for `ssh://git@host` names nobody's secret."""
    for url in _URL.finditer(value):
        password, user = url.group("password", "user")
        if password or re.search(r"\d|.{16}", user):
            yield password or user


def _is_location(value: str) -> bool:
    """True for a path or an address of a file; not for 40 random characters of which the first is a slash."""
    return bool(_LOCATION.match(value)) and not is_coded(value)


def _values(value: str) -> Iterator[str]:
    """The value; of a JSON document the secrets in it, for it never stands whole in a text."""
    if not _WORD.fullmatch(value):
        yield value
    if value.startswith("{"):
        try:
            yield from _within(json.loads(value))
        except (ValueError, RecursionError):
            return


def _within(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        return
    for key, item in document.items():
        if isinstance(item, str) and is_value_of_secret(item, name_strength(key)):
            yield item
        elif isinstance(item, dict):
            yield from _within(item)
