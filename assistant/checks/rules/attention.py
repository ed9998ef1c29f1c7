"""Rules on the name of the attention: transformers knows few, and takes the name of a repository with kernels for any other."""

from __future__ import annotations

from assistant.checks.case import Case
from assistant.checks.declared import Found, Hit, Rule, put
from assistant.checks.rules.data import MODELS

KNOWN = ("eager", "sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4", "flex_attention")
"""transformers 5.16 (modeling_utils: attention functions), each also as `paged|NAME`."""
_MEANT = {
    "flash_attn_2": "flash_attention_2", "flash_attn": "flash_attention_2", "flash_attention": "flash_attention_2", "flash-attention-2": "flash_attention_2",
    "flash_attention2": "flash_attention_2", "fa2": "flash_attention_2", "flash_attn_3": "flash_attention_3", "fa3": "flash_attention_3", "scaled_dot_product_attention": "sdpa",
}  # fmt: skip


def _no_such_attention(case: Case) -> Found:
    return [hit for section in MODELS for hit in _attention_of(case, f"{section}.attn_implementation")]


def _attention_of(case: Case, path: str) -> list[Hit]:
    said = case.text(path)
    if not said or said.removeprefix("paged|") in KNOWN or any(mark in said for mark in "/:$"):
        return []  # a repository of kernels, or what is filled in later
    folded = said.lower()
    meant = folded if folded in KNOWN else _MEANT.get(folded, "")
    return [
        Hit(
            path=path,
            words={"how": f"write {meant}" if meant else "write sdpa, flash_attention_2, eager or the repository of a kernel"},
            edits=put(path, meant) if meant else (),
        )
    ]


RULES = (
    Rule(
        rule="TRN035",
        kinds=("train", "eval", "infer", "judge", "synthesize", "async_eval"),
        where=_no_such_attention,
        message='transformers has no attention called "{value}"',
        fix="{how}",
        summary="An attention that does not exist",
        why="Oumi takes any text; transformers looks the name up as the model is made and raises ValueError (measured with xformers and FLASH_ATTENTION_2).",
        bad="model: {model_name: gpt2, torch_dtype_str: bfloat16, attn_implementation: flash_attn_2}\n",
        good="model: {model_name: gpt2, torch_dtype_str: bfloat16, attn_implementation: flash_attention_2}\n",
        since="0.9",
    ),
)
