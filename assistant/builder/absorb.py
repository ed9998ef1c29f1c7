"""Overrides that name a value the planner decides become part of the intent, so that the plan knows them."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from assistant.checks.guards import guard
from assistant.checks.schema import coerce
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.planner.memory import OPTIMIZERS

_KEYS = {
    "training.learning_rate": "learning_rate",
    "training.num_train_epochs": "epochs",
    "training.max_steps": "max_steps",
    "training.per_device_train_batch_size": "micro_batch_size",
    "training.seed": "seed",
    "training.output_dir": "output_dir",
    "training.run_name": "run_name",
    "model.model_name": "model",
    "model.model_max_length": "sequence_length",
    "peft.lora_r": "lora_rank",
    "peft.lora_alpha": "lora_alpha",
}
_TRAINERS = {"TRL_SFT": "sft", "TRL_DPO": "dpo", "TRL_KTO": "kto", "TRL_GRPO": "grpo", "TRL_GKD": "gkd"}
_DTYPES = {"bfloat16": "bf16", "bf16": "bf16", "float32": "fp32", "f32": "fp32", "float": "fp32"} | {
    "float16": "fp16",
    "f16": "fp16",
    "half": "fp16",
}
_DERIVED = frozenset(
    (
        "fsdp.sharding_strategy",
        "fsdp.cpu_offload",
        "training.mixed_precision_dtype",
        "training.grpo.num_generations",
        "peft.lora_target_modules",
        "peft.q_lora_bits",
        "model.enable_liger_kernel",
        "data.train.pack",
    )
)
"""Fields that the estimate rests on and that the planner does not take from outside."""
_SEQUENCE_OF_TRAINER = ("training.trainer_kwargs.max_length", "training.trainer_kwargs.max_seq_length")


def absorb(intent: Intent) -> Intent:
    """The intent with its overrides checked against Oumi's fields, typed, and merged where they belong.

    Raises:
        UsageError: an unknown field, a wrong type, or a value that contradicts what was said in words.
    """
    if not intent.overrides:
        return intent
    changes: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    for path, value in sorted(intent.overrides.items()):
        typed = coerce(path, value)
        key, setting = _target(path, typed)
        if key is None:
            kept[path] = typed
            continue
        said = getattr(intent, key)
        if said is not None and said != setting and key != "model":
            raise _conflict(path, typed, key, said)
        changes[key] = setting
    guard(kept)
    return _updated(intent, {**changes, "overrides": kept or None})


def _target(path: str, value: Any) -> tuple[str | None, Any]:
    """(the intent key that this override is, its value), or (None, …) if it stays an override."""
    if path in _KEYS:
        return _KEYS[path], value
    if path in _SEQUENCE_OF_TRAINER:
        return "sequence_length", value
    if path == "training.trainer_type" and value in _TRAINERS:
        return "objective", _TRAINERS[value]
    if path == "peft.q_lora":
        return "method", "qlora" if value else "lora"
    if path == "model.torch_dtype_str" and str(value).lower() in _DTYPES:
        return "precision", _DTYPES[str(value).lower()]
    if path == "training.use_peft":
        return ("method", "lora") if value else ("method", "full")
    if path == "fsdp.enable_fsdp":
        return "sharding", "fsdp" if value else "ddp"
    if path == "deepspeed.enable_deepspeed" and value:
        return "sharding", "deepspeed"
    return None, value


def _updated(intent: Intent, changes: dict[str, Any]) -> Intent:
    if changes.get("method") == "lora" and intent.method == "qlora":
        del changes["method"]
    try:
        return Intent.model_validate({**intent.model_dump(), **changes})
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{where}: {first['msg'].lower()}.", context=where, hint="Give another value.") from None


def _conflict(path: str, value: Any, key: str, said: Any) -> UsageError:
    return UsageError(
        f"{path}={value} contradicts the request's {key} {said}.", context=path, hint="Keep one of the two."
    )


def estimate_gaps(intent: Intent) -> tuple[str, ...]:
    """Overrides that change memory in a way the estimate does not see."""
    overrides = intent.overrides or {}
    gaps = [path for path in overrides if path in _DERIVED]
    if overrides.get("training.optimizer", "adamw_torch") not in OPTIMIZERS:
        gaps.append("training.optimizer")
    return tuple(gaps)
