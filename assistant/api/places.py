"""Where a config has what an intent can say: the field, by kind of config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.builder.edit import Edit
from assistant.core.values import Hardware

PLACES: dict[str, dict[str, str]] = {
    "train": {
        "model": "model.model_name",
        "sequence_length": "model.model_max_length",
        "epochs": "training.num_train_epochs",
        "max_steps": "training.max_steps",
        "micro_batch_size": "training.per_device_train_batch_size",
        "learning_rate": "training.learning_rate",
        "lora_rank": "peft.lora_r",
        "lora_alpha": "peft.lora_alpha",
        "seed": "training.seed",
        "output_dir": "training.output_dir",
        "run_name": "training.run_name",
    },
    "eval": {
        "model": "model.model_name",
        "sequence_length": "model.model_max_length",
        "engine": "inference_engine",
        "micro_batch_size": "generation.batch_size",
        "seed": "generation.seed",
        "output_dir": "output_dir",
        "run_name": "run_name",
    },
    "infer": {
        "model": "model.model_name",
        "sequence_length": "model.model_max_length",
        "engine": "engine",
        "micro_batch_size": "generation.batch_size",
        "seed": "generation.seed",
        "dataset": "input_path",
        "output_dir": "output_path",
    },
    "job": {"run_name": "name", "nodes": "num_nodes", "cloud": "resources.cloud", "spot": "resources.use_spot"},
    "quantize": {"model": "model.model_name", "micro_batch_size": "batch_size", "output_dir": "output_path"},
    "tune": {"model": "model.model_name"},
    "judge": {"model": "inference_config.model.model_name", "engine": "inference_config.engine"},
    "synthesize": {"model": "inference_config.model.model_name", "engine": "inference_config.engine", "limit": "num_samples", "output_dir": "output_path"},
    "async_eval": {"model": "evaluation.model.model_name", "engine": "evaluation.inference_engine"},
}
"""Kind → key of the intent → the one field that says it. What takes several fields that must agree is planned, not edited."""


def machine_edits(body: Mapping[str, Any], machine: Hardware) -> Iterator[Edit]:
    """The machine as a job says it: accelerators on each node, and nodes where there are several or the file counts them."""
    yield Edit(path="resources.accelerators", value=f"{machine.gpu.name}:{machine.count}")
    if machine.nodes > 1 or body.get("num_nodes"):
        yield Edit(path="num_nodes", value=machine.nodes)
