"""transformers' and TRL's training arguments, which several tools hand on, as fields of Oumi."""

from __future__ import annotations

from typing import Any

from assistant.checks.schema import trainer_kwargs
from assistant.migrate.carry import Carry

FIELDS = {
    "output_dir": "training.output_dir", "run_name": "training.run_name", "learning_rate": "training.learning_rate",
    "per_device_train_batch_size": "training.per_device_train_batch_size", "per_device_eval_batch_size": "training.per_device_eval_batch_size",
    "gradient_accumulation_steps": "training.gradient_accumulation_steps", "max_steps": "training.max_steps", "weight_decay": "training.weight_decay",
    "adam_beta1": "training.adam_beta1", "adam_beta2": "training.adam_beta2", "adam_epsilon": "training.adam_epsilon",
    "max_grad_norm": "training.max_grad_norm", "lr_scheduler_type": "training.lr_scheduler_type", "lr_scheduler_kwargs": "training.lr_scheduler_kwargs",
    "warmup_ratio": "training.warmup_ratio", "warmup_steps": "training.warmup_steps", "optim": "training.optimizer", "seed": "training.seed",
    "data_seed": "training.data_seed", "logging_steps": "training.logging_steps", "save_steps": "training.save_steps",
    "gradient_checkpointing": "training.enable_gradient_checkpointing", "gradient_checkpointing_kwargs": "training.gradient_checkpointing_kwargs",
    "dataloader_num_workers": "training.dataloader_num_workers", "dataloader_prefetch_factor": "training.dataloader_prefetch_factor",
    "ddp_find_unused_parameters": "training.ddp_find_unused_parameters", "torch_compile": "training.compile", "use_liger_kernel": "model.enable_liger_kernel",
    "trust_remote_code": "model.trust_remote_code", "attn_implementation": "model.attn_implementation", "model_revision": "model.model_revision",
}  # fmt: skip
"""Argument → Oumi's field of the same meaning."""
HARMLESS = (
    "do_train", "overwrite_output_dir", "overwrite_cache", "preprocessing_num_workers", "plot_loss", "logging_first_step", "log_level", "push_to_hub",
    "hub_model_id", "hub_strategy", "disable_tqdm", "dataset_num_proc", "include_num_input_tokens_seen", "ray_run_name", "preprocessing_batch_size",
)  # fmt: skip


def put_arguments(carry: Carry) -> None:
    """Every argument of transformers' that the file has, those that need more than a name included."""
    carry.rename(FIELDS)
    carry.epochs("num_train_epochs")
    put_saving(carry)
    put_reporting(carry)
    if carry.has("ddp_timeout"):
        seconds = carry.take("ddp_timeout")
        carry.put("training.nccl_default_timeout_minutes", max(1, round(float(seconds) / 60)), "ddp_timeout", f"{seconds} s in minutes")
    if carry.has("resume_from_checkpoint"):
        value = carry.take("resume_from_checkpoint")
        if isinstance(value, bool):
            carry.put("training.try_resume_from_last_checkpoint", value, "resume_from_checkpoint")
        else:
            carry.put("training.resume_from_checkpoint", value, "resume_from_checkpoint")
    for name in HARMLESS:
        carry.harmless(name)


def put_saving(carry: Carry) -> None:
    """`save_strategy`: Oumi saves by steps (0 is never), by epochs, or both."""
    strategy = carry.take("save_strategy")
    if strategy == "no":
        carry.put("training.save_steps", 0, "save_strategy", "no checkpoints on the way")
    elif strategy == "epoch":
        carry.put("training.save_epoch", True, "save_strategy")
        carry.put("training.save_steps", 0, "save_strategy", "at epochs alone")


def put_evaluation(carry: Carry, *, strategy: str | None, source: str) -> None:
    """When to evaluate; nothing where there is nothing to evaluate on."""
    steps = carry.take("eval_steps")
    if "validation" not in carry.body.get("data", {}):
        for key in (source, "eval_steps"):
            carry.harmless(key, "there is nothing here to evaluate on")
        return
    strategy = strategy or ("steps" if steps else "epoch")
    carry.put("training.eval_strategy", strategy, source if carry.has(source) else "eval_steps")
    if steps and strategy == "steps":
        carry.put("training.eval_steps", steps, "eval_steps")


def put_reporting(carry: Carry) -> None:
    """`report_to`: which trackers hear of the run."""
    if not carry.has("report_to"):
        return
    said = carry.take("report_to")
    names = {str(name) for name in (said if isinstance(said, list) else [said])}
    carry.put("training.enable_wandb", bool(names & {"wandb", "all"}), "report_to")
    carry.put("training.enable_tensorboard", bool(names & {"tensorboard", "all"}), "report_to")
    if "mlflow" in names:
        carry.put("training.enable_mlflow", True, "report_to")
    for other in sorted(names - {"wandb", "tensorboard", "mlflow", "all", "none"}):
        carry.note("harmless", "report_to", f"Oumi reports to no {other}")


def put_other_arguments(carry: Carry) -> None:
    """What is left and is an argument of the trainer's own: handed to it as it is."""
    known = trainer_kwargs(carry.get("training.trainer_type"))
    for name, node in carry.root.keys.items():
        partly = any(seen.startswith((f"{name}.", f"{name}[")) for seen in carry.read)
        if str(name) in known and str(name) not in carry.read and not partly and node.value is not None:
            put_kwarg(carry, str(name), str(name))


def put_kwarg(carry: Carry, name: str, source: str, value: Any = None) -> None:
    """An argument of the trainer that Oumi has no field for."""
    given = carry.take(source) if value is None else value
    known = trainer_kwargs(carry.get("training.trainer_type"))
    if known and name not in known:
        carry.harmless(source, f"{name} is no argument of {carry.get('training.trainer_type')}")
        return
    carry.body.setdefault("training", {}).setdefault("trainer_kwargs", {})[name] = given
    carry.note("carried", source, f"is training.trainer_kwargs.{name}", path=f"training.trainer_kwargs.{name}")
