"""Benchmarks that an evaluation may name: how many examples go before a question by convention, and how they run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from assistant.catalogue.names import read_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One task. `fewshot` is the convention (None: as the task is defined); `generates` is False where only likelihoods count.

    `backend` is Oumi's: lm_harness, or custom for functions that Oumi registers itself. `runs_code` is True where the
    answers are executed. `images` is True where rows have pictures.
    """

    name: str
    backend: str = "lm_harness"
    fewshot: int | None = None
    generates: bool = False
    runs_code: bool = False
    images: bool = False


@cache
def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark that is known here, by the name that Oumi takes."""
    return {
        r["name"]: Benchmark(
            name=r["name"],
            backend=r["backend"],
            fewshot=r.get("fewshot"),
            generates=r.get("generates", False),
            runs_code=r.get("runs_code", False),
            images=r.get("images", False),
        )
        for r in read_records("benchmarks.jsonl")
    }
