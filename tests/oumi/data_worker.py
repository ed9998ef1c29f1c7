"""Trains a tiny model on one data entry a line, for real: `JUDGE_PYTHON data_worker.py FOLDER`.

A request: {"trainer", "dataset": {…an entry of data.train.datasets…}, "pack", "trainer_kwargs"}. A verdict: {"trained", "error",
"rows", "texts"}; `texts` are the first rows as the trainer got them, decoded. With "first_row_within" (seconds) nothing is
trained: {"first_row"} tells whether the data gave a row in time.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import datasets
import transformers
from oumi.builders import build_dataset_mixture, build_tokenizer
from oumi.core.configs import DatasetSplit, TrainingConfig
from oumi.train import train

FOLDER = sys.argv[1]
SEEN: dict[str, Any] = {}


def spy(trainer_class: Any) -> None:
    """Keep what the trainer is about to train on."""
    original = trainer_class.train

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        rows, SEEN["texts"] = self.train_dataset, []
        with contextlib.suppress(TypeError):
            SEEN["rows"] = len(rows)
        for row, _ in zip(rows, range(8), strict=False):
            text = {k: v for k, v in row.items() if isinstance(v, str | bool)}
            for key, value in row.items():
                if key.endswith("ids") and value is not None:
                    text[key] = self.processing_class.decode(value)
            SEEN["texts"].append(text)
        return original(self, *args, **kwargs)

    trainer_class.train = watched


def first_row(config: TrainingConfig, seconds: float) -> bool:
    """Whether the data gives a row within this time."""
    tokenizer = build_tokenizer(config.model)
    rows = build_dataset_mixture(config.data, tokenizer, DatasetSplit.TRAIN, seq_length=config.model.model_max_length)
    got = threading.Event()

    def pull() -> None:
        next(iter(rows))
        got.set()

    threading.Thread(target=pull, daemon=True).start()
    return got.wait(seconds)


def judge(request: dict[str, Any]) -> dict[str, Any]:
    SEEN.clear()
    split = {"datasets": [request["dataset"]], **({"pack": True} if request.get("pack") else {})}
    training = {
        "trainer_type": request["trainer"], "max_steps": 2, "per_device_train_batch_size": 2, "save_steps": 0,
        "save_final_model": False, "logging_steps": 1, "enable_wandb": False, "enable_tensorboard": False,
        "output_dir": f"{FOLDER}/out", "learning_rate": 1e-4, "trainer_kwargs": request.get("trainer_kwargs", {}),
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
    verdict: dict[str, Any] = {"trained": False, "error": None}
    try:
        parsed = TrainingConfig.from_yaml(path)
        parsed.finalize_and_validate()
        if seconds := request.get("first_row_within"):
            return {"first_row": first_row(parsed, seconds)}
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
