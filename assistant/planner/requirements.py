"""The inverse question: the least hardware for a training run, and the largest model for a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.catalogue.clouds import CLOUDS
from assistant.catalogue.gpus import find_gpu
from assistant.catalogue.models import all_models
from assistant.catalogue.offers import NO_PRICES, OWN, Offer, all_offers, hourly_range, offers, price_sentence
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


def sizes_of(gpu: GpuSpec, cloud: str | None) -> tuple[tuple[int, int], ...]:
    """Machines as they are rented: several nodes only of cards that are linked within one, and where the cloud that was said joins any."""
    linked = gpu.kind == "datacenter" and (gpu.nvlink_gbs or 0) >= 200
    return SIZES if linked and (cloud is None or CLOUDS[cloud].clusters) else SIZES[:4]


Keeps = Callable[[Requirement], bool]


def offers_on(gpu_name: str, count: int, cloud: str | None, *, nodes: int = 1) -> tuple[Offer, ...]:
    """Offers with this many of the GPU or the next larger count, cheapest first; of one cloud where one was said, and none of machines of one's own."""
    if cloud is None:
        return offers(gpu_name, count, nodes=nodes)
    sizes = sorted({o.count for o in all_offers() if o.gpu == gpu_name and o.cloud == cloud and o.count >= count})
    return tuple(o for o in offers(gpu_name, sizes[0], nodes=nodes) if o.cloud == cloud) if sizes else ()


def way_price(cloud: str | None, machine: Hardware) -> str:
    """What an hour of this machine costs, on the cloud that was said; nothing for machines of one's own."""
    return "" if cloud in NO_PRICES else price_sentence(offers_on(machine.gpu.name, machine.count, cloud, nodes=machine.nodes), nodes=machine.nodes)


def on_any_machine(intent: Intent) -> Intent:
    """The same run, with nothing said of the machine."""
    return intent.model_copy(update={"gpu": None, "gpu_count": None, "nodes": None, "gpu_memory_gb": None})


def is_offered(machine: Hardware, cloud: str | None) -> bool:
    """True where this cloud has such a machine or a larger one, or no cloud with offers was said."""
    return cloud is None or cloud in NO_PRICES or bool(offers_on(machine.gpu.name, machine.count, cloud))


def rentable(machines: Sequence[Hardware], intent: Intent) -> list[Hardware]:
    """What to plan for where nothing is said of the machine: those of the cloud that was said, least expensive first.

    `machines` stand where no cloud was, or one without offers; GPUs in the said number alone, where one was said.
    """
    if intent.cloud is None or intent.cloud in NO_PRICES:
        return list(machines)
    spot = bool(intent.spot)
    prices: dict[tuple[str, int], float] = {}
    for offer in all_offers():
        price = offer.price(spot=spot) if offer.cloud == intent.cloud and offer.gpu in COMMON else None
        if price is not None and intent.gpu_count in (None, offer.count):
            key = (offer.gpu, offer.count)
            prices[key] = min(price.usd_per_hour, prices.get(key, _UNKNOWN))
    ordered = sorted(prices, key=lambda key: (prices[key], key))
    found = [Hardware(gpu=gpu, count=count, nodes=intent.nodes or 1, source="none") for name, count in ordered if (gpu := find_gpu(name))]
    return found or list(machines)


def _requirement(machine: Hardware, plan: Plan, intent: Intent) -> Requirement:
    found = offers_on(machine.gpu.name, machine.count, intent.cloud, nodes=machine.nodes)
    hourly = hourly_range(found, nodes=machine.nodes)
    larger = f"; the smallest there has {found[0].count} GPUs" if found and found[0].count > machine.count else ""
    hours = plan.time.hours if plan.time else None
    rate = _rate(found, machine, intent)
    return Requirement(
        machine=machine,
        plan=plan,
        hourly=hourly,
        price=OWN if intent.cloud in NO_PRICES else price_sentence(found, nodes=machine.nodes) + larger,
        dollars=rate * hours if rate and hours else None,
    )


def _rate(found: tuple[Offer, ...], machine: Hardware, intent: Intent) -> float | None:
    """Dollars an hour at the cheapest offer: on demand, or as spot where that was said."""
    prices = [price.usd_per_hour for o in found if (price := o.price(spot=bool(intent.spot)))]
    return min(prices) * machine.nodes if prices else None


def _fitting(intent: Intent, model: ModelSpec, machine: Hardware) -> Plan | None:
    """A plan that fits with everything on the GPUs: states in CPU memory make a run several times longer."""
    try:
        plan = make_plan(intent, model, machine).plan
    except OumiChatError:
        return None
    return plan if plan.fits and not plan.cpu_offload else None


def _any(_found: Requirement) -> bool:
    return True


def least_of(intent: Intent, model: ModelSpec, gpu: GpuSpec, keeps: Keeps = _any) -> Requirement | None:
    """The fewest GPUs of this kind that the run fits on, and that `keeps` what else is asked."""
    for count, nodes in sizes_of(gpu, intent.cloud):
        machine = Hardware(gpu=gpu, count=count, nodes=nodes)
        plan = _fitting(intent, model, machine)
        if plan is not None and keeps(found := _requirement(machine, plan, intent)):
            return found
    return None


def cheaper(found: Requirement) -> tuple[float, float, float, str]:
    """Order: by what the run costs, then by the price an hour where that is not known, then by memory in all."""
    return (found.dollars or _UNKNOWN, *smaller(found))


def smaller(found: Requirement) -> tuple[float, float, str]:
    """Order: by the price an hour, those without one after the others by memory in all."""
    total = found.machine.gpu.memory_gb * found.machine.world
    return (found.hourly[0] if found.hourly else _UNKNOWN, total, found.machine.gpu.name)


_UNKNOWN = float("inf")


def least_hardware(
    intent: Intent, model: ModelSpec, *, limit: int = 8, keeps: Keeps = _any, order: Callable[[Requirement], tuple[float | str, ...]] = cheaper
) -> tuple[Requirement, ...]:
    """The least machine of each usual GPU that the run fits on, by what the run costs unless told otherwise.

    The first single GPU is among them where one is enough.
    """
    free = on_any_machine(intent)
    gpus = [gpu for name in COMMON if (gpu := find_gpu(name)) is not None]
    found = sorted((r for gpu in gpus if (r := least_of(free, model, gpu, keeps)) is not None), key=order)
    single = next((r for r in found if r.machine.world == 1), None)
    shown = found[:limit]
    return tuple([*shown[:-1], single] if single and single not in shown else shown)


def largest_models(intent: Intent, hardware: Hardware, *, limit: int = 5, family: str | None = None) -> tuple[Plan, ...]:
    """The largest models of the catalogue that this machine can train so, one a family, largest first.

    `family` keeps to those whose family begins with these words.
    """
    found: list[Plan] = []
    families: set[str] = set()
    for model in sorted(all_models(), key=lambda m: (-m.params_total, m.id)):
        if len(found) == limit:
            break
        if model.family in families or not model.instruct or model.rough:
            continue
        if family and not model.family.lower().startswith(family):
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
    for count, nodes in sizes_of(machine.gpu, intent.cloud):
        if count * nodes <= machine.world:
            continue
        larger = replace(machine, count=count, nodes=nodes, source="request", free_gib=None)
        plan = _fitting(intent, model, larger)
        if plan is not None:
            return _requirement(larger, plan, intent)
    return None


def machines_that(intent: Intent, model: ModelSpec, machine: Hardware, keeps: Callable[[Plan], bool]) -> Iterator[Requirement]:
    """For the GPU at hand and the usual data-centre ones: the fewest GPUs whose plan `keeps` what is asked of it."""
    for name in dict.fromkeys((machine.gpu.name, "A100-80GB", "H100", "H200")):
        gpu = find_gpu(name)
        if gpu is None:
            continue
        for count, nodes in sizes_of(gpu, intent.cloud):
            other = Hardware(gpu=gpu, count=count, nodes=nodes)
            plan = _fitting(intent, model, other)
            if plan is not None and keeps(plan):
                yield _requirement(other, plan, intent)
                break


def same_number(intent: Intent, model: ModelSpec, machine: Hardware) -> tuple[Requirement, ...]:
    """As many of each usual GPU, where the run fits on them as it was asked for; by price an hour."""
    found = []
    for gpu in (find_gpu(name) for name in COMMON):
        if gpu is None or gpu.name == machine.gpu.name or (machine.count, machine.nodes) not in sizes_of(gpu, intent.cloud):
            continue
        other = Hardware(gpu=gpu, count=machine.count, nodes=machine.nodes)
        plan = _fitting(intent, model, other)
        if plan is not None:
            found.append(_requirement(other, plan, intent))
    return tuple(sorted(found, key=smaller))
