"""Models whose weights are published quantised: what format a name states, and the shape of the model that they were made from."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.catalogue.architectures import size_in_name, spec_from_size
from assistant.catalogue.models import find_model, get_model
from assistant.core.errors import UsageError
from assistant.core.values import ModelSpec

_SERVED = "awq|gptq|fp8|nvfp4|mxfp4|bnb-4bit|bnb-8bit|w4a16|w8a8|w8a16|int4|int8|4bit|8bit"
_WORD = re.compile(rf"(?<![a-z0-9])({_SERVED}|exl2|exl3|mlx)(?![a-z0-9])", re.IGNORECASE)
_ENDING = re.compile(rf"(?:[-_.](?:{_SERVED}|bnb|quantized|quantised|dynamic|marlin|autoround|unsloth|g\d+|\d-?bits?))+$", re.IGNORECASE)
_UNREAD = frozenset(["exl2", "exl3", "mlx"])
"""Formats that neither vLLM nor transformers loads."""


def packed_word(name: str) -> str | None:
    """The format that a model's own name states (`Qwen2.5-7B-Instruct-AWQ`), or None."""
    found = _WORD.search(name.split("/")[-1])
    return found.group(1).lower() if found else None


def packed_model(name: str) -> ModelSpec | None:
    """The shape of a model to run whose name says that its weights are quantised; None where the name says no such thing.

    It is that of the model in whose name the format is the ending, whoever published it; else a rough one of the size that stands
    in the name, if one does.

    Raises:
        UsageError: a format that no engine of Oumi's loads.
    """
    word = packed_word(name)
    if word is None:
        return None
    if word in _UNREAD:
        message = f"The name {name} says that its weights are in {word}, which no engine of Oumi's loads."
        raise UsageError(message, context=name, hint="Name weights in AWQ, GPTQ, FP8 or bitsandbytes, a GGUF file, or the model they were made from.", reference="unread-weights")
    base = _ENDING.sub("", name.split("/")[-1])
    match = find_model(base) or find_model(re.sub(r"^meta-", "", base, flags=re.IGNORECASE))
    model = get_model(match.id) if match is not None and not match.why else None
    if model is not None:
        return replace(model, id=name, stored_as=word, gated=None, source=f"{model.source}; packed in {word} by its name")
    size = size_in_name(base)
    return replace(spec_from_size(base, size), id=name, stored_as=word) if size else None
