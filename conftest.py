"""Several workers side by side (`pytest -n 2`): a test that measures time has the machine to itself, and no worker has a terminal's size.

Not in `tests/`: pytest would put that folder on the path, where `tests/oumi` looks like the package `oumi`.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

TURNS = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the process that starts the workers: all of them share one folder of locks."""
    if TURNS not in node.config.stash:
        node.config.stash[TURNS] = tempfile.TemporaryDirectory(prefix="oumi-chat-turns-")
    node.workerinput["turns"] = node.config.stash[TURNS].name
    node.workerinput["size"] = {name: os.environ[name] for name in ("COLUMNS", "LINES") if name in os.environ}


def pytest_configure(config: pytest.Config) -> None:
    """A worker is started with a size in its environment, which programs believe rather than their own terminal."""
    size = getattr(config, "workerinput", {}).get("size")
    if size is not None:
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)
        os.environ.update(size)


def pytest_unconfigure(config: pytest.Config) -> None:
    if TURNS in config.stash:
        config.stash[TURNS].cleanup()


@contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Among others, or alone. Who waits to be alone holds the door, so that no other test goes in before."""
    with ExitStack() as room:
        with locked(folder / "door", fcntl.LOCK_EX):
            room.enter_context(locked(folder / "room", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    folder = getattr(item.config, "workerinput", {}).get("turns")
    if folder is None:
        return (yield)
    with turn(Path(folder), alone=item.get_closest_marker("timing") is not None):
        return (yield)
