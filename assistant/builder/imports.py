"""An Oumi training config as an intent: what it says becomes what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from assistant.builder.absorb import absorb
from assistant.builder.existing import MICRO_BATCH, Existing, targets_of
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


def intent_of_config(body: Mapping[str, Any]) -> tuple[Intent, tuple[Reason, ...]]:
    """(what a training config says, what of it could not be kept and why). The number of GPUs is not in a config.

    Raises:
        UsageError: no training config, or a field of the wrong type.
    """
    config = Existing.of(body)
    said = {key: value for key, value in _keys(config).items() if value is not None}
    try:
        intent = Intent.model_validate(said)
    except ValidationError as problem:
        first = problem.errors()[0]
        key = str(first["loc"][0])
        raise UsageError(f"The config's {key.replace('_', ' ')} is {first['input']!r}: {first['msg'].lower()}.", context=key, hint="Mend it in the file.", reference="bad-field") from None
    fields = {path: value for path, value in _leaves(body, "") if value is not None and not _is_said(config, path, value)}
    overrides, refused = _taken(intent, fields)
    notes = tuple(Reason(field=path, value=fields[path], why=f"left out: {why}") for path, why in refused.items())
    return intent.model_copy(update={"overrides": overrides or None}), (*notes, *_unkept_data(config))


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


def _leaves(body: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Each dotted field with its value; an open mapping is one value."""
    for name, value in body.items():
        path = f"{prefix}{name}"
        entry = field(path)
        if isinstance(value, Mapping) and (entry is None or entry["type"] == "section"):
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value


def lost_rows(body: Mapping[str, Any], planned: Mapping[str, Any]) -> tuple[Reason, ...]:
    """What a config says of its training rows and the plan made from it does not: other rows would be trained on."""
    before, after = _rows(body), _rows(planned)
    lost = {path: value for path, value in before.items() if value not in (None, False, {}) and after.get(path, _WRITTEN_OUT.get(path)) != value}
    return tuple(Reason(field=path, value=value, why="left out: the plan does not keep it, so other rows are trained on") for path, value in lost.items())


def _rows(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the first dataset and of the mixture, by dotted name. Where a file is given, the name is that of its reader."""
    train = Existing.of(body).train_data.body
    entries = train.get("datasets")
    first = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
    named = ("dataset_path",) if first.get("dataset_path") else ("dataset_name",)
    found = {f"data.train.datasets[0].{name}": value for name, value in first.items() if name not in named}
    return {**found, **{f"data.train.{name}": value for name, value in train.items() if name != "datasets"}}


_WRITTEN_OUT = {"data.train.datasets[0].split": "train"}
"""Oumi 0.9's default of what is often written out."""


def _unkept_data(config: Existing) -> list[Reason]:
    """Whole parts of the data section that an intent has no place for."""
    entries = config.train_data.get("datasets", list, [])
    notes = []
    if len(entries) > 1:
        why = "left out: a conversation plans one dataset, the first of the file's"
        notes.append(Reason(field="data.train.datasets", value=len(entries), why=why))
    why = "left out: only the training data is planned"
    return notes + [Reason(field=f"data.{name}", value="…", why=why) for name in config.data.body if name != "train"]
