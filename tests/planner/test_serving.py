"""Running a model without training it: engine, memory, batch, tasks, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistant.builder import respond
from assistant.catalogue.benchmarks import benchmarks
from assistant.catalogue.engines import engine_of_hosted, engines, gguf_files
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models, get_model, hosted_ids
from assistant.checks.schema import field
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.units import GIB
from assistant.planner.serving.memory import estimate_load, room_for, tensor_parallel, vllm_load, vllm_usable_gib
from assistant.reader import read

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


def answer(machine: str | None = "A100", **said: Any) -> Outcome:
    values = {"task": "infer", "model": LLAMA, **said}
    return respond(Intent.model_validate(values), machine=parse_machine(machine) if machine else None)


def plan(outcome: Outcome) -> TaskPlan:
    assert outcome.task_plan is not None, outcome
    return outcome.task_plan


def config(outcome: Outcome) -> dict[str, Any]:
    body: dict[str, Any] = yaml.safe_load(outcome.files[0].yaml)
    return body


@pytest.mark.parametrize(
    ("machine", "said", "engine"),
    [
        ("A100", {}, "VLLM"),
        ("A100", {"engine": "NATIVE"}, "NATIVE"),
        ("cpu:64GB", {}, "NATIVE"),
        ("m3-max:64GB", {"model": "Qwen/Qwen3-4B-Instruct-2507"}, "LLAMACPP"),
        ("A100", {"model": "gpt-4o"}, "OPENAI"),
        ("A100", {"model": "claude-sonnet-4-5", "engine": "OPENROUTER"}, "OPENROUTER"),
        ("A100", {"overrides": {"remote_params.api_url": "http://10.0.0.5:8000/v1"}}, "REMOTE_VLLM"),
        ("A100", {"task": "evaluate", "benchmarks": ["mmlu"]}, "NATIVE"),
        ("A100", {"task": "evaluate", "benchmarks": ["gsm8k"]}, "VLLM"),
        ("cpu:64GB", {"task": "evaluate", "benchmarks": ["gsm8k"]}, "NATIVE"),
        ("A100", {"task": "evaluate", "model": "gpt-4o", "benchmarks": ["berry_bench"]}, "OPENAI"),
    ],
)  # fmt: skip
def test_the_engine_follows_from_model_machine_and_purpose(machine: str, said: dict[str, Any], engine: str) -> None:
    assert plan(answer(machine, **said)).engine == engine


@pytest.mark.parametrize(
    ("said", "reference"),
    [
        ({"engine": "FASTEST"}, "unknown-engine"),
        ({"model": "gpt-4o", "engine": "VLLM"}, "hosted-model"),
        ({"engine": "LLAMACPP"}, "no-gguf"),
        ({"task": "evaluate", "model": "gpt-4o", "benchmarks": ["mmlu"]}, "eval-needs-weights"),
        ({"task": "evaluate", "benchmarks": ["mmlu"], "engine": "SGLANG"}, "eval-engine"),
        ({"overrides": {"generation.temprature": 1}}, "unknown-field"),
        ({"overrides": {"generation.temperature": "hot"}}, "wrong-value"),
    ],
)
def test_what_cannot_run_is_refused_with_a_way_out(said: dict[str, Any], reference: str) -> None:
    with pytest.raises(UsageError) as problem:
        answer(**said)
    assert problem.value.reference == reference
    assert problem.value.hint


def test_vllm_needs_a_gpu_that_it_runs_on() -> None:
    with pytest.raises(UsageError, match="CUDA or ROCm"):
        answer("cpu:64GB", engine="VLLM")


def test_examples_stand_in_eval_kwargs_where_oumi_looks_for_them() -> None:
    tasks = config(answer(task="evaluate", benchmarks=["gsm8k", "berry_bench"], num_fewshot=3, limit=50))["tasks"]
    assert tasks == [
        {"evaluation_backend": "lm_harness", "task_name": "gsm8k", "num_samples": 50, "eval_kwargs": {"num_fewshot": 3}},
        {"evaluation_backend": "custom", "task_name": "berry_bench", "num_samples": 50},
    ]


def test_the_convention_counts_where_nobody_said_how_many_examples() -> None:
    leaderboard = ["mmlu", "arc_challenge", "winogrande", "hellaswag", "truthfulqa_mc2", "gsm8k"]
    tasks = config(answer(task="evaluate", benchmarks=leaderboard))["tasks"]
    assert [task["eval_kwargs"]["num_fewshot"] for task in tasks] == [5, 25, 5, 10, 0, 5]


def test_no_benchmark_is_an_assumption_and_an_unknown_one_a_warning() -> None:
    outcome = answer(task="evaluate")
    assert [a.value for a in outcome.assumptions if a.field == "benchmarks"] == ["mmlu"]
    unknown = answer(task="evaluate", benchmarks=["my_own_task"])
    assert [f.rule for f in unknown.findings] == ["EVL001"]


def test_a_temperature_asks_transformers_to_sample() -> None:
    body = config(answer(engine="NATIVE", overrides={"generation.temperature": 0.7}))
    assert body["generation"]["use_sampling"] is True
    assert body["generation"]["use_cache"] is True
    assert "use_sampling" not in config(answer(engine="NATIVE"))["generation"]
    assert "use_sampling" not in config(answer(overrides={"generation.temperature": 0.7}))["generation"]


def test_a_field_that_the_engine_ignores_is_named() -> None:
    outcome = answer(overrides={"generation.num_beams": 4})
    assert [f.path for f in outcome.findings if f.rule == "INF001"] == ["generation.num_beams"]


def test_a_field_of_a_training_is_left_out_and_named() -> None:
    outcome = answer(overrides={"training.warmup_steps": 5})
    assert "training" not in config(outcome)
    assert [f.path for f in outcome.findings if f.rule == "REQ004"] == ["training.warmup_steps"]


def test_a_key_never_stands_in_the_file() -> None:
    outcome = answer(model="claude-sonnet-4-5", dataset="q.jsonl")
    assert plan(outcome).keys == ("ANTHROPIC_API_KEY",)
    assert "api_key" not in yaml.safe_dump(config(outcome))
    assert outcome.hardware is None


def test_several_gpus_take_copies_where_one_holds_the_model_and_shards_where_not() -> None:
    small = answer("4xA100", task="evaluate", benchmarks=["mmlu"])
    assert small.commands == ("oumi distributed accelerate launch -m oumi evaluate -c eval.yaml",)
    assert "shard_for_eval" not in config(small)["model"]
    large = answer("4xA100-80GB", task="evaluate", benchmarks=["mmlu"], model="meta-llama/Llama-3.3-70B-Instruct")
    assert large.commands == ("oumi evaluate -c eval.yaml",)
    assert config(large)["model"]["shard_for_eval"] is True


def test_vllm_takes_the_gpus_that_divide_the_heads() -> None:
    outcome = answer("3xA100")
    assert plan(outcome).hardware is not None
    assert plan(outcome).hardware.count == 2  # type: ignore[union-attr]
    assert any("CUDA_VISIBLE_DEVICES=0,1" in f.fix for f in outcome.findings)
    assert outcome.commands[-1].startswith("env CUDA_VISIBLE_DEVICES=0,1")
    assert f"# Run: {outcome.commands[-1]}\n" in outcome.files[0].yaml


@pytest.mark.parametrize(
    ("name", "count", "gpus"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", 8, 4),  # 28 heads, 4 of keys and values: 7 divides the first alone
        ("microsoft/phi-4", 8, 2),  # 10 key-value heads are neither split nor repeated by 4 or 8
        ("HuggingFaceTB/SmolLM2-360M", 4, 1),  # 49,152 tokens of vocabulary do not split in 3
        ("meta-llama/Llama-3.1-8B-Instruct", 8, 8),
    ],
)
def test_vllm_splits_all_that_its_layers_split(name: str, count: int, gpus: int) -> None:
    model = get_model(name)
    assert model is not None
    assert tensor_parallel(model, count) == gpus


def test_what_does_not_fit_says_what_would() -> None:
    outcome = answer("RTX4090", model="meta-llama/Llama-3.3-70B-Instruct")
    assert (outcome.status, outcome.exit_code, outcome.files) == ("does_not_fit", 4, ())
    assert outcome.ways_out
    assert all(way.memory_gib <= way.usable_gib for way in outcome.ways_out)


def test_a_folder_that_is_not_here_is_planned_without_a_figure() -> None:
    outcome = respond(Intent(task="evaluate", model="./checkpoints/step-500", benchmarks=["gsm8k"]), machine=parse_machine("A100"), exists=lambda _: False)
    assert outcome.status == "ok"
    assert plan(outcome).memory is None
    assert config(outcome)["model"]["model_name"] == "./checkpoints/step-500"
    assert any(f.rule == "INF003" for f in outcome.findings)


def test_memory_in_json_is_the_contracts() -> None:
    body = answer().to_json()["plan"]
    assert body["memory"]["fits"] is True
    assert body["memory"]["upper_gib"] <= body["memory"]["capacity_gib"]
    assert set(body["memory"]["breakdown_gib"]) >= {"weights", "gradients", "optimizer", "activations", "logits", "overhead", "kv_cache"}
    assert round(sum(body["memory"]["breakdown_gib"].values()), 2) == body["memory"]["per_gpu_gib"]
    assert body["method"] is None


def test_the_cache_is_what_the_architecture_says() -> None:
    """Qwen3-8B: 147.5 kB a token (2 × 36 layers × 8 heads × 128 × 2 bytes)."""
    model = get_model("Qwen/Qwen3-8B")
    assert model is not None
    load = vllm_load(model, tokens=8192, gpus=1)
    assert estimate_load(load).parts["kv_cache"] == 8192 * 2 * 36 * 8 * 128 * 2


MODELS = [m for m in all_models() if not m.rough]


@given(st.sampled_from(MODELS), st.integers(1, 64), st.integers(1, 65_536), st.sampled_from([1, 2, 4, 8]))
def test_more_sequences_or_tokens_never_take_less_and_more_gpus_never_more_weights(model: Any, sequences: int, tokens: int, gpus: int) -> None:
    one = estimate_load(vllm_load(model, tokens=tokens, gpus=gpus, sequences=sequences))
    assert estimate_load(vllm_load(model, tokens=tokens + 1, gpus=gpus, sequences=sequences)).upper >= one.upper
    assert estimate_load(vllm_load(model, tokens=tokens, gpus=gpus, sequences=sequences + 1)).upper >= one.upper
    assert estimate_load(vllm_load(model, tokens=tokens, gpus=2 * gpus, sequences=sequences)).parts["weights"] <= one.parts["weights"]
    assert one.upper >= one.point
    assert abs(sum(one.parts.values()) - one.point) < 1


@given(st.sampled_from(MODELS), st.sampled_from([2048, 8192, 32_768]), st.sampled_from(["L4", "A100", "8xH100"]))
def test_the_room_that_is_told_fits_by_the_upper_bound(model: Any, tokens: int, machine: str) -> None:
    hardware = parse_machine(machine)
    gpus = tensor_parallel(model, hardware.count)
    assert model.num_heads % gpus == 0
    usable = vllm_usable_gib(hardware) * GIB
    load = vllm_load(model, tokens=tokens, gpus=gpus)
    room = room_for(load, usable)
    if room:
        assert estimate_load(load).upper <= usable * (1 + 1e-9)


def test_the_catalogues_agree_with_oumis_schema() -> None:
    names = field("engine", "infer")
    assert names is not None
    assert set(engines()) <= set(names["names"])
    assert all(field(f"generation.{name}", "infer") is not None for engine in engines().values() for name in engine.fields)
    assert all(engine_of_hosted(model) in engines() for model in hosted_ids())
    assert all(get_model(base) is not None for base in gguf_files())
    assert {b.backend for b in benchmarks().values()} == {"lm_harness", "custom"}


@pytest.mark.parametrize("said", [{"engine": "NATIVE"}, {"task": "evaluate", "benchmarks": ["mmlu"]}])
@pytest.mark.parametrize(("machine", "dtype", "size"), [("cpu:64GB", "float32", 4), ("A100", "bfloat16", 2), ("V100-32GB", "float16", 2)])
def test_weights_and_cache_take_the_bytes_of_the_format_that_is_written(said: dict[str, Any], machine: str, dtype: str, size: int) -> None:
    model = get_model("Qwen/Qwen3-1.7B")
    assert model is not None
    outcome = answer(machine, model=model.id, **said)
    made = plan(outcome)
    assert config(outcome)["model"]["torch_dtype_str"] == dtype
    assert made.memory is not None
    assert made.memory.parts["weights"] == pytest.approx(size * model.params_total)
    assert made.memory.parts["kv_cache"] == pytest.approx(
        (made.batch_size or 1) * (made.sequence_length or 0) * 2 * model.num_layers * model.num_kv_heads * model.head_dim * size
    )


def test_a_cpu_that_16_bits_would_just_fill_does_not_hold_float32() -> None:
    assert answer("cpu:24GB", model="meta-llama/Llama-3.1-8B-Instruct", engine="NATIVE").status == "does_not_fit"


@pytest.mark.parametrize("said", [{"engine": "SGLANG"}, {"task": "evaluate", "benchmarks": ["gsm8k"], "engine": "VLLM"}, {"engine": "LLAMACPP"}])
def test_an_engine_that_would_leave_the_adapter_out_is_asked_about(said: dict[str, Any]) -> None:
    outcome = answer(**said, overrides={"model.adapter_model": "out/a"})
    assert (outcome.status, [q.field for q in outcome.questions]) == ("needs_input", ["engine"])
    assert "base model alone" in outcome.questions[0].text


def test_an_adapter_that_was_said_decides_the_engine() -> None:
    scored = plan(answer(task="evaluate", benchmarks=["gsm8k"], overrides={"model.adapter_model": "out/a"}))
    assert (scored.engine, scored.adapter) == ("NATIVE", "out/a")
    assert plan(answer("M-series", model="Qwen/Qwen3-8B-GGUF", overrides={"model.adapter_model": "out/a"})).engine == "NATIVE"


@pytest.mark.parametrize(("users", "severity"), [(2, "info"), (10_000, "warning")])
def test_whether_the_users_have_room(users: int, severity: str) -> None:
    reading = read(f"serve llama 3.1 8b with vllm on a 4090 for {users} users")
    outcome = respond(reading.intent, notes=reading.notes)
    found = next(f for f in outcome.findings if f.rule == "INF010")
    assert found.severity == severity
    assert f"{users:,}" in found.message


PACKED = "Qwen/Qwen2.5-32B-Instruct-AWQ"


def test_packed_weights_take_what_they_are_packed_in() -> None:
    """4 bits and a 16-bit scale for 32 weights; embedding and head in 16 bit."""
    packed, whole = (plan(answer("RTXA6000", task="infer", model=name)) for name in (PACKED, PACKED.removesuffix("-AWQ")))
    assert packed.memory is not None
    assert whole.memory is not None
    assert packed.fits
    assert not whole.fits
    base = get_model(PACKED.removesuffix("-AWQ"))
    assert base is not None
    kept = base.params_embedding + base.params_lm_head
    assert packed.memory.parts["weights"] == pytest.approx((base.params_total - kept) * 0.5625 + kept * 2)
    assert config(answer("RTXA6000", task="infer", model=PACKED))["model"]["model_name"] == PACKED


@pytest.mark.parametrize(
    ("machine", "model", "told"),
    [
        ("V100", "TheBloke/Mistral-7B-Instruct-v0.2-AWQ", True),
        ("T4", "TheBloke/Mistral-7B-Instruct-v0.2-AWQ", False),
        ("V100", "TheBloke/Mistral-7B-Instruct-v0.2-GPTQ", False),
        ("V100", "Qwen/Qwen3-8B-FP8", True),
        ("MI300X", "Qwen/Qwen3-8B-FP8", False),
        ("MI300X", "Qwen/Qwen2.5-7B-Instruct-AWQ", True),
    ],
)
def test_a_format_without_kernels_on_the_gpu_is_told(machine: str, model: str, told: bool) -> None:
    outcome = answer(machine, task="infer", model=model, engine="VLLM")
    assert ("INF012" in [f.rule for f in outcome.findings]) is told


@pytest.mark.parametrize("words", ["qwen2.5 32b awq", "qwen2.5-32b-awq", "qwen2.5 32b in 4 bit", "qwen2.5 32b gptq weights", "qwen2.5 32b fp8"])
def test_a_format_that_was_said_of_a_model_in_16_bit_is_told(words: str) -> None:
    reading = read(f"serve {words} with vllm on an A6000")
    outcome = respond(reading.intent, notes=reading.notes, unread=reading.unread)
    found = next(f for f in outcome.findings if f.rule == "INF011")
    assert "it would take up to" in found.message
    assert not reading.unread


@pytest.mark.parametrize("words", [PACKED, "qwen2.5 32b", "qwen2.5 32b, no quantization,"])
def test_nothing_is_told_of_a_format_that_stands_in_the_name_or_was_not_said(words: str) -> None:
    reading = read(f"serve {words} with vllm on an A6000")
    outcome = respond(reading.intent, notes=reading.notes, unread=reading.unread)
    assert "INF011" not in [f.rule for f in outcome.findings]


def test_vllm_quantises_as_it_loads_where_that_was_asked_for() -> None:
    reading = read("serve llama 3.1 8b on a 3060 with vllm model.model_kwargs.load_in_4bit=true")
    outcome = respond(reading.intent, notes=reading.notes)
    assert plan(outcome).fits
    assert config(outcome)["model"]["model_kwargs"]["load_in_4bit"] is True


def test_a_packed_model_is_evaluated() -> None:
    scored = plan(answer("RTX4090", task="evaluate", model="Qwen/Qwen2.5-7B-Instruct-AWQ", benchmarks=["mmlu"]))
    assert scored.fits


def test_no_machine_is_offered_on_which_the_weights_would_not_start() -> None:
    outcome = answer("V100", task="infer", model=PACKED, engine="VLLM")
    assert outcome.status == "does_not_fit"
    assert outcome.ways_out
    assert all("V100" not in way.command for way in outcome.ways_out)
