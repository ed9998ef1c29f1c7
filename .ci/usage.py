"""Count what Oumi's own recipes set each field to: `.ci/usage.py FACTS assistant/explain/data/usage.json`.

FACTS is the folder with `recipes_*.csv`, which tabulate the recipes of oumi-ai/oumi (commit d8ed07778, August 2026), and with
`oumi_recipes/`, which holds some of those recipes themselves: fields and kinds that no table has are counted there, out of fewer.
Only values and how often they stand are kept; names of outputs, scripts and comments are not.
"""

from __future__ import annotations

import ast
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from assistant.checks.document import Node, NoDocument, parse
from assistant.checks.kinds import kind_of
from assistant.checks.releases import newest
from assistant.checks.schema import field, field_names, unindexed
from assistant.explain.facts import find

MOST = 8
LONGEST = 100
FEWEST = 10
"""Recipes of a kind of which a count still says something."""
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
SKIPPED = frozenset((
    "path", "family", "kind", "size_b", "method", "tuning", "num_nodes", "vlm", "hw_comment", "output_dir", "input_path", "output_path", "run_name", "name", "envs", "file_mounts",
    "storage_mounts", "setup_first", "commands", "configs", "kinds", "overrides", "script_call", "working_dir", "n_tasks", "other_generation", "dataset_kwargs",
    "trainer_kwargs", "model_kwargs", "grpo", "validation", "remote", "generation", "backends", "tasks", "ds_offload_optimizer", "freeze_layers", "image_id",
))  # fmt: skip
NAMED = {
    "train": {
        "compile": "training.compile", "datasets": "data.train.datasets.dataset_name", "data_collator_name": "data.train.collator_name", "data_pack": "data.train.pack",
        "data_stream": "data.train.stream", "data_target_col": "data.train.target_col", "data_use_torchdata": "data.train.use_torchdata",
        "data_mixture_strategy": "data.train.mixture_strategy", "ds_enable": "deepspeed.enable_deepspeed", "ds_zero_stage": "deepspeed.zero_stage",
        "seed": "training.seed", "use_reentrant": "training.gradient_checkpointing_kwargs.use_reentrant",
    },
    "eval": {"inference_engine": "inference_engine"},
    "infer": {},
    "job": {},
}  # fmt: skip
"""Columns whose field their name does not tell."""
FREE = frozenset((
    "output_dir", "output_path", "input_path", "progress_path", "checkpoints_dir", "dataset_path", "data_files", "run_name", "name", "id", "description", "run", "setup", "user",
    "working_dir", "content", "prompt_template", "image_id", "resume_from_checkpoint", "conversation_planner", "path", "state_path", "output_system_prompt", "passthrough_attributes", "cut_prefix", "cut_suffix",
))  # fmt: skip
"""Last names of fields that hold a recipe's own words or names."""
LISTS = ("peft.lora_target_modules", "peft.lora_exclude_modules", "peft.lora_target_parameters")
"""Fields whose cells name several, apart by commas."""
SECTIONS = ("", "training.", "peft.", "model.", "generation.", "resources.")
"""Where a column of a field's name is looked for, in this order."""


def path_of(kind: str, column: str) -> str | None:
    """The field that a column holds; None for one that holds none."""
    if column in SKIPPED:
        return None
    if column in NAMED[kind]:
        return NAMED[kind][column]
    names = set(field_names(kind))
    if column.startswith("fsdp_"):
        plain = column.removeprefix("fsdp_")
        return next((name for name in (f"fsdp.{column}", f"fsdp.{plain}") if name in names), None)
    return next((f"{section}{column}" for section in SECTIONS if f"{section}{column}" in names), None)


def value_of(text: str) -> Any:
    """A cell as the config has it."""
    if text in ("True", "False"):
        return text == "True"
    if NUMBER.fullmatch(text):
        number = float(text)
        return int(text) if text.lstrip("-").isdigit() else number
    if text.startswith("["):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text
    return text


def values_in(path: str, cell: str) -> list[Any]:
    """What a cell says: of datasets the name of each."""
    if path == "data.train.datasets.dataset_name":
        return list(dict.fromkeys(part.rpartition(":")[0] or part for part in cell.split(";")))
    return [cell.split(",")] if path in LISTS else [value_of(cell)]


def tally(cells: list[list[Any]]) -> dict[str, Any]:
    """How many recipes set a field, and the commonest values with their counts; a recipe may set it in several places."""
    values = Counter(json.dumps(value) for cell in cells for value in cell)
    common = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    kept = [[json.loads(value), count] for value, count in common if len(value) <= LONGEST][:MOST]
    return {"set": len(cells), "different": len(values), "values": kept}


def tabulated(kind: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Field → its count, of the columns of a table."""
    found: dict[str, Any] = {}
    for column in rows[0]:
        path = path_of(kind, column)
        if path is None or field(path, kind) is None:
            continue
        cells = [values_in(path, row[column]) for row in rows if row[column] not in ("", "{}", "[]")]
        if cells:
            found[path] = tally(cells)
    return found


def adapters(rows: list[dict[str, str]]) -> dict[str, Any]:
    """The switch of adapters, which the table tells by its column of what is trained."""
    return {"training.use_peft": tally([[True] for row in rows if row["tuning"] in ("lora", "qlora")])}


def recipes_in(folder: Path) -> dict[str, list[Node]]:
    """Kind → the recipes of it."""
    found: dict[str, list[Node]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        try:
            root = parse(path.read_text(encoding="utf-8"))
        except NoDocument:
            continue
        if (kind := kind_of(root.value)) is not None:
            found.setdefault(kind, []).append(root)
    return found


def said(kind: str, root: Node) -> Iterator[tuple[str, Any]]:
    """(field, value) of whatever one recipe sets and others may set alike; keys of its own below open mappings are left out."""
    for where, node in root.walk():
        path = unindexed(where)
        if node.value is None or node.is_mapping or where.endswith("]") or path.rpartition(".")[2] in FREE or any(item.is_mapping or item.is_list for item in node.items):
            continue
        found = find(kind, path, newest())
        if found is not None and (not found.is_open or path.startswith("training.trainer_kwargs.")):
            yield path, node.value


def read(kind: str, roots: list[Node]) -> dict[str, Any]:
    """Field → its count over these recipes, with how many they are."""
    cells: dict[str, list[list[Any]]] = {}
    for root in roots:
        here: dict[str, list[Any]] = {}
        for path, value in said(kind, root):
            here.setdefault(path, []).append(value)
        for path, values in here.items():
            cells.setdefault(path, []).append([json.loads(text) for text in dict.fromkeys(map(json.dumps, values))])
    return {path: {"recipes": len(roots), **tally(found)} for path, found in cells.items()}


def main() -> None:
    facts, target = Path(sys.argv[1]), Path(sys.argv[2])
    kinds = {}
    recipes = recipes_in(facts / "oumi_recipes")
    for kind in dict.fromkeys((*NAMED, *(kind for kind, roots in recipes.items() if len(roots) >= FEWEST))):
        fields = read(kind, recipes.get(kind, []))
        number = len(recipes.get(kind, []))
        if kind in NAMED:
            with (facts / f"recipes_{kind}.csv").open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            fields |= tabulated(kind, rows) | (adapters(rows) if kind == "train" else {})
            number = len(rows)
        kinds[kind] = {"recipes": number, "fields": dict(sorted(fields.items()))}
    body = {"source": "recipes of oumi-ai/oumi, commit d8ed07778, August 2026 (Apache-2.0), counted", "kinds": kinds}
    target.write_text(json.dumps(body, separators=(",", ":"), sort_keys=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
