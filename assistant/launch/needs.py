"""What a config needs around it, read off its fields: keys, models, files."""

from __future__ import annotations

from typing import Any

from assistant.builder.packages import SKY, documents_of, engine_of, model_section
from assistant.catalogue.engines import engines
from assistant.launch.subject import Subject

OWN_CLOUDS = ("local", "modal", "slurm", "polaris", "frontier", "perlmutter")
CLOUDS = (*SKY, *OWN_CLOUDS)
_LOCAL = ("NATIVE", "VLLM", "LLAMACPP")


def runs_here(subject: Subject) -> bool:
    """True where the work is done by this machine's GPUs, and not by a server or an API."""
    place = engine_of(subject)
    if place is None:
        return subject.kind in ("train", "tune", "quantize")
    return place[1] in _LOCAL


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
