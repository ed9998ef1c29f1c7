"""The list of an evaluation's tasks as text: entries that stay keep their lines, comments and all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from assistant.builder.edit_text import refusal

_PATH = "tasks"


def with_entries(text: str, wanted: Sequence[int | Mapping[str, Any]]) -> str:
    """The config with these tasks in this order: a number is an entry that stands, a mapping a new one.

    Raises:
        UsageError: the list is not one entry below the other, or the result would say something else.
    """
    node = _sequence(text)
    lines = text.splitlines(keepends=True)
    begin = [item.start_mark.line for item in node.value]
    end = _last_line(node.value[-1]) + 1
    if any(not lines[line].lstrip().startswith("-") for line in begin):
        raise refusal(_PATH, "its entries do not stand one below the other")
    indent = lines[begin[0]][: lines[begin[0]].index("-")]
    pieces = [lines[one:other] for one, other in zip(begin, [*begin[1:], end], strict=True)]
    if pieces[-1] and not pieces[-1][-1].endswith("\n"):
        pieces[-1][-1] += "\n"
    made = [pieces[one] if isinstance(one, int) else _dumped(one, indent) for one in wanted]
    changed = "".join([*lines[: begin[0]], *(line for piece in made for line in piece), *lines[end:]])
    _verify(text, changed, wanted)
    return changed


def _sequence(text: str) -> yaml.SequenceNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    node = next((value for key, value in pairs if key.value == _PATH), None)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        raise refusal(_PATH, "its entries do not stand one below the other")
    return node


def _last_line(node: yaml.Node) -> int:
    """The line of the last value: where a block's mark ends, blank lines and comments after it are counted in."""
    while isinstance(node, yaml.MappingNode | yaml.SequenceNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.line)


def _dumped(task: Mapping[str, Any], indent: str) -> list[str]:
    return [f"{indent}{line}\n" for line in yaml.safe_dump([dict(task)], sort_keys=False).splitlines()]


def _verify(before: str, after: str, wanted: Sequence[int | Mapping[str, Any]]) -> None:
    old = yaml.safe_load(before)
    try:
        new = yaml.safe_load(after)
    except yaml.YAMLError:
        raise refusal(_PATH, "the result would be another file") from None
    expected = [old[_PATH][one] if isinstance(one, int) else dict(one) for one in wanted]
    if new != {**old, _PATH: expected}:
        raise refusal(_PATH, "the result would be another file")
