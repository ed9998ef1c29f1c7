"""Shapes from a `config.json`: what cannot be trained or is no shape at all is said, never planned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.architectures import spec_from_config, spec_from_size
from assistant.catalogue.models import all_models, get_model
from assistant.core.errors import UsageError
from assistant.planner.adapters import adapter_params

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
LLAMA: dict[str, Any] = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 300, "max_position_embeddings": 128,
}  # fmt: skip


def spec(**changes: Any) -> Any:
    return spec_from_config("./m", {**LLAMA, **changes}, local=True, source="test")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": ["llama"]}, "model_type"),
        ({"model_type": ""}, "model_type"),
        ({"num_experts": "eight"}, "num_experts"),
        ({"num_local_experts": -8}, "num_local_experts"),
        ({"num_experts": True}, "num_experts"),
        ({"num_key_value_heads": 0}, "num_key_value_heads"),
        ({"max_position_embeddings": 1}, "max_position_embeddings"),
        ({"max_position_embeddings": -1}, "max_position_embeddings"),
        ({"hidden_size": 64.5}, "hidden_size"),
        ({"num_hidden_layers": []}, "num_hidden_layers"),
        ({"hidden_size": None}, "hidden_size"),
        ({"model_type": "bert", "architectures": ["BertModel"]}, "BertModel"),
        ({"model_type": "new", "architectures": ["NewForMaskedLM"]}, "NewForMaskedLM"),
        ({"model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": True}, "T5For"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "gptq"),
        ({"quantization_config": {"quant_method": "awq"}}, "awq"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}, "bitsandbytes"),
        ({"quantization_config": {"quant_method": "mxfp4"}}, "mxfp4"),
        ({"quantization_config": ["?"]}, "quantised"),
    ],
)
def test_a_shape_that_cannot_be_trained_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as problem:
        spec(**changes)
    assert said in problem.value.message
    assert "./m" in problem.value.message
    assert problem.value.hint


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
)
_FIELDS = (*LLAMA, "num_experts", "head_dim", "quantization_config", "text_config", "vision_config", "is_encoder_decoder", "auto_map", "tie_word_embeddings", "layer_types", "multi_query")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=4), st.sampled_from(["llama", "falcon", "deepseek_v3", "qwen3_next", "gemma4", "llama4", "falcon_h1"]))
def test_any_config_is_a_shape_or_a_clear_error(changes: dict[str, Any], kind: str) -> None:
    try:
        found = spec(**{"model_type": kind, **changes})
    except UsageError:
        return
    assert found.params_total > 0
    assert adapter_params(found, found.lora_targets, 8) > 0


@pytest.mark.parametrize("name", ["TheBloke/Llama-2-7B-AWQ", "unsloth/llama-3-8b-bnb-4bit", "someone/big-70b-fp8", "x/y-7b-GPTQ-Int4"])
def test_a_name_that_says_quantised_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        spec_from_size(name, 7e9)


def test_absent_figures_are_derived() -> None:
    found = spec(num_key_value_heads=None, max_position_embeddings=None, num_local_experts=0, quantization_config=None)
    assert (found.num_kv_heads, found.max_positions, found.num_experts) == (4, None, None)
    assert spec(model_type="gpt_oss", quantization_config={"quant_method": "mxfp4"}).stored_as == "mxfp4"


def test_unknown_models_get_targets_that_peft_takes() -> None:
    assert spec(model_type="brandnew").lora_targets == ("all-linear",)
    assert spec(model_type="brandnew", num_experts=8).lora_targets == ATTENTION
    assert spec_from_size("NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO", 47e9).lora_targets == ATTENTION
    assert spec_from_size("someone/unknown-30b-a3b", 30e9).lora_targets == ATTENTION
    assert spec_from_size("someone/unknown-13b", 13e9).lora_targets == ("all-linear",)


def test_adapters_stay_off_routed_experts() -> None:
    names = {"gate_proj", "up_proj", "down_proj"}
    for model in all_models():
        if model.is_moe and model.model_type not in ("llama4", "gemma4"):
            assert not names & set(model.lora_targets), model.id
    deepseek = get_model("deepseek-ai/DeepSeek-V3")
    assert deepseek is not None
    assert adapter_params(deepseek, deepseek.lora_targets, 16) < 100_000_000


def test_most_models_have_a_measured_adapter_width() -> None:
    assert sum(m.adapter_width is not None for m in all_models()) > 0.8 * len(all_models())
