"""The estimate's properties, and its figures against public measurements that nobody here took."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.architectures import spec_from_config
from assistant.catalogue.models import all_models, get_model
from assistant.core.units import GIB
from assistant.core.values import ModelSpec
from assistant.planner.adapters import adapter_params
from assistant.planner.memory import OPTIMIZERS, Run, Serving, estimate, estimate_serving, host_bytes
from assistant.planner.memory.activations import layer_bytes

MODELS = [m for m in all_models() if not m.rough]
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
SHARDINGS = (("none", 1), ("ddp", 1), ("fsdp", 8), ("zero2", 8), ("zero3", 8))


def run(model: ModelSpec, method: str = "lora", rank: int = 16, targets: tuple[str, ...] = (), **changes: object) -> Run:
    targets = targets or model.lora_targets
    trainable = model.params_total if method == "full" else adapter_params(model, targets, rank)
    adapted = () if method == "full" else targets
    base = Run(model=model, method=method, micro_batch=1, sequence=2048, trainable=trainable, adapted=adapted)
    return replace(base, **changes)  # type: ignore[arg-type]


def model(name: str) -> ModelSpec:
    found = get_model(name)
    assert found is not None
    return found


models = st.sampled_from(MODELS)
methods = st.sampled_from(["full", "lora", "qlora"])
objectives = st.sampled_from(["sft", "dpo", "kto", "grpo", "pretrain"])
losses = st.sampled_from(["standard", "liger", "chunked"])
shardings = st.sampled_from(SHARDINGS)


@settings(max_examples=200, deadline=None)
@given(models, methods, objectives, st.booleans(), losses, shardings, st.booleans(), st.integers(1, 16), st.sampled_from([512, 2048, 8192]))
def test_more_tokens_never_need_less(model: ModelSpec, method: str, objective: str, kept: bool, loss: str, sharding: tuple[str, int], grows: bool, batch: int, length: int) -> None:
    base = run(model, method, objective=objective, checkpointing=kept, loss=loss, sharding=sharding[0], shards=sharding[1], world=8, accumulates=grows)
    small = estimate(replace(base, micro_batch=batch, sequence=length))
    wide = estimate(replace(base, micro_batch=batch + 1, sequence=length))
    long = estimate(replace(base, micro_batch=batch, sequence=2 * length))
    assert small.point <= min(wide.point, long.point)
    assert small.upper <= min(wide.upper, long.upper)


@settings(max_examples=100, deadline=None)
@given(models, methods, st.integers(2, 64), st.sampled_from(["fsdp", "zero2", "zero3"]))
def test_sharding_never_raises_states(model: ModelSpec, method: str, shards: int, sharding: str) -> None:
    one = "zero1" if sharding.startswith("zero") else "none"
    alone = estimate(run(model, method, sharding=one)).parts
    shared = estimate(run(model, method, shards=shards, world=shards, sharding=sharding)).parts
    for part in ("weights", "gradients", "optimizer"):
        assert shared[part] <= alone[part] * 1.0001 or shared[part] == 0


@settings(max_examples=60, deadline=None)
@given(models, st.sampled_from(["lora", "qlora"]), st.integers(1, 128))
def test_a_higher_rank_never_needs_less(model: ModelSpec, method: str, rank: int) -> None:
    assert estimate(run(model, method, rank=rank)).point <= estimate(run(model, method, rank=rank + 8)).point


@settings(max_examples=100, deadline=None)
@given(models, methods, st.floats(1.05, 4.0))
def test_more_layers_never_need_less(model: ModelSpec, method: str, factor: float) -> None:
    more = replace(model, params_total=int(model.params_total * factor), num_layers=int(model.num_layers * factor))
    assert estimate(run(model, method)).point <= estimate(run(more, method)).point


@settings(max_examples=150, deadline=None)
@given(models, methods, objectives, st.sampled_from(sorted(OPTIMIZERS)), shardings, st.booleans())
def test_parts_sum_to_the_point_and_the_bound_is_above(model: ModelSpec, method: str, objective: str, optimizer: str, sharding: tuple[str, int], grows: bool) -> None:
    found = estimate(run(model, method, objective=objective, optimizer=optimizer, sharding=sharding[0], shards=sharding[1], world=8, accumulates=grows))
    assert found.point == pytest.approx(sum(found.parts.values()))
    assert found.upper > found.point
    assert all(size >= 0 for size in found.parts.values())


@settings(max_examples=60, deadline=None)
@given(models, methods)
def test_the_pool_and_the_process_hold_more_than_the_tensors(model: ModelSpec, method: str) -> None:
    one = run(model, method, world=2, sharding="ddp")
    points = [estimate(one, metric).point for metric in ("allocated", "reserved", "device")]
    assert points == sorted(points)
    assert len({estimate(one, metric).upper for metric in ("allocated", "reserved", "device")}) == 1


@settings(max_examples=60, deadline=None)
@given(models, st.integers(1, 32), st.integers(1, 8192))
def test_serving_grows_with_sequences_and_tokens(model: ModelSpec, sequences: int, tokens: int) -> None:
    small = Serving(model=model, weights_bytes=2.0 * model.params_total, sequences=sequences, tokens=tokens)
    for other in (replace(small, sequences=sequences + 1), replace(small, tokens=tokens + 1)):
        assert estimate_serving(small).point < estimate_serving(other).point


MISTRAL = "mistralai/Mistral-7B-v0.1"
FMS = "fms-acceleration, A100 80 GB, transformers 4.48, torch 2.4: packed 4,096 tokens, checkpointing, r 16 on q, k, v, o"


@pytest.mark.parametrize(
    ("name", "method", "changes", "measured_gib"),
    [
        (MISTRAL, "full", {"micro_batch": 4, "optimizer": "adamw_torch", "loss": "fused_ce"}, 67.46),
        (MISTRAL, "full", {"micro_batch": 2, "optimizer": "adamw_torch", "sharding": "fsdp", "shards": 2, "world": 2, "loss": "shifted_copy"}, 33.74),
        (MISTRAL, "lora", {"micro_batch": 4, "loss": "shifted_copy"}, 24.87),
        (MISTRAL, "lora", {"micro_batch": 8, "loss": "shifted_copy"}, 36.08),
        (MISTRAL, "lora", {"micro_batch": 4, "sharding": "fsdp", "shards": 2, "world": 2, "loss": "shifted_copy"}, 20.45),
        (MISTRAL, "qlora", {"micro_batch": 4, "autocast": True, "loss": "shifted_copy", "quantisation": "nf4-double", "kept_bytes": 2}, 19.25),
        (MISTRAL, "qlora", {"micro_batch": 8, "autocast": True, "kbit_upcast": False, "loss": "shifted_copy", "quantisation": "nf4-double", "kept_bytes": 2}, 26.46),
        ("meta-llama/Llama-2-70b-hf", "qlora", {"micro_batch": 4, "autocast": True, "kbit_upcast": False, "loss": "shifted_copy", "quantisation": "nf4-double", "kept_bytes": 2}, 63.45),
    ],
)
def test_public_measurements(name: str, method: str, changes: dict[str, object], measured_gib: float) -> None:
    """Allocated peaks of fms-acceleration's benchmark table (A100 80 GB)."""
    targets = () if method == "full" else ATTENTION
    found = estimate(run(model(name), method, targets=targets, sequence=4096, attention="flash", **changes))
    assert found.point / GIB == pytest.approx(measured_gib, rel=0.04), FMS
    assert found.upper / GIB > measured_gib


def test_gradients_that_accumulate_under_fsdp_stay_whole() -> None:
    """accelerate's guide to gradient synchronisation: `no_sync` keeps them unsharded on every GPU."""
    base = run(model(MISTRAL), "full", sharding="fsdp", shards=8, world=8)
    once, more = estimate(base), estimate(replace(base, accumulates=True))
    assert more.upper - once.upper > 1.5 * base.trainable


def test_the_reference_of_full_dpo_is_float32() -> None:
    """TRL 1.6 loads it itself, in float32; adapters need none."""
    llama = model("meta-llama/Llama-3.1-8B-Instruct")
    alone = estimate(run(llama, "full"))
    for objective in ("dpo", "kto"):
        pair = estimate(run(llama, "full", objective=objective))
        assert pair.upper - alone.upper > 4.0 * llama.params_total
        assert estimate(run(llama, "lora", objective=objective)).upper < pair.upper / 2


def test_experts_stay_wide_under_qlora() -> None:
    """They are parameters, not linear layers, since transformers 5; PEFT's preparation casts them to fp32."""
    mixtral = model("mistralai/Mixtral-8x7B-v0.1")
    assert estimate(run(mixtral, "qlora")).parts["weights"] > mixtral.params_routed_experts * 4
    assert estimate(run(mixtral, "qlora", fused_experts=False)).parts["weights"] < mixtral.params_total


@pytest.mark.parametrize(
    ("model_type", "extra", "measured"),
    [("llama", {}, 11304), ("qwen3", {}, 13656), ("gemma", {}, 12360), ("gemma2", {}, 16496), ("gemma3_text", {}, 19620), ("olmo2", {}, 15408)],
)
def test_saved_tensors_of_full_training(model_type: str, extra: dict[str, object], measured: int) -> None:
    """Bytes a token and layer that autograd saves in transformers 5.16, read with saved_tensors_hooks on tiny models."""
    config = {"model_type": model_type, "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 2, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 32, "vocab_size": 512, **extra}
    spec = spec_from_config("tiny", config, local=False, source="test")
    assert layer_bytes(run(spec, "full", attention="flash")) == pytest.approx(measured, rel=0.02)


def test_offloaded_states_are_on_the_host() -> None:
    base = run(model(MISTRAL), "full", sharding="fsdp", shards=4, world=4)
    assert host_bytes(base) == 0
    away = replace(base, cpu_offload=True)
    assert host_bytes(away) == pytest.approx(8 * base.model.params_total, rel=0.01)
    assert estimate(away).parts["weights"] == 0
