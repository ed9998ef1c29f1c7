"""A whole config against the schema of its kind: unknown fields, and values that Oumi's parser refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.checks.schema import coerce, snapshot, unindexed
from assistant.core.errors import UsageError
from assistant.core.values import Finding


def shape_findings(body: Mapping[str, Any], kind: str) -> tuple[Finding, ...]:
    """What Oumi would refuse to load, in the order of the file. Names of values in their case, as Oumi reads them."""
    return tuple(_section(body, snapshot(kind)["fields"], "", kind))


def _section(body: Mapping[Any, Any], fields: Mapping[str, Any], prefix: str, kind: str) -> Iterator[Finding]:
    for key, value in body.items():
        path = f"{prefix}{key}"
        entry = fields.get(str(key))
        if entry is None:
            yield _unknown(path, kind)
        elif entry["type"] == "section":
            yield from _inner(value, entry, path, kind)
        elif entry["type"] == "list" and "fields" in entry and isinstance(value, list):
            for place, item in enumerate(value):
                yield from _inner(item, entry, f"{path}[{place}]", kind)
        elif (problem := _wrong(path, value, entry)) is not None:
            yield _finding("SCH002", path, problem, _wanted(entry))


def _inner(value: Any, entry: Mapping[str, Any], path: str, kind: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        yield from _section(value, entry["fields"], f"{path}.", kind)
    elif value is not None or not entry.get("optional"):
        yield _finding("SCH002", path, f"{path} is {_shown(value)}, and must be a section", "write its fields below it, or leave it out")


def _wrong(path: str, value: Any, entry: Mapping[str, Any]) -> str | None:
    """Why Oumi's parser refuses this value for this field; None where it takes it."""
    if value is None:
        return None if entry.get("optional") or entry["type"] in ("any", "dict") else f"{path} is empty"
    if _is_taken(value, entry):
        return None
    return f"{path} cannot be {_shown(value)}"


def _is_taken(value: Any, entry: Mapping[str, Any]) -> bool:
    kind = entry["type"]
    if kind == "enum":
        return value in entry["names"]
    if kind == "bool":
        return isinstance(value, bool) or str(value).lower() in ("true", "false", "yes", "no", "on", "off", "y", "n", "1", "0")
    if kind in ("int", "float"):
        return _is_number(value, whole=kind == "int")
    if kind == "list":
        return isinstance(value, list)
    if kind == "dict":
        return isinstance(value, dict)
    return kind != "str" or not isinstance(value, dict | list)


def _is_number(value: Any, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    if whole and isinstance(value, float):
        return False
    try:
        int(value) if whole else float(value)
    except ValueError:
        return False
    return True


def _wanted(entry: Mapping[str, Any]) -> str:
    if entry["type"] == "enum":
        return f"one of {', '.join(entry['names'])}, in this case of letters"
    return {"int": "write a whole number", "float": "write a number", "bool": "write true or false", "list": "write a list", "dict": "write a section"}.get(
        entry["type"], "write text"
    )


def _unknown(path: str, kind: str) -> Finding:
    """An unknown field, with the nearest that there are: the schema's own words."""
    try:
        coerce(unindexed(path), "", kind)
    except UsageError as problem:
        near = problem.hint if problem.reference == "unknown-field" else ""
    else:
        near = ""
    return _finding("SCH001", path, f"Oumi has no field {path} in a config of this kind", near or "take it out")


def _finding(rule: str, path: str, message: str, fix: str) -> Finding:
    return Finding(rule=rule, severity="error", path=path, message=message, fix=fix)


def _shown(value: Any) -> str:
    return repr(value)[:60]
