"""Units that must not be mixed: bytes, GiB (2**30) and the vendors' GB (10**9)."""

from __future__ import annotations

from typing import NewType

Bytes = NewType("Bytes", int)
ModelId = NewType("ModelId", str)
GpuName = NewType("GpuName", str)
FieldPath = NewType("FieldPath", str)

GIB = 1024**3


def gib(amount: float) -> float:
    """Bytes as GiB, rounded to two places so that output is stable."""
    return round(amount / GIB, 2)
