"""An Oumi training config as an intent: what it says becomes what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from assistant.builder.absorb import absorb
from assistant.builder.existing import (
    ACCUMULATION,
    EPOCHS,
    MICRO_BATCH,
    OPTIMIZER,
    RANK,
    TRL_GENERATIONS,
    TRL_MAX_LENGTH,
    Existing,
    targets_of,
)
from assistant.catalogue.models import get_model
from assistant.checks.schema import field
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import Reason

_READ = frozenset((
    "model.model_name", "model.model_max_length", "model.torch_dtype_str", "training.trainer_type", "training.use_peft", "training.num_train_epochs",
    "training.max_steps", "training.per_device_train_batch_size", "training.learning_rate", "training.seed",
    "training.output_dir", "training.run_name", "training.mixed_precision_dtype", "peft.q_lora", "peft.lora_r", "peft.lora_alpha",
    "fsdp.enable_fsdp", "deepspeed.enable_deepspeed", "training.trainer_kwargs.max_length",
))  # fmt: skip
"""Fields that have a key of the intent."""
_DTYPES = {"bfloat16": "bf16", "bf16": "bf16", "float16": "fp16", "half": "fp16", "float32": "fp32", "float": "fp32"}


UNCOUNTED = "stays as it is, and the plan does not count it: "
"""How the note of a field begins that an intent has no place for."""


def intent_of_config(body: Mapping[str, Any]) -> tuple[Intent, tuple[Reason, ...]]:
    """(what a training config says, what of it a plan does not count and why). The number of GPUs is not in a config.

    Raises:
        UsageError: no training config, or a field of the wrong type.
    """
    config = Existing.of(body)
    keys = _keys(config)
    defaults = oumi_defaults(body)
    said = {key: value for key, value in {**keys, **{k: v for k, v in defaults.items() if "." not in k}}.items() if value is not None}
    try:
        intent = Intent.model_validate(said)
    except ValidationError as problem:
        first = problem.errors()[0]
        key = str(first["loc"][0])
        raise UsageError(f"The config's {key.replace('_', ' ')} is {first['input']!r}: {first['msg'].lower()}.", context=key, hint="Mend it in the file.", reference="bad-field") from None
    fields = {path: value for path, value in fields_of(body) if value is not None and not _is_said(config, path, value)}
    fields |= {path: value for path, value in defaults.items() if "." in path}
    overrides, refused = _taken(intent, fields)
    notes = tuple(Reason(field=path, value=fields[path], why=f"{UNCOUNTED}{why}") for path, why in refused.items())
    return intent.model_copy(update={"overrides": overrides or None}), (*notes, *_unkept_data(config))


_DEFAULTS: dict[str, Any] = {
    "model.enable_liger_kernel": False,
    "training.enable_gradient_checkpointing": False,
    "training.gradient_accumulation_steps": ACCUMULATION,
    "training.optimizer": OPTIMIZER,
    "training.lr_scheduler_type": "linear",
    "training.weight_decay": 0.0,
}
"""Oumi 0.9's defaults of fields that the planner decides in its own way."""
_LENGTH_TRAINERS = ("TRL_SFT", "TRL_DPO", "TRL_KTO", "TRL_GKD")


def oumi_defaults(body: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of an intent and dotted fields that a training config leaves out, with what Oumi then takes.

    What has a default of Oumi's is as much the config's as what it spells out: planned otherwise, a run would change
    that nobody asked to change.

    Raises:
        UsageError: a field of the wrong type, or no model is named.
    """
    config = Existing.of(body)
    if config.trainer == "VERL_GRPO":
        return {}
    keys = _keys(config)
    found = {key: value for key, value in _default_keys(config).items() if keys.get(key) is None}
    there = {path for path, value in fields_of(body) if value is not None}
    found |= {path: value for path, value in _DEFAULTS.items() if path not in there}
    if config.trainer == "TRL_GRPO" and "training.grpo.num_generations" not in there:
        found["training.grpo.num_generations"] = TRL_GENERATIONS
    if not there & {"training.warmup_ratio", "training.warmup_steps"}:
        found["training.warmup_ratio"] = 0.0
    model = get_model(config.model_name)
    if config.method != "full" and model is not None and "peft.lora_target_modules" not in there:
        targets = targets_of(config, model)
        found |= {"peft.lora_target_modules": list(targets)} if set(targets) <= set(model.lora_targets) else {}
    return found


def _default_keys(config: Existing) -> dict[str, Any]:
    """Values of the intent's keys where a config says none."""
    found: dict[str, Any] = {"learning_rate": 5e-5, "output_dir": "output"}
    if config.objective != "pretrain" and _is_unlimited(config):
        found["epochs"] = EPOCHS
    if config.trainer in _LENGTH_TRAINERS:
        found["sequence_length"] = TRL_MAX_LENGTH
    if config.method != "full":
        found |= {"lora_rank": RANK, "lora_alpha": RANK}
    if not config.fsdp.body.get("enable_fsdp") and not config.deepspeed.body.get("enable_deepspeed"):
        found["sharding"] = "none"
    return found


def _is_unlimited(config: Existing) -> bool:
    """True where no number of steps ends the run."""
    steps = config.training.body.get("max_steps")
    return steps is None or _is_negative(steps)


def _is_said(config: Existing, path: str, value: Any) -> bool:
    """True for a field that a key of the intent says, or a part of the data that is told of by itself."""
    if path == "data.train.pack":
        return value is False or config.objective == "pretrain"
    return path in _READ or path == "data.train.datasets" or (path.startswith("data.") and not path.startswith("data.train."))


def _taken(intent: Intent, fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """(the fields that can be said beside the rest, why each other one cannot). One may need another that comes later in the file."""
    taken: dict[str, Any] = {}
    refused: dict[str, str] = {}
    left = dict(fields)
    while left:
        refused = {}
        for path, value in left.items():
            if why := _refusal(intent, {**taken, path: value}):
                refused[path] = why
            else:
                taken[path] = value
        if len(refused) == len(left):
            break
        left = {path: left[path] for path in refused}
    return taken, refused


def _refusal(intent: Intent, overrides: dict[str, Any]) -> str:
    """Why these fields cannot be said together; empty where they can."""
    try:
        absorb(intent.model_copy(update={"overrides": overrides}))
    except UsageError as problem:
        return problem.message
    return ""


def _keys(config: Existing) -> dict[str, Any]:
    training, peft = config.training, config.peft
    choice = config.dataset()
    lora = config.method != "full"
    fsdp, deepspeed = config.fsdp.get("enable_fsdp", bool, False), config.deepspeed.get("enable_deepspeed", bool, False)
    model = get_model(config.model_name)
    steps = training.get("max_steps", int, 0) if not _is_negative(training.body.get("max_steps")) else 0
    if lora and model is not None:
        targets_of(config, model)
    return {
        "task": "train",
        "model": config.model_name,
        "objective": config.objective,
        "method": config.method,
        "dataset": choice.path or (choice.name if choice.name != "unknown" else None),
        "sequence_length": config.trainer_kwargs.get("max_length", int, 0) or config.model.get("model_max_length", int, 0) or None,
        "micro_batch_size": training.get("per_device_train_batch_size", int, MICRO_BATCH),
        "epochs": None if steps else training.body.get("num_train_epochs"),
        "max_steps": steps or None,
        "learning_rate": training.body.get("learning_rate"),
        "lora_rank": peft.body.get("lora_r") if lora else None,
        "lora_alpha": peft.body.get("lora_alpha") if lora else None,
        "seed": training.body.get("seed"),
        "precision": _precision(config),
        "sharding": "fsdp" if fsdp else "deepspeed" if deepspeed else None,
        "output_dir": training.get("output_dir", str, "") or None,
        "run_name": training.get("run_name", str, "") or None,
    }


def _precision(config: Existing) -> str | None:
    """fp16 where autocast says so over float32 weights, else what the weights are loaded as."""
    if str(training_dtype := config.training.body.get("mixed_precision_dtype", "")).upper() == "FP16":
        return "fp16"
    if str(training_dtype).upper() == "BF16":
        return "bf16"
    return _DTYPES.get(str(config.model.body.get("torch_dtype_str", "")).lower())


def _is_negative(value: Any) -> bool:
    return isinstance(value, int) and value < 0


def fields_of(body: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each dotted field with its value; an open mapping is one value."""
    for name, value in body.items():
        path = f"{prefix}{name}"
        entry = field(path)
        if isinstance(value, Mapping) and (entry is None or entry["type"] == "section"):
            yield from fields_of(value, f"{path}.")
        else:
            yield path, value


def _unkept_data(config: Existing) -> list[Reason]:
    """Whole parts of the data section that a plan does not count."""
    entries = config.train_data.get("datasets", list, [])
    notes = []
    if len(entries) > 1:
        why = "all stay, and the plan counts the first"
        notes.append(Reason(field="data.train.datasets", value=len(entries), why=why))
    why = "stays as it is; the plan counts the training data alone"
    return notes + [Reason(field=f"data.{name}", value="…", why=why) for name in config.data.body if name != "train"]
