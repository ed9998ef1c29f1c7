"""A config's text with the place of every value, read as Oumi reads it: OmegaConf's own rules for scalars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from assistant.core.errors import UsageError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FLOAT = re.compile(
    r"""^(?:
     [-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    |[-+]?[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)
    |\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?
    |[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*
    |[-+]?\.(?:inf|Inf|INF)
    |\.(?:nan|NaN|NAN))$""",
    re.VERBOSE,
)
_DEEPEST = 50
_MOST = 100_000
"""Values that a config may hold once its aliases are written out: a few lines of nested ones stand for billions."""
_MEND = "Mend that line."
_OPENED = re.compile(r"(?<!\\)\$\{")
"""What Oumi escapes in the text before it is parsed (base_config.py): within double quotes the escape is none of YAML's."""


class _OumiLoader(_Loader):  # type: ignore[misc]
    """YAML as OmegaConf 2.4 reads it: `1e-4` is a number, a date is text."""


_OumiLoader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
_OumiLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _OumiLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value and where it stands: `line` and `column` count from 1. Of a mapping or a list, `value` is the plain value."""

    value: Any
    line: int
    column: int
    keys: dict[Any, Node] = field(default_factory=dict)
    items: tuple[Node, ...] = ()
    key_places: dict[Any, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_mapping(self) -> bool:
        """True for `key: value` pairs."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """True for a list."""
        return isinstance(self.value, list)

    def place(self, key: Any) -> tuple[int, int]:
        """Where a key stands; where the mapping begins for one that is not there."""
        return self.key_places.get(key, (self.line, self.column))

    def at(self, path: str) -> Node | None:
        """The node at a dotted path with indices (`data.train.datasets[0].split`); None where there is none."""
        here: Node | None = self
        for step in re.findall(r"[^.\[\]]+|\[\d+\]", path):
            if here is None:
                return None
            if step.startswith("["):
                place = int(step[1:-1])
                here = here.items[place] if place < len(here.items) else None
            else:
                here = here.keys.get(step)
        return here

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Node]]:
        """Every value below with its path, sections before what they hold."""
        for key, node in self.keys.items():
            path = f"{prefix}.{key}" if prefix else str(key)
            yield path, node
            yield from node.walk(path)
        for place, node in enumerate(self.items):
            yield f"{prefix}[{place}]", node
            yield from node.walk(f"{prefix}[{place}]")


class NoDocument(UsageError):
    """Text that is no config: what is wrong and, in `line` and `column`, where."""

    line: int = 1
    column: int = 1


def node_of(value: Any) -> Node:
    """A plain value as a node; it stands nowhere."""
    if isinstance(value, dict):
        return Node(value=value, line=0, column=0, keys={key: node_of(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return Node(value=list(value), line=0, column=0, items=tuple(node_of(item) for item in value))
    return Node(value=value, line=0, column=0)


def parse(text: str) -> Node:
    """The document in this text.

    Raises:
        NoDocument: not YAML, a key twice, an alias within its own anchor, several documents, or no mapping.
    """
    loader = _OumiLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise _refused("the file is empty", 1, 1, "Give a config.")
        _count(root, {})
        node = _node(loader, root, ())
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        told, hint = _told(" ".join(str(problem.problem or problem).split())[:120], text, line)
        raise _refused(told, line, column, hint) from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as problem:
        raise _refused(" ".join(str(problem).split())[:120], *_at(problem, text)) from None
    finally:
        loader.dispose()
    if not node.is_mapping:
        raise _refused("its top level is not `field: value`", node.line, node.column)
    return node


def _at(problem: Exception, text: str) -> tuple[int, int]:
    """Where an unreadable character stands; the start for what has no place."""
    position = getattr(problem, "position", None)
    if not isinstance(position, int):
        return 1, 1
    before = text[:position]
    return before.count("\n") + 1, position - before.rfind("\n")


def _told(problem: str, text: str, line: int) -> tuple[str, str]:
    """The parser's words, and what to do; its own for what people meet are none of a reader's."""
    if "another document" in problem:
        return "several documents stand in it, and Oumi reads one", "Write each to a file of its own."
    if "cannot start any token" in problem and "".join(text.split("\n")[line - 1 : line]).lstrip(" ").startswith("\t"):
        return "a tab indents this line", "YAML takes spaces alone."
    return problem, _MEND


def _refused(told: str, line: int, column: int, hint: str = _MEND) -> NoDocument:
    problem = NoDocument(f"This is no config: {told}.", context=f"line {line}, column {column}", hint=hint, reference="bad-yaml")
    problem.line, problem.column = line, column
    return problem


def _count(node: yaml.Node, counted: dict[int, int]) -> int:
    """The values at and below a node, those of an alias counted wherever it stands; an alias within its anchor counts once."""
    if id(node) not in counted:
        counted[id(node)] = 1
        parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value if isinstance(node, yaml.SequenceNode) else ()
        counted[id(node)] += sum(_count(part, counted) for part in parts)
        if counted[id(node)] > _MOST:
            raise _refused(f"its aliases stand for more than {_MOST:,} values", node.start_mark.line + 1, node.start_mark.column + 1, "Write out the few that are meant.")
    return counted[id(node)]


def _node(loader: Any, node: yaml.Node, above: tuple[yaml.Node, ...]) -> Node:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if node in above or len(above) > _DEEPEST:
        raise _refused("an alias stands inside its own anchor, or the values nest too deep", line, column)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, (*above, node))
    if isinstance(node, yaml.SequenceNode):
        items = tuple(_node(loader, item, (*above, node)) for item in node.value)
        return Node([item.value for item in items], line, column, items=items)
    try:
        value = loader.construct_object(node)
    except ValueError as problem:  # a number of thousands of digits, a date that is none
        raise _refused(f"{str(node.value)[:40]} cannot be read: {str(problem).partition(':')[0]}"[:120], line, column) from None
    if isinstance(node, yaml.ScalarNode) and node.style == '"' and isinstance(value, str) and _OPENED.search(value):
        raise _refused("Oumi cannot read ${ within double quotes: use single ones", line, column)
    return Node(value, line, column)


def _mapping(loader: Any, node: yaml.MappingNode, above: tuple[yaml.Node, ...]) -> Node:
    _no_key_twice(node)
    loader.flatten_mapping(node)  # `<<: *base`
    keys: dict[Any, Node] = {}
    places: dict[Any, tuple[int, int]] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key, str | int | float | bool | None):
            raise _refused("a key is a list or a mapping", line, column)
        keys[key], places[key] = _node(loader, value_node, above), (line, column)
    value = {key: child.value for key, child in keys.items()}
    return Node(value, node.start_mark.line + 1, node.start_mark.column + 1, keys=keys, key_places=places)


def _no_key_twice(node: yaml.MappingNode) -> None:
    seen = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:str" and key_node.value in seen:
            raise _refused(f"{key_node.value} stands twice", key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        seen.add(key_node.value if isinstance(key_node.value, str) else None)
