"""What the guided setup asks of a kind in words of its own: `templates/questions.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from assistant.configs.library import LOADER, home


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One entry. Empty texts stand for those that are written elsewhere; `default` is (value, why); `least` bounds a number.

    `written` entries are asked only where the planned config sets the field.
    """

    name: str
    question: str = ""
    help: str = ""
    takes: str = ""
    flag: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    open: bool = False
    pattern: str = ""
    such_as: str = ""
    default: tuple[str, str] | None = None
    instead: str = ""
    least: float | None = None
    written: bool = False


@cache
def _entries() -> dict[str, dict[str, dict[str, Any]]]:
    text = home("templates").joinpath("questions.yaml").read_text("utf-8")
    found: dict[str, dict[str, dict[str, Any]]] = yaml.load(text, Loader=LOADER)
    return found


@cache
def asked_of(kind: str) -> dict[str, Asked]:
    """The entries of a kind, by the name of what is asked, in the order of the file."""
    return {name: _asked(name, entry) for name, entry in _entries().get(kind, {}).items()}


def _asked(name: str, entry: dict[str, Any]) -> Asked:
    plain = {key: value for key, value in entry.items() if key not in ("choices", "default")}
    default = entry.get("default")
    return Asked(
        name=name,
        choices=tuple((str(word), about) for word, about in (entry.get("choices") or {}).items()),
        default=(str(default["value"]), default["why"]) if default else None,
        **plain,
    )
