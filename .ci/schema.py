"""Write the fields of an installed Oumi's configs, a file a kind: `JUDGE_PYTHON .ci/schema.py assistant/checks/data`.

Runs inside an environment that has `oumi`; the product itself never imports it.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib.metadata
import json
import pathlib
import sys
import types
import typing
from typing import Any


def kind_of(hint: Any, within: tuple[Any, ...] = ()) -> dict[str, Any]:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        parts = [kind_of(a, within) for a in typing.get_args(hint) if a is not type(None)]
        optional = type(None) in typing.get_args(hint)
        first = parts[0] if len(parts) == 1 else {"type": "|".join(sorted(p.get("type", "any") for p in parts))}
        return {**first, "optional": True} if optional else first
    if hint in within:  # a section within itself
        return {"type": "dict"}
    if dataclasses.is_dataclass(hint):
        return {"type": "section", "fields": fields_of(hint, (*within, hint))}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"type": "enum", "names": [m.name for m in hint]}
    if origin in (list, dict):
        args = typing.get_args(hint)
        if origin is list and args and dataclasses.is_dataclass(args[0]):
            return {"type": "list"} if args[0] in within else {"type": "list", "fields": fields_of(args[0], (*within, args[0]))}
        return {"type": origin.__name__}
    return {"type": getattr(hint, "__name__", "any").lower()}


def default_of(field: dataclasses.Field[Any]) -> Any:
    value = field.default
    if value is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if isinstance(value, enum.Enum):
        return value.name
    return value if isinstance(value, str | int | float | bool | list | dict) and value != "???" else None


def fields_of(cls: Any, within: tuple[Any, ...] = ()) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    found = {}
    for field in dataclasses.fields(cls):
        entry = kind_of(hints[field.name], within)
        if entry["type"] != "section":
            entry["default"] = default_of(field)
        found[field.name] = entry
    return found


class Passed(Exception):
    """Carries the arguments that Oumi passes to a trainer's config class by itself."""


def arguments_class(trainer: str) -> tuple[Any, str]:
    """(the module that Oumi takes a trainer's config class from, its name there): TrainingParams.to_hf, 0.9."""
    import trl
    from trl.experimental import gkd, kto

    return {
        "TRL_SFT": (trl, "SFTConfig"),
        "TRL_DPO": (trl, "DPOConfig"),
        "TRL_GRPO": (trl, "GRPOConfig"),
        "TRL_KTO": (kto, "KTOConfig"),
        "TRL_GKD": (gkd, "GKDConfig"),
    }[trainer]


def free_arguments(trainer: str) -> list[str]:
    """What `trainer_kwargs` may hold: the class's own arguments, less those that Oumi passes."""
    from oumi.core.configs.params.training_params import TrainerType, TrainingParams

    module, name = arguments_class(trainer)
    real = getattr(module, name)

    def record(**passed: Any) -> None:
        raise Passed(passed)

    setattr(module, name, record)
    try:
        TrainingParams(trainer_type=TrainerType[trainer]).to_hf()
    except Passed as caught:
        passed = caught.args[0]
    finally:
        setattr(module, name, real)
    return sorted({f.name for f in dataclasses.fields(real) if f.init} - set(passed))


def chat_templates() -> list[str]:
    """The templates that Oumi ships, and the word for the model's own."""
    import oumi

    home = pathlib.Path(oumi.__file__).parent / "datasets" / "chat_templates"
    return sorted([*(path.stem for path in home.glob("*.jinja")), "auto"])


CLASSES = {
    "train": "TrainingConfig",
    "eval": "EvaluationConfig",
    "infer": "InferenceConfig",
    "job": "JobConfig",
    "quantize": "QuantizationConfig",
    "tune": "TuningConfig",
    "judge": "JudgeConfig",
    "synthesize": "SynthesisConfig",
    "async_eval": "AsyncEvaluationConfig",
}


def class_of(kind: str) -> Any:
    from oumi.core import configs
    from oumi.core.configs.judge_config import JudgeConfig

    return JudgeConfig if kind == "judge" else getattr(configs, CLASSES[kind])


def free_text(kind: str) -> dict[str, list[str]]:
    """What Oumi takes as any text and refuses later: the words it knows, by dotted field."""
    from oumi.core.configs.params.evaluation_params import EvaluationBackend
    from oumi.quantize.constants import SUPPORTED_METHODS, SUPPORTED_OUTPUT_FORMATS

    if kind == "train":
        from transformers.trainer_utils import SchedulerType
        from transformers.training_args import OptimizerNames

        return {
            "training.optimizer": sorted(m.value for m in OptimizerNames),
            "training.lr_scheduler_type": sorted(m.value for m in SchedulerType),
        }
    backends = sorted(m.value for m in EvaluationBackend)
    return {
        "eval": {"tasks.evaluation_backend": backends},
        "async_eval": {"evaluation.tasks.evaluation_backend": backends},
        "job": {"resources.cloud": clouds()},
        "quantize": {"method": list(SUPPORTED_METHODS), "output_format": list(SUPPORTED_OUTPUT_FORMATS)},
    }.get(kind, {})


def clouds() -> list[str]:
    """The clouds that Oumi's launcher has a client for."""
    import oumi.launcher  # noqa: F401  # registers them
    from oumi.core.registry import REGISTRY, RegistryType

    return sorted(REGISTRY.get_all(RegistryType.CLOUD))


def models_in(fields: dict[str, Any], prefix: str = "") -> list[str]:
    """The dotted names of the model sections, wherever they stand."""
    sections = {f"{prefix}{name}": entry["fields"] for name, entry in fields.items() if entry["type"] == "section"}
    here = [path for path, inner in sections.items() if "chat_template" in inner]
    return here + [path for name, inner in sections.items() for path in models_in(inner, f"{name}.")]


def schema_of(kind: str) -> dict[str, Any]:
    """Version and fields, the words of what is free text to Oumi, and for training what trainers take."""
    fields = fields_of(class_of(kind))
    templates = {f"{path}.chat_template": chat_templates() for path in models_in(fields)}
    schema: dict[str, Any] = {"oumi": importlib.metadata.version("oumi"), "fields": fields, "names": {**free_text(kind), **templates}}
    if kind == "train":
        schema["trainer_kwargs"] = {t: free_arguments(t) for t in ("TRL_SFT", "TRL_DPO", "TRL_KTO", "TRL_GRPO", "TRL_GKD")}
    return schema


def main() -> None:
    home = pathlib.Path(sys.argv[1])
    for kind in CLASSES:
        text = json.dumps(schema_of(kind), sort_keys=True, separators=(",", ":"))
        home.joinpath(f"{kind}.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
