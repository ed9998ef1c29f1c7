"""What people call Oumi's fields who come from Transformers, TRL, PEFT and other tools: too far from Oumi's own name to be told by its letters."""

from __future__ import annotations

SAME: dict[str, dict[str, str]] = {
    "ModelParams": {
        "max_seq_length": "model_max_length", "max_seq_len": "model_max_length", "max_length": "model_max_length", "sequence_len": "model_max_length",
        "torch_dtype": "torch_dtype_str", "dtype": "torch_dtype_str", "name": "model_name", "model_name_or_path": "model_name", "revision": "model_revision",
    },
    "TrainingParams": {
        "lr": "learning_rate", "optim": "optimizer", "lr_scheduler": "lr_scheduler_type", "scheduler": "lr_scheduler_type",
        "batch_size": "per_device_train_batch_size", "micro_batch_size": "per_device_train_batch_size",
        "epochs": "num_train_epochs", "num_epochs": "num_train_epochs", "gradient_checkpointing": "enable_gradient_checkpointing",
        "evaluation_strategy": "eval_strategy", "warmup": "warmup_steps",
    },
    "PeftParams": {
        "r": "lora_r", "rank": "lora_r", "lora_rank": "lora_r", "alpha": "lora_alpha", "dropout": "lora_dropout", "bias": "lora_bias",
        "target_modules": "lora_target_modules", "lora_target": "lora_target_modules", "modules_to_save": "lora_modules_to_save",
    },
    "GenerationParams": {"max_tokens": "max_new_tokens", "stop": "stop_strings", "do_sample": "use_sampling"},
}  # fmt: skip
"""Class → a name that it does not have → the field of the same meaning and type that it has."""

_KWARG = "it goes to the trainer: training.trainer_kwargs.{key}"
_ITEM = "it belongs to an item of datasets: {path}.datasets[0].{key}"
ELSEWHERE: dict[str, dict[str, str]] = {
    "ModelParams": {
        "load_in_4bit": "4-bit training is peft.q_lora: true beside training.use_peft: true",
        "load_in_8bit": "8-bit training is peft.q_lora: true and q_lora_bits: 8 beside training.use_peft: true",
    },
    "TrainingParams": {
        "bf16": "weights in bfloat16 are model.torch_dtype_str: bfloat16",
        "fp16": "autocast is training.mixed_precision_dtype: FP16, over weights in float32",
        "report_to": "it is training.enable_wandb, enable_tensorboard and enable_mlflow",
        "save_strategy": "it is training.save_steps, or save_epoch: true beside save_steps: 0",
        "max_seq_length": "it is model.model_max_length", "max_length": "it is model.model_max_length", "packing": "it is data.train.pack",
        **dict.fromkeys(("save_total_limit", "load_best_model_at_end", "metric_for_best_model", "neftune_noise_alpha", "beta", "loss_type"), _KWARG),
    },
    "EnvironmentParams": dict.fromkeys(("tool_persona", "state_params", "cache_by_input", "lookup_table"), "it belongs to the environment's env_kwargs: {path}.env_kwargs.{key}"),
    "EvaluationTaskParams": {"num_fewshot": "it belongs to the task's eval_kwargs: {path}.eval_kwargs.num_fewshot"},
    "DatasetSplitParams": dict.fromkeys(("dataset_name", "dataset_path", "split", "subset", "sample_count", "dataset_kwargs"), _ITEM),
}  # fmt: skip
"""Class → a name that it does not have → what does the same somewhere else; `path` is the section, `key` the name."""


def same(owner: str, key: str) -> str:
    """The field of this class that goes by that name elsewhere; empty where none is known."""
    return SAME.get(owner, {}).get(key, "")


def elsewhere(owner: str, key: str, path: str) -> str:
    """What does the same in another place; empty where nothing is known."""
    return ELSEWHERE.get(owner, {}).get(key, "").format(path=path, key=key)
