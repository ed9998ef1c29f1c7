"""Runs inside an environment with the real `oumi`: one config a line in, two steps of training on a CPU, what came of it out.

A request: {"id", "path", "out"}. An answer: {"id", "error" (null where it ran), "adapter", "files", "rows"}: the layers that an
adapter was saved for (null without one), the names of what was saved, the rows of the training data, and the tokens of the
longest row that the model saw ("longest", null where the trainer is none of TRL's SFT).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1", CUDA_VISIBLE_DEVICES="")

import oumi.train as training
import trl
from oumi.core.configs import TrainingConfig

_ROWS: list[int] = []
_build = training.build_dataset_mixture


def _counted(*args: Any, **kwargs: Any) -> Any:
    dataset = _build(*args, **kwargs)
    try:
        _ROWS.append(len(dataset))
    except TypeError:
        _ROWS.append(-1)
    return dataset


training.build_dataset_mixture = _counted
_TOKENS: list[int] = []
_loss = trl.SFTTrainer.compute_loss


def _measured(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    _TOKENS.append(inputs["input_ids"].shape[1])
    return _loss(self, model, inputs, *args, **kwargs)


trl.SFTTrainer.compute_loss = _measured


def trained(request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": request["id"], "error": None}
    before = dict(os.environ)
    _ROWS.clear()
    _TOKENS.clear()
    try:
        config = TrainingConfig.from_yaml(request["path"])
        config.finalize_and_validate()
        training.train(config)
    except BaseException as problem:
        answer["error"] = f"{type(problem).__name__}: {problem}"[:400]
    finally:  # Oumi tells accelerate of FSDP by the environment: the next training is none of it
        os.environ.clear()
        os.environ.update(before)
    out = Path(request["out"])
    adapter = next(iter(sorted(out.rglob("adapter_config.json"))), None)
    answer["adapter"] = sorted(json.loads(adapter.read_text())["target_modules"]) if adapter else None
    answer["files"] = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    answer["rows"] = _ROWS[0] if _ROWS else None
    answer["longest"] = max(_TOKENS, default=None)
    return answer


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(trained(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
