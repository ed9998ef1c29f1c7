"""Overrides that name a value the planner decides become part of the intent, so that the plan knows them."""

from __future__ import annotations

from collections.abc import Mapping
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
    "training.trainer_kwargs.max_length": "sequence_length",
    "training.trainer_kwargs.max_seq_length": "sequence_length",
    "model.model_name": "model",
    "model.model_max_length": "sequence_length",
    "peft.lora_r": "lora_rank",
    "peft.lora_alpha": "lora_alpha",
}
_KWARGS = "training.trainer_kwargs"
_TRAINERS = {"TRL_SFT": "sft", "TRL_DPO": "dpo", "TRL_KTO": "kto", "TRL_GRPO": "grpo", "TRL_GKD": "gkd"}
_DTYPES = {"bfloat16": "bf16", "bf16": "bf16", "float32": "fp32", "f32": "fp32", "float": "fp32"} | {
    "float16": "fp16",
    "f16": "fp16",
    "half": "fp16",
}
_FLOAT32 = ("float32", "f32", "float")

_METHODS = ("lora", "qlora", "full")
_SHARDINGS = ("ddp", "none", "deepspeed", "fsdp")
_SWITCHES: dict[str, tuple[str, tuple[str, ...]]] = {
    "training.use_peft": ("method", ("lora", "qlora")),
    "peft.q_lora": ("method", ("qlora",)),
    "fsdp.enable_fsdp": ("sharding", ("fsdp",)),
    "deepspeed.enable_deepspeed": ("sharding", ("deepspeed",)),
}
"""A switch → the intent's key that it narrows, and to what when it is on; off, to the rest."""
_IMPLIED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("peft.bnb_4bit", "method", ("qlora",)),
    ("peft.q_lora_bits", "method", ("qlora",)),
    ("peft.use_bnb_nested_quant", "method", ("qlora",)),
    ("peft.", "method", ("lora", "qlora")),
    ("fsdp.", "sharding", ("fsdp",)),
    ("deepspeed.", "sharding", ("deepspeed",)),
)
"""A section that Oumi would ignore without its switch: naming a field of it asks for the switch."""

_UNCOUNTED = (
    "data.train.pack",
    "deepspeed.offload_optimizer",
    "deepspeed.offload_param",
    "deepspeed.precision",
    "deepspeed.zero_stage",
    "fsdp.auto_wrap_policy",
    "fsdp.backward_prefetch",
    "fsdp.cpu_offload",
    "fsdp.min_num_params",
    "fsdp.sharding_strategy",
    "fsdp.transformer_layer_cls",
    "model.adapter_model",
    "model.attn_implementation",
    "model.freeze_layers",
    "model.model_kwargs",
    "peft.bnb_4bit_quant_storage",
    "peft.lora_bias",
    "peft.lora_exclude_modules",
    "peft.lora_modules_to_save",
    "peft.lora_target_parameters",
    "peft.q_lora_bits",
    "peft.use_bnb_nested_quant",
    "training.compile",
    "training.gkd.max_new_tokens",
    "training.grpo.max_completion_length",
    "training.grpo.num_generations",
    "training.grpo.use_vllm",
    "training.grpo.vllm_gpu_memory_utilization",
    "training.grpo.vllm_mode",
    "training.mixed_precision_dtype",
    "training.per_device_eval_batch_size",
    "training.trainer_kwargs",
    "training.verl_config_overrides",
)
"""Fields, with all below them, that the estimate rests on and that the planner does not take from outside."""
_HARMLESS_KWARGS = frozenset(["beta", "loss_type", "label_smoothing", "desirable_weight", "undesirable_weight", "epsilon", "disable_tqdm"])
"""trainer_kwargs that change the loss or the log, not the memory."""
_COUNTED: dict[str, tuple[Any, ...]] = {
    "data.train.pack": (True, False),
    "deepspeed.zero_stage": ("ZERO_2", "ZERO_3"),
    "peft.lora_bias": ("none",),
    "peft.q_lora_bits": (4,),
    "peft.use_bnb_nested_quant": (False,),
    "training.compile": (False,),
}
"""Values of these fields that the planner takes up, or that the estimate is made for anyway."""


def absorb(intent: Intent, *, standing: Intent | None = None) -> Intent:
    """The intent with its overrides checked against Oumi's fields, typed, and merged where they belong.

    A choice of what is `standing` in a conversation, such as QLoRA, is not made anew where the overrides leave it open.

    Raises:
        UsageError: an unknown field, a wrong type, a value that contradicts what was said in words or by another
            override, or one that would fail late or do nothing.
    """
    typed = {path: coerce(path, value) for path, value in sorted(_flat(intent.overrides or {}).items())}
    keyed, kept = _split(typed)
    changes: dict[str, Any] = {}
    for key, given in keyed.items():
        changes[key] = _agreed(key, given, getattr(intent, key))
    for key, options in (("method", _METHODS), ("sharding", _SHARDINGS)):
        setting = _narrowed(key, options, typed, getattr(intent, key), getattr(standing, key, None))
        if setting is not None:
            changes[key] = setting
    updated = _updated(intent, {**changes, "overrides": kept or None}) if typed else intent
    in_talk = standing.objective if standing is not None and updated.objective is None else None
    guard(updated.model_copy(update={"objective": in_talk}) if in_talk is not None else updated)
    return updated


def _flat(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides with each trainer argument by its own path, however it was given."""
    given = overrides.get(_KWARGS)
    if not isinstance(given, dict):
        return dict(overrides)
    rest = {path: value for path, value in overrides.items() if path != _KWARGS}
    return {**{f"{_KWARGS}.{name}": value for name, value in given.items()}, **rest}


def _split(typed: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """(intent key → override → the value it gives that key; overrides that stay)."""
    keyed: dict[str, dict[str, Any]] = {}
    kept: dict[str, Any] = {}
    for path, value in typed.items():
        key, setting = _target(path, value, typed)
        if key is not None:
            keyed.setdefault(key, {})[path] = setting
        elif path not in _SWITCHES:
            kept[path] = value
    return keyed, kept


def _target(path: str, value: Any, all_typed: Mapping[str, Any]) -> tuple[str | None, Any]:
    """(the intent key that this override is, its value), or (None, …) if it is none or narrows a choice."""
    if path in _KEYS:
        return _KEYS[path], value
    if path == "training.trainer_type" and value in _TRAINERS:
        return "objective", _TRAINERS[value]
    autocast = all_typed.get("training.mixed_precision_dtype")
    if path == "training.mixed_precision_dtype" and value == "FP16":
        return "precision", "fp16"
    if path == "model.torch_dtype_str" and str(value).lower() in _DTYPES:
        # fp16 autocast stands over float32 weights: the two say one thing.
        over = autocast == "FP16" and str(value).lower() in _FLOAT32
        return "precision", "fp16" if over else _DTYPES[str(value).lower()]
    return None, value


def _agreed(key: str, given: Mapping[str, Any], said: Any) -> Any:
    """The one value that these overrides give a key. A model named by its field is the exact form of one said."""
    (path, setting), *others = given.items()
    for other, different in others:
        if different != setting:
            raise _conflict(f"{path} ({setting})", f"{other} ({different})", path)
    if said is not None and said != setting and key != "model":
        raise _conflict(f"{path}={setting}", f"the request's {key} {said}", path)
    return setting


def _limits(key: str, options: tuple[str, ...], typed: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """(override, what it leaves of a choice), switches first."""
    found = []
    for path, (narrowed, on) in _SWITCHES.items():
        if narrowed == key and path in typed:
            found.append((path, on if typed[path] else tuple(o for o in options if o not in on)))
    for path in typed:
        prefix = next((p for p, _, _ in _IMPLIED if path.startswith(p)), None)
        if prefix and path not in _SWITCHES:
            found += [(path, on) for p, narrowed, on in _IMPLIED if p == prefix and narrowed == key]
    return found


def _narrowed(key: str, options: tuple[str, ...], typed: Mapping[str, Any], said: str | None, stands: str | None) -> str | None:
    """What overrides leave of a choice, in order of preference; None where they leave it open."""
    left, before = options, ""
    for path, allowed in _limits(key, options, typed):
        if said is not None and said not in allowed:
            raise _conflict(f"{path}={typed[path]}", f"the request's {key} {said}", path)
        both = tuple(o for o in left if o in allowed)
        if not both:
            raise _conflict(f"{path}={typed[path]}", before, path)
        left, before = both, f"{path}={typed[path]}"
    if said is not None or left == options or stands in left:
        return None
    return None if {"ddp", "fsdp"} <= set(left) else left[0]


def _updated(intent: Intent, changes: dict[str, Any]) -> Intent:
    try:
        return Intent.model_validate({**intent.model_dump(), **changes})
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{where}: {first['msg'].lower()}.", context=where, hint="Give another value.") from None


def _conflict(one: str, other: str, path: str) -> UsageError:
    return UsageError(f"{one} contradicts {other}.", context=path, hint="Keep one of the two.", reference="conflict")


def estimate_gaps(intent: Intent) -> tuple[str, ...]:
    """Overrides that change memory in a way the estimate does not see."""
    overrides = intent.overrides or {}
    gaps = [path for path in overrides if _is_uncounted(path, overrides[path])]
    if overrides.get("training.optimizer", "adamw_torch") not in OPTIMIZERS:
        gaps.append("training.optimizer")
    return tuple(gaps)


def _is_uncounted(path: str, value: Any) -> bool:
    if path.rpartition(".")[2] in _HARMLESS_KWARGS or value in _COUNTED.get(path, ()):
        return False
    return any(path == name or path.startswith(f"{name}.") for name in _UNCOUNTED)
