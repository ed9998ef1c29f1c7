"""Trains a tiny model on one data entry a line, for real: `JUDGE_PYTHON data_worker.py FOLDER`.

A request: {"id", "trainer", "dataset": {…an entry of data.train.datasets…}, "pack"}. A verdict: {"id", "trained", "error",
"rows", "texts"}; `texts` are the first rows as the trainer got them, decoded.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import datasets
import transformers
from oumi.core.configs import TrainingConfig
from oumi.train import train

FOLDER = sys.argv[1]
SEEN: dict[str, Any] = {}


def spy(trainer_class: Any) -> None:
    """Keep what the trainer is about to train on."""
    original = trainer_class.train

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        rows, SEEN["texts"], SEEN["labels"] = self.train_dataset, [], []
        with contextlib.suppress(TypeError):
            SEEN["rows"] = len(rows)
        for row, _ in zip(rows, range(3), strict=False):
            text = {k: v for k, v in row.items() if isinstance(v, str | bool)}
            for key, value in row.items():
                if key.endswith("ids") and value is not None:
                    text[key] = self.processing_class.decode(value)
            SEEN["texts"].append(text)
        return original(self, *args, **kwargs)

    trainer_class.train = watched


def judge(request: dict[str, Any]) -> dict[str, Any]:
    SEEN.clear()
    split = {"datasets": [request["dataset"]], **({"pack": True} if request.get("pack") else {})}
    training = {
        "trainer_type": request["trainer"], "max_steps": 2, "per_device_train_batch_size": 2, "save_steps": 0,
        "save_final_model": False, "logging_steps": 1, "enable_wandb": False, "enable_tensorboard": False,
        "output_dir": f"{FOLDER}/out", "learning_rate": 1e-4,
    }  # fmt: skip
    if request["trainer"] == "TRL_GRPO":
        training |= {"reward_functions": ["soft_5tokens_completions"], "grpo": {"num_generations": 2, "max_completion_length": 8}}
    if request["trainer"] == "TRL_GKD":
        training["gkd"] = {"teacher_model_name_or_path": f"{FOLDER}/tiny-llama", "max_new_tokens": 8}
    config = {
        "model": {"model_name": f"{FOLDER}/tiny-llama", "model_max_length": 128, "torch_dtype_str": "float32"},
        "data": {"train": split},
        "training": training,
    }
    path = f"{FOLDER}/case.yaml"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    verdict: dict[str, Any] = {"id": request["id"], "trained": False, "error": None}
    try:
        parsed = TrainingConfig.from_yaml(path)
        parsed.finalize_and_validate()
        train(parsed)
        verdict["trained"] = True
    except Exception as problem:
        cause = problem.__cause__ or problem.__context__
        verdict["error"] = f"{type(problem).__name__}: {problem} <- {type(cause).__name__}: {cause}"[:1500]
    return {**verdict, **SEEN}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    datasets.disable_caching()
    spy(transformers.Trainer)
    answers.write(json.dumps({"ready": True}) + "\n")
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(judge(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
