"""The table of checks: each is a predicate on a config and its plan, what is wrong, and the edit that mends it.

An error is a config that the real Oumi 0.9 refuses, at once or once the model is loaded; a warning is one that runs and
does not do what it says. Rule ids are never used again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistant.checks.facts import Facts
from assistant.checks.schema import field, trainer_kwargs
from assistant.core.values import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One declared check. `where` lists the paths that are wrong; `{path}` and `{value}` are filled in."""

    rule: str
    where: Callable[[Facts], list[str]]
    message: str
    fix: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a number may be; `below` is a bound that it must not reach."""

    low: float = 0.0
    high: float = float("inf")
    below: float = float("inf")

    def holds(self, value: object) -> bool:
        """True for a number inside, and for what is no number: the schema looks at types."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return self.low <= value <= self.high and value < self.below

    def __str__(self) -> str:
        if self.below < float("inf"):
            return f"from {self.low:g} to below {self.below:g}"
        return f"from {self.low:g} to {self.high:g}" if self.high < float("inf") else f"at least {self.low:g}"


RANGES = {
    "peft.lora_dropout": Range(below=1),
    "training.learning_rate": Range(below=1),
    "training.weight_decay": Range(high=1),
    "training.warmup_steps": Range(),
    "training.warmup_ratio": Range(high=1),
    "training.max_grad_norm": Range(),
    "training.save_steps": Range(),
    "training.logging_steps": Range(low=1),
    "training.gradient_accumulation_steps": Range(low=1),
    "training.per_device_eval_batch_size": Range(low=1),
    "training.dataloader_prefetch_factor": Range(low=1),
    "training.adam_beta1": Range(below=1),
    "training.adam_beta2": Range(below=1),
    "training.grpo.temperature": Range(high=1),
    "training.grpo.max_completion_length": Range(low=1),
    "training.grpo.num_generations": Range(low=2),
    "training.grpo.vllm_gpu_memory_utilization": Range(high=1),
    "training.gkd.temperature": Range(high=1),
    "training.gkd.lmbda": Range(high=1),
    "training.gkd.beta": Range(high=1),
    "training.gkd.max_new_tokens": Range(low=1),
    "fsdp.min_num_params": Range(low=1),
}
"""Fields that Oumi's classes take at any value and that fail, or mean something else, outside of these."""

COLLATORS = ("text_with_padding", "text_completions_only_with_padding", "vision_language_with_padding", "vision_language_sft")
"""oumi/builders/collators.py, 0.9."""

QLORA_ONLY = ("bnb_4bit_quant_type", "bnb_4bit_compute_dtype", "bnb_4bit_quant_storage", "q_lora_bits", "use_bnb_nested_quant", "llm_int8_skip_modules")
"""Fields of the peft section that mean nothing without 4-bit weights."""
_GRPO = ("TRL_GRPO", "VERL_GRPO")


def when(path: str, holds: Callable[[Facts], object]) -> Callable[[Facts], list[str]]:
    """A predicate as a place: the path where it holds."""
    return lambda facts: [path] if holds(facts) else []


def _outside(facts: Facts) -> list[str]:
    return [path for path, span in RANGES.items() if not span.holds(facts.get(path))]


def _foreign_kwargs(facts: Facts) -> list[str]:
    """trainer_kwargs that the trainer's config class does not have."""
    known = trainer_kwargs(facts.trainer)
    given = facts.get("training.trainer_kwargs")
    if not known or not isinstance(given, dict):
        return []
    names = [n for n in given if n not in known and n != "packing" and field(f"training.{n}") is None]
    return [f"training.trainer_kwargs.{name}" for name in names]


def _doubled_kwargs(facts: Facts) -> list[str]:
    given = facts.get("training.trainer_kwargs")
    names = given if isinstance(given, dict) else {}
    return [f"training.trainer_kwargs.{name}" for name in names if field(f"training.{name}") is not None]


def _eval_without_data(facts: Facts) -> list[str]:
    if facts.get("data.validation.datasets"):
        return []
    paths = ("training.eval_strategy", "training.eval_steps")
    return [path for path in paths if path in facts.said and facts.get(path) not in (None, "no")]


def _saves_nothing(facts: Facts) -> bool:
    never = facts.get("training.save_steps") == 0 and not facts.get("training.save_epoch")
    return never and facts.get("training.save_final_model") is False


def _autocast_over_half(facts: Facts) -> bool:
    mixed, dtype = facts.get("training.mixed_precision_dtype"), facts.get("model.torch_dtype_str")
    if mixed not in ("BF16", "FP16"):
        return False
    return dtype not in ("float32", "f32", "float") if facts.finished else mixed == "BF16" and facts.precision != "fp32"


def _storage_differs(facts: Facts) -> bool:
    storage, dtype = facts.get("peft.bnb_4bit_quant_storage"), facts.get("model.torch_dtype_str")
    if facts.method != "qlora" or facts.sharding != "fsdp" or storage is None:
        return False
    return storage != dtype if facts.finished else storage not in ("bfloat16", "float32")


def _masters_in_float32(facts: Facts) -> bool:
    """accelerate upcasts what trains; adapters are float32 already (PEFT's autocast_adapter_dtype)."""
    half = facts.get("model.torch_dtype_str") == "bfloat16" and facts.get("fsdp.mixed_precision") == "bf16"
    return half and facts.method == "full" and facts.sharding == "fsdp"


def _flash(facts: Facts) -> bool:
    if facts.get("model.attn_implementation") != "flash_attention_2":
        return False
    old = facts.capability is not None and facts.capability < 8.0
    return old or facts.get("model.torch_dtype_str") == "float32"


def _warmup_too_long(facts: Facts) -> bool:
    steps, warmup = facts.get("training.max_steps"), facts.get("training.warmup_steps")
    return isinstance(steps, int) and isinstance(warmup, int) and steps > 0 and warmup >= steps


def _ignored(section: str, without: Callable[[Facts], bool]) -> Callable[[Facts], list[str]]:
    """What was said of a section that this run does not switch on."""
    return lambda facts: [path for path in sorted(facts.said) if path.startswith(section) and without(facts)]


def _not_sharded_by(kind: str) -> Callable[[Facts], bool]:
    return lambda facts: facts.sharding not in (None, kind)


def _qlora_settings(facts: Facts) -> list[str]:
    paths = [f"peft.{name}" for name in QLORA_ONLY]
    return [path for path in paths if path in facts.said and facts.method == "lora"]


CHECKS: tuple[Check, ...] = (
    Check(rule="TRN020", where=_outside, message="{path} cannot be {value}.", fix="It must be {range}."),
    Check(
        rule="TRN021",
        where=when("training.mixed_precision_dtype", _autocast_over_half),
        message="Oumi runs autocast over float32 weights only, and these are not.",
        fix="Add model.torch_dtype_str=float32 (twice the weights' memory), or leave mixed_precision_dtype out.",
    ),
    Check(
        rule="TRN022",
        where=when("model.enable_liger_kernel", lambda f: f.get("model.enable_liger_kernel") and f.trainer in ("TRL_KTO", "VERL_GRPO")),
        message="Oumi has no Liger kernels for this trainer.",
        fix="Leave model.enable_liger_kernel out.",
    ),
    Check(
        rule="TRN023",
        where=when("model.compile", lambda f: f.get("model.compile")),
        message="model.compile does not work in training.",
        fix="Use training.compile=true.",
    ),
    Check(
        rule="TRN024",
        where=when("training.compile", lambda f: f.get("training.compile") and f.get("fsdp.use_orig_params") is False),
        message="A compiled model under FSDP needs fsdp.use_orig_params.",
        fix="Set fsdp.use_orig_params=true, or leave training.compile out.",
    ),
    Check(
        rule="TRN025",
        where=when("training.include_performance_metrics", lambda f: f.get("training.include_performance_metrics") and f.trainer == "TRL_GRPO"),
        message="Oumi's GRPO does not take include_performance_metrics.",
        fix="Leave it out.",
    ),
    Check(
        rule="TRN026",
        where=when("training.grpo.max_prompt_length", lambda f: f.trainer == "TRL_GRPO" and f.get("training.grpo.max_prompt_length") is not None),
        message="TRL 1.x has no max_prompt_length: the trainer would refuse it.",
        fix="Leave it out and shorten the prompts in the data; training.grpo.max_completion_length limits answers.",
    ),
    Check(
        rule="TRN027",
        where=lambda f: [p for p in ("training.reward_functions", "training.reward_function_kwargs") if f.get(p) and f.trainer not in (None, *_GRPO)],
        message="{path} is for GRPO, and this trainer refuses it.",
        fix="Say grpo, or leave it out.",
    ),
    Check(
        rule="TRN028",
        where=_foreign_kwargs,
        message="{path}: this trainer has no such argument (TRL 1.6).",
        fix="{near}",
    ),
    Check(
        rule="TRN029",
        where=_doubled_kwargs,
        message="{path} is a field of Oumi's own and may not stand in trainer_kwargs.",
        fix="Use {own}.",
    ),
    Check(
        rule="TRN030",
        where=when("training.trainer_kwargs.packing", lambda f: f.get("training.trainer_kwargs.packing") is not None),
        message="Rows of a registered dataset are not packed by this.",
        fix="Use data.train.pack=true.",
    ),
    Check(
        rule="TRN031",
        where=when("training.save_final_model", _saves_nothing),
        message="Nothing would be saved.",
        fix="Keep save_final_model, or set save_steps above 0.",
    ),
    Check(
        rule="TRN032",
        where=when(
            "training.lr_scheduler_type",
            lambda f: f.get("training.lr_scheduler_type") == "cosine_with_min_lr" and not f.get("training.lr_scheduler_kwargs"),
        ),
        message="cosine_with_min_lr needs the rate to end at.",
        fix="Add training.lr_scheduler_kwargs.min_lr_rate=0.1.",
    ),
    Check(
        rule="TRN033",
        where=when("training.warmup_steps", _warmup_too_long),
        message="the warm-up of {value} steps is as long as the run: the learning rate never reaches its value",
        fix="lower training.warmup_steps",
        severity="warning",
    ),
    Check(
        rule="TRN034",
        where=when("model.attn_implementation", _flash),
        message="Flash attention needs 16-bit weights and a GPU of compute capability 8.0 or later.",
        fix="Leave model.attn_implementation out: PyTorch's own attention runs here.",
    ),
    Check(
        rule="DAT040",
        where=_eval_without_data,
        message="{path} needs validation data, and this config names none.",
        fix="Leave it out, then add data.validation and both eval fields to the saved file.",
    ),
    Check(
        rule="DAT041",
        where=when(
            "data.train.train_target",
            lambda f: f.get("data.train.train_target") and f.get("data.train.collator_name") != "text_completions_only_with_padding",
        ),
        message="data.train.train_target works with one collator only.",
        fix="Add data.train.collator_name=text_completions_only_with_padding.",
    ),
    Check(
        rule="DAT042",
        where=when("data.train.collator_name", lambda f: f.get("data.train.collator_name") not in (None, *COLLATORS)),
        message='Oumi has no collator "{value}".',
        fix=f"It has {', '.join(COLLATORS)}.",
    ),
    Check(
        rule="DAT043",
        where=when("data.train.stream", lambda f: f.get("data.train.stream") and f.endless and not f.get("training.max_steps")),
        message="A streamed set has no length, so a number of steps must end the run.",
        fix="Say how many: training.max_steps=1000.",
    ),
    Check(
        rule="PEF020",
        where=when("peft.q_lora_bits", lambda f: f.get("peft.q_lora_bits") not in (None, 4, 8)),
        message="bitsandbytes holds weights in 4 or 8 bit, not in {value}.",
        fix="Set peft.q_lora_bits to 4 or 8.",
    ),
    Check(
        rule="PEF021",
        where=when("peft.bnb_4bit_quant_storage", _storage_differs),
        message="FSDP shards 4-bit weights only where peft.bnb_4bit_quant_storage equals model.torch_dtype_str.",
        fix="Leave bnb_4bit_quant_storage out.",
    ),
    Check(
        rule="PEF022",
        where=_ignored("peft.", lambda f: f.method == "full"),
        message="{path} is ignored: this run trains all parameters.",
        fix="Say lora or qlora, or leave it out.",
    ),
    Check(
        rule="PEF023",
        where=_qlora_settings,
        message="{path} is ignored: this run does not quantise the weights.",
        fix="Say qlora, or leave it out.",
    ),
    Check(
        rule="PEF024",
        where=when("peft.peft_save_mode", lambda f: f.get("peft.peft_save_mode") == "MERGED" and f.method == "qlora"),
        message="the adapters are merged into 4-bit weights, which loses precision",
        fix="save the adapter alone and merge it into the 16-bit model",
        severity="warning",
    ),
    Check(
        rule="PEF025",
        where=when("peft.peft_save_mode", lambda f: f.sharding == "fsdp" and f.get("peft.peft_save_mode") not in (None, "ADAPTER_ONLY")),
        message="peft_save_mode is ignored under FSDP: the adapter alone is saved",
        fix="merge it afterwards",
        severity="warning",
    ),
    Check(
        rule="DST020",
        where=_ignored("fsdp.", _not_sharded_by("fsdp")),
        message="{path} is ignored: this run does not use FSDP.",
        fix="Say fsdp, or leave it out.",
    ),
    Check(
        rule="DST021",
        where=_ignored("deepspeed.", _not_sharded_by("deepspeed")),
        message="{path} is ignored: this run does not use DeepSpeed.",
        fix="Say deepspeed, or leave it out.",
    ),
    Check(
        rule="DST022",
        where=when("fsdp.mixed_precision", lambda f: f.get("fsdp.mixed_precision") not in (None, "fp16", "bf16")),
        message='fsdp.mixed_precision cannot be "{value}".',
        fix="It must be bf16 or fp16.",
    ),
    Check(
        rule="DST023",
        where=when("fsdp.mixed_precision", _masters_in_float32),
        message="fsdp.mixed_precision makes accelerate hold trained weights in float32: their states double",
        fix="leave it out: the weights are bfloat16 already",
        severity="warning",
    ),
    Check(
        rule="DST024",
        where=when("fsdp.auto_wrap_policy", lambda f: f.sharding == "fsdp" and f.get("fsdp.auto_wrap_policy") == "NO_WRAP"),
        message="NO_WRAP gathers the whole model at once on every GPU: FSDP then saves no peak memory",
        fix="leave fsdp.auto_wrap_policy out",
        severity="warning",
    ),
    Check(
        rule="DST025",
        where=when(
            "deepspeed.train_batch_size",
            lambda f: f.get("deepspeed.train_batch_size") not in (None, "auto"),
        ),
        message="TRL's trainers with DeepSpeed take train_batch_size from training.* only.",
        fix="Leave deepspeed.train_batch_size out.",
    ),
    Check(
        rule="DST026",
        where=when("deepspeed.offload_param", lambda f: f.get("deepspeed.offload_param") and f.get("deepspeed.zero_stage") not in (None, "ZERO_3")),
        message="Only ZeRO-3 can offload parameters.",
        fix="Set deepspeed.zero_stage=ZERO_3.",
    ),
)
