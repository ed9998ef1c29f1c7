"""The program `oumi-chat`. This module stays light: it is what an early Ctrl-C meets."""

from __future__ import annotations

import gc
import os
import signal
import sys


def run(args: list[str]) -> int:
    """Run the program on these arguments and return its exit code."""
    from assistant.cli.program import run as run_program

    return run_program(args)


def _leave(*_: object) -> None:
    """End at once: nothing has been opened yet, or everything has been closed."""
    try:
        os.write(2, b"Interrupted.\n")
    finally:
        os._exit(130)


def main() -> None:
    """The console script."""
    handler = signal.getsignal(signal.SIGINT)
    interruptible = handler is signal.default_int_handler
    gc.set_threshold(100_000, 20, 20)  # nothing that a start makes is garbage
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # looking for them reads every installed package
    if interruptible:
        signal.signal(signal.SIGINT, _leave)
    from assistant.cli.program import run as run_program

    if interruptible:
        signal.signal(signal.SIGINT, handler)
    code = run_program(sys.argv[1:])
    if interruptible:
        signal.signal(signal.SIGINT, _leave)
    sys.exit(code)
