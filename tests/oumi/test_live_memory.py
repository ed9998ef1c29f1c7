"""The estimate against live tensors of real training steps: transformers and PEFT as Oumi installs them, no weights.

What is compared is everything besides the parameters at the peak of forward, loss and backward.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from assistant.catalogue.architectures import spec_from_config
from assistant.planner.adapters import adapter_params
from assistant.planner.memory import Run
from assistant.planner.memory.estimate import phases

pytestmark = pytest.mark.oumi

_BASE = {"hidden_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 64, "pad_token_id": 0}
_WIDE, _SMALL = {"vocab_size": 64_000}, {"vocab_size": 512}
TYPES: dict[str, dict[str, Any]] = {
    "llama": {"intermediate_size": 3584},
    "mistral": {"intermediate_size": 3584},
    "qwen2": {"intermediate_size": 4864},
    "qwen3": {"intermediate_size": 3072},
    "gemma": {"intermediate_size": 8192},
    "gemma2": {"intermediate_size": 4096},
    "gemma3_text": {"intermediate_size": 4096},
    "granite": {"intermediate_size": 4096},
    "olmo2": {"intermediate_size": 4096},
    "gpt_neox": {"intermediate_size": 4096, "num_key_value_heads": 16},
    "starcoder2": {"intermediate_size": 4096},
    "phi3": {"intermediate_size": 4096},
}
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
ALL = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
TARGETS = {"gpt_neox": ("query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"), "starcoder2": (*ATTENTION, "c_fc", "c_proj"), "phi3": ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")}
CLOSE = 0.08


def cases() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, sizes in TYPES.items():
        for method in ("full", "lora"):
            for checkpointing in (True, False):
                for vocabulary in (_WIDE, _SMALL):
                    config = {"model_type": name, **_BASE, **sizes, **vocabulary}
                    targets = list(TARGETS.get(name, ALL))
                    case = {"config": config, "method": method, "targets": targets, "micro_batch": 2, "sequence": 2048, "checkpointing": checkpointing}
                    found.append((f"{name} {method} {'recomputed' if checkpointing else 'kept'} {vocabulary['vocab_size']}", case))
    return found


def predicted(case: dict[str, Any]) -> float:
    spec = spec_from_config("traced", case["config"], local=False, source="test")
    full = case["method"] == "full"
    targets = tuple(case["targets"])
    run = Run(
        model=spec, method=case["method"], micro_batch=case["micro_batch"], sequence=case["sequence"], checkpointing=case["checkpointing"],
        trainable=spec.params_total if full else adapter_params(spec, targets, 8), adapted=() if full else targets, attention="flash", optimizer="sgd",
    )  # fmt: skip
    found = phases(run)
    del found["optimizer step"]
    return max(sum(parts.values()) - parts["weights"] for parts in found.values())


def test_live_tensors_are_as_estimated(judge_bin: Path) -> None:
    named = cases()
    lines = "\n".join(json.dumps(case) for _, case in named) + "\n"
    worker = Path(__file__).with_name("trace_worker.py")
    done = subprocess.run([judge_bin / "python", worker], input=lines, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    traced = [json.loads(line)["peak"] for line in done.stdout.splitlines()]
    assert len(traced) == len(named)
    ratios = {name: predicted(case) / peak for (name, case), peak in zip(named, traced, strict=True)}
    print({name: round(ratio, 3) for name, ratio in ratios.items()})
    far = {name: round(ratio, 3) for name, ratio in ratios.items() if abs(ratio - 1) > CLOSE}
    assert not far
