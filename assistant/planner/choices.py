"""What is left open by a request: the space the search walks, and the values that are fixed."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.core.intent import Intent
from assistant.core.values import Hardware, ModelSpec, Question, Reason
from assistant.planner import defaults
from assistant.planner.data import needs
from assistant.planner.memory import OPTIMIZERS

SMALL_MODEL = 2_000_000_000
"""Up to here Oumi's recipes train all parameters on one 40 GB GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """`said` is the contract's word; `weights` the dtype they are loaded in; `mixed` Oumi's autocast name."""

    said: str
    weights: str
    mixed: str | None
    why: str

    @property
    def weight_bytes(self) -> int:
        """Bytes per weight."""
        return 4 if self.weights == "float32" else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The open choices, in order of preference."""

    objective: str
    methods: tuple[str, ...]
    shardings: tuple[str, ...]
    sequences: tuple[int, ...]
    micro_batches: tuple[int, ...]
    checkpointing: tuple[bool, ...]
    optimizers: tuple[str, ...]
    liger: tuple[bool, ...]
    precision: Precision


def precision_for(intent: Intent, hardware: Hardware) -> Precision:
    """The number format that trains soundly on this GPU.

    fp16 never means fp16 weights: without a loss scaler their gradients underflow, and Oumi allows
    autocast with float32 weights only.
    """
    gpu, said = hardware.gpu, intent.precision
    half = gpu.kind not in ("cpu", "unified")
    if said == "bf16" and not gpu.bf16 and gpu.kind != "cpu":
        choices = ("fp16", "fp32") if half else ("fp32",)
        raise needs(Question(field="precision", text=f"{gpu.name} has no bf16. What instead?", choices=choices))
    if said == "fp16" and not half:
        text = f"fp16 training needs a GPU with a loss scaler; {gpu.name} has none. What instead?"
        raise needs(Question(field="precision", text=text, choices=("fp32",)))
    if said == "fp32":
        return Precision(said="fp32", weights="float32", mixed=None, why="as asked")
    if said == "fp16" or (said is None and half and not gpu.bf16):
        why = "float32 weights with fp16 autocast: fp16 weights alone underflow"
        return Precision(said="fp16", weights="float32", mixed="FP16", why=f"{gpu.name}: {why}" if said is None else why)
    if said == "bf16" or gpu.bf16:
        return Precision(said="bf16", weights="bfloat16", mixed=None, why="the GPU computes in bf16, weights too")
    return Precision(said="fp32", weights="float32", mixed=None, why=f"{gpu.name} computes in float32")


def methods_for(intent: Intent, model: ModelSpec, hardware: Hardware, *, full_only: bool) -> tuple[tuple[str, ...], str]:
    """(methods to try, best first; why)."""
    if full_only and intent.method in (None, "full"):
        return ("full",), "the VERL trainer of this reward trains all parameters"
    if full_only:
        text = f"This dataset's reward works only with Oumi's VERL trainer, which cannot train {intent.method}. What instead?"
        raise needs(Question(field="dataset", text=text, choices=("oumi-ai/oumi-letter-count", "trl-lib/tldr")))
    if intent.method == "qlora" and hardware.gpu.kind == "unified":
        text = f"bitsandbytes is slow on {hardware.gpu.name}: it has no kernels for Apple's GPUs. What instead of QLoRA?"
        raise needs(Question(field="method", text=text, choices=("lora", "full")))
    if intent.method == "qlora" and model.stored_as:  # refused by transformers 5 (quantizers/auto.py)
        text = f"{model.id} is published in {model.stored_as}, which QLoRA cannot quantise again. Train it how?"
        raise needs(Question(field="method", text=text, choices=("lora", "full")))
    if intent.method:
        return (intent.method,), "as asked"
    quantised = ("qlora",) if hardware.gpu.is_torch_cuda and not model.stored_as else ()
    if intent.lora_rank or intent.lora_alpha:
        return ("lora", *quantised), "adapters, since their rank or alpha was said"
    if intent.priority == "quality" or intent.objective == "pretrain":
        return ("full", "lora", *quantised), "all parameters where they fit, since quality comes first"
    if model.params_total <= SMALL_MODEL:
        return ("full", "lora", *quantised), "a model this small trains whole"
    return ("lora", *quantised), "adapters reach most of full training's quality at a fraction of its memory"


_ZERO_STAGES = {"ZERO_2": ("zero2",), "ZERO_3": ("zero3",)}


def shardings_for(intent: Intent, hardware: Hardware) -> tuple[str, ...]:
    """Ways to spread the states, cheapest traffic first."""
    if hardware.world == 1:
        if intent.sharding in ("fsdp", "deepspeed"):
            text = f"{intent.sharding} spreads a model over several GPUs, and there is one. Train without it?"
            raise needs(Question(field="sharding", text=text, choices=("none",)))
        return ("none",)
    whole = ("hybrid",) if hardware.nodes > 1 and hardware.count > 1 else ()
    said = {
        "none": ("ddp",),
        "ddp": ("ddp",),
        "fsdp": (*whole, "fsdp", "fsdp-offload"),
        "deepspeed": _ZERO_STAGES.get(str((intent.overrides or {}).get("deepspeed.zero_stage")), ("zero2", "zero3")),
    }
    return said[intent.sharding] if intent.sharding else ("ddp", *whole, "fsdp", "fsdp-offload")


def sequences_for(intent: Intent, model: ModelSpec, objective: str, advised: int | None = None) -> tuple[int, ...]:
    """Sequence lengths to try, longest first; the one that was said alone if one was.

    They begin with what the rows of a local file ask for, if that was read, else with the objective's default.
    """
    limit = model.max_positions
    if intent.sequence_length:
        if limit and intent.sequence_length > limit:
            text = f"{model.id} reads at most {limit:,} tokens, and {intent.sequence_length:,} were asked for. How many?"
            raise needs(Question(field="sequence_length", text=text, choices=(str(limit),)))
        return (intent.sequence_length,)
    start = advised or defaults.SEQUENCE[objective]
    lengths = [n for n in (start, start // 2, start // 4) if n >= min(512, start)]
    capped = [min(n, limit) if limit else n for n in lengths]
    return tuple(dict.fromkeys(capped))


LIGER_TYPES = frozenset(
    ["llama", "mistral", "mixtral", "gemma", "gemma2", "gemma3", "gemma3_text", "qwen2", "qwen3", "qwen3_moe", "qwen2_vl",
     "qwen2_5_vl", "phi3", "mllama", "granite", "olmo2", "glm4", "paligemma", "llava", "internvl", "smollm3"]
)
"""Model types that Liger-Kernel patches (its table MODEL_TYPE_TO_APPLY_LIGER_FN, 0.6)."""
LIGER_OBJECTIVES = frozenset(["sft", "pretrain", "dpo", "gkd"])
"""Objectives whose trainer Oumi hands `use_liger_kernel` to; KTO and VERL are refused at load (Oumi 0.9)."""


def liger_for(intent: Intent, model: ModelSpec, hardware: Hardware, objective: str) -> tuple[bool, ...]:
    """Without Liger's kernels, then with them: they need a package of their own, so only where memory asks for them."""
    said = (intent.overrides or {}).get("model.enable_liger_kernel")
    if isinstance(said, bool):
        return (said,)
    able = hardware.gpu.is_cuda and hardware.gpu.bf16 and model.model_type in LIGER_TYPES and objective in LIGER_OBJECTIVES
    return (False, True) if able else (False,)


def excluded(method: str, sharding: str, optimizer: str, objective: str) -> tuple[str, str, tuple[str, ...]] | None:
    """(field, why, what instead) of a combination that Oumi or its libraries do not run; None when they do."""
    if "8bit" in optimizer and sharding not in ("none", "ddp"):
        text = f"{optimizer} keeps its states per GPU and does not work with sharded parameters. Which optimizer?"
        return "training.optimizer", text, ("adamw_torch_fused",)
    if sharding == "fsdp-offload" and (method != "full" or objective in ("grpo", "gkd")):
        return "sharding", "States in CPU memory are planned for full training only. What instead?", ("fsdp",)
    if method == "qlora" and sharding in ("fsdp", "fsdp-offload", "hybrid", "zero3"):
        text = (
            "QLoRA cannot be sharded with Oumi 0.9: PEFT's preparation makes float32 parameters beside the 4-bit ones, "
            "and FSDP and ZeRO-3 refuse to put the two together. What instead?"
        )
        return "sharding", text, ("ddp", "lora with fsdp")
    return None


def optimizers_for(intent: Intent, hardware: Hardware) -> tuple[str, ...]:
    """AdamW in its fused form where there is a GPU; 8-bit paged states as a fallback."""
    said = (intent.overrides or {}).get("training.optimizer")
    if isinstance(said, str) and said in OPTIMIZERS:
        return (said,)
    if hardware.gpu.kind in ("cpu", "unified"):
        return ("adamw_torch",)
    return ("adamw_torch_fused", "paged_adamw_8bit") if hardware.gpu.is_cuda else ("adamw_torch_fused",)


def checkpointing_for(intent: Intent) -> tuple[bool, ...]:
    """Recompute activations or keep them: both, unless said."""
    said = (intent.overrides or {}).get("training.enable_gradient_checkpointing")
    return (said,) if isinstance(said, bool) else (False, True)


def micro_batches_for(intent: Intent, objective: str, *, vision: bool) -> tuple[int, ...]:
    """Sequences per GPU and step to try."""
    if intent.micro_batch_size:
        if objective == "kto" and intent.micro_batch_size < 2:
            text = "KTO compares rows within a micro-batch and refuses 1. How many per GPU?"
            raise needs(Question(field="micro_batch_size", text=text, choices=("2", "4")))
        return (intent.micro_batch_size,)
    if vision:
        return (1,)
    return tuple(b for b in (1, 2, 4, 8, 16) if objective != "kto" or b >= 2)


def space_for(
    intent: Intent, model: ModelSpec, hardware: Hardware, *, full_only: bool, vision: bool, advised: int | None = None
) -> tuple[Space, Reason]:
    """All that may vary, and why the methods are tried in this order."""
    objective = intent.objective or "sft"
    methods, why = methods_for(intent, model, hardware, full_only=full_only)
    space = Space(
        objective=objective,
        methods=methods,
        shardings=("fsdp",) if full_only and hardware.world > 1 else shardings_for(intent, hardware),
        sequences=sequences_for(intent, model, objective, advised),
        micro_batches=micro_batches_for(intent, objective, vision=vision),
        checkpointing=checkpointing_for(intent),
        optimizers=optimizers_for(intent, hardware),
        liger=liger_for(intent, model, hardware, objective),
        precision=precision_for(intent, hardware),
    )
    return space, Reason(field="method", value=methods[0], why=why)
