"""Keys that were read and of which no note tells: what they do is found by reading the file once more without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from assistant.checks.document import Node
from assistant.core.errors import OumiChatError
from assistant.migrate.carry import Carry
from assistant.migrate.notes import Note
from assistant.migrate.unread import with_value

_OFF: tuple[Any, ...] = (None, False, "", [], {}, 0, "no", "none", "None")
Reader = Callable[[Carry], None]


def untold(carry: Carry, reader: Reader) -> Iterator[Note]:
    """A note on each such key: carried where the result is another one without it, lost where it is the same with any value."""
    told = {note.source for note in carry.notes}
    kept = {note.source for note in carry.notes if note.fate in ("carried", "changed")}
    whole = {note.source for note in carry.notes if note.fate == "lost" or (note.fate == "harmless" and note.source not in kept)}
    for path, node in carry.root.walk():
        is_section = node.is_mapping or any(item.is_mapping for item in node.items)
        if is_section or node.value in _OFF or path in told or any(path.startswith((f"{source}.", f"{source}[")) for source in whole):
            continue
        if any(source.startswith(f"{path}[") for source in told) or not any(part in carry.read for part in _above(path)):
            continue
        yield _note(carry, reader, path, node)


def _above(path: str) -> Iterator[str]:
    """The path, and each section and list that it is in."""
    yield path
    for place in range(len(path) - 1, 0, -1):
        if path[place] in ".[":
            yield path[:place]


def _note(carry: Carry, reader: Reader, path: str, node: Node) -> Note:
    line, column = carry.place_of(path)
    place = {"source": path, "line": line, "column": column}
    for other in _others(node.value):
        again = _read_with(carry, reader, path, other)
        if again is None:
            return Note(fate="carried", message="is read with the rest", **place)  # type: ignore[arg-type]
        others = dict(_flat(again.body))
        fields = [field for field, value in _flat(carry.body) if others.get(field) != value]
        if fields or again.body != carry.body:
            return Note(fate="carried", message=f"is {', '.join(fields[:3])}" if fields else "is read with the rest", path=fields[0] if fields else "", **place)  # type: ignore[arg-type]
        before, after = ({(note.source, note.message) for note in one.notes} for one in (carry, again))
        if before != after:
            return Note(fate="carried", message="is told with the keys that it goes with", **place)  # type: ignore[arg-type]
    return Note(fate="lost", message="changes nothing in the result, whatever it says", fix="look for what does the same with oumi-chat explain", **place)  # type: ignore[arg-type]


def _others(value: Any) -> Iterator[Any]:
    """Nothing, and something else of the same kind."""
    yield None
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
    elif isinstance(value, str):
        yield f"{value}-other"


def _read_with(carry: Carry, reader: Reader, path: str, value: Any) -> Carry | None:
    """The file as it is read with another value of one key; None where it cannot be read so."""
    again = Carry(root=with_value(carry.root, path, value))
    try:
        reader(again)
    except (OumiChatError, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
        return None
    return again


def _flat(body: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(body, dict) and body:
        for key, value in body.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, body
