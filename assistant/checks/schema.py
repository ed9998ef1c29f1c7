"""The fields of Oumi's configs, a snapshot of its 0.9 classes for each kind. Without a kind: those of training."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from assistant.core.errors import UsageError

_OPEN_SECTIONS = ("trainer_kwargs", "model_kwargs", "dataset_kwargs", "verl_config_overrides", "gradient_checkpointing_kwargs")


KINDS = ("train", "eval", "infer", "job", "quantize", "tune", "judge", "synthesize")


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


def field(path: str, kind: str = "train") -> dict[str, Any] | None:
    """What the snapshot says of a dotted field; None when there is none.

    Keys below an open mapping such as `training.trainer_kwargs` are free: they answer `{"type": "any"}`.
    """
    entry: dict[str, Any] = {"type": "section", "fields": snapshot(kind)["fields"]}
    for name in path.split("."):
        if entry["type"] == "dict":
            return {"type": "any"}
        if entry["type"] != "section" or name not in entry["fields"]:
            return None
        entry = entry["fields"][name]
    return entry


def coerce(path: str, value: Any, kind: str = "train") -> Any:
    """The value as Oumi takes it for this field.

    Raises:
        UsageError: unknown field (with did-you-mean), or a value of the wrong type.
    """
    entry = field(path, kind)
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
    return typed


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
    where = "" if kind == "train" else f" in a config of kind {kind}"
    return UsageError(f'Oumi has no field "{path}"{where}.', context=path, hint=hint, reference="unknown-field")


def _wrong(path: str, value: Any, entry: dict[str, Any]) -> UsageError:
    wanted = f"one of {', '.join(entry['names'])}" if entry["type"] == "enum" else f"of type {entry['type']}"
    return UsageError(
        f"{path} cannot be {str(value)[:60]!r}.", context=path, hint=f"It must be {wanted}.", reference="wrong-value"
    )
