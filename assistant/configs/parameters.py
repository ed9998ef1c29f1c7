"""What a field is for, in words: `templates/parameters`, a file a kind, joined with its type in Oumi's schema."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import yaml

from assistant.checks.schema import field, snapshot, unindexed
from assistant.configs.library import LOADER, PARAMETERS, home

Importance = Literal["essential", "common", "advanced"]
IMPORTANCE: tuple[Importance, ...] = ("essential", "common", "advanced")
"""From what is asked first to what is asked only by those who want more."""

_LENT: dict[str, tuple[tuple[str, str, str], ...]] = {
    "eval": (("generation.", "infer", "generation."), ("inference_remote_params.", "infer", "remote_params."), ("inference_engine", "infer", "engine")),
    "tune": (("data.", "train", "data."), ("model.", "train", "model.")),
    **dict.fromkeys(
        ("judge", "synthesize"),
        tuple((f"inference_config.{part}", "infer", part) for part in ("model.", "generation.", "remote_params.", "engine")),
    ),
    "async_eval": (("evaluation.", "eval", ""),),
}
"""Parts of a kind that are parts of another: (where it begins here, the other kind, where it begins there)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One field of a kind of config. `path` names no places in lists; `choices` is empty where any value of the type goes.

    `type` is Oumi's: `str`, `int`, `float`, `bool`, `enum`, `list`, `dict`, `section`, several with a bar between them, or
    `any` below an open mapping. `interacts` are the fields that must agree with this one.
    """

    kind: str
    path: str
    importance: Importance
    help: str
    question: str
    interacts: tuple[str, ...]
    type: str
    choices: tuple[str, ...]
    default: Any
    optional: bool


@cache
def _words(file: str) -> dict[str, dict[str, Any]]:
    text = home("templates").joinpath(PARAMETERS, f"{file}.yaml").read_text("utf-8")
    found: dict[str, dict[str, Any]] = yaml.load(text, Loader=LOADER)
    return found


@cache
def parameter(kind: str, path: str) -> Parameter | None:
    """What is known of a field of this kind, such as `tasks[0].task_name`; None where nothing is written about it."""
    path = unindexed(path)
    own = _words(kind).get(path)
    if own is not None:
        return _joined(kind, path, own)
    for here, other, there in _LENT.get(kind, ()):
        if path.startswith(here) and (lent := parameter(other, there + path.removeprefix(here))):
            return replace(lent, kind=kind, path=path, interacts=_returned(kind, lent.interacts, other))
    shared = _words("common").get(path)
    return _joined(kind, path, shared) if shared is not None and field(path, kind) is not None else None


def _joined(kind: str, path: str, words: dict[str, Any]) -> Parameter:
    entry = field(path, kind) or {"type": "any"}
    return Parameter(
        kind=kind,
        path=path,
        importance=words["importance"],
        help=words["help"],
        question=words["question"],
        interacts=tuple(words["interacts"]),
        type=entry["type"],
        choices=tuple(entry.get("names") or snapshot(kind)["names"].get(path, ())),
        default=entry.get("default"),
        optional=entry.get("optional", False),
    )


def _returned(kind: str, paths: tuple[str, ...], other: str) -> tuple[str, ...]:
    """Fields of the other kind under their names in this one; those that it lacks go."""
    parts = [(here, there) for here, lender, there in _LENT[kind] if lender == other]
    found = (next((here + path.removeprefix(there) for here, there in parts if path.startswith(there)), None) for path in paths)
    return tuple(path for path in found if path is not None)


@cache
def parameters(kind: str) -> tuple[Parameter, ...]:
    """All fields of this kind that something is written about: essential ones first, then in the order they are written."""
    lent = [here + other.path.removeprefix(there) for here, lender, there in _LENT.get(kind, ()) for other in parameters(lender) if other.path.startswith(there)]
    paths = dict.fromkeys([*_words(kind), *lent, *_words("common")])
    found = [known for path in paths if (known := parameter(kind, path))]
    return tuple(sorted(found, key=lambda one: IMPORTANCE.index(one.importance)))
