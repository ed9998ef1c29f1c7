"""Which kind of Oumi config a file holds, by the sections that only one kind has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.checks.schema import snapshot
from assistant.core.errors import UsageError

_MARKS: dict[str, frozenset[str]] = {
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
WORDS = {
    "train": "training", "eval": "evaluation", "infer": "inference", "job": "job", "quantize": "quantization", "tune": "hyperparameter search",
    "judge": "judge", "synthesize": "synthesis",
}  # fmt: skip
"""Kind → how people call such a config."""
_HINT = (
    "A training has `training`, an evaluation `tasks`, an inference `generation` or `engine`, a job `resources` and `run`, a search `tuning`, "
    "a quantization `method`, a judge `judge_params`, a synthesis `strategy_params`."
)


def kind_of(body: Mapping[str, Any], name: str) -> str:
    """The kind of a parsed config; `name` is the file's, for the error.

    Raises:
        UsageError: it is of no kind, of two, or of one that Oumi has no command for.
    """
    keys = frozenset(str(key) for key in body)
    marked = {kind: marks & keys for kind, marks in _MARKS.items() if marks & keys}
    whole = [kind for kind in marked if keys <= frozenset(snapshot(kind)["fields"])]
    candidates = whole or list(marked)
    if not candidates:
        found = f"its top level is {', '.join(sorted(keys))[:80]}" if keys else "it is empty"
        raise UsageError(f"{name} is no kind of Oumi config that is known: {found}.", context=name, hint=_HINT, reference="unknown-kind")
    if not whole and len(marked) > 1:
        named = " and ".join(f"{min(marks)} (of a config to {kind})" for kind, marks in list(marked.items())[:2])
        raise UsageError(f"{name} mixes kinds of config: it has {named}.", context=name, hint="Split it: one file for each.", reference="unknown-kind")
    kind = max(candidates, key=lambda one: len(marked[one]))
    if kind == "async_eval":
        hint = "Evaluate a checkpoint with a config that has `tasks` at its top level."
        raise UsageError(f"{name} is an asynchronous evaluation, which Oumi 0.9 has no command for.", context=name, hint=hint, reference="unknown-kind")
    return kind
