"""What a plan puts into the holes of the templates."""

from __future__ import annotations

from typing import Any

from assistant.core.values import DatasetChoice, Plan

_ENCODERS = [".*(vision|visual|audio).*"]
_DTYPE_WITHOUT_BF16 = "float16"


def plain(value: float | None) -> float | int | None:
    """A whole number as int: 32.0 is written 32."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def dataset_entry(choice: DatasetChoice) -> dict[str, Any]:
    """One element of `data.train.datasets`."""
    entry = {
        "dataset_name": choice.name,
        "dataset_path": choice.path,
        "subset": choice.subset,
        "split": choice.split,
        "dataset_kwargs": dict(choice.kwargs) or None,
    }
    return {key: value for key, value in entry.items() if value is not None}


def holes(plan: Plan) -> dict[str, Any]:
    """Values by hole; None drops the field."""
    return {**_model_holes(plan), **_training_holes(plan), **_adapter_holes(plan), **_sharding_holes(plan), **_reward_holes(plan)}


def _model_holes(plan: Plan) -> dict[str, Any]:
    return {
        "model_name": plan.model.id,
        "sequence_length": plan.sequence_length,
        "weights_dtype": plan.weights_dtype,
        "liger": True if plan.liger else None,
        "trust_remote_code": True if plan.model.trust_remote_code else None,
        "frozen_layers": list(plan.frozen_layers) or None,
        "datasets": [dataset_entry(plan.dataset)],
        "teacher": plan.teacher,
    }


def _training_holes(plan: Plan) -> dict[str, Any]:
    verl = plan.trainer == "VERL_GRPO"
    short = plan.max_steps is not None and plan.max_steps <= 500
    recompute = plan.gradient_checkpointing and plan.sharding != "fsdp"
    return {
        "trainer": plan.trainer,
        "output_dir": plan.output_dir,
        "run_name": plan.run_name,
        "epochs": plan.epochs,
        "max_steps": plan.max_steps,
        "micro_batch_size": None if verl else plan.micro_batch_size,
        "gradient_accumulation_steps": None if verl else plan.gradient_accumulation_steps,
        "gradient_checkpointing": plan.gradient_checkpointing,
        "checkpointing_kwargs": {"use_reentrant": False} if recompute and not verl else None,
        "mixed_precision": plan.mixed_precision,
        "optimizer": None if verl else plan.optimizer,
        "learning_rate": plan.learning_rate,
        "scheduler": None if verl else plan.scheduler,
        "warmup_ratio": None if verl else plan.warmup_ratio,
        "weight_decay": (plan.weight_decay or None) if not verl else None,
        "seed": plan.seed,
        "save_steps": 0 if short else 500,
        "dataloader_workers": "auto" if plan.hardware.gpu.is_cuda and not verl else None,
        "reference_init": {"dtype": "bfloat16"} if plan.method == "full" and plan.weights_dtype == "bfloat16" else None,
        "find_unused": False if plan.sharding == "ddp" and not verl else None,
    }


def _adapter_holes(plan: Plan) -> dict[str, Any]:
    compute = "bfloat16" if plan.precision == "bf16" else _DTYPE_WITHOUT_BF16
    return {
        "lora_rank": plan.lora_rank,
        "lora_alpha": plain(plan.lora_alpha),
        "lora_targets": list(plan.lora_targets) or None,
        "lora_exclude": _ENCODERS if plan.model.is_vision and plan.method != "full" else None,
        "compute_dtype": compute,
    }


def _sharding_holes(plan: Plan) -> dict[str, Any]:
    named = plan.model.layer_cls
    large = plan.method == "full" and plan.model.params_total >= 60_000_000_000
    return {
        "shard_strategy": plan.shard_strategy,
        "cpu_offload": True if plan.cpu_offload else None,
        "wrap_policy": "TRANSFORMER_BASED_WRAP" if named else "SIZE_BASED_WRAP",
        "layer_cls": named,
        "wrap_params": None if named else 100_000_000,
        "orig_params": True if plan.frozen_layers else None,
        "state_dict": "SHARDED_STATE_DICT" if large else None,
        "deepspeed_precision": {"bf16": "BF16", "fp16": "FP16"}.get(plan.precision),
    }


def _reward_holes(plan: Plan) -> dict[str, Any]:
    total = plan.global_batch_size
    held_out = DatasetChoice(name=plan.dataset.name, subset=plan.dataset.subset, split="test")
    return {
        "rewards": [plan.reward] if plan.reward else None,
        "num_generations": plan.num_generations,
        "completion_length": max(64, plan.sequence_length // 2),
        "use_vllm": True if plan.vllm else None,
        "vllm_mode": "colocate" if plan.vllm else None,
        "vllm_share": 0.4 if plan.vllm else None,
        "validation": [dataset_entry(held_out)],
        "verl": {
            "data": {
                "train_batch_size": total,
                "max_prompt_length": plan.sequence_length // 2,
                "max_response_length": plan.sequence_length // 2,
            },
            "actor_rollout_ref": {
                "actor": {"ppo_mini_batch_size": total, "ppo_micro_batch_size_per_gpu": plan.micro_batch_size},
                "rollout": {
                    "n": plan.num_generations,
                    "log_prob_micro_batch_size_per_gpu": plan.micro_batch_size,
                },
                "ref": {"log_prob_micro_batch_size_per_gpu": plan.micro_batch_size},
            },
            "trainer": {"n_gpus_per_node": plan.hardware.count, "nnodes": plan.hardware.nodes},
        },
    }


def notes(plan: Plan) -> dict[str, str]:
    """Words for the holes inside comments."""
    why = {reason.field: reason.why for reason in plan.decisions}
    gated = "gated: accept the licence, then `hf auth login`" if plan.model.gated else ""
    short = plan.max_steps is not None and plan.max_steps <= 500
    return {
        "model_note": gated,
        "precision_note": why.get("precision", ""),
        "batch_note": why.get("global_batch_size", ""),
        "checkpointing_note": why.get("gradient_checkpointing", ""),
        "rate_note": why.get("learning_rate", ""),
        "optimizer_note": why.get("optimizer", ""),
        "length_note": why.get("max_steps", why.get("epochs", "")),
        "lora_note": why.get("lora_rank", ""),
        "sharding_note": why.get("sharding", ""),
        "save_note": "only the final model: the run is short" if short else "a checkpoint every 500 steps",
        "reward_note": f"{plan.reward}: registered in Oumi" if plan.reward else "",
    }
