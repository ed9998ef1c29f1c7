"""What a config needs where it runs: packages, keys, files that stand on this machine."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from assistant.builder.packages import Body, packages
from assistant.catalogue.packages import EXTRAS
from assistant.configs.render import load
from assistant.core.outcome import Outcome
from assistant.planner.data import is_local
from assistant.planner.serving.functions import DEPS

_CARRIED = re.compile(r"[\w .,@%+=/~-]+")
"""Names that are the same word to every shell between here and there: SkyPilot 0.12 puts them into rsync's command line by repr()."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Extras of oumi, the modules that show they are there, and names of variables with keys."""

    extras: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


def needs_of(outcome: Outcome) -> Needs:
    """What the outcome's configs need beside plain Oumi, a job's configs as they stand."""
    wanted = [need.module for step in outcome.steps for need in packages(Body(kind=step.file.kind, body=load(step.file.yaml))) if need.module in EXTRAS]
    plans = [plan for plan in (outcome.task_plan, *(part.task_plan for part in outcome.then)) if plan is not None]
    tracked = ("WANDB_API_KEY",) if outcome.plan is not None and outcome.plan.overrides.get("training.enable_wandb") is True else ()
    said = (extra for plan in plans for extra in plan.extras)
    return Needs(
        extras=tuple(dict.fromkeys((*(EXTRAS[module] for module in wanted), *said))),
        modules=tuple(dict.fromkeys(wanted)),
        secrets=tuple(dict.fromkeys((*tracked, *(key for plan in plans for key in plan.keys)))),
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
