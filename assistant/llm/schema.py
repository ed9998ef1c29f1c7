"""What an LLM fills in: the keys of an intent in a flat, small form, and what kind of line it was."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from assistant.core import intent as said
from assistant.core.intent import Intent

Kind = Literal["request", "question", "small_talk", "other"]
_NOTHING = frozenset(("", "null", "none", "nil", "n/a", "na", "unknown", "unspecified", "not said", "not specified", "undefined"))
_CHOICES: dict[str, Any] = {
    "task": said.Task,
    "objective": said.Objective,
    "method": said.Method,
    "cloud": said.Cloud,
    "precision": said.Precision,
    "sharding": said.Sharding,
    "priority": said.Priority,
}


class Fields(BaseModel):
    """One line as an LLM reads it. Every key may be left out; unknown keys are ignored, odd values become None.

    In the order in which requests tend to say them: an answer that is held to the schema cannot go back to a key.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: Kind = "request"
    task: str | None = None
    objective: str | None = None
    method: str | None = None
    model: str | None = None
    dataset: str | None = None
    gpu_count: int | None = None
    gpu: str | None = None
    gpu_memory_gb: float | None = None
    nodes: int | None = None
    cloud: str | None = None
    spot: bool | None = None
    sequence_length: int | None = None
    lora_rank: int | None = None
    lora_alpha: float | None = None
    learning_rate: float | None = None
    epochs: float | None = None
    max_steps: int | None = None
    global_batch_size: int | None = None
    micro_batch_size: int | None = None
    seed: int | None = None
    precision: str | None = None
    sharding: str | None = None
    engine: str | None = None
    benchmarks: list[str] | None = None
    num_fewshot: int | None = None
    limit: int | None = None
    output_dir: str | None = None
    run_name: str | None = None
    max_hours: float | None = None
    max_dollars: float | None = None
    priority: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_nothing(cls, values: Any) -> Any:
        """"null", "none" and the empty text mean: not said. So does a choice that is none of ours."""
        if not isinstance(values, dict):
            return values
        inner = values.get("intent")
        kept = {**values, **inner} if isinstance(inner, dict) else values
        return {key: value for key, value in kept.items() if not _is_nothing(key, value)}

    @field_validator("benchmarks", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """The schema as sent: no title but one for the whole, no defaults, a key that was not said is left out."""
        return {"title": "Fields", "type": "object", "properties": _properties(), "required": ["kind"], "additionalProperties": False}


class FieldsInWords(Fields):
    """The same where the schema stands in the prompt as text: the prompt names the choices already."""

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """The types alone."""
        body = super().model_json_schema()
        plain = {key: {"type": value["type"]} for key, value in body["properties"].items()}
        return {**body, "properties": plain}


def _is_nothing(key: str, value: Any) -> bool:
    if value is None or value in ([], {}):
        return True
    if isinstance(value, str):
        text = value.strip().lower()
        allowed = get_args(_CHOICES[key]) if key in _CHOICES else None
        return (text in _NOTHING and key != "sharding") or not text or (allowed is not None and text not in allowed)
    return False


_TYPES = {int: "integer", float: "number", bool: "boolean", str: "string"}


def _properties() -> dict[str, Any]:
    found: dict[str, Any] = {"kind": {"type": "string", "enum": list(get_args(Kind))}}
    for key in Fields.model_fields:
        if key == "kind":
            continue
        if key in _CHOICES:
            found[key] = {"type": "string", "enum": list(get_args(_CHOICES[key]))}
        elif key == "benchmarks":
            found[key] = {"type": "array", "items": {"type": "string"}}
        else:
            plain = next(t for t in get_args(Fields.model_fields[key].annotation) if t in _TYPES)
            found[key] = {"type": _TYPES[plain]}
    return found


def as_intent(values: dict[str, Any]) -> tuple[Intent, tuple[str, ...]]:
    """The values as an intent, and the keys whose values no intent takes."""
    try:
        return Intent.model_validate(values), ()
    except ValidationError as problem:
        wrong = tuple(dict.fromkeys(str(error["loc"][0]) for error in problem.errors()))
    return Intent.model_validate({key: value for key, value in values.items() if key not in wrong}), wrong
