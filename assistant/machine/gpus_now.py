"""The GPUs of this machine as they are now: what is free of each, and which processes hold the rest."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.catalogue.gpus import cpu_machine
from assistant.core.values import GpuSpec, Hardware
from assistant.machine.probe import Device, Machine, hardware_of, probe, visible_gpus

_PATIENCE = 10.0
_GPU_FIELDS = "index,uuid,name,memory.total,memory.free"
_PROCESS_FIELDS = "gpu_uuid,pid,process_name,used_gpu_memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A program that holds memory of a GPU; `gib` is None where the driver does not tell it (in a container)."""

    pid: int
    name: str
    gib: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuNow:
    """One NVIDIA GPU by nvidia-smi's index, GiB in all and free, and what runs on it."""

    index: int
    name: str
    total_gib: float
    free_gib: float
    processes: tuple[Process, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerators:
    """What a run can take now: `machine` is None without a GPU; `gpus` are known for NVIDIA alone."""

    machine: Hardware | None
    gpus: tuple[GpuNow, ...] = ()
    ram_gib: float | None = None
    available_gib: float | None = None

    @property
    def main_memory(self) -> Hardware:
        """The CPU as a machine to run on, with what is free of its memory."""
        spec: GpuSpec = cpu_machine(round(self.ram_gib or 0.0, 1))
        return Hardware(gpu=spec, count=1, source="probe", free_gib=self.available_gib)


def look() -> Accelerators:
    """Ask nvidia-smi, and where there is none the drivers. Never raises."""
    gpus = _nvidia_smi()
    found = probe() if not gpus else None
    machine = found or Machine(devices=tuple(Device(name=g.name, total_gib=g.total_gib, free_gib=g.free_gib) for g in gpus))
    hardware, _ = hardware_of(machine)
    ram = found.ram_gib if found else None
    if ram is None:
        from assistant.machine.probe import ram_gib

        ram = ram_gib()
    return Accelerators(machine=hardware, gpus=gpus, ram_gib=ram, available_gib=_available())


def _nvidia_smi() -> tuple[GpuNow, ...]:
    rows = list(_query("--query-gpu", _GPU_FIELDS))
    running: dict[str, list[Process]] = {}
    for row in _query("--query-compute-apps", _PROCESS_FIELDS) if rows else ():
        if len(row) == 4 and row[1].isdigit():
            running.setdefault(row[0], []).append(Process(pid=int(row[1]), name=row[2][-60:], gib=_gib(row[3])))
    found: dict[int, GpuNow] = {}
    for row in rows:
        total, free = (_gib(row[3]), _gib(row[4])) if len(row) == 5 else (None, None)
        if total is not None and free is not None and row[0].isdigit():
            here = tuple(running.get(row[1], ()))
            found[int(row[0])] = GpuNow(index=int(row[0]), name=row[2], total_gib=total, free_gib=free, processes=here)
    return tuple(found[index] for index in visible_gpus(max(found, default=-1) + 1) if index in found)


def _query(what: str, fields: str) -> Iterator[list[str]]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return
    try:
        done = subprocess.run(
            [program, f"{what}={fields}", "--format=csv,noheader,nounits"], capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    if done.returncode == 0:
        yield from csv.reader(done.stdout.decode("utf-8", "replace").splitlines(), skipinitialspace=True)


def _gib(mib: str) -> float | None:
    """nvidia-smi's MiB as GiB; None for `[N/A]`."""
    try:
        return float(mib) / 1024
    except ValueError:
        return None


def _available() -> float | None:
    """GiB of main memory that a program can take; None where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            line = next((line for line in file if line.startswith("MemAvailable:")), "")
    except (OSError, UnicodeDecodeError):
        return None
    words = line.split()
    return int(words[1]) / 2**20 if len(words) > 1 and words[1].isdigit() else None
