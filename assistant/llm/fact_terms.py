"""The choices that a sentence may name, and which of them hold of a plan."""

from __future__ import annotations

import re

from assistant.core.outcome import Outcome
from assistant.core.values import Plan

TERMS: dict[str, tuple[str, str]] = {
    "ddp": ("sharding", r"\bddp\b|\bdistributed data[- ]parallel\b|\bdata[- ]parallel(?:ism)?\b"),
    "fsdp": ("sharding", r"\bfsdp\d?\b|\bfully sharded(?: data[- ]parallel)?\b"),
    "zero2": ("sharding", r"\bzero(?:[- ]stage)?[- ]?2\b"),
    "zero3": ("sharding", r"\bzero(?:[- ]stage)?[- ]?3\b"),
    "deepspeed": ("sharding", r"\bdeep[- ]?speed\b"),
    "hybrid": ("sharding", r"\bhybrid\w*\b"),
    "offload": ("sharding", r"\b(?:cpu )?offload\w*\b|\bcpu (?:memory|ram)\b|\bhost memory\b"),
    "cpu": ("gpus", r"\bcpus?\b(?! (?:memory|ram|offload))"),
    "sharded": ("sharding", r"\bshard\w*\b|\bsplit\w*\b|\bspread\w*\b|\bdivid\w+\b|\bshar(?:e|es|ed|ing)\b(?! of)|\bpartition\w*\b|\bdistribut\w+\b"),
    "copy": ("sharding", r"\b(?:one |whole |full |complete |own |entire |single )*(?<!temporary )cop(?:y|ies)\b|\breplica\w*\b"),
    "traffic": ("traffic", r"\btraffic\b|\bnetwork\b|\bcommunication\b"),
    "qlora": ("method", r"\bqlora\b"),
    "lora": ("method", r"(?<!q)\blora\b"),
    "adapters": ("method", r"\badapters?\b|\blow[- ]rank\b"),
    "rank": ("lora_rank", r"\brank\b"),
    "alpha": ("lora_alpha", r"\balpha\b"),
    "full": (
        "method",
        r"\bfull(?:[- ]parameter)? (?:fine[- ]?tuning|training)\b|\ball (?:of )?(?:the |its )?(?:\w+'s )?(?:parameters|weights)\b|\bevery (?:parameter|weight)\b"
        r"|\btrains? (?:the )?(?:whole|entire)\b|\b(?:whole|entire) model\b",
    ),
    "frozen": ("method", r"\bfrozen\b|\bfreez\w+\b|\buntouched\b"),
    "quantised": ("method", r"\bquanti[sz]\w+\b|\bnf4\b|\b(?:4|four)[- ]?bits?\b"),
    "8bit": ("optimizer", r"\b(?:8|eight)[- ]?bits?\b|\bpaged\b"),
    "16bit": ("precision", r"\b(?:16|sixteen)[- ]?bits?\b"),
    "32bit": ("optimizer", r"\b(?:32|thirty-two)[- ]?bits?\b"),
    "adamw": ("optimizer", r"\badamw\b"),
    "fused": ("optimizer", r"\bfused\b"),
    "bf16": ("precision", r"\bbf-?16\b|\bbfloat-?16\b"),
    "fp16": ("precision", r"\bfp-?16\b|\bfloat-?16\b|\bhalf precision\b"),
    "fp32": ("precision", r"\bfp-?32\b|\bfloat-?32\b|\bfull precision\b"),
    "mixed": ("precision", r"\bmixed[- ]precision\b|\bautocast\b"),
    "checkpointing": ("gradient_checkpointing", r"\b(?:gradient |activation )?checkpoint(?:ing|ed)\b|\brecomput\w+\b|(?<!nothing is )\bcomput\w+ (?:them )?(?:again|twice)\b"),
    "accumulation": ("batch", r"\b(?:gradient )?accumulat\w+\b|\badded up\b"),
    "kept": ("gradient_checkpointing", r"\bactivations (?:are|is|stay) (?:all )?(?:kept|stored)\b|\bnothing is computed twice\b"),
    "liger": ("liger", r"\bliger(?:'s)?(?: kernels?)?\b"),
    "vllm": ("trainer", r"\bvllm\b"),
    "packing": ("batch", r"\bpack(?:ed|ing|s)\b"),
    "sft": ("objective", r"\bsft\b|\bsupervised\b"),
    "dpo": ("objective", r"\bdpo\b|\bpreference\b"),
    "kto": ("objective", r"\bkto\b"),
    "grpo": ("objective", r"\bgrpo\b|\breinforcement\b|\brewards?\b"),
    "gkd": ("objective", r"\bgkd\b|\bdistil\w*\b|\bteacher\b|\bstudent\b"),
    "pretrain": ("objective", r"\bpre-?train\w*\b"),
    "moe": ("model", r"\bexperts?\b|\bmixture\b|\bmoe\b"),
    "vision": ("model", r"\bvision\b|\bimages?\b"),
    "gated": ("model", r"\bgated\b|\blicen[cs]e\b"),
    "torchrun": ("run", r"\btorchrun\b"),
    "spot": ("cost", r"\bspot\b"),
    "cosine": ("learning_rate", r"\bcosine\b"),
    "asked": ("asked", r"\b(?:as )?(?:you )?(?:have )?(?:asked|requested|wanted)(?: for)?\b"),
    "recipes": ("recipes", r"\b(?:oumi's )?(?:[a-z-]+ )?recipes?\b|\bmedian\b|\bdefaults?\b|\bmost common\b"),
}  # fmt: skip
"""Term → (topic, pattern on lower-case text)."""
COMPILED = {term: (topic, re.compile(pattern)) for term, (topic, pattern) in TERMS.items()}
MENTIONS = frozenset({"asked", "recipes", "copy"})
"""Terms with rules of their own, which a plan neither uses nor leaves out."""


def used_terms(outcome: Outcome, plan: Plan) -> frozenset[str]:
    """The terms that hold of a plan."""
    adapters = plan.method != "full"
    sharded = plan.sharding in ("fsdp", "deepspeed")
    holds = {
        "hybrid": plan.shard_strategy == "HYBRID_SHARD", "offload": plan.cpu_offload, "cpu": plan.cpu_offload or plan.hardware.gpu.kind == "cpu",
        "sharded": sharded, "copy": not sharded or plan.shard_strategy == "HYBRID_SHARD", "lora": adapters, "adapters": adapters, "rank": adapters,
        "alpha": adapters, "full": not adapters, "frozen": adapters or bool(plan.frozen_layers), "qlora": plan.method == "qlora",
        "quantised": plan.method == "qlora", "8bit": "8bit" in plan.optimizer, "16bit": plan.weights_dtype in ("bfloat16", "float16"),
        "32bit": "8bit" not in plan.optimizer, "adamw": "adamw" in plan.optimizer, "fused": "fused" in plan.optimizer,
        "fp32": plan.weights_dtype == "float32", "mixed": plan.mixed_precision is not None, "checkpointing": plan.gradient_checkpointing, "kept": not plan.gradient_checkpointing,
        "accumulation": plan.gradient_accumulation_steps > 1, "liger": plan.liger, "vllm": plan.vllm, "packing": plan.objective == "pretrain",
        "moe": plan.model.is_moe, "vision": plan.vision, "gated": bool(plan.model.gated), "torchrun": any("torchrun" in one for one in outcome.commands),
        "spot": bool(outcome.cost and outcome.cost.spot), "cosine": plan.scheduler == "cosine", "traffic": False,
        "zero2": plan.shard_strategy == "ZERO_2", "zero3": plan.shard_strategy == "ZERO_3",
    }  # fmt: skip
    found = {term for term, true in holds.items() if true}
    return frozenset({*found, plan.sharding, plan.precision, plan.objective} & TERMS.keys())


_FALLEN = {
    "FSDP": "fsdp sharded traffic", "FSDP within a node": "hybrid fsdp sharded", "DDP": "ddp", "FSDP with states in CPU memory": "offload",
    "ZeRO-2": "zero2", "ZeRO-3": "zero3", "QLoRA": "qlora quantised", "LoRA": "lora adapters", "full training": "full",
    "recomputing activations": "checkpointing", "Liger's kernels": "liger", "paged_adamw_8bit": "8bit",
}  # fmt: skip


def named_terms(outcome: Outcome, plan: Plan) -> frozenset[str]:
    """The terms that a plan weighed and did not take."""
    found = {term for reason in plan.fallen for term in _FALLEN.get(str(reason.value), "").split()}
    methods = {one.method for one in (*plan.alternatives, *(way.plan for way in outcome.ways_out if way.plan))}
    more = {"qlora": {"qlora", "quantised"}, "lora": {"lora", "adapters"}, "full": {"full"}}
    found |= {term for method in methods - {plan.method} for term in more.get(method, set())}
    if plan.sharding == "ddp":
        found |= {"sharded", "traffic", "fsdp"}
    both = {"lora"} if plan.method == "qlora" and "lora" in found else set()
    return frozenset(found) - used_terms(outcome, plan) | both
