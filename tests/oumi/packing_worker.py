"""Runs inside an environment with the real `oumi`: asks Oumi's packer for its first row, `FOLDER DATASET_NAME FILE`, and prints how many came in the time."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1", CUDA_VISIBLE_DEVICES="")

from oumi.builders import build_tokenizer
from oumi.builders.data import build_dataset_mixture
from oumi.core.configs import DataParams, DatasetParams, DatasetSplit, DatasetSplitParams, ModelParams

_WAIT_SECONDS = 20.0
"""Many times what a good row takes."""


def main(folder: str, name: str, path: str) -> None:
    where: dict[str, Any] = {"dataset_kwargs": {"data_files": path}} if name == "json" else {"dataset_path": path}
    split = DatasetSplitParams(datasets=[DatasetParams(dataset_name=name, **where)], pack=True)
    rows = build_dataset_mixture(DataParams(train=split), build_tokenizer(ModelParams(model_name=folder, model_max_length=64)), DatasetSplit.TRAIN, seq_length=64)
    found: list[Any] = []
    asking = threading.Thread(target=lambda: found.append(next(iter(rows))), daemon=True)
    asking.start()
    asking.join(_WAIT_SECONDS)
    print(f"ROWS {len(found)}", flush=True)
    os._exit(0)  # the packer's own thread would hold the process


if __name__ == "__main__":
    main(*sys.argv[1:])
