"""Runs inside an environment with the real `oumi`: one config a line in, two steps of training on a CPU, what came of it out.

A request: {"id", "path", "out"}. An answer: {"id", "error" (null where it ran), "adapter", "files", "rows"}: the layers that an
adapter was saved for (null without one), the names of what was saved, the rows of the training data, and the tokens of the
longest row that the model saw ("longest", null where the trainer is none of TRL's SFT), the names of what
the model was given ("inputs"), how its quantised layers hold their weights ("quantised"), and what the trainer was told
("arguments": its numbers, words and switches), and what torch's checkpoint was told of re-entering ("reentrant", each different
value once).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1", CUDA_VISIBLE_DEVICES="")

import oumi.train as training
import transformers
import transformers.modeling_utils
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
_LAYERS: set[str] = set()
_model = training.build_model


def _looked_at(*args: Any, **kwargs: Any) -> Any:
    model = _model(*args, **kwargs)
    _LAYERS.update(filter(None, map(_bits, model.modules())))
    return model


def _bits(layer: Any) -> str:
    name = type(layer).__name__
    if name == "Linear4bit":
        return f"4 bit: {layer.weight.quant_type}, computed in {layer.compute_dtype}"
    return "8 bit" if name == "Linear8bitLt" else ""


training.build_model = _looked_at
_ARGUMENTS: dict[str, Any] = {}
_start = transformers.Trainer.train


def _told(self: Any, *args: Any, **kwargs: Any) -> Any:
    _ARGUMENTS.update({name: value for name, value in self.args.to_dict().items() if isinstance(value, bool | int | float | str)})
    return _start(self, *args, **kwargs)


transformers.Trainer.train = _told
_TOKENS: list[int] = []
_INPUTS: set[str] = set()
_loss = trl.SFTTrainer.compute_loss


def _measured(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    _TOKENS.append(inputs["input_ids"].shape[1])
    _INPUTS.update(inputs)
    return _loss(self, model, inputs, *args, **kwargs)


trl.SFTTrainer.compute_loss = _measured
_REENTRANT: list[Any] = []
_checkpoint = transformers.modeling_utils.checkpoint


def _heard(function: Any, *args: Any, use_reentrant: Any = None, **kwargs: Any) -> Any:
    if use_reentrant not in _REENTRANT:
        _REENTRANT.append(use_reentrant)
    return _checkpoint(function, *args, use_reentrant=use_reentrant, **kwargs)


transformers.modeling_utils.checkpoint = _heard


def trained(request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": request["id"], "error": None}
    before = dict(os.environ)
    _ROWS.clear()
    _TOKENS.clear()
    _INPUTS.clear()
    _LAYERS.clear()
    _ARGUMENTS.clear()
    _REENTRANT.clear()
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
    answer["inputs"] = sorted(_INPUTS)
    answer["quantised"] = sorted(_LAYERS)
    answer["arguments"] = dict(_ARGUMENTS)
    answer["longest"] = max(_TOKENS, default=None)
    answer["reentrant"] = list(_REENTRANT)
    return answer


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(trained(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
