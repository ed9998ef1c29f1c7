"""What varies between the rows of a synthesis, as it was said: `tone: formal, casual; length: short, long`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assistant.configs.build import task_config
from assistant.core.errors import UsageError
from assistant.core.taskplan import TaskPlan

_SAMPLED = "strategy_params.sampled_attributes"
_WRITERS = ("generated_attributes", "multiturn_attributes")


def with_attributes(plan: TaskPlan, words: str | None) -> TaskPlan:
    """The plan with these attributes beside its own: each is drawn for every row, and told to the model where it writes first.

    Raises:
        UsageError: an attribute without two values, one that is there already, or texts that were set by hand.
    """
    if not words:
        return plan
    params = task_config(plan).body["strategy_params"]
    own = [path for path in plan.overrides if path.partition(".")[2] in ("sampled_attributes", *_WRITERS)]
    if own:
        raise UsageError(f"{own[0]} is set as a whole, and attributes were said beside it.", context="attributes", hint="Write them there, or leave that out.", reference="conflict")
    taken = {entry["id"] for name in ("sampled_attributes", *_WRITERS) for entry in params.get(name, ())}
    found = [_attribute(piece, taken) for piece in words.split(";") if piece.strip()]
    told = "\n".join(f"{each['name']}: {{{each['id']}}}" for each in found)
    writer = next(name for name in _WRITERS if name in params)
    first, *others = params[writer]
    texts = {_SAMPLED: [*params.get("sampled_attributes", ()), *found], f"strategy_params.{writer}": [_told(first, told), *others]}
    return replace(plan, overrides={**plan.overrides, **texts})


def _attribute(piece: str, taken: set[str]) -> dict[str, Any]:
    name, _, said = piece.partition(":")
    values = list(dict.fromkeys(value.strip() for value in said.split(",") if value.strip()))
    label = _identifier(name)
    if len(values) < 2 or not label:
        raise UsageError(f'"{piece.strip()[:60]}" names no values to draw from.', context="attributes", hint="Such as: tone: formal, casual; length: short, long.", reference="wrong-value")
    if label in taken:
        raise UsageError(f"{label} is an attribute already.", context="attributes", hint="Give it another name.", reference="wrong-value")
    taken.add(label)
    title = name.strip()[:1].upper() + name.strip()[1:]
    return {"id": label, "name": title, "description": title, "possible_values": [{"id": _identifier(value) or f"value_{n}", "name": value, "description": value} for n, value in enumerate(values, 1)]}


def _identifier(text: str) -> str:
    """A name that Oumi takes in braces."""
    plain = re.sub(r"\W+", "_", text.strip().lower(), flags=re.ASCII).strip("_")
    return plain if plain[:1].isalpha() else f"v_{plain}" if plain else ""


def _told(writer: Mapping[str, Any], told: str) -> dict[str, Any]:
    """The first writer's entry with the attributes in its last instruction, or in that of the user's role."""
    if "instruction_messages" in writer:
        *before, last = writer["instruction_messages"]
        return {**writer, "instruction_messages": [*before, {**last, "content": f"{last['content']}\n{told}"}]}
    roles = writer["role_instruction_messages"]
    return {**writer, "role_instruction_messages": {**roles, "USER": f"{roles['USER']}\n\n{told}"}}
