"""Keys that were read and of which no note tells: what they do is found by reading the file once more without them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from assistant.checks.document import Node, node_of
from assistant.core.errors import OumiChatError
from assistant.migrate.carry import Carry
from assistant.migrate.notes import Note

_OFF: tuple[Any, ...] = (None, False, "", [], {}, 0, "no", "none", "None")
UNREADABLE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What a reader meets in a value of another kind than the tool takes: a list where a number stands."""
Reader = Callable[[Carry], None]


def untold(carry: Carry, reader: Reader) -> Iterator[Note]:
    """A note on each such key: carried where the result is another one without it, lost where it is the same with any value."""
    told = {note.source for note in carry.notes}
    for path, node in carry.root.walk():
        is_section = node.is_mapping or any(item.is_mapping for item in node.items)
        if is_section or node.value in _OFF or any(path == source or path.startswith((f"{source}.", f"{source}[")) for source in told):
            continue
        if any(source.startswith(f"{path}[") for source in told) or path not in carry.read:
            continue
        yield _note(carry, reader, path, node)


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
    body = copy.deepcopy(carry.root.value)
    *above, last = path.replace("[", ".[").split(".")
    here: Any = body
    for step in above:
        here = here[int(step[1:-1])] if step.startswith("[") else here[step]
    here[int(last[1:-1]) if last.startswith("[") else last] = value
    again = Carry(root=node_of(body))
    try:
        reader(again)
    except (OumiChatError, *UNREADABLE):
        return None
    return again


def _flat(body: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(body, dict) and body:
        for key, value in body.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, body
