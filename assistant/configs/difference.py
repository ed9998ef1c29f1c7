"""What differs between two configs, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple


class Absent(Enum):
    """A field that is not there, told apart from one that is null."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"

    __str__ = __repr__


ABSENT = Absent.ABSENT
_EXPONENT = re.compile(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+")


class Change(NamedTuple):
    """A field's value in one config and in the other; `ABSENT` where it is not there."""

    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Change]:
    """Every field that differs, by dotted path (`data.train.datasets[0].split`), in the order of the first config."""
    return dict(_changes(before, after, ""))


def same(one: Any, other: Any) -> bool:
    """True where Oumi reads the same: 3 and 3.0 are one number, true and 1 are not; the order of fields does not count."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    one, other = _number(one), _number(other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other) or (one != one and other != other)


def _number(value: Any) -> Any:
    """`1e-4` is text to YAML 1.1 and a number to Oumi."""
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value


def _changes(before: Any, after: Any, path: str) -> Iterator[tuple[str, Change]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            yield from _changes(before.get(name, ABSENT), after.get(name, ABSENT), f"{path}.{name}" if path else str(name))
    elif _are_records(before) and _are_records(after):
        for i in range(max(len(before), len(after))):
            one, other = (entries[i] if i < len(entries) else ABSENT for entries in (before, after))
            yield from _changes(one, other, f"{path}[{i}]")
    elif before is ABSENT and isinstance(after, Mapping) and after:
        yield from _changes({}, after, path)
    elif after is ABSENT and isinstance(before, Mapping) and before:
        yield from _changes(before, {}, path)
    elif not same(before, after):
        yield path, Change(before, after)


def _are_records(value: Any) -> bool:
    """True for a list of sections, which are compared one by one; any other list is one value."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
