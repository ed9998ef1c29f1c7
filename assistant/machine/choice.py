"""Which machine to plan for: a flag's, else the request's own, else this one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from assistant.builder.phrase import machine_phrase
from assistant.catalogue.machines import parse_machine
from assistant.core.intent import Intent
from assistant.core.values import Hardware, Reason
from assistant.machine.probe import probe_hardware

Found = tuple[Hardware | None, tuple[Reason, ...]]
_ONE = re.compile(r"^\s*1\s*(?:[x*×]|\s)|[:x*×]\s*1\s*$", re.IGNORECASE)


def choose_machine(intent: Intent, flag: str | None, look: Callable[[], Found] = probe_hardware) -> Found:
    """The machine with what is to be said about it; None leaves it to the request and the planner.

    `flag` is the value of --gpus; `look` finds this computer's accelerators.

    Raises:
        UsageError: a flag that states no machine.
    """
    if flag is not None and flag.strip().lower() != "auto":
        return _stated(intent, flag)
    if flag is not None:
        return _found_as_told(intent, look)
    if intent.gpu or intent.gpu_memory_gb or intent.cloud not in (None, "local"):  # what runs elsewhere does not depend on this computer
        return None, ()
    return _counted(intent, *look())


def _stated(intent: Intent, flag: str) -> Found:
    machine = parse_machine(flag)
    notes: list[Reason] = []
    if (intent.gpu_count or intent.nodes) and _lacks_count(flag, machine):
        machine = parse_machine(f"{intent.nodes or 1}x{intent.gpu_count or 1}x{flag.strip()}")
        notes.append(Reason(field="gpu_count", value=machine.count, why="as the request says; --gpus names no number"))
    return machine, (*notes, *_overruled(intent, machine))


def _lacks_count(flag: str, machine: Hardware) -> bool:
    return machine.world == 1 and not _ONE.search(flag) and machine.gpu.kind not in ("cpu", "unified")


def _found_as_told(intent: Intent, look: Callable[[], Found]) -> Found:
    """`--gpus auto`: this computer, whatever machine the request names."""
    machine, notes = look()
    if machine is None:
        return None, (Reason(field="hardware", value="auto", why="--gpus auto finds no GPU on this computer"),)
    if intent.gpu is None or _is_kind(machine, intent.gpu):
        machine, notes = _counted(intent, machine, notes)
    if machine is None:
        return None, notes
    told = replace(machine, source="flag")  # only a flag's machine wins over the request's words
    found = Reason(field="hardware", value=machine_phrase(told), why="found on this computer, by --gpus auto")
    return told, (found, *notes, *_overruled(intent, told))


def _counted(intent: Intent, machine: Hardware | None, notes: tuple[Reason, ...]) -> Found:
    """This computer's kind of GPU in the number that the request says."""
    if machine is None or not (intent.gpu_count or intent.nodes):
        return machine, notes
    if machine.gpu.kind in ("cpu", "unified"):
        return None, notes
    asked = replace(machine, count=intent.gpu_count or machine.count, nodes=intent.nodes or 1)
    if asked.world <= machine.count:
        return asked, notes
    why = f"as the request says, of the kind found here; this computer has {machine.count}"
    return asked, (*notes, Reason(field="hardware", value=machine_phrase(asked), why=why))


def _is_kind(machine: Hardware, said: str) -> bool:
    """True when the words name this GPU, or leave its memory open (`A100` for an A100-80GB)."""
    return machine.gpu.name == said or machine.gpu.name.startswith(f"{said}-")


def _overruled(intent: Intent, machine: Hardware) -> tuple[Reason, ...]:
    """What the request says of the machine and the flag overrules."""
    said = []
    if intent.gpu and not _is_kind(machine, intent.gpu):
        said.append(intent.gpu)
    elif intent.gpu_memory_gb and intent.gpu_memory_gb != machine.gpu.memory_gb:
        said.append(f"{intent.gpu_memory_gb:g} GB")
    if intent.gpu_count and intent.gpu_count != machine.count:
        said.append(f"{intent.gpu_count} GPUs")
    if intent.nodes and intent.nodes != machine.nodes:
        said.append(f"{intent.nodes} nodes")
    if not said:
        return ()
    why = f"--gpus wins over the request, which says {' and '.join(said)}"
    return (Reason(field="hardware", value=machine_phrase(machine), why=why),)
