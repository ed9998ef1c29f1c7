"""The Oumi that a config would be handed to: its program, the Python that it runs in, and what is installed there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PATIENCE = 60.0
_CODE = """
import sys
sys.path[:] = [p for p in sys.path if p]
import importlib.util, json
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
modules = {name: importlib.util.find_spec(name) is not None for name in sys.argv[1].split(",") if name}
print(json.dumps({"modules": modules, "oumi": version("oumi")}))
"""
"""The working folder is left out: a file of the user's there is no installed package."""
_EXEC = re.compile(r"'''exec' (?P<python>\"[^\"]+\"|'[^']+'|\S+)")
"""How pip and uv write a path that is too long for a first line, or holds a space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OumiHere:
    """`python` is None where the program does not tell it; `modules` then are not known. `version` is of the package."""

    program: str
    python: str | None = None
    version: str | None = None
    modules: dict[str, bool] = field(default_factory=dict)

    @property
    def is_on_path(self) -> bool:
        """True where a shell finds it by its name."""
        return shutil.which("oumi") == self.program


def oumi_program() -> str | None:
    """The `oumi` of the path, else the one beside this Python; None where there is none."""
    found = shutil.which("oumi")
    beside = Path(sys.executable).parent / "oumi"
    return found or (str(beside) if os.access(beside, os.X_OK) and beside.is_file() else None)


def python_of(program: str) -> str | None:
    """The Python in the first lines of a console script; None where it is none."""
    try:
        with Path(program).open("rb") as file:
            first, second = (file.readline(1000).decode("utf-8", "replace").strip() for _ in range(2))
    except OSError:
        return None
    if not first.startswith("#!"):
        return None
    if found := _EXEC.match(second):
        words = [found.group("python").strip("\"'")]
    else:
        try:
            words = shlex.split(first[2:])
        except ValueError:
            return None
    named = words[-1] if words and words[0].endswith("/env") else words[0] if words else ""
    path = named if "/" in named else shutil.which(named)
    return path if path and "python" in Path(path).name.lower() and Path(path).is_file() else None


def find_oumi(modules: Collection[str]) -> OumiHere | None:
    """Oumi with which of these modules are installed beside it; None where it is not on this machine. Imports none of them."""
    program = oumi_program()
    if program is None:
        return None
    python = python_of(program)
    told = _asked(python, modules) if python else None
    if told is None:
        return OumiHere(program=program)
    return OumiHere(program=program, python=python, version=told["oumi"], modules=told["modules"])


def _asked(python: str, modules: Collection[str]) -> dict[str, Any] | None:
    try:
        done = subprocess.run(
            [python, "-c", _CODE, ",".join(sorted(modules))], capture_output=True, text=True, timeout=_PATIENCE, check=True, stdin=subprocess.DEVNULL
        )
        told = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
    return told if isinstance(told, dict) else None
