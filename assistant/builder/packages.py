"""Packages that a config needs beside Oumi's own requirements, read off its fields: one table, for a launch and for a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.builder.mend_runtime import PACKAGES
from assistant.catalogue import clouds
from assistant.catalogue.packages import EXTRAS, extra_install

SKY = {**dict(sorted((cloud.word, cloud.extra or "") for cloud in clouds.CLOUDS.values() if cloud.is_sky)), "sky-slurm": "slurm"}
"""Oumi 0.9's clouds that are SkyPilot's (launcher/clouds/sky_cloud.py) → Oumi's extra."""
_BITS = ("8bit", "paged_", "bnb", "4bit")
_ENGINES = {"infer": "engine", "eval": "inference_engine", "judge": "inference_config.engine", "synthesize": "inference_config.engine"}


class Fields(Protocol):
    """A config of a kind, asked field by field."""

    @property
    def kind(self) -> str:
        """Which kind it is of."""

    def get(self, path: str) -> Any:
        """The value of a dotted field, or None."""

    def text_of(self, path: str) -> str:
        """The same where it is text, else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A parsed config as `Fields`."""

    kind: str
    body: Mapping[str, Any]

    def get(self, path: str) -> Any:
        """The value of a dotted field, or None."""
        here: Any = self.body
        for name in path.split("."):
            here = here.get(name) if isinstance(here, Mapping) else None
        return here

    def text_of(self, path: str) -> str:
        """The same where it is text, else empty."""
        value = self.get(path)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageNeed:
    """A module that a field of the config needs, and what installs it. `cuda` marks those that run on NVIDIA GPUs alone."""

    module: str
    path: str
    install: str
    cuda: bool = False


def _install(module: str, cloud: str) -> str:
    if module == "sky":
        return extra_install(cloud)
    if module in ("deepspeed", "flash_attn", "bitsandbytes", "liger_kernel") or module not in EXTRAS:
        return PACKAGES[module][0] if module in PACKAGES else f"pip install {module}"
    return extra_install(EXTRAS[module])


def _need(module: str, path: str, *, cuda: bool = False, cloud: str = "") -> PackageNeed:
    install = _install(module, cloud)
    return PackageNeed(module=module, path=path, install=install, cuda=cuda)


def packages(config: Fields) -> tuple[PackageNeed, ...]:
    """What must be installed beside Oumi's own requirements, each once."""
    found = {need.module: need for need in reversed([*_packages(config)])}
    return tuple(found[name] for name in sorted(found))


def _packages(config: Fields) -> Iterator[PackageNeed]:
    if config.kind in ("train", "tune"):
        yield from _training_packages(config)
    if config.kind == "eval":
        tasks = tasks_of(config)
        if any(task.get("evaluation_backend") == "lm_harness" for task in tasks):
            yield _need("lm_eval", "tasks")
        if any("ifeval" in str(task.get("task_name")) for task in tasks):
            yield _need("langdetect", "tasks")
    if config.kind == "quantize":
        method = config.text_of("method") or "awq_q4_0"
        yield _need("bitsandbytes", "method") if method.startswith("bnb") else _need("awq", "method", cuda=True)
    if config.kind == "synthesize":
        kinds = {str(one.get("path", "")).rpartition(".")[2].lower() for one in documents_of(config)}
        yield from (_need(module, "strategy_params.input_documents") for module, end in (("pdftext", "pdf"), ("docx", "docx")) if end in kinds)
    yield from _engine_packages(config)
    if config.kind == "job":
        yield from _cloud_packages(config)


def _training_packages(config: Fields) -> Iterator[PackageNeed]:
    training = config.get("training") or {}
    trainer, optimizer = config.text_of("training.trainer_type"), config.text_of("training.optimizer").lower()
    if config.kind == "tune":
        yield _need("optuna", "tuning")
    if config.get("deepspeed.enable_deepspeed") is True:
        yield _need("deepspeed", "deepspeed.enable_deepspeed", cuda=True)
    if config.get("training.use_peft") is True and config.get("peft.q_lora") is True:
        yield _need("bitsandbytes", "peft.q_lora")
    if any(sign in optimizer for sign in _BITS):
        yield _need("bitsandbytes", "training.optimizer", cuda=True)
    if config.get("model.enable_liger_kernel") is True:
        yield _need("liger_kernel", "model.enable_liger_kernel", cuda=True)
    if trainer == "VERL_GRPO":
        yield from (_need(module, "training.trainer_type", cuda=True) for module in ("verl", "ray", "vllm"))
    if config.get("training.grpo.use_vllm") is True:
        yield _need("vllm", "training.grpo.use_vllm", cuda=True)
    splits = config.get("data") if isinstance(config.get("data"), dict) else {}
    yield from (_need("torchdata", f"data.{name}.use_torchdata") for name, split in splits.items() if isinstance(split, dict) and split.get("use_torchdata") is True)
    for module in ("wandb", "mlflow", "tensorboard"):
        if isinstance(training, dict) and training.get(f"enable_{module}", module == "tensorboard") is True:
            yield _need(module, f"training.enable_{module}")
    yield from _attention_packages(config, "model")


def _attention_packages(config: Fields, section: str) -> Iterator[PackageNeed]:
    path = f"{section}.attn_implementation"
    said = config.text_of(path)
    if said == "flash_attention_2":
        yield _need("flash_attn", path, cuda=True)
    if said.startswith("kernels-community/"):
        yield _need("kernels", path, cuda=True)


def _engine_packages(config: Fields) -> Iterator[PackageNeed]:
    place = engine_of(config)
    if place is None:
        return
    path, engine = place
    if engine in ("VLLM", "LLAMACPP"):
        yield _need("vllm" if engine == "VLLM" else "llama_cpp", path, cuda=engine == "VLLM")
    if engine == "BEDROCK":
        yield _need("boto3", path)
    if engine == "NATIVE":
        yield from _attention_packages(config, model_section(config))


def _cloud_packages(config: Fields) -> Iterator[PackageNeed]:
    cloud = config.text_of("resources.cloud")
    if cloud in SKY:
        yield _need("sky", "resources.cloud", cloud=SKY[cloud])
    if cloud == "modal":
        yield _need("modal", "resources.cloud")


def tasks_of(config: Fields) -> tuple[dict[str, Any], ...]:
    """The tasks of an evaluation that are mappings."""
    tasks = config.get("tasks")
    return tuple(task for task in tasks if isinstance(task, dict)) if isinstance(tasks, list) else ()


def documents_of(config: Fields) -> tuple[dict[str, Any], ...]:
    """Documents and rows that a synthesis starts from."""
    found: list[dict[str, Any]] = []
    for name in ("input_documents", "input_data"):
        entries = config.get(f"strategy_params.{name}")
        found += [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return tuple(found)


def engine_of(config: Fields) -> tuple[str, str] | None:
    """(field, engine) of a config that generates; None for one that does not. Oumi's default is NATIVE."""
    path = _ENGINES.get(config.kind)
    if path is None or (config.kind == "judge" and config.get("inference_config") is None):
        return None
    return path, config.text_of(path) or "NATIVE"


def model_section(config: Fields) -> str:
    """Where the config names its model."""
    return "inference_config.model" if config.kind in ("judge", "synthesize") else "model"
