"""Write what every release of Oumi takes, read from its packages: `.ci/releases.py WHEELS assistant/checks/data/releases.json`.

WHEELS is a folder with `oumi-*.whl`; one that is missing is fetched by pip. The sources are parsed, never run: a release that
cannot be installed here is read like any other. Only the classes that a config can reach are kept, each field as the list of
its changes: `[index of the release, type, default]`, or `[index, null]` from where it is gone.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

RELEASES = (
    "0.1.3", "0.1.4", "0.1.5", "0.1.6", "0.1.7", "0.1.8", "0.1.9", "0.1.10", "0.1.11", "0.1.12", "0.1.13", "0.1.14",
    "0.2.0", "0.2.1", "0.3.0", "0.4.0", "0.4.1", "0.4.2", "0.5.0", "0.6.0", "0.7", "0.8", "0.9",
)  # fmt: skip
KINDS = {
    "train": "TrainingConfig",
    "eval": "EvaluationConfig",
    "infer": "InferenceConfig",
    "job": "JobConfig",
    "quantize": "QuantizationConfig",
    "tune": "TuningConfig",
    "judge": "JudgeConfig",
    "synthesize": "SynthesisConfig",
    "async_eval": "AsyncEvaluationConfig",
}
REQUIRED = "???"
"""OmegaConf's mark for a value that must be given."""
UNKNOWN = "\0"
FOREIGN = {"TaskType": ["SEQ_CLS", "SEQ_2_SEQ_LM", "CAUSAL_LM", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION"]}
"""Enums of other packages that Oumi's fields hold: peft.TaskType, 0.19."""
_ROOTS = frozenset({"BaseConfig", "BaseParams", "object", "Enum", "str", "int", "StrEnum", "IntEnum", "NamedTuple", "Generic", "ABC"})


FACTORIES: dict[str, Any] = {"list": [], "int": 0, "float": 0.0, "bool": False, "str": ""}
"""What a default_factory makes; any other makes a mapping or a section."""


class Release:
    """The classes, enums and constants of one release's sources."""

    def __init__(self, wheel: Path) -> None:
        self.classes: dict[str, ast.ClassDef] = {}
        self.constants: dict[str, ast.expr] = {}
        with zipfile.ZipFile(wheel) as archive:
            names = sorted(n for n in archive.namelist() if n.startswith("oumi/") and n.endswith(".py"))
            for name in sorted(names, key=_nearness):
                self._read(ast.parse(archive.read(name).decode("utf-8")), first="core/configs" in name)

    def _read(self, tree: ast.Module, *, first: bool) -> None:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, node)
            elif first and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants.setdefault(node.targets[0].id, node.value)
            elif first and isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                self.constants.setdefault(node.target.id, node.value)

    def bases(self, name: str) -> list[str]:
        """The class's own bases, by name."""
        return [_last(base) for base in self.classes[name].bases]

    def is_enum(self, name: str) -> bool:
        """True for an enum, through any of its bases."""
        if name in ("Enum", "StrEnum", "IntEnum"):
            return True
        return name in self.classes and any(self.is_enum(base) for base in self.bases(name))

    def is_dataclass(self, name: str) -> bool:
        """True for a class that is decorated as one."""
        return name in self.classes and any(_last(d.func if isinstance(d, ast.Call) else d) == "dataclass" for d in self.classes[name].decorator_list)

    def members(self, name: str) -> list[str]:
        """The names of an enum."""
        named = [node.targets[0] for node in self.classes[name].body if isinstance(node, ast.Assign)]
        return [target.id for target in named if isinstance(target, ast.Name) and not target.id.startswith("_")]

    def fields(self, name: str) -> dict[str, tuple[Any, Any]]:
        """Field → (type, default), those of the bases first."""
        found: dict[str, tuple[Any, Any]] = {}
        for base in reversed(self.bases(name)):
            if base in self.classes and base not in _ROOTS:
                found |= self.fields(base)
        for node in self.classes[name].body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not node.target.id.startswith("_"):
                kind = self.type_of(node.annotation)
                if kind is not None and not _is_excluded(node.value):
                    found[node.target.id] = (kind, self.default_of(node.value))
        return found

    def type_of(self, hint: ast.expr) -> Any:
        """A name (`int`, a class of ours, `any`), or [outer, *inner]; None for a ClassVar."""
        if isinstance(hint, ast.Constant):
            if hint.value is None:
                return "none"
            return self.type_of(ast.parse(hint.value, mode="eval").body)
        if isinstance(hint, ast.BinOp):
            return _union([self.type_of(hint.left), self.type_of(hint.right)])
        if isinstance(hint, ast.Subscript):
            outer, inner = _last(hint.value), hint.slice
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if outer == "ClassVar":
                return None
            if outer in ("Final", "Annotated"):
                return self.type_of(parts[0])
            if outer == "Literal":
                return ["literal", *(ast.literal_eval(part) for part in parts)]
            if outer == "Optional":
                return _union([self.type_of(parts[0]), "none"])
            if outer == "Union":
                return _union([self.type_of(part) for part in parts])
            return [outer.lower(), *(self.type_of(part) for part in parts)]
        name = _last(hint)
        if name in self.constants and name not in self.classes:
            return self.type_of(self.constants[name])
        return {"Any": "any", "List": "list", "Dict": "dict", "None": "none", "Path": "str"}.get(name, name)

    def default_of(self, value: ast.expr | None) -> Any:
        """The value as YAML would give it; `???` where one must be given; an enum's member by its name."""
        if value is None:
            return REQUIRED
        if isinstance(value, ast.Call):
            return self._called(value)
        if isinstance(value, ast.Attribute):
            owner = _last(value.value)
            if owner in FOREIGN or (owner in self.classes and self.is_enum(owner)):
                return value.attr
            if value.attr == "value":  # an enum's member, then its value
                return self._value_of(value.value)
            return REQUIRED if value.attr == "MISSING" else UNKNOWN
        if isinstance(value, ast.Name):
            if value.id == "MISSING":
                return REQUIRED
            return self.default_of(self.constants[value.id]) if value.id in self.constants else UNKNOWN
        try:
            return ast.literal_eval(value)
        except ValueError:
            return UNKNOWN

    def _called(self, call: ast.Call) -> Any:
        if _last(call.func) == "int":
            return int(ast.literal_eval(call.args[0]))
        given = {word.arg: word.value for word in call.keywords}
        if _last(call.func) != "field":
            return {} if _last(call.func) in self.classes else UNKNOWN
        if "default" in given:
            return self.default_of(given["default"])
        made = given.get("default_factory")
        if made is None:
            return REQUIRED
        if isinstance(made, ast.Lambda):
            return self.default_of(made.body)
        return FACTORIES.get(_last(made), {})

    def _value_of(self, member: ast.expr) -> Any:
        if not isinstance(member, ast.Attribute):
            return UNKNOWN
        for node in self.classes[_last(member.value)].body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == member.attr:
                return ast.literal_eval(node.value)
        return UNKNOWN


def _nearness(path: str) -> tuple[bool, bool, str]:
    """Which of two classes of one name a config means: that of the parameters, then that of the configs, then any other."""
    return "core/configs" not in path, ("/params/" not in path and not path.endswith("_config.py")) or "analyze" in path, path


def _last(node: ast.expr) -> str:
    """`a.b.C` → C."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _last(node.value)
    return node.id if isinstance(node, ast.Name) else ""


def _is_excluded(value: ast.expr | None) -> bool:
    """True for a field that is not set from outside."""
    words = value.keywords if isinstance(value, ast.Call) and _last(value.func) == "field" else []
    return any(w.arg == "init" and isinstance(w.value, ast.Constant) and w.value.value is False for w in words)


def _union(parts: list[Any]) -> Any:
    flat: list[Any] = []
    for part in parts:
        flat += part[1:] if isinstance(part, list) and part[0] == "union" else [part]
    unique = [part for n, part in enumerate(flat) if part not in flat[:n]]
    return unique[0] if len(unique) == 1 else ["union", *sorted(unique, key=str)]


def names_in(kind: Any) -> set[str]:
    """Every name of a type."""
    if isinstance(kind, str):
        return {kind}
    return set() if kind[0] == "literal" else {name for part in kind[1:] for name in names_in(part)}


def reachable(release: Release) -> tuple[dict[str, dict[str, tuple[Any, Any]]], dict[str, list[str]]]:
    """(dataclass → its fields, enum → its names) of everything that a config can hold."""
    classes: dict[str, dict[str, tuple[Any, Any]]] = {}
    enums: dict[str, list[str]] = {}
    enums |= FOREIGN
    open_names = [name for name in KINDS.values() if name in release.classes]
    while open_names:
        name = open_names.pop()
        if name in classes or name in enums or name not in release.classes:
            continue
        if release.is_enum(name):
            enums[name] = release.members(name)
        elif release.is_dataclass(name):
            classes[name] = release.fields(name)
            open_names += sorted(inner for kind, _ in classes[name].values() for inner in names_in(kind))
    return classes, enums


def history(found: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, list[list[Any]]]]:
    """Owner → name → its changes, from one value a release to the releases where it became another."""
    changes: dict[str, dict[str, list[list[Any]]]] = {}
    for owner in sorted({owner for one in found for owner in one}):
        changes[owner] = {}
        for name in _in_order([list(one.get(owner, ())) for one in found]):
            last: Any = None
            rows = []
            for index, one in enumerate(found):
                now = one.get(owner, {}).get(name)
                if now != last:
                    rows.append([index, *now] if now is not None else [index, None])
                last = now
            changes[owner][name] = rows
    return changes


def _in_order(lists: list[list[str]]) -> list[str]:
    """Every name: in the order of the newest release, those that are gone behind."""
    return list(dict.fromkeys(name for names in reversed(lists) for name in names))


def wheel_of(folder: Path, version: str) -> Path:
    """The release's package, fetched where it is missing."""
    if not (found := sorted(folder.glob(f"oumi-{version}-*.whl"))):
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), f"oumi=={version}"], check=True)
        found = sorted(folder.glob(f"oumi-{version}-*.whl"))
    return found[0]


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    classes, enums = zip(*(reachable(Release(wheel_of(folder, version))) for version in RELEASES), strict=True)
    members = [{name: dict.fromkeys(names, ()) for name, names in one.items()} for one in enums]
    body = {"releases": RELEASES, "kinds": KINDS, "classes": history(list(classes)), "enums": history(members)}
    text = json.dumps(body, separators=(",", ":"))
    assert json.dumps(UNKNOWN) not in text, "a default that is not understood"
    out.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
