"""A model's shape by name: a local folder, the catalogue, the Hub when online, else the size in its name."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from assistant.catalogue.architectures import size_in_name, spec_from_config, spec_from_size
from assistant.catalogue.models import find_model, get_model, hosted_ids
from assistant.core.errors import NeedsInputError, UsageError
from assistant.core.values import ModelSpec, Reason
from assistant.machine import hub

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.\-]{0,95}/[A-Za-z0-9][\w.\-]{0,95}")
_NAME = re.compile(r"[A-Za-z0-9][\w.\- ]{0,95}(?:/[\w.\-]{1,96})?")
_CONFIG_LIMIT = 1_000_000
Resolved = tuple[ModelSpec | None, tuple[Reason, ...]]


def resolve_model(text: str, *, offline: bool) -> Resolved:
    """The model that a name or a folder stands for, and what was assumed; None when nothing is known.

    Raises:
        UsageError: a folder without a readable `config.json`.
        NeedsInputError: an id whose shape the Hub, asked for it, does not give.
    """
    if not text.strip():
        return None, ()
    if (folder := _folder(text)) is not None:
        return _from_folder(text, folder)
    if match := find_model(text):
        spec = get_model(match.id)
        notes = (Reason(field="model", value=match.id, why=match.why),) if match.why and spec else ()
        return spec, notes
    if text in hosted_ids() or text.lower().endswith("gguf") or len(text) > 200 or not _NAME.fullmatch(text):
        return None, ()
    return _from_hub(text, offline=offline) if _HUB_ID.fullmatch(text) else (None, ())


def _from_hub(model_id: str, *, offline: bool) -> Resolved:
    """By its `config.json` where that can be had, else by the size in its name."""
    config, problem = _hub_config(model_id, offline=offline)
    if config:
        spec = spec_from_config(model_id, config, local=False, source="config.json of the repository")
        return spec, (Reason(field="model", value=model_id, why="not in the catalogue: its shape comes from its config.json"),)
    if size := size_in_name(model_id):
        why = f"not in the catalogue, and {problem}: a rough guess from {size / 1e9:g} B in its name"
        return spec_from_size(model_id, size), (Reason(field="model", value=model_id, why=why),)
    if offline or hub.is_switched_off():
        return None, ()
    raise NeedsInputError(
        f"{model_id} is not in the catalogue, and {problem}. Which model is meant?",
        context="model",
        hint="A local folder with its config.json works too.",
    )


def _hub_config(model_id: str, *, offline: bool) -> tuple[dict[str, Any] | None, str]:
    """`config.json` from the local Hub cache, or from the Hub when online; else None and why there is none."""
    if found := hub.cached_config(model_id):
        return _read(found), ""
    if offline or hub.is_switched_off():
        return None, "its config.json is not looked up offline"
    path, problem = hub.download_config(model_id)
    return (_read(path), "") if path else (None, problem)


def _folder(text: str) -> Path | None:
    """The path that a text means: it says so by its form, or a folder of that name exists."""
    looks = text.startswith(("./", "../", "/", "~")) or text.count("/") > 1
    try:
        path = Path(os.path.expanduser(text))
        exists = path.is_dir()
    except (OSError, ValueError, RuntimeError):
        return None
    return path if exists or looks else None


def _from_folder(text: str, folder: Path) -> Resolved:
    adapter = folder / "adapter_config.json"
    if _exists(adapter) and not _exists(folder / "config.json"):
        base = _read(adapter).get("base_model_name_or_path")
        hint = f"Train its base model{f' {base}' if isinstance(base, str) else ''} instead."
        raise UsageError(f"{text} holds an adapter, not a whole model.", context=str(folder), hint=hint, reference="adapter")
    spec = spec_from_config(text, _read(folder / "config.json"), local=True, source=f"{text}/config.json")
    return spec, ()


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not path.is_file():  # to open a pipe would wait for ever, to read a device never end
            hint = "A model folder holds a config.json; a Hugging Face id works too."
            raise UsageError(f"{path} is not a file.", context=str(path), hint=hint, reference="cannot-read")
        with path.open("rb") as file:
            raw = file.read(_CONFIG_LIMIT + 1)
    except OSError as problem:
        raise UsageError(
            f"{path} cannot be read: {problem.strerror or problem}.",
            context=str(path),
            hint="A model folder holds a config.json; a Hugging Face id works too.",
            reference="cannot-read",
        ) from None
    try:
        body = json.loads(raw) if len(raw) <= _CONFIG_LIMIT else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise UsageError(f"{path} is not a model's config.", context=str(path), hint="It must be a JSON object.", reference="bad-config")
    return body
