"""Axolotl's configs: what their keys mean, as Axolotl 0.12 documents them; its defaults are those of the source of 0.19.0."""

from __future__ import annotations

import re
import shlex
from typing import Any

from assistant.migrate import shapes
from assistant.migrate.arguments import put_evaluation, put_kwarg, put_other_arguments, put_saving
from assistant.migrate.carry import Carry
from assistant.migrate.rows import Form, Rows, entry_of, hold_out

_NAMES = {
    "base_model": "model.model_name", "revision_of_model": "model.model_revision", "trust_remote_code": "model.trust_remote_code", "tokenizer_config": "model.tokenizer_name",
    "sequence_len": "model.model_max_length", "micro_batch_size": "training.per_device_train_batch_size", "eval_batch_size": "training.per_device_eval_batch_size",
    "gradient_accumulation_steps": "training.gradient_accumulation_steps", "max_steps": "training.max_steps", "learning_rate": "training.learning_rate",
    "lr_scheduler": "training.lr_scheduler_type", "lr_scheduler_kwargs": "training.lr_scheduler_kwargs", "optimizer": "training.optimizer",
    "weight_decay": "training.weight_decay", "adam_beta1": "training.adam_beta1", "adam_beta2": "training.adam_beta2", "adam_epsilon": "training.adam_epsilon",
    "max_grad_norm": "training.max_grad_norm", "warmup_steps": "training.warmup_steps", "warmup_ratio": "training.warmup_ratio", "output_dir": "training.output_dir",
    "logging_steps": "training.logging_steps", "save_steps": "training.save_steps", "seed": "training.seed", "resume_from_checkpoint": "training.resume_from_checkpoint",
    "auto_resume_from_checkpoints": "training.try_resume_from_last_checkpoint", "gradient_checkpointing_kwargs": "training.gradient_checkpointing_kwargs",
    "dataloader_num_workers": "training.dataloader_num_workers", "dataloader_prefetch_factor": "training.dataloader_prefetch_factor", "torch_compile": "training.compile",
    "liger_fused_linear_cross_entropy": "model.enable_liger_kernel", "ddp_find_unused_parameters": "training.ddp_find_unused_parameters", "attn_implementation": "model.attn_implementation",
}  # fmt: skip
_ADAPTER = {
    "lora_r": "peft.lora_r", "lora_alpha": "peft.lora_alpha", "lora_dropout": "peft.lora_dropout", "lora_target_modules": "peft.lora_target_modules",
    "lora_modules_to_save": "peft.lora_modules_to_save",
}  # fmt: skip
_TRAINERS = {"dpo": "TRL_DPO", "ipo": "TRL_DPO", "kto": "TRL_KTO", "grpo": "TRL_GRPO"}
_HARMLESS = (
    "model_type", "tokenizer_type", "is_llama_derived_model", "is_mistral_derived_model", "is_qwen_derived_model", "is_falcon_derived_model", "strict", "dataset_prepared_path",
    "dataset_processes", "wandb_watch", "wandb_log_model", "debug", "local_rank", "hub_model_id", "hub_strategy", "push_dataset_to_hub", "hf_use_auth_token", "save_safetensors",
    "pad_to_sequence_len", "eval_table_size", "eval_max_new_tokens", "lora_fan_in_fan_out", "xformers_attention", "loss_watchdog_threshold", "loss_watchdog_patience",
    "group_by_length", "shuffle_merged_datasets", "sample_packing_eff_est", "ddp_timeout", "lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel", "processor_type", "skip_prepare_dataset",
    "liger_rope", "liger_rms_norm", "liger_glu_activation", "liger_layer_norm", "use_tensorboard", "eval_sample_packing", "plugins", "tf32",
)  # fmt: skip
_SAME_SPEED_ONLY = frozenset(("liger_rope", "liger_rms_norm", "liger_glu_activation", "liger_layer_norm", "lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel", "tf32", "group_by_length"))


def from_axolotl(carry: Carry) -> None:
    """Carry one of Axolotl's configs over."""
    said = str(carry.take("rl") or "")
    carry.put("training.trainer_type", _TRAINERS.get(said, "TRL_SFT"), "rl" if said else "datasets", f"{said or 'supervised'} training")
    if said == "ipo":
        put_kwarg(carry, "loss_type", "rl", ["ipo"])
    elif said and said not in _TRAINERS:
        carry.lost("rl", f"Oumi has no trainer for {said}")
    _model(carry)
    _adapter(carry)
    fp16 = carry.take("fp16", carry.take("float16"))
    unsaid = carry.root.at("bf16") is None and carry.root.at("bfloat16") is None and not fp16
    bf16 = carry.take("bf16", carry.take("bfloat16", "auto" if unsaid else None))
    shapes.put_precision(carry, bf16=bf16, fp16=fp16 if bf16 in (None, False) else None, source="bf16" if bf16 else "fp16")
    carry.rename(_NAMES)
    carry.epochs("num_epochs")
    _recompute(carry)
    forms = _datasets(carry)
    shapes.put_masking(carry, "sample_packing" if carry.has("sample_packing") else "train_on_inputs", forms, on_prompts=bool(carry.take("train_on_inputs")), packed=bool(carry.take("sample_packing")))
    _schedule(carry)
    shapes.put_deepspeed(carry, "deepspeed")
    shapes.put_fsdp(carry, "fsdp", "fsdp_config")
    shapes.finish_adapter(carry)
    _reporting(carry)
    _alignment(carry)
    for name in _HARMLESS:
        if carry.has(name):
            carry.harmless(name, "speed alone: Oumi has no switch for it") if name in _SAME_SPEED_ONLY else carry.harmless(name)
    put_other_arguments(carry)
    _defaults(carry)


def _model(carry: Carry) -> None:
    carry.rename({"base_model": "model.model_name"})
    config = carry.take("base_model_config")
    if config is not None and config != carry.get("model.model_name"):
        carry.lost("base_model_config", f"the shape is taken from {carry.get('model.model_name')}, not from {config}")
    if carry.has("special_tokens.pad_token"):
        carry.put("model.tokenizer_pad_token", carry.take("special_tokens.pad_token"), "special_tokens.pad_token")
    for name in ("eos_token", "bos_token", "unk_token"):
        if carry.has(f"special_tokens.{name}"):
            carry.put(f"model.tokenizer_kwargs.{name}", carry.take(f"special_tokens.{name}"), f"special_tokens.{name}")
    if carry.has("chat_template_jinja"):
        carry.lost("chat_template_jinja", "Oumi takes templates by the names of its own, or the tokenizer's", "save a tokenizer that has this one: model.tokenizer_name")
    if carry.take("flash_attention"):
        carry.put("model.attn_implementation", "flash_attention_2", "flash_attention")
    elif carry.take("sdp_attention"):
        carry.put("model.attn_implementation", "sdpa", "sdp_attention")
    if carry.has("chat_template"):
        name = carry.take("chat_template")
        fate = "carried" if name == "tokenizer_default" else "changed"
        carry.note(fate, "chat_template", "the template of the model's tokenizer is used" + ("" if fate == "carried" else f", not {name}"))  # type: ignore[arg-type]
    if carry.has("tokens"):
        carry.lost("tokens", "Oumi adds no tokens to a tokenizer", "save a tokenizer that has them: model.tokenizer_name")


def _adapter(carry: Carry) -> None:
    adapter = carry.take("adapter")
    four, eight = carry.take("load_in_4bit"), carry.take("load_in_8bit")
    if adapter in ("lora", "qlora"):
        shapes.put_adapter(carry, "adapter", bits=4 if four or adapter == "qlora" else 8 if eight else None)
        if four and adapter == "qlora":  # Axolotl asks for both
            carry.note("carried", "load_in_4bit", "is peft.q_lora", path="peft.q_lora")
        if carry.take("lora_target_linear"):
            shapes.put_all_linear(carry, "lora_target_linear")
        named = carry.root.at("lora_target_modules")
        if named is not None and isinstance(named.value, str):
            _one_target(carry, str(carry.take("lora_target_modules")))
        carry.rename({key: path for key, path in _ADAPTER.items() if key not in carry.read})
        for key in ("peft_use_dora", "peft_use_rslora"):
            if carry.take(key):
                carry.lost(key, "Oumi's adapters have no such kind")
    elif adapter is not None:
        carry.lost("adapter", f"Oumi has no adapter {adapter}")
    elif four or eight:
        carry.lost("load_in_4bit" if four else "load_in_8bit", "weights are quantised for adapters alone")
    if carry.has("lora_model_dir"):
        carry.put("model.adapter_model", carry.take("lora_model_dir"), "lora_model_dir")
    if carry.has("unfrozen_parameters"):
        carry.lost("unfrozen_parameters", "Oumi names what is frozen, by modules", "model.freeze_layers")


def _one_target(carry: Carry, said: str) -> None:
    """One name, or a pattern that PEFT matches against whole names: Oumi hands a list on, which PEFT reads as names."""
    if re.fullmatch(r"[\w.-]+", said):
        carry.put("peft.lora_target_modules", [said], "lora_target_modules")
    else:
        carry.lost("lora_target_modules", f"{said[:60]} is a pattern, and Oumi's list holds names of layers", "name them, or leave some out by patterns: peft.lora_exclude_modules")


def _recompute(carry: Carry) -> None:
    value = carry.take("gradient_checkpointing")
    if value is None:
        return
    if value in ("unsloth", "offload", "offload_disk"):
        carry.put("training.enable_gradient_checkpointing", True, "gradient_checkpointing", f"without {value}: activations are recomputed, not moved to the host", fate="changed")
    else:
        carry.put("training.enable_gradient_checkpointing", value, "gradient_checkpointing")


_FORMS: dict[str, Form] = {
    "alpaca": "alpaca", "chat_template": "chat", "sharegpt": "sharegpt", "completion": "text", "pretrain": "text",
}  # fmt: skip


def _form(carry: Carry, source: str, said: Any) -> tuple[Form, str]:
    """(the form of the rows, Axolotl's word for it)."""
    trainer = carry.get("training.trainer_type")
    if trainer != "TRL_SFT":
        return {"TRL_DPO": "preference", "TRL_KTO": "kto", "TRL_GRPO": "prompts"}[trainer], str(said)  # type: ignore[return-value]
    if isinstance(said, dict):
        return "other", "custom"
    word = str(said or "").partition(":")[0].partition(".")[0]
    if word == "chat_template" and _is_sharegpt(carry, source):
        return "sharegpt", word
    return _FORMS.get(word, "other"), str(said)


def _is_sharegpt(carry: Carry, source: str) -> bool:
    mapping = carry.root.at(f"{source}.message_property_mappings")
    keys = (mapping.value or {}).get("role") if mapping is not None else None
    old = carry.root.at(f"{source}.message_field_role")
    named = keys or (old.value if old is not None else None)
    return named not in (None, "role")


def _datasets(carry: Carry) -> list[Form]:
    name = "datasets" if carry.has("datasets") else "pretraining_dataset"
    node = carry.root.at(name)
    if node is not None and not node.is_list:
        carry.lost(name, "the dataset is not given as a list")
        node = None
    entries, forms = [], []
    for index in range(len(node.items) if node is not None else 0):
        source = f"{name}[{index}]"
        if not _is_named(carry, source):
            continue
        said = carry.take(f"{source}.type", "pretrain" if name == "pretraining_dataset" else None)
        form, word = _form(carry, source, said)
        column = carry.take(f"{source}.field_messages") if form in ("chat", "sharegpt") else carry.take(f"{source}.field")
        rows = Rows(
            source=source, path=str(carry.take(f"{source}.path", "")), form=form, said=word, split=carry.take(f"{source}.split"), subset=carry.take(f"{source}.name"),
            files=carry.take(f"{source}.data_files"), column=column,
        )  # fmt: skip
        entries.append(entry_of(rows, carry))
        forms.append(form)
        if entries[-1].get("dataset_name") == rows.path and form in ("chat", "sharegpt"):
            carry.harmless(f"{source}.field_messages", "Oumi's class for this dataset knows its columns")
        _rest_of_entry(carry, source)
    carry.body.setdefault("data", {})["train"] = {"datasets": entries}
    if "text" in forms and (column := next((carry.root.at(f"{name}[{i}].field") for i in range(len(node.items) if node is not None else 0)), None)) is not None and column.value not in (None, "text"):
        put_kwarg(carry, "dataset_text_field", f"{name}[0].field", column.value)
    if name == "pretraining_dataset":
        carry.body["data"]["train"] |= {"stream": True, "pack": True}
        carry.note("carried", name, "streamed and packed", path="data.train.stream")
    hold_out(carry, "val_set_size", carry.take("val_set_size")) if carry.has("val_set_size") else None
    if carry.has("test_datasets"):
        _test_rows(carry)
    return forms


def _is_named(carry: Carry, source: str) -> bool:
    """Whether an entry has a path; one that is a name alone, or has none, is told as lost."""
    if isinstance(carry.take(f"{source}.path"), str):
        return True
    carry.lost(source, "Axolotl names a dataset by its path and its type", "write it as - path: … with its type")
    return False


def _rest_of_entry(carry: Carry, source: str) -> None:
    for key in ("ds_type", "message_property_mappings", "message_field_role", "message_field_content", "roles", "roles_to_train", "train_on_eos", "conversation", "chat_template", "drop_system_message"):
        if not carry.has(f"{source}.{key}"):
            continue
        value = carry.take(f"{source}.{key}")
        usual = {"roles_to_train": ["assistant"], "train_on_eos": "turn"}.get(key)
        if key in ("roles_to_train", "train_on_eos", "drop_system_message") and value not in (usual, False):
            carry.lost(f"{source}.{key}", f"Oumi learns whole answers of the assistant, not {value}")
        elif key in _OWN_NAMES and not _is_usual(key, value):
            carry.lost(f"{source}.{key}", f"Oumi reads role and content of system, user and assistant by these names, not {_told(value)}", "rename them in the rows")
        elif key == "chat_template" and value != "tokenizer_default":
            carry.note("changed", f"{source}.{key}", f"the template of the model's tokenizer is used, not {value}")
        else:
            carry.harmless(f"{source}.{key}", "told by the form of the rows")
    if carry.has(f"{source}.shards"):
        carry.lost(f"{source}.shards", "Oumi takes a number of rows", "data.train.datasets[…].sample_count")


_OWN_NAMES: dict[str, Any] = {"message_property_mappings": {"role": "role", "content": "content"}, "message_field_role": "role", "message_field_content": "content", "roles": None}
"""Keys that give rows names of their own → what they say where the names are the usual ones."""


def _is_usual(key: str, value: Any) -> bool:
    if key == "roles" and isinstance(value, dict):
        return all(names in (role, [role]) for role, names in value.items())
    if key == "message_property_mappings" and isinstance(value, dict):
        return all(_OWN_NAMES[key].get(name, name) == said for name, said in value.items())
    return bool(value == _OWN_NAMES[key])


def _told(value: Any) -> str:
    return ", ".join(f"{name}: {said}" for name, said in value.items())[:80] if isinstance(value, dict) else str(value)[:80]


def _test_rows(carry: Carry) -> None:
    """Data of its own to evaluate on."""
    node = carry.root.at("test_datasets")
    entries = []
    for index in range(len(node.items) if node is not None else 0):
        source = f"test_datasets[{index}]"
        if not _is_named(carry, source):
            continue
        form, word = _form(carry, source, carry.take(f"{source}.type"))
        rows = Rows(source=source, path=str(carry.take(f"{source}.path", "")), form=form, said=word, split=carry.take(f"{source}.split"), files=carry.take(f"{source}.data_files"))
        entries.append(entry_of(rows, carry))
        _rest_of_entry(carry, source)
    if entries:
        carry.body["data"]["validation"] = {"datasets": entries}


def _schedule(carry: Carry) -> None:
    """When to save and to evaluate: Axolotl counts per epoch, Oumi in steps or once an epoch."""
    saves, evals = carry.take("saves_per_epoch"), carry.take("evals_per_epoch")
    put_saving(carry)
    if saves is not None and carry.get("training.save_steps") is None:
        if saves == 0:
            carry.put("training.save_steps", 0, "saves_per_epoch")
        else:
            once = saves == 1
            carry.put("training.save_epoch", True, "saves_per_epoch", "" if once else f"once an epoch, not {saves} times", fate="carried" if once else "changed")
            carry.put("training.save_steps", 0, "saves_per_epoch", "at epochs alone")
    if carry.has("save_total_limit"):
        put_kwarg(carry, "save_total_limit", "save_total_limit")
    if evals is not None and "validation" in carry.body["data"]:
        fate = "carried" if evals == 1 else "changed"
        carry.put("training.eval_strategy", "epoch", "evals_per_epoch", "" if evals == 1 else f"once an epoch, not {evals} times", fate=fate)  # type: ignore[arg-type]
    elif evals is not None:
        carry.harmless("evals_per_epoch", "there is nothing here to evaluate on")
    else:
        put_evaluation(carry, strategy=carry.take("eval_strategy", carry.take("evaluation_strategy")), source="eval_strategy")
    if carry.has("early_stopping_patience"):
        carry.lost("early_stopping_patience", "Oumi does not stop a run early")


def _reporting(carry: Carry) -> None:
    if carry.take("wandb_project"):
        carry.put("training.enable_wandb", True, "wandb_project", f"export WANDB_PROJECT={shlex.quote(str(carry.take('wandb_project')))}: the project is not in the file", fate="changed")
    if carry.take("wandb_entity"):
        carry.note("harmless", "wandb_entity", f"export WANDB_ENTITY={shlex.quote(str(carry.take('wandb_entity')))}")
    if name := carry.take("wandb_name") or carry.take("wandb_run_id"):
        carry.put("training.run_name", name, "wandb_name")
    carry.take("wandb_mode")
    if carry.take("use_mlflow"):
        carry.put("training.enable_mlflow", True, "use_mlflow")


def _alignment(carry: Carry) -> None:
    """Keys of preference and reward training."""
    for key, name in {"rl_beta": "beta", "dpo_beta": "beta", "kto_desirable_weight": "desirable_weight", "kto_undesirable_weight": "undesirable_weight", "dpo_label_smoothing": "label_smoothing"}.items():
        if carry.has(key):
            put_kwarg(carry, name, key)
    table = {
        "trl.num_generations": "num_generations", "trl.max_completion_length": "max_completion_length", "trl.use_vllm": "use_vllm", "trl.vllm_mode": "vllm_mode",
        "trl.vllm_gpu_memory_utilization": "vllm_gpu_memory_utilization", "trl.temperature": "temperature", "trl.log_completions": "log_completions",
    }  # fmt: skip
    carry.rename({key: f"training.grpo.{name}" for key, name in table.items()})
    if carry.has("trl.beta"):
        put_kwarg(carry, "beta", "trl.beta")
    if carry.has("trl.reward_funcs"):
        names = carry.take("trl.reward_funcs")
        carry.lost("trl.reward_funcs", f"functions of yours: {', '.join(map(str, names)) if isinstance(names, list) else names}", "register them with Oumi (OUMI_EXTRA_DEPS_FILE): training.reward_functions")


def _defaults(carry: Carry) -> None:
    """Axolotl's own defaults that are not Oumi's: its schemas and `core/builders/base.py`, 0.19.0."""
    carry.default("model.model_max_length", 512, "Axolotl")
    carry.default("training.per_device_train_batch_size", 1, "Axolotl")
    if carry.get("training.max_steps") is None:
        carry.default("training.num_train_epochs", 1, "Axolotl")
    carry.default("training.lr_scheduler_type", "cosine", "Axolotl")
    carry.default("training.optimizer", "adamw_torch_fused", "Axolotl")
    carry.default("training.output_dir", "./model-out", "Axolotl")
    if carry.get("training.warmup_steps") is None and carry.get("training.warmup_ratio") is None:
        told = "left out: Axolotl warms up over 3 % of the steps, 100 at most where it knows their number"
        carry.put("training.warmup_ratio", 0.03, "training.warmup_ratio", told, fate="changed")
    if carry.get("training.save_steps") is None:
        carry.default("training.save_epoch", True, "Axolotl")
        carry.default("training.save_steps", 0, "Axolotl")
    if carry.get("training.trainer_kwargs.save_total_limit") is None:
        carry.default("training.trainer_kwargs.save_total_limit", 4, "Axolotl")
    _long_rows(carry)


def _long_rows(carry: Carry) -> None:
    """Rows longer than sequence_len: Axolotl drops them where it is not told to cut them."""
    said = str(carry.take("excess_length_strategy", "drop")).lower()
    if said == "truncate":
        carry.note("carried", "excess_length_strategy", "rows are cut", path="model.model_max_length")
    else:
        source = "excess_length_strategy" if carry.has("excess_length_strategy") else "sequence_len"
        stops = "drops rows that are longer" if said == "drop" else "stops at a row that is longer"
        carry.note("changed", source, f"Axolotl {stops}; Oumi cuts them", path="model.model_max_length")
