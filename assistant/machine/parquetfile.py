"""Reading parquet through pyarrow, where it is installed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

from assistant.core.datafacts import DataFacts, RowProblem
from assistant.core.errors import UsageError
from assistant.machine.datarows import Read
from assistant.machine.tally import Tally

_BATCH = 256


def examine_parquet(path: str, file: IO[bytes], size: int, tally: Tally, seconds: float) -> DataFacts:
    """Facts of a parquet file: `rows` from its footer, the rest from as many row groups as `seconds` allow.

    Without pyarrow the facts say only that. Raises UsageError where the file is damaged.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        facts = tally.facts(path=path, container="parquet", bytes_total=size, exact=False)
        return replace(facts, problems=(RowProblem(kind="no-pyarrow", count=1),))
    deadline = time.monotonic() + seconds
    try:
        source = parquet.ParquetFile(file)
        for read in _rows(source):
            tally.add(read)
            if tally.rows % _BATCH == 0 and time.monotonic() > deadline:
                break
        rows = source.metadata.num_rows
    except Exception as problem:  # pyarrow has errors of its own for every kind of damage
        raise UsageError(
            f"{path} is a damaged parquet file: {str(problem)[:120]}.",
            context=path,
            hint="Download it or write it again.",
            reference="not-data",
        ) from None
    share = tally.rows / rows if rows else 1.0
    return tally.facts(path=path, container="parquet", bytes_total=size, bytes_read=round(size * share), rows=rows)


def _order(groups: int) -> Iterator[int]:
    """The first row group, then the others so that any stop leaves an even spread."""
    step = 1 << max(0, groups - 1).bit_length()
    seen: set[int] = set()
    while step:
        for index in range(0, groups, step):
            if index not in seen:
                seen.add(index)
                yield index
        step //= 2


def _rows(source: Any) -> Iterator[Read]:
    starts = [0]
    for index in range(source.metadata.num_row_groups):
        starts.append(starts[-1] + source.metadata.row_group(index).num_rows)
    for group in _order(source.metadata.num_row_groups):
        number = starts[group]
        for piece in source.iter_batches(batch_size=_BATCH, row_groups=[group]):
            for row in piece.to_pylist():
                number += 1
                yield Read(number, row=row, key=hash(repr(row)))
