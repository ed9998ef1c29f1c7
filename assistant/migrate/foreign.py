"""Configs of other tools: which tool's it is, by its keys, and the config of Oumi that does the same."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from assistant.checks.document import parse
from assistant.configs.build import Config
from assistant.configs.render import render
from assistant.core.errors import UsageError
from assistant.migrate.axolotl import from_axolotl
from assistant.migrate.carry import Carry
from assistant.migrate.images import put_images
from assistant.migrate.llama_factory import from_llama_factory
from assistant.migrate.notes import Migration, Note
from assistant.migrate.torchtune import from_torchtune
from assistant.migrate.trl import from_trl
from assistant.migrate.unread import read_through
from assistant.migrate.unsloth import from_unsloth
from assistant.migrate.untold import untold

_READERS: dict[str, Callable[[Carry], None]] = {
    "Axolotl": from_axolotl, "LLaMA-Factory": from_llama_factory, "torchtune": from_torchtune, "TRL": from_trl, "Unsloth": from_unsloth,
}  # fmt: skip
_FACTORY = frozenset(("finetuning_type", "stage", "cutoff_len", "template", "dataset_dir", "lora_rank", "quantization_bit"))
_UNSLOTH = frozenset(("training", "lora", "data", "logging"))
_TRL = frozenset(("per_device_train_batch_size", "dataset_name", "learning_rate", "num_train_epochs", "output_dir"))


def tool_of(body: Mapping[str, Any]) -> str | None:
    """The tool whose config this is; None for Oumi's own and for what is none."""
    model = body.get("model")
    if isinstance(model, Mapping) and "_component_" in model:
        return "torchtune"
    if isinstance(model, str) and set(body) - {"model"} <= _UNSLOTH and len(body) > 1:
        return "Unsloth"
    if "base_model" in body:
        return "Axolotl"
    if "model_name_or_path" in body and _FACTORY & set(body):
        return "LLaMA-Factory"
    if "model_name_or_path" in body and _TRL & set(body):
        return "TRL"
    return None


def import_config(text: str, tool: str) -> Migration:
    """Another tool's training config as one of Oumi's.

    Raises:
        UsageError: no YAML, or no model is named in it.
    """
    carry = read_through(parse(text), functools.partial(_read, tool), tool)
    carry.rest()
    if not carry.get("model.model_name"):
        raise UsageError(f"This {tool} config names no model.", context=tool, hint="Is it one of training?", reference="no-model")
    told = [*carry.notes, *untold(carry, functools.partial(_read, tool))]
    notes = tuple(sorted(_settled(told), key=lambda note: (note.line, note.column)))
    text = render(Config(kind="train", body=carry.body, why={}), header(tool, notes))
    return Migration(text=text, kind="train", origin=tool, notes=notes)


def _read(tool: str, carry: Carry) -> None:
    _READERS[tool](carry)
    put_images(carry)


def header(tool: str, notes: tuple[Note, ...]) -> list[str]:
    """The comment at the top: how much was carried, what changed, what has no counterpart."""
    kept = len({note.source for note in notes if note.fate == "carried"})
    lines = [f"From a config of {tool}: {kept} of its settings carried as they are."]
    lines += [f"Changed: {note.source}: {note.message}" for note in notes if note.fate == "changed"]
    lines += [f"Without counterpart: {note.source}: {note.message}" for note in notes if note.fate == "lost"]
    return lines


def _settled(notes: list[Note]) -> list[Note]:
    """Each note once; what stands in the result in another way, or only in part, is not listed as carried as it is."""
    worse = {note.source for note in notes if note.fate in ("changed", "lost")}
    carried = {note.source for note in notes if note.fate == "carried"}
    kept = [note for note in notes if not (note.fate == "carried" and note.source in worse) and not (note.fate == "harmless" and note.source in carried | worse)]
    return list(dict.fromkeys(kept))
