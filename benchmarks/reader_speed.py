"""How long the offline reader takes: for a request, and for 10 kB of what people paste."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import NamedTuple

from reader_logs import logs

from assistant.reader import read

_ROUNDS = 9


class Times(NamedTuple):
    """Milliseconds: those of the clock, and those of the processor, which other work on the machine does not lengthen."""

    wall: list[float]
    processor: list[float]

    def __str__(self) -> str:
        shown = (f"median {median(ms):6.1f}  worst {max(ms):6.1f}" for ms in self)
        return "   ".join(f"{name} {words}" for name, words in zip(("wall", "processor"), shown, strict=True))


def timed(texts: Iterable[str], rounds: int = _ROUNDS, work: Callable[[str], object] = read) -> Times:
    """Each text read so often, after one reading that is not counted: patterns are compiled at the first."""
    wall, processor = [], []
    for text in texts:
        work(text)
        for _ in range(rounds):
            began, worked = time.perf_counter(), time.process_time()
            work(text)
            processor.append(1e3 * (time.process_time() - worked))
            wall.append(1e3 * (time.perf_counter() - began))
    return Times(wall, processor)


def show(requests: list[str]) -> float:
    """Print the figures in ms; returns the worst median of a kind of pasted text, in ms of the processor."""
    print(f"{f'{len(requests)} requests':<20} {timed(requests, 3)}")
    kinds = {kind: timed([text]) for kind, text in logs().items()}
    for kind, times in kinds.items():
        print(f"{kind:<20} {times}")
    return max(median(times.processor) for times in kinds.values())
