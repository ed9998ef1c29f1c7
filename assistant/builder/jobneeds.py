"""What a config needs where it runs: packages, keys, files that stand on this machine."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from assistant.core.outcome import Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Plan
from assistant.planner.data import is_local
from assistant.planner.serving.functions import DEPS

_MODULES = {"gpu": ("vllm",), "llama_cpp": ("llama_cpp",), "evaluation": ("langdetect",)}
"""Extra of oumi that a serving plan names → what it is wanted for."""
_BITSANDBYTES = frozenset(["adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit", "paged_adamw_32bit", "lion_8bit", "lion_32bit"])
_CARRIED = re.compile(r"[\w .,@%+=/~-]+")
"""Names that are the same word to every shell between here and there: SkyPilot 0.12 puts them into rsync's command line by repr()."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Extras of oumi, the modules that show they are there, and names of variables with keys."""

    extras: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


def needs_of(outcome: Outcome) -> Needs:
    """What the outcome's configs need beside plain Oumi."""
    first = _training_needs(outcome.plan) if outcome.plan is not None else Needs()
    first = _both(first, _task_needs(outcome.task_plan)) if outcome.task_plan is not None else first
    for step in outcome.then:
        first = _both(first, needs_of(step))
    return first


def _both(first: Needs, second: Needs) -> Needs:
    return Needs(
        extras=tuple(dict.fromkeys(first.extras + second.extras)),
        modules=tuple(dict.fromkeys(first.modules + second.modules)),
        secrets=tuple(dict.fromkeys(first.secrets + second.secrets)),
    )


def _task_needs(plan: TaskPlan) -> Needs:
    modules = [name for extra in plan.extras for name in _MODULES.get(extra, ())]
    return Needs(extras=plan.extras, modules=tuple(modules), secrets=plan.keys)


def _training_needs(plan: Plan) -> Needs:
    """Extras as oumi 0.9's package metadata has them."""
    said = plan.overrides
    flash = said.get("model.attn_implementation") == "flash_attention_2"
    wanted = (
        ("gpu", "bitsandbytes", plan.method == "qlora" or plan.optimizer in _BITSANDBYTES),
        ("gpu", "liger_kernel", plan.liger or said.get("model.enable_liger_kernel") is True),
        ("gpu", "vllm", plan.vllm or plan.trainer == "VERL_GRPO"),
        ("gpu", "verl", plan.trainer == "VERL_GRPO"),
        ("deepspeed", "deepspeed", plan.sharding == "deepspeed"),
        ("torchdata", "torchdata", said.get("data.train.use_torchdata") is True),
        ("flash-attn", "flash_attn", flash),
    )
    found = [(extra, module) for extra, module, is_wanted in wanted if is_wanted]
    return Needs(
        extras=tuple(dict.fromkeys(extra for extra, _ in found)),
        modules=tuple(module for _, module in found),
        secrets=("WANDB_API_KEY",) if said.get("training.enable_wandb") is True else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Local files of a config: `carried` are those that can travel, `stuck` have names that cannot, `absent` are not here."""

    carried: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def files_of(body: Mapping[str, Any], exists: Callable[[str], bool] | None) -> Files:
    """The local files and folders that a config reads. Without `exists` those that look local are taken to be here."""
    return _sorted_out(_paths(body), exists)


def files_told(command: str, exists: Callable[[str], bool] | None) -> Files:
    """The local file that a command reads beside its config: neither a judge's rows nor an evaluation's function stand in a field."""
    words = shlex.split(command)
    functions = words[2:3] if words[:1] == ["printf"] and words[-1:] == [DEPS] else []
    return _sorted_out((*functions, *(value for flag, value in pairwise(words) if flag == "--input")), exists)


def _sorted_out(paths: Iterable[str], exists: Callable[[str], bool] | None) -> Files:
    found = list(dict.fromkeys(path for path in paths if _is_file(path, exists)))
    here = [path for path in found if exists is None or exists(path)]
    return Files(
        carried=tuple(path for path in here if _travels(path)),
        stuck=tuple(path for path in here if not _travels(path)),
        absent=tuple(path for path in found if path not in here),
    )


_READ = (
    ("model", "model_name"), ("model", "adapter_model"), ("model", "tokenizer_name"), ("training", "resume_from_checkpoint"), ("input_path",),
    ("inference_config", "model", "model_name"), ("inference_config", "model", "adapter_model"),
)  # fmt: skip
_SOURCES = ("input_data", "input_documents", "input_examples")
"""Lists of a synthesis whose items may name a file."""


def _paths(body: Mapping[str, Any]) -> Iterator[str]:
    values = [_at(body, keys) for keys in _READ]
    for split in ("train", "validation", "test"):
        rows = _at(body, ("data", split, "datasets"))
        for row in rows if isinstance(rows, list) else []:
            kwargs = row.get("dataset_kwargs") or {}
            values += [row.get("dataset_path"), kwargs.get("data_files"), kwargs.get("dataset_path")]
    for name in _SOURCES:
        items = _at(body, ("strategy_params", name))
        values += [item.get("path") for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    yield from (value for value in values if isinstance(value, str) and value)


def _at(body: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        body = body.get(key) if isinstance(body, Mapping) else None
    return body


def _is_file(path: str, exists: Callable[[str], bool] | None) -> bool:
    return is_local(path) or (exists is not None and exists(path))


def _travels(path: str) -> bool:
    return _CARRIED.fullmatch(path) is not None and not posixpath.normpath(path).startswith("../..")


def place_there(path: str, folder: str) -> str:
    """Where a file must be, so that the config finds it under the same name: below the job's folder if it is relative."""
    if path.startswith(("/", "~")):
        return path
    return posixpath.normpath(f"{folder}/{path}")
