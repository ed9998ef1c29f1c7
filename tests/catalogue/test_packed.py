"""Models that are published quantised: the format and the shape by their name."""

from __future__ import annotations

import pytest

from assistant.catalogue.packed import packed_model, packed_word
from assistant.core.errors import UsageError


@pytest.mark.parametrize(
    ("name", "form", "billions", "rough"),
    [
        ("Qwen/Qwen2.5-32B-Instruct-AWQ", "awq", 32.8, False),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "gptq", 7.6, False),
        ("hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", "awq", 8.0, False),
        ("RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8-dynamic", "fp8", 70.6, False),
        ("unsloth/Llama-3.2-3B-Instruct-bnb-4bit", "bnb-4bit", 3.2, False),
        ("Qwen/Qwen3-32B-FP8", "fp8", 32.8, False),
        ("someone/their-13b-awq", "awq", 13.0, True),
    ],
)
def test_the_shape_is_that_of_the_model_it_was_made_from(name: str, form: str, billions: float, rough: bool) -> None:
    model = packed_model(name)
    assert model is not None
    assert (model.id, model.stored_as, model.rough) == (name, form, rough)
    assert model.params_total / 1e9 == pytest.approx(billions, rel=0.01)


@pytest.mark.parametrize("name", ["Qwen/Qwen2.5-32B-Instruct", "someone/awqward-7b", "their-model-awq", "int8/plain-7b"])
def test_other_names_say_nothing(name: str) -> None:
    assert packed_model(name) is None


def test_a_format_that_no_engine_loads_is_refused() -> None:
    assert packed_word("turboderp/Llama-3-8B-exl2") == "exl2"
    with pytest.raises(UsageError, match="no engine of Oumi's loads"):
        packed_model("turboderp/Llama-3-8B-exl2")
