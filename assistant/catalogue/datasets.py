"""The dataset catalogue: names that Oumi registers, with the split and reward each needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from assistant.catalogue.names import fold, nearest, read_records


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec:
    """One dataset. `kind` is the objective whose rows it holds (`vision_sft` for images).

    `registered` is False for a plain Hub dataset, which Oumi hands to the trainer as it is.
    `trainer` is set where its reward function works with one trainer only. `rows` are those of the split (and subset)
    that a run reads, `mean_tokens` of one row as trained on (both sides of a preference pair together): None where no
    public source states them or lets one compute them, which `size_source` then names.
    """

    id: str
    kind: str
    registered: bool
    split: str | None = None
    subset: str | None = None
    reward: str | None = None
    trainer: str | None = None
    validation: str | None = None
    names: tuple[str, ...] = ()
    rows: int | None = None
    mean_tokens: int | None = None
    size_source: str = ""
    source: str = ""


@cache
def all_datasets() -> tuple[DatasetSpec, ...]:
    """Every dataset, by kind and name."""
    return tuple(
        DatasetSpec(**{**record, "names": tuple(record["names"])}) for record in read_records("datasets.jsonl")
    )


@cache
def _names() -> dict[str, DatasetSpec]:
    names = {fold(name): spec for spec in all_datasets() for name in (spec.id, *spec.names)}
    for spec in all_datasets():
        names.setdefault(fold(spec.id.split("/")[-1]), spec)
    return names


def dataset_names() -> dict[str, DatasetSpec]:
    """Every folded name → dataset."""
    return _names()


def find_dataset(text: str) -> DatasetSpec | None:
    """The dataset of this name or alias; None when the catalogue does not know it."""
    return _names().get(fold(text))


def suggest_datasets(text: str, count: int = 3) -> list[str]:
    """Ids that come nearest to the text."""
    return nearest(text, [d.id for d in all_datasets()], count=count)


def search_datasets(query: str) -> list[DatasetSpec]:
    """Datasets whose name or kind holds every word of the query; nearest names if none does."""
    words = [fold(word) for word in query.split()]
    found = [
        d
        for d in all_datasets()
        if all(w in d.kind or any(w in fold(n) for n in (d.id, *d.names)) for w in words)
    ]
    if found or not query:
        return found
    near = set(suggest_datasets(query, count=5))
    return [d for d in all_datasets() if d.id in near]


_READERS = {
    "text_sft": "sft", "text_sft_jsonl": "sft", "HuggingFaceDataset": "sft", "PromptResponseDataset": "sft",
    "vl_sft": "vision_sft", "vision_language_jsonl": "vision_sft", "hf_vision": "vision_sft",
    "text_dpo_jsonl": "dpo", "vision_dpo_jsonl": "vision_dpo",
}  # fmt: skip
"""Oumi 0.9's classes for rows of one's own → what they hold (its registry)."""


@cache
def _registered() -> dict[str, DatasetSpec]:
    own = {name.lower(): DatasetSpec(id=name, kind=kind, registered=True, source="oumi 0.9's registry") for name, kind in _READERS.items()}
    return own | {spec.id.lower(): spec for spec in all_datasets() if spec.registered}


def registered_dataset(name: str) -> DatasetSpec | None:
    """The dataset that Oumi has a class for under exactly this name (case does not matter); None otherwise."""
    return _registered().get(name.lower())
