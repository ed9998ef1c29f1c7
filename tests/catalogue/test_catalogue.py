"""Names, machines and shapes."""

from __future__ import annotations

import pytest

from assistant.catalogue.architectures import size_in_name, spec_from_config, spec_from_size
from assistant.catalogue.datasets import all_datasets, find_dataset
from assistant.catalogue.gpus import all_gpus, find_gpu
from assistant.catalogue.machines import hardware_from_intent, parse_machine
from assistant.catalogue.models import all_models, find_model, get_model, stated_choices, suggest_models
from assistant.core.errors import UsageError
from assistant.core.intent import Intent


def test_every_record_has_a_source() -> None:
    assert len(all_models()) == 388
    assert all(m.source for m in all_models())
    assert all(g.source for g in all_gpus())
    assert all(d.source for d in all_datasets())
    assert all(get_model(choice["id"]) and choice["why"] for choice in stated_choices().values())


@pytest.mark.parametrize(
    ("name", "model"),
    [("llama3", "meta-llama/Llama-3.1-8B-Instruct"), ("Qwen2.5 7B", "Qwen/Qwen2.5-7B-Instruct"), ("smollm2-1.7b", "HuggingFaceTB/SmolLM2-1.7B-Instruct"), ("GPT-OSS 20b", "openai/gpt-oss-20b")],
)
def test_names(name: str, model: str) -> None:
    found = find_model(name)
    assert found is not None
    assert found.id == model


def test_suggestions() -> None:
    assert suggest_models("lama-3.1-8b")[0].startswith("Llama-3.1-8B")
    assert find_model("no such thing") is None
    found = find_dataset("Alpaca")
    assert found is not None
    assert found.id == "yahma/alpaca-cleaned"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2xA100-80GB", (1, 2, "A100-80GB")), ("A100-80GB:2", (1, 2, "A100-80GB")), ("8*H100", (1, 8, "H100")), ("4 x 4090", (1, 4, "RTX4090")),
        ("2x24GB", (1, 2, "24GB")), ("H100", (1, 1, "H100")), ("2x8xH100", (2, 8, "H100")), ("2 nodes x 8 H100", (2, 8, "H100")),
        ("RTX 4090", (1, 1, "RTX4090")), ("cpu:64GB", (1, 1, "cpu")), ("M3 Max 64GB", (1, 1, "M-series")), ("A100 80GB", (1, 1, "A100-80GB")),
    ],
)  # fmt: skip
def test_machines(text: str, wanted: tuple[int, int, str]) -> None:
    found = parse_machine(text)
    assert (found.nodes, found.count, found.gpu.name) == wanted
    assert found.source == "flag"


@pytest.mark.parametrize("text", ["", "nonsense", "0xA100", "9999xA100", "tpu-v4-8", "Gaudi2", "2x0GB", "x" * 500])
def test_wrong_machines(text: str) -> None:
    with pytest.raises(UsageError):
        parse_machine(text)


def test_an_a100_without_memory_is_the_small_one() -> None:
    found, notes = hardware_from_intent(Intent(gpu="A100", gpu_count=2))
    assert found is not None
    assert found.gpu.memory_gb == 40
    assert notes[0].field == "hardware.gpu"


def test_said_memory_picks_the_variant() -> None:
    found, _ = hardware_from_intent(Intent(gpu="A100", gpu_count=1, gpu_memory_gb=80))
    assert found is not None
    assert found.gpu.name == "A100-80GB"
    assert find_gpu("NVIDIA A100-SXM4-80GB") == found.gpu


def test_closed_form_parameters_agree_with_the_catalogue() -> None:
    """For dense and MoE decoders: within 1 % for at least 85 % of all text models; the rest are hybrids and MLA."""
    off = []
    text = [m for m in all_models() if not m.is_vision and not m.rough]
    for m in text:
        config = {
            "hidden_size": m.hidden_size, "num_hidden_layers": m.num_layers, "num_attention_heads": m.num_heads, "num_key_value_heads": m.num_kv_heads,
            "head_dim": m.head_dim, "vocab_size": m.vocab_size, "intermediate_size": m.intermediate_size, "tie_word_embeddings": m.tied, "model_type": m.model_type,
        }  # fmt: skip
        if m.num_experts:
            config |= {"num_experts": m.num_experts, "moe_intermediate_size": m.moe_intermediate_size}
        found = spec_from_config(m.id, config, local=False, source="test")
        if abs(found.params_total / m.params_total - 1) > 0.01:
            off.append(m.id)
    assert len(off) <= 0.15 * len(text), off


def test_config_without_sizes_is_refused() -> None:
    with pytest.raises(UsageError):
        spec_from_config("x", {"model_type": "llama"}, local=True, source="test")


@pytest.mark.parametrize(("name", "size"), [("a/frontier-12b", 12e9), ("x/mini-500m", 5e8), ("phi-3.5", None), ("b/moe-8x7b", 8 * 7e9 * 0.83)])
def test_size_in_name(name: str, size: float | None) -> None:
    assert size_in_name(name) == (pytest.approx(size) if size else None)


def test_a_guessed_shape_is_marked() -> None:
    assert spec_from_size("a/b-12b", 12e9).rough
