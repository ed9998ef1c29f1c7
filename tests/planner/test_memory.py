"""The estimate's properties, and its figures against public measurements."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.models import all_models, get_model
from assistant.core.units import GIB
from assistant.core.values import ModelSpec
from assistant.planner.adapters import adapter_params
from assistant.planner.memory import Run, estimate

MODELS = [m for m in all_models() if not m.rough]


def run(model: ModelSpec, method: str = "lora", rank: int = 16, **changes: object) -> Run:
    trainable = model.params_total if method == "full" else adapter_params(model, model.lora_targets, rank)
    base = Run(model=model, method=method, micro_batch=1, sequence=2048, trainable=trainable)
    return replace(base, **changes)  # type: ignore[arg-type]


models = st.sampled_from(MODELS)
methods = st.sampled_from(["full", "lora", "qlora"])
objectives = st.sampled_from(["sft", "dpo", "kto", "grpo", "pretrain"])


@settings(max_examples=150, deadline=None)
@given(models, methods, objectives, st.booleans(), st.integers(1, 16), st.sampled_from([512, 2048, 8192]))
def test_more_tokens_never_need_less(model: ModelSpec, method: str, objective: str, kept: bool, batch: int, length: int) -> None:
    small = estimate(run(model, method, objective=objective, checkpointing=kept, micro_batch=batch, sequence=length))
    wide = estimate(run(model, method, objective=objective, checkpointing=kept, micro_batch=batch + 1, sequence=length))
    long = estimate(run(model, method, objective=objective, checkpointing=kept, micro_batch=batch, sequence=2 * length))
    assert small.point <= wide.point
    assert small.point <= long.point
    assert small.upper <= min(wide.upper, long.upper)


@settings(max_examples=100, deadline=None)
@given(models, methods, st.integers(2, 64))
def test_sharding_never_raises_states(model: ModelSpec, method: str, shards: int) -> None:
    alone = estimate(run(model, method)).parts
    shared = estimate(run(model, method, shards=shards, world=shards, sharding="fsdp")).parts
    for part in ("weights", "gradients", "optimizer"):
        assert shared[part] <= alone[part]


@settings(max_examples=60, deadline=None)
@given(models, st.integers(1, 128))
def test_a_higher_rank_never_needs_less(model: ModelSpec, rank: int) -> None:
    assert estimate(run(model, rank=rank)).point <= estimate(run(model, rank=rank + 8)).point


@settings(max_examples=60, deadline=None)
@given(models, methods)
def test_parts_sum_to_the_point_and_the_bound_is_above(model: ModelSpec, method: str) -> None:
    found = estimate(run(model, method))
    assert found.point == pytest.approx(sum(found.parts.values()))
    assert found.upper > found.point
    assert all(size >= 0 for size in found.parts.values())


def model(name: str) -> ModelSpec:
    found = get_model(name)
    assert found is not None
    return found


def test_full_fine_tuning_of_mistral_7b_peaks_at_ten_bytes_a_parameter() -> None:
    """fms-acceleration, A100, pure bf16, torch AdamW: 72.43 GB allocated at the optimizer step."""
    mistral = model("mistralai/Mistral-7B-v0.1")
    found = estimate(run(mistral, "full", optimizer="adamw_torch", sequence=512))
    assert found.phase == "optimizer step"
    assert found.point / 1e9 == pytest.approx(72.43, rel=0.02)


def test_lora_of_llama_3_8b_at_16k_tokens() -> None:
    """fms-acceleration, A100, LoRA r16 on q,k,v,o, 4 × 4096 tokens, fused cross-entropy aside: 35.06 GiB."""
    llama = model("meta-llama/Meta-Llama-3-8B")
    trainable = adapter_params(llama, ("q_proj", "k_proj", "v_proj", "o_proj"), 16)
    found = estimate(replace(run(llama), micro_batch=4, sequence=4096, trainable=trainable))
    assert found.upper >= 35.06 * GIB
    assert found.point / GIB == pytest.approx(35.06, rel=0.45)  # the source's loss keeps 8 B per logit, ours 12


def test_nf4_weights_of_llama_2_70b() -> None:
    """fms-acceleration with double quantisation: 34.63 GiB steady; without it the absmax adds 0.046 B a parameter."""
    found = estimate(run(model("meta-llama/Llama-2-70b-hf"), "qlora"))
    assert found.parts["weights"] / GIB == pytest.approx(34.63 + 70e9 * 0.0465 / GIB, rel=0.06)


def test_experts_stay_16_bit_under_qlora() -> None:
    mixtral = model("mistralai/Mixtral-8x7B-v0.1")
    found = estimate(run(mixtral, "qlora"))
    assert found.parts["weights"] > mixtral.params_routed_experts * 2
