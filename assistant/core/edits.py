"""A change of a config as data: checks propose it, `builder/edit.py` makes it in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change of a config: set the field at a dotted path (`data.train.datasets[0].split`), remove it, or give it another name.

    `value` is a scalar or a list of scalars. A section left empty by a removal goes with it.
    """

    path: str
    value: Any = None
    remove: bool = False
    rename: str | None = None
