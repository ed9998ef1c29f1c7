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
    r"\d+ × \d+ accumulation × \d+ GPUs? = \d+;"
    r"|the GPU computes in bf16, weights too$"
    r"|.{1,60} computes in float32$"
    r"|.{1,60}: float32 weights with fp16 autocast"
    r"|fp16 autocast with a loss scaler$"
    r"|what Oumi's recipes use for this method$"
    r"|as for supervised full fine-tuning$"
    r"|training goes on from published weights$"
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


def without_false_comments(text: str, edits: Iterable[Edit]) -> str:
    """The text without those comments of oumi-chat that give the reason for a value which an edit changes.

    They stand behind the value, or on a line of their own directly above it. The fields stay as they are.
    """
    paths = [edit.path for edit in edits if edit.rename is None]
    if any(path in _BATCH for path in paths):
        paths += _BATCH
    for path in dict.fromkeys(paths):
        text = _without(text, path)
    return text


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
