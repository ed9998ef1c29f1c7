"""Rules on parts of a model by their names, and on its tokenizer's padding."""

from __future__ import annotations

from assistant.catalogue.modules import modules_of
from assistant.checks.case import Case
from assistant.checks.declared import Found, Hit, Rule, when
from assistant.core.edits import Edit

_TOP = frozenset(("model", "lm_head", "base_model"))
_OTHER_TOPS = {
    "bloom": frozenset(("transformer", "lm_head", "base_model")), "gpt2": frozenset(("transformer", "lm_head", "base_model")),
    "gpt_neox": frozenset(("gpt_neox", "lm_head", "base_model")), "llama4": frozenset(("vision_model", "multi_modal_projector", "language_model", "base_model")),
}  # fmt: skip
"""Types whose topmost parts are other than those of _TOP, as transformers 5.16 builds them."""
_QWEN = frozenset(("visual", "language_model"))
_TOWER = frozenset(("vision_tower", "multi_modal_projector", "language_model"))
_DECODER = frozenset(("embed_tokens", "layers", "norm"))
_BELOW = {
    **dict.fromkeys(("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "qwen3_5"), _QWEN), **dict.fromkeys(("gemma3", "llava", "internvl", "mistral3"), _TOWER),
    "mllama": frozenset(("vision_model", "language_model", "multi_modal_projector")),
    **dict.fromkeys(("llama", "qwen2", "qwen3", "qwen3_moe", "mistral", "mixtral", "gemma", "gemma2", "phi3", "olmo2", "olmo3", "granite", "smollm3", "gpt_oss", "glm4"), _DECODER),
}  # fmt: skip
"""Type → parts of its `model`, as transformers 5.16 builds them."""
_KNOWN_PADS = frozenset(
    ("<|finetune_right_pad_id|>", "<|endoftext|>", "<|padding|>", "<|pad|>", "<pad>", "<unk>", "</s>", "<eos>", "<|eot_id|>", "<|end_of_text|>", "<|im_end|>", "<|dummy_85|>", "<|end|>")
)
"""Tokens that tokenizers of common families hold, and Oumi's recipes pad with."""


def _not_frozen(case: Case) -> Found:
    """Paths of layers that begin with no part of the model."""
    kind = case.model.model_type if case.model is not None else None
    if case.model is None or kind is None or modules_of(kind) is None:
        return []
    tops, below = _OTHER_TOPS.get(kind, _TOP), _BELOW.get(kind, frozenset())
    named = [name for name in case.listed("model.freeze_layers") if isinstance(name, str) and name]
    lost = [name for name in named if name.partition(".")[0] not in tops]
    if not lost:
        return []
    meant = [f"model.{name}" if name.partition(".")[0] in below else name for name in named]
    edits = (Edit(path="model.freeze_layers", value=meant),) if all(name.partition(".")[0] in tops for name in meant) else ()
    there = ", ".join([*sorted(tops - {"base_model"}), *(f"model.{name}" for name in sorted(below))])
    return [Hit(path="model.freeze_layers", words={"lost": ", ".join(lost), "model": case.model.id, "there": there}, edits=edits)]


def _new_token(case: Case) -> bool:
    said = case.text("model.tokenizer_pad_token")
    return bool(said) and said not in _KNOWN_PADS and not said.startswith(("<|reserved_", "<|fim_"))


RULES = (
    Rule(
        rule="TRN080",
        severity="warning",
        where=_not_frozen,
        message="{model} has no part called {lost}: nothing of it is frozen",
        fix="its parts are {there}",
        summary="Layers that are not frozen",
        why="freeze_model_layers follows the path from the model's top and logs a name that it does not find (measured: 0 frozen). Since transformers 5 the "
        "image encoder stands below `model`: `visual` and `vision_tower` alone match nothing (built with transformers 5.16).",
        bad="model: {model_name: Qwen/Qwen2.5-VL-3B-Instruct, freeze_layers: [visual]}\n",
        good="model: {model_name: Qwen/Qwen2.5-VL-3B-Instruct, freeze_layers: [model.visual]}\n",
        since="0.9",
    ),
    Rule(
        rule="TRN081",
        severity="info",
        kinds=("train", "eval", "infer"),
        where=when("model.tokenizer_pad_token", _new_token),
        message="should the tokenizer not have {value}, its index lies beyond the embeddings: Oumi does not widen them",
        fix="name a token that the tokenizer has, such as its end-of-text token",
        summary="A padding token that may be new",
        why="add_special_tokens gives a new token the next index, and nothing calls resize_token_embeddings (code of Oumi 0.9: builders/models.py).",
        bad="model: {model_name: gpt2, tokenizer_pad_token: '[PAD]'}\n",
        good="model: {model_name: gpt2, tokenizer_pad_token: '<|endoftext|>'}\n",
    ),
)
