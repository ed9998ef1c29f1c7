"""Offers and prices, and the sizes of datasets."""

from __future__ import annotations

import re

import pytest

from assistant.catalogue.datasets import all_datasets, find_dataset
from assistant.catalogue.gpus import all_gpus, find_gpu
from assistant.catalogue.offers import Offer, Price, all_offers, cheapest, hourly_range, offers, price_sentence


def test_every_price_has_a_source_and_a_trust() -> None:
    names = {gpu.name for gpu in all_gpus()}
    assert len(all_offers()) >= 200
    for offer in all_offers():
        prices = [p for p in (offer.on_demand, offer.spot) if p]
        assert prices
        assert offer.source
        assert offer.gpu in names
        assert all(p.usd_per_hour > 0 and p.trust in ("dated", "catalog", "derived") for p in prices)
        assert all(p.as_of is None or re.fullmatch(r"20\d\d-\d\d-\d\d", p.as_of) for p in prices)


@pytest.mark.parametrize(("gpu", "count"), [("A100-80GB", 8), ("H100", 8), ("RTX4090", 1), ("T4", 1)])
def test_cheapest_first(gpu: str, count: int) -> None:
    found = offers(gpu, count)
    prices = [o.on_demand.usd_per_hour for o in found if o.on_demand]
    assert prices == sorted(prices)
    assert all((o.gpu, o.count) == (gpu, count) for o in found)
    assert cheapest(gpu, count) == found[0]


def test_a_count_that_nobody_offers_gets_the_next_larger_instance() -> None:
    assert {o.count for o in offers("L40S", 3)} == {4}


def test_no_price_is_said() -> None:
    assert cheapest("RTX9999", 1) is None
    assert price_sentence(offers("RTX9999", 1)) == "no price known"


def test_price_sentence_has_its_date() -> None:
    assert re.fullmatch(r"about \$\d+–\d+ an hour \(.+\), prices of 20\d\d-\d\d.*", price_sentence(offers("H100", 8)))


def offer(price: Price | None, spot: Price | None = None) -> Offer:
    return Offer(cloud="here", gpu="H100", count=8, instance=None, on_demand=price, spot=spot, host_memory_gib=None, source="test")


def test_an_undated_price_says_so() -> None:
    undated = Price(usd_per_hour=20, as_of=None, trust="catalog")
    dated = Price(usd_per_hour=24.4, as_of="2026-10-07", trust="dated")
    assert price_sentence([offer(undated)]) == "about $20 an hour (here), price date unknown"
    assert price_sentence([offer(undated), offer(dated)]) == "about $20–24 an hour (here), prices of 2026-10, for 1 of 2 the date is unknown"
    assert price_sentence([offer(None, undated)]) == "about $20 an hour as spot on here, price date unknown; no on-demand price known"


def test_nodes_multiply() -> None:
    found = offers("H100", 8)
    one, two = hourly_range(found), hourly_range(found, nodes=2)
    assert one is not None
    assert two == (pytest.approx(2 * one[0]), pytest.approx(2 * one[1]))


def test_dataset_sizes_have_sources() -> None:
    sized = [d for d in all_datasets() if d.rows]
    assert len(sized) >= 8
    assert all(d.size_source for d in sized)
    assert all(d.rows for d in all_datasets() if d.mean_tokens)
    alpaca = find_dataset("yahma/alpaca-cleaned")
    assert alpaca is not None
    assert alpaca.rows == 51800


def test_gpus_carry_what_a_speed_needs() -> None:
    a100, t4, rtx = find_gpu("A100-80GB"), find_gpu("T4"), find_gpu("RTX4090")
    assert a100 is not None
    assert t4 is not None
    assert rtx is not None
    assert (a100.bf16_tflops, t4.bf16_tflops, t4.fp16_tflops, rtx.p2p_over_pcie) == (312, None, 65, False)
