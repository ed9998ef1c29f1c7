"""The names of a set of files as it is saved, and what changes inside them with the names."""

from __future__ import annotations

import shlex
from dataclasses import replace

from assistant.core.outcome import Outcome


def sibling(path: str, first: str, kind: str) -> str:
    """The name of another file of the set beside the first: `train.yaml` → `job.yaml`, `mine.yaml` → `mine.job.yaml`."""
    head, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, f".{suffix}") if dot and stem else (name, ".yaml")
    return f"{head}{slash}{kind}{suffix}" if stem == first else f"{head}{slash}{stem}.{kind}{suffix}"


def named(outcome: Outcome, path: str) -> Outcome:
    """The outcome with its files as they are saved: the first at `path`, the others beside it; the job carries them so.

    Commands and the `Run:` line of each file name the files by these names.
    """
    first = outcome.files[0].kind
    names = [path if n == 0 else sibling(path, first, file.kind) for n, file in enumerate(outcome.files)]
    new = {file.name: name for file, name in zip(outcome.files, names, strict=True)}
    runs = {command: _renaming(command, new) for command in outcome.commands}
    files = [replace(file, name=new[file.name], yaml=_told(file.yaml, runs)) for file in outcome.files]
    commands = tuple(runs.values())
    if outcome.job is not None:
        from assistant.builder.jobs import job_file  # most outcomes have none

        files[-1] = job_file(outcome.job, files[:-1], names[-1], commands[-1])
    return replace(outcome, files=tuple(files), commands=commands)


def one_named(outcome: Outcome, place: int, name: str) -> Outcome:
    """The outcome with one of its files under another name, which its command and its `Run:` line then hold."""
    file = outcome.files[place]
    runs = {command: _renaming(command, {file.name: name}) for command in outcome.commands}
    files = [*outcome.files]
    files[place] = replace(file, name=name, yaml=_told(file.yaml, runs))
    return replace(outcome, files=tuple(files), commands=tuple(runs.values()))


def _renaming(command: str, new: dict[str, str]) -> str:
    """The command with the files by their new names; an option must not be made out of a file's name."""
    for former, name in new.items():
        written = shlex.quote(f"./{name}" if name.startswith("-") else name)
        if former in command:
            return command.replace(former, written, 1)
    return command


def _told(text: str, runs: dict[str, str]) -> str:
    """A file whose `Run:` line names it as it is saved."""
    for former, command in runs.items():
        if f"# Run: {former}\n" in text:
            return text.replace(f"# Run: {former}\n", f"# Run: {command}\n", 1)
    return text
