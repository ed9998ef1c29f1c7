"""Where in a YAML text a field stands, and the pieces of text that set, add or remove it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from assistant.core.errors import UsageError

INDENT = 2
"""Columns that a new section's fields are set in by, where the text shows no other habit."""
_PLAIN = re.compile(r"[A-Za-z_][\w./\-]*")
_ONLY_COMMENTS = re.compile(r"(?:[^\S\r\n]*(?:#[^\r\n]*)?(?:\r?\n|$))*")
_BREAKS = "\r\n\u0085\u2028\u2029"


def refusal(path: str, why: str) -> UsageError:
    """The error of an edit that is not made."""
    return UsageError(f"{path} cannot be edited safely: {why}.", context=path, hint="Make this change by hand.", reference="cannot-edit")


def self_alias(text: str) -> tuple[str, int, int] | None:
    """(name, line, column) of the first alias that stands inside the very value it names; None where there is none.

    The text is YAML that has been read without an error.
    """
    opened: list[str | None] = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader) if "*" in text else ():
        if isinstance(event, yaml.AliasEvent) and event.anchor and event.start_mark and event.anchor in opened:
            return event.anchor, event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            opened.pop()
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A piece of text, by its first and last index, and what stands there instead."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML text with its tree of nodes; `anchored` (those that an alias names) and `aliases` are indexes where such a node starts."""

    text: str
    root: yaml.Node
    anchored: frozenset[int]
    aliases: frozenset[int]

    @classmethod
    def of(cls, text: str) -> Document:
        """The one document of a text, a mapping.

        Raises:
            UsageError: it is none.
        """
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            events = list(yaml.parse(text, Loader=yaml.SafeLoader))
        except (yaml.YAMLError, RecursionError, ValueError) as problem:
            mark = getattr(problem, "problem_mark", None)
            where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "config"
            raise UsageError(f"The config is not YAML: {getattr(problem, 'problem', None) or 'it cannot be read'}.", context=where, hint="Mend that line.", reference="bad-yaml") from None
        if (alias := self_alias(text)) is not None:
            name, line, column = alias
            raise UsageError(f"The config holds &{name} within itself.", context=f"line {line}, column {column}", hint=f"Write the value that *{name} is meant to be.", reference="bad-yaml")
        if not isinstance(root, yaml.MappingNode) or root.start_mark.index == root.end_mark.index:
            raise UsageError("The text holds no config: its top level is not `field: value`.", context="config", hint="Give an Oumi config.", reference="no-config")
        used = {e.anchor for e in events if isinstance(e, yaml.AliasEvent)}
        anchored = {e.start_mark.index for e in events if isinstance(e, yaml.NodeEvent) and e.anchor in used and e.start_mark and not isinstance(e, yaml.AliasEvent)}
        aliases = {e.start_mark.index for e in events if isinstance(e, yaml.AliasEvent) and e.start_mark}
        return cls(text=text, root=root, anchored=frozenset(anchored), aliases=frozenset(aliases))

    @property
    def line_end(self) -> str:
        """How the text ends its lines."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def has(self, node: yaml.Node, name: str) -> bool:
        """True when a mapping has this key."""
        return isinstance(node, yaml.MappingNode) and any(key.value == name for key, _ in node.value)

    def entry(self, node: yaml.Node, name: str, path: str) -> tuple[yaml.ScalarNode, yaml.Node]:
        """The key and value of a mapping's field."""
        fields = node.value if isinstance(node, yaml.MappingNode) else ()
        found = [(key, value) for key, value in fields if isinstance(key, yaml.ScalarNode) and key.value == name]
        if len(found) > 1:
            raise refusal(path, f"{name} is there twice")
        if not found:
            raise refusal(path, "it is not there")
        key, value = found[0]
        if value.start_mark.index < key.end_mark.index:
            raise refusal(path, "an alias stands in its way")
        return key, value

    def _child(self, node: yaml.Node, step: str | int, path: str) -> yaml.Node:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            child: yaml.Node = node.value[step]
            inside = node.start_mark.index <= child.start_mark.index <= node.end_mark.index
            if not inside:
                raise refusal(path, "an alias stands in its way")
            return child
        return self.entry(node, str(step), path)[1]

    def trail(self, steps: tuple[str | int, ...], path: str) -> list[yaml.Node]:
        """The nodes from the root to the path's; every one may be edited."""
        nodes = [self.root]
        for step in steps:
            self._check(nodes[-1], path)
            nodes.append(self._child(nodes[-1], step, path))
        self._check(nodes[-1], path)
        return nodes

    def _check(self, node: yaml.Node, path: str) -> None:
        if node.start_mark.index in self.anchored:
            raise refusal(path, "an anchor on its way is used elsewhere too")
        if not isinstance(node, yaml.MappingNode):
            return
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise refusal(path, "a merge key (<<) stands in its way")

    def depth(self, steps: tuple[str | int, ...], path: str) -> int:
        """How many steps of the path are there."""
        node = self.root
        for i, step in enumerate(steps):
            there = isinstance(step, int) and isinstance(node, yaml.SequenceNode) and step < len(node.value)
            if not there and not (isinstance(step, str) and self.has(node, step)):
                return i
            node = self._child(node, step, path)
        return len(steps)

    def replaced(self, node: yaml.Node, value: Any, path: str) -> Cut:
        """Another value for a field that is there."""
        start, end = node.start_mark.index, self.end_of(node)
        old = self.text[start:end]
        if old[:1] == "!" or "${" in old:
            raise refusal(path, "its value is an interpolation" if "${" in old else "its value has a tag")
        if isinstance(node, yaml.MappingNode):
            raise refusal(path, "a whole section stands there")
        if "#" in old and not isinstance(node, yaml.ScalarNode):
            raise refusal(path, "there are comments in its value")
        if isinstance(node, yaml.ScalarNode):
            if node.style in ("|", ">") or any(c in old for c in _BREAKS):
                raise refusal(path, "its value takes several lines")
            new = value_text(value, quote=node.style, boolean=old)
            return Cut(start=start, end=end, text=new if start != end else f" {new}")
        block = old[:1] == "-" and isinstance(node, yaml.SequenceNode) and isinstance(value, list) and value
        return Cut(start=start, end=end, text=self._block_list(value, node.start_mark.column) if block else value_text(value))

    def _block_list(self, value: list[Any], column: int) -> str:
        return f"{self.line_end}{' ' * column}".join(f"- {scalar_text(item)}" for item in value)

    def added(self, trail: list[yaml.Node], names: list[str], value: Any, path: str) -> Cut:
        """A new field, in new sections where those are missing, behind the last field of its section."""
        parent = trail[-1]
        if isinstance(parent, yaml.ScalarNode):
            return self._into_null(trail, names, value, path)
        if not isinstance(parent, yaml.MappingNode):
            raise refusal(path, "no section stands above it")
        if parent.flow_style:
            return self._into_flow(parent, names, value, path)
        column = parent.value[0][0].start_mark.column if parent.value else parent.start_mark.column  # an anchor stands before its fields
        at = self._line_after(self.end_of(parent))
        if column == 0 and _ONLY_COMMENTS.fullmatch(self.text[at:]):
            at = len(self.text)  # the comments at the end go with the section before them
        lines = self._nested(names, value, column)
        gap = self.line_end if column == 0 and len(names) > 1 and self._spaced(at) else ""
        before = "" if at == 0 or self.text[at - 1] in _BREAKS else self.line_end
        return Cut(start=at, end=at, text=before + gap + lines)

    def _into_null(self, trail: list[yaml.Node], names: list[str], value: Any, path: str) -> Cut:
        node, above = trail[-1], trail[-2]
        if node.tag != "tag:yaml.org,2002:null" or not isinstance(above, yaml.MappingNode):
            raise refusal(path, "a value stands where its section would be")
        start, end = node.start_mark.index, node.end_mark.index
        if start != end or above.flow_style:
            return Cut(start=start, end=end, text=f"{'' if start != end else ' '}{_flow(names, value)}")
        at = self._line_after(start)
        before = "" if self.text[at - 1] in _BREAKS else self.line_end
        return Cut(start=at, end=at, text=before + self._nested(names, value, above.start_mark.column + self._habit()))

    def _into_flow(self, node: yaml.MappingNode, names: list[str], value: Any, path: str) -> Cut:
        start, end = node.start_mark.index, node.end_mark.index
        inside = self.text[start:end]
        if any(c in inside for c in _BREAKS) or "#" in inside:
            raise refusal(path, "its section is written in braces over several lines")
        piece = _flow(names, value)[1:-1]
        at = start + len(inside[:-1].rstrip())
        return Cut(start=at, end=at, text=f", {piece}" if node.value else piece)

    def _nested(self, names: list[str], value: Any, column: int) -> str:
        """The lines of a field in new sections, each with its line end."""
        step = self._habit()
        *sections, name = names
        lines = [f"{' ' * (column + i * step)}{key_text(section)}:" for i, section in enumerate(sections)]
        lines.append(f"{' ' * (column + len(sections) * step)}{key_text(name)}: {value_text(value, boolean=self.text)}")
        return "".join(f"{line}{self.line_end}" for line in lines)

    def without(self, parent: yaml.MappingNode, name: str, path: str) -> Cut:
        """The piece that a field takes: its lines in a block, its text up to the next in braces or behind a dash."""
        key, value = self.entry(parent, name, path)
        places = [k.start_mark.index for k, _ in parent.value]
        i = places.index(key.start_mark.index)
        start, end = key.start_mark.index, self.end_of(value)
        line_start = self.text.rfind("\n", 0, start) + 1
        if not parent.flow_style and not self.text[line_start:start].strip(" \ufeff"):
            return Cut(start=start if self.text[line_start:start].startswith("\ufeff") else line_start, end=self._line_after(end), text="")
        if i + 1 < len(places):
            cut = Cut(start=start, end=places[i + 1], text="")
        else:
            cut = Cut(start=self.end_of(parent.value[i - 1][1]), end=end, text="")
        if "#" in self.text[cut.start : cut.end]:
            raise refusal(path, "there are comments beside it")
        return cut

    def end_of(self, node: yaml.Node) -> int:
        """The index behind a node's last character; PyYAML ends a block at the next token, past comments."""
        end: int = node.end_mark.index
        if isinstance(node, yaml.ScalarNode):
            return len(self.text[:end].rstrip()) if node.style in ("|", ">") else end
        if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
            return end
        last = node.value[-1]
        key, value = last if isinstance(last, tuple) else (None, last)
        if key is not None and value.start_mark.index < key.end_mark.index:  # an alias: its text stands behind the key
            start: int = max(i for i in (*self.aliases, key.end_mark.index) if i <= end)
            return start
        return self.end_of(value)

    def _line_after(self, index: int) -> int:
        """The start of the line after the one that an index is in."""
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def _spaced(self, at: int) -> bool:
        """True when the text sets its sections apart by empty lines."""
        return re.search(r"\n\r?\n\S", self.text[:at]) is not None

    def _habit(self) -> int:
        """Columns by which this text sets fields in."""
        found = re.search(r"^[\w\"']+:[^\S\r\n]*(?:#.*)?\r?\n(?:[^\S\r\n]*(?:#.*)?\r?\n)*( +)[\w\"']", self.text, re.MULTILINE)
        return len(found.group(1)) if found else INDENT


def _flow(names: list[str], value: Any) -> str:
    """A field in new sections, in braces."""
    text = value_text(value)
    for name in reversed(names):
        text = f"{{{key_text(name)}: {text}}}"
    return text


def key_text(name: str) -> str:
    """A field's name as YAML."""
    return name if _PLAIN.fullmatch(name) and yaml.safe_load(name) == name else scalar_text(name, quote='"')


def value_text(value: Any, *, quote: str | None = None, boolean: str = "") -> str:
    """A scalar or a list of scalars on one line."""
    if isinstance(value, list):
        return f"[{', '.join(scalar_text(item) for item in value)}]"
    return scalar_text(value, quote=quote, boolean=boolean)


def scalar_text(value: Any, *, quote: str | None = None, boolean: str = "") -> str:
    """A scalar as YAML 1.1 reads it back; booleans as the text around them writes them.

    Raises:
        UsageError: it is no scalar.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value) if re.search(r"\b(?:True|False)\b", boolean) else str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if not isinstance(value, str):
        raise UsageError(f"{type(value).__name__} is no value of one field.", context="edit", hint="Set its fields one by one.", reference="cannot-edit")
    plain = value and quote not in ("'", '"') and _PLAIN.fullmatch(value) and yaml.safe_load(value) == value
    if plain:
        return value
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return yaml.dump(value, default_style='"', width=10**9, allow_unicode=True).strip()


def _float_text(value: float) -> str:
    """YAML 1.1 takes 2e-05 for text: a point must stand in it."""
    text = repr(value)
    if text in ("inf", "-inf", "nan"):
        return text.replace("inf", ".inf").replace("nan", ".nan")
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    sign = exponent if exponent[0] in "+-" else f"+{exponent}"
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{sign}"
