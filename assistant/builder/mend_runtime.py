"""Errors of number formats, kernels and data at run time that a field of the config mends."""

from __future__ import annotations

import re
from typing import Any

from assistant.builder.edit import Edit
from assistant.builder.mend_changes import BITSANDBYTES, LIGER_PACKAGE, Setting
from assistant.builder.mend_fields import fields_in
from assistant.builder.mend_types import Case, Mending
from assistant.core.errors import OumiChatError
from assistant.core.units import gib
from assistant.planner.memory import host_bytes

PACKAGES: dict[str, tuple[str, str]] = {
    "liger_kernel": (LIGER_PACKAGE, "model.enable_liger_kernel"),
    "liger": (LIGER_PACKAGE, "model.enable_liger_kernel"),
    "liger-kernel": (LIGER_PACKAGE, "model.enable_liger_kernel"),
    "bitsandbytes": (BITSANDBYTES, ""),
    "flash_attn": ("pip install flash-attn --no-build-isolation", "model.attn_implementation"),
    "flash attention 2": ("pip install flash-attn --no-build-isolation", "model.attn_implementation"),
    "deepspeed": ('pip install "oumi[deepspeed]"', ""),
    "vllm": ("pip install vllm", "training.grpo.use_vllm"),
    "torchdata": ('pip install "oumi[torchdata]"', "data.train.use_torchdata"),
    "llama_cpp": ('pip install "oumi[llama_cpp]"', ""),
    "optuna": ('pip install "oumi[tune]"', ""),
    "lm_eval": ('pip install "oumi[evaluation]"', ""),
    "wandb": ("pip install wandb", "training.enable_wandb"),
    "tensorboard": ("pip install tensorboard", "training.enable_tensorboard"),
    "mlflow": ("pip install mlflow", "training.enable_mlflow"),
    "oumi": ("pip install oumi", ""),
}
"""Module → what installs it (Oumi 0.9's extras where it has one), and the field that does without."""
_PAD_TOKENS = ((("qwen2", "qwen3", "qwen2_moe", "qwen3_moe"), 0, "<|endoftext|>"), (("llama",), 128_000, "<|finetune_right_pad_id|>"), (("gpt2", "gpt_neox"), 0, "<|endoftext|>"))
"""Model types, least vocabulary, and a token of theirs that pads: from the published tokenizers."""


def missing_module(case: Case) -> Mending:
    """The package, or the config without what needs it."""
    module = case.detail("module").lower().partition(".")[0]
    message = f"The package {module} is not installed where the training runs."
    install, path = PACKAGES.get(module, ("", ""))
    if not install:
        return Mending(message=message, cause="Nothing in an Oumi config asks for it by name.", effect="Install what provides it, in the environment of oumi.")
    value: Any = case.get(path) if path else None
    edit = Edit(path=path, remove=True) if path == "model.attn_implementation" else Edit(path=path, value=False)
    if value in (None, False):
        return Mending(message=message, cause=_needed_by(case, module), commands=(install,))
    return Mending(message=message, cause=f"{path} is {value}.", commands=(install,), changes=(edit,), alternative=True, effect=_without(case, path))


def _needed_by(case: Case, module: str) -> str:
    if module == "bitsandbytes":
        optimizer = str(case.get("training.optimizer") or "")
        return "peft.q_lora needs it." if case.get("peft.q_lora") else f"{optimizer} needs it." if "bit" in optimizer else "QLoRA and 8-bit optimizers need it."
    if module == "deepspeed":
        return "deepspeed.enable_deepspeed needs it."
    return "The run needs it."


def _without(case: Case, path: str) -> str:
    """What the run is like without the package, in figures where they are known."""
    if path == "model.attn_implementation":
        return "Without the field, PyTorch's own attention runs, which has FlashAttention built in."
    if path != "model.enable_liger_kernel" or case.body is None or case.model is None or case.machine is None:
        return "Or without it."
    try:
        plain = Setting.of({**case.body, "model": {**case.body["model"], "enable_liger_kernel": False}}, case.model, case.machine)
    except OumiChatError:
        return "Or without it."
    fits = "fits" if plain.memory.fits(case.machine.usable_gib) else "does not fit"
    return f"Or without it: {gib(plain.memory.upper):.1f} GiB a GPU at most, which {fits} {case.machine.usable_gib:.1f} usable."


def no_bf16(case: Case) -> Mending:
    """float32 weights under fp16 autocast: fp16 weights alone underflow."""
    edits: tuple[Edit, ...] = ()
    effect = ""
    if case.body is not None:
        edits = (Edit(path="model.torch_dtype_str", value="float32"), Edit(path="training.mixed_precision_dtype", value="FP16"))
        if case.get("peft.q_lora"):
            edits += (Edit(path="peft.bnb_4bit_compute_dtype", value="float16"),)
        effect = f"fp16 autocast over float32 weights{_costs(case, edits)}."
    return Mending(message="The GPU does not compute in bf16.", cause="bf16 needs an NVIDIA GPU from Ampere on (compute capability 8.0), or a recent one of AMD's.", changes=edits, effect=effect)


def _costs(case: Case, edits: tuple[Edit, ...]) -> str:
    if case.body is None or case.model is None or case.machine is None:
        return ", which hold twice as much"
    from assistant.builder.edit import edited

    try:
        after = Setting.of(edited(case.body, edits), case.model, case.machine)
    except OumiChatError:
        return ", which hold twice as much"
    fits = "fits" if after.memory.fits(case.machine.usable_gib) else "does not fit"
    return f": {gib(after.memory.upper):.1f} GiB a GPU at most, which {fits} {case.machine.usable_gib:.1f} usable"


def no_flash(case: Case) -> Mending:
    """PyTorch's own attention."""
    edits = (Edit(path="model.attn_implementation", remove=True),) if case.get("model.attn_implementation") else ()
    return Mending(message="FlashAttention 2 does not run here.", cause="It needs 16-bit weights and an NVIDIA GPU of compute capability 8.0 or later.", changes=edits, effect="PyTorch's own attention runs instead.")


def mixed_dtypes(case: Case) -> Mending:
    """FSDP puts parameters of one format together: 4-bit ones stand beside float32, so QLoRA runs with a copy on each GPU."""
    one, other = case.detail("one"), case.detail("other")
    message = f"FSDP cannot put {one} and {other} parameters together." if one else "FSDP cannot put these parameters together: their number formats differ."
    if case.get("peft.q_lora") and case.get("fsdp.enable_fsdp"):
        edits = (Edit(path="fsdp.enable_fsdp", value=False),)
        cause = "QLoRA cannot be sharded with Oumi 0.9: PEFT's preparation makes float32 parameters beside the 4-bit ones."
        return Mending(message=message, cause=cause, changes=edits, effect=f"Every GPU holds the 4-bit model whole{_fits_after(case, edits)}. Or LoRA without q_lora, which FSDP does shard.")
    dtype = case.get("model.torch_dtype_str")
    if case.body is not None and dtype in (None, "auto"):
        edits = (Edit(path="model.torch_dtype_str", value="bfloat16"),)
        return Mending(message=message, cause="model.torch_dtype_str is auto: parts of the model may load in formats of their own.", changes=edits, effect="All weights load in bfloat16.")
    return Mending(message=message, cause="Some parameters of the model have another format than the rest; no field of the config tells which.")


def _fits_after(case: Case, edits: tuple[Edit, ...]) -> str:
    words = _costs(case, edits)
    return words if words.startswith(":") else ""


def autocast(case: Case) -> Mending:
    """Autocast needs float32 weights; bf16 weights need no autocast."""
    edits = (Edit(path="training.mixed_precision_dtype", remove=True),) if case.get("training.mixed_precision_dtype") else ()
    return Mending(message="Oumi runs autocast over float32 weights only.", cause="training.mixed_precision_dtype stands beside 16-bit weights.", changes=edits, effect="The weights' own format is computed in.")


def no_chat_template(case: Case) -> Mending:
    """A template for a tokenizer that has none."""
    edits: tuple[Edit, ...] = ()
    own = case.model.chat_template if case.model else None
    name = own if own and own != "auto" else "chat_ml"
    if case.body is not None:
        edits = (Edit(path="model.chat_template", value=name),)
    return Mending(message="The tokenizer has no chat template.", cause="Base models are published without one; the instruct model of the same family has its own.", changes=edits, effect=f"Conversations are written in Oumi's {name} template." if edits else "")


def no_pad_token(case: Case) -> Mending:
    """A token that the tokenizer has: a new one would lie beyond the embedding."""
    model = case.model
    found = next((t for types, least, t in _PAD_TOKENS if model and model.model_type in types and model.vocab_size >= least), None)
    cause = "Rows of a batch are padded to one length. The token must be one that the tokenizer has: Oumi does not enlarge the embedding for a new one."
    if found is None or case.body is None:
        return Mending(message="The tokenizer has no padding token.", cause=f"{cause} Set model.tokenizer_pad_token to one of its special tokens.")
    return Mending(message="The tokenizer has no padding token.", cause=cause, changes=(Edit(path="model.tokenizer_pad_token", value=found),), effect=f"{found} pads.")


def too_long(case: Case) -> Mending:
    """Rows cut at what the model reads."""
    limit = int(case.detail("limit") or 0)
    tokens = f" of {int(case.detail('tokens')):,} tokens" if case.detail("tokens") else ""
    most = case.model.max_positions if case.model and case.model.max_positions else limit
    limit = min(limit, most) if most else limit
    edits = (Edit(path="model.model_max_length", value=limit),) if case.body is not None and limit and case.get("model.model_max_length") != limit else ()
    return Mending(message=f"A row{tokens} is longer than the {limit:,} that the model reads.", cause="Longer rows are cut, or fail, depending on the trainer.", changes=edits, effect=f"Rows are cut at {limit:,} tokens." if edits else "")


def remote_code(case: Case) -> Mending:
    """Leave for the code of the model's repository, with what that means."""
    name = case.detail("model") or (case.model.id if case.model else "the model")
    edits = (Edit(path="model.trust_remote_code", value=True),) if case.body is not None and not case.get("model.trust_remote_code") else ()
    if case.model is not None and not case.model.trust_remote_code and not case.model.local and not case.model.rough:
        cause = f"transformers has {case.model.id} built in: an old transformers asks for this."
        return Mending(message=f"{name} brings code of its own.", cause=cause, commands=("pip install -U transformers",), changes=edits, alternative=True, effect="Or let the repository's code run here: read it first.")
    return Mending(message=f"{name} brings code of its own.", cause="transformers runs it only with leave.", changes=edits, effect="The repository's code will run with your rights: read it first, and pin model.model_revision.")


def nan(case: Case) -> Mending:
    """What most often makes a loss NaN in this config; the first that applies."""
    message = f"The {(case.detail('what') or 'loss').lower()} became NaN."
    dtype, rate = str(case.get("model.torch_dtype_str") or ""), _number(case.get("training.learning_rate"))
    if dtype.lower() in ("float16", "fp16", "f16", "half"):
        edit, why, effect = Edit(path="model.torch_dtype_str", value="bfloat16"), "Weights in float16 overflow and underflow: nothing scales their gradients.", "bfloat16 has the range of float32."
    elif case.get("training.max_grad_norm") in (0, 0.0):
        edit, why, effect = Edit(path="training.max_grad_norm", value=1.0), "training.max_grad_norm is 0: gradients are not clipped.", "One bad batch no longer throws the weights off."
    elif rate:
        edit, why, effect = Edit(path="training.learning_rate", value=float(f"{rate / 4:.3g}")), f"The learning rate is {rate:g}; nothing else in the config explains it.", "A quarter of the rate is a try, not a certainty: look at the rows of that step too."
    else:
        return Mending(message=message, cause="Nothing in the config explains it: look at the rows of that step.")
    return Mending(message=message, cause=why, changes=(edit,), effect=effect)


def _number(value: Any) -> float | None:
    """A number as Oumi reads it: YAML 1.1 takes 1e-4 for text."""
    if isinstance(value, str) and re.fullmatch(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", value):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def cpu_memory(case: Case) -> Mending:
    """The system's memory, not the GPU's: what of it the config decides."""
    message = "The system ended the program because its own memory (RAM) ran out, not the GPU's."
    setting = _setting(case)
    if case.get("fsdp.cpu_offload") and setting is not None:
        need = gib(host_bytes(setting.run))
        edits = (Edit(path="fsdp.cpu_offload", value=False),)
        after = _costs(case, edits)
        cause = f"fsdp.cpu_offload keeps about {need:.0f} GiB of states in RAM, all GPUs together."
        if after.startswith(":") and "does not fit" not in after:
            return Mending(message=message, cause=cause, changes=edits, effect=f"The states stay on the GPUs{after}.")
        return Mending(message=message, cause=cause, effect=f"On the GPUs the states would not fit{after}. More RAM, or more GPUs.")
    workers = case.get("training.dataloader_num_workers")
    if workers not in (None, 0):
        edits = (Edit(path="training.dataloader_num_workers", value=0),)
        return Mending(message=message, cause=f"Each of the {workers} data-loading workers of each GPU holds a copy of what it reads.{_loading(setting)}", changes=edits, effect="Rows are prepared by the training process itself.")
    return Mending(message=message, cause=f"No field of the config holds much of it.{_loading(setting)}", effect="More RAM, or fewer processes on this machine." + (" A streamed set (data.train.stream with training.max_steps) is not read whole." if case.body else ""))


def _loading(setting: Setting | None) -> str:
    if setting is None:
        return ""
    each = gib(setting.model.params_total * (2.0 if setting.run.method == "qlora" else setting.run.weight_bytes))
    return f" Loading takes up to {each:.0f} GiB for each process."


def _setting(case: Case) -> Setting | None:
    if case.body is None or case.model is None or case.machine is None:
        return None
    try:
        return Setting.of(case.body, case.model, case.machine)
    except OumiChatError:
        return None


def vllm_memory(case: Case) -> Mending:
    """vLLM beside training has a share of the GPU; alone its share cannot be set in an Oumi config."""
    path = "training.grpo.vllm_gpu_memory_utilization"
    share = _number(case.get(path)) or 0.9
    message = "vLLM found no memory for its cache after loading the weights."
    if not str(case.get("training.trainer_type") or "").endswith("GRPO"):
        return Mending(message=message, cause="The weights take all that vLLM may use; Oumi's inference configs have no field for that share.", effect="A smaller or quantised model, more GPUs (vLLM splits over all it sees), or no other process on the card.", commands=("nvidia-smi",))
    if case.model is None or case.machine is None:
        return Mending(message=message, cause=f"{path} is {share:g}.", effect="The model's shape or the machine is not known, so no share can be worked out.")
    weights = gib(case.model.params_total * 2.0)
    needed = round((weights * 1.1 + 2.0) / case.machine.usable_gib + 0.05, 2)
    cause = f"Its share is {share:g} of {case.machine.usable_gib:.1f} GiB, and the weights alone take {weights:.1f}."
    if share < needed <= 0.6:
        return Mending(message=message, cause=cause, changes=(Edit(path=path, value=needed),), effect="The weights fit in the share, with room for the cache; training has the rest.")
    return Mending(message=message, cause=cause, effect="Weights, cache and training do not go together on this GPU: vLLM on GPUs of its own (training.grpo.vllm_mode: server), or a smaller model.")


def vllm_length(case: Case) -> Mending:
    """Rows no longer than the cache holds."""
    length = int(case.detail("length") or 0)
    edits = (Edit(path="model.model_max_length", value=length),) if case.body is not None and length else ()
    return Mending(message=f"vLLM's cache holds {length:,} tokens, and the model may read more.", cause="It must hold one sequence of the full length.", changes=edits, effect=f"Sequences end at {length:,} tokens." if edits else "")


def disk_full(case: Case) -> Mending:
    """Room for checkpoints; fewer of them where the trainer can drop old ones."""
    folder = case.get("training.output_dir") or "output"
    message = "The disk is full."
    wide = [p for p, _ in fields_in(case.body or {}) if p == "training.save_steps"]
    cause = f"Checkpoints go to {folder}" + (f", one every {case.get(wide[0])} steps" if wide else ", one every 500 steps by default") + ", and none is ever dropped."
    from assistant.checks.schema import trainer_kwargs

    if case.body is not None and "save_total_limit" in trainer_kwargs(case.get("training.trainer_type")) and case.get("training.trainer_kwargs.save_total_limit") is None:
        edits = (Edit(path="training.trainer_kwargs.save_total_limit", value=2),)
        return Mending(message=message, cause=cause, changes=edits, effect="The last two checkpoints are kept. What is there already must be cleared by hand.", commands=("df -h",))
    return Mending(message=message, cause=cause, effect="Free some, or set training.output_dir to a larger disk.", commands=("df -h",))
