"""What the layers of a model are called, by its type: its linear layers, and the classes of its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from assistant.catalogue.names import read_records

EXPERT_LAYERS = frozenset(("gate_proj", "up_proj", "down_proj", "gate_up_proj", "w1", "w2", "w3", "experts"))
"""Names that the experts of a mixture bear, which are no linear layers of their own since transformers 5."""


@dataclass(frozen=True, slots=True)
class Modules:
    """The last parts of the names of its linear layers, head left out, and the classes that FSDP may wrap."""

    linear: frozenset[str]
    layers: frozenset[str]


@cache
def _modules() -> dict[str, Modules]:
    return {r["model_type"]: Modules(frozenset(r["linear"]), frozenset(r["layers"])) for r in read_records("modules.jsonl")}


def modules_of(model_type: str | None) -> Modules | None:
    """The layers of a type of model, as transformers 5.16 builds it; None where nobody looked."""
    return _modules().get(model_type or "")


@cache
def linear_names() -> frozenset[str]:
    """The names of linear layers of all types together."""
    return frozenset(name for modules in _modules().values() for name in modules.linear)
