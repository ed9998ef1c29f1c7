"""TRL's own configs (`trl sft --config FILE`), whose arguments Unsloth's trainers take too."""

from __future__ import annotations

from assistant.migrate import shapes
from assistant.migrate.arguments import put_arguments, put_evaluation, put_other_arguments
from assistant.migrate.carry import Carry
from assistant.migrate.rows import Form, Rows, entry_of

_ADAPTER = {
    "lora_r": "peft.lora_r", "lora_alpha": "peft.lora_alpha", "lora_dropout": "peft.lora_dropout", "lora_target_modules": "peft.lora_target_modules",
    "lora_modules_to_save": "peft.lora_modules_to_save", "lora_task_type": "peft.lora_task_type",
}  # fmt: skip
_GRPO = {name: f"training.grpo.{name}" for name in ("num_generations", "max_completion_length", "use_vllm", "vllm_mode", "vllm_gpu_memory_utilization", "epsilon", "repetition_penalty", "log_completions")}
_SIGNS = {"TRL_GRPO": ("num_generations", "reward_funcs", "max_completion_length"), "TRL_DPO": ("beta", "loss_type", "rpo_alpha", "precompute_ref_log_probs"), "TRL_KTO": ("desirable_weight", "undesirable_weight")}
"""Trainer → arguments that only it has; those of KTO are looked for first."""
_RATES = {"TRL_SFT": 2e-5, "TRL_DPO": 1e-6, "TRL_KTO": 1e-6, "TRL_GRPO": 1e-6}
"""Learning rates of TRL 1.6's config classes."""
_FORMS: dict[str, Form] = {"TRL_SFT": "chat", "TRL_DPO": "preference", "TRL_KTO": "kto", "TRL_GRPO": "prompts"}


def from_trl(carry: Carry) -> None:
    """Carry TRL's arguments over; which trainer they are for is told by those that it alone has."""
    trainer = next((name for name in ("TRL_KTO", "TRL_GRPO", "TRL_DPO") if any(carry.has(key) for key in _SIGNS[name])), "TRL_SFT")
    told = f"the file does not name its trainer: {trainer}, by its arguments"
    carry.put("training.trainer_type", trainer, "model_name_or_path", told, fate="changed")
    carry.rename({"model_name_or_path": "model.model_name", "max_length": "model.model_max_length", "max_seq_length": "model.model_max_length"})
    if carry.take("use_peft") or carry.has("lora_r"):
        bits = 4 if carry.take("load_in_4bit") else 8 if carry.take("load_in_8bit") else None
        four = carry.take("bnb_4bit_quant_type", "nf4")
        shapes.put_adapter(carry, "use_peft", bits=bits, nested=bool(carry.take("use_bnb_nested_quant")))
        if bits == 4:
            carry.put("peft.bnb_4bit_quant_type", four, "bnb_4bit_quant_type", "" if carry.has("bnb_4bit_quant_type") else f"left out: TRL takes {four}")
        _targets(carry)
        carry.default("peft.lora_r", 16, "TRL")
        carry.default("peft.lora_alpha", 32, "TRL")
        carry.default("peft.lora_dropout", 0.05, "TRL")
    _precision(carry)
    put_arguments(carry)
    if trainer == "TRL_GRPO":
        carry.rename(_GRPO)
        if carry.has("reward_funcs"):
            carry.lost("reward_funcs", "functions of yours or TRL's", "register them with Oumi (OUMI_EXTRA_DEPS_FILE): training.reward_functions")
    _data(carry, trainer)
    shapes.put_deepspeed(carry, "deepspeed")
    shapes.put_fsdp(carry, "fsdp", "fsdp_config")
    shapes.finish_adapter(carry)
    put_other_arguments(carry)
    _defaults(carry)


def _targets(carry: Carry) -> None:
    said = carry.root.at("lora_target_modules")
    if said is not None and said.value in ("all-linear", ["all-linear"]):
        carry.take("lora_target_modules")
        shapes.put_all_linear(carry, "lora_target_modules")
    carry.rename({key: path for key, path in _ADAPTER.items() if key not in carry.read})


def _precision(carry: Carry) -> None:
    """The weights are loaded in `torch_dtype`; `bf16` and `fp16` are autocast over them."""
    said = str(carry.take("torch_dtype", carry.take("dtype", "")))
    fp16 = carry.take("fp16")
    bf16 = carry.take("bf16", not fp16)  # TRL's default where fp16 is off
    if said in ("bfloat16", "float16", "auto"):
        carry.put("model.torch_dtype_str", said, "torch_dtype" if carry.has("torch_dtype") else "dtype")
    else:
        shapes.put_precision(carry, bf16=bf16, fp16=fp16, source="bf16" if bf16 else "fp16" if fp16 else "torch_dtype", trained_in_float32=True)


def _data(carry: Carry, trainer: str) -> None:
    name = str(carry.take("dataset_name", ""))
    splits = (carry.take("dataset_train_split"), carry.take("dataset_test_split"))
    rows = Rows(source="dataset_name", path=name, form=_FORMS[trainer], split=splits[0], subset=carry.take("dataset_config"))
    train = {"datasets": [entry_of(rows, carry)]}
    carry.body.setdefault("data", {})["train"] = train
    if carry.take("dataset_streaming"):
        carry.put("data.train.stream", True, "dataset_streaming")
    strategy = carry.take("eval_strategy", carry.take("evaluation_strategy"))
    if strategy not in (None, "no"):
        carry.body["data"]["validation"] = {"datasets": [{**train["datasets"][0], "split": splits[1] or "test"}]}
    put_evaluation(carry, strategy=strategy, source="eval_strategy")
    only = bool(carry.take("assistant_only_loss"))
    shapes.put_masking(carry, "packing" if carry.has("packing") else "assistant_only_loss", [rows.form], on_prompts=not only, packed=bool(carry.take("packing")))


def _defaults(carry: Carry) -> None:
    """TRL's own defaults that are not Oumi's (TRL 1.6)."""
    carry.default("training.learning_rate", _RATES[carry.get("training.trainer_type")], "TRL")
    carry.default("training.enable_gradient_checkpointing", True, "TRL")
    if carry.get("training.trainer_type") != "TRL_GRPO":  # which knows the length of answers alone
        carry.default("model.model_max_length", 1024, "TRL")
    carry.default("training.logging_steps", 10, "TRL")
