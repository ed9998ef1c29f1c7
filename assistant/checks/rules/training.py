"""Rules on precision, kernels, the optimizer and its schedule."""

from __future__ import annotations

from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Hit, Rule, put, when
from assistant.checks.schema import snapshot

_FULL = ("float32", "f32", "float")
_TRL = ("TRL_SFT", "TRL_DPO", "TRL_KTO", "TRL_GRPO", "TRL_GKD", "TRL_GOLD", "HF")
_STRATEGIES = ("no", "steps", "epoch")
_OF_OUMI = {
    "training.optimizer": ("adam", "adamw", "adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "paged_adamw", "paged_adamw_32bit", "sgd", "adafactor"),
    "training.lr_scheduler_type": ("linear", "cosine", "cosine_with_restarts", "cosine_with_min_lr", "constant"),
}
"""oumi/builders/optimizers.py and lr_schedules.py, 0.9."""


def _autocast_over_half(case: Case) -> bool:
    mixed, dtype = case.get("training.mixed_precision_dtype"), case.get("model.torch_dtype_str")
    if mixed not in ("BF16", "FP16"):
        return False
    return dtype not in _FULL if case.finished else mixed == "BF16" and case.precision != "fp32"


def _flash(case: Case) -> bool:
    if case.get("model.attn_implementation") != "flash_attention_2":
        return False
    old = case.capability is not None and case.capability < 8.0
    return old or (case.get("model.torch_dtype_str") in _FULL and case.text("training.mixed_precision_dtype").upper() not in ("BF16", "FP16"))


def _warmup_too_long(case: Case) -> bool:
    steps, warmup = case.get("training.max_steps"), case.get("training.warmup_steps")
    return isinstance(steps, int) and isinstance(warmup, int) and steps > 0 and warmup >= steps


def _no_least_rate(case: Case) -> bool:
    if case.get("training.lr_scheduler_type") != "cosine_with_min_lr":
        return False
    given = case.section("training.lr_scheduler_kwargs")
    return not given or (case.is_file and case.trainer in _TRL and not {"min_lr", "min_lr_rate"} & set(given))


def _no_such_word(case: Case) -> Found:
    """Optimizers and schedulers that Transformers does not have, or Oumi's own trainer."""
    if case.trainer == "OUMI":
        wrong = [path for path, known in _OF_OUMI.items() if case.text(path) and case.text(path).lower() not in known]
        return [Hit(path=path, words={"whose": "Oumi's own trainer", "near": f"It is one of {', '.join(_OF_OUMI[path])}."}) for path in wrong]
    if case.trainer not in _TRL:
        return []
    wrong = [path for path in _OF_OUMI if case.text(path) and case.text(path) not in snapshot()["names"][path]]
    return [Hit(path=path, words={"whose": "Transformers"}) for path in wrong]


def _no_bf16(case: Case) -> Found:
    if case.machine is None or case.machine.gpu.bf16:
        return []
    half = case.text("model.torch_dtype_str") in ("bfloat16", "bf16")
    mixed = case.text("training.mixed_precision_dtype") == "BF16"
    found = [*(["model.torch_dtype_str"] if half else []), *(["training.mixed_precision_dtype"] if mixed else [])]
    return [Hit(path=path, words={"gpu": case.machine.gpu.name}) for path in found]


def _rate_far_off(case: Case) -> Found:
    rate = case.number("training.learning_rate")
    if rate is None or rate <= 0 or not case.is_file or case.trainer != "TRL_SFT":
        return []
    if case.method == "full" and rate > 1e-4 and not case.on("data.train.pack"):
        return [Hit(path="training.learning_rate", words={"usual": "5e-6 to 5e-5 for training all parameters"})]
    if case.method in ("lora", "qlora") and rate < 2e-5:
        return [Hit(path="training.learning_rate", words={"usual": "1e-4 to 5e-4 for adapters"})]
    return []


def _two_warmups(case: Case) -> bool:
    return bool(case.number("training.warmup_ratio")) and bool(case.number("training.warmup_steps"))


def _epochs_beside_steps(case: Case) -> bool:
    return case.is_file and (case.number("training.max_steps") or 0) > 0 and case.get("training.num_train_epochs") is not None


def _epochs_never_saved(case: Case) -> bool:
    steps = case.number("training.save_steps")
    return case.on("training.save_epoch") and (steps is None or steps > 0)


def _wrong_strategies(case: Case) -> Found:
    paths = ("training.eval_strategy", "training.logging_strategy")
    return [path for path in paths if case.text(path) and case.text(path) not in _STRATEGIES]


def _quantised_in_vain(case: Case) -> Found:
    return [f"model.model_kwargs.{name}" for name in ("load_in_4bit", "load_in_8bit") if case.on(f"model.model_kwargs.{name}")]


def _prefetch_without_workers(case: Case) -> bool:
    return case.get("training.dataloader_prefetch_factor") is not None and case.number("training.dataloader_num_workers") in (None, 0.0) and case.get(
        "training.dataloader_num_workers"
    ) != "auto"


def _kept_workers_without_any(case: Case) -> bool:
    none = case.get("training.dataloader_num_workers") in (None, 0)
    return none and case.on("training.dataloader_persistent_workers")


def _float32_by_default(case: Case) -> bool:
    if not case.is_file or case.method != "full" or case.on("deepspeed.enable_deepspeed"):
        return False
    dtype = case.text("model.torch_dtype_str")
    asked = dtype in _FULL and case.machine is not None and case.machine.gpu.bf16 and case.text("training.mixed_precision_dtype") in ("", "NONE")
    return dtype in ("", "auto") or asked


def _dpo_default_rate(case: Case) -> bool:
    return case.trainer == "TRL_DPO" and case.method == "full" and case.get("training.learning_rate") is None


RULES = (
    Rule(
        rule="TRN021",
        where=when("training.mixed_precision_dtype", _autocast_over_half),
        message="Oumi runs autocast over float32 weights only, and these are not.",
        fix="Add model.torch_dtype_str=float32 (twice the weights' memory), or leave mixed_precision_dtype out.",
        edits=REMOVE,
        summary="Autocast over weights that are half precision already",
        why="TrainingConfig refuses mixed_precision_dtype FP16 or BF16 unless torch_dtype_str is float32 (code of Oumi 0.9); "
        "the default, auto, is refused as well.",
        bad="model: {model_name: gpt2, torch_dtype_str: bfloat16}\ntraining: {trainer_type: TRL_SFT, mixed_precision_dtype: BF16}\n",
        good="model: {model_name: gpt2, torch_dtype_str: float32}\ntraining: {trainer_type: TRL_SFT, mixed_precision_dtype: BF16}\n",
        early=True,
    ),
    Rule(
        rule="TRN022",
        where=when("model.enable_liger_kernel", lambda c: c.get("model.enable_liger_kernel") and c.trainer in ("TRL_KTO", "VERL_GRPO")),
        message="Oumi has no Liger kernels for this trainer.",
        fix="Leave model.enable_liger_kernel out.",
        edits=REMOVE,
        summary="Liger kernels with a trainer that Oumi cannot give them to",
        why='TrainingConfig raises "Unrecognized trainer type!" for TRL_KTO and VERL_GRPO with enable_liger_kernel (code of Oumi 0.9).',
        bad="model: {model_name: gpt2, enable_liger_kernel: true}\ntraining: {trainer_type: TRL_KTO}\n",
        good="model: {model_name: gpt2, enable_liger_kernel: true}\ntraining: {trainer_type: TRL_DPO}\n",
        early=True,
    ),
    Rule(
        rule="TRN023",
        where=when("model.compile", lambda c: c.get("model.compile")),
        message="model.compile does not work in training.",
        fix="Use training.compile=true.",
        edits=REMOVE,
        summary="The model is compiled before the trainer has it",
        why="TrainingConfig refuses model.compile (code of Oumi 0.9).",
        bad="model: {model_name: gpt2, compile: true}\n",
        good="model: {model_name: gpt2}\ntraining: {compile: true}\n",
        early=True,
    ),
    Rule(
        rule="TRN024",
        where=when("training.compile", lambda c: c.get("training.compile") and c.get("fsdp.use_orig_params") is False),
        message="A compiled model under FSDP needs fsdp.use_orig_params.",
        fix="Set fsdp.use_orig_params=true, or leave training.compile out.",
        edits=put("fsdp.use_orig_params", True),
        summary="A compiled model whose parameters FSDP has flattened",
        why="TrainingConfig refuses training.compile with fsdp.use_orig_params: false (code of Oumi 0.9).",
        bad="training: {compile: true}\nfsdp: {enable_fsdp: true, use_orig_params: false}\n",
        good="training: {compile: true}\nfsdp: {enable_fsdp: true, use_orig_params: true}\n",
        early=True,
    ),
    Rule(
        rule="TRN025",
        where=when("training.include_performance_metrics", lambda c: c.get("training.include_performance_metrics") and c.trainer == "TRL_GRPO"),
        message="Oumi's GRPO does not take include_performance_metrics.",
        fix="Leave it out.",
        edits=REMOVE,
        summary="Performance metrics with GRPO",
        why="TrainingParams refuses the two together (code of Oumi 0.9).",
        bad="training: {trainer_type: TRL_GRPO, include_performance_metrics: true}\n",
        good="training: {trainer_type: TRL_SFT, include_performance_metrics: true}\n",
        early=True,
    ),
    Rule(
        rule="TRN032",
        where=when("training.lr_scheduler_type", _no_least_rate),
        message="cosine_with_min_lr needs the rate to end at.",
        fix="Add training.lr_scheduler_kwargs.min_lr_rate=0.1.",
        edits=put("training.lr_scheduler_kwargs.min_lr_rate", 0.1),
        summary="A cosine schedule without its least learning rate",
        why="Transformers raises when neither min_lr nor min_lr_rate is given, once the trainer is made (measured).",
        bad="training: {trainer_type: TRL_SFT, lr_scheduler_type: cosine_with_min_lr}\n",
        good="training: {trainer_type: TRL_SFT, lr_scheduler_type: cosine_with_min_lr, lr_scheduler_kwargs: {min_lr_rate: 0.1}}\n",
        early=True,
    ),
    Rule(
        rule="TRN033",
        severity="warning",
        where=when("training.warmup_steps", _warmup_too_long),
        message="the warm-up of {value} steps is as long as the run: the learning rate never reaches its value",
        fix="lower training.warmup_steps",
        summary="A warm-up as long as the run",
        why="The learning rate rises over warmup_steps: it never peaks where these are max_steps or more (measured).",
        bad="training: {max_steps: 100, warmup_steps: 100}\n",
        good="training: {max_steps: 100, warmup_steps: 10}\n",
        early=True,
    ),
    Rule(
        rule="TRN034",
        where=when("model.attn_implementation", _flash),
        message="Flash attention needs 16-bit weights and a GPU of compute capability 8.0 or later.",
        fix="Leave model.attn_implementation out: PyTorch's own attention runs here.",
        edits=REMOVE,
        summary="Flash attention where it cannot run",
        why="FlashAttention 2 has kernels for fp16 and bf16 on Ampere and later alone (its README); float32 weights or an older GPU stop the run. "
        "Under autocast transformers hands it the half of float32 weights (its integrations/flash_attention.py).",
        bad="model: {model_name: gpt2, torch_dtype_str: float32, attn_implementation: flash_attention_2}\n",
        good="model: {model_name: gpt2, torch_dtype_str: bfloat16, attn_implementation: flash_attention_2}\n",
        early=True,
    ),
    Rule(
        rule="TRN040",
        where=_no_such_word,
        message='{whose} has no {path} "{value}".',
        fix="{near}",
        summary="An optimizer or schedule that does not exist",
        why="Oumi hands the word to Transformers, which refuses it when the trainer is made; `adamw` and `adam` are such words (measured). Its own trainer has a shorter list (measured with lion_32bit and polynomial).",
        bad="training: {trainer_type: TRL_SFT, optimizer: adamwww}\n",
        good="training: {trainer_type: TRL_SFT, optimizer: adamw_torch_fused}\n",
    ),
    Rule(
        rule="TRN041",
        severity="warning",
        where=when("training.learning_rate", lambda c: c.number("training.learning_rate") == 0),
        message="a learning rate of 0 trains nothing",
        fix="give one, such as 2e-4 for adapters and 2e-5 for all parameters",
        summary="A learning rate of 0",
        why="The run ends well and the weights are those that it began with (measured).",
        bad="training: {learning_rate: 0.0}\n",
        good="training: {learning_rate: 2.0e-5}\n",
    ),
    Rule(
        rule="TRN042",
        severity="info",
        where=_rate_far_off,
        message="a learning rate of {value} is unusual",
        fix="usual is {usual}",
        summary="A learning rate far from the usual band",
        why="Oumi's own recipes train all parameters at 5e-7 to 2e-5 (pretraining apart) and adapters at 3e-4.",
        bad="training: {trainer_type: TRL_SFT, learning_rate: 0.01}\n",
        good="training: {trainer_type: TRL_SFT, learning_rate: 2.0e-5}\n",
    ),
    Rule(
        rule="TRN043",
        severity="warning",
        where=when("training.warmup_ratio", _two_warmups),
        message="warmup_ratio has no effect beside warmup_steps",
        fix="keep one of the two",
        summary="Two warm-ups",
        why="Transformers takes the steps; Oumi's own trainer stops at the two together (measured).",
        bad="training: {warmup_ratio: 0.1, warmup_steps: 100}\n",
        good="training: {warmup_steps: 100}\n",
    ),
    Rule(
        rule="TRN044",
        severity="info",
        where=when("training.num_train_epochs", _epochs_beside_steps),
        message="num_train_epochs has no effect: max_steps ends the run",
        fix="keep one of the two",
        summary="Epochs beside a number of steps",
        why="Where both are given, max_steps wins (code of Oumi 0.9: TrainingParams).",
        bad="training: {max_steps: 100, num_train_epochs: 3}\n",
        good="training: {num_train_epochs: 3}\n",
    ),
    Rule(
        rule="TRN045",
        severity="warning",
        where=when("training.save_epoch", _epochs_never_saved),
        message="save_epoch has no effect: save_steps is above 0 (500 where it is left out) and wins",
        fix="set training.save_steps: 0",
        edits=put("training.save_steps", 0),
        summary="Epochs that are never saved",
        why="save_steps above 0 makes the strategy `steps`, whatever save_epoch says (measured).",
        bad="training: {save_epoch: true}\n",
        good="training: {save_epoch: true, save_steps: 0}\n",
    ),
    Rule(
        rule="TRN046",
        where=_wrong_strategies,
        message='{path} cannot be "{value}".',
        fix="It is one of no, steps, epoch.",
        summary="A strategy that Transformers does not know",
        why="The words are plain text to Oumi and fail when the trainer's arguments are made (measured).",
        bad="training: {eval_strategy: step}\n",
        good="training: {eval_strategy: 'no'}\n",
    ),
    Rule(
        rule="TRN047",
        severity="warning",
        where=_quantised_in_vain,
        message="{path} is ignored: the weights are loaded whole",
        fix="set training.use_peft, peft.q_lora: true",
        summary="Weights that are not quantised",
        why="In training model_kwargs reach AutoConfig and not from_pretrained: load_in_4bit does nothing (code of Oumi 0.9: builders/models.py).",
        bad="model: {model_name: gpt2, model_kwargs: {load_in_4bit: true}}\n",
        good="model: {model_name: gpt2}\ntraining: {use_peft: true}\npeft: {q_lora: true, bnb_4bit_quant_type: nf4, bnb_4bit_compute_dtype: bfloat16}\n",
    ),
    Rule(
        rule="TRN048",
        severity="info",
        where=when("training.dataloader_prefetch_factor", _prefetch_without_workers),
        message="dataloader_prefetch_factor has no effect without workers",
        fix="set training.dataloader_num_workers: auto",
        edits=put("training.dataloader_num_workers", "auto"),
        summary="Prefetching without workers",
        why="Oumi drops the factor where dataloader_num_workers is 0, its default (measured).",
        bad="training: {dataloader_prefetch_factor: 8}\n",
        good="training: {dataloader_prefetch_factor: 8, dataloader_num_workers: auto}\n",
    ),
    Rule(
        rule="TRN049",
        where=when("training.dataloader_persistent_workers", _kept_workers_without_any),
        message="PyTorch keeps no workers alive where there are none.",
        fix="Set training.dataloader_num_workers, or leave it out.",
        edits=REMOVE,
        summary="Persistent workers without workers",
        why="DataLoader raises for persistent_workers with num_workers 0 (measured).",
        bad="training: {trainer_type: TRL_SFT, dataloader_persistent_workers: true}\n",
        good="training: {trainer_type: TRL_SFT, dataloader_num_workers: 4, dataloader_persistent_workers: true}\n",
    ),
    Rule(
        rule="TRN050",
        severity="warning",
        where=_no_bf16,
        message="{gpu} has no bfloat16: it is emulated or refused",
        fix="use float16 with mixed_precision_dtype FP16 over float32 weights, or another GPU",
        summary="bfloat16 on a GPU without it",
        why="Tensor cores take bfloat16 from compute capability 8.0 on; Transformers refuses bf16 training where torch finds no support (measured on CPU).",
        bad="model: {model_name: gpt2, torch_dtype_str: bfloat16}\n",
        good="model: {model_name: gpt2, torch_dtype_str: float32}\n",
        gpus="T4",
    ),
    Rule(
        rule="TRN051",
        severity="warning",
        where=when("model.torch_dtype_str", lambda c: c.method == "full" and c.text("model.torch_dtype_str") in ("float16", "f16", "half")),
        message="all parameters in float16 train without a loss scaler: small gradients become 0",
        fix="use bfloat16, or float32 with training.mixed_precision_dtype: FP16",
        summary="Training all parameters in float16",
        why="Without mixed_precision_dtype there is no scaler, and Adam's states are float16 too (measured: it runs without a word).",
        bad="model: {model_name: gpt2, torch_dtype_str: float16}\n",
        good="model: {model_name: gpt2, torch_dtype_str: bfloat16}\n",
    ),
    Rule(
        rule="TRN052",
        severity="info",
        where=when("model.torch_dtype_str", _float32_by_default),
        message="weights, gradients and optimizer states may be float32: twice the memory of bfloat16",
        fix="set model.torch_dtype_str: bfloat16",
        edits=put("model.torch_dtype_str", "bfloat16"),
        summary="All parameters in float32, or in whatever the file holds",
        why="auto takes the type that the checkpoint is stored in; Oumi's full recipes set bfloat16, 8 bytes a parameter instead of 16.",
        bad="model: {model_name: gpt2}\n",
        good="model: {model_name: gpt2, torch_dtype_str: bfloat16}\n",
    ),
    Rule(
        rule="TRN053",
        severity="warning",
        where=when("training.learning_rate", _dpo_default_rate),
        message="no learning rate is set: 5e-5 is high for dpo",
        fix="set training.learning_rate, 5e-7 to 5e-6 for all parameters",
        summary="DPO at Oumi's default learning rate",
        why="TrainingParams defaults to 5e-5, TRL's own default for DPO is 1e-6 (its DPOConfig).",
        bad="training: {trainer_type: TRL_DPO}\n",
        good="training: {trainer_type: TRL_DPO, learning_rate: 1.0e-6}\n",
    ),
    Rule(
        rule="TRN054",
        severity="info",
        where=when("training.max_grad_norm", lambda c: c.is_file and c.number("training.max_grad_norm") == 0),
        message="max_grad_norm 0 switches clipping off",
        fix="1.0 is usual",
        summary="No clipping of gradients",
        why="0 is falsy, and Transformers clips only where the norm is above 0 (code); some of Oumi's recipes do so on purpose.",
        bad="training: {max_grad_norm: 0.0}\n",
        good="training: {max_grad_norm: 1.0}\n",
    ),
)
