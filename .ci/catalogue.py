"""Make `assistant/catalogue/data/*.jsonl` from the shared facts: `python .ci/catalogue.py ../shared/data`.

Keeps what planning needs and each record's source; drops the rest. Run again after the facts change.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent.parent / "assistant" / "catalogue" / "data"

MODEL_FIELDS = ["params_total", "params_active", "hidden_size", "intermediate_size", "num_layers", "num_attention_heads", "num_kv_heads", "head_dim", "vocab_size", "tie_word_embeddings", "max_position_embeddings", "num_experts", "experts_per_token", "moe_intermediate_size", "model_type", "min_transformers"]


MLP_NAMES = frozenset(["gate_proj", "up_proj", "down_proj", "gate_up_proj", "w1", "w2", "w3"])
"""Names that experts bear as well: PEFT 0.19 adapts every expert under them, 77 to 99 % of what would train.

Measured on qwen3_next, deepseek_v2, deepseek_v3, glm4_moe and nemotron_h (transformers 5.16); with transformers 4.57
the experts of qwen2_moe are linear layers too. Oumi's MoE recipes adapt the attention alone.
"""
SHARED_EXPERT_ONLY = frozenset(["llama4", "gemma4"])
"""There these names reach the dense and shared layers only, and Oumi's own recipes adapt all seven."""


STORED_AS = {"gpt_oss": "mxfp4"}
"""Published in four bits; Oumi widens them to train when the config names the format (oumi/builders/models.py, 0.9)."""


def targets(record: dict[str, Any]) -> list[str]:
    """The linear layers to adapt; beside routed experts, the attention's alone."""
    names: list[str] = record["lora_target_modules"]
    if not record.get("num_experts") or record["model_type"] in SHARED_EXPERT_ONLY:
        return names
    return [name for name in names if name not in MLP_NAMES]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def write(name: str, records: list[dict[str, Any]]) -> None:
    lines = [json.dumps(r, sort_keys=True, ensure_ascii=False, separators=(",", ":")) for r in records]
    (HOME / name).write_text("\n".join(lines) + "\n")


def model(record: dict[str, Any]) -> dict[str, Any]:
    parts = record.get("params_breakdown") or {}
    slim = {key: record[key] for key in MODEL_FIELDS if record.get(key) is not None}
    slim |= {
        "id": record["hf_id"],
        "family": record["family"],
        "instruct": record["is_instruct"],
        "layer_cls": record["fsdp_layer_cls"],
        "lora_targets": targets(record),
        "modality": record["modality"],
        "gated": record["gated"],
        "remote_code": record["needs_trust_remote_code"],
        "template_known": record["chat_template_known"],
        "parts": {k: v for k, v in parts.items() if k in ("vision", "embed", "lm_head", "routed_experts")},
        "source": f"{record['source']} [{record['verified_level']}]",
    }
    if record["model_type"] in STORED_AS:
        slim["stored_as"] = STORED_AS[record["model_type"]]
    oumi_template = (record.get("chat_template") or {}).get("oumi")
    if oumi_template:
        slim["oumi_chat_template"] = oumi_template if isinstance(oumi_template, str) else oumi_template[0]
    return slim


def offer(record: dict[str, Any]) -> dict[str, Any] | None:
    """One cloud instance with what is known of its prices; None without a price that has a source."""
    slim = {key: record[key] for key in ("cloud", "gpu", "count", "host_mem_gib")}
    slim |= {"instance": record["instance_type"], "source": "; ".join(record["sources"])}
    slim |= {"accelerator": record["accelerator"]} if record["accelerator"] != record["gpu"] else {}
    for kind in ("on_demand", "spot"):
        price, trust, day = (record[f"{kind}_{part}"] for part in ("usd_hr", "trust", "as_of"))
        if price and trust != "recalled" and record["sources"]:
            dated = day if re.fullmatch(r"\d{4}-\d\d-\d\d", day or "") else None
            slim[kind] = {"usd": price, "trust": trust or "unstated", "as_of": dated, "region": record[f"{kind}_region"]}
    return slim if record["offered"] and record["gpu"] and record["count"] and ("on_demand" in slim or "spot" in slim) else None


def main(shared: Path) -> None:
    records = read(shared / "models.jsonl")
    trained = [r for r in records if r["kind"] == "hf_model"]
    write("models.jsonl", sorted((model(r) for r in trained), key=lambda r: r["id"]))
    aliases = {alias: r["hf_id"] for r in trained for alias in r["aliases"] or ()}
    write("aliases.jsonl", [{"id": i, "names": sorted(a for a in aliases if aliases[a] == i)} for i in sorted(set(aliases.values()))])
    served = [
        {
            "id": r.get("hf_id") or r["provider_model_name"],
            "kind": r["kind"],
            "family": r["family"],
            "base": r.get("base_model"),
            "names": sorted({*(r.get("aliases") or ()), *(r.get("oumi_aliases") or ())}),
            "source": r.get("source") or "model_name values in Oumi's own configs (oumi-ai/oumi d8ed07778)",
        }
        for r in records
        if r["kind"] != "hf_model"
    ]
    write("served.jsonl", sorted(served, key=lambda r: r["id"]))
    gpus = [
        {
            "name": g["name"],
            "vendor": g["vendor"],
            "memory_gb": g["memory_gb_nominal"],
            "usable_gib": g["usable_for_planning_gib"],
            "bf16": g["bf16_native"],
            "cc": g["compute_capability"],
            "nvlink_gbs": g["nvlink_gbs"],
            "bandwidth_gbs": g["memory_bandwidth_gbs"],
            "bf16_tflops": g["bf16_tflops_dense"],
            "fp16_tflops": g["fp16_tflops_dense"],
            "p2p_over_pcie": g["p2p_over_pcie"],
            "class": g["class"],
            "aliases": g["aliases"],
            "devices": g["device_names"],
            "skypilot": g["skypilot_names"],
            "oumi": g["oumi_gpu_path"],
            "source": "; ".join(g["sources"]),
        }
        for g in read(shared / "gpus.jsonl")
    ]
    write("gpus.jsonl", gpus)
    shapes = json.loads((shared / "model_modules.json").read_text("utf-8"))
    modules = [
        {"model_type": kind, "linear": [n for n in shape["linear"] if n != "lm_head"], "layers": sorted({*shape["layer_cls"], *shape["no_split"]}), "source": "built with transformers 5.16"}
        for kind, shape in sorted(shapes.items())
        if shape.get("linear")
    ]
    write("modules.jsonl", modules)
    offers = [o for o in (offer(r) for r in read(shared / "clouds.jsonl")) if o]
    write("offers.jsonl", sorted(offers, key=lambda o: (o["gpu"], o["count"], o["cloud"], o["instance"] or "")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
