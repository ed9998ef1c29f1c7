"""Which kind of Oumi config a file holds, by the sections that only one kind has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.checks.kinds import MARKS, kinds_of
from assistant.core.errors import UsageError

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
    found = kinds_of(body)
    if not found:
        keys = sorted(str(key) for key in body)
        told = f"its top level is {', '.join(keys)[:80]}" if keys else "it is empty"
        raise UsageError(f"{name} is no kind of Oumi config that is known: {told}.", context=name, hint=_HINT, reference="unknown-kind")
    if len(found) > 1:
        named = " and ".join(f"{min(MARKS[kind] & set(body))} (of a config to {kind})" for kind in found[:2])
        raise UsageError(f"{name} mixes kinds of config: it has {named}.", context=name, hint="Split it: one file for each.", reference="unknown-kind")
    kind = found[0]
    if kind == "async_eval":
        hint = "Evaluate a checkpoint with a config that has `tasks` at its top level."
        raise UsageError(f"{name} is an asynchronous evaluation, which Oumi 0.9 has no command for.", context=name, hint=hint, reference="unknown-kind")
    return kind
