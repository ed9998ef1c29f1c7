"""What would fit when the request does not: smallest change first, each one planned for real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from assistant.builder.budget import hours_allowed, steps_within
from assistant.builder.phrase import command, machine_phrase, phrase
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Requirement, WayOut
from assistant.core.units import gib
from assistant.core.values import Hardware, ModelSpec, Plan
from assistant.planner.plan import make_plan
from assistant.planner.requirements import (
    least_hardware,
    machines_that,
    more_of_the_same,
    on_any_machine,
    same_number,
    smaller,
)

_ENOUGH = 4
_LENGTHS = (32768, 16384, 8192, 4096, 2048, 1024, 512)
_LABELS = {"lora": "LoRA", "qlora": "QLoRA"}


def ways_out(intent: Intent, model: ModelSpec, machine: Hardware) -> tuple[WayOut, ...]:
    """Changes that fit, in order of how little they change: a setting, the method, both, then more hardware.

    At most four, and always one of hardware where any machine of the catalogue would do.
    """
    groups = (_settings(intent, machine), _methods(intent, machine))
    found = [one for group in groups if (one := _first_fitting(group, model, machine))]
    if not found and (one := _first_fitting(_pairs(intent, machine), model, machine)):
        found.append(one)
    kept = _kept_copies(intent, model, machine)
    hardware = [*([_way(machine_phrase(kept.machine), intent, kept.plan, kept.machine, price=kept.price if kept.hourly else "")] if kept else [])]
    hardware += [_hardware_way(intent, r) for r in _larger(intent, model, machine)]
    return _with_lengths(intent, [*found[: _ENOUGH - 1], *hardware][:_ENOUGH])


def _with_lengths(intent: Intent, ways: list[WayOut]) -> tuple[WayOut, ...]:
    """The ways, each with its length in words where that is free and another way leaves room for longer rows."""
    lengths = [way.plan.sequence_length if way.plan else 0 for way in ways]
    longest = max(lengths, default=0)
    if intent.sequence_length:
        return tuple(ways)
    return tuple(
        replace(way, change=f"{way.change}, rows of {length:,} tokens") if length < longest else way for way, length in zip(ways, lengths, strict=True)
    )


Change = tuple[str, Intent]


def _first_fitting(changes: Iterator[Change], model: ModelSpec, machine: Hardware) -> WayOut | None:
    for words, intent in changes:
        plan = _try(intent, model, machine)
        if plan is not None and plan.fits:
            return _way(words, intent, plan, machine)
    return None


def _try(intent: Intent, model: ModelSpec, machine: Hardware) -> Plan | None:
    try:
        return make_plan(intent, model, machine).plan
    except OumiChatError:
        return None


def _settings(intent: Intent, machine: Hardware) -> Iterator[Change]:
    """What was said and may be given up: first what does not change the result, then shorter rows, then both."""
    harmless = list(_harmless(intent, machine))
    yield from harmless
    yield from _lengths(intent)
    if harmless:
        words, lightest = harmless[-1]
        for length, other in _lengths(lightest):
            yield f"{words} and {length}", other


def _harmless(intent: Intent, machine: Hardware) -> Iterator[Change]:
    """Recomputed activations, sharding, smaller micro-batches: the same result with less memory; all together last."""
    words: list[str] = []
    so_far = intent
    for step in (_recomputation, _sharded, _smaller_batches):
        last: Change | None = None
        for change in step(so_far, machine):
            yield (" and ".join([*words, change[0]]), change[1])
            last = change
        if last:
            words.append(last[0])
            so_far = last[1]


def _smaller_batches(intent: Intent, _machine: Hardware) -> Iterator[Change]:
    said = micro = intent.micro_batch_size or 1
    while micro > 1:
        micro //= 2
        yield f"micro-batch {said} → {micro}", _change(intent, micro_batch_size=micro)


def _recomputation(intent: Intent, _machine: Hardware) -> Iterator[Change]:
    overrides = dict(intent.overrides or {})
    if overrides.get("training.enable_gradient_checkpointing") is False:
        overrides["training.enable_gradient_checkpointing"] = True
        yield "gradient checkpointing", _change(intent, overrides=overrides)


def _sharded(intent: Intent, machine: Hardware) -> Iterator[Change]:
    if intent.sharding in ("none", "ddp") and machine.world > 1:
        yield "FSDP instead of a whole copy per GPU", _change(intent, sharding="fsdp")


def _lengths(intent: Intent) -> Iterator[Change]:
    for length in _LENGTHS:
        if intent.sequence_length and length < intent.sequence_length:
            yield f"sequence length {intent.sequence_length:,} → {length:,}", _change(intent, sequence_length=length)


def _others(intent: Intent, machine: Hardware) -> list[str]:
    """Methods that may take less than the one that was said: lighter ones, and LoRA where its weights can be shared."""
    order = ["full", "lora", *(["qlora"] if machine.gpu.is_torch_cuda else [])]
    if intent.method == "qlora" and not machine.gpu.is_torch_cuda:
        return []
    lighter = order[order.index(intent.method or "lora") + 1 :]
    return ["lora"] if intent.method == "qlora" and machine.world > 1 else lighter


def _methods(intent: Intent, machine: Hardware) -> Iterator[Change]:
    instead = f" instead of {_LABELS.get(intent.method or '', 'full training')}" if intent.method else ""
    for method in _others(intent, machine):
        changed = _change(intent, method=method)
        yield f"{_LABELS[method]}{instead}", changed
        for words, other in _harmless(changed, machine):
            yield f"{_LABELS[method]}{instead}, {words}", other


def _pairs(intent: Intent, machine: Hardware) -> Iterator[Change]:
    """Another method and a setting."""
    for method in _others(intent, machine):
        for words, other in _settings(_change(intent, method=method), machine):
            yield f"{_LABELS[method]} and {words}", other


def _kept_copies(intent: Intent, model: ModelSpec, machine: Hardware) -> Requirement | None:
    """As many GPUs of another kind, where a whole copy on each was asked for: more of the same would not help."""
    if intent.sharding not in ("none", "ddp") or machine.world < 2:
        return None
    return next(iter(same_number(intent, model, machine)), None)


def _larger(intent: Intent, model: ModelSpec, machine: Hardware) -> list[Requirement]:
    """More of the same GPU, and the cheapest machine that fits."""
    free = _change(intent, sharding=None) if intent.sharding in ("none", "ddp") else intent
    more = more_of_the_same(free, model, machine)
    others = [r for r in least_hardware(free, model, order=smaller) if r.machine.gpu.name != machine.gpu.name]
    return [r for r in (more, *others[:2]) if r is not None]


def budget_ways(intent: Intent, model: ModelSpec, plan: Plan) -> tuple[WayOut, ...]:
    """What would keep a limit on time or money: fewer steps, or GPUs that are done in time."""
    found = []
    steps = steps_within(intent, plan)
    if steps:
        shorter = _change(intent, epochs=None, max_steps=steps)
        made = _try(shorter, model, plan.hardware)
        if made is not None and made.fits:
            found.append(_way(f"{steps:,} steps", shorter, made, plan.hardware))
    found += [_hardware_way(intent, need) for need in machines_that(intent, model, plan.hardware, partial(_in_budget, intent))]
    return tuple(found[:_ENOUGH])


def _in_budget(intent: Intent, plan: Plan) -> bool:
    allowed, time = hours_allowed(intent, plan), plan.time
    return bool(allowed and time and time.hours and time.hours <= allowed)


_SHARDED = {"fsdp": "FSDP", "fsdp-offload": "FSDP", "deepspeed": "DeepSpeed"}


def _hardware_way(intent: Intent, found: Requirement) -> WayOut:
    free = _change(intent, sharding=None) if intent.sharding in ("none", "ddp") else intent
    change = machine_phrase(found.machine)
    if intent.sharding in ("none", "ddp") and found.plan.sharding in _SHARDED:
        change += f" with {_SHARDED[found.plan.sharding]} instead of a whole copy per GPU"
    return _way(change, free, found.plan, found.machine, price=found.price if found.hourly else "")


def _way(change: str, intent: Intent, plan: Plan, machine: Hardware, *, price: str = "") -> WayOut:
    asked = on_any_machine(intent)
    return WayOut(
        change=f"{change}, states in CPU memory (slow)" if plan.cpu_offload else change,
        memory_gib=gib(plan.memory.upper),
        usable_gib=round(machine.usable_gib, 2),
        request=phrase(asked, machine),
        command=command(asked, machine),
        plan=plan,
        price=price,
    )


def _change(intent: Intent, **changes: object) -> Intent:
    return intent.model_copy(update=changes)
