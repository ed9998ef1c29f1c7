"""Where a config has what an intent can say: the field, by kind of config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.builder.edit import Edit
from assistant.builder.existing import Existing
from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.gpus import find_gpu
from assistant.catalogue.models import find_model, get_model, suggest_models
from assistant.core.errors import UsageError
from assistant.core.values import Hardware
from assistant.planner.data import is_local

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


_OF_ITS_ROWS = ("subset", "dataset_kwargs", "hf_dataset_path")
"""Fields of a dataset's entry that hold for its own rows alone."""


def machine_edits(body: Mapping[str, Any], machine: Hardware) -> Iterator[Edit]:
    """The machine as a job says it: accelerators on each node, and nodes where there are several or the file counts them.

    Raises:
        UsageError: it has no accelerator that a cloud knows by name.
    """
    if find_gpu(machine.gpu.name) is None or machine.gpu.kind in ("cpu", "unified"):
        message = f"A job cannot ask for {machine.gpu.name}: clouds know GPUs by name."
        raise UsageError(message, context="hardware", hint="Such as A100-80GB:2; oumi-chat gpus lists them.", reference="unknown-gpu")
    yield Edit(path="resources.accelerators", value=f"{machine.gpu.name}:{machine.count}")
    if machine.nodes > 1 or body.get("num_nodes"):
        yield Edit(path="num_nodes", value=machine.nodes)


def model_edit(body: Mapping[str, Any], path: str, said: str) -> Edit | str:
    """Another model where the config names one; where fields belong to the former model's family, which they are.

    Raises:
        UsageError: a name that is neither an id, a path, nor one of the catalogue.
    """
    wanted, former = model_id(said), _value(body, path)
    one, other = get_model(wanted), get_model(former) if isinstance(former, str) else None
    if one is not None and other is not None and one.model_type == other.model_type:
        return Edit(path=path, value=wanted)
    section = path.removesuffix(".model_name")
    mine = (*(f"{section}.{name}" for name in ("tokenizer_name", "chat_template", "adapter_model")), "fsdp.transformer_layer_cls")
    beside = [name for name in mine if _value(body, name)]
    return f"{', '.join(beside)} would not go with {wanted}" if beside else Edit(path=path, value=wanted)


def _value(body: Any, path: str) -> Any:
    """What stands at a dotted path; None where nothing does."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def model_id(said: str) -> str:
    """The model as a config names it.

    Raises:
        UsageError: a name that is neither an id, a path, nor one of the catalogue.
    """
    known = find_model(said)
    if known is not None or is_local(said) or "/" in said:
        return known.id if known is not None else said
    near = suggest_models(said)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Give a Hugging Face id or a local folder."
    raise UsageError(f'No model "{said[:80]}" is known.', context="model", hint=hint, reference="unknown-model")


def data_edit(config: Existing, said: str) -> Edit | str:
    """Other rows of the same form in a training: a registered name for a name, a file for a file; else why it takes more than that."""
    entries = config.train_data.get("datasets", list, [])
    if len(entries) != 1 or not isinstance(entries[0], Mapping):
        return f"data.train.datasets has {len(entries)} entries"
    entry = entries[0]
    if is_local(said) != (entry.get("dataset_path") is not None):
        return "files and names are read by different classes of Oumi's"
    if is_local(said):
        return Edit(path="data.train.datasets[0].dataset_path", value=said)
    spec = find_dataset(said)
    if spec is None or not spec.registered:
        return f"{said} is no name that Oumi has registered"
    beside = [name for name in _OF_ITS_ROWS if entry.get(name)]
    if beside or spec.subset or spec.kind != config.objective or (spec.split or "train") != (entry.get("split") or "train"):
        return f"its {', '.join(beside) or 'split, subset or trainer'} would not go with it"
    return Edit(path="data.train.datasets[0].dataset_name", value=spec.id)
