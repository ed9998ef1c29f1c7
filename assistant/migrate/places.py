"""Where a document holds objects of a class of Oumi's: the sections that it spells out, and those that stand by default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assistant.checks import releases
from assistant.checks.document import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An object of the class `owner` at a path; `node` is None where the file leaves the section out."""

    path: str
    owner: str
    node: Node | None

    def below(self, field: str) -> str:
        """The path of a field of this object."""
        return f"{self.path}.{field}" if self.path else field

    def value(self, field: str, default: Any = None) -> Any:
        """What the file says of a field, which may be dotted."""
        found = self.node.at(field) if self.node is not None else None
        return default if found is None else found.value


_RENAMED_LISTS = {("GeneralSynthesisParams", "permutable_attributes"): "sampled_attributes"}
"""Lists that stand under another name in old files, whose items are read as those of the new name."""
_FORMER: dict[tuple[str, str], Any] = {("JudgeConfig", "generation"): "GenerationParams", ("JudgeConfig", "model"): "ModelParams", ("JudgeConfig", "remote_params"): "RemoteParams"}


def places(root: Node, kind: str, version: str) -> Iterator[Place]:
    """Every object of a document of this kind, as a release reads it; sections before what they hold."""
    yield from _section(root, releases.root_class(kind), "", version)


def _section(node: Node | None, owner: str, path: str, version: str) -> Iterator[Place]:
    yield Place(path=path, owner=owner, node=node)
    fields = {name: declared.type for name, declared in releases.fields_of(owner, version).items()}
    optional = {name for name, kind in fields.items() if "none" in kind}
    fields |= {field: kind for (name, field), kind in _FORMER.items() if name == owner and field not in fields}
    fields |= {old: fields[new] for (name, old), new in _RENAMED_LISTS.items() if name == owner and new in fields}
    for field, kind in fields.items():
        child = node.keys.get(field) if node is not None else None
        here = f"{path}.{field}" if path else field
        if child is None and (field in optional or (owner, field) in _FORMER or (owner, field) in _RENAMED_LISTS):
            continue
        yield from _value(child, kind, here, version)


def _value(node: Node | None, kind: Any, path: str, version: str) -> Iterator[Place]:
    if isinstance(kind, str):
        if releases.is_class(kind) and (node is None or node.is_mapping):
            yield from _section(node, kind, path, version)
    elif kind[0] == "union":
        inner = [part for part in kind[1:] if part != "none"]
        if len(inner) == 1 and node is not None:
            yield from _value(node, inner[0], path, version)
    elif kind[0] == "list" and node is not None and len(kind) > 1:
        for index, item in enumerate(node.items):
            yield from _value(item, kind[1], f"{path}[{index}]", version)
