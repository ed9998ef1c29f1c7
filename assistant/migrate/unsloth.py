"""Configs of Unsloth's own command (`unsloth train --config FILE`), by the schema of unsloth 2026.10.9."""

from __future__ import annotations

import shlex

from assistant.migrate import shapes
from assistant.migrate.carry import Carry
from assistant.migrate.rows import Form, Rows, entry_of

_NAMES = {
    "model": "model.model_name", "training.max_seq_length": "model.model_max_length", "training.output_dir": "training.output_dir", "training.learning_rate": "training.learning_rate",
    "training.batch_size": "training.per_device_train_batch_size", "training.gradient_accumulation_steps": "training.gradient_accumulation_steps",
    "training.warmup_steps": "training.warmup_steps", "training.weight_decay": "training.weight_decay", "training.random_seed": "training.seed",
    "training.save_steps": "training.save_steps", "lora.lora_r": "peft.lora_r", "lora.lora_alpha": "peft.lora_alpha", "lora.lora_dropout": "peft.lora_dropout",
    "logging.enable_wandb": "training.enable_wandb", "logging.enable_tensorboard": "training.enable_tensorboard",
}  # fmt: skip
_FORMS: dict[str, Form] = {"alpaca": "alpaca", "chatml": "chat", "conversational": "chat", "sharegpt": "sharegpt", "raw": "text", "auto": "chat"}
_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_DEFAULTS = {
    "model.model_max_length": 2048, "training.output_dir": "./outputs", "training.learning_rate": 2e-4, "training.per_device_train_batch_size": 2,
    "training.gradient_accumulation_steps": 4, "training.warmup_steps": 5, "training.weight_decay": 0.01, "training.seed": 3407, "training.save_steps": 0,
    "training.optimizer": "adamw_8bit", "training.lr_scheduler_type": "linear",
}  # fmt: skip
"""What Unsloth takes where its file says nothing."""
_ADAPTER_DEFAULTS = {"peft.lora_r": 64, "peft.lora_alpha": 16, "peft.lora_dropout": 0.0}
_KINDS = {"lora.use_rslora": "rank-stabilised scaling", "lora.use_dora": "weight decomposition", "lora.use_loftq": "LoftQ's start"}
_PARTS = ("finetune_vision_layers", "finetune_language_layers", "finetune_attention_modules", "finetune_mlp_modules")
TOOL = "Unsloth"


def from_unsloth(carry: Carry) -> None:
    """Carry one of Unsloth's configs over."""
    carry.put("training.trainer_type", "TRL_SFT", "training", "supervised training")
    carry.rename({"model": "model.model_name"})
    if str(carry.take("training.training_type", "lora")).lower() == "lora":
        _adapter(carry)
    else:
        carry.harmless("training.load_in_4bit", "Unsloth quantises under adapters alone")
        node = carry.root.at("lora")
        for key in node.keys if node is not None else ():
            carry.harmless(f"lora.{key}", "the whole model is trained")
    shapes.put_precision(carry, bf16=True, fp16=False, source="training.training_type")
    carry.rename({key: path for key, path in _NAMES.items() if key not in carry.read})
    carry.rename({"training.optim": "training.optimizer", "training.lr_scheduler_type": "training.lr_scheduler_type"})
    carry.epochs("training.num_epochs")
    _steps(carry)
    _recompute(carry)
    _data(carry)
    shapes.finish_adapter(carry)
    _reporting(carry)
    for path, value in _DEFAULTS.items():
        carry.default(path, value, TOOL)


def _adapter(carry: Carry) -> None:
    shapes.put_adapter(carry, "training.load_in_4bit" if carry.has("training.load_in_4bit") else "training.training_type", bits=4 if carry.take("training.load_in_4bit", True) else None)
    said = str(carry.take("lora.target_modules", ",".join(_TARGETS)))
    model = shapes.model_of(carry)
    if carry.take("lora.vision_all_linear") and model is not None and model.is_vision:
        shapes.put_all_linear(carry, "lora.vision_all_linear")
    else:
        carry.put("peft.lora_target_modules", [name.strip() for name in said.split(",") if name.strip()], "lora.target_modules")
    carry.rename({key: path for key, path in _NAMES.items() if key.startswith("lora.")})
    for path, value in _ADAPTER_DEFAULTS.items():
        carry.default(path, value, TOOL)
    for key, what in _KINDS.items():
        if carry.take(key):
            carry.lost(key, f"Oumi's adapters have no {what}")
    for key in (f"lora.{name}" for name in _PARTS):
        if carry.has(key) and carry.take(key) is False:
            carry.lost(key, "adapters are placed by names of layers in Oumi", "peft.lora_target_modules, peft.lora_exclude_modules")


def _steps(carry: Carry) -> None:
    """0 is none to Unsloth: the passes end the run."""
    if steps := carry.take("training.max_steps"):
        carry.put("training.max_steps", steps, "training.max_steps")


def _recompute(carry: Carry) -> None:
    value = str(carry.take("training.gradient_checkpointing", "unsloth")).lower()
    on = value not in ("none", "false", "0", "no", "off")
    if value == "unsloth":
        told = "activations are recomputed, not moved to the host as Unsloth does"
        carry.put("training.enable_gradient_checkpointing", True, "training.gradient_checkpointing", told, fate="changed")
    else:
        carry.put("training.enable_gradient_checkpointing", on, "training.gradient_checkpointing")


def _data(carry: Carry) -> None:
    said = str(carry.take("data.format_type", "auto")).lower()
    form = _FORMS.get(said, "other")
    if said == "auto":
        carry.note("changed", "data.format_type", "Unsloth looks at the rows to tell their form; here they are taken for messages of role and content", path="data.train.datasets", fix="look at the rows")
    else:
        carry.note("carried", "data.format_type", f"rows of the form {said}", path="data.train.datasets")
    files = carry.take("data.local_dataset") or []
    named = [("data.local_dataset", str(name)) for name in (files if isinstance(files, list) else [files])]
    named += [("data.dataset", str(carry.take("data.dataset")))] if carry.has("data.dataset") else []
    carry.body.setdefault("data", {})["train"] = {"datasets": [entry_of(Rows(source=source, path=path, form=form, said=said), carry) for source, path in named]}
    only = bool(carry.take("training.train_on_completions"))
    packed = bool(carry.take("training.packing"))
    source = "training.packing" if packed else "training.train_on_completions"
    shapes.put_masking(carry, source, [form], on_prompts=not only, packed=packed)


def _reporting(carry: Carry) -> None:
    if carry.has("logging.wandb_project"):
        project = carry.take("logging.wandb_project")
        carry.note("harmless", "logging.wandb_project", f"export WANDB_PROJECT={shlex.quote(str(project))}: the project is not in the file")
    for key in ("logging.wandb_token", "logging.hf_token"):
        if carry.has(key):
            carry.take(key)
            carry.note("harmless", key, "a key has no place in a config: export it")
    carry.harmless("logging.tensorboard_dir", "Oumi writes below output_dir")
