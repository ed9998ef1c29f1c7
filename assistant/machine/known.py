"""What is known of a config for sure, without a guess and without the network: its model's shape, the config of a job."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.catalogue.models import get_model
from assistant.checks.document import parse
from assistant.core.errors import OumiChatError
from assistant.core.values import ModelSpec
from assistant.machine.jobconfig import config_of_job
from assistant.machine.models import resolve_model


@functools.cache
def known_model(name: str) -> ModelSpec | None:
    """A model by its exact id in the catalogue, or a local folder's by its `config.json`; None for any other."""
    if (known := get_model(name)) is not None:
        return known
    try:
        return resolve_model(name, offline=True)[0] if Path(name).expanduser().is_dir() else None
    except (OumiChatError, OSError, ValueError, RuntimeError):
        return None


def trained_by(job: Path, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The config that a job trains with; None where it cannot be found."""
    try:
        return _config(config_of_job(job, body).text)
    except (OumiChatError, OSError, ValueError):
        return None


@functools.cache
def _config(text: str) -> dict[str, Any]:
    """A config that several jobs may name: parsed once, by the quick parser."""
    body: dict[str, Any] = parse(text).value
    return body
