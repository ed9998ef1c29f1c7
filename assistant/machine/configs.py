"""A config file read from disk, with a clear word on what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from assistant.builder.edit_text import self_alias
from assistant.builder.given import Given
from assistant.core.errors import UsageError

_LIMIT = 1_000_000


def read_text(path: Path, *, what: str = "config") -> str:
    """The text of a config file, its line ends as they are.

    Raises:
        UsageError: no such file, not readable, too large, or not text.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder.", context=str(path), hint="Give the path of a config in it.", reference="no-file")
        if not path.is_file():
            state = "is no regular file" if path.exists() else "does not exist"
            raise UsageError(f"There is no file {path}: it {state}.", context=str(path), hint=f"Give the path of a {what}.", reference="no-file")
        if path.stat().st_size > _LIMIT:
            raise UsageError(f"{path} is larger than {_LIMIT:,} bytes: no config is.", context=str(path), hint="Give a config file.", reference="too-large")
        return path.read_bytes().decode("utf-8")
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.", context=str(path), hint="Give a file that you may read.", reference="cannot-read") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not YAML: it is no text in UTF-8.", context=str(path), hint=f"Give a {what} in UTF-8.", reference="bad-yaml") from None


def piped_text() -> str:
    """The config on standard input.

    Raises:
        UsageError: nothing is piped into it, or it is too large, unreadable or no text.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- reads stdin, and nothing is piped into it.", context="-", hint="Give a file, or < FILE.", reference="no-file")
    try:
        raw = sys.stdin.buffer.read(_LIMIT + 1)
    except OSError as problem:
        raise UsageError(f"stdin cannot be read: {problem.strerror}.", context="-", hint="Give a file, or < FILE.", reference="cannot-read") from None
    if len(raw) > _LIMIT:
        raise UsageError(f"stdin holds more than {_LIMIT:,} bytes: no config does.", context="-", hint="Give a config.", reference="too-large")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("stdin is no text in UTF-8.", context="-", hint="Give a config in UTF-8.", reference="bad-yaml") from None


def read_config(path: Path) -> dict[str, Any]:
    """A YAML file as a mapping.

    Raises:
        UsageError: no such file, not readable, too large, not YAML, no mapping, or a value within itself; with the line where one is known.
    """
    return parse_config(read_text(path), str(path))


def parse_config(text: str, path: str) -> dict[str, Any]:
    """The text of a config as a mapping; `path` is the file's name, for the error.

    Raises:
        UsageError: as `read_config`.
    """
    try:
        body = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        told = " ".join(str(getattr(problem, "problem", None) or problem).split())[:120]
        raise UsageError(f"{path} is not YAML: {told}.", context=where, hint="Mend that line.", reference="bad-yaml") from None
    if (alias := self_alias(text)) is not None:
        name, line, column = alias
        raise UsageError(f"{path} holds &{name} within itself: *{name} stands inside what it names.", context=f"{path}:{line}:{column}", hint=f"Write the value that *{name} is meant to be.", reference="bad-yaml")
    if not isinstance(body, dict):
        raise UsageError(f"{path} holds no config: its top level is not `field: value`.", context=path, hint="Give an Oumi config.", reference="no-config")
    return body


def read_given(path: Path) -> Given:
    """A training config that a conversation goes on from.

    Raises:
        UsageError: as `read_config`, or it is no training config.
    """
    read_config(path)
    return Given.of(path.name, read_text(path))
