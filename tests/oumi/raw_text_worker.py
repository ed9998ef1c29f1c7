"""Runs inside an environment with the real `oumi`: reads each set of raw text, as a list of documents stands in for its download.

An answer a line: {"name", "kwargs", "stream", "error" (null where it is read), "tokens" (of the first row)}.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1", CUDA_VISIBLE_DEVICES="")

from oumi.builders import build_tokenizer
from oumi.builders.data import _load_dataset
from oumi.core.configs import DatasetParams, ModelParams
from oumi.core.datasets.base_iterable_dataset import BaseIterableDataset

BaseIterableDataset._load_data = lambda _self: [{"text": "some words " * 50}] * 8


def read(tokenizer: Any, name: str, kwargs: dict[str, Any], stream: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"name": name, "kwargs": kwargs, "stream": stream, "error": None, "tokens": None}
    try:
        rows = _load_dataset(DatasetParams(dataset_name=name, dataset_kwargs=kwargs), stream, tokenizer)
        answer["tokens"] = len(next(iter(rows))["input_ids"])
    except Exception as problem:
        answer["error"] = f"{type(problem).__name__}: {problem}"[:300]
    return answer


def main() -> None:
    tokenizer = build_tokenizer(ModelParams(model_name=sys.argv[1]))
    answers = [read(tokenizer, name, kwargs, stream) for name in sys.argv[2:] for kwargs, stream in (({}, True), ({"seq_length": 64}, False), ({"seq_length": 64}, True))]
    print("\n" + json.dumps(answers))


if __name__ == "__main__":
    main()
