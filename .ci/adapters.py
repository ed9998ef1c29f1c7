"""Measure what PEFT trains per unit of rank: `JUDGE_PYTHON .ci/adapters.py > assistant/catalogue/data/adapters.jsonl`.

Builds every catalogue model at full size on the meta device (no memory, no download), puts adapters of rank 1 on it as
Oumi does, and counts what gets gradients. A figure is kept only where the build has the parameters that the catalogue
states, encoders of images and sound aside: those hold no adapters. Runs inside an environment that has `oumi`.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", DO_NOT_TRACK="1")
warnings.simplefilter("ignore")

import torch
import transformers
from oumi.core.configs.params.peft_params import PeftParams
from peft import get_peft_model

MODELS = Path(__file__).resolve().parent.parent / "assistant" / "catalogue" / "data" / "models.jsonl"
NAMES = {
    "hidden_size": "hidden_size",
    "intermediate_size": "intermediate_size",
    "num_layers": "num_hidden_layers",
    "num_attention_heads": "num_attention_heads",
    "num_kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "vocab_size": "vocab_size",
    "tie_word_embeddings": "tie_word_embeddings",
    "experts_per_token": "num_experts_per_tok",
    "moe_intermediate_size": "moe_intermediate_size",
}
ENCODER = re.compile(r".*(vision|visual|audio).*")
EXCLUDED = [".*(vision|visual|audio).*"]
TOLERANCE = 0.02


def config_of(record: dict[str, Any]) -> Any:
    """The transformers config with the catalogue's figures over the defaults of its type."""
    kind = record["model_type"]
    fields = {theirs: record[ours] for ours, theirs in NAMES.items() if record.get(ours) is not None}
    if record.get("num_experts"):
        fields |= dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), record["num_experts"])
    if kind.startswith("deepseek"):
        fields["first_k_dense_replace"] = 1 if kind == "deepseek_v2" else 3
        fields |= {"q_lora_rank": None} if "q_proj" in record["lora_targets"] else {}
    if kind == "falcon":
        del fields["head_dim"]  # derived there
    usual = transformers.AutoConfig.for_model(kind)
    text = getattr(usual, "text_config", None)
    if text is None:
        return transformers.AutoConfig.for_model(kind, **fields)
    return type(usual)(text_config={"model_type": text.model_type, **fields}, tie_word_embeddings=fields.get("tie_word_embeddings", False))


def build(config: Any) -> Any:
    """The model without weights."""
    with torch.device("meta"):
        try:
            return transformers.AutoModelForCausalLM.from_config(config)
        except ValueError:
            return transformers.AutoModelForImageTextToText.from_config(config)


def width(record: dict[str, Any]) -> int | None:
    """Trainable parameters at rank 1; None where the build is not this model."""
    model = build(config_of(record))
    text = sum(p.numel() for name, p in model.named_parameters() if not ENCODER.match(name))
    stated = (record.get("params_total") or 0) - (record["parts"].get("vision") or 0)
    if not stated or abs(text - stated) > TOLERANCE * stated:
        return None
    peft = PeftParams(lora_r=1, lora_target_modules=record["lora_targets"])
    peft.lora_exclude_modules = EXCLUDED if "vision" in record["modality"] else None
    adapted = get_peft_model(model, peft.to_lora(), low_cpu_mem_usage=True)
    return sum(p.numel() for p in adapted.parameters() if p.requires_grad)


def main() -> None:
    """One line a model that could be built."""
    transformers.logging.set_verbosity_error()
    versions = " ".join(f"{name} {importlib.metadata.version(name)}" for name in ("peft", "transformers"))
    for line in MODELS.read_text("utf-8").splitlines():
        record = json.loads(line)
        try:
            found = width(record)
        except Exception as problem:  # remote code, a missing library: the closed form stands in
            print(record["id"], type(problem).__name__, str(problem)[:100], file=sys.stderr)
            continue
        if found is None:
            print(record["id"], "is not what transformers builds", file=sys.stderr)
            continue
        entry = {"id": record["id"], "width": found, "source": f"built on the meta device with {versions}"}
        print(json.dumps(entry, sort_keys=True, separators=(",", ":")))


if __name__ == "__main__":
    main()
