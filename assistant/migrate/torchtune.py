"""torchtune's configs: components by their dotted names; the defaults of its builders are those of the source of 0.6.1."""

from __future__ import annotations

import re
import shlex
from typing import Any

from assistant.catalogue.models import find_model
from assistant.migrate import shapes
from assistant.migrate.arguments import put_kwarg
from assistant.migrate.carry import Carry
from assistant.migrate.interpolation import filled, fillers
from assistant.migrate.rows import Form, Rows, entry_of

_MODULES = {"output_proj": "o_proj", "w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"}
_OPTIMIZERS = {"AdamW": "adamw_torch", "Adam": "adamw_torch", "SGD": "sgd", "PagedAdamW8bit": "paged_adamw_8bit", "PagedAdamW": "paged_adamw_32bit", "AdamW8bit": "adamw_8bit", "Adafactor": "adafactor"}
_DATASETS: dict[str, tuple[str | None, Form]] = {
    "alpaca_dataset": ("tatsu-lab/alpaca", "alpaca"), "alpaca_cleaned_dataset": ("yahma/alpaca-cleaned", "alpaca"), "chat_dataset": (None, "chat"), "instruct_dataset": (None, "alpaca"),
    "text_completion_dataset": (None, "text"), "wikitext_dataset": ("EleutherAI/wikitext_document_level", "text"), "cnn_dailymail_articles_dataset": ("ccdv/cnn_dailymail", "text"), "preference_dataset": (None, "preference"),
    "stack_exchange_paired_dataset": ("lvwerra/stack-exchange-paired", "preference"), "hh_rlhf_helpful_dataset": ("RLHFlow/HH-RLHF-Helpful-standard", "preference"),
    "the_cauldron_dataset": ("HuggingFaceM4/the_cauldron", "other"), "llava_instruct_dataset": ("liuhaotian/LLaVA-Instruct-150K", "sharegpt"),
    "slimorca_dataset": ("Open-Orca/SlimOrca-Dedup", "sharegpt"), "samsum_dataset": ("Samsung/samsum", "other"), "grammar_dataset": ("liweili/c4_200m", "other"),
}  # fmt: skip
"""Builder → (the dataset that it reads where none is named, the form of its rows)."""
_COLUMNS = {"wikitext_dataset": "page", "cnn_dailymail_articles_dataset": "article"}
"""Builder of plain text → the column that it reads; `text` for others."""
_HARMLESS = ("device", "loss", "log_peak_memory_stats", "shuffle", "profiler", "metric_logger.log_dir", "checkpointer._component_", "checkpointer.checkpoint_files", "checkpointer.recipe_checkpoint", "checkpointer.model_type", "checkpointer.safe_serialization", "tokenizer._component_", "tokenizer.path", "tokenizer.merges_file", "log_level", "recipe_checkpoint", "tokenizer.prompt_template", "enable_async_checkpointing", "parallelize_plan", "cudnn_deterministic_mode")
_LOST = {"tensor_parallel_dim": "Oumi splits no layer over GPUs", "context_parallel_dim": "Oumi splits no row over GPUs", "optimizer_in_bwd": "gradients are kept until the step: more memory", "enable_activation_offloading": "activations stay on the GPU: more memory"}


def from_torchtune(carry: Carry) -> None:
    """Carry one of torchtune's configs over."""
    names = fillers(carry.root)
    carry.root = filled(carry.root)
    component = str(carry.take("model._component_", "")).rpartition(".")[2]
    dpo = "dpo" in str(carry.root.at("loss._component_") and carry.root.at("loss._component_").value).lower()  # type: ignore[union-attr]
    carry.put("training.trainer_type", "TRL_DPO" if dpo else "TRL_SFT", "loss._component_" if carry.has("loss._component_") else "loss")
    _model(carry, component)
    if dpo:
        for name in ("beta", "label_smoothing"):
            if carry.has(f"loss.{name}"):
                put_kwarg(carry, name, f"loss.{name}")
    _adapter(carry, component)
    dtype = str(carry.take("dtype", "bf16"))
    shapes.put_precision(carry, bf16=dtype == "bf16", fp16=dtype == "fp16", source="dtype")
    forms, packed, on_prompts = _datasets(carry)
    shapes.put_masking(carry, "dataset.packed" if carry.has("dataset.packed") else "dataset", forms, on_prompts=on_prompts, packed=packed)
    _validation(carry)
    _optimizer(carry)
    _run(carry)
    _sharding(carry)
    shapes.finish_adapter(carry)
    _output(carry)
    for key, why in _LOST.items():
        value = carry.take(key)
        if value is True or (isinstance(value, int) and value > 1):
            carry.lost(key, why)
    for key in _HARMLESS:
        carry.harmless(key)
    for key in sorted(names):
        if carry.has(key) and key not in carry.read:
            carry.harmless(key, "stands where it is named")


def _model(carry: Carry, component: str) -> None:
    """The model by the folder of its checkpoint, else by its builder's name: lora_llama3_1_8b."""
    folder = str(carry.take("checkpointer.checkpoint_dir", ""))
    found = find_model(folder.rstrip("/").rpartition("/")[2]) or find_model(_spoken(component))
    name = found.id if found else folder or component
    message = f"{name}: {folder or component} is where torchtune has its files"
    carry.put("model.model_name", name, "model._component_", message, fate="changed" if found else "lost", fix="" if found else "name its Hugging Face id, or a folder in its format")
    if carry.has("tokenizer.max_seq_len"):
        carry.put("model.model_max_length", carry.take("tokenizer.max_seq_len"), "tokenizer.max_seq_len")
    else:
        carry.take("tokenizer.max_seq_len")
        carry.note("changed", "tokenizer.max_seq_len", "no length is said: Oumi cuts rows to the model's own", path="model.model_max_length", fix="set model.model_max_length")


def _spoken(component: str) -> str:
    """`lora_llama3_1_8b` as people write it: llama 3.1 8b."""
    plain = re.sub(r"^(?:q?lora|dora)_", "", component)
    return re.sub(r"_", " ", re.sub(r"(\d)_(\d+)(?=_|$)(?!b)", r"\1.\2", plain))


def _adapter(carry: Carry, component: str) -> None:
    if not component.startswith(("lora_", "qlora_")):
        return
    quantised = component.startswith("qlora_") or bool(carry.take("model.quantize_base"))
    shapes.put_adapter(carry, "model._component_", bits=4 if quantised else None)
    names = [_MODULES.get(str(name), str(name)) for name in carry.take("model.lora_attn_modules", ["q_proj", "v_proj"])]
    if carry.take("model.apply_lora_to_mlp"):
        names += ["gate_proj", "down_proj", "up_proj"]
    model = shapes.model_of(carry)
    strange = sorted(set(names) - set(model.lora_targets)) if model is not None and model.lora_targets else []
    if model is not None and strange:
        carry.lost("model.lora_attn_modules", f"{model.id} has no {', '.join(strange)}: its layers are {', '.join(model.lora_targets)}", "peft.lora_target_modules")
    carry.put("peft.lora_target_modules", names, "model.lora_attn_modules")
    if carry.take("model.apply_lora_to_output"):
        carry.lost("model.apply_lora_to_output", "the head gets no adapter", "peft.lora_target_modules with lm_head")
    carry.rename({"model.lora_rank": "peft.lora_r", "model.lora_alpha": "peft.lora_alpha", "model.lora_dropout": "peft.lora_dropout"})
    carry.default("peft.lora_r", 8, "torchtune")
    carry.default("peft.lora_alpha", 16, "torchtune")
    if carry.take("model.use_dora"):
        carry.lost("model.use_dora", "Oumi's adapters have no such kind")


def _datasets(carry: Carry) -> tuple[list[Form], bool, bool]:
    """(the forms of the rows, whether they are packed, whether prompts are learned too)."""
    node = carry.root.at("dataset")
    sources = [f"dataset[{i}]" for i in range(len(node.items))] if node is not None and node.is_list else ["dataset"]
    entries, forms, packed, learned = [], [], False, False
    for source in sources:
        rows = _rows(carry, source)
        packed |= bool(carry.take(f"{source}.packed"))
        learned |= bool(carry.take(f"{source}.train_on_input", rows.form == "alpaca"))
        entries.append(entry_of(rows, carry))
        forms.append(rows.form)
    carry.body.setdefault("data", {})["train"] = {"datasets": entries}
    usual = _COLUMNS.get(str(carry.take(f"{sources[0]}._component_", "")).rpartition(".")[2]) if sources else None
    if forms == ["text"] and (column := carry.take(f"{sources[0]}.column", usual)) not in (None, "text"):
        put_kwarg(carry, "dataset_text_field", f"{sources[0]}.column", column)
    return forms, packed, learned


def _validation(carry: Carry) -> None:
    """`dataset_val`, and how often it is looked at."""
    if carry.root.at("dataset_val") is not None:
        carry.body["data"]["validation"] = {"datasets": [entry_of(_rows(carry, "dataset_val"), carry)]}
        carry.harmless("dataset_val.packed", "rows to evaluate on are read one by one")
        carry.harmless("dataset_val.train_on_input", "rows to evaluate on are read as those to train on")
        every = carry.take("run_val_every_n_steps")
        carry.put("training.eval_strategy", "steps" if every else "epoch", "run_val_every_n_steps" if every else "dataset_val", "" if every else "once an epoch")
        if every:
            carry.put("training.eval_steps", every, "run_val_every_n_steps")
    carry.rename({"batch_size_val": "training.per_device_eval_batch_size"})


def _rows(carry: Carry, source: str) -> Rows:
    builder = str(carry.take(f"{source}._component_", "")).rpartition(".")[2]
    usual, form = _DATASETS.get(builder, (None, "other"))
    if form == "chat" and carry.take(f"{source}.conversation_style", "openai") == "sharegpt":
        form = "sharegpt"
    columns = carry.take(f"{source}.column_map")
    if columns is not None and form in ("alpaca", "preference"):
        usual_names = ("instruction", "input", "output", "prompt", "chosen", "rejected")
        if any(value not in usual_names for value in columns.values()):
            carry.lost(f"{source}.column_map", f"columns are read by their own names: {', '.join(map(str, columns.values()))}", "rename them in the rows")
    if carry.take(f"{source}.new_system_prompt"):
        carry.lost(f"{source}.new_system_prompt", "Oumi adds no system prompt to rows")
    path = str(carry.take(f"{source}.source") or usual or builder)
    files = carry.take(f"{source}.data_files")
    return Rows(
        source=source, path=path, form=form, said=builder, split=carry.take(f"{source}.split"), subset=carry.take(f"{source}.subset", carry.take(f"{source}.name")), files=files,
        column=carry.take(f"{source}.conversation_column"),
    )  # fmt: skip


def _optimizer(carry: Carry) -> None:
    name = str(carry.take("optimizer._component_", "torch.optim.AdamW")).rpartition(".")[2]
    fused = carry.take("optimizer.fused")
    known = _OPTIMIZERS.get(name)
    if known is None:
        carry.lost("optimizer._component_", f"{name} has no counterpart that is known here", "training.optimizer")
    else:
        carry.put("training.optimizer", "adamw_torch_fused" if known == "adamw_torch" and fused else known, "optimizer._component_")
    carry.rename({"optimizer.lr": "training.learning_rate", "optimizer.eps": "training.adam_epsilon"})
    # torch.optim.AdamW decays by 0.01 where it is not told; Oumi by 0.
    decay = carry.take("optimizer.weight_decay", 0.01 if name == "AdamW" else None)
    if decay is not None:
        carry.put("training.weight_decay", decay, "optimizer.weight_decay")
    betas = carry.take("optimizer.betas")
    if isinstance(betas, list) and len(betas) == 2:
        carry.put("training.adam_beta1", betas[0], "optimizer.betas")
        carry.put("training.adam_beta2", betas[1], "optimizer.betas")
    if carry.has("optimizer.foreach"):
        carry.harmless("optimizer.foreach", "speed alone")
    schedule = str(carry.take("lr_scheduler._component_", "")).rpartition(".")[2]
    word = "cosine" if "cosine" in schedule else "constant" if not schedule else None
    if word is None:
        carry.lost("lr_scheduler._component_", f"{schedule} has no counterpart that is known here", "training.lr_scheduler_type")
    else:
        carry.put("training.lr_scheduler_type", word, "lr_scheduler._component_" if schedule else "lr_scheduler", "" if schedule else "the rate is constant")
    carry.rename({"lr_scheduler.num_warmup_steps": "training.warmup_steps"})


def _run(carry: Carry) -> None:
    carry.rename({"batch_size": "training.per_device_train_batch_size", "gradient_accumulation_steps": "training.gradient_accumulation_steps", "seed": "training.seed", "enable_activation_checkpointing": "training.enable_gradient_checkpointing"})
    steps = carry.take("max_steps_per_epoch")
    if steps is not None:
        epochs = int(carry.take("epochs", 1))
        carry.put("training.max_steps", steps * epochs, "max_steps_per_epoch", f"{steps} steps in each of {epochs} passes", fate="carried" if epochs == 1 else "changed")
    else:
        carry.epochs("epochs")
    clip = carry.take("clip_grad_norm")
    carry.put("training.max_grad_norm", 0.0 if clip is None else clip, "clip_grad_norm", "gradients are not clipped" if clip is None else "")
    if carry.take("compile"):
        carry.put("training.compile", True, "compile")
    if carry.take("resume_from_checkpoint"):
        carry.put("training.try_resume_from_last_checkpoint", True, "resume_from_checkpoint")
    for key in ("checkpointer.adapter_checkpoint", "checkpointer.should_load_recipe_state"):
        carry.harmless(key)


def _sharding(carry: Carry) -> None:
    signs = [key for key in ("fsdp_cpu_offload", "fsdp_sharding_strategy", "custom_sharded_layers", "fsdp_reshard_after_forward") if carry.has(key)]
    if not signs:
        carry.note("changed", "fsdp", "the file does not say whether its recipe is one for several GPUs; those shard everything", path="fsdp.enable_fsdp", fix="for several GPUs: fsdp.enable_fsdp: true")
        return
    carry.put("fsdp.enable_fsdp", True, signs[0])
    carry.put("fsdp.sharding_strategy", str(carry.take("fsdp_sharding_strategy", "FULL_SHARD")), signs[0])
    carry.put("fsdp.auto_wrap_policy", "TRANSFORMER_BASED_WRAP", signs[0])
    if carry.take("fsdp_cpu_offload"):
        carry.put("fsdp.cpu_offload", True, "fsdp_cpu_offload")
    if carry.has("custom_sharded_layers"):
        carry.harmless("custom_sharded_layers", "the layers of the model are the units")
    model = shapes.model_of(carry)
    if model is not None and model.layer_cls:
        carry.put("fsdp.transformer_layer_cls", model.layer_cls, signs[0])


def _output(carry: Carry) -> None:
    """Where things go: torchtune's files name one folder through another."""
    root = carry.take("output_dir")
    said: Any = carry.take("checkpointer.output_dir", root)
    if isinstance(said, str):
        said = said.replace("${output_dir}", str(root or "output"))
        carry.put("training.output_dir", root if isinstance(root, str) else said, "output_dir" if root else "checkpointer.output_dir")
    carry.put("training.save_epoch", True, "checkpointer", "a checkpoint after each pass")
    carry.put("training.save_steps", 0, "checkpointer", "at epochs alone")
    if carry.has("log_every_n_steps"):
        carry.put("training.logging_steps", carry.take("log_every_n_steps"), "log_every_n_steps")
    logger = str(carry.take("metric_logger._component_", ""))
    if "WandB" in logger:
        project = carry.take("metric_logger.project")
        carry.put("training.enable_wandb", True, "metric_logger._component_", f"export WANDB_PROJECT={shlex.quote(str(project))}: the project is not in the file" if project else "", fate="changed" if project else "carried")
    elif logger:
        carry.harmless("metric_logger._component_", "Oumi writes its own logs below output_dir")
    for key in ("save_adapter_weights_only", "checkpointer.save_adapter_weights_only"):
        if carry.take(key) and carry.get("training.use_peft"):
            carry.put("peft.peft_save_mode", "ADAPTER_ONLY", key)
        else:
            carry.harmless(key, "there are no adapters" if carry.has(key) and not carry.get("training.use_peft") else "adapters are saved alone in Oumi anyway")
