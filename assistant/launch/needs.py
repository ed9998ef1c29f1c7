"""What a config needs around it, read off its fields: packages beside Oumi, keys, models, files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assistant.builder.mend_runtime import PACKAGES
from assistant.catalogue import clouds
from assistant.catalogue.engines import engines
from assistant.launch.subject import Subject

_INSTALL = {
    "awq": 'pip install "oumi[quantization]"',
    "verl": 'pip install "oumi[gpu]"',
    "ray": 'pip install "oumi[gpu]"',
    "kernels": 'pip install "oumi[gpu]"',
    "vllm": 'pip install "oumi[gpu]"',
    "langdetect": 'pip install "oumi[evaluation]"',
    "pdftext": 'pip install "oumi[synthesis]"',
    "docx": 'pip install "oumi[synthesis]"',
    "sky": 'pip install "oumi[{cloud}]"',
    "modal": 'pip install "oumi[modal]"',
    "boto3": "pip install boto3",
}
"""Module → what installs it where `PACKAGES` has none: Oumi 0.9's extras (its package metadata)."""
_SKY = {**dict(sorted((cloud.word, cloud.extra or "") for cloud in clouds.CLOUDS.values() if cloud.is_sky)), "sky-slurm": "slurm"}
"""Oumi 0.9's clouds that are SkyPilot's (launcher/clouds/sky_cloud.py) → Oumi's extra."""
OWN_CLOUDS = ("local", "modal", "slurm", "polaris", "frontier", "perlmutter")
CLOUDS = (*_SKY, *OWN_CLOUDS)
_BITS = ("8bit", "paged_", "bnb", "4bit")
_LOCAL = ("NATIVE", "VLLM", "LLAMACPP")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageNeed:
    """A module that a field of the config needs, and what installs it. `cuda` marks those that run on NVIDIA GPUs alone."""

    module: str
    path: str
    install: str
    cuda: bool = False


def _need(module: str, path: str, *, cuda: bool = False, cloud: str = "") -> PackageNeed:
    install = _INSTALL[module].format(cloud=cloud) if module in _INSTALL else PACKAGES[module][0]
    return PackageNeed(module=module, path=path, install=install, cuda=cuda)


def packages(subject: Subject) -> tuple[PackageNeed, ...]:
    """What must be installed beside Oumi's own requirements, each once."""
    found = {need.module: need for need in reversed([*_packages(subject)])}
    return tuple(found[name] for name in sorted(found))


def _packages(subject: Subject) -> Iterator[PackageNeed]:
    if subject.kind in ("train", "tune"):
        yield from _training_packages(subject)
    if subject.kind == "eval":
        tasks = tasks_of(subject)
        if any(task.get("evaluation_backend") == "lm_harness" for task in tasks):
            yield _need("lm_eval", "tasks")
        if any("ifeval" in str(task.get("task_name")) for task in tasks):
            yield _need("langdetect", "tasks")
    if subject.kind == "quantize":
        method = subject.text_of("method") or "awq_q4_0"
        yield _need("bitsandbytes" if method.startswith("bnb") else "awq", "method", cuda=True)
    if subject.kind == "synthesize":
        kinds = {str(one.get("path", "")).rpartition(".")[2].lower() for one in documents_of(subject)}
        yield from (_need(module, "strategy_params.input_documents") for module, end in (("pdftext", "pdf"), ("docx", "docx")) if end in kinds)
    yield from _engine_packages(subject)
    if subject.kind == "job":
        yield from _cloud_packages(subject)


def _training_packages(subject: Subject) -> Iterator[PackageNeed]:
    training = subject.get("training") or {}
    trainer, optimizer = subject.text_of("training.trainer_type"), subject.text_of("training.optimizer").lower()
    if subject.kind == "tune":
        yield _need("optuna", "tuning")
    if subject.get("deepspeed.enable_deepspeed") is True:
        yield _need("deepspeed", "deepspeed.enable_deepspeed", cuda=True)
    if subject.get("training.use_peft") is True and subject.get("peft.q_lora") is True:
        yield _need("bitsandbytes", "peft.q_lora", cuda=True)
    if any(sign in optimizer for sign in _BITS):
        yield _need("bitsandbytes", "training.optimizer", cuda=True)
    if subject.get("model.enable_liger_kernel") is True:
        yield _need("liger_kernel", "model.enable_liger_kernel", cuda=True)
    if trainer == "VERL_GRPO":
        yield from (_need(module, "training.trainer_type", cuda=True) for module in ("verl", "ray", "vllm"))
    if subject.get("training.grpo.use_vllm") is True:
        yield _need("vllm", "training.grpo.use_vllm", cuda=True)
    splits = subject.get("data") if isinstance(subject.get("data"), dict) else {}
    yield from (_need("torchdata", f"data.{name}.use_torchdata") for name, split in splits.items() if isinstance(split, dict) and split.get("use_torchdata") is True)
    for module in ("wandb", "mlflow", "tensorboard"):
        if isinstance(training, dict) and training.get(f"enable_{module}", module == "tensorboard") is True:
            yield _need(module, f"training.enable_{module}")
    yield from _attention_packages(subject, "model")


def _attention_packages(subject: Subject, section: str) -> Iterator[PackageNeed]:
    path = f"{section}.attn_implementation"
    said = subject.text_of(path)
    if said == "flash_attention_2":
        yield _need("flash_attn", path, cuda=True)
    if said.startswith("kernels-community/"):
        yield _need("kernels", path, cuda=True)


def _engine_packages(subject: Subject) -> Iterator[PackageNeed]:
    place = engine_of(subject)
    if place is None:
        return
    path, engine = place
    if engine in ("VLLM", "LLAMACPP"):
        yield _need("vllm" if engine == "VLLM" else "llama_cpp", path, cuda=engine == "VLLM")
    if engine == "BEDROCK":
        yield _need("boto3", path)
    if engine == "NATIVE":
        yield from _attention_packages(subject, model_section(subject))


def _cloud_packages(subject: Subject) -> Iterator[PackageNeed]:
    cloud = subject.text_of("resources.cloud")
    if cloud in _SKY:
        yield _need("sky", "resources.cloud", cloud=_SKY[cloud])
    if cloud == "modal":
        yield _need("modal", "resources.cloud")


def tasks_of(subject: Subject) -> tuple[dict[str, Any], ...]:
    """The tasks of an evaluation that are mappings."""
    tasks = subject.get("tasks")
    return tuple(task for task in tasks if isinstance(task, dict)) if isinstance(tasks, list) else ()


def documents_of(subject: Subject) -> tuple[dict[str, Any], ...]:
    """Documents and rows that a synthesis starts from."""
    found: list[dict[str, Any]] = []
    for name in ("input_documents", "input_data"):
        entries = subject.get(f"strategy_params.{name}")
        found += [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return tuple(found)


def engine_of(subject: Subject) -> tuple[str, str] | None:
    """(field, engine) of a config that generates; None for one that does not. Oumi's default is NATIVE."""
    path = {"infer": "engine", "eval": "inference_engine", "judge": "inference_config.engine", "synthesize": "inference_config.engine"}.get(subject.kind)
    if path is None or (subject.kind == "judge" and subject.get("inference_config") is None):
        return None
    return path, subject.text_of(path) or "NATIVE"


def runs_here(subject: Subject) -> bool:
    """True where the work is done by this machine's GPUs, and not by a server or an API."""
    place = engine_of(subject)
    if place is None:
        return subject.kind in ("train", "tune", "quantize")
    return place[1] in _LOCAL


def model_section(subject: Subject) -> str:
    """Where the config names its model."""
    return "inference_config.model" if subject.kind in ("judge", "synthesize") else "model"


def models(subject: Subject) -> tuple[tuple[str, str], ...]:
    """(field, name) of every model whose weights are loaded here; none for an API's."""
    if not runs_here(subject):
        return ()
    paths = [f"{model_section(subject)}.model_name", "training.gkd.teacher_model_name_or_path", "training.gold.teacher_model_name_or_path"]
    trainer = subject.text_of("training.trainer_type")
    used = [path for path in paths if (".gkd." not in path and ".gold." not in path) or path.split(".")[1] in trainer.lower()]
    return tuple((path, name) for path in used if (name := subject.text_of(path)))


def key_of(subject: Subject) -> tuple[str, str] | None:
    """(field, environment variable) of the key that an API is asked with; None where the config holds one or needs none."""
    place = engine_of(subject)
    engine = engines().get(place[1]) if place else None
    remote = {"eval": "inference_remote_params", "infer": "remote_params"}.get(subject.kind, "inference_config.remote_params")
    if place is None or engine is None or subject.get(f"{remote}.api_key"):
        return None
    name = subject.text_of(f"{remote}.api_key_env_varname") or engine.key
    return (place[0], name) if name and engine.kind == "api" else None


def files(subject: Subject) -> tuple[tuple[str, str], ...]:
    """(field, path) of every file or folder of data that is read."""
    found = [("input_path", subject.text_of("input_path"))] if subject.kind == "infer" else []
    data = subject.get("data") if isinstance(subject.get("data"), dict) else {}
    for split, section in data.items():
        entries = section.get("datasets") if isinstance(section, dict) else None
        for place, entry in enumerate(entries if isinstance(entries, list) else ()):
            found += _of_dataset(f"data.{split}.datasets[{place}]", entry) if isinstance(entry, dict) else []
    found += [("strategy_params", path) for one in documents_of(subject) if isinstance(path := one.get("path"), str) and not path.startswith(("hf:", "oumi:"))]
    found += [("deepspeed.deepspeed_config_path", subject.text_of("deepspeed.deepspeed_config_path"))]
    return tuple((path, name) for path, name in found if name)


def _of_dataset(place: str, entry: dict[str, Any]) -> list[tuple[str, str]]:
    found = [(f"{place}.dataset_path", entry["dataset_path"])] if isinstance(entry.get("dataset_path"), str) else []
    kwargs = entry.get("dataset_kwargs")
    said = kwargs.get("data_files") if isinstance(kwargs, dict) else None
    parts = said.values() if isinstance(said, dict) else said if isinstance(said, list) else [said]
    local = [one for one in parts if isinstance(one, str) and "://" not in one]
    return found + [(f"{place}.dataset_kwargs.data_files", one) for one in local]
