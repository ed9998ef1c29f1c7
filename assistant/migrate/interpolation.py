"""`${name}` in other tools' configs, which OmegaConf fills in from the same file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from assistant.checks.document import Node

_NAMED = re.compile(r"\$\{([\w.]+)\}")
_DEEPEST = 10
"""Names that lead to names: deeper ones lead in a circle, or nowhere that a reader would look."""


def filled(root: Node) -> Node:
    """The document with every name that stands in it filled in; one that leads nowhere stays as it is."""
    return _filled(root, root)


def _filled(node: Node, root: Node) -> Node:
    if node.is_mapping:
        keys = {key: _filled(child, root) for key, child in node.keys.items()}
        return replace(node, keys=keys, value={key: child.value for key, child in keys.items()})
    if node.is_list:
        items = tuple(_filled(child, root) for child in node.items)
        return replace(node, items=items, value=[child.value for child in items])
    value = _value(node.value, root, _DEEPEST)
    return node if value is node.value else replace(node, value=value)


def _value(value: Any, root: Node, left: int) -> Any:
    if not isinstance(value, str) or not left:
        return value
    whole = _NAMED.fullmatch(value)
    if whole is not None:
        meant = _meant(root, whole[1])
        return value if meant is None else _value(meant, root, left - 1)
    text = _NAMED.sub(lambda match: match[0] if (meant := _meant(root, match[1])) is None else str(meant), value)
    return value if text == value else _value(text, root, left - 1)


def _meant(root: Node, name: str) -> Any:
    """What a name stands for, where that is no section."""
    found = root.at(name)
    return None if found is None or found.is_mapping or found.is_list else found.value


def fillers(root: Node) -> frozenset[str]:
    """The names that stand somewhere in the document."""
    return frozenset(name for _, node in root.walk() if isinstance(node.value, str) for name in _NAMED.findall(node.value))
