"""Opening a data file: regular files alone, never waited for, and no further than the limits."""

from __future__ import annotations

import codecs
import io
import os
import stat
import time
from collections.abc import Callable
from typing import IO, Any

from assistant.core.errors import UsageError


class Meter(io.RawIOBase):
    """A file that ends where the limits are reached; `cut` then tells that it did."""

    def __init__(self, handle: int, allowed: int, deadline: float, told: Callable[[int], None]) -> None:
        self.handle, self.left, self.deadline, self.told = handle, allowed, deadline, told
        self.count, self.cut = 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As RawIOBase has it: fill the buffer, return how many bytes."""
        if self.left <= 0 or time.monotonic() > self.deadline:
            self.cut = self.cut or bool(os.read(self.handle, 1))
            return 0
        got = os.read(self.handle, min(len(buffer), self.left))
        buffer[: len(got)] = got
        self.left -= len(got)
        self.count += len(got)
        self.told(len(got))
        return len(got)


class Recoded(io.RawIOBase):
    """UTF-16 as UTF-8, so that every reader sees lines."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.decoder, self.ready = source, codecs.getincrementaldecoder("utf-16")("replace"), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As RawIOBase has it."""
        while not self.ready:
            raw = self.source.read(65_536)
            self.ready = self.decoder.decode(raw, final=not raw).encode("utf-8", "replace")
            if not raw:
                break
        given, self.ready = self.ready[: len(buffer)], self.ready[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def open_regular(path: str) -> tuple[int, int]:
    """A handle on a regular file, and its size. A pipe is never waited for, a device never read."""
    try:
        full = os.path.expanduser(path)
        _regular(path, os.stat(full).st_mode)
        handle = os.open(full, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as problem:
        raise unreadable(path, problem) from None
    about = os.fstat(handle)
    try:
        _regular(path, about.st_mode)
    except UsageError:
        os.close(handle)
        raise
    return handle, about.st_size


def _regular(path: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        hint = "Name one file in it (jsonl, json, parquet or csv)."
        raise UsageError(f"{path} is a folder.", context=path, hint=hint, reference="is-a-folder")
    if not stat.S_ISREG(mode):
        hint = "Write the rows to a file first: a run reads them more than once."
        raise UsageError(f"{path} is a device, a pipe or a socket.", context=path, hint=hint, reference="not-a-file")


def unreadable(path: str, problem: Exception) -> UsageError:
    """The error that tells why a file cannot be read."""
    if isinstance(problem, FileNotFoundError):
        return UsageError(f"{path} does not exist.", context=path, hint="Check the path.", reference="no-file")
    if isinstance(problem, PermissionError):
        return UsageError(f"{path} may not be read.", context=path, hint=f"chmod u+r {path}", reference="cannot-read")
    why = getattr(problem, "strerror", None) or str(problem)
    return UsageError(f"{path} cannot be read: {why}.", context=path, hint="Check the path.", reference="cannot-read")
