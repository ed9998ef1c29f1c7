"""Oumi's own training recipes, changed by words: only what was asked for changes, and the real Oumi loads each."""

from __future__ import annotations

import os
from collections import Counter
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.builder.given import leaves
from assistant.cli.onfile import on_file
from assistant.cli.request import Options
from assistant.core.errors import UsageError
from assistant.terminal.screen import Screen

pytestmark = pytest.mark.oumi

ROOT = Path(__file__).parents[2]
RECIPES = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "oumi_recipes"
ASKED = {
    "learning rate 1.5e-5": {"training.learning_rate"},
    "5 epochs": {"training.num_train_epochs", "training.max_steps"},  # steps would win over epochs
    "lora rank 24": {"peft.lora_r"},
    "batch size 512": {"training.gradient_accumulation_steps"},
}
ADAPTERS = {"training.use_peft", "peft.lora_r", "peft.lora_alpha", "peft.lora_target_modules", "peft.lora_exclude_modules"}
"""What asking for a rank adds to a run without adapters."""
LEAST = {"learning rate 1.5e-5": 60, "5 epochs": 54, "lora rank 24": 58, "batch size 512": 56}
"""Recipes that each change must reach: the others have no plan (4-bit weights sharded, verl's own batches, streams without epochs)."""


def changed(path: Path, words: str, folder: Path) -> str | None:
    """The recipe as the words change it; None where no plan can be made of it."""
    out = folder / "changed.yaml"
    out.unlink(missing_ok=True)
    options = Options(offline=True, gpus="8xB200", output=str(out), force=True, json=False, quiet=True, screen=Screen(no_color=True, quiet=True), config=str(path))
    try:
        on_file(words, options)
    except UsageError as problem:
        if problem.reference not in ("cannot-edit", "no-change"):
            raise
        return None
    return out.read_text("utf-8") if out.exists() else None


def check_lines(before: str, after: str, fields: set[str], where: tuple[str, str]) -> None:
    """Every line that goes or comes is about one of these fields, or opens a section for them."""
    names = {field.rpartition(".")[2] for field in fields}
    for line in ndiff(before.splitlines(), after.splitlines()):
        if line[:1] in "+-" and line[1:].strip() not in ("", "peft:"):
            assert line[1:].split(":")[0].strip() in names, (where, line)


@pytest.mark.skipif(not RECIPES.is_dir(), reason="Oumi's recipes are not here")
def test_a_change_of_a_recipe_changes_what_was_asked_and_oumi_loads_it(judge: Any, tmp_path: Path) -> None:
    reached: Counter[str] = Counter()
    for path in sorted(RECIPES.rglob("*.yaml")):
        text = path.read_text("utf-8")
        body = yaml.safe_load(text)
        if not isinstance(body, dict) or "training" not in body:
            continue
        original = judge.ask(path.name, text, world=8)
        assert original["l1"], (path, original["error"])
        for words, fields in ASKED.items():
            found = changed(path, words, tmp_path)
            if found is None:
                continue
            reached[words] += 1
            where = (str(path.relative_to(RECIPES)), words)
            before, after = leaves(body), leaves(yaml.safe_load(found))
            differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
            allowed = fields if body["training"].get("use_peft") or words != "lora rank 24" else ADAPTERS
            assert differ <= allowed, (where, differ)
            check_lines(text, found, differ, where)
            verdict = judge.ask(path.name, found, world=8)
            assert verdict["l1"], (where, verdict["error"])
            assert verdict["l2"] in (True, original["l2"]), (where, verdict["error"])  # no trainer is refused that took the recipe
    print(dict(reached))
    assert {words: count for words, count in LEAST.items() if reached[words] < count} == {}
