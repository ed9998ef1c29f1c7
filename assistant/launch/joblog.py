"""The output of a local job: Oumi keeps it in files, which are followed here, and tells its end in words.

Oumi 0.9 without a folder for logs hands a local job pipes that nobody reads, so that one which prints more than a pipe
holds waits for ever; and `oumi launch up` ends with 0 though the job failed (launcher/clients/local_client.py, cli/launch.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "OUMI_LOGGING_DIR"
_FINISHED = re.compile(r"Job\s+\S+\s+finished\s+with\s+status\s+(?P<status>[A-Z]+)")
_CHUNK = 65536


@dataclass(slots=True)
class JobLog:
    """The log files that come to be in a folder after this was made."""

    folder: Path
    old: frozenset[str] = frozenset()
    read: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> JobLog:
        """Follow this folder from now on."""
        return cls(folder, frozenset(_names(folder)))

    def more(self) -> bytes:
        """What was written since the last call, at most a chunk of each file."""
        found = b""
        for name in _names(self.folder):
            if name in self.old:
                continue
            try:
                with (self.folder / name).open("rb") as file:
                    file.seek(self.read.get(name, 0))
                    data = file.read(_CHUNK)
            except OSError:
                continue
            self.read[name] = self.read.get(name, 0) + len(data)
            found += data
        return found


def _names(folder: Path) -> list[str]:
    try:
        return sorted(one.name for one in folder.iterdir() if one.suffix in (".stdout", ".stderr"))
    except OSError:
        return []


def failed(tail: str) -> bool:
    """Whether the words of `oumi launch up` say that the job did not succeed."""
    found = _FINISHED.findall(tail)
    return bool(found) and found[-1] not in ("COMPLETED", "SUCCEEDED")
