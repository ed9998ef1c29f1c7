"""A finished config handed over to Oumi: the command, what must be there, and its exit code."""

from __future__ import annotations

import shlex
import shutil
import subprocess

from assistant.core.errors import UsageError


def program_of(command: str) -> list[str]:
    """The command as arguments, its program found on this machine.

    Raises:
        UsageError: Oumi is not installed here.
    """
    words = shlex.split(command)
    if shutil.which(words[0]) is None:
        raise UsageError(
            f"{words[0]} is not installed here, so nothing can be started.",
            context=command,
            hint='pip install "oumi[gpu]", or copy the config to a machine that has it and run the command there.',
            reference="no-oumi",
        )
    return words


def run(words: list[str]) -> int:
    """Run the program with this terminal as its own, and return its exit code; Ctrl-C goes to it."""
    process = subprocess.Popen(words)
    while (code := _waited(process)) is None:
        pass
    return code


def _waited(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait()
    except KeyboardInterrupt:  # the terminal has sent it to the program too: wait for how that ends
        return None
