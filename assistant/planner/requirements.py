"""The inverse question: the least hardware for a training run, and the largest model for a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from assistant.catalogue.gpus import find_gpu
from assistant.catalogue.models import all_models
from assistant.catalogue.offers import hourly_range, offers, price_sentence
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Requirement
from assistant.core.values import GpuSpec, Hardware, ModelSpec, Plan
from assistant.planner.plan import make_plan

COMMON = (
    "RTX3060", "T4", "RTX4060-Ti", "RTX3090", "RTX4090", "RTX5090", "L4", "A10G", "RTXA6000", "RTX6000-Ada", "L40S",
    "A100", "A100-80GB", "H100", "RTXPRO6000", "H200", "B200", "MI300X",
)
"""GPUs that people have or rent: the least of each is looked for."""
SIZES = ((1, 1), (2, 1), (4, 1), (8, 1), (8, 2), (8, 4), (8, 8), (8, 16))
"""(GPUs a node, nodes), as they are rented."""


def sizes_of(gpu: GpuSpec) -> tuple[tuple[int, int], ...]:
    """Machines as they are rented: several nodes only of cards that are linked within one."""
    linked = gpu.kind == "datacenter" and (gpu.nvlink_gbs or 0) >= 200
    return SIZES if linked else SIZES[:4]


def _requirement(machine: Hardware, plan: Plan) -> Requirement:
    found = offers(machine.gpu.name, machine.count)
    return Requirement(
        machine=machine,
        plan=plan,
        hourly=hourly_range(found, nodes=machine.nodes),
        price=price_sentence(found, nodes=machine.nodes),
    )


def _fitting(intent: Intent, model: ModelSpec, machine: Hardware) -> Plan | None:
    """A plan that fits with everything on the GPUs: states in CPU memory make a run several times longer."""
    try:
        plan = make_plan(intent, model, machine).plan
    except OumiChatError:
        return None
    return plan if plan.fits and not plan.cpu_offload else None


def least_of(intent: Intent, model: ModelSpec, gpu_name: str) -> Requirement | None:
    """The fewest GPUs of this kind that the run fits on."""
    gpu = find_gpu(gpu_name)
    if gpu is None:
        return None
    for count, nodes in sizes_of(gpu):
        machine = Hardware(gpu=gpu, count=count, nodes=nodes)
        plan = _fitting(intent, model, machine)
        if plan is not None:
            return _requirement(machine, plan)
    return None


def least_hardware(intent: Intent, model: ModelSpec, *, limit: int = 8) -> tuple[Requirement, ...]:
    """The least machines that the run fits on: those with a price by it, then the others by memory in all."""
    free = intent.model_copy(update={"gpu": None, "gpu_count": None, "nodes": None, "gpu_memory_gb": None})
    found = [r for name in COMMON if (r := least_of(free, model, name)) is not None]
    return tuple(sorted(found, key=_order)[:limit])


def _order(found: Requirement) -> tuple[float, float, str]:
    total = found.machine.gpu.memory_gb * found.machine.world
    return (found.hourly[0] if found.hourly else float("inf"), total, found.machine.gpu.name)


def largest_models(intent: Intent, hardware: Hardware, *, limit: int = 5) -> tuple[Plan, ...]:
    """The largest models of the catalogue that this machine can train so, one a family, largest first."""
    found: list[Plan] = []
    families: set[str] = set()
    for model in sorted(all_models(), key=lambda m: (-m.params_total, m.id)):
        if len(found) == limit:
            break
        if model.family in families or not model.instruct or model.rough:
            continue
        plan = _fitting(intent.model_copy(update={"model": model.id}), model, hardware)
        if plan is not None:
            families.add(model.family)
            found.append(plan)
    return tuple(found)


def more_of_the_same(intent: Intent, model: ModelSpec, machine: Hardware) -> Requirement | None:
    """The fewest of the GPUs at hand that it would fit on."""
    if machine.gpu.kind in ("cpu", "unified"):
        return None
    for count, nodes in sizes_of(machine.gpu):
        if count * nodes <= machine.world:
            continue
        larger = replace(machine, count=count, nodes=nodes, source="request", free_gib=None)
        plan = _fitting(intent, model, larger)
        if plan is not None:
            return _requirement(larger, plan)
    return None


def machines_that(intent: Intent, model: ModelSpec, machine: Hardware, keeps: Callable[[Plan], bool]) -> Iterator[Requirement]:
    """For the GPU at hand and the usual data-centre ones: the fewest GPUs whose plan `keeps` what is asked of it."""
    for name in dict.fromkeys((machine.gpu.name, "A100-80GB", "H100", "H200")):
        gpu = find_gpu(name)
        if gpu is None:
            continue
        for count, nodes in sizes_of(gpu):
            other = Hardware(gpu=gpu, count=count, nodes=nodes)
            plan = _fitting(intent, model, other)
            if plan is not None and keeps(plan):
                yield _requirement(other, plan)
                break
