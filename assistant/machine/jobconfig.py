"""The config that a job runs: named in its script, looked for on this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.core.errors import UsageError

_CONFIG_IN_RUN = ("-c", "--config")
_OVERRIDE = re.compile(r"--((?:model|data|training|peft|fsdp|deepspeed)\.[\w.]+)")


def words_of_run(job: Mapping[str, Any]) -> list[str]:
    """The words of a job's run script, without quotes."""
    script = str(job.get("run") or "").replace("\\\n", " ")
    return [word.replace("'", "").replace('"', "") for word in script.split()]


def fields_set(job: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields of the config that the run script sets beside it: they are not in the file."""
    return tuple(dict.fromkeys(match.group(1) for word in words_of_run(job) if (match := _OVERRIDE.match(word))))


def configs_named(job: Mapping[str, Any]) -> tuple[str, ...]:
    """What the run script gives after -c and --config."""
    words = words_of_run(job)
    named = [words[i + 1] for i, word in enumerate(words[:-1]) if word in _CONFIG_IN_RUN]
    return (*named, *(word.partition("=")[2] for word in words if word.startswith("--config=")))


def config_of_job(job: Path, body: Mapping[str, Any]) -> Path:
    """The config that a job's run script trains with: from here, beside the job, or in a folder above it.

    Raises:
        UsageError: the script names none that can be found.
    """
    named = configs_named(body)
    for name in named:
        for folder in (Path(), *job.resolve().parents[:6]):
            for parts in range(len(Path(name).parts)):  # a repository's configs/… is seldom under this name here
                found = folder.joinpath(*Path(name).parts[parts:])
                if found.is_file() and found.resolve() != job.resolve():
                    return found
    what = f"{named[0]} is neither here nor beside it" if named else "its run script names no config (-c FILE)"
    raise UsageError(f"{job} is a job, and {what}.", context=str(job), hint="Give the training config itself, with --gpus.", reference="no-config")
