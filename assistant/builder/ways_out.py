"""What would fit when the request does not: smallest change first, each one planned for real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assistant.builder.phrase import machine_phrase, phrase
from assistant.catalogue.gpus import find_gpu
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import WayOut
from assistant.core.units import gib
from assistant.core.values import Hardware, ModelSpec, Plan
from assistant.planner.plan import make_plan

_BIGGER = (
    ("A100-80GB", 1, 1),
    ("A100-80GB", 2, 1),
    ("A100-80GB", 4, 1),
    ("A100-80GB", 8, 1),
    ("H200", 8, 1),
    ("H200", 8, 2),
    ("H200", 8, 4),
    ("H200", 8, 8),
    ("H200", 8, 16),
)
_ENOUGH = 4


def ways_out(intent: Intent, model: ModelSpec, machine: Hardware) -> tuple[WayOut, ...]:
    """Up to four changes that fit, in order of how little they change."""
    found: list[WayOut] = []
    kinds: set[str] = set()
    for kind, change, other, hardware in _changes(intent, machine):
        if kind in kinds or len(found) == _ENOUGH:
            continue
        plan = _try(other, model, hardware)
        if plan is not None and plan.fits:
            kinds.add(kind)
            found.append(_way(change, other, plan, hardware))
    return tuple(found)


def _way(change: str, intent: Intent, plan: Plan, machine: Hardware) -> WayOut:
    return WayOut(
        change=change,
        memory_gib=gib(plan.memory.upper),
        usable_gib=round(machine.usable_gib, 2),
        request=phrase(intent, machine),
        plan=plan,
    )


def _try(intent: Intent, model: ModelSpec, machine: Hardware) -> Plan | None:
    try:
        return make_plan(intent, model, machine).plan
    except OumiChatError:
        return None


def _changes(intent: Intent, machine: Hardware) -> Iterator[tuple[str, str, Intent, Hardware]]:
    """(kind, words, changed intent, machine); once a kind has fitted the rest of it is skipped."""
    if intent.micro_batch_size and intent.micro_batch_size > 1:
        yield "micro", "micro-batch 1", _change(intent, micro_batch_size=1), machine
    for length in (8192, 4096, 2048, 1024, 512):
        if intent.sequence_length and length < intent.sequence_length:
            yield "length", f"sequence length {length:,}", _change(intent, sequence_length=length), machine
    if intent.sharding in ("none", "ddp") and machine.world > 1:
        yield "sharding", "FSDP instead of a whole copy per GPU", _change(intent, sharding="fsdp"), machine
    for method, label in (("lora", "LoRA"), ("qlora", "QLoRA")):
        if intent.method != method and not (intent.method == "lora" and method == "full"):
            yield "method", f"{label} on the same hardware", _change(intent, method=method), machine
    yield from _more_gpus(intent, machine)


def _more_gpus(intent: Intent, machine: Hardware) -> Iterator[tuple[str, str, Intent, Hardware]]:
    free = _change(intent, sharding=None) if intent.sharding in ("none", "ddp") else intent
    for count in (2, 4, 8):
        if count > machine.count and machine.gpu.kind not in ("cpu", "unified"):
            more = replace(machine, count=count, source="request", free_gib=None)
            yield "count", f"{machine_phrase(more)}", free, more
    for name, count, nodes in _BIGGER:
        gpu = find_gpu(name)
        if gpu is not None:
            bigger = Hardware(gpu=gpu, count=count, nodes=nodes)
            yield "bigger", f"{machine_phrase(bigger)}", free, bigger


def _change(intent: Intent, **changes: object) -> Intent:
    return intent.model_copy(update=changes)
