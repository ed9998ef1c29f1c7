"""All that is known of a field, looked up by its dotted name in the classes of a release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assistant.catalogue.names import nearest
from assistant.checks import releases
from assistant.checks.othernames import elsewhere, same
from assistant.checks.schema import KINDS, field_names, trainer_kwargs, unindexed
from assistant.configs.parameters import parameter
from assistant.core.errors import UsageError
from assistant.explain.usage import Usage, usage_of
from assistant.migrate.changes import CHANGES

TRAINERS = ("HF", "TRL_SFT", "TRL_DPO", "TRL_KTO", "TRL_GRPO", "TRL_GKD", "TRL_GOLD")
_KWARGS = "training.trainer_kwargs"
_WORDS = {"int": "whole number", "float": "number", "bool": "true or false", "str": "text", "any": "any", "none": "empty"}
_DEEPEST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a dotted name ends in a release's classes: the class that has the field (`owner`) and its declaration."""

    owner: str
    field: str
    declared: releases.Declared
    is_open: bool = False
    """True for a key below an open mapping, which Oumi hands on as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A field of one kind of config in one release. `fields` are those of a section: (name, type, default)."""

    kind: str
    path: str
    version: str
    type: str
    default: Any
    required: bool
    choices: tuple[str, ...]
    help: str
    interacts: tuple[str, ...]
    spans: tuple[tuple[str, str | None], ...]
    defaults: tuple[tuple[str, Any], ...]
    fields: tuple[tuple[str, str, Any], ...]
    trainers: tuple[str, ...]
    notes: tuple[str, ...]
    used: Usage | None

    @property
    def is_there(self) -> bool:
        """True when the release has the field."""
        return bool(self.type)


def find(kind: str, path: str, version: str) -> Found | None:
    """Where a dotted name leads in this release; None where it leads nowhere."""
    owner = releases.root_class(kind)
    steps = unindexed(path).split(".")
    for place, step in enumerate(steps):
        declared = releases.fields_of(owner, version).get(step)
        if declared is None:
            return None
        if place == len(steps) - 1:
            return Found(owner=owner, field=step, declared=declared)
        inner = _class_in(declared.type)
        if inner is None:
            open_kind = declared.type if isinstance(declared.type, list) else [declared.type]
            is_open = "dict" in str(open_kind) or "any" in open_kind
            return Found(owner=owner, field=step, declared=declared, is_open=True) if is_open else None
        owner = inner
    return None


def _class_in(kind: Any) -> str | None:
    """The section's class that a type holds, through optional and lists."""
    if isinstance(kind, str):
        return kind if releases.is_class(kind) else None
    return next((inner for part in kind[1:] if (inner := _class_in(part))), None)


def facts_of(path: str, kind: str, version: str) -> Facts | None:
    """What is known of a field in a kind of config; None where no release has it."""
    path = unindexed(path)
    here = find(kind, path, version)
    known = here or _elsewhen(kind, path)
    if known is None:
        return None
    words = parameter(kind, path)
    type_text, choices = ("", ()) if here is None else ("any", ()) if here.is_open else (type_words(here.declared.type), _choices(here.declared.type, version))
    default = None if here is None or here.is_open else here.declared.default
    inner = _class_in(here.declared.type) if here is not None and not here.is_open else None
    return Facts(
        kind=kind, path=path, version=version, type=type_text, default=None if default == releases.REQUIRED else default,
        required=default == releases.REQUIRED, choices=choices or (words.choices if words else ()), help=words.help if words else "",
        interacts=words.interacts if words else (), spans=() if known.is_open else releases.spans_of(known.owner, known.field),
        defaults=() if known.is_open else releases.defaults_of(known.owner, known.field),
        fields=_fields(inner, version) if inner else (), trainers=_trainers(path), notes=tuple(_notes(known)), used=usage_of(kind, path),
    )  # fmt: skip


def _elsewhen(kind: str, path: str) -> Found | None:
    """The field in the last other release that had it."""
    return next((found for version in reversed(releases.releases()) if (found := find(kind, path, version))), None)


def _choices(kind: Any, version: str) -> tuple[str, ...]:
    names = [kind] if isinstance(kind, str) else [part for part in kind if isinstance(part, str)]
    return tuple(member for name in names if releases.is_enum(name) for member in releases.members_of(name, version))


def type_words(kind: Any) -> str:
    """A declared type in words: `list of text`, `whole number or empty`."""
    if isinstance(kind, str):
        return _WORDS.get(kind) or ("one of these words" if releases.is_enum(kind) else "section")
    outer, *inner = kind
    if outer == "union":
        parts = [part for part in inner if part != "none"] + (["none"] if "none" in inner else [])
        return " or ".join(type_words(part) for part in parts)
    if outer == "list":
        return f"list of {_several(inner[0])}" if inner else "list"
    return "`key: value` pairs"


def _several(kind: Any) -> str:
    return {"section": "sections", "whole number": "whole numbers", "number": "numbers"}.get(words := type_words(kind), words)


def _fields(name: str, version: str) -> tuple[tuple[str, str, Any], ...]:
    return tuple((field, type_words(declared.type), declared.default) for field, declared in releases.fields_of(name, version).items())


def _trainers(path: str) -> tuple[str, ...]:
    """Trainers that take an argument of this name."""
    if not path.startswith(f"{_KWARGS}."):
        return ()
    name = path.removeprefix(f"{_KWARGS}.").partition(".")[0]
    return tuple(trainer for trainer in TRAINERS if name in trainer_kwargs(trainer))


def _notes(known: Found) -> Iterator[str]:
    """What the table of changes says of the field: its new name, or what stands in its place."""
    for change in CHANGES:
        if (change.owner, change.field) != (known.owner, known.field) or change.action == "default":
            continue
        if change.action == "rename":
            yield f"called {change.to} since {change.release}"
        elif change.action == "move" and isinstance(change.to, dict):
            yield f"moved to {' or '.join(change.to.values())} in {change.release}"
        elif change.action == "word":
            for old, new in change.to.items():
                yield f"{old} is called {new} since {change.release}" if new else change.why
        elif change.why:
            yield change.why


def everywhere(path: str, kind: str | None, version: str) -> tuple[Facts, ...]:
    """A field in each kind of config that has it; a last name alone (`lora_r`) stands for the field that ends in it.

    Raises:
        UsageError: no kind has it, with the nearest names.
    """
    looked = (kind,) if kind else KINDS
    named = [facts for name in looked if (facts := facts_of(path, name, version))]
    if not named and "." not in path:
        full = dict.fromkeys(name for one in looked for name in field_names(one) if name.rpartition(".")[2] == path)
        places = [place for place in full if not any(place != other and place.endswith(f".{other}") for other in full)]
        named = [facts for place in places for one in looked if (facts := facts_of(place, one, version))]
    if "." not in path:
        named.sort(key=lambda facts: (facts.path != path, not facts.is_there, -(facts.used.set_in if facts.used else 0), not facts.help))
    there = [facts for facts in named if facts.is_there and (not facts.path.startswith(f"{_KWARGS}.") or facts.trainers or facts.used)]
    if there or (named and not _is_mere_kwarg(named[0])):
        return tuple(there or named[:1])
    if path.startswith(f"{_KWARGS}."):
        raise _no_argument(path.removeprefix(f"{_KWARGS}."))
    raise _unknown(path, looked)


def _no_argument(name: str) -> UsageError:
    """The error of a key that Oumi hands to its trainer, and no trainer takes."""
    told = next((change.why for change in CHANGES if change.field == f"trainer_kwargs.{name}"), "")
    near = nearest(name, {known for trainer in TRAINERS for known in trainer_kwargs(trainer)}, count=2, cutoff=75)
    hint = f"{told[:1].upper()}{told[1:]}." if told else f"Did you mean {' or '.join(near)}?" if near else "Leave it out."
    return UsageError(f'No trainer of Oumi\'s takes an argument "{name[:60]}".', context=f"{_KWARGS}.{name[:60]}", hint=hint, reference="unknown-field")


def _is_mere_kwarg(facts: Facts) -> bool:
    return facts.path.startswith(f"{_KWARGS}.")


def _unknown(path: str, kinds: tuple[str, ...]) -> UsageError:
    names = dict.fromkeys(name for kind in kinds for name in (*field_names(kind), *_sections(kind)))
    last: dict[str, str] = {}
    for name in names:
        last.setdefault(name.rpartition(".")[2], name)
    near = nearest(path, names, count=3, cutoff=70) or [last[name] for name in nearest(path.rpartition(".")[2], last, count=3, cutoff=70)]
    where = f" in a config of kind {kinds[0]}" if len(kinds) == 1 else ""
    same_letters = [name for name in near if name.lower() == path.lower()][:1]
    near = same_letters or near
    hint = ("" if same_letters else _known_as(path, looked=kinds)) or (f"Did you mean {' or '.join(near)}?" if near else "Field names look like training.warmup_steps.")
    return UsageError(f'Oumi has no field "{path[:80]}"{where}.', context=path[:80], hint=hint, reference="unknown-field")


_SECTIONS = {"TrainingParams": "training", "ModelParams": "model", "PeftParams": "peft", "GenerationParams": "generation"}


def _known_as(path: str, looked: tuple[str, ...]) -> str:
    """What a name stands for that other tools have, a value in the place of a field, or a part of names; empty for none of these."""
    section, _, last = path.rpartition(".")
    for owner, here in _SECTIONS.items():
        if section not in ("", here) or not any(name.startswith(f"{here}.") for kind in looked for name in field_names(kind)):
            continue
        if name := same(owner, last.lower()):
            return f"It is called {here}.{name}."
        if told := elsewhere(owner, last.lower(), here):
            return f"{told[:1].upper()}{told[1:]}."
    if section:
        return ""
    valued = [name for kind in looked for name in field_names(kind) if (found := find(kind, name, releases.newest())) and not found.is_open and path in _choices(found.declared.type, releases.newest())]
    if valued:
        return f"It is a value of {' and of '.join(dict.fromkeys(valued[:2]))}."
    parts = dict.fromkeys(name for kind in looked for name in field_names(kind) if path.lower() in name.rpartition(".")[2].split("_"))
    near = sorted(parts, key=lambda name: -(used.set_in if (used := usage_of(looked[0], name)) else 0))[:3]
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _sections(kind: str) -> tuple[str, ...]:
    """Dotted names of the sections of a kind."""
    parts = (name.split(".")[:depth] for name in field_names(kind) for depth in range(1, min(_DEEPEST, name.count(".") + 1)))
    return tuple(dict.fromkeys(".".join(part) for part in parts if part))
