"""Rows with images: other tools keep them in a column beside the text, Oumi as parts of a message."""

from __future__ import annotations

from typing import Any

from assistant.migrate.carry import Carry
from assistant.migrate.shapes import model_of
from assistant.planner.data import VISION_FIRST

_SIGNS = ("image_max_pixels", "image_min_pixels", "video_max_pixels", "video_min_pixels", "image_dir", "media_dir", "image_size", "processor_type", "freeze_vision_tower", "freeze_multi_modal_projector")
"""Keys of tools that a config has for its images."""
_READER = "vision_language_jsonl"
_FIX = "write each row as messages whose parts are of type text, image_path or image_url; rows of text alone go to another training"


def put_images(carry: Carry) -> None:
    """Supervised rows from files of a model that sees, as Oumi reads images; that the rows must be rewritten is told as lost."""
    model = model_of(carry)
    if model is None or not model.is_vision or carry.get("training.trainer_type") != "TRL_SFT":
        return
    if model.model_type not in VISION_FIRST and not any(carry.root.at(key) is not None for key in _SIGNS):
        return
    data: dict[str, Any] = carry.body.get("data", {})
    read = [entry for split in data.values() for entry in split["datasets"] if entry.get("dataset_name") == "text_sft_jsonl"]
    if not read:
        return
    for entry in read:
        entry["dataset_name"] = _READER
        entry["dataset_kwargs"] = {"processor_name": carry.get("model.model_name"), "return_tensors": True}
    for split in data.values():
        split["collator_name"] = "vision_language_with_padding"
        split.pop("train_target", None)
        split.pop("pack", None)
    carry.notes = [note for note in carry.notes if note.path not in ("data.train.train_target", "data.train.pack")]
    source = next((key for key in ("dataset", "datasets", "data") if carry.root.at(key) is not None), "dataset_name")
    files = ", ".join(str(entry.get("dataset_path")) for entry in read)
    carry.lost(source, f"{files}: images in a column beside the text are not read by Oumi, which has them as parts of a message; here {_READER} reads them, prompts are learned too", _FIX)
