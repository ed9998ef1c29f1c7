"""Configs drawn by chance from the classes of each release: whatever an old one says stands in the new one, or is told of."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from assistant.checks import releases
from assistant.checks.document import parse
from assistant.checks.typed import mistakes
from assistant.migrate.upgrade import upgrade

_PLAIN: dict[str, tuple[Any, ...]] = {"int": (1, 3, 9), "float": (0.5,), "bool": (True, False), "str": ("a", "b c", "x/y"), "any": ("q",)}
_DEEP = 3


def value(kind: Any, chance: random.Random, version: str, depth: int) -> Any:
    if isinstance(kind, str):
        if releases.is_enum(kind):
            return chance.choice(releases.members_of(kind, version) or ("X",))
        return thing(kind, chance, version, depth + 1) if releases.is_class(kind) else chance.choice(_PLAIN.get(kind, ("z",)))
    outer, *inner = kind
    inner = [part for part in inner if part != "none"] or ["str"]
    if outer == "union":
        return value(chance.choice(inner), chance, version, depth)
    return [value(inner[0], chance, version, depth)] if outer == "list" else {"k": value(inner[-1], chance, version, depth)}


def thing(name: str, chance: random.Random, version: str, depth: int = 0) -> dict[str, Any]:
    """An object of a class, with all that it must have and some of what it may."""
    fields = releases.fields_of(name, version).items()
    return {field: value(one.type, chance, version, depth) for field, one in fields if one.default == releases.REQUIRED or chance.random() < (0.35 if depth < _DEEP else 0.1)}


def flat(body: Any, prefix: str = "") -> dict[str, Any]:
    """Path → value, of a list of plain values as a whole."""
    if isinstance(body, dict) and body:
        return {path: leaf for key, inner in body.items() for path, leaf in flat(inner, f"{prefix}.{key}" if prefix else str(key)).items()}
    if isinstance(body, list) and any(isinstance(item, dict | list) for item in body):
        return {path: leaf for place, item in enumerate(body) for path, leaf in flat(item, f"{prefix}[{place}]").items()}
    return {prefix: body}


@pytest.mark.parametrize("version", releases.releases()[:-1])
def test_what_an_old_config_says_stays_or_is_told(version: str) -> None:
    for kind in releases.kinds():
        body = thing(releases.root_class(kind), random.Random(f"{version} {kind}"), version)
        text = yaml.safe_dump(body, sort_keys=False)
        if not body or any(one.rule != "SCH004" for one in mistakes(parse(text), kind, version)):
            continue
        found = upgrade(text, kind, since=version, to=releases.newest())
        told, now = {note.source for note in found.notes}, flat(parse(found.text).value)
        gone = [path for path, leaf in flat(parse(text).value).items() if now.get(path, ...) != leaf and leaf not in (None, {}, [])]
        assert [path for path in gone if not any(path == one or path.startswith((f"{one}.", f"{one}[")) or one.startswith(path) for one in told)] == [], text
        left = [one.path for one in mistakes(parse(found.text), kind, releases.newest()) if one.rule != "SCH004" and not any(one.path.startswith(source) for source in told)]
        assert [path for path in left if not path.startswith("strategy_params.")] == [], text  # rows of the first syntheses are told as refused
