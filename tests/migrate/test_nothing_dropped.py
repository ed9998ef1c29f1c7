"""Whatever another tool's config says is carried, changed or listed as without counterpart: over configs drawn by chance."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from assistant.checks.document import Node, node_of, parse
from assistant.checks.typed import mistakes
from assistant.core.errors import UsageError
from assistant.migrate.foreign import import_config, tool_of
from assistant.migrate.notes import Migration, Note
from assistant.migrate.unread import with_value
from tests.migrate.examples import TOOLS
from tests.migrate.written import written

_SAYS_NOTHING = (None, False, "", [], {}, "no", "none", 0)
SEEDS = range(40)


def texts(tool: str) -> list[str]:
    return [yaml.safe_dump(written(tool, random.Random(f"{tool}{seed}")), sort_keys=False) for seed in SEEDS]


def leaves(root: Node) -> list[str]:
    """Paths of the values that say something; a list of plain values is one."""
    found = [(path, node) for path, node in root.walk() if not node.is_mapping and not any(item.is_mapping or item.is_list for item in node.items)]
    return [path for path, node in found if node.value not in _SAYS_NOTHING and not (path.endswith("]") and path.rpartition("[")[0] in dict(found))]


def covers(note: Note, path: str) -> bool:
    """A key's own note, that on the items of its list, or one on a section of which nothing is carried."""
    below = path.startswith((f"{note.source}.", f"{note.source}["))
    return note.source == path or note.source.startswith(f"{path}[") or (below and note.fate in ("lost", "harmless"))


@pytest.mark.parametrize("tool", TOOLS.values())
def test_every_value_is_told_of(tool: str) -> None:
    for text in texts(tool):
        root = parse(text)
        assert tool_of(root.value) == tool
        found = import_config(text, tool)
        assert [path for path in leaves(root) if not any(covers(note, path) for note in found.notes)] == [], text


@pytest.mark.parametrize("tool", TOOLS.values())
def test_the_result_is_a_config_that_can_be_read(tool: str) -> None:
    for text in texts(tool):
        told = [one for one in mistakes(parse(import_config(text, tool).text), "train", "0.9") if one.path != "data.train.datasets"]
        assert told == [], text


@pytest.mark.parametrize("tool", TOOLS.values())
def test_what_is_told_as_carried_makes_a_difference(tool: str) -> None:
    """Another value gives another config, or other words on what became of it."""
    for text in texts(tool)[:10]:
        root, found = parse(text), import_config(text, tool)
        for path in leaves(root):
            fates = {note.fate for note in found.notes if note.source == path}
            if fates <= {"lost", "harmless"}:
                continue
            assert any(differs(found, again) for again in others(root, path, tool)), (path, text)


def differs(found: Migration, again: Migration | None) -> bool:
    return again is None or (again.text, {(n.fate, n.message) for n in again.notes}) != (found.text, {(n.fate, n.message) for n in found.notes})


def others(root: Node, path: str, tool: str) -> list[Migration | None]:
    """The config read with other values of one key; None where one cannot be read."""
    node = root.at(path)
    assert node is not None
    values: list[Any] = [None, "another"] + ([not node.value] if isinstance(node.value, bool) else [node.value + 1] if isinstance(node.value, int | float) else [])
    return [read(root, path, value, tool) for value in values]


def read(root: Node, path: str, value: Any, tool: str) -> Migration | None:
    try:
        return import_config(yaml.safe_dump(with_value(root, path, value).value, sort_keys=False), tool)
    except UsageError:
        return None


ODD: tuple[Any, ...] = ("another", ["a", "b"], {"a": {"b": 1}}, -1, float("inf"), float("nan"), True, [], {}, "${x}", [{"a": 1}], [[1]], "a: b # c", "é\u202e\x07")


@pytest.mark.parametrize("tool", TOOLS.values())
def test_a_value_of_any_shape_is_told_and_breaks_nothing(tool: str) -> None:
    for seed in SEEDS:
        chance = random.Random(f"odd {tool} {seed}")
        root = node_of(written(tool, chance))
        for path in chance.sample([path for path, _ in root.walk() if not path.startswith(("model", "base_model", "checkpointer"))], 2):
            root = with_value(root, path, chance.choice(ODD))
        if tool_of(root.value) != tool:
            continue
        text = yaml.safe_dump(root.value, sort_keys=False, allow_unicode=True)
        found = import_config(text, tool)
        assert [path for path in leaves(parse(text)) if not any(covers(note, path) for note in found.notes)] == [], text


def test_a_value_of_the_wrong_type_is_lost_and_the_rest_is_carried() -> None:
    found = import_config("model_name_or_path: a/b\nstage: sft\ndataset: d\nddp_timeout: soon\ninterleave_probs: half\nlearning_rate: 1.0e-4\n", "LLaMA-Factory")
    assert {note.source for note in found.notes if "is not of the type" in note.message} == {"ddp_timeout", "interleave_probs"}
    assert yaml.safe_load(found.text)["training"]["learning_rate"] == 1e-4
