"""Which kind of config a file is, by its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.checks.schema import KINDS, snapshot

MARKS: dict[str, frozenset[str]] = {
    "job": frozenset(("resources", "run", "setup", "file_mounts", "storage_mounts", "num_nodes")),
    "tune": frozenset(("tuning",)),
    "judge": frozenset(("judge_params", "rule_judge_params", "rubric_judge_params")),
    "synthesize": frozenset(("strategy", "strategy_params", "environment_config", "environment_config_path")),
    "quantize": frozenset(("method", "output_format", "awq_group_size", "awq_zero_point", "awq_version", "calibration_samples")),
    "async_eval": frozenset(("evaluation", "polling_interval", "checkpoints_dir")),
    "eval": frozenset(("tasks", "inference_engine", "inference_remote_params")),
    "train": frozenset(("training", "peft", "deepspeed", "data")),
    "infer": frozenset(("generation", "engine", "input_path", "remote_params", "progress_path")),
}
"""Kind → top-level fields that tell it from the others (a tuning has `data` too, an evaluation `generation`)."""
_OF_TASKS = {"evaluate": "eval"}
"""Tasks whose kind of config has another name."""
_KNOWN = 0.5
"""Share of a file's fields that its kind must know: another tool's config may have one of our names."""


def kind_of_task(task: str | None) -> str:
    """The kind of config that a task makes; a training where none is said."""
    return _OF_TASKS.get(task or "train", task or "train")


def kinds_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Every kind that a parsed config may be, the likeliest first; several only where it mixes fields of several."""
    keys = frozenset(str(key) for key in body)
    marked = {kind: marks & keys for kind, marks in MARKS.items() if marks & keys}
    known = {kind: len(keys & frozenset(snapshot(kind)["fields"])) for kind in marked}
    whole = [kind for kind in marked if known[kind] == len(keys)]
    likely = whole or [kind for kind in marked if known[kind] >= _KNOWN * len(keys)]
    ranked = sorted(likely, key=lambda kind: (-len(marked[kind]), -known[kind], KINDS.index(kind)))
    return tuple(ranked[:1] if whole else ranked)


def kind_of(body: Mapping[str, Any]) -> str | None:
    """The kind whose fields a parsed config has; None where none fits. A misspelt field takes nothing away."""
    found = kinds_of(body)
    return found[0] if found else None
