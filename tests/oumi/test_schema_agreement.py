"""What the schema refuses is what the real Oumi cannot read, over mutated recipes; and its fields are those of the real classes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from mutations import SHARED, mutants, recipes, refused

from assistant.checks import releases
from assistant.checks.schema import KINDS, snapshot

pytestmark = pytest.mark.oumi
COUNT = 200
"""In CI; `tests/oumi/mutations.py` takes any number by hand."""


@pytest.fixture(autouse=True)
def _recipes() -> None:
    if not SHARED.is_dir():
        pytest.skip("no recipes")


def test_mutated_recipes_are_refused_as_by_the_real_oumi(judge: Any) -> None:
    wrong = []
    for number, mutant in enumerate(mutants(20261125, COUNT)):
        verdict, said = judge.ask(str(number), mutant.text, kind=mutant.kind), refused(mutant)
        if verdict["read"] == bool(said):
            wrong.append((mutant.recipe, verdict["error"], said))
    print("schema and Oumi alike on", COUNT - len(wrong), "of", COUNT, wrong)
    assert len(wrong) <= COUNT // 100


def test_every_recipe_is_read(judge: Any) -> None:
    found = recipes()
    assert len(found) > 200
    for kind, name, _ in found:
        text = (SHARED / name).read_text("utf-8")
        verdict = judge.ask(name, text, kind=kind)
        said = refused(type(next(mutants(1, 1)))(kind, name, text))
        assert verdict["read"] == (not said), (name, verdict["error"], said)


def _flat(name: str, prefix: str = "", above: tuple[str, ...] = ()) -> set[str]:
    found: set[str] = set()
    for field, declared in releases.fields_of(name, releases.newest()).items():
        parts = declared.type[1:] if isinstance(declared.type, list) and declared.type[0] == "union" else [declared.type]
        inner = [part for part in parts if isinstance(part, str) and releases.is_class(part)]
        found |= _flat(inner[0], f"{prefix}{field}.", (*above, name)) if len(inner) == 1 and inner[0] not in above else {f"{prefix}{field}"}
    return found


def _known(fields: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, entry in fields.items():
        found |= _known(entry["fields"], f"{prefix}{name}.") if entry["type"] == "section" else {f"{prefix}{name}"}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_parsed_sources_have_the_fields_of_the_imported_classes(kind: str) -> None:
    """`releases.json` is read from source text, `{kind}.json` from the classes of the installed Oumi: two ways, one answer."""
    assert snapshot(kind)["oumi"] == releases.newest()
    assert _flat(releases.root_class(kind)) == _known(snapshot(kind)["fields"])


def test_the_newest_release_is_the_judges(judge_bin: Path) -> None:
    version = subprocess.run([judge_bin / "python", "-c", "import importlib.metadata as m; print(m.version('oumi'))"], capture_output=True, text=True, check=True)
    assert version.stdout.strip() == releases.newest()
