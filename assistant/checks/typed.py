"""Whether Oumi can read a config: unknown keys, wrong types as OmegaConf judges them, words of enums, what must be given.

Nothing of Oumi is imported: the classes are those of `releases.py`. All mistakes of a file are found at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from assistant.checks import othernames, releases
from assistant.checks.document import Node, node_of

_MEANT = "did you mean "
_NEAR = 70
"""Score of 100 (rapidfuzz's ratio) from which a name is offered for another."""
_SLIP = 80
"""The same score from which a key is renamed without asking: `lr` is near to lr_scheduler_type, and does not mean it."""
_YES_NO = frozenset(("yes", "y", "on", "true", "no", "n", "off", "false"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something that Oumi refuses on reading: `rule` SCH001 (key), SCH002 (type), SCH003 (word), SCH004 (missing)."""

    rule: str
    path: str
    line: int
    column: int
    message: str
    fix: str
    mends_with: Any = None
    renames_to: str = ""


def mistakes(root: Node, kind: str, version: str) -> tuple[Mistake, ...]:
    """Everything in this document that a release of Oumi cannot read as this kind of config, in the order of the file."""
    found = _Reading(kind, version).section(root, releases.root_class(kind), "")
    return tuple(sorted(found, key=lambda m: (m.line, m.column)))


def mistakes_in_value(path: str, value: Any, kind: str, version: str) -> tuple[Mistake, ...]:
    """What such a release cannot read of a field's value, items of lists included; nothing where the path leads below an open mapping or into a list."""
    name: str | None = releases.root_class(kind)
    declared: Any = None
    for step in path.split("."):
        fields = releases.fields_of(name, version) if name else {}
        if step not in fields:
            return ()
        declared = fields[step].type
        name = next((part for part in _parts(declared)[0] if isinstance(part, str) and releases.is_class(part)), None)
    return tuple(_Reading(kind, version).value(node_of(value), declared, path))


class _Reading:
    """One document read as one kind of config of one release."""

    def __init__(self, kind: str, version: str) -> None:
        self.kind, self.version = kind, version

    def section(self, node: Node, name: str, path: str) -> Iterator[Mistake]:
        """A mapping that becomes an object of this class."""
        fields = releases.fields_of(name, self.version)
        if not node.is_mapping:
            yield self._wrong(node, path, f"is a section of fields, not {_shown(node.value)}", "write its fields below it, one a line")
            return
        for key, child in node.keys.items():
            here = f"{path}.{key}" if path else str(key)
            if key not in fields:
                yield self._unknown(node, key, name, path)
            else:
                yield from self.value(child, fields[key].type, here)
        for field, declared in fields.items():
            if field not in node.keys or node.keys[field].value == releases.REQUIRED:
                yield from self._left_out(node, declared, f"{path}.{field}" if path else field)

    def _left_out(self, node: Node, declared: releases.Declared, path: str) -> Iterator[Mistake]:
        """A field that is not given, or only marked as missing: its default stands, and that may lack something."""
        kinds, optional = _parts(declared.type)
        inner = kinds[0] if isinstance(kinds[0], str) and releases.is_class(kinds[0]) else None
        if inner is None or (optional and declared.default is None):
            if declared.default == releases.REQUIRED:
                yield self._missing(node, path)
            return
        for field, below in releases.fields_of(inner, self.version).items():
            yield from self._left_out(node, below, f"{path}.{field}")

    def value(self, node: Node, kind: Any, path: str) -> Iterator[Mistake]:
        """One value against its type."""
        kinds, optional = _parts(kind)
        if node.value is None:
            if not optional and kinds != ["any"]:
                yield self._wrong(node, path, "cannot be empty", "give a value or leave the line out")
            return
        if node.value == releases.REQUIRED or (_is_open(node.value) and not _is_plain(kinds)):
            return  # the mark of a missing value; text that is taken for an interpolation, whatever the type
        if len(kinds) > 1:
            yield from self._either(node, kinds, path)
        else:
            yield from self._one(node, kinds[0], path)

    def _one(self, node: Node, kind: Any, path: str) -> Iterator[Mistake]:
        outer = kind if isinstance(kind, str) else kind[0]
        if outer == "any":
            yield from self._unset(node, path)
        if outer == "list":
            yield from self._list(node, kind, path)
        elif outer == "dict":
            yield from self._dict(node, kind, path)
        elif releases.is_class(outer):
            yield from self.section(node, outer, path)
        elif releases.is_enum(outer):
            yield from self._word(node, outer, path)
        elif outer in _SCALARS and not _SCALARS[outer](node.value):
            yield self._wrong(node, path, f"takes {_NAMES[outer]}, not {_shown(node.value)}", _hint(outer, node.value), _mended(outer, node.value))

    def _unset(self, node: Node, path: str) -> Iterator[Mistake]:
        """Marks of missing values within what is free: OmegaConf looks for them at any depth."""
        for below, item in node.walk(path):
            if item.value == releases.REQUIRED:
                yield self._missing(item, below)

    def _list(self, node: Node, kind: Any, path: str) -> Iterator[Mistake]:
        if not node.is_list:
            with_one = [node.value] if not node.is_mapping else None
            yield self._wrong(node, path, f"is a list, not {_shown(node.value)}", "write its items with a dash, or in [ ]", with_one)
            return
        inner = kind[1] if isinstance(kind, list) and len(kind) > 1 else "any"
        for place, item in enumerate(node.items):
            yield from self._item(item, inner, f"{path}[{place}]")

    def _item(self, node: Node, kind: Any, path: str) -> Iterator[Mistake]:
        """What stands in a list or a mapping; into a list or mapping in the place of a scalar OmegaConf does not look."""
        if node.value == releases.REQUIRED:
            yield self._missing(node, path)
        elif not (isinstance(node.value, dict | list) if _is_scalar(kind) else _is_open(node.value)):
            yield from self.value(node, kind, path)

    def _dict(self, node: Node, kind: Any, path: str) -> Iterator[Mistake]:
        if not node.is_mapping:
            yield self._wrong(node, path, f"is `key: value` pairs, not {_shown(node.value)}", "write them below it, one a line")
            return
        key_kind, inner = (kind[1], kind[2]) if isinstance(kind, list) and len(kind) > 2 else ("any", "any")
        for key, child in node.keys.items():
            here = f"{path}.{key}"
            line, column = node.place(key)
            if key_kind == "str" and not isinstance(key, str):
                yield Mistake(rule="SCH002", path=here, line=line, column=column, message=f"a key of {path} is text, not {_shown(key)}", fix=f'write it as "{key}"')
            elif releases.is_enum(str(key_kind)) and key not in releases.members_of(key_kind, self.version):
                names = releases.members_of(key_kind, self.version)
                yield Mistake(rule="SCH003", path=here, line=line, column=column, message=f"a key of {path} is one of {', '.join(names)}", fix=_nearest(str(key), names))
            yield from self._item(child, inner, here)

    def _word(self, node: Node, name: str, path: str) -> Iterator[Mistake]:
        names = releases.members_of(name, self.version)
        said = node.value
        if isinstance(said, str) and said.removeprefix(f"{name}.") in names:
            return
        near = _nearest(str(said), names)
        message = f"{path} takes one of {', '.join(names)}, not {_shown(said)}"
        fix = f"write {near}" if near else "write one of them, in capitals"
        yield Mistake(rule="SCH003", path=path, line=node.line, column=node.column, message=message, fix=fix, mends_with=near or None)

    def _either(self, node: Node, kinds: list[Any], path: str) -> Iterator[Mistake]:
        """One of several: OmegaConf converts nothing here, so that `"4"` is no number."""
        if any(releases.is_class(str(kind)) for kind in kinds):
            return  # Oumi sorts these out by itself, from plain mappings
        if type(node.value).__name__ not in kinds:
            names = " or ".join(_NAMES[kind] for kind in kinds)
            yield self._wrong(node, path, f"takes {names}, not {_shown(node.value)}", "write it without quotes" if isinstance(node.value, str) else "give one of them")

    def _wrong(self, node: Node, path: str, told: str, fix: str, mended: Any = None) -> Mistake:
        return Mistake(rule="SCH002", path=path or "(top level)", line=node.line, column=node.column, message=f"{path or 'a config'} {told}", fix=fix, mends_with=mended)

    def _missing(self, node: Node, path: str) -> Mistake:
        return Mistake(rule="SCH004", path=path, line=node.line, column=node.column, message=f"{path} must be given", fix="add it")

    def _unknown(self, node: Node, key: Any, name: str, path: str) -> Mistake:
        here = f"{path}.{key}" if path else str(key)
        line, column = node.place(key)
        message, fix = f"Oumi {self.version} has no field {here}", self._advice(str(key), name, path)
        near = fix.removeprefix(_MEANT).removesuffix("?") if fix.startswith(_MEANT) else ""
        sure = bool(near) and near not in node.keys and (near == othernames.same(name, str(key)) or _is_slip(str(key), near))
        return Mistake(rule="SCH001", path=here, line=line, column=column, message=message, fix=fix, renames_to=near if sure else "")

    def _advice(self, key: str, name: str, path: str) -> str:
        """Where the key belongs, what it was renamed to, or the nearest name here."""
        fields, spans = releases.fields_of(name, self.version), releases.spans_of(name, key)
        if spans and spans[-1][1]:
            return f"it was there until Oumi {spans[-1][1]}; take it out"
        if spans:
            return f"it came with Oumi {spans[-1][0]}"
        if (meant := othernames.same(name, key)) in fields:
            return f"{_MEANT}{meant}?"
        if told := othernames.elsewhere(name, key, path):
            return told
        elsewhere = [place for place in self._places(key) if place.rpartition(".")[0] != path]
        if elsewhere:
            return f"it belongs to {elsewhere[0].rpartition('.')[0] or 'the top level'}: {elsewhere[0]}"
        if near := _nearest(key, tuple(fields)):
            return f"{_MEANT}{near}?"
        return "take it out"

    def _places(self, key: str) -> list[str]:
        """Every dotted field of this kind with that name, the shortest first."""
        found: list[str] = []
        open_places = [("", releases.root_class(self.kind), 0)]
        while open_places:
            prefix, name, depth = open_places.pop(0)
            for field, declared in releases.fields_of(name, self.version).items():
                here = f"{prefix}.{field}" if prefix else field
                if field == key:
                    found.append(here)
                if depth < 3 and releases.is_class(inner := _bare(declared.type)):
                    open_places.append((here, inner, depth + 1))
        return found


def _parts(kind: Any) -> tuple[list[Any], bool]:
    """(what a value may be, whether it may be empty)."""
    if isinstance(kind, list) and kind[0] == "union":
        return [part for part in kind[1:] if part != "none"], "none" in kind
    return [kind], False


def _bare(kind: Any) -> str:
    """The one name of a type, without optional; empty for lists, mappings and several."""
    kinds, _ = _parts(kind)
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


def _is_open(value: Any) -> bool:
    """True for text that OmegaConf takes for an interpolation; Oumi escapes it, and leaves it as it is."""
    return isinstance(value, str) and "${" in value


def _is_plain(kinds: list[Any]) -> bool:
    """True where one of the types is a scalar, an enum or a section."""
    return any(isinstance(kind, str) and (kind in _SCALARS or releases.is_enum(kind) or releases.is_class(kind)) for kind in kinds)


def _is_scalar(kind: Any) -> bool:
    return isinstance(kind, str) and kind in _SCALARS


def _is_whole(value: Any) -> bool:
    return type(value) is int or (type(value) is str and _converts(int, value))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) or (type(value) is str and _converts(float, value))


def _converts(to: type, value: str) -> bool:
    try:
        to(value)
    except ValueError:
        return False
    return True


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool | int) or (isinstance(value, str) and (value.lower() in _YES_NO or _converts(int, value)))


_SCALARS: dict[str, Callable[[Any], bool]] = {"int": _is_whole, "float": _is_number, "bool": _is_switch, "str": lambda value: not isinstance(value, dict | list | bytes)}
"""Type → what OmegaConf 2.4 converts to it (its IntegerNode, FloatNode, BooleanNode, StringNode)."""
_NAMES = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text"}


def _hint(kind: str, value: Any) -> str:
    if kind == "int" and isinstance(value, float):
        return f"write {int(value)}" if value.is_integer() else "give a whole number"
    return f"give {_NAMES[kind]}"


def _mended(kind: str, value: Any) -> Any:
    """The value that was surely meant; None where nobody knows."""
    return int(value) if kind == "int" and isinstance(value, float) and value.is_integer() else None


def _nearest(word: str, names: tuple[str, ...]) -> str:
    """The name that is meant, if one is near enough; empty otherwise."""
    from rapidfuzz import process  # loaded for a word that is wrong

    folded = {name.lower().replace("_", ""): name for name in names}
    plain = word.lower().replace("_", "").replace("-", "")
    if plain in folded:
        return folded[plain]
    found = process.extractOne(plain, list(folded), score_cutoff=_NEAR)
    return folded[found[0]] if found else ""


def _is_slip(word: str, name: str) -> bool:
    """True where one is the other with a slip of the finger, or written in other capitals: such a name may be mended without asking."""
    from rapidfuzz import fuzz

    plain, folded = (text.lower().replace("_", "").replace("-", "") for text in (word, name))
    return fuzz.ratio(plain, folded) >= _SLIP


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "`key: value` pairs"
    if isinstance(value, list):
        return "a list"
    text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return f'"{text[:60]}"' if isinstance(value, str) else text[:60]
