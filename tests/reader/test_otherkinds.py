"""Words of the other tasks: what names a field becomes an override, what names none a note; nothing is left unread."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.reader import read
from assistant.reader.otherkinds import SAID


def said(text: str) -> dict[str, str]:
    return {note.field: str(note.value) for note in read(text).notes if note.why == SAID}


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("quantize llama 3.1 8b to 4 bit", None),
        ("quantize llama 3.1 8b to 8 bit", {"method": "bnb_8bit"}),
        ("make mistral-7b-instruct-v0.3 smaller, 8 bit bitsandbytes", {"method": "bnb_8bit"}),
        ("bitsandbytes instead of awq", {"method": "bnb_4bit"}),
        ("quantize qwen3 8b with awq in groups of 64 on 256 calibration samples", {"method": "awq_q4_0", "awq_group_size": 64, "calibration_samples": 256}),
        ("quantize qwen3 8b to q4_k_m", {"method": "gguf"}),
        ("hp search for smollm2 360m, 15 trials", {"tuning.n_trials": 15}),
        ("random search over the lr for smollm2 360m with optuna, twelve trials", {"tuning.n_trials": 12, "tuning.tuner_sampler": "RandomSampler"}),
        ("synthesize 1k qa pairs from docs.pdf with gpt-4o", {"num_samples": 1000}),
        ("make 300 synthetic dialogues about tea with gpt-4o", {"num_samples": 300}),
        ("judge a.jsonl for safety with gpt-4o in json without explanations", {"judge_params.response_format": "JSON", "judge_params.include_explanation": False}),
    ],
)
def test_fields_become_overrides_and_nothing_is_unread(text: str, overrides: dict[str, Any] | None) -> None:
    reading = read(text)
    assert reading.intent.overrides == overrides
    assert not reading.unread


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("grade the replies in out/replies.jsonl for helpfulness", {"criterion": "helpfulness"}),
        ("judge code quality of generations.jsonl", {"criterion": "code quality"}),
        ("judge a.jsonl for politeness out of 10 with gpt-4o", {"criterion": "politeness", "scale": "1-10"}),
        ("generate synthetic training conversations about banking with llama 3.3 70b on together", {"rows": "conversations", "subject": "banking"}),
        ("synth 1k customer support dialogs w/ qwen3 32b", {"rows": "conversations", "subject": "customer support"}),
        ("optuna over lr and lora rank for llama 3.2 1b", {"search": "learning_rate lora_r"}),
        ("hyperparameter sweep, also over the weight decay", {"search": "+weight_decay"}),
        ("evaluate qwen3 0.6b with my function my_eval in evals.py", {"evaluation function": "evals.py:my_eval"}),
        ("hyperparameter search for qwen3 0.6b on a.jsonl, validate on val.jsonl", {"validation": "val.jsonl"}),
    ],
)
def test_what_names_no_field_becomes_a_note(text: str, wanted: dict[str, str]) -> None:
    assert said(text) == wanted
    assert not read(text).intent.overrides or "criterion" not in str(read(text).intent.overrides)


@pytest.mark.parametrize(
    "text",
    [
        "lora llama 3.1 8b for helpfulness on alpaca",
        "qlora qwen3 8b in 4 bit on a 4090",
        "finetune qwen3 8b on data/judge_rows.jsonl, 3 trials of mine failed",
        "mmlu for qwen3 8b",
    ],
)
def test_another_task_has_none_of_these(text: str) -> None:
    reading = read(text)
    assert reading.intent.task in ("train", "infer", "evaluate")
    assert not said(text)
    assert not {"method", "num_samples", "tuning.n_trials"} & set(reading.intent.overrides or ())


@pytest.mark.parametrize(("text", "key", "value"), [("sweep ranks 8, 16 for qwen3 0.6b with lr 1e-4", "learning_rate", 1e-4), ("sweep the lr of qwen3 0.6b with rank 8", "lora_rank", 8)])
def test_a_single_value_in_a_search_is_a_fixed_one(text: str, key: str, value: float) -> None:
    assert getattr(read(text).intent, key) == value


def test_a_model_behind_with_judges_and_is_no_data() -> None:
    intent = read("judge answers.jsonl for safety with org/tiny").intent
    assert (intent.dataset, intent.model) == ("answers.jsonl", "org/tiny")
    assert read("lora llama 3.1 8b with org/rows").intent.dataset == "org/rows"


def test_a_number_before_a_comma_is_no_number_of_steps() -> None:
    intent = read("lora qwen3 0.6b, context 64, max steps 2").intent
    assert (intent.sequence_length, intent.max_steps) == (64, 2)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("serve llama 3.1 8b with vllm on a 4090 for 32 users", "32"),
        ("host qwen3 8b on an L4, 5 requests in parallel", "5"),
        ("deploy qwen3 8b for about twenty people at once on an h100", "20"),
        ("serve qwen3 8b on an l4, concurrency 16", "16"),
        ("answer q.jsonl with qwen3 8b, 100 requests", None),
        ("serve qwen3 8b on 2 l4s", None),
    ],
)
def test_how_many_are_served_at_once(text: str, count: str | None) -> None:
    assert said(text).get("requests at once") == count


@pytest.mark.parametrize(
    ("text", "model", "adapter"),
    [
        ("evaluate llama 3.1 8b with the lora adapter in out/ckpt on gsm8k", "meta-llama/Llama-3.1-8B-Instruct", "out/ckpt"),
        ("evaluate ./output/checkpoint-500 adapter of llama 3.1 8b on mmlu", "meta-llama/Llama-3.1-8B-Instruct", "./output/checkpoint-500"),
        ("eval out/lora-run on mmlu, base is llama 3.1 8b", "meta-llama/Llama-3.1-8B-Instruct", "out/lora-run"),
        ("chat with Qwen/Qwen3-4B using the lora from someone/repo-lora", "Qwen/Qwen3-4B", "someone/repo-lora"),
        ("run inference on data/p.jsonl with llama 3.1 8b and the lora in ./out", "meta-llama/Llama-3.1-8B-Instruct", "./out"),
        ("evaluate mistral 7b lora ./a/b/c on arc", "mistralai/Mistral-7B-Instruct-v0.3", "./a/b/c"),
        ("serve my lora adapter ./out/x", "./out/x", None),
        ("evaluate the model at ./ckpt (trained from llama 3.1 8b) on mmlu", "./ckpt", None),
        ("evaluate qwen3 4b on mmlu and write to ./out/x", "Qwen/Qwen3-4B", None),
    ],
)
def test_an_adapter_beside_its_base_is_not_lost(text: str, model: str, adapter: str | None) -> None:
    intent = read(text).intent
    assert (intent.model, (intent.overrides or {}).get("model.adapter_model")) == (model, adapter)


@pytest.mark.parametrize("text", ["evaluate ./my-model on mmlu, as good as llama 3.1 8b", "quantize llama 3.1 8b with adapter ./my-model to 4 bit"])
def test_a_model_that_is_not_run_is_named(text: str) -> None:
    assert any(piece.startswith("./my-model") for piece in read(text).unread)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("serve qwen3 8b, max 1000 tokens per answer", 1000), ("infer with qwen3 8b, answers of up to 500 tokens", 500), ("serve qwen3 8b with 2k tokens for each reply", 2000),
        ("judge out.jsonl with gpt-4o, 256 tokens an answer", 256),
    ],
)  # fmt: skip
def test_the_length_of_an_answer_is_not_that_of_the_context(text: str, tokens: int) -> None:
    reading = read(text)
    assert reading.intent.sequence_length is None
    assert reading.intent.overrides == {"generation.max_new_tokens": tokens}


def test_a_context_beside_it_is_still_one() -> None:
    intent = read("serve qwen3 8b with 8k context, max 1000 tokens per answer").intent
    assert (intent.sequence_length, intent.overrides) == (8192, {"generation.max_new_tokens": 1000})


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("what gpu do i need to serve llama 3.3 70b awq?", "infer"),
        ("can i run qwen2.5 32b awq on a 3090?", "infer"),
        ("gpu for serving llama 3.3 70b gptq", "infer"),
        ("evaluate qwen2.5 7b awq on mmlu", "evaluate"),
        ("quantize llama 3.3 70b with awq to serve it", "quantize"),
        ("llama 3.1 8b to awq", "quantize"),
        ("make an awq of llama 3.1 8b", "quantize"),
    ],
)
def test_a_format_of_what_is_run_is_no_wish_to_quantize(text: str, task: str) -> None:
    assert read(text).intent.task == task
