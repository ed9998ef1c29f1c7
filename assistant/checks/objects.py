"""The objects that Oumi makes of a config: each section with its class, as the file fills it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.checks import releases


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A section of the class `owner` at a path, with the fields that the file gives it."""

    owner: str
    path: str
    fields: Mapping[Any, Any]
    version: str

    def below(self, field: str) -> str:
        """The path of a field."""
        return f"{self.path}.{field}" if self.path else field

    def get(self, field: str) -> Any:
        """What the file says, else the default; None for one that must be given and is not, and for `${…}`, which nobody can judge."""
        if field in self.fields:
            value = self.fields[field]
            return None if isinstance(value, str) and "${" in value else value
        declared = releases.fields_of(self.owner, self.version).get(field)
        return None if declared is None or declared.default == releases.REQUIRED else declared.default

    def number(self, field: str) -> float | None:
        """The value where it is a number, or text that Oumi reads as one."""
        value = self.get(field)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None

    def text(self, field: str) -> str | None:
        """The value as Oumi reads it where it takes text: a number or a switch becomes its word; None for what is neither."""
        value = self.get(field)
        return str(value) if isinstance(value, str | int | float) else None

    def listed(self, field: str) -> list[Any]:
        """The items of a list; none where there is no such list."""
        return items(self.get(field))

    def section(self, field: str) -> Mapping[Any, Any]:
        """The keys of a mapping; none where there is no such mapping."""
        return fields(self.get(field))


def items(value: Any) -> list[Any]:
    """The items of a list; none of what is no list."""
    return value if isinstance(value, list) else []


def fields(value: Any) -> Mapping[Any, Any]:
    """The keys of a mapping; none of what is no mapping."""
    return value if isinstance(value, Mapping) else {}


def objects(config: Mapping[str, Any], kind: str, version: str = "") -> Iterator[Thing]:
    """Every object that a config of this kind spells out, sections before what they hold."""
    release = version or releases.newest()
    yield from _section(config, releases.root_class(kind), "", release)


def _section(given: Mapping[Any, Any], owner: str, path: str, version: str) -> Iterator[Thing]:
    yield Thing(owner=owner, path=path, fields=given, version=version)
    declared = releases.fields_of(owner, version)
    for name, value in given.items():
        if name in declared and isinstance(value, Mapping | list):
            yield from _value(value, declared[name].type, f"{path}.{name}" if path else str(name), version)


def _value(value: Any, kind: Any, path: str, version: str) -> Iterator[Thing]:
    if isinstance(kind, str):
        if releases.is_class(kind) and isinstance(value, Mapping):
            yield from _section(value, kind, path, version)
    elif kind[0] == "union":
        for part in kind[1:]:
            yield from _value(value, part, path, version)
    elif kind[0] == "list" and isinstance(value, list) and len(kind) > 1:
        for place, item in enumerate(value):
            yield from _value(item, kind[1], f"{path}[{place}]", version)
    elif kind[0] == "dict" and isinstance(value, Mapping) and len(kind) > 1:
        for key, item in value.items():
            yield from _value(item, kind[-1], f"{path}.{key}", version)
