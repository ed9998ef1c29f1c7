"""Sequence length, packing and steps from the lengths of the rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.datafacts import DataFacts, Lengths
from assistant.planner.dataadvice import LADDER, advise, steps_per_epoch
from assistant.planner.datafindings import findings


def facts(*tokens: int, rows: int | None = None) -> DataFacts:
    count = rows or len(tokens)
    return DataFacts(
        path="rows.jsonl", container="jsonl", form="messages", first_form="messages", rows=count, rows_read=count, tokens=Lengths.of(tokens)
    )


@pytest.mark.parametrize(
    ("tokens", "context", "length"),
    [
        ([100] * 100, None, 512),
        ([1900] * 95 + [3000] * 5, None, 4096),  # one rung more keeps all of them
        ([1900] * 96 + [30_000] * 4, None, 2048),  # four rungs more for 4 % is not worth it
        ([1900] * 100, 1024, 1024),
        ([50] * 100, 300, 300),
        ([100_000] * 100, None, 32768),
    ],
)
def test_the_length(tokens: list[int], context: int | None, length: int) -> None:
    advice = advise(facts(*tokens), context)
    assert advice is not None
    assert advice.sequence_length == length
    assert "95 % of the rows" in advice.why


def test_packing_pays_where_rows_are_short() -> None:
    short, long = advise(facts(*[100] * 98, 500, 2000), None), advise(facts(*[1900] * 100), None)
    assert short is not None
    assert long is not None
    assert (short.packing_pays, long.packing_pays) == (True, False)
    chats = advise(facts(*[10] * 100), None, "dpo")
    assert chats is not None
    assert not chats.packing_pays
    assert advise(facts(), None) is None


def test_steps() -> None:
    rows = facts(*[100] * 1000)
    assert steps_per_epoch(rows, 64) == 16
    assert steps_per_epoch(rows, 64, packed_length=1000) == 2
    assert steps_per_epoch(facts(5), 64) == 1


def test_what_the_plan_makes_of_the_rows() -> None:
    rows = facts(*[100] * 90, *[3000] * 10)
    told = findings(rows, "sft", sequence_length=2048, global_batch=128)
    assert [(f.rule, f.severity) for f in told] == [("DAT019", "warning"), ("DAT020", "warning")]
    assert "10.0%" in told[0].message
    assert [f.rule for f in findings(rows, "sft", model_context=2048)] == ["DAT019"]
    assert findings(rows, "sft", model_context=8192, sequence_length=4096, global_batch=16) == ()


@given(lengths=st.lists(st.integers(0, 200_000), min_size=1, max_size=3000), context=st.none() | st.integers(1, 300_000))
def test_lengths_agree_with_themselves(lengths: list[int], context: int | None) -> None:
    found = Lengths.of(lengths)
    assert found is not None
    assert found.longest == max(lengths)
    marks = [found.percentile(p) for p in (0.5, 0.9, 0.95, 0.99, 1.0)]
    assert marks == sorted(marks)
    assert marks[-1] == found.longest
    for share in (0.5, 0.9, 0.95):
        assert found.share_above(found.percentile(share)) <= 1 - share + 1e-9
    for limit in (0, 512, found.longest):
        assert found.share_above(limit) == pytest.approx(sum(n > limit for n in lengths) / len(lengths), abs=0.002)
    advice = advise(facts(*lengths), context)
    assert advice is not None
    assert advice.sequence_length <= (context or LADDER[-1])
    assert advice.packing_gain >= 1
