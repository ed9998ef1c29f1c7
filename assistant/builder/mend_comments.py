"""Comments of oumi-chat's own that an edit makes false: they go with it; those of others stay."""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

from assistant.builder.edit import Edit, plain, steps_of
from assistant.builder.edit_text import Document
from assistant.core.errors import UsageError

_OURS = re.compile(
    r"#\s*(?:"
    r"[\d,]+ × [\d,]+ accumulation × \d+ GPUs? = [\d,]+;"
    r"|the GPU computes in bf16, weights too$"
    r"|.{1,60} computes in float32$"
    r"|.{1,60}: float32 weights with fp16 autocast"
    r"|fp16 autocast with a loss scaler$"
    r"|what (?:most of )?Oumi's recipes (?:use for this method|for this method do)$"
    r"|the most common rank in Oumi's recipes$"
    r"|Oumi's [\w. -]{1,20} recipes$"
    r"|as for supervised full fine-tuning$"
    r"|training goes on from published weights$"
    r"|GPT-3's at this size, as the weights start at random$"
    r"|every vision LoRA recipe of Oumi$"
    r"|(?:ten times )?TRL's (?:full-training )?default\b"
    r"|activations are recomputed; keeping them would need up to "
    r"|activations fit, so nothing is computed twice$"
    r"|AdamW(?:; the fused kernel needs no temporary copy|'s states in 8 bit, paged out .*)?$"
    r"|a whole copy on each GPU would need up to "
    r"|states wait in CPU memory; slow"
    r"|fused kernels that keep the logits out of memory"
    r"|without it the peft section is ignored and all parameters train$"
    r"|the tokenizer's limit; "
    r"|as asked$"
    r")"
)
"""How the reasons begin, or read whole, that the planner and the templates write beside a value."""
_BATCH = ("training.per_device_train_batch_size", "training.gradient_accumulation_steps")
"""Fields that one equation stands for."""
_HEADER = {
    "Memory per GPU: ": ("model.", "training.", "peft.", "fsdp.", "deepspeed."),
    "Plan: ": ("training.use_peft", "training.trainer_type", "peft.q_lora", "fsdp.enable_fsdp", "deepspeed.enable_deepspeed"),
    "Assumed: sequence_length = ": ("model.model_max_length", "training.trainer_kwargs.max_length"),
}
"""A line of the header that oumi-chat writes → the fields, or sections, that it rests on."""
_MADE_BY = "# Made by oumi-chat"


def without_false_comments(text: str, edits: Iterable[Edit]) -> str:
    """The text without those comments of oumi-chat that give the reason for a value which an edit changes.

    They stand behind the value, or on a line of their own directly above it; lines of the header go where what they rest
    on changes. The fields stay as they are.
    """
    edits = tuple(edits)
    text = _header_kept(text, [edit.path for edit in edits])
    paths = [edit.path for edit in edits if edit.rename is None]
    if any(path in _BATCH for path in paths):
        paths += _BATCH
    for path in dict.fromkeys(paths):
        text = _without(text, path)
    return text


def _header_kept(text: str, paths: list[str]) -> str:
    """The text without those lines of our own header that the changes make false."""
    gone = tuple(f"# {line}" for line, rests_on in _HEADER.items() if any(path.startswith(rests_on) for path in paths))
    end = text.find(_MADE_BY)
    if not gone or end < 0 or any(line and not line.startswith("#") for line in text[:end].splitlines()):
        return text
    return "".join(line for line in text[:end].splitlines(keepends=True) if not line.startswith(gone)) + text[end:]


def _without(text: str, path: str) -> str:
    try:
        document, steps = Document.of(text), steps_of(path)
        parent = document.trail(steps[:-1], path)[-1]
        key, value = document.entry(parent, str(steps[-1]), path)
    except UsageError:
        return text
    changed = _above(_behind(text, document.end_of(value)), key)
    return changed if plain(changed) == plain(text) else text


def _behind(text: str, end: int) -> str:
    """The text without a comment of ours on the rest of the line."""
    found = re.compile(r"[^\S\r\n]+(#[^\r\n]*)").match(text, end)
    return text[:end] + text[found.end() :] if found and _OURS.match(found.group(1).rstrip()) else text


def _above(text: str, key: yaml.Node) -> str:
    """The text without a line above the key's that holds a comment of ours alone."""
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    before = text.rfind("\n", 0, max(0, start - 1)) + 1
    line = text[before:start].strip()
    return text[:before] + text[start:] if _OURS.match(line) else text
