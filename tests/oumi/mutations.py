"""Configs with one mistake each, made from real recipes by a seed: `python tests/oumi/mutations.py SEED COUNT [--all]`.

By hand it asks the real Oumi about as many as wanted and prints where the schema and it disagree.
"""

from __future__ import annotations

import copy
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from assistant.checks import releases
from assistant.checks.document import NoDocument, parse
from assistant.checks.kinds import kind_of
from assistant.checks.typed import mistakes

SHARED = Path(os.environ.get("OUMI_CHAT_SHARED") or Path(__file__).parents[3] / "shared") / "data" / "oumi_recipes"
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 2.0, 1.5, "5", "5.0", "abc", "", [], {}, [1], ["a"], {"a": 1}, "1e-4", "yes", "NO", "${x}", "???", "none",
    "trl_sft", "FULL_SHARD", "bf16", "BF16", "auto", float("inf"), 10**30, "NaN", "true", "True", "0x10", "1_000", [None], [[1]], {"a": None},
    {1: 2}, {True: 1}, ["${y}"], "2024-01-01", "1:30",
)  # fmt: skip



class Mutant(NamedTuple):
    kind: str
    recipe: str
    text: str


def recipes() -> list[tuple[str, str, dict[str, Any]]]:
    """(kind, name, body) of every recipe that is a config of a kind we know."""
    found = []
    for path in sorted(SHARED.rglob("*.yaml")):
        body = parse(path.read_text("utf-8")).value
        if (kind := kind_of(body)) is not None:
            found.append((kind, str(path.relative_to(SHARED)), body))
    return found


def mutants(seed: int, count: int) -> Iterator[Mutant]:
    """That many configs, each with one value, key or place changed."""
    chance = random.Random(seed)
    sources = recipes()
    for _ in range(count):
        kind, name, body = chance.choice(sources)
        yield Mutant(kind, name, _dumped(_mutated(copy.deepcopy(body), kind, chance)))


def _mutated(body: dict[str, Any], kind: str, chance: random.Random) -> dict[str, Any]:
    place = chance.choice(list(_places(body)))
    parent = body
    for step in place[:-1]:
        parent = parent[step]
    last, how = place[-1], chance.random()
    if how < 0.35:
        parent[last] = chance.choice(VALUES)
    elif how < 0.5 and isinstance(parent, dict):
        parent[_misspelt(str(last), chance)] = parent.pop(last)
    elif how < 0.6:
        del parent[last]
    elif how < 0.65 and isinstance(parent, dict):
        body[str(last)] = parent[last]
    else:
        _set(body, _any_field(kind, chance), chance.choice(VALUES))
    return body


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        yield (*above, step)
        yield from _places(inner, (*above, step))


def _misspelt(word: str, chance: random.Random) -> str:
    at = chance.randrange(len(word))
    return word[:at] + chance.choice(["", word[at] * 2, "x"]) + word[at + 1 :]


def _any_field(kind: str, chance: random.Random) -> list[str]:
    name, path = releases.root_class(kind), []
    while True:
        fields = releases.fields_of(name, releases.newest())
        path.append(chance.choice(list(fields)))
        declared = fields[path[-1]].type
        inner = [part for part in (declared if isinstance(declared, list) else [declared]) if isinstance(part, str) and releases.is_class(part)]
        if not inner or chance.random() > 0.85:
            return path
        name = inner[0]


def _set(body: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        if not isinstance(body.get(step), dict):
            body[step] = {}
        body = body[step]
    body[path[-1]] = value


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block, as people write it."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None))


def _dumped(body: dict[str, Any]) -> str:
    return yaml.dump(body, Dumper=_Dumper, sort_keys=False, width=10**6)


def refused(mutant: Mutant) -> list[str]:
    """What the schema says against a config."""
    try:
        return [f"{m.rule} {m.message}" for m in mistakes(parse(mutant.text), mutant.kind, releases.newest())]
    except NoDocument as problem:
        return [problem.message]


def main() -> None:
    from conftest import Judge, judge_python

    judge, wrong = Judge(judge_python()), 0
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for number, mutant in enumerate(mutants(seed, count)):
        verdict, said = judge.ask(str(number), mutant.text, kind=mutant.kind), refused(mutant)
        if verdict["read"] == bool(said):
            wrong += 1
            print(mutant.recipe, "| Oumi:", verdict["error"], "| here:", said)
    print(f"{count - wrong} of {count} alike", flush=True)
    judge.close()


if __name__ == "__main__":
    main()
