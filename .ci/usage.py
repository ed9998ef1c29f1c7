"""Count what Oumi's own recipes set each field to: `.ci/usage.py FACTS assistant/explain/data/usage.json`.

FACTS is the folder with `recipes_*.csv`, which tabulate the recipes of oumi-ai/oumi (commit d8ed07778, August 2026). Only values
and how often they stand are kept; names of outputs, scripts and comments are not.
"""

from __future__ import annotations

import ast
import csv
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from assistant.checks.schema import field, field_names

MOST = 8
LONGEST = 60
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
SKIPPED = frozenset((
    "path", "family", "kind", "size_b", "method", "tuning", "vlm", "hw_comment", "output_dir", "input_path", "output_path", "run_name", "name", "envs", "file_mounts",
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
    "job": {"num_nodes": "num_nodes"},
}  # fmt: skip
"""Columns whose field their name does not tell."""
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
    return [value_of(cell)]


def counted(kind: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Field → how many recipes set it, and the commonest values with their counts."""
    found: dict[str, Any] = {}
    for column in rows[0]:
        path = path_of(kind, column)
        if path is None or field(path, kind) is None:
            continue
        cells = [values_in(path, row[column]) for row in rows if row[column] not in ("", "{}", "[]")]
        values = Counter(json.dumps(value) for cell in cells for value in cell)
        if not values:
            continue
        common = sorted(values.items(), key=lambda item: (-item[1], item[0]))
        kept = [[json.loads(value), count] for value, count in common if len(value) <= LONGEST][:MOST]
        found[path] = {"set": len(cells), "different": len(values), "values": kept}
    return dict(sorted(found.items()))


def main() -> None:
    facts, target = Path(sys.argv[1]), Path(sys.argv[2])
    kinds = {}
    for kind in NAMED:
        with (facts / f"recipes_{kind}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        kinds[kind] = {"recipes": len(rows), "fields": counted(kind, rows)}
    body = {"source": "recipes of oumi-ai/oumi, commit d8ed07778, August 2026 (Apache-2.0), counted", "kinds": kinds}
    target.write_text(json.dumps(body, separators=(",", ":"), sort_keys=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
