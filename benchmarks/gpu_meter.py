"""What the child process watches while it trains."""

from __future__ import annotations

import time
from typing import Any

import torch


class Meter:
    """Allocator peaks by phase and seconds by step. Without CUDA there is time alone."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.cuda = device, device.type == "cuda"
        self.phases: dict[str, int] = {}
        self.reserved = self.device_used = self.resting = 0
        self.seconds: list[float] = []
        self._start = 0.0

    def mark(self, phase: str) -> None:
        """End of a phase: keep its peak, start the next. The allocator counts on the host, so no sync is needed."""
        if not self.cuda:
            return
        free, total = torch.cuda.mem_get_info(self.device)
        self.phases[phase] = max(self.phases.get(phase, 0), torch.cuda.max_memory_allocated(self.device))
        self.reserved = max(self.reserved, torch.cuda.max_memory_reserved(self.device))
        self.device_used = max(self.device_used, total - free)
        torch.cuda.reset_peak_memory_stats(self.device)

    def begin_step(self) -> None:
        """Start the clock. What came before the first step is set-up; between steps the memory rests."""
        self._sync()
        self.mark("batch" if self.seconds else "set-up")
        if self.cuda and self.seconds:
            self.resting = torch.cuda.memory_allocated(self.device)
        self._start = time.perf_counter()

    def end_step(self) -> None:
        """Stop the clock once the device is done."""
        self._sync()
        self.seconds.append(time.perf_counter() - self._start)
        self.mark("optimizer step")

    def _sync(self) -> None:
        if self.cuda:
            torch.cuda.synchronize(self.device)

    def facts(self) -> dict[str, Any]:
        """What was seen in training; the load is told apart."""
        return {
            "peak": max(self.phases.values(), default=None),
            "phases": self.phases,
            "reserved": self.reserved or None,
            "device_used": self.device_used or None,
            "resting": self.resting or None,
            "step_seconds": self.seconds,
            "steps_done": len(self.seconds),
        }
