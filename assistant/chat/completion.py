"""What could stand where the cursor is: commands, what they take, names of the catalogue and fields of Oumi's configs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from assistant.catalogue.datasets import all_datasets
from assistant.catalogue.gpus import all_gpus
from assistant.catalogue.models import all_models
from assistant.catalogue.names import fold
from assistant.checks.schema import field, field_names, snapshot

MOST = 40
"""Candidates: more do not help to choose."""

_WORD = re.compile(r"[^\s,;()\"'=]+\Z")
_COUNT = re.compile(r"\d+\s?x", re.IGNORECASE)
_SHORTEST = 2
_TAKES_FILES = ("/load", "/save", "/validate", "/launch")
_PATH_BEGINS = ("./", "../", "~/", "/")


class Candidate(NamedTuple):
    """A text, where it begins (characters before the cursor, as a negative number), and a word about it."""

    text: str
    start: int
    meta: str


class _Name(NamedTuple):
    text: str
    meta: str
    keys: tuple[str, ...]


def no_files(_: str) -> Sequence[str]:
    """Where nobody can look at files."""
    return ()


def completions(
    before: str,
    commands: Mapping[str, str],
    *,
    files: Callable[[str], Sequence[str]] = no_files,
    llms: Sequence[str] = (),
) -> list[Candidate]:
    """What the text before the cursor may go on with, the likeliest first.

    `commands` are names with a word of help; `files` lists the paths that begin so; `llms` are ids for /llm.
    """
    command, blank, rest = before.lstrip().partition(" ")
    if not command.startswith("/"):
        return _in_words(before, files)
    if not blank:
        return [Candidate(name, -len(command), help_) for name, help_ in commands.items() if name.startswith(command.lower())]
    said = rest.lstrip()
    if command in _TAKES_FILES:
        return _named(files(said), said)
    if command == "/set":
        return _settings(said)
    if command == "/llm":
        return _named([each for each in llms if each.lower().startswith(said.lower())], said)
    if command in ("/gpus", "/model"):
        return _of(gpus() if command == "/gpus" else models(), said, _COUNT.match(said))
    return []


def names_like(what: Literal["model", "machine", "dataset"], said: str) -> list[Candidate]:
    """Names of the catalogue that begin so; a count before a GPU (`2xA1`) stays."""
    if what == "machine":
        return _of(gpus(), said, _COUNT.match(said))
    return _of(models() if what == "model" else datasets(), said) if said else []


def settings_like(said: str, kind: str) -> list[Candidate]:
    """Fields of a kind of config that begin so, by their whole name or by its last part."""
    names = [name for name in field_names(kind) if name.startswith(said) or name.rpartition(".")[2].startswith(said)]
    return [Candidate(name, -len(said), str((field(name, kind) or {"type": ""})["type"])) for name in names[:MOST]]


def _in_words(before: str, files: Callable[[str], Sequence[str]]) -> list[Candidate]:
    setting = re.search(r"[a-z_.]+=\S*\Z", before)
    if setting and field(setting.group().partition("=")[0]):
        return _settings(setting.group())
    found = _WORD.search(before)
    word = found.group() if found else ""
    if word.startswith(_PATH_BEGINS):
        return _named(files(word), word)
    if len(word) < _SHORTEST:
        return []
    of_gpus = _of(gpus(), word, _COUNT.match(word))
    if len(word) <= _SHORTEST:
        return of_gpus
    names = [*of_gpus, *_of(models(), word), *_of(datasets(), word)]
    return (names or (_settings(word) if "." in word else []))[:MOST]


def _settings(said: str) -> list[Candidate]:
    """`training.wa` → the fields that begin so; `training.optimizer=` → the values that it takes."""
    path, sign, value = said.partition("=")
    if sign:
        return _named([each for each in _values(path) if each.lower().startswith(value.lower())], value)
    begun = [name for name in field_names() if name.startswith(path)]
    within = [name for name in field_names() if path and path in name.rpartition(".")[2] and name not in begun]
    return [Candidate(name, -len(path), _kind(name)) for name in (begun or within)[:MOST]]


@cache
def _values(path: str) -> tuple[str, ...]:
    entry = field(path) or {"type": ""}
    if entry["type"] == "bool":
        return ("true", "false")
    return tuple(entry.get("names", ())) or tuple(snapshot()["names"].get(path, ()))


def _kind(name: str) -> str:
    entry = field(name) or {"type": ""}
    default = entry.get("default")
    is_short = isinstance(default, str | int | float) and len(str(default)) <= 20
    return f"{entry['type']}, default {default}" if is_short else str(entry["type"])


def _named(texts: Iterable[str], said: str) -> list[Candidate]:
    return [Candidate(text, -len(said), "") for text in texts][:MOST]


def _of(names: tuple[_Name, ...], said: str, count: re.Match[str] | None = None) -> list[Candidate]:
    """Names that begin with the word, case and dashes aside; a count before a GPU (`2xA1`) stays."""
    word = said[count.end() :] if count else said
    key = fold(word)
    hits = [name for name in names if any(k.startswith(key) for k in name.keys)]
    return [Candidate(name.text, -len(word), name.meta) for name in hits[:MOST]]


def _sorted(names: Iterable[_Name]) -> tuple[_Name, ...]:
    return tuple(sorted(names, key=lambda name: (len(name.text), name.text)))


@cache
def gpus() -> tuple[_Name, ...]:
    """GPUs under SkyPilot's names."""
    return tuple(_Name(gpu.name, f"{gpu.memory_gb:g} GB", (fold(gpu.name),)) for gpu in all_gpus())


@cache
def models() -> tuple[_Name, ...]:
    """Models to train, the shortest id first."""
    return _sorted(_Name(m.id, f"{m.params_total / 1e9:.1f} B", (fold(m.id), fold(m.id.split("/")[-1]))) for m in all_models())


@cache
def datasets() -> tuple[_Name, ...]:
    """Datasets that Oumi registers and usual ones of the Hub."""
    return _sorted(
        _Name(d.id, d.kind, tuple(fold(name) for name in (d.id, d.id.split("/")[-1], *d.names))) for d in all_datasets()
    )
