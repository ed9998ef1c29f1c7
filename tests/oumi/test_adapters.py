"""What a plan says an adapter trains is what PEFT trains, for every model type that can be built without a download."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from assistant.catalogue.architectures import spec_from_config
from assistant.catalogue.models import all_models
from assistant.planner.adapters import adapter_params

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent
RANK = 4
NEEDS_DOWNLOAD = {"chatglm", "molmo", "phi3small", "phi3_v", "phi4mm", "nemotron-nas"}
"""Their code lies in the model's repository."""
CANNOT_BUILD = {"dbrx", "chameleon", "gemma3n"}
"""transformers 5.16 fails on their defaults, or asks for timm."""
ROUGH = {"idefics2", "lfm2", "falcon_mamba", "nemotron_h"}
"""A perceiver or a mixer that a config states in a way of its own: their shape is marked rough, or they hold more."""


@pytest.fixture(scope="module")
def measured(judge_bin: Path) -> dict[str, dict[str, Any]]:
    asked: dict[str, Any] = {}
    for model in all_models():
        asked.setdefault(model.model_type, (list(model.lora_targets), model.is_vision))
    asked["unknown_dense"] = (["all-linear"], False)
    return ask(judge_bin, asked)


def ask(judge_bin: Path, asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [judge_bin / "python", HERE / "adapters_worker.py"], input=json.dumps(asked), capture_output=True, text=True, timeout=600
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stderr[-3000:]
    found: dict[str, dict[str, Any]] = json.loads(lines[0].removeprefix("RESULT "))
    return found


def test_every_type_that_needs_no_download_is_built(measured: dict[str, dict[str, Any]]) -> None:
    failed = {kind: entry["error"] for kind, entry in measured.items() if "error" in entry}
    assert set(failed) == NEEDS_DOWNLOAD | CANNOT_BUILD, failed
    assert len(measured) - len(failed) > 65


def test_planned_and_real_counts_agree(measured: dict[str, dict[str, Any]]) -> None:
    differ = {}
    for kind, entry in measured.items():
        if "error" in entry or kind in ROUGH:
            continue
        model = spec_from_config(kind, entry["config"], local=True, source="test")
        planned = adapter_params(model, model.lora_targets, RANK)
        if planned != entry["trained"]:
            differ[kind] = (planned, entry["trained"])
    assert not differ


def test_no_adapter_sits_on_routed_experts(measured: dict[str, dict[str, Any]]) -> None:
    assert {kind: entry["experts"] for kind, entry in measured.items() if entry.get("experts")} == {}


ATTENTION = ["k_proj", "o_proj", "q_proj", "v_proj"]


OF_RULES = ("PEF032", "PEF033", "PEF034", "PEF035", "PEF036", "PEF040", "PEF043")
"""Whose claims are run here, each by the test that names it."""


@pytest.fixture(scope="module")
def named(judge_bin: Path) -> dict[str, dict[str, Any]]:
    linear, gated, half = ["all-linear"], ["q_proj", "gate_proj", "up_proj"], ["q_proj", "up_proj"]
    asked = {f"{kind}#linear": (linear, False) for kind in ("qwen3_moe", "mixtral", "gpt_oss")}
    asked |= {f"{kind}#gated": (gated, False) for kind in ("qwen3_moe", "mixtral")}
    asked["qwen3_moe#half"] = (half, False)
    asked |= {f"{kind}#none": (None, False) for kind in ("phi3", "gpt_oss", "qwen3_moe", "mixtral", "llama", "qwen2")}
    asked |= {"gemma3#bare": (["q_proj"], False), "gemma3#without": (["q_proj"], True)}
    return ask(judge_bin, asked)


def test_all_linear_beside_experts_stops_the_run_or_leaves_them_out(named: dict[str, dict[str, Any]]) -> None:
    """PEF032 and PEF040."""
    assert all("ValueError" in named[f"{kind}#linear"]["error"] for kind in ("qwen3_moe", "mixtral"))
    assert (named["gpt_oss#linear"]["layers"], named["gpt_oss#linear"]["experts"]) == (ATTENTION, 0)


def test_names_of_experts_adapt_all_of_them_or_none(named: dict[str, dict[str, Any]]) -> None:
    """PEF033 and PEF043."""
    assert "ValueError" in named["qwen3_moe#half"]["error"]
    assert named["qwen3_moe#gated"]["experts"] > 0
    assert (named["mixtral#gated"]["experts"], named["mixtral#gated"]["layers"]) == (0, ["q_proj"])


def test_what_is_left_to_peft_stops_the_run_or_is_two_layers(named: dict[str, dict[str, Any]]) -> None:
    """PEF034 and PEF035."""
    assert all("error" in named[f"{kind}#none"] for kind in ("phi3", "gpt_oss", "qwen3_moe", "mixtral"))
    assert all(named[f"{kind}#none"]["layers"] == ["q_proj", "v_proj"] for kind in ("llama", "qwen2"))


def test_bare_names_match_the_image_encoder_too(named: dict[str, dict[str, Any]]) -> None:
    """PEF036."""
    assert named["gemma3#bare"]["trained"] > named["gemma3#without"]["trained"] > 0
