"""One value that was said, checked when it is said: what is wrong with it is told at that step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from copy import deepcopy
from numbers import Integral, Real
from os import PathLike, fspath
from typing import Any, get_args

from pydantic import ValidationError

from assistant.catalogue.engines import engines
from assistant.catalogue.gpus import find_gpu
from assistant.catalogue.machines import hardware_from_intent, parse_machine
from assistant.checks.schema import KINDS, coerce, field
from assistant.configs.render import scalar
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.reader.ranges import allowed

_TEXTS = ("model", "dataset", "output_dir", "run_name")
_LONGEST = 4096
STEPS = {"task": "for_task", "method": "training_type", "global_batch_size": "batch_size", "overrides": "override"}
"""Keys of the intent whose step has another name."""


def checked(key: str, value: Any) -> Any:
    """The value of one of the intent's keys in canonical form; None for a training type of `auto`.

    Raises:
        UsageError: it is of the wrong type, out of range, or no such thing exists.
    """
    if key in _TEXTS:
        return text(key, value)
    if key == "method" and isinstance(value, str) and value.strip().lower() == "auto":
        return None
    if options := _options(key):
        return _one_of(key, value, options)
    if key == "gpu":
        return _gpu(value)
    if key == "engine":
        return _engine(value)
    if key == "benchmarks":
        return _benchmarks(value)
    return _number(key, value)


def text(key: str, value: Any) -> str:
    """A name or a path: one line that can be shown, and that Oumi reads back as it is.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise _wrong(key, value, "a text that is not empty")
    if not value.isprintable() or len(value) > _LONGEST:
        raise _wrong(key, value, f"one line of at most {_LONGEST:,} characters, all of them visible")
    scalar(value)
    return value.strip()


def path_text(value: Any) -> str:
    """A file's path as text.

    Raises:
        UsageError: it is no path.
    """
    found = fspath(value) if isinstance(value, str | PathLike) else None
    if not isinstance(found, str) or not found:
        raise _wrong("path", value, "the path of a file")
    return found


def checked_machine(value: Any) -> str:
    """What states a machine, such as `2xA100-80GB`; `auto` is this computer.

    Raises:
        UsageError: no such machine.
    """
    words = text("hardware", value)
    if words.lower() != "auto":
        parse_machine(words)
    return words


def checked_override(path: Any, value: Any, kind: str | None, *, parts: bool = False) -> Any:
    """A field's value as Oumi takes it in a config of this kind; with `parts` one item of a list may be named.

    Without `parts` a field that only another kind has is checked there: what is planned may still change. A kind of
    None has fields that nobody knows here.

    Raises:
        UsageError: there is no such field, or it cannot have this value.
    """
    name = text("override", path)
    typed = deepcopy(value)
    if kind is not None:
        kinds = (kind,) if parts else (kind, "train", *KINDS)
        home = next((one for one in kinds if field(name, one) is not None), kind)
        typed = coerce(name, typed, home, parts=parts)
    _refuse_unreadable(typed)
    return typed


def _refuse_unreadable(value: Any) -> None:
    """Texts that Oumi would not read back as they are, at any depth."""
    if isinstance(value, str):
        scalar(value)
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            _refuse_unreadable(item)


def _options(key: str) -> tuple[str, ...]:
    """The words that a key may have; empty where it is no choice."""
    annotation = Intent.model_fields[key].annotation
    return tuple(word for part in get_args(annotation) for word in get_args(part) if isinstance(word, str))


def _one_of(key: str, value: Any, options: tuple[str, ...]) -> str:
    word = value.strip().lower() if isinstance(value, str) else value
    if word not in options:
        more = ("auto",) if key == "method" else ()
        raise _wrong(key, value, f"one of {', '.join((*more, *options))}")
    return str(word)


def _gpu(value: Any) -> str:
    said = text("gpu", value)
    hardware_from_intent(Intent(gpu=said))
    known = find_gpu(said)
    return known.name if known is not None else said


def _engine(value: Any) -> str:
    said = text("engine", value).upper()
    if said not in engines():
        raise _wrong("engine", value, f"one of {', '.join(engines())}")
    return said


def _benchmarks(value: Any) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise _wrong("benchmarks", value, "a list of names")
    names = [text("benchmarks", name) for name in value]
    if not names:
        raise _wrong("benchmarks", value, "a list of at least one name")
    return names


def _number(key: str, value: Any) -> Any:
    """A number or a switch; its range is the intent's own."""
    number = value
    if isinstance(value, Real) and not isinstance(value, bool):  # NumPy's numbers among them
        number = int(value) if isinstance(value, Integral) else float(value)
    if number is None or (isinstance(number, float) and not math.isfinite(number)):
        raise _wrong(key, value, _range(key))
    try:
        said = Intent.model_validate({key: number}, strict=True)
    except ValidationError:
        raise _wrong(key, value, _range(key)) from None
    return getattr(said, key)


def _range(key: str) -> str:
    kinds = get_args(Intent.model_fields[key].annotation)
    if bool in kinds:
        return "true or false"
    whole = "a whole number" if int in kinds else "a number"
    ends = allowed(key)
    return whole if ends == "another value" else f"{whole}, {ends}"


def _wrong(key: str, value: Any, wanted: str) -> UsageError:
    name = STEPS.get(key, key)
    return UsageError(f"{name} cannot be {repr(value)[:80]}.", context=name, hint=f"It must be {wanted}.", reference="wrong-value")
