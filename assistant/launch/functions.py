"""Evaluation functions of the user's own: the list of their files that Oumi imports, as the header of a config of ours names it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from assistant.builder.packages import tasks_of
from assistant.launch.subject import Subject
from assistant.machine.files import write_new
from assistant.planner.serving.functions import DEPS, VARIABLE

_FIRST = re.compile(rf"^# First: (?P<command>printf .* > {re.escape(DEPS)})$", re.MULTILINE)


def uses_list(subject: Subject) -> bool:
    """True where the command of this evaluation names the list: no other file is ever imported for a comment's sake."""
    return subject.kind == "eval" and subject.header.functions == DEPS and any(task.get("evaluation_backend") == "custom" for task in tasks_of(subject))


def environment(subject: Subject) -> dict[str, str]:
    """The variable that names the list."""
    return {VARIABLE: DEPS} if uses_list(subject) else {}


def first_command(subject: Subject) -> str | None:
    """The command that writes the list, where it is not there yet."""
    found = _FIRST.search(subject.text) if uses_list(subject) and not subject.path_to(DEPS).exists() else None
    return found["command"] if found and _said(found["command"]) else None


def _said(command: str) -> str | None:
    """The file that such a command writes into the list; None for any other command."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    return words[2] if len(words) == 5 and words[:2] == ["printf", "%s\\n"] and words[3:] == [">", DEPS] else None


def write_list(subject: Subject) -> None:
    """Write the list as the header says, if it is not there.

    Raises:
        UsageError: it cannot be written.
    """
    command = first_command(subject)
    if command is not None and (name := _said(command)):
        write_new(subject.path_to(DEPS), f"{name}\n", force=False)


def listed(subject: Subject) -> list[str]:
    """The files that the list names, or will name once it is written."""
    path: Path = subject.path_to(DEPS)
    if path.is_file():
        return [line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip() and not line.startswith("#")]
    command = first_command(subject)
    name = _said(command) if command else None
    return [name] if name else []
