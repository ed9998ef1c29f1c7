"""What an LLM says is believed only where the user's words say it too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.core.intent import Intent
from assistant.core.values import Question
from assistant.llm.grounding import Heard, ground, stands_in
from assistant.llm.numbers import numbers_in, same
from assistant.llm.schema import Fields, as_intent


def heard(words: str, *, known: Intent | None = None, asked: tuple[str, ...] = (), **said: Any) -> Heard:
    questions = tuple(Question(field=name, text="?") for name in asked)
    return ground(Fields.model_validate({"kind": "request", **said}), words, known or Intent(), questions)


def kept(words: str, key: str, value: Any, **more: Any) -> Any:
    """The value under that key after the check; None for dropped."""
    return getattr(heard(words, **{key: value}, **more).intent, key)


@pytest.mark.parametrize(
    ("words", "key", "value", "canonical"),
    [
        ("teach it our style with adapters", "method", "lora", "lora"),
        ("adjust every weight of phi-4", "method", "full", "full"),
        ("lora llama 3.1 8b", "model", "llama 3.1 8b", "meta-llama/Llama-3.1-8B-Instruct"),
        ("lora llama 3.1 8b", "model", "meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"),
        ("lora acme/secret-7b", "model", "acme/secret-7b", "acme/secret-7b"),
        ("two A100s please", "gpu_count", 2, 2),
        ("4x4090", "gpu_count", 4, 4),
        ("use four of them", "gpu_count", 4, 4),
        ("on a pair of RTX 3090", "gpu", "RTX 3090", "RTX3090"),
        ("the 80 gig A100s", "gpu", "A100-80GB", "A100-80GB"),
        ("sixteen for the rank", "lora_rank", 16, 16),
        ("r16 alpha32", "lora_alpha", 32, 32),
        ("a rank of sixty-four", "lora_rank", 64, 64),
        ("8k tokens of context", "sequence_length", 8192, 8192),
        ("8k tokens of context", "sequence_length", 8000, 8000),
        ("rate of 2e-4", "learning_rate", 0.0002, 0.0002),
        ("learning rate 0.0002", "learning_rate", 2e-4, 2e-4),
        ("within two days", "max_hours", 48, 48),
        ("in 90 minutes", "max_hours", 1.5, 1.5),
        ("for less than 1,500 dollars", "max_dollars", 1500, 1500),
        ("test it on gsm8k", "benchmarks", ["gsm8k"], ["gsm8k"]),
        ("test it on gsm8k", "benchmarks", "gsm8k", ["gsm8k"]),
        ("on alpaca", "dataset", "alpaca", "yahma/alpaca-cleaned"),
        ("rows in ./Data/My.jsonl", "dataset", "./data/my.jsonl", "./Data/My.jsonl"),
        ("serve it with vllm", "engine", "vllm", "VLLM"),
        ("call it run-Seven", "run_name", "run-seven", "run-Seven"),
        ("put results into out/x", "output_dir", "out/x", "out/x"),
        ("spot machines are fine", "spot", True, True),
        ("no spot please", "spot", False, False),
    ],
)
def test_what_the_words_say_is_kept_in_canonical_form(words: str, key: str, value: Any, canonical: Any) -> None:
    assert kept(words, key, value) == canonical


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        ("lora llama3 on 2 A100s", "lora_rank", 2),
        ("lora llama3 on 2 A100s", "lora_rank", 16),
        ("lora llama3 on 2 A100s", "gpu", "H100"),
        ("lora llama3 on 2 A100s", "gpu", "A100-80GB"),
        ("lora llama3 on 2 A100s", "dataset", "2 A100s"),
        ("lora llama3 on 2 A100s", "objective", "dpo"),
        ("lora llama3 on 2 A100s", "cloud", "aws"),
        ("lora llama3 on 2 A100s", "spot", True),
        ("lora llama3 on 2 A100s", "spot", False),
        ("lora llama3 on 2 A100s", "model", "llama-3-70b"),
        ("no lora please, all of it", "method", "lora"),
        ("qwen2.5 7b on a 4090", "gpu_count", 4090),
        ("deepseek r1 distill llama 8b", "lora_rank", 1),
        ("I have 24 GB", "gpu_count", 24),
        ("train on my customer emails", "dataset", "customer emails"),
        ("can a 7B be trained here", "model", "7B"),
        ("no issue with time", "sharding", "none"),
        ("evaluate it", "benchmarks", ["mmlu"]),
        ("help me with a Gemma 3 12B", "max_hours", 12),
        ("spot please", "spot", False),
        ("train it", "run_name", "train"),
        ("save your breath", "output_dir", "output/run"),
        ("training.save_steps=200 peft.lora_dropout=0.1", "output_dir", "peft.lora_dropout=0.1"),
        ("lora on ./data/x, save often", "output_dir", "./data/x"),
    ],
)
def test_what_the_words_do_not_say_is_dropped_and_told(words: str, key: str, value: Any) -> None:
    result = heard(words, **{key: value})
    assert getattr(result.intent, key) is None
    assert [(r.field, bool(r.why)) for r in result.dropped] == [(key, True)]


KNOWN = Intent(sequence_length=2048, learning_rate=2e-4, epochs=3, lora_rank=16, gpu="A100", gpu_count=2)


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        ("double the context", "sequence_length", 4096),
        ("half the learning rate", "learning_rate", 1e-4),
        ("a tenth of the rate", "learning_rate", 2e-5),
        ("ten times the learning rate", "learning_rate", 2e-3),
        ("one more epoch", "epochs", 4),
        ("two epochs fewer", "epochs", 1),
        ("a quarter of the rank", "lora_rank", 4),
        ("the 80GB ones", "gpu", "A100-80GB"),
    ],
)
def test_a_relative_value_follows_from_the_known_one(words: str, key: str, value: float) -> None:
    found = kept(words, key, value, known=KNOWN)
    assert found == value if isinstance(value, str) else same(found, value)
    if not isinstance(value, str):
        assert kept(words, key, value * 3, known=KNOWN) is None
    assert kept(words, key, value) is None


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        ("whatever you do, avoid H100", "gpu", "H100"),
        ("don't use qwen3 4b", "model", "qwen3 4b"),
        ("never train on train.jsonl", "dataset", "train.jsonl"),
        ("do not use 8 gpus", "gpu_count", 8),
        ("without an H100 please", "gpu", "H100"),
    ],
)
def test_what_is_not_wanted_bears_nothing_out(words: str, key: str, value: Any) -> None:
    assert kept(words, key, value) is None


def test_a_bare_number_answers_the_question_that_was_asked() -> None:
    assert kept("32", "lora_rank", 32) is None
    assert kept("32", "lora_rank", 32, asked=("lora_rank",)) == 32
    assert kept("32", "lora_alpha", 32, asked=("lora_rank",)) is None


def test_a_value_that_no_intent_takes_is_dropped() -> None:
    result = heard("0 epochs and 70000 for the rank", epochs=0, lora_rank=70_000)
    assert result.intent == Intent()
    assert {r.field for r in result.dropped} == {"epochs", "lora_rank"}


@pytest.mark.parametrize("nothing", ["null", "None", "", "  ", "N/A", "unspecified", None, [], "auto"])
def test_words_for_nothing_are_nothing(nothing: Any) -> None:
    fields = Fields.model_validate({"kind": "request", "method": nothing, "model": None if nothing == "auto" else nothing})
    assert fields.method is None
    assert fields.model is None


def test_an_intent_in_an_intent_is_read() -> None:
    """Some models wrap what they were asked for."""
    assert Fields.model_validate({"intent": {"kind": "request", "gpu_count": 2}}).gpu_count == 2


def test_every_key_of_an_intent_can_be_heard_but_overrides() -> None:
    assert set(Intent.model_fields) - set(Fields.model_fields) == {"overrides"}
    assert set(Fields.model_json_schema()["properties"]) == set(Fields.model_fields)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("2e-4", [0.0002]),
        ("1,024 tokens", [1024]),
        ("8k", [8192]),
        ("two hundred", [200]),
        ("sixty four", [64]),
        ("four H100s and qwen3 8b", [4]),
        ("Llama-3.1-8B on A100-80GB", [80]),
        ("a single card", [1]),
        ("nothing at all", []),
        ("r=16, alpha 32", [16, 32]),
        (".5", [0.5]),
        ("3M rows", [3e6]),
        ("4x4090", [4]),
    ],
)
def test_numbers_of_a_line(line: str, values: list[float]) -> None:
    found = [v for said in numbers_in(line) for v in said.values]
    assert all(any(same(value, v) for v in found) for value in values)
    if not values:
        assert found == []


def test_a_name_stands_whole_or_not_at_all() -> None:
    assert stands_in("Llama-3.1 8B", "lora llama3.1 8b!")
    assert not stands_in("llama 3", "ollama 3")
    assert not stands_in("", "anything")
    assert not stands_in("lora", "explorable")


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "task": st.sampled_from(["train", "evaluate", "infer", "quantize"]),
    "method": st.sampled_from(["lora", "qlora", "full"]),
    "objective": st.sampled_from(["sft", "dpo", "grpo"]),
    "model": st.sampled_from(["llama 3.1 8b", "qwen3-8b", "acme/x-7b", "gpt-4o", "customer emails"]),
    "gpu": st.sampled_from(["A100", "A100-80GB", "4090", "H100", "Z900"]),
    "dataset": st.sampled_from(["alpaca", "./a.jsonl", "2 A100s", "org/data"]),
    "cloud": st.sampled_from(["aws", "gcp", "local"]),
    "benchmarks": st.lists(st.sampled_from(["mmlu", "gsm8k", "made_up"]), max_size=3),
    "spot": st.booleans(),
    "engine": st.sampled_from(["VLLM", "vllm", "HYPERDRIVE"]),
    **{key: st.integers(0, 100_000) for key in ("gpu_count", "nodes", "lora_rank", "sequence_length", "max_steps", "seed", "limit", "num_fewshot")},
    **{key: st.floats(0, 1e5, allow_nan=False) for key in ("learning_rate", "epochs", "max_hours", "max_dollars", "gpu_memory_gb", "lora_alpha")},
}
_LINES = st.lists(
    st.sampled_from(
        ["lora", "no lora", "llama 3.1 8b", "on", "2 A100s", "80GB", "rank 16", "8k context", "double", "half the rate", "lr 2e-4", "alpaca", "./a.jsonl",
         "mmlu", "spot", "aws", "vllm", "three epochs", "$50", "in 6 hours", "4090", "gpus", "seed", "7", "train", "?", "\x1b[31m", "é"]
    ),
    max_size=8,
).map(" ".join)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=_LINES, said=st.fixed_dictionaries({}, optional=_VALUES))
def test_no_number_is_kept_that_the_line_does_not_hold(words: str, said: dict[str, Any]) -> None:
    result = heard(words, **said)
    values = [v for found in numbers_in(words) for v in found.values]
    for value in result.intent.model_dump(exclude={"max_hours"}).values():
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert any(same(value, v) for v in values)
    fields = {k for k, v in Fields.model_validate(said).model_dump(exclude_unset=True).items() if v is not None}
    assert fields == {k for k, v in result.intent.model_dump().items() if v is not None} | {r.field for r in result.dropped}


@settings(max_examples=100, deadline=None)
@given(said=st.fixed_dictionaries({}, optional=_VALUES))
def test_an_empty_line_says_nothing(said: dict[str, Any]) -> None:
    assert heard("", **said).intent == Intent()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.text(min_size=1, max_size=12))
def test_any_text_is_taken(words: str, value: str) -> None:
    heard(words, model=value, dataset=value, gpu=value, run_name=value, output_dir=value, engine=value, benchmarks=[value])


def test_as_intent_names_what_it_refuses() -> None:
    assert as_intent({"epochs": 2.0, "seed": -1}) == (Intent(epochs=2), ("seed",))
