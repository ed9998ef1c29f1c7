"""A config that is to be started: the file, what it holds, and the machine that it would run on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from assistant.builder.packages import Body
from assistant.core.errors import UsageError
from assistant.core.values import Hardware
from assistant.launch.header import Header, read_header
from assistant.launch.kinds import kind_of
from assistant.machine.configs import parse_config, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Body):
    """`base` is the folder that its relative paths are read from; `said` the machine of a flag, None for this one."""

    file: Path
    text: str
    header: Header = field(default_factory=Header)
    base: Path = Path()
    said: Hardware | None = None

    def path_to(self, said: str) -> Path:
        """A path of the config from where it would be read: Oumi expands no `~`."""
        return self.base / said


def read_subject(file: Path, *, said: Hardware | None = None, base: Path = Path()) -> Subject:
    """The config in a file.

    Raises:
        UsageError: it cannot be read, is no YAML, or is no config that Oumi has a command for.
    """
    if not str(file).isprintable():
        raise UsageError("The name of the config holds control or invisible characters.", context="FILE", hint="Rename it.", reference="bad-name")
    return subject_of(read_text(file), file, said=said, base=base)


def subject_of(text: str, file: Path, *, said: Hardware | None = None, base: Path = Path()) -> Subject:
    """The config in a text; `file` is its name.

    Raises:
        UsageError: as `read_subject`.
    """
    body = parse_config(text, str(file))
    return Subject(file=file, kind=kind_of(body, str(file)), body=body, text=text, header=read_header(text), said=said, base=base)
