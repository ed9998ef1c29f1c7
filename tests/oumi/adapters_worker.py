"""Runs inside an environment with the real `oumi`: {model type: target names} in, what PEFT trains out.

Builds a tiny random model of each type on the CPU, puts adapters on it as Oumi does, and prints the model's config, the
trainable parameters, those of them that sit on routed experts, and the names of the layers that have one. A type may be asked
for several times, under `type#number`; no target names are those that PEFT has for it.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", DO_NOT_TRACK="1", CUDA_VISIBLE_DEVICES="")
warnings.simplefilter("ignore")

import transformers
from oumi.core.configs.params.peft_params import PeftParams
from peft import get_peft_model

RANK = 4
TINY = {
    "hidden_size": 64, "intermediate_size": 96, "moe_intermediate_size": 32, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 200, "max_position_embeddings": 128,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
EXPERTS = {"num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2}
DELTA = {"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 16, "linear_value_head_dim": 16, "head_dim": 16}
LATENT = {
    "q_lora_rank": 24, "kv_lora_rank": 32, "qk_rope_head_dim": 8, "qk_nope_head_dim": 16, "v_head_dim": 16, "n_group": 2,
    "topk_group": 1, "first_k_dense_replace": 1, "num_key_value_heads": 4, "head_dim": 8, "topk_method": "greedy",
}  # fmt: skip
EXTRA: dict[str, dict[str, Any]] = {
    "deepseek_v2": LATENT,
    "deepseek_v3": LATENT,
    "deepseek_v32": LATENT,
    "qwen3_next": DELTA,
    "qwen3_5": DELTA,
    "qwen3_5_moe": DELTA,
    "glm4_moe": {"first_k_dense_replace": 1, "head_dim": 16},
    "llama4": {"intermediate_size_mlp": 128, "head_dim": 16},
    "falcon_h1": {"mamba_d_ssm": 64, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_n_groups": 1, "mamba_d_state": 16, "head_dim": 16},
    "opt": {"word_embed_proj_dim": 64, "ffn_dim": 96},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]]},
}
ALIASES = {"unknown_dense": "llama"}
"""A type that the catalogue does not know stands for any plain decoder."""
TEXT = {"instructblip": "llama"}
"""The text model of the checkpoints in the catalogue, where it is not the type's default."""


def tiny_config(kind: str) -> Any:
    """The type's default config with tiny sizes under the names that it has."""
    kind = ALIASES.get(kind, kind)
    usual = transformers.AutoConfig.for_model(kind)
    text = transformers.AutoConfig.for_model(TEXT[kind]) if kind in TEXT else getattr(usual, "text_config", None)
    known = usual if text is None else text
    fields = {name: value for name, value in {**TINY, **EXPERTS}.items() if hasattr(known, name)} | EXTRA.get(kind, {})
    if text is None:
        return transformers.AutoConfig.for_model(kind, **fields)
    return type(usual)(text_config={"model_type": text.model_type, **fields})


def build(config: Any) -> Any:
    """Only the text model's size is cut, so the weights stay on the meta device."""
    import torch

    with torch.device("meta"):
        try:
            return transformers.AutoModelForCausalLM.from_config(config)
        except ValueError:
            return transformers.AutoModelForImageTextToText.from_config(config)


def measure(kind: str, targets: list[str] | None, vision: bool) -> dict[str, Any]:
    try:
        return trained(kind, targets, vision)
    except Exception as problem:
        return {"error": f"{type(problem).__name__}: {problem}"[:200]}


def trained(kind: str, targets: list[str] | None, vision: bool) -> dict[str, Any]:
    kind = kind.partition("#")[0]
    config = tiny_config(kind)
    peft = PeftParams(lora_r=RANK, lora_target_modules=targets)
    peft.lora_exclude_modules = [".*(vision|visual|audio).*"] if vision else None
    model = get_peft_model(build(config), peft.to_lora(), low_cpu_mem_usage=True)
    sizes = {name: p.numel() for name, p in model.named_parameters() if p.requires_grad}
    return {
        "config": {**json.loads(config.to_json_string(use_diff=False)), "model_type": kind},
        "trained": sum(sizes.values()),
        "experts": sum(size for name, size in sizes.items() if ".experts" in name),
        "layers": sorted({name.partition(".lora_")[0].rpartition(".")[2] for name in sizes}),
    }


def main() -> None:
    transformers.logging.set_verbosity_error()
    asked = json.load(sys.stdin)
    print("RESULT " + json.dumps({kind: measure(kind, *entry) for kind, entry in asked.items()}))


if __name__ == "__main__":
    main()
