"""The fields of Oumi's configs, a snapshot of its 0.9 classes for each kind. Without a kind: those of training."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from assistant.core.errors import UsageError

KINDS = ("train", "eval", "infer", "job", "quantize", "tune", "judge", "synthesize", "async_eval")


@cache
def snapshot(kind: str = "train") -> dict[str, Any]:
    """The snapshot of a kind: `oumi` (version), `fields`, `names` of what is free text to Oumi."""
    text = resources.files("assistant.checks").joinpath("data", f"{kind}.json").read_text("utf-8")
    body: dict[str, Any] = json.loads(text)
    return body


@cache
def trainer_kwargs(trainer: str | None) -> frozenset[str]:
    """What may stand in `training.trainer_kwargs` for this trainer; empty where nobody knows."""
    return frozenset(snapshot()["trainer_kwargs"].get(trainer, ()))


@cache
def field_names(kind: str = "train") -> tuple[str, ...]:
    """Every dotted field of a kind, sorted; sections left out."""

    def walk(fields: dict[str, Any], prefix: str) -> list[str]:
        names: list[str] = []
        for name, entry in fields.items():
            if entry["type"] == "section":
                names += walk(entry["fields"], f"{prefix}{name}.")
            else:
                names.append(f"{prefix}{name}")
        return names

    return tuple(sorted(walk(snapshot(kind)["fields"], "")))


_INDEX = re.compile(r"\[\d+\]$")


def unindexed(path: str) -> str:
    """The path with places in lists left out: `tasks[0].task_name` is `tasks.task_name`."""
    return re.sub(r"\[\d+\]", "", path)


def field(path: str, kind: str = "train") -> dict[str, Any] | None:
    """What the snapshot says of a dotted field; None when there is none.

    Items of a list are named with their place or without: `tasks[0].task_name`, `tasks.task_name`. Keys below an open
    mapping such as `training.trainer_kwargs` are free, and so are items of lists without fields of their own: they answer
    `{"type": "any"}`.
    """
    entry: dict[str, Any] = {"type": "section", "fields": snapshot(kind)["fields"]}
    for step in path.split("."):
        name = _INDEX.sub("", step)
        if entry["type"] in ("dict", "any"):
            return {"type": "any"}
        if name not in entry.get("fields", ()):
            return None
        entry = entry["fields"][name]
        if name != step:
            if entry["type"] != "list":
                return None
            entry = {"type": "section", "fields": entry["fields"]} if "fields" in entry else {"type": "any"}
    return entry


def _in_list(path: str, kind: str) -> str | None:
    """The list that a path goes into; None where it goes into none."""
    steps = path.split(".")
    above = (".".join(steps[: n + 1]) for n in range(len(steps)))
    return next((name for name in above if name != unindexed(name) or (name != path and (field(name, kind) or {}).get("type") == "list")), None)


def coerce(path: str, value: Any, kind: str = "train", *, parts: bool = False) -> Any:
    """The value as Oumi takes it for this field; with `parts` a field of one item of a list may be named.

    Raises:
        UsageError: unknown field (with did-you-mean), a value of the wrong type, or a part of a list that is said whole.
    """
    entry = field(path, kind)
    if entry is not None and not parts and (within := _in_list(path, kind)):
        _refuse_part(path, unindexed(within), kind)
    if entry is None or entry["type"] == "section":
        raise _unknown(path, kind)
    if value is None:
        if entry.get("optional"):
            return None
        raise _wrong(path, value, entry)
    typed = _typed(path, value, entry)
    names = snapshot(kind)["names"].get(path)
    if names and typed not in names:
        raise _not_a_name(path, str(typed), names)
    if isinstance(typed, list | dict):
        _refuse_unreadable(path, typed, kind)
    return typed


_PLANNED_IN_ITEMS = {"dataset_name": "the data", "dataset_path": "the data", "path": "the data", "task_name": "the benchmarks", "evaluation_backend": "the benchmarks"}
"""Fields of items that follow from what is said, and that others follow from."""


def _refuse_part(path: str, within: str, kind: str) -> None:
    """A part of a list that is planned: a field of one item, named with its place, can be set, unless the rest of the plan follows from it.

    Raises:
        UsageError: a list without places, a list of plain values, a field that is planned with.
    """
    entry = field(within, kind) or {}
    planned = _PLANNED_IN_ITEMS.get(path.rpartition(".")[2])
    if re.fullmatch(rf"{re.escape(within)}\[\d+\]\.[^\[]+", path) is None or "fields" not in entry:
        example = f", or one field of an item, such as {within}[0].{next(iter(entry['fields']))}" if "fields" in entry else ""
        raise UsageError(f"{within} is a list: {path} cannot be set by itself.", context=path, hint=f"Say {within} as a whole{example}.", reference="part-of-list")
    if planned is not None:
        raise UsageError(f"{path} follows from {planned}, and the plan from it.", context=path, hint=f"Say {planned}, or {within} as a whole.", reference="part-of-list")


def _refuse_unreadable(path: str, value: Any, kind: str) -> None:
    """What stands in a list or a mapping, against the classes that Oumi makes of it."""
    from assistant.checks.releases import release_of
    from assistant.checks.typed import mistakes_in_value

    found = mistakes_in_value(path, value, kind, release_of(snapshot(kind)["oumi"]))
    if found:
        first = found[0]
        mend = f"{first.fix[:1].upper()}{first.fix[1:]}"
        if "is a section of fields" in first.message:
            mend = f"Write it as {{field: value}}; oumi-chat explain {unindexed(first.path)} names the fields"
        raise UsageError(f"{first.message}.", context=first.path, hint=mend if mend.endswith("?") else f"{mend}.", reference="wrong-value")


def _not_a_name(path: str, value: str, names: list[str]) -> UsageError:
    """Oumi takes any text here and fails once the model is loaded."""
    from assistant.catalogue.names import nearest

    near = [n for n in names if value and n.startswith(value)][:8] or nearest(value, names, count=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Such as {', '.join(names[:6])}."
    return UsageError(f'{path} has no "{value[:60]}".', context=path, hint=hint, reference="wrong-value")


def _typed(path: str, value: Any, entry: dict[str, Any]) -> Any:
    kind = entry["type"]
    if kind == "enum":
        name = next((n for n in entry["names"] if n.lower() == str(value).lower()), None)
        if name is None:
            raise _wrong(path, value, entry)
        return name
    if kind == "bool":
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word in ("true", "yes", "on", "1", "false", "no", "off", "0"):
            return word in ("true", "yes", "on", "1")
        raise _wrong(path, value, entry)
    if kind in ("int", "float"):
        return _number(path, value, entry)
    if kind in ("list", "dict"):
        if isinstance(value, list if kind == "list" else dict):
            return value
        raise _wrong(path, value, entry)
    return value if kind != "str" or isinstance(value, str) else str(value)


def _number(path: str, value: Any, entry: dict[str, Any]) -> int | float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _wrong(path, value, entry) from None
    if isinstance(value, bool) or number != number or number in (float("inf"), float("-inf")):
        raise _wrong(path, value, entry)
    if entry["type"] == "float":
        return number
    if number != int(number):
        raise _wrong(path, value, entry)
    return int(number)


def _unknown(path: str, kind: str) -> UsageError:
    from assistant.catalogue.names import nearest

    near = nearest(path, field_names(kind), count=2)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Field names look like training.warmup_steps."
    others = [other for other in KINDS if other != kind and path in field_names(other)]
    if others:
        hint = f"It is a field of {' and '.join(others[:2])} configs: say it when one is planned."
    where = "" if kind == "train" else f" in a config of kind {kind}"
    return UsageError(f'Oumi has no field "{path}"{where}.', context=path, hint=hint, reference="unknown-field")


def _wrong(path: str, value: Any, entry: dict[str, Any]) -> UsageError:
    wanted = f"one of {', '.join(entry['names'])}" if entry["type"] == "enum" else f"of type {entry['type']}"
    return UsageError(
        f"{path} cannot be {str(value)[:60]!r}.", context=path, hint=f"It must be {wanted}.", reference="wrong-value"
    )
