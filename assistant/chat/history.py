"""The lines typed before: without secrets, each once, for their owner's eyes alone."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from prompt_toolkit.history import History  # noqa: TID253  # this module is loaded when a chat opens, not before

from assistant.core.redact import redact
from assistant.machine.sessions import state_folder

KEPT = 1000
"""Lines that are offered again."""
LONGEST = 20_000
"""Characters beyond which a line (a pasted file) is not kept."""
_LARGEST = 8 * 1024 * 1024
"""Bytes of the file that are looked at: its end."""


def history_file(environ: Mapping[str, str]) -> Path | None:
    """The history, readable by its owner alone; None where no such file can be had, or it is a link or a device."""
    home = state_folder(environ)
    if home is None:
        return None
    path = home / "history"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode) and stat.S_IMODE(mode) & 0o077:
            path.chmod(0o600)
    except OSError:
        return None
    return path if stat.S_ISREG(mode) else None


class KeptHistory(History):
    """Lines in a file (in none: of this chat alone), redacted before they are kept anywhere."""

    def __init__(self, path: Path | None, *, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._path = path
        self._secrets = secrets

    def load_history_strings(self) -> Iterable[str]:
        """The kept lines, the newest first; what an earlier version kept unredacted is mended in the file too."""
        if self._path is None:
            return []
        raw = _entries(self._path)
        lines = newest_once([redact(line, self._secrets) for line in raw])[:KEPT]
        if len(raw) > 2 * KEPT or any(redact(line, self._secrets) != line for line in raw):
            _rewrite(self._path, lines)
        return lines

    def append_string(self, string: str) -> None:
        """Keep a line as the newest; the same from before goes."""
        line = redact(string, self._secrets)
        self._loaded_strings = [former for former in self._loaded_strings if former != line]
        super().append_string(line)

    def store_string(self, string: str) -> None:
        """Write a line to the file; a disk that is full costs the history, not the chat."""
        if self._path is None or len(string) > LONGEST:
            return
        with contextlib.suppress(OSError):
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            try:
                os.write(handle, _record(string))  # in one piece: another chat appends too
            finally:
                os.close(handle)


def newest_once(lines: list[str]) -> list[str]:
    """Each line once, the newest first, of lines that stand the oldest first."""
    return list(dict.fromkeys(reversed(lines)))


def _record(line: str) -> bytes:
    text = "".join(f"+{part}\n" for part in line.split("\n"))
    return f"\n# {datetime.now():%Y-%m-%d %H:%M:%S}\n{text}".encode("utf-8", "replace")


def _entries(path: Path) -> list[str]:
    """Lines of a file as prompt_toolkit writes it: `+` before each, a comment or nothing between them."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LARGEST))
            text = file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return []
    entries: list[list[str]] = [[]]
    for row in text.split("\n"):
        if row.startswith("+"):
            entries[-1].append(row[1:])
        elif entries[-1]:
            entries.append([])
    return ["\n".join(rows) for rows in entries if rows]


def _rewrite(path: Path, lines: list[str]) -> None:
    with contextlib.suppress(OSError):
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)  # 0600
        try:
            with os.fdopen(handle, "wb") as out:
                out.writelines(_record(line) for line in reversed(lines))
            os.replace(temporary, path)
        except BaseException:  # a Ctrl-C too leaves nothing behind
            Path(temporary).unlink(missing_ok=True)
            raise
