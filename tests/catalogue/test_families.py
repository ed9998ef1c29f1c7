"""Models that belong together: sizes, variants, and what a family's name alone may mean."""

from __future__ import annotations

import pytest

from assistant.builder import respond
from assistant.catalogue.families import family_in, family_lead, next_in_size, other_variant, sibling, usual_models
from assistant.catalogue.models import all_models, get_model
from assistant.core.intent import Intent
from assistant.core.values import ModelSpec


def model(model_id: str) -> ModelSpec:
    found = get_model(model_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("model_id", "billions", "other"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", 70, "meta-llama/Llama-3.1-70B-Instruct"),
        ("meta-llama/Llama-3.1-8B", 70, "meta-llama/Llama-3.1-70B"),
        ("meta-llama/Llama-3.2-3B-Instruct", 70, "meta-llama/Llama-3.3-70B-Instruct"),
        ("Qwen/Qwen2.5-7B-Instruct", 14, "Qwen/Qwen2.5-14B-Instruct"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", 14, "Qwen/Qwen2.5-Coder-14B-Instruct"),
        ("Qwen/Qwen2.5-7B-Instruct", 7, "Qwen/Qwen2.5-7B-Instruct"),
        ("meta-llama/Llama-3.1-8B-Instruct", 30, None),
    ],
)
def test_another_size(model_id: str, billions: float, other: str | None) -> None:
    found = sibling(model(model_id), billions * 1e9)
    assert (found.id if found else None) == other


def test_base_and_instruct() -> None:
    base = other_variant(model("meta-llama/Llama-3.1-8B-Instruct"), instruct=False)
    assert base is not None
    assert base.id == "meta-llama/Llama-3.1-8B"
    back = other_variant(base, instruct=True)
    assert back is not None
    assert back.id == "meta-llama/Llama-3.1-8B-Instruct"
    assert other_variant(model("microsoft/phi-4"), instruct=False) is None


@pytest.mark.parametrize(
    ("model_id", "smaller", "last", "other"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", True, False, "Qwen/Qwen2.5-3B-Instruct"),
        ("Qwen/Qwen2.5-7B-Instruct", True, True, "Qwen/Qwen2.5-0.5B-Instruct"),
        ("Qwen/Qwen2.5-7B-Instruct", False, False, "Qwen/Qwen2.5-14B-Instruct"),
        ("Qwen/Qwen2.5-7B-Instruct", False, True, "Qwen/Qwen2.5-72B-Instruct"),
        ("meta-llama/Llama-3.1-8B-Instruct", True, False, None),
        ("meta-llama/Llama-3.1-405B-Instruct", False, True, None),
    ],
)
def test_the_next_in_size(model_id: str, smaller: bool, last: bool, other: str | None) -> None:
    found = next_in_size(model(model_id), smaller=smaller, last=last)
    assert (found.id if found else None) == other


@pytest.mark.parametrize(
    ("family", "usual"),
    [
        ("qwen", "Qwen/Qwen3-8B"), ("qwen2.5", "Qwen/Qwen2.5-7B-Instruct"), ("Qwen 2.5", "Qwen/Qwen2.5-7B-Instruct"), ("llama", "meta-llama/Llama-3.1-8B-Instruct"),
        ("gemma", "google/gemma-2-9b-it"), ("gemma 3", "google/gemma-3-4b-it"), ("falcon", "tiiuae/Falcon3-7B-Instruct"), ("olmo 2", "allenai/OLMo-2-1124-7B-Instruct"),
        ("mistral 7b", "mistralai/Mistral-7B-Instruct-v0.3"), ("smollm2", "HuggingFaceTB/SmolLM2-1.7B-Instruct"),
    ],
)  # fmt: skip
def test_a_family_alone_has_one_usual_model(family: str, usual: str) -> None:
    found = usual_models(family)
    assert found[0].id == usual
    assert len({m.id.split("/")[-1].lower() for m in found}) == len(found) <= 3


@pytest.mark.parametrize("words", ["", "frobnitz", "llama 3.1 8b", "qwen2.5-7b", "alpaca", "8b"])
def test_what_names_no_family_has_no_usual_model(words: str) -> None:
    assert usual_models(words) == ()


@pytest.mark.parametrize("name", ["qwen", "qwen2.5", "gemma", "gemma3", "falcon", "granite", "llama3.2"])
def test_a_family_without_a_size_is_asked_with_its_usual_model_first(name: str) -> None:
    outcome = respond(Intent(task="train", model=name, method="lora", gpu="A100", gpu_count=1))
    assert outcome.status == "needs_input"
    assert outcome.questions[0].choices[0] == usual_models(name)[0].id.split("/")[-1]
    assert "names several models" in outcome.questions[0].text


@pytest.mark.parametrize(("text", "family"), [("the biggest llama", "llama"), ("qwen 2.5 please", "qwen 2.5"), ("a model of 7b", None), ("alpaca data", None), ("", None)])
def test_a_family_in_a_text(text: str, family: str | None) -> None:
    assert family_in(text) == family


def test_every_family_has_a_lead() -> None:
    assert all(family_lead(m.family) for m in all_models())
    assert (family_lead("Llama 3.1"), family_lead("Phi-4"), family_lead("GPT-J")) == ("llama", "phi", "gpt-j")
