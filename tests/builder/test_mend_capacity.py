"""A capacity that no card has, in an error: it counts as not stated."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_mend import mended, ran_out, text_of

from assistant.reader.traces import trace_in


@pytest.mark.parametrize("capacity", [0.0, float("inf"), float("nan"), 1e12])
@pytest.mark.parametrize("gpus", [None, "1xA100"])
def test_a_capacity_that_no_card_has_counts_as_not_stated(capacity: float, gpus: str | None) -> None:
    seen = ran_out()
    assert seen.memory is not None
    absurd, unstated = (replace(seen, memory=replace(seen.memory, capacity_gib=figure)) for figure in (capacity, None))
    found = mended(absurd, text_of(), gpus)
    assert found == mended(unstated, text_of(), gpus)
    assert bool(found.changes) == (gpus is not None)
    assert "in all" not in found.message


@pytest.mark.parametrize("figure", ["0 bytes", "0.00 GiB", "inf GiB", "1e400 GiB", "999999999999.00 TiB"])
def test_an_absurd_capacity_in_the_log_is_no_error_of_ours(figure: str) -> None:
    trace = trace_in(f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 4.00 GiB. GPU 0 has a total capacity of {figure} of which 2.00 GiB is free.")
    assert trace is not None
    assert "names no capacity" in mended(trace, text_of()).cause
