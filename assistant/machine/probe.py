"""The accelerators of this machine, as its drivers tell."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.catalogue.gpus import find_gpu, generic_gpu, unified_memory
from assistant.core.units import GIB
from assistant.core.values import GpuSpec, Hardware, Reason

_DRIVER_SIGNS = ("/dev/nvidiactl", "/proc/driver/nvidia", "/dev/dxg", r"C:\Windows\System32\nvml.dll")
_AMD_VENDOR = "0x1002"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One accelerator as found. `is_mig` marks a slice of a GPU."""

    name: str
    total_gib: float
    free_gib: float
    vendor: str = "NVIDIA"
    is_mig: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """All that was found, and what stood in the way."""

    devices: tuple[Device, ...] = ()
    ram_gib: float | None = None
    problems: tuple[str, ...] = ()


def ram_gib() -> float | None:
    """Main memory in GiB; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    except (ValueError, OSError, AttributeError):
        return None


def probe(nvml: Any = None, *, amd_root: Path = Path("/sys/class/drm")) -> Machine:
    """Look for NVIDIA, then AMD, then Apple accelerators. Never raises. `nvml` stands in for pynvml in tests."""
    devices, problems = _nvidia(nvml)
    if not devices:
        devices = _amd(amd_root)
    if not devices and platform.system() == "Darwin" and platform.machine() == "arm64":
        devices = _apple()
    return Machine(devices=tuple(devices), ram_gib=ram_gib(), problems=tuple(problems))


def _nvidia(nvml: Any) -> tuple[list[Device], list[str]]:
    if nvml is None and not any(os.path.exists(sign) for sign in _DRIVER_SIGNS):
        return [], ["no NVIDIA driver"]
    try:
        library = nvml if nvml is not None else importlib.import_module("pynvml")
        library.nvmlInit()
    except Exception as problem:  # any driver fault means: nothing to plan with, said in `problems`
        return [], [f"the NVIDIA driver does not answer ({problem})"]
    try:
        return _nvidia_devices(library)
    finally:
        _quietly(library.nvmlShutdown)


def _quietly(call: Any, *args: Any) -> Any:
    try:
        return call(*args)
    except Exception:  # NVML calls fail one by one on old drivers and in containers
        return None


def _nvidia_devices(nvml: Any) -> tuple[list[Device], list[str]]:
    devices: list[Device] = []
    problems: list[str] = []
    for index in visible_gpus(_quietly(nvml.nvmlDeviceGetCount) or 0):
        handle = _quietly(nvml.nvmlDeviceGetHandleByIndex, index)
        slices = _mig_slices(nvml, handle) if handle is not None else []
        for part in slices or [handle]:
            device = _nvidia_device(nvml, part, is_mig=bool(slices)) if part is not None else None
            if device is None:
                problems.append(f"GPU {index} does not tell its name or memory")
            else:
                devices.append(device)
    return devices, problems


def visible_gpus(count: int) -> Iterable[int]:
    """Indices that CUDA_VISIBLE_DEVICES leaves; UUIDs in it are not resolved, so they hide nothing."""
    said = os.environ.get("CUDA_VISIBLE_DEVICES")
    if said is None:
        return range(count)
    names = [name.strip() for name in said.split(",") if name.strip()]
    if any(not name.lstrip("-").isdigit() for name in names):
        return range(count)
    kept: list[int] = []
    for name in names:
        if not 0 <= int(name) < count:
            break
        kept.append(int(name))
    return kept


def _mig_slices(nvml: Any, handle: Any) -> list[Any]:
    mode = _quietly(nvml.nvmlDeviceGetMigMode, handle)
    if not mode or not mode[0]:
        return []
    count = _quietly(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0
    found = (_quietly(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, i) for i in range(count))
    return [part for part in found if part is not None]


def _nvidia_device(nvml: Any, handle: Any, *, is_mig: bool) -> Device | None:
    name, memory = _quietly(nvml.nvmlDeviceGetName, handle), _quietly(nvml.nvmlDeviceGetMemoryInfo, handle)
    if name is None or memory is None:
        return None
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    return Device(name=text, total_gib=memory.total / GIB, free_gib=memory.free / GIB, is_mig=is_mig)


def _amd(root: Path) -> list[Device]:
    devices = []
    for card in sorted(root.glob("card[0-9]*/device")) if root.is_dir() else []:
        total, used = _number(card / "mem_info_vram_total"), _number(card / "mem_info_vram_used")
        if _text(card / "vendor") == _AMD_VENDOR and total and total >= 4 * GIB:
            name = _text(card / "product_name") or f"AMD GPU {total / GIB:.0f} GiB"
            devices.append(
                Device(name=name, total_gib=total / GIB, free_gib=(total - (used or 0)) / GIB, vendor="AMD")
            )
    return devices


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text and text.isdigit() else None


def _apple() -> list[Device]:
    try:
        out = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "hw.memsize"], capture_output=True, text=True, timeout=5, check=True
        )
        total = int(out.stdout) / GIB
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
    return [Device(name="M-series", total_gib=total, free_gib=total, vendor="Apple")]


def _spec(device: Device) -> GpuSpec:
    if device.vendor == "Apple":
        return unified_memory(round(device.total_gib))
    known = None if device.is_mig else find_gpu(device.name)
    if known is not None and abs(known.usable_gib - device.total_gib) < 0.2 * known.usable_gib:
        return known
    generic = generic_gpu(round(device.total_gib))
    usable = round(min(device.total_gib, generic.usable_gib), 2)
    return replace(generic, name=device.name, usable_gib=usable, vendor=device.vendor, source="read from the driver")


def hardware_of(machine: Machine) -> tuple[Hardware | None, tuple[Reason, ...]]:
    """The machine to plan for: the largest group of like GPUs, with the least free memory among them."""
    if not machine.devices:
        return None, ()
    kinds = Counter((d.name, round(d.total_gib)) for d in machine.devices)
    best = max(kinds, key=lambda k: (kinds[k] * k[1], k))
    group = [d for d in machine.devices if (d.name, round(d.total_gib)) == best]
    if any(d.is_mig for d in group):
        group = group[:1]  # NCCL does not join MIG slices of one GPU
    notes = []
    if len(group) < len(machine.devices):
        why = f"this machine has {len(machine.devices)} accelerators; one run takes like ones only"
        notes.append(Reason(field="hardware", value=f"{len(group)}x{group[0].name}", why=why))
    spec = _spec(group[0])
    free = min(d.free_gib for d in group)
    busy = max(d.total_gib - d.free_gib for d in group)
    if busy > 1.0 and spec.vendor != "Apple":
        why = f"{busy:.1f} GiB are taken by other programs just now"
        notes.append(Reason(field="hardware.memory_gib", value=round(min(free, spec.usable_gib), 2), why=why))
    limited = free if busy > 1.0 and spec.vendor != "Apple" else None
    return Hardware(gpu=spec, count=len(group), source="probe", free_gib=limited), tuple(notes)


def probe_hardware() -> tuple[Hardware | None, tuple[Reason, ...]]:
    """This machine's accelerators as hardware to plan for; None when there are none."""
    return hardware_of(probe())
