"""Runs inside an environment with the real `oumi`: one JSON request a line in, one verdict a line out.

A request: {"id", "kind", "yaml", "world"}. A verdict: {"id", "l1", "l2", "error"}; `l2` is null where it does not apply.
L1 parses and validates; L2 builds the real trainer's arguments (TRL's SFTConfig, DPOConfig, …).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import oumi.core.configs.params.data_params as data_params
import oumi.core.configs.params.model_params as model_params
from oumi.core.configs import (
    EvaluationConfig,
    InferenceConfig,
    JobConfig,
    JudgeConfig,
    QuantizationConfig,
    SynthesisConfig,
    TrainingConfig,
    TuningConfig,
)
from oumi.train import _finalize_training_config

# The config is for another machine: what is installed or on disk here does not matter.
model_params.is_flash_attn_2_available = lambda *_a, **_k: True
data_params.Path.exists = lambda _self: True

KINDS = {
    "train": TrainingConfig,
    "eval": EvaluationConfig,
    "infer": InferenceConfig,
    "job": JobConfig,
    "quantize": QuantizationConfig,
    "tune": TuningConfig,
    "judge": JudgeConfig,
    "synthesize": SynthesisConfig,
}
WITHOUT_HF_ARGUMENTS = ("OUMI", "VERL_GRPO")


def judge(request: dict[str, Any], path: str) -> dict[str, Any]:
    verdict: dict[str, Any] = {"id": request["id"], "l1": False, "l2": None, "error": None}
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(request["yaml"])
        config = KINDS[request["kind"]].from_yaml(path)
        config.finalize_and_validate()
        verdict["l1"] = True
        if request["kind"] == "train" and config.training.trainer_type.name not in WITHOUT_HF_ARGUMENTS:
            verdict["l2"] = False
            os.environ["WORLD_SIZE"] = str(request["world"])
            _finalize_training_config(config)
            arguments = config.training.to_hf(config)
            verdict["max_length"] = getattr(arguments, "max_length", None)
            verdict["l2"] = True
    except Exception as problem:
        verdict["error"] = f"{type(problem).__name__}: {problem}"[:600]
    finally:
        os.environ.pop("WORLD_SIZE", None)
    return verdict


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the verdicts
    answers.write(json.dumps({"ready": True}) + "\n")
    answers.flush()
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            verdict = judge(json.loads(line), os.path.join(folder, "config.yaml"))
            answers.write(json.dumps(verdict) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
