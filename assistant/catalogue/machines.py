"""Machines as people write them: `2xA100-80GB`, `A100:4`, `8*H100`, `2x24GB`, `cpu:64GB`, `m3 max 64gb`."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.catalogue.gpus import (
    all_gpus,
    cpu_machine,
    find_gpu,
    generic_gpu,
    other_accelerators,
    suggest_gpus,
    unified_memory,
)
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import GpuSpec, Hardware, HardwareSource, Reason

EXAMPLES = "2xA100-80GB, H100:8, 4x24GB, 2x8xH100 (nodes first), cpu:64GB, m3-max:64GB, auto"
_NODES = re.compile(r"^(\d{1,5})\s*(?:nodes?\s*(?:x|\*|of|,)?\s*(?=\d)|[x*]\s*(?=\d{1,5}(?:\s*[x*]|\s+(?!gi?b?\b)[a-z])))", re.IGNORECASE)
_COUNT_FIRST = re.compile(r"^(\d{1,5})\s*(?:[x*×]\s*|\s+(?=[a-z]))(.+)$", re.IGNORECASE)
_COUNT_LAST = re.compile(r"^(.+?)\s*(?::|[x*×]\s?)\s*(\d{1,5})$", re.IGNORECASE)
_MEMORY = re.compile(r"[\s:@\-(]*(\d{1,4}(?:\.\d+)?)\s*(?:gb|gib|g)\b\)?\s*$", re.IGNORECASE)
_APPLE = re.compile(r"^(?:apple[\s-]*)?m(?:[1-5]|-series)(?:[\s-]*(?:pro|max|ultra))?$", re.IGNORECASE)
_MAX_GPUS = 1024
_CPU_GB = 32.0
_MAC_GB = 16.0


def parse_machine(text: str, *, source: HardwareSource = "flag") -> Hardware:
    """The machine that a `--gpus` value states.

    Raises:
        UsageError: no such GPU (with did-you-mean), a count out of range, or one that Oumi cannot use.
    """
    rest, nodes, count = text.strip(), 1, 1
    if found := _NODES.match(rest):
        nodes, rest = int(found.group(1)), rest[found.end() :]
    if found := _COUNT_FIRST.match(rest):
        count, rest = int(found.group(1)), found.group(2)
    elif not find_gpu(rest) and (found := _COUNT_LAST.match(rest)) and not _MEMORY.match(rest):
        rest, count = found.group(1), int(found.group(2))
    if not 1 <= count * nodes <= _MAX_GPUS or count < 1:
        raise UsageError(
            f"{count} × {nodes} GPUs is not between 1 and {_MAX_GPUS}.",
            context=f'--gpus "{text[:80]}"',
            hint=f"Examples: {EXAMPLES}",
        )
    return Hardware(gpu=_counted(_gpu(rest.strip(), text), count), count=count, nodes=nodes, source=source)


def _counted(gpu: GpuSpec, count: int) -> GpuSpec:
    """The GPU, unless it is a processor or a Mac of which several were said.

    Raises:
        UsageError: there is one in a machine.
    """
    if count > 1 and gpu.kind in ("cpu", "unified"):
        what = "cpu is the whole machine" if gpu.kind == "cpu" else "a Mac has one GPU"
        raise UsageError(f"{what}, and a number of {count} was said.", context="gpu_count", hint="Say it without a number, such as cpu:64GB; or name GPUs.", reference="conflict")
    return gpu


def _gpu(name: str, text: str) -> GpuSpec:
    exact = find_gpu(name)
    if exact is not None:
        return _usable(exact, text)
    memory = _MEMORY.search(name)
    base = name[: memory.start()].strip() if memory else name
    size = float(memory.group(1)) if memory else None
    if base.lower() in ("cpu", "cpus", "none"):
        return cpu_machine(size or _CPU_GB)
    if _APPLE.match(base):
        chip = find_gpu(f"apple {base}") or find_gpu(base)
        return unified_memory(size or _MAC_GB, bf16=chip.bf16 if chip else True)
    if not base and size:
        return generic_gpu(_sensible(size, text))
    found = find_gpu(base)
    if found is None and base.lower() in other_accelerators():
        raise _no_oumi(base, text)
    if found is None:
        raise _unknown(name, f'--gpus "{text[:80]}"')
    return _usable(_with_memory(found, size) if size else found, text)


def _sensible(size: float, text: str) -> float:
    if not 1 <= size <= 1024:
        raise UsageError(f"No GPU has {size:g} GB.", context=f'--gpus "{text[:80]}"', hint=f"Examples: {EXAMPLES}")
    return size


def _usable(gpu: GpuSpec, text: str) -> GpuSpec:
    if gpu.vendor in ("NVIDIA", "AMD"):
        return gpu
    if gpu.vendor == "Apple":
        return unified_memory(gpu.memory_gb, bf16=gpu.bf16)
    raise _no_oumi(gpu.name, text)


def _no_oumi(name: str, text: str) -> UsageError:
    hint = "Give an NVIDIA, AMD or Apple GPU, or cpu."
    return UsageError(f"Oumi does not train on {name}.", context=f'"{text[:80]}"', hint=hint, reference="unsupported-gpu")


def _unknown(name: str, context: str) -> UsageError:
    near = suggest_gpus(name) if len(name) <= 60 else []
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    return UsageError(f'No GPU "{name[:60]}".', context=context, hint=f"{hint}Examples: {EXAMPLES}", reference="unknown-gpu")


def _with_memory(gpu: GpuSpec, memory_gb: float) -> GpuSpec:
    """The variant of this GPU with that memory, else this GPU with the said memory."""
    if gpu.memory_gb == memory_gb:
        return gpu
    variant = next((g for g in all_gpus() if g.name.startswith(f"{gpu.name}-") and g.memory_gb == memory_gb), None)
    if variant is not None:
        return variant
    return replace(gpu, memory_gb=memory_gb, usable_gib=round(gpu.usable_gib * memory_gb / gpu.memory_gb, 2))


def hardware_from_intent(intent: Intent) -> tuple[Hardware | None, tuple[Reason, ...]]:
    """The machine that a request states, and what was assumed to complete it; None when it states none.

    Raises:
        UsageError: a GPU that the catalogue does not know, or that Oumi cannot use.
    """
    if intent.gpu is None and intent.gpu_memory_gb is None:
        return None, ()
    gpu, reasons = _said_gpu(intent)
    count = intent.gpu_count or 1
    _counted(gpu, count)
    if intent.gpu_count is None and gpu.kind not in ("cpu", "unified"):
        reasons.append(Reason(field="gpu_count", value=1, why="no number was said"))
    hardware = Hardware(gpu=gpu, count=count, nodes=intent.nodes or 1, source="request")
    if hardware.world > _MAX_GPUS:
        raise UsageError(f"{hardware.world} GPUs is more than {_MAX_GPUS}.", context="gpu_count", hint="Say fewer.")
    return hardware, tuple(reasons)


def _said_gpu(intent: Intent) -> tuple[GpuSpec, list[Reason]]:
    memory = intent.gpu_memory_gb
    if intent.gpu is None:
        gpu = generic_gpu(memory or 0)
        return gpu, [Reason(field="hardware.gpu", value=gpu.name, why="taken as a recent NVIDIA card: bf16 and CUDA")]
    if intent.gpu == "M-series":
        if memory:
            return unified_memory(memory), []
        why = "the memory of the Mac was not said"
        return unified_memory(_MAC_GB), [Reason(field="gpu_memory_gb", value=_MAC_GB, why=why)]
    if re.match(r"tpu|trainium|inferentia", intent.gpu, re.IGNORECASE):
        raise _no_oumi(intent.gpu, "request")
    if intent.gpu.lower() == "cpu":
        return cpu_machine(memory or _CPU_GB), []
    gpu = find_gpu(intent.gpu) or _raise(_unknown(intent.gpu, "request"))
    if memory and memory != gpu.memory_gb:
        other = _with_memory(gpu, memory)
        return _usable(other, intent.gpu), [] if other.name != gpu.name else [
            Reason(field="gpu_memory_gb", value=memory, why=f"as said; the catalogue's {gpu.name} has {gpu.memory_gb:g} GB")
        ]
    if gpu.name == "A100" and not memory:
        return gpu, [Reason(field="hardware.gpu", value="A100", why="the 40 GB one: what fits there fits 80 GB too")]
    return _usable(gpu, intent.gpu), []


def _raise(error: UsageError) -> GpuSpec:
    raise error


def _assumed(name: str, count: int) -> Hardware:
    gpu = find_gpu(name)
    assert gpu is not None
    return Hardware(gpu=gpu, count=count, source="none")


ASSUMED = (("RTX4090", 1), ("A100-80GB", 1), ("A100-80GB", 8), ("H200", 8))


def assumed_machines() -> tuple[Hardware, ...]:
    """What to plan for when nothing is known, smallest first."""
    return tuple(_assumed(name, count) for name, count in ASSUMED)
