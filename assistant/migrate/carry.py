"""Another tool's config on its way to one of Oumi's: what has been read of it, and what stands in the result so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from assistant.checks.document import Node
from assistant.checks.schema import coerce
from assistant.checks.schema import field as schema_field
from assistant.core.errors import UsageError
from assistant.migrate.notes import Fate, Note

HARMLESS = "says nothing about the training itself"
_WHOLE = ("list", "dict", "section", "any", None)
"""Types of fields that take a list or `key: value` pairs."""


@dataclass(slots=True, kw_only=True)
class Carry:
    """The source (`root`), the result (`body`, with the key that each field came from in `why`) and the notes on both."""

    root: Node
    body: dict[str, Any] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    last: str = ""
    """The key that was looked at last."""

    def take(self, path: str, default: Any = None) -> Any:
        """The value of a key, which counts as read; the default where it is missing or empty."""
        node = self.root.at(path)
        if node is None:
            return default
        self.read.add(path)
        self.last = path
        return default if node.value is None else node.value

    def has(self, path: str) -> bool:
        """True when a key has a value."""
        node = self.root.at(path)
        return node is not None and node.value is not None

    def get(self, path: str) -> Any:
        """What stands at a field of the result; None for nothing."""
        here: Any = self.body
        for step in path.split("."):
            here = here.get(step) if isinstance(here, dict) else None
        return here

    def put(self, path: str, value: Any, source: str, message: str = "", *, fate: Fate = "carried", fix: str = "") -> None:
        """Set a field of the result from a key of the source; a value that Oumi refuses is told and left out."""
        if isinstance(value, list | dict) and (kind := (schema_field(path) or {}).get("type")) not in _WHOLE:
            self.lost(source, f"{path} takes one value of type {kind}, not {_shown(value)}")
            return
        try:
            value = coerce(path, value, parts=True) if not isinstance(value, list | dict) else value
        except UsageError as problem:
            self.lost(source, problem.message.rstrip("."), problem.hint.rstrip("."))
            return
        here = self.body
        *sections, name = path.split(".")
        for section in sections:
            here = here.setdefault(section, {})
        here[name] = value
        if fate != "carried":
            self.why[path] = message
        usual = f"is {path}" if self.root.at(source) is not None else f"left out: {path} is {_shown(value)}"
        self.note(fate, source, message or usual, path=path, fix=fix)

    def default(self, path: str, value: Any, tool: str) -> None:
        """Write out what the tool takes where its file says nothing, and Oumi would take something else."""
        if self.get(path) is None:
            self.put(path, value, path, f"left out: {tool} takes {_shown(value)}", fate="changed")

    def note(self, fate: Fate, source: str, message: str, *, path: str = "", fix: str = "") -> None:
        """Tell what became of a key."""
        if fate == "carried" and self.root.at(source) is None:
            fate, message = "changed", message if message.startswith("left out") else f"left out: {message}"
        line, column = self.place_of(source)
        self.notes.append(Note(fate=fate, source=source, path=path, message=message, fix=fix, line=line, column=column))

    def lost(self, source: str, message: str, fix: str = "") -> None:
        """A key without counterpart, without which the run is another one."""
        self.read.add(source)
        self.note("lost", source, message, fix=fix)

    def harmless(self, source: str, message: str = HARMLESS) -> None:
        """A key without counterpart, without which the run is the same."""
        if self.root.at(source) is not None:
            self.read.add(source)
            self.note("harmless", source, message)

    def rename(self, table: dict[str, str]) -> None:
        """Carry each of these keys over under Oumi's name for it."""
        for source, path in table.items():
            if self.has(source):
                self.put(path, self.take(source), source)

    def epochs(self, source: str) -> None:
        """Passes over the data: whole numbers only in Oumi."""
        if not self.has(source):
            return
        value = self.take(source)
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.lost(source, f"{_shown(value)} is no number")
            return
        if number.is_integer():
            self.put("training.num_train_epochs", int(number), source)
        else:
            fix = f"set training.max_steps to {number:g} × the steps of one epoch"
            whole = max(1, math.ceil(number))
            self.put("training.num_train_epochs", whole, source, f"{number:g} passes: Oumi takes whole ones, so this runs {whole}", fate="lost", fix=fix)

    def rest(self) -> None:
        """Tell of every key that nothing has read."""
        for path, node in self.root.walk():
            if (node.is_mapping and node.keys) or any(path == seen or path.startswith((f"{seen}.", f"{seen}[")) for seen in self.read):
                continue
            if node.is_list and node.items and any(seen.startswith(f"{path}[") for seen in self.read):
                continue
            if node.value is None or node.value in ("", [], {}):
                continue
            self.read.add(path)
            if node.value is False:
                self.note("harmless", path, "is off")
            elif (here := self._same_name(path, node.value)) is not None:
                self.note("carried", path, f"is {here}", path=here)
            else:
                self.note("lost", path, f"{_shown(node.value)} has no counterpart that is known here", fix="look for what does the same with oumi-chat explain")

    def _same_name(self, path: str, value: Any) -> str | None:
        """The field of the result that bears a key's name and has its value already."""
        name = path.rpartition(".")[2]
        return next((f"{part}.{name}" for part in ("model", "training", "peft") if self.get(f"{part}.{name}") == value), None)

    def place_of(self, source: str) -> tuple[int, int]:
        """The line and column of a key in the source, from 1."""
        above, _, name = source.rpartition(".")
        parent = self.root.at(above) if above else self.root
        if parent is not None and name in parent.keys:
            return parent.place(name)
        node = self.root.at(source) if parent is not None else None
        return (node.line, node.column) if node is not None else (1, 1)


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
