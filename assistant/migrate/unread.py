"""Values that a tool itself would not take, such as text for a number: which they are, and the file read without them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from assistant.checks.document import Node, node_of
from assistant.core.errors import UsageError
from assistant.migrate.carry import Carry

Reader = Callable[[Carry], None]
_MOST = 20
"""Values of the wrong type in one file: with more of them it is no config."""
Stop = tuple[str, tuple[object, ...]]
"""(the key that was looked at last, the place and words of the error)."""
_STOPS = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError)


def read_through(root: Node, reader: Reader, tool: str) -> Carry:
    """The file as it is read, each value that stopped the reading told as lost and left out.

    Raises:
        UsageError: it cannot be read whatever is left out.
    """
    lost: list[str] = []
    here = root
    while len(lost) < _MOST:
        carry, stopped = _try(here, reader)
        if stopped is None:
            for path in lost:
                carry.lost(path, f"{str(_plain(root, path))[:60]} is not of the type that {tool} takes", "mend it there")
            return carry
        culprit = next(_culprits(here, reader, stopped), None)
        if culprit is None:
            break
        lost.append(culprit)
        here = with_value(here, culprit, None)
    raise UsageError(f"This {tool} config cannot be read: its values are not of the types that {tool} takes.", context=tool, hint=f"Does {tool} itself read it?", reference="wrong-value")


def _try(root: Node, reader: Reader) -> tuple[Carry, Stop | None]:
    """(what was read, what stopped it)."""
    carry = Carry(root=root)
    try:
        reader(carry)
    except UsageError:
        raise
    except _STOPS as problem:
        lines = tuple(line for _, line in traceback.walk_tb(problem.__traceback__))
        return carry, (carry.last, (*lines, str(problem)))
    return carry, None


def _culprits(root: Node, reader: Reader, stopped: Stop) -> Iterator[str]:
    """Keys without which the reading goes further, that which was looked at last before the others."""
    for path in dict.fromkeys((stopped[0], *(path for path, _ in root.walk()))):
        node = root.at(path)
        if node is None or node.value is None:
            continue
        again = _try(with_value(root, path, None), reader)[1]
        if again is None or again[1] != stopped[1]:
            yield path


def _plain(root: Node, path: str) -> Any:
    node = root.at(path)
    return None if node is None else node.value


def with_value(node: Node, path: str, value: Any, prefix: str = "") -> Node:
    """The document with another value at a path as `walk` names it."""
    if node.is_list:
        items = tuple(_at(child, path, value, f"{prefix}[{place}]") for place, child in enumerate(node.items))
        return replace(node, items=items, value=[child.value for child in items])
    keys = {key: _at(child, path, value, f"{prefix}.{key}" if prefix else str(key)) for key, child in node.keys.items()}
    return replace(node, keys=keys, value={key: child.value for key, child in keys.items()}) if node.is_mapping else node


def _at(child: Node, path: str, value: Any, here: str) -> Node:
    if here == path:
        return replace(node_of(value), line=child.line, column=child.column)
    return with_value(child, path, value, here) if path.startswith((f"{here}.", f"{here}[")) else child
