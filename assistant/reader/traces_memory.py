"""The figures of an out-of-memory message, in GiB, from every form that PyTorch has given it since 1.0."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.core.units import GIB

_UNITS = {"bytes": 1.0, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}
# PyTorch's MPS allocator wrote "GB" for 2**30 until it wrote GiB (2.6).
_UNITS |= {"KB": 2.0**10, "MB": 2.0**20, "GB": 2.0**30, "TB": 2.0**40}
_SIZE = r"(\d{1,12}(?:\.\d{1,4})?) ?(bytes|[KMGT]i?B)"
_FIELDS = {
    "tried_gib": (rf"[Tt]ried to allocate {_SIZE}",),
    "capacity_gib": (rf"total capaci?ty of {_SIZE}", rf"{_SIZE} total capacity", rf"max allowed: {_SIZE}"),
    "free_gib": (rf"of which {_SIZE} is free", rf"{_SIZE} free"),
    "in_use_gib": (rf"this process has {_SIZE} memory in use",),
    "allocated_gib": (rf"allocated memory {_SIZE} is allocated by PyTorch", rf"{_SIZE} already allocated", rf"MPS allocated: {_SIZE}"),
    "unallocated_gib": (rf"{_SIZE} is reserved by PyTorch but unallocated",),
    "reserved_gib": (rf"{_SIZE} reserved in total by PyTorch", rf"{_SIZE} cached"),
    "others_gib": (rf"other allocations: {_SIZE}",),
    "allowed_gib": (rf"{_SIZE} allowed",),
}
_PATTERNS = {name: tuple(re.compile(pattern) for pattern in patterns) for name, patterns in _FIELDS.items()}
_PROCESS = re.compile(rf"Process \d{{1,10}} has {_SIZE} memory in use")
_START = re.compile(r"(CUDA|HIP|XPU|MPS backend|NPU)(?: error:)? out of memory\b|CUDA_ERROR_OUT_OF_MEMORY|hipErrorOutOfMemory")
_DEVICE = re.compile(r"\bGPU (\d{1,3})\b")
_SPAN = 1200
"""Characters that the longest form of the message takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a message says of a GPU's memory, GiB; None where it does not say.

    `in_use_gib` is all of this process, context included; `unallocated_gib` is held by the allocator and given to no
    tensor; `others_gib` is what other processes hold. `backend` is CUDA, HIP, MPS or XPU.
    """

    backend: str
    device: int | None = None
    tried_gib: float | None = None
    capacity_gib: float | None = None
    free_gib: float | None = None
    in_use_gib: float | None = None
    allocated_gib: float | None = None
    unallocated_gib: float | None = None
    others_gib: float | None = None

    @property
    def is_fragmented(self) -> bool:
        """True when free and idle memory together would have held what was asked for: in pieces it did not."""
        if self.tried_gib is None or not self.unallocated_gib:
            return False
        return self.unallocated_gib + (self.free_gib or 0.0) >= self.tried_gib


def memory_in(flat: str) -> Memory | None:
    """The figures of the first out-of-memory message in a text on one line; None when there is none."""
    start = _START.search(flat)
    if start is None:
        return None
    said = flat[start.start() : start.start() + _SPAN]
    following = _START.search(said, 1)
    said = said[: following.start()] if following else said
    sizes = {name: size for name, patterns in _PATTERNS.items() if (size := _first(patterns, said)) is not None}
    return _memory((start.group(1) or "CUDA").split()[0], said, sizes)


def _memory(backend: str, said: str, sizes: dict[str, float]) -> Memory:
    reserved, allowed = sizes.pop("reserved_gib", None), sizes.pop("allowed_gib", None)
    allocated = sizes.get("allocated_gib")
    if reserved is not None and allocated is not None:
        sizes.setdefault("unallocated_gib", max(0.0, round(reserved - allocated, 4)))
    if allowed is not None and backend != "MPS":
        sizes["capacity_gib"] = min(allowed, sizes.get("capacity_gib", allowed))  # a cap on this process's share
    processes = [_size(number, unit) for number, unit in _PROCESS.findall(said)]
    if "in_use_gib" not in sizes and len(processes) == 1 and allocated is not None:
        sizes["in_use_gib"] = processes.pop()  # torch 2.1 and 2.2 in a container name the process itself so
    if processes:
        sizes["others_gib"] = sum(processes)
    if backend == "MPS":  # "other allocations" are this process's own, made beside PyTorch's allocator
        sizes["in_use_gib"] = round((allocated or 0.0) + sizes.pop("others_gib", 0.0), 4)
    device = _DEVICE.search(said)
    return Memory(backend=backend, device=int(device.group(1)) if device else None, **sizes)


def _first(patterns: tuple[re.Pattern[str], ...], said: str) -> float | None:
    for pattern in patterns:
        if match := pattern.search(said):
            return _size(match.group(1), match.group(2))
    return None


def _size(number: str, unit: str) -> float:
    return round(float(number) * _UNITS[unit] / GIB, 4)
