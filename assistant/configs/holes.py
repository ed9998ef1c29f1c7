"""What a plan puts into the holes of the templates."""

from __future__ import annotations

from typing import Any

from assistant.catalogue.datasets import registered_dataset
from assistant.core.values import DatasetChoice, Plan

_ENCODERS = [".*(vision|visual|audio).*"]
_COMPUTE = {"bf16": "bfloat16", "fp16": "float16"}
"""Precision of a run → the type that its 4-bit weights are computed in."""
_SHARDED_FILES_FROM = 60_000_000_000
"""Parameters from which Oumi's full fine-tuning recipes save one file a GPU (70B and up)."""
_WRAP_PARAMS = 100_000_000
"""Size of an FSDP unit where no layer class is known: about one decoder layer of a 3B model."""


def plain(value: float | None) -> float | int | None:
    """A whole number as int: 32.0 is written 32."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def dataset_entry(choice: DatasetChoice, sequence_tokens: int | None) -> dict[str, Any]:
    """One element of `data.train.datasets`."""
    spec = registered_dataset(choice.name)
    joined = {"seq_length": sequence_tokens} if sequence_tokens and spec is not None and spec.kind == "pretrain" else {}  # a reader of raw text does not start without
    entry = {
        "dataset_name": choice.name,
        "dataset_path": choice.path,
        "subset": choice.subset,
        "split": choice.split,
        "dataset_kwargs": {**joined, **choice.kwargs} or None,
        "trust_remote_code": choice.trust_remote_code or None,
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
        "stored_as": plan.model.stored_as,
        "frozen_layers": list(plan.frozen_layers) or None,
        "datasets": [dataset_entry(plan.dataset, plan.sequence_length)],
        "teacher": plan.teacher,
    }


def _training_holes(plan: Plan) -> dict[str, Any]:
    verl = plan.trainer == "VERL_GRPO"
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
        "save_steps": 0 if _is_short(plan) else plan.save_steps,
        "dataloader_workers": "auto" if plan.hardware.gpu.is_cuda and not verl else None,
        "reference_init": {"dtype": "bfloat16"} if plan.method == "full" and plan.weights_dtype == "bfloat16" else None,
        "find_unused": False if plan.sharding == "ddp" and not verl else None,
    }


def _adapter_holes(plan: Plan) -> dict[str, Any]:
    compute = _COMPUTE.get(plan.precision, "float32" if plan.hardware.gpu.kind == "cpu" else "float16")
    return {
        "lora_rank": plan.lora_rank,
        "lora_alpha": plain(plan.lora_alpha),
        "lora_targets": list(plan.lora_targets) or None,
        "lora_exclude": _ENCODERS if plan.model.is_vision and plan.method != "full" else None,
        "compute_dtype": compute,
    }


def _sharding_holes(plan: Plan) -> dict[str, Any]:
    named = plan.model.layer_cls
    large = plan.method == "full" and plan.model.params_total >= _SHARDED_FILES_FROM
    return {
        "shard_strategy": plan.shard_strategy,
        "cpu_offload": True if plan.cpu_offload else None,
        "wrap_policy": "TRANSFORMER_BASED_WRAP" if named else "SIZE_BASED_WRAP",
        "layer_cls": named,
        "wrap_params": None if named else _WRAP_PARAMS,
        "orig_params": True if plan.frozen_layers else None,
        "state_dict": "SHARDED_STATE_DICT" if large else None,
        "deepspeed_precision": {"bf16": "BF16", "fp16": "FP16"}.get(plan.precision),
    }


def _is_short(plan: Plan) -> bool:
    """True when the run ends before its first checkpoint would come."""
    return plan.max_steps is not None and plan.max_steps <= plan.save_steps


def _prompts(plan: Plan) -> int:
    """Prompts per step: verl counts them, the plan counts sequences."""
    return max(1, plan.global_batch_size // (plan.num_generations or 1))


def _reward_holes(plan: Plan) -> dict[str, Any]:
    held_out = DatasetChoice(name=plan.dataset.name, subset=plan.dataset.subset, split="test")
    return {
        "rewards": [plan.reward] if plan.reward else None,
        "num_generations": plan.num_generations,
        "completion_length": plan.completion_length,
        "use_vllm": True if plan.vllm else None,
        "vllm_mode": "colocate" if plan.vllm else None,
        "vllm_share": plan.vllm_share if plan.vllm else None,
        "validation": [dataset_entry(held_out, plan.sequence_length)],
        "verl": _verl(plan),
    }


def _verl(plan: Plan) -> dict[str, Any]:
    """verl's own settings: batches of prompts, micro-batches of sequences."""
    micro, prompts = plan.micro_batch_size, _prompts(plan)
    return {
        "data": {
            "train_batch_size": prompts,
            "max_prompt_length": plan.prompt_length,
            "max_response_length": plan.completion_length,
        },
        "actor_rollout_ref": {
            "actor": {"ppo_mini_batch_size": prompts, "ppo_micro_batch_size_per_gpu": micro},
            "rollout": {"n": plan.num_generations, "log_prob_micro_batch_size_per_gpu": micro},
            "ref": {"log_prob_micro_batch_size_per_gpu": micro},
        },
        "trainer": {"n_gpus_per_node": plan.hardware.count, "nnodes": plan.hardware.nodes},
    }


def _targets_note(plan: Plan) -> str:
    """Why these layers get adapters."""
    if plan.lora_targets == ("all-linear",):
        return "every linear layer but the head: this architecture is not known"
    if plan.leaves_experts:
        return "not the experts: an adapter on each would multiply what trains"
    return "the linear layers that this architecture has"


def notes(plan: Plan) -> dict[str, str]:
    """Words for the holes inside comments."""
    why = {reason.field: reason.why for reason in plan.decisions}
    gated = "gated: accept the licence, then `hf auth login`" if plan.model.gated else ""
    return {
        "model_note": gated,
        "precision_note": why.get("precision", ""),
        "batch_note": why.get("global_batch_size", ""),
        "checkpointing_note": why.get("gradient_checkpointing", ""),
        "rate_note": why.get("learning_rate", ""),
        "optimizer_note": why.get("optimizer", ""),
        "length_note": why.get("max_steps", why.get("epochs", "")),
        "lora_note": why.get("lora_rank", ""),
        "targets_note": _targets_note(plan),
        "compute_note": "as the weights outside are" if plan.precision == "fp32" and plan.hardware.gpu.kind == "cpu" else "Oumi's default is float32, several times slower",
        "sharding_note": why.get("sharding", ""),
        "save_note": "only the final model: the run is short" if _is_short(plan) else f"a checkpoint every {plan.save_steps} steps",
        "verl_note": f"{_prompts(plan)} prompts × {plan.num_generations} completions = {plan.global_batch_size} sequences a step",
        "reward_note": f"{plan.reward}: registered in Oumi" if plan.reward else "",
    }
