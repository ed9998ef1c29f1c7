"""What clouds ask for GPUs by the hour: dated where the source is, said to be undated where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from assistant.catalogue.names import read_records
from assistant.core.values import price_date

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars an hour for a whole instance.

    `as_of` is a day, None for an undated snapshot; `trust` is dated, catalog (SkyPilot's), or derived from another count.
    """

    usd_per_hour: float
    as_of: str | None
    trust: str
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One instance with `count` GPUs. Either price may be unknown, not both. `accelerator` is SkyPilot's name of the GPU on that cloud, None where it is `gpu`."""

    cloud: str
    gpu: str
    count: int
    instance: str | None
    on_demand: Price | None
    spot: Price | None
    host_memory_gib: float | None
    source: str
    accelerator: str | None = None

    @property
    def hourly(self) -> float:
        """Dollars an hour to rank by: on demand, and spot where nothing else is known."""
        price = self.on_demand or self.spot
        return price.usd_per_hour if price else float("inf")

    def price(self, *, spot: bool) -> Price | None:
        """The price as spot or on demand; None where it is not known."""
        return self.spot if spot else self.on_demand


NO_PRICES = ("local", "slurm", "kubernetes")
"""Said as a cloud, and machines of one's own: nobody lists a price for them."""
OWN = "no listed price: the machines are your own"


def _price(record: dict[str, Any] | None) -> Price | None:
    if record is None:
        return None
    return Price(
        usd_per_hour=record["usd"], as_of=record["as_of"], trust=record["trust"], region=record.get("region")
    )


def _offer(record: dict[str, Any]) -> Offer:
    return Offer(
        cloud=record["cloud"],
        gpu=record["gpu"],
        count=record["count"],
        instance=record["instance"],
        on_demand=_price(record.get("on_demand")),
        spot=_price(record.get("spot")),
        host_memory_gib=record["host_mem_gib"],
        source=record["source"],
        accelerator=record.get("accelerator"),
    )


@cache
def all_offers() -> tuple[Offer, ...]:
    """Every offer that has a price, by GPU, count and cloud."""
    return tuple(_offer(record) for record in read_records("offers.jsonl"))


SINGLE = frozenset(("runpod", "primeintellect", "vast"))
"""Clouds whose machines SkyPilot 0.12 does not join (`MULTI_NODE` in sky/clouds/*.py; asked in tests/oumi/test_jobs_matrix.py)."""


def offers(gpu_name: str, count: int, *, nodes: int = 1) -> tuple[Offer, ...]:
    """Instances with this many of the GPU, cheapest first; where none has, those with the next larger count.

    For several `nodes` only where they can be joined. On-demand prices come before spot-only ones. `gpu_name` is the catalogue's own (`find_gpu(...).name`).
    """
    enough = [o for o in all_offers() if o.gpu == gpu_name and o.count >= count and (nodes == 1 or o.cloud not in SINGLE)]
    least = min((o.count for o in enough), default=0)
    found = (o for o in enough if o.count == least)
    return tuple(sorted(found, key=lambda o: (o.on_demand is None, o.hourly, o.cloud, o.instance or "")))


def cheapest(gpu_name: str, count: int) -> Offer | None:
    """The least expensive offer on demand, or None when no price is known."""
    return next(iter(offers(gpu_name, count)), None)


def hourly_range(found: Sequence[Offer], *, nodes: int = 1) -> tuple[float, float] | None:
    """(least, most) dollars an hour on demand among the three cheapest offers, for this many instances."""
    prices = [o.on_demand.usd_per_hour * nodes for o in found if o.on_demand][:_SHOWN]
    return (min(prices), max(prices)) if prices else None


def price_sentence(found: Sequence[Offer], *, nodes: int = 1) -> str:
    """`about $22–27 an hour (aws, gcp), prices of 2026-09 to 2026-11`, or what is missing."""
    span = hourly_range(found, nodes=nodes)
    if span is None:
        spot = next((o for o in found if o.spot), None)
        if spot is None or spot.spot is None:
            return "no price known"
        hourly = f"{_dollars(spot.spot.usd_per_hour * nodes)} an hour as spot on {spot.cloud}"
        return f"about {hourly}, {_when([spot.spot])}; no on-demand price known"
    shown = [o for o in found if o.on_demand][:_SHOWN]
    low, high = _dollars(span[0]), _dollars(span[1])
    amount = low if low == high else f"{low}–{high.removeprefix('$')}"
    clouds = ", ".join(dict.fromkeys(o.cloud for o in shown))
    return f"about {amount} an hour ({clouds}), {_when([o.on_demand for o in shown if o.on_demand])}"


def _dollars(amount: float) -> str:
    return f"${amount:.0f}" if amount >= 10 else f"${amount:.2f}"


def _when(prices: Sequence[Price]) -> str:
    months = sorted({p.as_of[:7] for p in prices if p.as_of})
    if not months:
        return price_date(None)
    span = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    undated = sum(p.as_of is None for p in prices)
    return f"prices of {span}" + (f", for {undated} of {len(prices)} the date is unknown" if undated else "")
