"""Rows with images: other tools keep them in a column beside the text, Oumi as parts of a message, read by a class of its own."""

from __future__ import annotations

from typing import Any

from assistant.catalogue.datasets import registered_dataset
from assistant.migrate.carry import Carry
from assistant.migrate.shapes import model_of
from assistant.planner.data import VISION_FIRST

_SIGNS = ("image_max_pixels", "image_min_pixels", "video_max_pixels", "video_min_pixels", "image_dir", "media_dir", "image_size", "processor_type", "freeze_vision_tower", "freeze_multi_modal_projector", "image_resize_algorithm")
"""Keys of tools that a config has for its images."""
_READER = "vision_language_jsonl"
_HUB_READER = "hf_vision"
_COLLATOR = "vision_language_with_padding"
_FIX = "write each row as messages whose parts are of type text, image_path or image_url; rows of text alone go to another training"
_HUB_FIX = "name the columns that hold them in data.train.datasets[…].dataset_kwargs; conversations of several turns go to a file, read by vision_language_jsonl"
Entry = dict[str, Any]


def put_images(carry: Carry) -> None:
    """Supervised rows of a model that sees, as Oumi reads images; that rows must be rewritten, or their columns named, is told as lost."""
    if carry.get("training.trainer_type") != "TRL_SFT":
        return
    data: dict[str, Any] = carry.body.get("data", {})
    entries: list[Entry] = [entry for split in data.values() for entry in split["datasets"]]
    known = [entry for entry in entries if _kind(entry) == "vision_sft"]
    sees = _sees(carry)
    files = [entry for entry in entries if sees and entry.get("dataset_name") == "text_sft_jsonl"]
    others = [entry for entry in entries if sees and (_is_hub_text(entry) or _kind(entry) is None)]
    if not (known or files or others):
        return
    model, images = carry.get("model.model_name"), {"return_tensors": True}
    for entry in (*known, *files, *others):
        kwargs = entry.get("dataset_kwargs") or {}
        entry["dataset_kwargs"] = {"processor_name": model, **images} if entry in files or entry in known else _columns(entry, kwargs) | {"processor_name": model, **images}
    for entry in others:
        entry["dataset_name"] = _HUB_READER
    for entry in files:
        entry["dataset_name"] = _READER
    _collate(carry, data)
    source = next((key for key in ("dataset", "datasets", "data") if carry.root.at(key) is not None), "dataset_name")
    if files:
        names = ", ".join(str(entry.get("dataset_path")) for entry in files)
        carry.lost(source, f"{names}: images in a column beside the text are not read by Oumi, which has them as parts of a message; here {_READER} reads them, prompts are learned too", _FIX)
    if others:
        names = ", ".join(str(entry["dataset_kwargs"]["hf_dataset_path"]) for entry in others)
        carry.lost(source, f"{names}: Oumi has no class for these rows with images; here {_HUB_READER} reads them, from columns called image, question and answer", _HUB_FIX)
    if known and (model_spec := model_of(carry)) is not None and not model_spec.is_vision:
        carry.lost(source, f"{model} reads text alone, and {known[0]['dataset_name']} holds images", "name a model that sees: model.model_name")


def _kind(entry: Entry) -> str | None:
    spec = registered_dataset(str(entry.get("dataset_name")))
    return spec.kind if spec is not None else None


def _is_hub_text(entry: Entry) -> bool:
    """True for a reader of text over a dataset of the Hub that it was not made for."""
    kwargs = entry.get("dataset_kwargs") or {}
    return "hf_dataset_path" in kwargs or "dataset_name_override" in kwargs


def _columns(entry: Entry, kwargs: Entry) -> Entry:
    name = kwargs.get("hf_dataset_path") or kwargs.get("dataset_name_override") or entry.get("dataset_name")
    return {"hf_dataset_path": name, "image_column": "image", "question_column": "question", "answer_column": "answer"}


def _sees(carry: Carry) -> bool:
    model = model_of(carry)
    return model is not None and model.is_vision and (model.model_type in VISION_FIRST or any(carry.root.at(key) is not None for key in _SIGNS))


def _collate(carry: Carry, data: dict[str, Any]) -> None:
    """The collator of images, which learns whole rows one at a time."""
    masked = data.get("train", {}).get("train_target") is not None
    for split in data.values():
        split["collator_name"] = _COLLATOR
        split.pop("train_target", None)
        split.pop("pack", None)
    gone = ("data.train.train_target", "data.train.pack")
    sources = [note.source for note in carry.notes if note.path in gone]
    carry.notes = [note for note in carry.notes if note.path not in gone]
    if masked:
        carry.note("changed", sources[0] if sources else "datasets", "images go through a collator that learns prompts too", path="data.train.collator_name")
