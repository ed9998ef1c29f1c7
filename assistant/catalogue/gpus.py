"""The GPU catalogue, under SkyPilot's names."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from assistant.catalogue.names import fold, nearest, read_records
from assistant.core.values import GpuSpec

_VENDOR_WORDS = re.compile(r"\b(nvidia|geforce|tesla|amd|instinct|intel|gpus?|cards?)\b")

# macOS lets a process wire about 2/3 of unified memory to the GPU up to 36 GB and 3/4 above:
# the default of `recommendedMaxWorkingSetSize`; `iogpu.wired_limit_mb` moves it. Planned with 2/3.
_UNIFIED_SHARE = 2 / 3
# What a process can allocate of a card whose make is not known: the least share seen among the
# catalogue's cards of 8 GB and more (A10, L4: 22.05 GiB of a nominal 24).
_UNKNOWN_SHARE = 0.918


def _spec(record: dict[str, Any]) -> GpuSpec | None:
    memory = record["memory_gb"]
    if not memory:
        return None
    usable = record["usable_gib"]
    if usable is None:
        usable = memory * (_UNIFIED_SHARE if record["vendor"] == "Apple" else _UNKNOWN_SHARE)
    capability = record["cc"]
    return GpuSpec(
        name=record["name"],
        vendor=record["vendor"],
        memory_gb=memory,
        usable_gib=round(usable, 2),
        bf16=bool(record["bf16"]),
        compute_capability=float(capability) if capability else None,
        nvlink_gbs=record["nvlink_gbs"],
        bandwidth_gbs=record["bandwidth_gbs"],
        bf16_tflops=record["bf16_tflops"],
        fp16_tflops=record["fp16_tflops"],
        p2p_over_pcie=record["p2p_over_pcie"],
        kind=record["class"],
        source=record["source"],
    )


@cache
def all_gpus() -> tuple[GpuSpec, ...]:
    """Every accelerator that has memory of its own, in the catalogue's order."""
    specs = (_spec(r) for r in read_records("gpus.jsonl"))
    return tuple(s for s in specs if s is not None)


def _key(name: str) -> str:
    return fold(_VENDOR_WORDS.sub(" ", name.lower())).replace("-", "")


@cache
def gpu_names() -> dict[str, str]:
    """Every folded name and alias → SkyPilot's name (Apple's: `M-series`)."""
    names: dict[str, str] = {}
    for record in read_records("gpus.jsonl"):
        for alias in (record["name"], *record["aliases"], *record["devices"]):
            names.setdefault(_key(alias), record["name"])
    for record in read_records("gpus.jsonl"):
        names[_key(record["name"])] = record["name"]
    return names


def find_gpu(text: str) -> GpuSpec | None:
    """The accelerator of this name, alias or NVML device name; None when unknown."""
    name = gpu_names().get(_key(text))
    return next((g for g in all_gpus() if g.name == name), None)


def in_memory(name: str, memory_gb: float) -> GpuSpec | None:
    """The same GPU in the model that has this memory: 80 GB of an A100 is the A100-80GB. None where it does not come so."""
    stem = name.split("-")[0]
    spec = find_gpu(f"{stem} {memory_gb:g}gb")
    return spec if spec is not None and spec.memory_gb == memory_gb and spec.name.split("-")[0] == stem else None


@cache
def other_accelerators() -> frozenset[str]:
    """Lower-case names of accelerators without memory figures, which Oumi does not train on (TPU, Trainium)."""
    return frozenset(r["name"].lower() for r in read_records("gpus.jsonl") if not r["memory_gb"])


def generic_gpu(memory_gb: float) -> GpuSpec:
    """A card of which only the memory was said, taken as recent NVIDIA: bf16 and CUDA.

    Usable is the least that any catalogue card of that size offers.
    """
    same = [g.usable_gib for g in all_gpus() if g.is_cuda and g.memory_gb == memory_gb]
    usable = min(same) if same else memory_gb * _UNKNOWN_SHARE
    return GpuSpec(
        name=f"{memory_gb:g}GB",
        vendor="NVIDIA",
        memory_gb=memory_gb,
        usable_gib=round(usable, 2),
        bf16=True,
        kind="unknown",
        source="memory as said",
    )


def unified_memory(memory_gb: float, *, name: str = "M-series", bf16: bool = True) -> GpuSpec:
    """An Apple machine with this much unified memory."""
    return GpuSpec(
        name=name,
        vendor="Apple",
        memory_gb=memory_gb,
        usable_gib=round(memory_gb * _UNIFIED_SHARE, 2),
        bf16=bf16,
        kind="unified",
        source="macOS default GPU working set: two thirds of unified memory",
    )


def cpu_machine(memory_gb: float) -> GpuSpec:
    """No accelerator: main memory, a tenth of it left to the system."""
    return GpuSpec(
        name="cpu",
        vendor="CPU",
        memory_gb=memory_gb,
        usable_gib=round(memory_gb * 0.9, 2),
        bf16=False,
        kind="cpu",
        source="main memory",
    )


def suggest_gpus(text: str, count: int = 3) -> list[str]:
    """Names that come nearest to the text."""
    return nearest(text, [g.name for g in all_gpus()], count=count)


def search_gpus(query: str) -> list[GpuSpec]:
    """GPUs whose name holds every word of the query; nearest names if none does."""
    words = [_key(word) for word in query.split()]
    found = [g for g in all_gpus() if all(w in _key(g.name) or w == f"{g.memory_gb:g}gb" for w in words)]
    if found or not query:
        return found
    near = set(suggest_gpus(query, count=5))
    return [g for g in all_gpus() if g.name in near]
