"""An Oumi evaluation or inference config as an intent: what it says becomes what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from assistant.builder.serving import PLACES
from assistant.checks.kinds import kind_of
from assistant.checks.schema import coerce
from assistant.checks.schema import field as schema_field
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import Reason

TASKS = {"eval": "evaluate", "infer": "infer"}
"""Kind of config → the intent's task, of those that a conversation goes on from beside training."""
_NAMES = {"eval": "an evaluation", "infer": "an inference", "job": "a job", "quantize": "a quantization", "tune": "a sweep", "judge": "a judge", "synthesize": "a synthesis", "async_eval": "an asynchronous evaluation"}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "eval": {"engine": "NATIVE", "micro_batch_size": 1},
    "infer": {"engine": "NATIVE", "micro_batch_size": 1, "generation.max_new_tokens": 1024},
}
"""Oumi 0.9's defaults of what the planner decides in its own way (EvaluationConfig, InferenceConfig, GenerationParams)."""


def given_kind(body: Mapping[str, Any], name: str) -> str:
    """The kind of a file that a conversation goes on from: train, eval or infer.

    Raises:
        UsageError: another kind.
    """
    kind = kind_of(body)
    if kind is None and "generation" in body and not {"training", "data"} & set(body):
        kind = "infer"  # a model and how it writes
    if kind in (None, "train", *TASKS):
        return kind or "train"
    does = "Load the config that it runs; with a cloud said, a job is written beside it." if kind == "job" else "Say anew what to do."
    hint = f"{does} To edit this file as it is: ConfigBuilder.load in Python; oumi-chat lint checks it."
    message = f"{name} is {_NAMES[str(kind)]} config: a conversation goes on from training, evaluation and inference configs."
    raise UsageError(message, context=name, hint=hint, reference="wrong-kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a file says: as an intent, which of it are Oumi's defaults, and what the plan does not count, with why."""

    intent: Intent
    defaults: frozenset[str] = frozenset()
    left: tuple[Reason, ...] = field(default=())


def said_in(body: Mapping[str, Any], kind: str) -> Said:
    """What an evaluation or inference config says.

    Raises:
        UsageError: no model is named, or a key of the intent has the wrong type.
    """
    keys, overrides, left = _sorted_out(body, kind)
    if not keys.get("model"):
        raise UsageError("The config names no model.", context="model.model_name", hint="Name it in the file.", reference="no-model")
    if kind == "eval":
        keys |= _benchmarks(body.get("tasks"), left)
    defaults = {name: value for name, value in _DEFAULTS[kind].items() if name not in keys and name not in overrides}
    keys |= {name: value for name, value in defaults.items() if "." not in name}
    overrides |= {name: value for name, value in defaults.items() if "." in name}
    try:
        intent = Intent.model_validate({"task": TASKS[kind], **keys, "overrides": overrides or None})
    except ValidationError as problem:
        first = problem.errors()[0]
        key = str(first["loc"][0])
        raise UsageError(f"The config's {key.replace('_', ' ')} is {first['input']!r}: {first['msg'].lower()}.", context=key, hint="Mend it in the file.", reference="bad-field") from None
    return Said(intent=intent, defaults=frozenset(defaults), left=tuple(left))


def _sorted_out(body: Mapping[str, Any], kind: str) -> tuple[dict[str, Any], dict[str, Any], list[Reason]]:
    """(keys of the intent, other fields, fields that no plan can be made with)."""
    keys: dict[str, Any] = {}
    overrides: dict[str, Any] = {}
    left: list[Reason] = []
    places = {path: key for key, path in PLACES[kind].items()}
    for path, value in _fields(body, kind):
        if value is None or path == "tasks":
            continue
        try:
            typed = coerce(path, value, kind)
        except UsageError as problem:
            left.append(Reason(field=path, value=value, why=f"stays as it is, and the plan does not count it: {problem.message}"))
            continue
        if path in places:
            keys[places[path]] = typed
        else:
            overrides[path] = typed
    return keys, overrides, left


def _fields(body: Mapping[str, Any], kind: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each dotted field with its value; what is handed to the model's loader one by one, another open mapping as one value."""
    for name, value in body.items():
        path = f"{prefix}{name}"
        entry = schema_field(path, kind)
        if isinstance(value, Mapping) and value and (entry is None or entry["type"] == "section" or path == "model.model_kwargs"):
            yield from _fields(value, kind, f"{path}.")
        else:
            yield path, value


def _benchmarks(tasks: Any, left: list[Reason]) -> dict[str, Any]:
    """The tasks by name, with the number of rows and of examples where all have the same."""
    entries = [task for task in tasks if isinstance(task, Mapping)] if isinstance(tasks, list) else []
    named = [task for task in entries if isinstance(task.get("task_name"), str)]
    if len(named) < len(entries):
        left.append(Reason(field="tasks", value=len(entries), why="one without a task_name stays as it is; the plan does not count it"))
    limits = {task.get("num_samples") for task in named}
    shots = {kwargs.get("num_fewshot") if isinstance(kwargs := task.get("eval_kwargs"), Mapping) else None for task in named}
    found = {"benchmarks": [task["task_name"] for task in named], "limit": limits.pop() if len(limits) == 1 else None}
    found["num_fewshot"] = shots.pop() if len(shots) == 1 else None
    return {key: value for key, value in found.items() if value is not None and value != []}
