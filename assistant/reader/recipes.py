"""Recipes of Oumi and of other programs, named by their files: `llama3_2/1B_lora_single_device` is a LoRA of Llama 3.2 1B."""

from __future__ import annotations

import re

from assistant.reader.names import resolve
from assistant.reader.patterns import compiled
from assistant.reader.rewriting import Edit, Rewriting

_SIGNS = ("examples/", "recipes/", "_single_device", "_distributed", "--config")
_FILE = r"(?<![\w./\-])(?:oumi://)?[\w.\-/]*\b(?:examples|recipes)/[\w.\-/]+?\.ya?ml\b|(?<=--config )[a-z]\w*/[\w.\-]+(?!\.ya?ml)(?![\w./\-])"
_PROGRAM = r"\b(?:qat_)?(?P<method>lora|full)(?:_(?P<objective>dpo))?(?:_finetune)?_(?:single_device|distributed)\b"
_FAMILY = r"(?<![a-z])(?P<family>code_?llama|llama|qwen|gemma|mistral|mixtral|phi|smollm|falcon|granite|olmo)[_-]?(?P<version>v?\d(?:[._-]\d)?(?![\d]*b|[._]\db))?(?:[_/-]?(?P<kind>vision|vl|coder|math|mini|medium))?"
_SIZE = r"(?<![a-z0-9.])(?P<size>(?:\d+x)?\d+(?:[._]\d)?[bm])(?![a-z0-9])"
_METHOD = r"(?<![a-z])(?P<method>qlora|qdora|lora|dora|full|fft)(?![a-z])"
_METHODS = {"qdora": "qlora", "dora": "lora", "full": "full finetune", "fft": "full finetune"}
_OBJECTIVE = r"(?<![a-z])(?P<objective>dpo|kto|grpo|pretrain)(?:ing)?(?![a-z])"


def in_words(text: Rewriting) -> Rewriting:
    """The text with what such a name says in its place; one that names no model stays."""
    lowered = text.text.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return text
    text = text.edited(Edit(*match.span(), f" {words} ") for match in compiled(_FILE).finditer(text.text) if (words := _said(match.group().lower())))
    return text.edited(Edit(*match.span(), f" {_program(match)} ") for match in compiled(_PROGRAM).finditer(text.text))


def _program(match: re.Match[str]) -> str:
    method = match["method"].lower()
    return f"{_METHODS.get(method, method)} {match['objective'] or ''}"


def _said(name: str) -> str | None:
    """Model, objective and method that the name of a recipe says; None without a model."""
    family = compiled(_FAMILY).search(name)
    if family is None:
        return None
    size, method, objective = (compiled(pattern).search(name) for pattern in (_SIZE, _METHOD, _OBJECTIVE))
    version = re.sub(r"[_-]", ".", family["version"] or "")
    model = " ".join(filter(None, (family["family"].replace("_", ""), version, family["kind"], size["size"].replace("_", ".") if size else "")))
    if not name.endswith((".yaml", ".yml")) and resolve(model, base=False) is None:
        return None
    meant = _METHODS.get(method["method"], method["method"]) if method else ""
    return f"{model} {objective['objective'] if objective else ''} {meant}"
