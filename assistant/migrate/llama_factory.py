"""LLaMA-Factory's configs: its own arguments (its `hparams`, 0.9), beside those of transformers."""

from __future__ import annotations

from typing import Any

from assistant.migrate import shapes
from assistant.migrate.arguments import put_arguments, put_evaluation, put_kwarg, put_other_arguments
from assistant.migrate.carry import Carry
from assistant.migrate.rows import Form, Rows, entry_of, hold_out

_STAGES: dict[str, tuple[str, Form]] = {"sft": ("TRL_SFT", "alpaca"), "pt": ("TRL_SFT", "text"), "dpo": ("TRL_DPO", "preference"), "kto": ("TRL_KTO", "kto")}
_NAMES = {
    "model_name_or_path": "model.model_name", "adapter_name_or_path": "model.adapter_model", "cutoff_len": "model.model_max_length", "model_revision": "model.model_revision",
    "enable_liger_kernel": "model.enable_liger_kernel",
}  # fmt: skip
_ADAPTER = {"lora_rank": "peft.lora_r", "lora_alpha": "peft.lora_alpha", "lora_dropout": "peft.lora_dropout"}
_KWARGS = {"pref_beta": "beta", "neftune_noise_alpha": "neftune_noise_alpha", "save_total_limit": "save_total_limit", "kto_chosen_weight": "desirable_weight", "kto_rejected_weight": "undesirable_weight", "dpo_label_smoothing": "label_smoothing", "simpo_gamma": "simpo_gamma"}
_LOSSES = {"sigmoid": "sigmoid", "hinge": "hinge", "ipo": "ipo", "kto_pair": None, "orpo": None, "simpo": None}
_LOST = {
    "use_dora": "Oumi's adapters have no such kind", "use_rslora": "Oumi's adapters have no such kind", "loraplus_lr_ratio": "both matrices of an adapter learn at one rate",
    "use_galore": "write training.optimizer: galore_adamw", "use_badam": "Oumi has no BAdam", "use_apollo": "Oumi has no APOLLO", "rope_scaling": "lengthen the context in model.model_kwargs.rope_scaling",
    "shift_attn": "Oumi has no shifted attention", "additional_target": "modules trained whole beside the adapters are peft.lora_modules_to_save", "freeze_trainable_layers": "Oumi names what is frozen: model.freeze_layers",
    "compute_accuracy": "Oumi computes no accuracy while it trains", "predict_with_generate": "answers are written by oumi infer", "system": "Oumi adds no system prompt to rows", "tool_format": "tools are read through the model's template",
}  # fmt: skip
_VISION = {"freeze_vision_tower": "the vision tower", "freeze_multi_modal_projector": "the projector", "image_max_pixels": "sizes of images", "image_min_pixels": "sizes of images", "video_max_pixels": "sizes of videos", "video_min_pixels": "sizes of videos"}
_HARMLESS = ("use_fast_tokenizer", "cache_dir", "tokenized_path", "use_unsloth", "flash_attn_backend", "hf_hub_token", "print_param_status", "low_cpu_mem_usage", "preprocessing_num_workers", "do_eval", "streaming_buffer", "upcast_layernorm", "split_special_tokens", "ddp_timeout_seconds")
_FLASH = {"fa2": "flash_attention_2", "sdpa": "sdpa", "disabled": "eager", "fa3": "kernels-community/flash-attn3"}


def from_llama_factory(carry: Carry) -> None:
    """Carry one of LLaMA-Factory's configs over."""
    stage = str(carry.take("stage", "sft"))
    trainer, form = _STAGES.get(stage, ("TRL_SFT", "other"))
    carry.put("training.trainer_type", trainer, "stage")
    if stage not in _STAGES:
        carry.lost("stage", f"Oumi has no training of the kind {stage}")
    carry.rename(_NAMES)
    adapters = _adapter(carry)
    sharded = "3" in str(carry.root.at("deepspeed").value if carry.has("deepspeed") else "") or carry.has("fsdp")  # type: ignore[union-attr]
    kept = not adapters and not sharded and not carry.take("pure_bf16")
    bf16 = carry.take("bf16") or carry.has("pure_bf16")
    shapes.put_precision(carry, bf16=bf16, fp16=carry.take("fp16"), source="bf16" if bf16 else "fp16", trained_in_float32=kept)
    _attention(carry)
    put_arguments(carry)
    off = carry.take("disable_gradient_checkpointing")
    carry.put("training.enable_gradient_checkpointing", not off, "disable_gradient_checkpointing", "" if off is not None else "LLaMA-Factory recomputes activations unless it is told not to")
    _datasets(carry, form)
    _losses(carry, stage)
    _masking(carry, form)
    shapes.put_deepspeed(carry, "deepspeed")
    shapes.put_fsdp(carry, "fsdp", "fsdp_config")
    shapes.finish_adapter(carry)
    _without(carry)
    put_other_arguments(carry)
    _defaults(carry, adapters=adapters)


def _adapter(carry: Carry) -> bool:
    """True with adapters."""
    kind = str(carry.take("finetuning_type", "lora"))
    if kind == "freeze":
        carry.lost("finetuning_type", "Oumi names what is frozen, not what is trained", "model.freeze_layers")
    if kind != "lora":
        return False
    bits = carry.take("quantization_bit")
    shapes.put_adapter(carry, "quantization_bit" if bits else "finetuning_type", bits=bits if bits in (4, 8) else None, nested=bool(carry.take("double_quantization", True)))
    if bits is not None and bits not in (4, 8):
        carry.lost("quantization_bit", f"Oumi quantises to 4 or 8 bit, not to {bits}")
    if (method := carry.take("quantization_method", "bnb")) not in ("bnb", "bitsandbytes"):
        carry.lost("quantization_method", f"Oumi quantises with bitsandbytes, not {method}")
    if bits == 4 and carry.has("quantization_type"):
        carry.put("peft.bnb_4bit_quant_type", carry.take("quantization_type"), "quantization_type")
    carry.rename(_ADAPTER)
    if carry.get("peft.lora_r") is None:
        carry.default("peft.lora_r", 8, "LLaMA-Factory")
    carry.default("peft.lora_alpha", 2 * carry.get("peft.lora_r"), "LLaMA-Factory")
    target = carry.take("lora_target", "all")
    names = [part.strip() for part in target.split(",")] if isinstance(target, str) else list(target)
    if names == ["all"]:
        shapes.put_all_linear(carry, "lora_target")
    else:
        carry.put("peft.lora_target_modules", names, "lora_target")
    return True


def _attention(carry: Carry) -> None:
    if carry.has("flash_attn") and (said := str(carry.take("flash_attn"))) != "auto":
        if said in _FLASH:
            carry.put("model.attn_implementation", _FLASH[said], "flash_attn")
        else:
            carry.lost("flash_attn", f"{said} is no attention that is known")
    elif carry.has("flash_attn"):
        carry.note("carried", "flash_attn", "transformers chooses")


def _datasets(carry: Carry, form: Form) -> None:
    """Names of LLaMA-Factory's `dataset_info.json`, whose files are taken to be of the same name."""
    folder = str(carry.take("dataset_dir", "data")).rstrip("/")
    most = carry.take("max_samples")
    more: dict[str, Any] = {"sample_count": most} if most else {}
    carry.body.setdefault("data", {})["train"] = {"datasets": [_entry(carry, "dataset", name, folder, form, more) for name in _listed(carry, "dataset")]}
    train = carry.body["data"]["train"]
    if most:
        carry.note("changed", "max_samples", "at most so many rows of each dataset; Oumi repeats rows of one that has fewer", path="data.train.datasets[0].sample_count")
    _mixture(carry, train)
    if carry.take("streaming"):
        train["stream"] = True
        carry.note("carried", "streaming", "is data.train.stream", path="data.train.stream")
    if carry.has("eval_dataset"):
        carry.body["data"]["validation"] = {"datasets": [_entry(carry, "eval_dataset", name, folder, form, {}) for name in _listed(carry, "eval_dataset")]}
    elif carry.has("val_size"):
        hold_out(carry, "val_size", carry.take("val_size"))
    put_evaluation(carry, strategy=carry.take("eval_strategy", carry.take("evaluation_strategy")), source="eval_strategy")


def _listed(carry: Carry, key: str) -> list[str]:
    said = carry.take(key, "")
    names = said if isinstance(said, list) else str(said).split(",")
    return [str(name).strip() for name in names if str(name).strip()]


def _entry(carry: Carry, source: str, name: str, folder: str, form: Form, more: dict[str, Any]) -> dict[str, Any]:
    path = f"{folder}/{name}.json"
    entry = entry_of(Rows(source=source, path=path if "/" not in name else name, form=form, more=more), carry)
    if "/" not in name:
        carry.note("changed", source, f"{name} is taken to be {path}: where it lies is said by {folder}/dataset_info.json, which was not read", fix="name its file: data.train.datasets[…].dataset_path", path="data.train.datasets")
    return entry


def _mixture(carry: Carry, train: dict[str, Any]) -> None:
    strategy = str(carry.take("mix_strategy", "concat"))
    shares = carry.take("interleave_probs")
    if shares is not None:
        parts = [float(part) for part in (shares if isinstance(shares, list) else str(shares).split(","))]
        for entry, part in zip(train["datasets"], parts, strict=False):
            entry["mixture_proportion"] = part
        train["mixture_strategy"] = "all_exhausted" if strategy == "interleave_over" else "first_exhausted"
        carry.note("carried", "interleave_probs", "are mixture_proportion of each dataset", path="data.train.mixture_strategy")
    elif strategy != "concat":
        carry.lost("mix_strategy", "Oumi mixes by shares", "give each dataset a mixture_proportion")


def _losses(carry: Carry, stage: str) -> None:
    loss = carry.take("pref_loss")
    if loss is not None and stage == "dpo":
        if _LOSSES.get(str(loss)):
            put_kwarg(carry, "loss_type", "pref_loss", [_LOSSES[str(loss)]])
        else:
            carry.lost("pref_loss", f"Oumi's preference training has no loss {loss}")
    if carry.has("pref_ftx") and carry.take("pref_ftx"):
        carry.lost("pref_ftx", "the chosen answers are not learned beside the preference")
    for key, name in _KWARGS.items():
        if carry.has(key):
            put_kwarg(carry, name, key)
    if stage == "dpo" and carry.get("training.trainer_kwargs.beta") is None:
        put_kwarg(carry, "beta", "pref_beta", 0.1)


def _masking(carry: Carry, form: Form) -> None:
    packed = bool(carry.take("packing", False)) or form == "text"
    carry.take("neat_packing")
    source = "packing" if carry.has("packing") else "train_on_prompt" if carry.has("train_on_prompt") else "stage"
    shapes.put_masking(carry, source, [form], on_prompts=bool(carry.take("train_on_prompt")), packed=packed, last_only=bool(carry.take("mask_history")))
    if carry.has("template"):
        name = carry.take("template")
        carry.note("changed", "template", f"the template of the model's tokenizer is used; LLaMA-Factory's {name} may differ from it in spaces and system prompt")


def _without(carry: Carry) -> None:
    for key, why in _LOST.items():
        if carry.has(key) and carry.take(key) is not False:
            carry.lost(key, why)
    for key, what in _VISION.items():
        if carry.has(key):
            frozen = key.startswith("freeze")
            told = f"{what}: frozen by names of modules in Oumi" if frozen else f"{what} are an argument of the model's own processor"
            carry.lost(key, told, "model.freeze_layers" if frozen else "model.processor_kwargs, such as max_pixels of Qwen's")
    for key in _HARMLESS:
        carry.harmless(key)


def _defaults(carry: Carry, *, adapters: bool) -> None:
    """LLaMA-Factory's own defaults that are not Oumi's: `hparams` of its source, 0.9.5."""
    carry.default("model.model_max_length", 2048, "LLaMA-Factory")
    if adapters and carry.get("training.gradient_checkpointing_kwargs") is None:
        carry.put("training.gradient_checkpointing_kwargs", {"use_reentrant": False}, "finetuning_type", "works with adapters and several GPUs")
