"""Runs inside an environment with the real `oumi`: one evaluation, inference or job a line in, what came of it out.

A request: {"kind", "path", "typed"}; `typed` are the lines that a user types where it asks for prompts. An answer: {"error" (null
where it ran), "results" (how many tasks were evaluated), "generation" (what the model was told to generate by), "harness" (what
lm_harness would be given for the model), "answers" (the rows of the answer file)}.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1", CUDA_VISIBLE_DEVICES="")

import transformers
from oumi.core.configs import EvaluationConfig, InferenceConfig, JobConfig
from oumi.core.evaluation.backends.lm_harness import _generate_lm_harness_model_args
from oumi.evaluate import evaluate
from oumi.infer import infer, infer_interactive
from oumi.launcher import Launcher

_GENERATION: dict[str, Any] = {}
_make = transformers.GenerationConfig.__init__


def _made(self: Any, **kwargs: Any) -> None:
    if "max_new_tokens" in kwargs and "detokenize" in kwargs:
        _GENERATION.update({name: kwargs.get(name) for name in ("do_sample", "use_cache", "temperature", "num_beams")})
    _make(self, **kwargs)


transformers.GenerationConfig.__init__ = _made


def _evaluated(path: str) -> dict[str, Any]:
    config = EvaluationConfig.from_yaml(path)
    config.finalize_and_validate()
    given = _generate_lm_harness_model_args("", False, config.model, config.generation, config.inference_engine, config.inference_remote_params)
    return {"harness": {name: str(value) for name, value in given.items()}, "results": len(evaluate(config))}


def _inferred(path: str, typed: list[str]) -> dict[str, Any]:
    config = InferenceConfig.from_yaml(path)
    config.finalize_and_validate()
    if config.input_path:
        infer(config)
    else:
        sys.stdin = io.StringIO("".join(f"{line}\n" for line in typed))
        infer_interactive(config)
    rows = Path(config.output_path).read_text().splitlines() if config.output_path else []
    return {"answers": [json.loads(row)["messages"] for row in rows]}


def _launched(path: str) -> dict[str, Any]:
    config = JobConfig.from_yaml(path)
    config.finalize_and_validate()
    Launcher().up(config, None)
    return {}


def came(request: dict[str, Any]) -> dict[str, Any]:
    _GENERATION.clear()
    runs = {"eval": _evaluated, "infer": lambda path: _inferred(path, request["typed"]), "job": _launched}
    try:
        answer = {"error": None, **runs[request["kind"]](request["path"])}
    except BaseException as problem:
        answer = {"error": f"{type(problem).__name__}: {problem}"[:400]}
    return {**answer, "generation": dict(_GENERATION)}


def main() -> None:
    answers, asked = os.fdopen(os.dup(1), "w", encoding="utf-8"), os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(2, 1)
    for line in asked:
        answers.write(json.dumps(came(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
