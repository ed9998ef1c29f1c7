"""Prompts as files: a header, messages in order, named holes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from assistant.configs.library import home

Message = dict[str, str]

_HOLE = re.compile(r"\{\{(\w+)\}\}")
_ROLE = re.compile(r"^## (system|user|assistant)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt file. `messages` are (role, text) in order; the last one is the turn, those between are examples."""

    id: str
    version: int
    about: str
    holes: frozenset[str]
    messages: tuple[tuple[str, str], ...]


@cache
def load(name: str) -> Prompt:
    """The prompt of this id.

    Raises:
        FileNotFoundError: no such prompt.
        ValueError: its header and its text name other holes.
    """
    return parse(home("prompts").joinpath(f"{name}.md").read_text("utf-8"))


def parse(text: str) -> Prompt:
    """A prompt file's text.

    Raises:
        ValueError: no header, no message, or holes that are not those of the header.
    """
    _, header, body = text.split("---\n", 2)
    said = dict(line.split(": ", 1) for line in header.strip().splitlines())
    pieces = _ROLE.split(body)[1:]
    messages = tuple((role, words.strip("\n")) for role, words in zip(pieces[::2], pieces[1::2], strict=True))
    holes = frozenset(said["holes"].split(", "))
    if not messages or holes != {hole for _, words in messages for hole in _HOLE.findall(words)}:
        raise ValueError(f"prompt {said['id']}: its header names holes that its text does not have, or the reverse")
    return Prompt(id=said["id"], version=int(said["version"]), about=said["about"], holes=holes, messages=messages)


def fill(prompt: Prompt, *, examples: int | None = None, **values: str) -> list[Message]:
    """The messages with every hole filled, what fills them left as it is; with the last `examples` pairs alone if given.

    Raises:
        KeyError: a hole without a value, or a value without a hole.
    """
    if values.keys() != prompt.holes:
        raise KeyError(f"prompt {prompt.id} takes {sorted(prompt.holes)}, not {sorted(values)}")
    filled = [(role, _HOLE.sub(lambda hole: values[hole.group(1)], words)) for role, words in _kept(prompt, examples)]
    return [{"role": role, "content": words} for role, words in filled]


def _kept(prompt: Prompt, examples: int | None) -> Iterable[tuple[str, str]]:
    first, *between, last = prompt.messages
    return (first, *(between if examples is None else between[len(between) - 2 * examples :]), last)
