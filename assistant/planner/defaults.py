"""What upstream recipes and trainers start from. Every figure names where it comes from.

"recipes" are Oumi's own training configs (oumi-ai/oumi d8ed07778, August 2026): the median or most common
value over the configs of that method. "TRL" are the defaults of TRL 1.6's trainer configs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A default and its source."""

    value: float
    source: str


TRAINERS = {
    "sft": "TRL_SFT",
    "dpo": "TRL_DPO",
    "kto": "TRL_KTO",
    "grpo": "TRL_GRPO",
    "gkd": "TRL_GKD",
    "pretrain": "TRL_SFT",
}

_RECIPES = "what Oumi's recipes use for this method"
LEARNING_RATES: dict[tuple[str, bool], Figure] = {
    ("sft", False): Figure(value=2e-5, source=_RECIPES),
    ("sft", True): Figure(value=3e-4, source=_RECIPES),
    ("dpo", False): Figure(value=1e-6, source="TRL's default for DPO"),
    ("dpo", True): Figure(value=1e-5, source="ten times TRL's full-training default, as adapters need"),
    ("kto", False): Figure(value=1e-6, source="TRL's default for KTO"),
    ("kto", True): Figure(value=1e-5, source="ten times TRL's full-training default, as adapters need"),
    ("grpo", False): Figure(value=1e-6, source="TRL's default for GRPO"),
    ("grpo", True): Figure(value=1e-5, source="ten times TRL's full-training default, as adapters need"),
    ("gkd", False): Figure(value=2e-5, source="as for supervised full fine-tuning"),
    ("gkd", True): Figure(value=1e-4, source="Oumi's distillation recipes"),
    ("pretrain", False): Figure(value=2e-5, source="training goes on from published weights"),
    ("pretrain", True): Figure(value=3e-4, source=_RECIPES),
}
"""(objective, adapters?) → learning rate."""

_BY_SIZE = "GPT-3's at this size, as the weights start at random"
FROM_SCRATCH = tuple(
    (billions * 1e9, Figure(value=rate, source=_BY_SIZE))
    for billions, rate in ((0.24, 6e-4), (0.56, 3e-4), (1.0, 2.5e-4), (2.0, 2e-4), (4.7, 1.6e-4), (10.0, 1.2e-4), (94.0, 1e-4), (float("inf"), 6e-5))
)
"""(up to that many parameters, learning rate) where nothing was trained before: Brown et al. 2020, table 2.1, for 125M, 350M, 760M, 1.3B, 2.7B,
6.7B, 13B and 175B, each up to half way to the next; Oumi's recipe for GPT-2 (124M) has the same 6e-4."""

VISION_LORA_RATE = Figure(value=2e-5, source="every vision LoRA recipe of Oumi")
FAMILY_LORA_RATES = {
    "gemma4": Figure(value=2e-4, source="Oumi's Gemma 4 recipes"),
    "gpt_oss": Figure(value=2e-4, source="Oumi's gpt-oss recipes"),
    "llama4": Figure(value=2e-5, source="Oumi's Llama 4 recipes"),
}

GLOBAL_BATCH: dict[tuple[str, bool], Figure] = {
    ("sft", False): Figure(value=16, source="median of Oumi's full fine-tuning recipes"),
    ("sft", True): Figure(value=64, source="median of Oumi's LoRA recipes"),
    ("dpo", False): Figure(value=64, source="Oumi's DPO recipes: 2 × 8 on 4 GPUs"),
    ("dpo", True): Figure(value=64, source="Oumi's DPO recipes: 2 × 8 on 4 GPUs"),
    ("kto", False): Figure(value=64, source="as for DPO"),
    ("kto", True): Figure(value=64, source="as for DPO"),
    ("grpo", False): Figure(value=32, source="four prompts of eight completions a step"),
    ("grpo", True): Figure(value=32, source="four prompts of eight completions a step"),
    ("gkd", False): Figure(value=16, source="as for supervised full fine-tuning"),
    ("gkd", True): Figure(value=16, source="as for supervised full fine-tuning"),
    ("pretrain", False): Figure(value=128, source="16 sequences a GPU on 8 GPUs in Oumi's recipe"),
    ("pretrain", True): Figure(value=128, source="16 sequences a GPU on 8 GPUs in Oumi's recipe"),
}
"""(objective, adapters?) → sequences per optimizer step."""

SEQUENCE = {"sft": 4096, "dpo": 2048, "kto": 2048, "grpo": 1024, "gkd": 2048, "pretrain": 2048}
"""Tokens, where none were said; halved down to 1,024 (512) while memory asks for it."""

IMAGE_TOKENS = 1280
"""Image tokens a row to plan for: Qwen2-VL's processor makes up to that of a 1,000 × 1,000 picture (28-pixel squares)."""

LORA_RANK = 16
LORA_ALPHA_FACTOR = 2
NUM_GENERATIONS = 8
VLLM_SHARE = 0.4
STEPS = {"grpo": 500, "pretrain": 1000}
"""Optimizer steps where a run has no natural end; Oumi's tldr and pretraining recipes."""

VISION_TOWERS = {
    "qwen2_vl": "model.visual",
    "qwen2_5_vl": "model.visual",
    "qwen3_vl": "model.visual",
    "qwen3_vl_moe": "model.visual",
    "mllama": "model.vision_model",
    "internvl": "model.vision_tower",
    "llava": "model.vision_tower",
    "llava_next": "model.vision_tower",
    "vipllava": "model.vision_tower",
    "paligemma": "model.vision_tower",
    "gemma3": "model.vision_tower",
    "mistral3": "model.vision_tower",
    "idefics2": "model.vision_model",
    "idefics3": "model.vision_model",
    "smolvlm": "model.vision_model",
}
"""Where transformers 5 keeps the vision encoder: frozen in full fine-tuning, as Oumi's recipes do."""
