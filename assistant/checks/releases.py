"""What each release of Oumi takes in its configs: classes, fields, types and defaults, from 0.1.3 on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from assistant.core.errors import UsageError

REQUIRED = "???"
"""The default of a field that must be given: OmegaConf's own mark."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A field of one release: `type` is a name or [outer, *inner]; `default` as YAML would give it."""

    type: Any
    default: Any


@cache
def _history() -> dict[str, Any]:
    text = resources.files("assistant.checks").joinpath("data", "releases.json").read_text("utf-8")
    body: dict[str, Any] = json.loads(text)
    return body


def releases() -> tuple[str, ...]:
    """Every release that is known, oldest first."""
    return tuple(_history()["releases"])


def newest() -> str:
    """The newest release that is known."""
    return releases()[-1]


def release_of(version: str) -> str:
    """The known release that a version names: `0.4` is its last one, 0.4.2.

    Raises:
        UsageError: no release of that name is known.
    """
    wanted = version.strip().lower().removeprefix("v").removeprefix("oumi==")
    named = [known for known in releases() if wanted in (known, f"{known}.0")]
    found = named or [known for known in releases() if known.startswith(f"{wanted}.")]
    if not wanted or not found:
        hint = f"Known are {releases()[0]} to {newest()}; {newest()} is taken where none is given."
        raise UsageError(f"There is no Oumi {version[:40]!r} that is known here.", context="--oumi-version", hint=hint, reference="no-release")
    return found[-1]


def root_class(kind: str) -> str:
    """The class that a kind of config is read into."""
    name: str = _history()["kinds"][kind]
    return name


def kinds() -> tuple[str, ...]:
    """Every kind of config."""
    return tuple(_history()["kinds"])


@cache
def fields_of(name: str, version: str) -> dict[str, Declared]:
    """The fields of a class in a release, in the order of the newest; empty where the release has no such class."""
    index = releases().index(version)
    found = {}
    for field, changes in _history()["classes"].get(name, {}).items():
        row = next((row for row in reversed(changes) if row[0] <= index), None)
        if row is not None and row[1] is not None:
            found[field] = Declared(row[1], row[2])
    return found


@cache
def members_of(name: str, version: str) -> tuple[str, ...]:
    """The names of an enum in a release; empty for what is none."""
    index = releases().index(version)
    found = []
    for member, changes in _history()["enums"].get(name, {}).items():
        row = next((row for row in reversed(changes) if row[0] <= index), None)
        if row is not None and row[1:] != [None]:
            found.append(member)
    return tuple(found)


def is_class(name: str) -> bool:
    """True for a section's class, of any release."""
    return name in _history()["classes"]


def is_enum(name: str) -> bool:
    """True for an enum, of any release."""
    return name in _history()["enums"]


def spans_of(name: str, field: str) -> tuple[tuple[str, str | None], ...]:
    """(first release, the first without it or None) of each time that a class had a field."""
    found: list[tuple[str, str | None]] = []
    known = releases()
    for row in _history()["classes"].get(name, {}).get(field, ()):
        gone = row[1] is None
        if gone and found:
            found[-1] = (found[-1][0], known[row[0]])
        elif not gone and (not found or found[-1][1] is not None):
            found.append((known[row[0]], None))
    return tuple(found)


def defaults_of(name: str, field: str) -> tuple[tuple[str, Any], ...]:
    """(release, default) of each time that a field's default became another one; its first default comes first."""
    found: list[tuple[str, Any]] = []
    for row in _history()["classes"].get(name, {}).get(field, ()):
        if row[1] is not None and (not found or found[-1][1] != row[2]):
            found.append((releases()[row[0]], row[2]))
    return tuple(found)
