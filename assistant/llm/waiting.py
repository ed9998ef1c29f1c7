"""Waiting for a server without trusting it: a thread does the call, and the caller leaves on time or on Ctrl-C."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Result = TypeVar("Result")
_END = object()


class TooLate(Exception):
    """The time that was given is over."""


class TooLong(Exception):
    """More came than an answer may hold."""


def in_time(call: Callable[[], Result], seconds: float) -> Result:
    """What the call returns or raises. The call may outlive this one; its thread does not keep the program alive.

    Raises:
        TooLate: no result within so many seconds.
    """
    box: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
    threading.Thread(target=_run, args=(call, box), name="llm-call", daemon=True).start()
    try:
        done, value = box.get(timeout=seconds)
    except queue.Empty:
        raise TooLate from None
    if not done:
        raise value
    return value  # type: ignore[no-any-return]


def _run(call: Callable[[], Any], box: queue.SimpleQueue[tuple[bool, Any]]) -> None:
    try:
        box.put((True, call()))
    except BaseException as problem:
        box.put((False, problem))


def stream_in_time(
    items: Callable[[], Iterator[str]], *, first_seconds: float, gap_seconds: float, whole_seconds: float, characters: int
) -> Iterator[str]:
    """The texts as they come.

    Raises:
        TooLate: no first or no next text in time, or the whole took too long.
        TooLong: more characters than that.
    """
    box: queue.Queue[Any] = queue.Queue(maxsize=64)
    left = threading.Event()
    threading.Thread(target=_feed, args=(items, box, left), name="llm-stream", daemon=True).start()
    end, wait, seen = time.monotonic() + whole_seconds, first_seconds, 0
    try:
        while True:
            item = _next(box, min(wait, end - time.monotonic()))
            if item is _END:
                return
            if isinstance(item, BaseException):
                raise item
            seen += len(item)
            yield item
            if seen > characters:
                raise TooLong
            wait = gap_seconds
    finally:
        left.set()


def _next(box: queue.Queue[Any], seconds: float) -> Any:
    try:
        return box.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise TooLate from None


def _feed(items: Callable[[], Iterator[str]], box: queue.Queue[Any], left: threading.Event) -> None:
    """Put what comes into the box until it ends or nobody listens."""
    try:
        source = items()
        try:
            for item in source:
                if not _put(box, item, left):
                    return
        finally:
            close = getattr(source, "close", None)
            if close:
                close()
    except BaseException as problem:
        _put(box, problem, left)
    else:
        _put(box, _END, left)


def _put(box: queue.Queue[Any], item: Any, left: threading.Event) -> bool:
    while not left.is_set():
        try:
            box.put(item, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False
