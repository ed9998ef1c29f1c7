"""Configs of other tools with keys drawn by chance: what people write, and what nobody has heard of."""

from __future__ import annotations

import random
from typing import Any

Body = dict[str, Any]
_NUMBER = (1, 2, 4, 0.1, 0.05, 100, 3.0, 0, "auto", "1e-4", None)
_SWITCH = (True, False, None, "true", "auto")
_ROWS = ("yahma/alpaca-cleaned", "HuggingFaceH4/ultrachat_200k", "some/chats", "./data/rows.jsonl", "data/rows.json", "rows.parquet", "rows.csv", "merve/vqav2-small", "Intel/orpo_dpo_pairs")
_MODELS = ("meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct", "meta-llama/Llama-3.2-11B-Vision-Instruct", "NousResearch/Meta-Llama-3-8B", "./my-model", "google/gemma-2-2b")
_SHARED: dict[str, tuple[Any, ...]] = {
    "learning_rate": (1e-4, "2e-5", 0.0002), "weight_decay": (0, 0.01, "0.1"), "warmup_ratio": (0.03, 0.1), "warmup_steps": (10, 100, 0.1), "max_steps": (-1, 0, 100), "seed": (42, None),
    "gradient_accumulation_steps": (1, 8), "logging_steps": (1, 10, 0.1), "save_steps": (100, 0.25, 0), "eval_steps": (50, 0.1), "save_strategy": ("steps", "epoch", "no", "best"),
    "eval_strategy": ("steps", "epoch", "no"), "max_grad_norm": (1.0, 0.3), "save_total_limit": (1, 3), "bf16": _SWITCH, "fp16": _SWITCH, "gradient_checkpointing": (True, False, "unsloth"),
    "gradient_checkpointing_kwargs": ({"use_reentrant": False}, {"use_reentrant": True}), "output_dir": ("./out", "out/run 1"), "dataloader_num_workers": (4, 0), "resume_from_checkpoint": (None, "out/checkpoint-10", True),
    "neftune_noise_alpha": (5, 0), "torch_compile": _SWITCH, "trust_remote_code": _SWITCH, "ddp_timeout": (1800, 180000000), "report_to": ("wandb", "none", ["wandb", "tensorboard"], "swanlab"),
    "deepspeed": (None, "examples/deepspeed/ds_z3_config.json", "mine/own.json", {"zero_optimization": {"stage": 2}}), "fsdp": ("full_shard auto_wrap", ["full_shard", "auto_wrap"], ""),
    "fsdp_config": ({"fsdp_offload_params": True, "fsdp_transformer_layer_cls_to_wrap": "LlamaDecoderLayer", "fsdp_odd": 3}, {"version": 2, "reshard_after_forward": False}), "never_heard_of": (3, "x", {"deep": {"er": [1, {"a": 2}]}}, [1, 2]),
}  # fmt: skip
_AXOLOTL: dict[str, tuple[Any, ...]] = {
    "chat_template": ("chatml", "llama3", "tokenizer_default", "jinja"), "chat_template_jinja": ("{{ messages }}",), "sample_packing": _SWITCH, "eval_sample_packing": _SWITCH, "adapter": ("lora", "qlora", None, "llama-adapter"),
    "load_in_4bit": _SWITCH, "load_in_8bit": _SWITCH, "lora_r": (8, 32), "lora_alpha": (16, 64), "lora_dropout": (0.05, 0), "lora_target_linear": _SWITCH, "lora_target_modules": (["q_proj", "v_proj"], "q_proj", "layers.[\\d]+.q_proj"),
    "lora_modules_to_save": (["embed_tokens"],), "peft_use_dora": _SWITCH, "rl": (None, "dpo", "kto", "ipo", "orpo", "grpo", "simpo"), "rl_beta": (0.1,), "micro_batch_size": (1, 4), "num_epochs": (1, 3.0, 0.5), "sequence_len": (512, 4096),
    "val_set_size": (0, 0.05, 100), "optimizer": ("adamw_torch", "adamw_bnb_8bit", "muon", "paged_adamw_32bit"), "lr_scheduler": ("cosine", "linear", "rex"), "train_on_inputs": _SWITCH, "flash_attention": _SWITCH,
    "special_tokens": ({"pad_token": "<pad>"}, {"eos_token": "<|im_end|>", "additional_special_tokens": ["<x>"]}), "tokens": (["<a>"],), "wandb_project": ("p", ""), "wandb_entity": ("e",), "wandb_name": ("n",), "wandb_run_id": ("r",), "wandb_mode": ("offline",),
    "saves_per_epoch": (1, 4, 0), "evals_per_epoch": (1, 4), "plugins": (["axolotl.integrations.liger.LigerPlugin"],), "liger_rope": _SWITCH, "unfrozen_parameters": (["^lm_head.weight$"],), "early_stopping_patience": (3,), "loraplus_lr_ratio": (16,),
    "tf32": _SWITCH, "revision_of_model": ("main",), "base_model_config": ("other/model",), "excess_length_strategy": ("drop", "truncate", "raise"), "auto_resume_from_checkpoints": _SWITCH, "trl": ({"num_generations": 4, "use_vllm": True, "beta": 0.1, "reward_funcs": ["rewards.f"], "odd": 1},),
    "dataset_prepared_path": ("last_run",), "pretraining_dataset": ([{"path": "allenai/c4", "name": "en", "type": "pretrain", "text_column": "text"}], "allenai/c4"), "test_datasets": ([{"path": "some/held", "split": "test", "type": "alpaca"}],),
}  # fmt: skip
_FACTORY: dict[str, tuple[Any, ...]] = {
    "stage": ("sft", "dpo", "kto", "pt", "ppo", "rm"), "finetuning_type": ("lora", "full", "freeze"), "template": ("llama3", "qwen"), "cutoff_len": (1024, 4096), "dataset": ("identity,alpaca_en_demo", ["identity"], "yahma/alpaca-cleaned", "mllm_demo"),
    "dataset_dir": ("data", "mine/data"), "eval_dataset": ("alpaca_en_demo",), "max_samples": (1000,), "val_size": (0.1, 100), "lora_rank": (8, 64), "lora_alpha": (16,), "lora_dropout": (0.05,), "lora_target": ("all", "q_proj,v_proj", ["q_proj"]),
    "quantization_bit": (4, 8, 3), "quantization_method": ("bnb", "hqq"), "quantization_type": ("nf4", "fp4"), "double_quantization": _SWITCH, "packing": _SWITCH, "neat_packing": _SWITCH, "train_on_prompt": _SWITCH, "mask_history": _SWITCH,
    "pref_beta": (0.1,), "pref_loss": ("sigmoid", "orpo", "simpo", "hinge"), "pref_ftx": (0.1,), "flash_attn": ("fa2", "auto", "sdpa", "disabled", "odd"), "freeze_trainable_layers": (2,), "image_max_pixels": (262144,), "freeze_vision_tower": _SWITCH,
    "use_dora": _SWITCH, "use_rslora": _SWITCH, "rope_scaling": ("linear",), "pure_bf16": _SWITCH, "streaming": _SWITCH, "mix_strategy": ("concat", "interleave_under"), "interleave_probs": ("0.3,0.7",), "do_train": (True,), "plot_loss": (True,),
    "num_train_epochs": (3.0, 1, 0.5), "per_device_train_batch_size": (1, 2), "lr_scheduler_type": ("cosine",), "use_unsloth": _SWITCH, "enable_liger_kernel": _SWITCH, "adapter_name_or_path": ("saves/a",), "resize_vocab": _SWITCH, "additional_target": ("embed_tokens",),
    "disable_gradient_checkpointing": _SWITCH, "overwrite_output_dir": _SWITCH, "optim": ("adamw_torch", "odd"), "system": ("You are Bob.",), "ref_model": ("a/b",), "kto_chosen_weight": (1.0,),
}  # fmt: skip
_TRL: dict[str, tuple[Any, ...]] = {
    "dataset_name": ("trl-lib/Capybara", "yahma/alpaca-cleaned", "rows.jsonl"), "dataset_config": ("main",), "dataset_train_split": ("train[:10%]",), "dataset_test_split": ("test",), "dataset_streaming": _SWITCH, "packing": _SWITCH,
    "assistant_only_loss": _SWITCH, "max_length": (1024,), "max_seq_length": (2048,), "use_peft": _SWITCH, "lora_r": (16,), "lora_alpha": (32,), "lora_target_modules": ("all-linear", ["q_proj"]), "lora_task_type": ("CAUSAL_LM",), "load_in_4bit": _SWITCH,
    "load_in_8bit": _SWITCH, "bnb_4bit_quant_type": ("nf4", "fp4"), "use_bnb_nested_quant": _SWITCH, "torch_dtype": ("bfloat16", "auto", "float32"), "attn_implementation": ("sdpa",), "beta": (0.1,), "loss_type": ("sigmoid", ["ipo"]), "desirable_weight": (1.0,),
    "num_generations": (4,), "reward_funcs": (["accuracy"],), "num_train_epochs": (1, 2.5), "per_device_train_batch_size": (2,), "optim": ("adamw_torch",), "push_to_hub": _SWITCH, "hub_model_id": ("a/b",), "logging_strategy": ("steps",),
    "dataset_num_proc": (8,), "use_dora": _SWITCH, "datasets": ([{"path": "a/b", "split": "train"}],), "eos_token": ("<|im_end|>",), "chat_template_path": ("a.jinja",), "completion_only_loss": _SWITCH, "dataset_kwargs": ({"skip_prepare_dataset": True},),
}  # fmt: skip
_TUNE: dict[str, tuple[Any, ...]] = {
    "tokenizer": ({"_component_": "torchtune.models.llama3.llama3_tokenizer", "path": "/tmp/x", "max_seq_len": 2048, "odd": 1}, {"_component_": "torchtune.models.llama3.llama3_tokenizer", "max_seq_len": None}),
    "checkpointer": ({"_component_": "torchtune.training.FullModelHFCheckpointer", "checkpoint_dir": "/tmp/Llama-3.1-8B", "checkpoint_files": ["a.safetensors"], "output_dir": "${output_dir}", "model_type": "LLAMA3", "odd": 2},),
    "dataset": (
        {"_component_": "torchtune.datasets.alpaca_dataset", "packed": True, "train_on_input": False}, [{"_component_": "torchtune.datasets.chat_dataset", "source": "json", "data_files": "r.json", "conversation_column": "d", "conversation_style": "openai", "odd": 3}],
        {"_component_": "torchtune.datasets.text_completion_dataset", "source": "allenai/c4", "column": "text", "split": "train", "name": "en"}, {"_component_": "mine.dataset", "source": "a/b", "filter_fn": "x"},
        {"_component_": "torchtune.datasets.preference_dataset", "source": "a/b", "column_map": {"prompt": "q"}, "new_system_prompt": "s"},
    ),
    "dataset_val": ({"_component_": "torchtune.datasets.alpaca_dataset", "split": "train[95%:]", "packed": True},), "run_val_every_n_steps": (100, None), "batch_size_val": (2,),
    "optimizer": ({"_component_": "torch.optim.AdamW", "lr": "3e-4", "fused": True, "weight_decay": 0.01, "betas": [0.9, 0.95], "amsgrad": True}, {"_component_": "bitsandbytes.optim.PagedAdamW8bit", "lr": "${base_lr}"}, {"_component_": "mine.Muon", "lr": 1.0, "momentum": 0.9}),
    "base_lr": (2e-5,), "optimizer_in_bwd": _SWITCH, "lr_scheduler": ({"_component_": "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup", "num_warmup_steps": 100, "num_cycles": 0.5}, {"_component_": "mine.schedule"}),
    "loss": ({"_component_": "torchtune.modules.loss.CEWithChunkedOutputLoss", "num_output_chunks": 8}, {"_component_": "torchtune.rlhf.loss.DPOLoss", "beta": 0.1, "label_smoothing": 0.1}), "epochs": (1, 2), "max_steps_per_epoch": (None, 10), "batch_size": (2,),
    "gradient_accumulation_steps": (8,), "dtype": ("bf16", "fp32"), "compile": (True, False, {"model": True}), "clip_grad_norm": (None, 1.0), "enable_activation_checkpointing": _SWITCH, "enable_activation_offloading": _SWITCH, "custom_sharded_layers": (["output"],),
    "fsdp_cpu_offload": _SWITCH, "fsdp_sharding_strategy": ("SHARD_GRAD_OP",), "metric_logger": ({"_component_": "torchtune.training.metric_logging.WandBLogger", "project": "p", "log_dir": "x", "group": "g"},), "log_every_n_steps": (1,), "profiler": ({"enabled": True, "cpu": True},),
    "resume_from_checkpoint": _SWITCH, "save_adapter_weights_only": _SWITCH, "tensor_parallel_dim": (1, 2), "seed": (1, None), "shuffle": _SWITCH, "quantizer": ({"_component_": "q", "groupsize": 32},), "output_dir": ("/tmp/out",), "never_heard_of": (3, {"a": {"b": 1}}),
}  # fmt: skip
_BUILDERS = ("llama3_1.lora_llama3_1_8b", "llama3_1.qlora_llama3_1_8b", "llama3_1.llama3_1_8b", "llama3_2_vision.lora_llama3_2_vision_11b", "qwen2_5.qwen2_5_7b_instruct", "mine.model", "gemma2.lora_gemma2_9b")
_UNSLOTH: dict[str, dict[str, tuple[Any, ...]]] = {
    "data": {"dataset": _ROWS, "local_dataset": (["rows.jsonl"], "a.jsonl"), "format_type": ("alpaca", "chatml", "sharegpt", "auto", "raw")},
    "training": {
        "training_type": ("lora", "full"), "max_seq_length": (2048,), "load_in_4bit": _SWITCH, "output_dir": ("out",), "num_epochs": (1, 1.5), "learning_rate": (2e-4, "2e-4"), "batch_size": (2,), "warmup_steps": (5,), "max_steps": (0, 60), "random_seed": (1,),
        "packing": _SWITCH, "train_on_completions": _SWITCH, "gradient_checkpointing": ("unsloth", "none", True), "optim": ("adamw_8bit",), "never": (1,), "save_steps": (0, 10), "weight_decay": (0.1,), "gradient_accumulation_steps": (4,),
    },
    "lora": {"lora_r": (16,), "lora_alpha": (16,), "lora_dropout": (0.1,), "target_modules": ("q_proj,v_proj",), "use_rslora": _SWITCH, "use_dora": _SWITCH, "vision_all_linear": _SWITCH, "finetune_vision_layers": _SWITCH, "odd": (1,)},
    "logging": {"enable_wandb": _SWITCH, "wandb_project": ("p",), "enable_tensorboard": _SWITCH, "tensorboard_dir": ("runs",), "odd": (1,)},
}  # fmt: skip
_TYPES = ("alpaca", "chat_template", "sharegpt", "completion", "chatml.intel", "alpaca_chat.load_qa", {"system_prompt": "s", "field_instruction": "q"}, None, "chat_template.default")
_OF_ROWS: Body = {
    "split": ("train", "train[:10%]"), "name": ("main",), "data_files": ("a.jsonl", ["a.jsonl", "b.jsonl"]), "field_messages": ("messages", "conversations"), "field": ("text", "body"), "shards": (10,), "roles_to_train": (["assistant"], ["all"]), "train_on_eos": ("turn", "all"),
    "message_property_mappings": ({"role": "role", "content": "content"}, {"role": "from", "content": "value"}, {"role": "role", "content": "text"}), "roles": ({"user": ["user"]}, {"user": ["human"], "assistant": ["gpt"]}), "conversation": ("chatml",), "chat_template": ("llama3",),
    "ds_type": ("json",), "drop_system_message": _SWITCH, "field_chosen": ("good",), "odd": (1,),
}  # fmt: skip


def _drawn(chance: random.Random, table: dict[str, tuple[Any, ...]], share: float) -> Body:
    return {key: chance.choice(values) for key, values in table.items() if chance.random() < share}


def _axolotl(chance: random.Random) -> Body:
    rows = [{"path": chance.choice(_ROWS), "type": chance.choice(_TYPES), **_drawn(chance, _OF_ROWS, 0.2)} for _ in range(chance.randint(1, 3))]
    return {"base_model": chance.choice(_MODELS), "datasets": rows, **_drawn(chance, {**_SHARED, **_AXOLOTL}, 0.3)}


def _torchtune(chance: random.Random) -> Body:
    model = {"_component_": f"torchtune.models.{chance.choice(_BUILDERS)}", **_drawn(chance, {"lora_attn_modules": (["q_proj", "output_proj"],), "apply_lora_to_mlp": _SWITCH, "apply_lora_to_output": _SWITCH, "lora_rank": (8,), "lora_alpha": (16,), "use_dora": _SWITCH, "odd": (1,)}, 0.4)}
    return {"model": model, "dataset": chance.choice(_TUNE["dataset"]), **_drawn(chance, _TUNE, 0.4)}


def written(tool: str, chance: random.Random) -> Body:
    """One config of this tool."""
    if tool == "Axolotl":
        return _axolotl(chance)
    if tool == "torchtune":
        return _torchtune(chance)
    if tool == "LLaMA-Factory":
        return {"model_name_or_path": chance.choice(_MODELS), "stage": "sft", "dataset": "identity", **_drawn(chance, {**_SHARED, **_FACTORY}, 0.3)}
    if tool == "TRL":
        return {"model_name_or_path": chance.choice(_MODELS), "dataset_name": "trl-lib/Capybara", **_drawn(chance, {**_SHARED, **_TRL}, 0.3)}
    return {"model": chance.choice(_MODELS), **{part: _drawn(chance, table, 0.4) for part, table in _UNSLOTH.items()}}
