"""The config that a job runs: carried by its script, or named there and looked for on this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.core.errors import UsageError
from assistant.machine.configs import read_text

_CONFIG_IN_RUN = ("-c", "--config")
_OVERRIDE = re.compile(r"--((?:model|data|training|peft|fsdp|deepspeed)\.[\w.]+)")
_CAT = re.compile(r"^[ \t]*cat[ \t]+(?P<words>[^\n]*<<[^\n]*)$", re.MULTILINE)
_PLACE = re.compile(r"(?<![<>&\d])>[ \t]*(?P<place>\"[^\"\n]*\"|'[^'\n]*'|[^\s<>'\"]+)")
_MARKER = re.compile(r"<<(?P<dash>-?)[ \t]*(?P<quote>['\"]?)(?P<marker>[\w.-]+)(?P=quote)")
_EXPANDED = re.compile(r"[$`\\]")
"""What a shell acts on in a document whose mark has no quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobConfig:
    """A config that a job runs. `file` is where it is, or, where the script writes it (`is_carried`), the name that it gets."""

    file: Path
    text: str
    is_carried: bool = False


def words_of_run(job: Mapping[str, Any]) -> list[str]:
    """The words of a job's run script, without quotes; the files that it writes are none."""
    script = _without_documents(str(job.get("run") or "")).replace("\\\n", " ")
    return [word.replace("'", "").replace('"', "") for word in script.split()]


def fields_set(job: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields of the config that the run script sets beside it: they are not in the file."""
    return tuple(dict.fromkeys(match.group(1) for word in words_of_run(job) if (match := _OVERRIDE.match(word))))


def configs_named(job: Mapping[str, Any]) -> tuple[str, ...]:
    """What the run script gives after -c and --config."""
    words = words_of_run(job)
    named = [words[i + 1] for i, word in enumerate(words[:-1]) if word in _CONFIG_IN_RUN]
    return (*named, *(word.partition("=")[2] for word in words if word.startswith("--config=")))


def carried_configs(job: Mapping[str, Any]) -> tuple[JobConfig, ...]:
    """The configs that the script writes (`cat > train.yaml <<'MARK'`) and then names, in the order of their use; the last text that a name got.

    A document in which the shell would replace something is not what is written, and is left out.
    """
    scripts = (str(job.get(part) or "") for part in ("setup", "run"))
    written = {place: text for script in scripts for place, text, _ in _documents(script) if text is not None}
    named = dict.fromkeys(configs_named(job))
    return tuple(JobConfig(file=Path(name.rpartition("/")[2] or name), text=written[name], is_carried=True) for name in named if name in written)


def _documents(script: str) -> list[tuple[str, str | None, tuple[int, int]]]:
    """(file, its text or None where a shell changes it, where it stands) of each document that `cat` writes to a file."""
    found: list[tuple[str, str | None, tuple[int, int]]] = []
    start = 0
    while match := _CAT.search(script, start):
        place, mark = _PLACE.search(match["words"]), _MARKER.search(match["words"])
        begin = match.end() + 1
        end = re.compile((r"^\t*" if mark["dash"] else "^") + re.escape(mark["marker"]) + "$", re.MULTILINE).search(script, begin) if mark else None
        if mark is None or end is None:
            start = match.end()
            continue
        text = script[begin : end.start()]
        text = re.sub(r"^\t+", "", text, flags=re.MULTILINE) if mark["dash"] else text
        if place is not None:
            is_plain = bool(mark["quote"]) or not _EXPANDED.search(text)
            found.append((place["place"].strip("'\""), text if is_plain else None, (match.start(), end.end())))
        start = end.end()
    return found


def _without_documents(script: str) -> str:
    for _, _, (start, end) in reversed(_documents(script)):
        script = f"{script[:start]}{script[end:]}"
    return script


def config_of_job(job: Path, body: Mapping[str, Any]) -> JobConfig:
    """The config that a job's run script trains with: the one that it carries, else one from here, beside the job, or in a folder above it.

    Raises:
        UsageError: the script names none that can be found, or it cannot be read.
    """
    if carried := carried_configs(body):
        return carried[0]
    named = configs_named(body)
    for name in named:
        for folder in (Path(), *job.resolve().parents[:6]):
            for parts in range(len(Path(name).parts)):  # a repository's configs/… is seldom under this name here
                found = folder.joinpath(*Path(name).parts[parts:])
                if found.is_file() and found.resolve() != job.resolve():
                    return JobConfig(file=found, text=read_text(found))
    what = f"{named[0]} is neither here nor beside it" if named else "its run script names no config (-c FILE)"
    raise UsageError(f"{job} is a job, and {what}.", context=str(job), hint="Give the training config itself, with --gpus.", reference="no-config")
