"""Requests to quantize a model: `quantize llama 8b to 4 bit`, `awq version of qwen3 8b`."""

from __future__ import annotations

from assistant.builder.requests import Request
from assistant.builder.serving import planned_for
from assistant.builder.subjects import named_model
from assistant.catalogue.engines import engine_of_hosted, gguf_of
from assistant.core.errors import UsageError
from assistant.core.outcome import Outcome
from assistant.core.values import Question
from assistant.planner.data import needs
from assistant.planner.quantize import plan_quantize


def respond(asked: Request) -> Outcome:
    """The outcome of a request to quantize a model.

    Raises:
        NeedsInputError: what was trained is an adapter.
        UsageError: a format that Oumi does not write, a model behind an API.
    """
    named = named_model(asked)
    _refuse_format(str((asked.intent.overrides or {}).get("method", "")), named.id)
    if named.adapter is not None:
        text = f"{named.adapter} holds an adapter, and Oumi's quantization reads whole models alone. Which folder holds the merged model? Or {named.id} without what was trained."
        hint = "To get one: train LoRA (not QLoRA, not under FSDP) with peft.peft_save_mode=MERGED, or PeftModel.from_pretrained(…).merge_and_unload().save_pretrained(FOLDER)."
        raise needs(Question(field="model", text=text, choices=(named.id,)), hint=hint)
    if named.model is None and engine_of_hosted(named.id) is not None:
        raise UsageError(
            f"{named.id} runs behind an API: its weights cannot be quantized.", context="model", hint="Name an open model.", reference="quantize-hosted"
        )
    return planned_for(asked, plan_quantize, "quantize")


_FOREIGN = {
    "gguf": "GGUF files (since 0.4)",
    "gptq": "GPTQ",
    "fp8": "FP8",
    "nvfp4": "NVFP4",
    "mxfp4": "MXFP4",
    "hqq": "HQQ",
    "exl2": "EXL2",
}
"""Schemes that people name and Oumi 0.9 has no method for."""


def _refuse_format(method: str, name: str) -> None:
    scheme = next((word for word in _FOREIGN if method.startswith(word)), None)
    if scheme is None:
        return
    hint = "Say AWQ 4-bit, bitsandbytes 4-bit or bitsandbytes 8-bit."
    if scheme == "gguf":
        known = gguf_of(name)
        made = f"{known.repo} has one ready: serve it with llama.cpp." if known else "llama.cpp makes one: convert_hf_to_gguf.py, then llama-quantize."
        hint = f"{made} Or say {hint[4:]}"
    raise UsageError(f"Oumi 0.9 does not write {_FOREIGN[scheme]}.", context=f"method {scheme}", hint=hint, reference="no-such-format")
