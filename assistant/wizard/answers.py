"""An answer's text as a value, and the intent with that value: the same for a typed answer and for a flag."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from assistant.builder.absorb import absorb
from assistant.builder.phrase import machine_flag
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.names import nearest
from assistant.checks.schema import coerce, field, field_names
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import Reason
from assistant.reader.fields import value_of
from assistant.reader.otherkinds import SAID
from assistant.reader.page import amount
from assistant.reader.ranges import allowed
from assistant.wizard.items import KINDS, Item, item, key_of_field, schema_of

MACHINE_KEYS = ("gpu", "gpu_count", "gpu_memory_gb")
_YES, _NO = ("y", "yes", "true", "on"), ("n", "no", "false", "off")
_NUMBER = re.compile(r"([-+]?(?:\d[\d,_]*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?)\s*([km])?", re.IGNORECASE)
_DEFAULT = ("auto", "default")
_LONGEST = 4096
"""Characters of an answer: no name or path is longer."""
IMAGES = ("images", "supervised fine-tuning on conversations with images")
"""The objective's further choice for a model that reads images and is mostly tuned on text."""
_COLLATOR = {"data.train.collator_name": "vision_language_with_padding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is known: the intent, the machine as `--gpus` takes it, and (name, value) of what neither has a key for."""

    intent: Intent
    gpus: str | None = None
    words: tuple[tuple[str, str], ...] = ()


def said_with(said: Said, kind: str, asked: Item, text: str) -> Said:
    """What is known once this question is answered so.

    Raises:
        UsageError: the answer cannot be taken; it says what can.
    """
    text = text.strip()
    if len(text) > _LONGEST or not text.isprintable():
        raise _refused(asked, text, "a text on one line")
    if asked.key == "machine":
        return _with_machine(said, asked, text)
    if asked.is_field:
        return _with_field(said, kind, asked, text)
    if asked.key == "objective" and text.lower() == IMAGES[0]:
        overrides = {**(said.intent.overrides or {}), **_COLLATOR}
        return replace(said, intent=said.intent.model_copy(update={"objective": "sft", "overrides": overrides}))
    if asked.is_word:
        return _with_word(said, asked, text)
    return replace(said, intent=with_key(said.intent, asked, _value(asked, text)))


def _with_word(said: Said, asked: Item, text: str) -> Said:
    others = tuple(pair for pair in said.words if pair[0] != asked.key)
    if not text or text.lower() in (*_DEFAULT, "none"):
        return replace(said, words=others)
    value = _as_asked(asked, text)
    return replace(said, words=(*others, (asked.key, value)))


def _as_asked(asked: Item, text: str) -> str:
    """One of the choices, or another answer of the form that is taken."""
    same = next((name for name, _ in asked.choices if name.lower() == text.lower()), None)
    if same is not None:
        return same
    if asked.open and re.fullmatch(asked.pattern or ".+", text, re.IGNORECASE):
        return text
    try:
        if asked.open and text.isdigit():  # a place in a list is no scale
            raise _refused(asked, text, asked.such_as)
        return choice_of(asked, text)
    except UsageError:
        if not asked.open:
            raise
        raise _refused(asked, text, asked.such_as or "one of the choices") from None


def with_key(intent: Intent, asked: Item, value: Any) -> Intent:
    """The intent with this key set; None leaves it to the planner.

    Raises:
        UsageError: a value out of range.
    """
    try:
        return Intent.model_validate({**intent.model_dump(), asked.key: value})
    except ValidationError:
        raise _refused(asked, value, allowed(asked.key)) from None


def _value(asked: Item, text: str) -> Any:
    if asked.takes == "choice":
        found = choice_of(asked, text)
        return None if found in _DEFAULT else found
    if text.lower() in _DEFAULT and asked.takes != "model":
        return None
    if asked.takes in ("whole", "number"):
        return _number(asked, text)
    if asked.takes == "yes":
        return _yes(asked, text)
    if asked.takes == "names":
        return [name for name in re.split(r"[\s,]+", text) if name]
    return text


def choice_of(asked: Item, text: str) -> str:
    """The choice that this names: whole, by its place in the list, or by a beginning that no other has."""
    names = [name for name, _ in asked.choices]
    said = text.lower()
    same = [name for name in names if name.lower() == said]
    begun = [name for name in names if said and name.lower().startswith(said)]
    if found := same or (begun if len(begun) == 1 else []):
        return found[0]
    if text.isdigit() and 1 <= int(text) <= len(names):
        return names[int(text) - 1]
    near = begun or (nearest(text, names, count=1) if text else [])
    guess = f"Did you mean {' or '.join(near[:3])}? " if near else ""
    listed = f"It can be {', '.join(names)}." if len(names) <= 20 else f"Such as {', '.join(names[:8])}."
    raise UsageError(f'"{text[:60]}" is none of the choices.', context=asked.flag, hint=guess + listed, reference="wrong-value")


def near_misses(asked: Item, text: str) -> tuple[tuple[str, str], ...]:
    """(a name as said, the known one that it may be a slip for), where other names than those that are known are taken."""
    if asked.takes != "names":
        return ()
    known = [name for name, _ in asked.choices]
    said = [name for name in re.split(r"[\s,]+", text) if name and name not in known]
    return tuple((name, near[0]) for name in said if (near := nearest(name, known, count=1, cutoff=75)))


def _number(asked: Item, text: str) -> float | int:
    match = _NUMBER.fullmatch(text)
    wanted = f"a {'whole ' if asked.takes == 'whole' else ''}number, {allowed(asked.key)}"
    if match is None:
        raise _refused(asked, text, wanted)
    digits, unit = match.group(1).replace("_", "").replace(",", ""), match.group(2)
    value = amount(digits, unit) if asked.key == "sequence_length" else float(digits) * {"k": 1e3, "m": 1e6}.get((unit or "").lower(), 1)
    if abs(value) == float("inf") or (asked.takes == "whole" and value != int(value)):
        raise _refused(asked, text, wanted)
    return int(value) if asked.takes == "whole" else value


def _yes(asked: Item, text: str) -> bool:
    if text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    raise _refused(asked, text, "yes or no")


def _with_machine(said: Said, asked: Item, text: str) -> Said:
    if not text:
        raise _refused(asked, text, "a machine, such as 2xA100-80GB or auto")
    gone: tuple[str, ...] = MACHINE_KEYS
    if text.lower() != "auto" and parse_machine(text).nodes > 1:
        gone = (*gone, "nodes")
    return replace(said, intent=said.intent.model_copy(update=dict.fromkeys(gone)), gpus=text)


def stated_machine(said: Said) -> str | None:
    """The machine as `--gpus` takes it, of as many nodes as were said.

    Raises:
        UsageError: the machine has another number of nodes, or is this computer.
    """
    text, nodes = said.gpus, said.intent.nodes
    if text is None or nodes is None or (text.lower() == "auto" and nodes == 1):
        return text
    machine = parse_machine(text) if text.lower() != "auto" else None
    if machine is None or machine.nodes not in (1, nodes):
        has = "is this computer alone" if machine is None else f"has {machine.nodes} nodes"
        raise UsageError(f"--gpus {text} {has}, and --nodes {nodes} says otherwise.", context="machine", hint="Keep one of the two; --gpus 8xH100 --nodes 2 is 2 nodes of 8.", reference="conflict")
    return machine_flag(replace(machine, nodes=nodes)) if machine.nodes == 1 and nodes > 1 else text


def notes_of(said: Said) -> tuple[Reason, ...]:
    """What was said that the intent has no key for, as a reading notes it."""
    return tuple(Reason(field=name, value=value, why=SAID) for name, value in said.words)


def _with_field(said: Said, kind: str, asked: Item, text: str) -> Said:
    """A field by its dotted name; one that the planner decides becomes part of the intent, as it does from words."""
    schema, path = schema_of(kind), asked.key
    overrides = dict(said.intent.overrides or {})
    if text.lower() == "default" or (text.lower() == "auto" and "auto" in dict(asked.choices)):
        overrides.pop(path, None)
        return replace(said, intent=said.intent.model_copy(update={"overrides": overrides or None}))
    if asked.takes == "choice" and not asked.open:
        text = choice_of(asked, text)
    overrides[path] = coerce(path, _typed(path, schema, text), schema)
    if asked.least is not None and overrides[path] < asked.least:
        raise _refused(asked, text, f"at least {asked.least:g}")
    intent = said.intent.model_copy(update={"overrides": overrides})
    return replace(said, intent=absorb(intent) if schema == "train" else intent)


def _typed(path: str, schema: str, text: str) -> Any:
    entry = field(path, schema) or {"type": "any"}
    if entry["type"] == "str":
        return text
    if entry["type"] == "list" and not text.startswith("["):
        return [value_of(piece.strip()) for piece in text.split(",") if piece.strip()]
    return value_of(text)


def setting(kind: str, text: str) -> tuple[Item, str | None]:
    """The question that a name stands for, with the value behind `=`: `lora_rank`, `--epochs`, `training.warmup_steps=50`, `warmup_steps`.

    Raises:
        UsageError: no such setting; the hint has the nearest.
    """
    name, sign, value = text.partition("=")
    name = name.strip()
    schema = schema_of(kind)
    keys = {item(kind, key).flag.removeprefix("--").replace("-", "_"): key for key in KINDS[kind].keys} | {key: key for key in KINDS[kind].keys}
    said = name.removeprefix("--").removeprefix("set ").strip()
    key = keys.get(said.lower().replace("-", "_").replace(" ", "_"))
    if key is None:
        paths = [path for path in field_names(schema) if path == said or path.rpartition(".")[2] == said]
        whole = value.strip().startswith(("[", "{"))  # a list or mapping is a value of the field itself
        key = (paths[0] if whole else key_of_field(kind, paths[0])) if len(paths) == 1 else None
    if key is None and said and field(said, schema) is not None and (field(said, schema) or {})["type"] != "section":
        key = said
    if key is None:
        raise _no_setting(said, (*keys, *field_names(schema)))
    return item(kind, key), value.strip() if sign else None


def _no_setting(name: str, names: tuple[str, ...]) -> UsageError:
    same = [each for each in names if "." in each and each.rpartition(".")[2] == name]
    near = same[:4] or (nearest(name, names, count=2) if 0 < len(name) <= 100 else [])
    hint = f"Did you mean {' or '.join(near)}?" if near else "? lists the settings."
    return UsageError(f'There is no setting "{name[:60]}".', context=name[:60], hint=hint, reference="unknown-field")


def _refused(asked: Item, value: Any, wanted: str) -> UsageError:
    said = "".join(c if c.isprintable() else "\ufffd" for c in str(value)[:60])
    return UsageError(f'{asked.flag} cannot be "{said}".', context=asked.flag, hint=f"It must be {wanted}.", reference="wrong-value")
