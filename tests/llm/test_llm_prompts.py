"""Prompts: every hole is filled, what fills it stays as it is, and a turn costs few tokens."""

from __future__ import annotations

import json

import pytest

from assistant.configs.library import home
from assistant.core.intent import Intent
from assistant.core.values import Question
from assistant.llm.client import extraction
from assistant.llm.litellm_edge import load as load_litellm
from assistant.llm.prompts import fill, load, parse
from assistant.llm.schema import Fields, FieldsInWords

NAMES = sorted(p.name.removesuffix(".md") for p in home("prompts").iterdir() if p.name.endswith(".md") and p.name != "README.md")
MOST_TOKENS = 1_500
LINE = "fine-tune qwen3 8b on my support tickets in ./tickets.jsonl with lora, rank 32, on 2 A100-80GB, 8k context, lr 2e-4, three epochs"
KNOWN = Intent(
    task="train", model="meta-llama/Llama-3.1-8B-Instruct", objective="sft", method="qlora", gpu="A100-80GB", gpu_count=8, nodes=2, cloud="aws",
    dataset="HuggingFaceH4/ultrachat_200k", sequence_length=4096, epochs=3, learning_rate=2e-4, lora_rank=16, lora_alpha=32, max_dollars=200,
)  # fmt: skip
ASKED = (Question(field="gpu", text="Is the A100 the 40 GB or the 80 GB one?", choices=("A100 (40 GB)", "A100-80GB")),)
FACTS = "\n".join(
    f"- {name}: {value}"
    for name, value in {
        "model": "meta-llama/Llama-3.1-8B-Instruct, 8.03 B parameters", "method": "QLoRA, 4-bit NF4 weights, rank 16, alpha 32",
        "machine": "2 × A100 40 GB, 39.38 GiB usable each", "sharding": "DDP, because one copy fits a GPU with room",
        "memory per GPU": "expected 21.31 GiB, upper bound 24.92 GiB", "weights": "5.70 GiB", "activations": "2.20 GiB", "logits": "3.10 GiB",
        "batch": "2 × 16 accumulation × 2 GPUs = 64 sequences", "sequence length": "4,096 tokens, assumed", "optimizer": "adamw_torch_fused",
        "learning rate": "0.0002, cosine, 3 % warmup", "time": "1.2 h, 0.8 to 1.7, 5,120 tokens/s", "cost": "about $4.10 on lambda",
        "why checkpointing": "keeping all activations would need up to 61.20 GiB", "data": "yahma/alpaca-cleaned, 51,760 rows",
        "other plans": "LoRA in bf16 needs 24.10 GiB upper bound 28.80; full needs 96.40; QLoRA at 8,192 tokens needs 27.30",
    }.items()
)  # fmt: skip


def tokens(messages: list[dict[str, str]], *more: str) -> int:
    """By the encoding that litellm ships; four a message for its frame."""
    litellm, _ = load_litellm()
    texts = [*(m["content"] for m in messages), *more]
    return sum(len(litellm.encoding.encode(text)) + 4 for text in texts)


def test_there_is_a_prompt_for_each_job() -> None:
    assert NAMES == ["explain", "extract"]


@pytest.mark.parametrize("name", NAMES)
def test_every_hole_is_filled(name: str) -> None:
    prompt = load(name)
    messages = fill(prompt, **{hole: f"<{hole}>" for hole in prompt.holes})
    text = json.dumps(messages)
    assert "{{" not in text
    assert all(f"<{hole}>" in text for hole in prompt.holes)
    assert prompt.id == name
    assert prompt.version >= 1
    assert messages[0]["role"] == "system"
    assert messages[-1]["role"] == "user"


def test_what_fills_a_hole_is_not_filled_again() -> None:
    messages = fill(load("explain"), facts="{{question}}", question="\\1 {{facts}}")
    assert "{{question}}" in messages[0]["content"]
    assert messages[-1]["content"] == "\\1 {{facts}}"


def test_holes_and_values_must_agree() -> None:
    with pytest.raises(KeyError):
        fill(load("explain"), facts="")
    with pytest.raises(KeyError):
        fill(load("explain"), facts="", question="", more="")
    with pytest.raises(ValueError, match="holes"):
        parse("---\nid: x\nversion: 1\nabout: y\nholes: a, b\n---\n## user\n{{a}}\n")


def test_the_examples_are_turns_that_the_schema_takes() -> None:
    messages = load("extract").messages[1:-1]
    assert len(messages) >= 24
    assert [role for role, _ in messages] == ["user", "assistant"] * (len(messages) // 2)
    for role, text in messages:
        if role == "assistant":
            said = json.loads(text)
            assert Fields.model_validate(said).model_dump(exclude_unset=True).keys() == said.keys()


@pytest.mark.parametrize("mode", ["JSON_SCHEMA", "JSON", "MD_JSON", "TOOLS"])
@pytest.mark.parametrize("line", [LINE, "x" * 5_000, "lora " * 4_000])
def test_a_turn_of_extraction_costs_few_tokens(mode: str, line: str) -> None:
    schema = json.dumps(Fields.model_json_schema()) if mode == "TOOLS" else json.dumps(FieldsInWords.model_json_schema(), indent=2)
    frame = "As a genius expert, your task is to understand the content and provide the parsed objects in json" * 2
    sent = extraction(line, KNOWN, ASKED, mode=mode)
    assert tokens(sent, *([] if mode == "JSON_SCHEMA" else [schema, frame])) <= MOST_TOKENS


def test_an_explanation_costs_few_tokens() -> None:
    assert tokens(fill(load("explain"), facts=FACTS, question="why DDP and not FSDP, and how close is it to the limit?")) <= MOST_TOKENS


def test_a_line_that_is_too_long_keeps_its_ends() -> None:
    sent = extraction(f"BEGIN {'word ' * 3_000} END", Intent(), ())[-1]["content"]
    assert sent.startswith("BEGIN")
    assert sent.endswith("END")


def test_what_is_known_and_asked_stands_before_the_line() -> None:
    sent = extraction("double it", Intent(task="train", lora_rank=8, overrides={"training.seed": 1}), ASKED)[-1]["content"]
    assert sent == (
        'known: {"task":"train","lora_rank":8}\n'
        "asked: Is the A100 the 40 GB or the 80 GB one? (A100 (40 GB) / A100-80GB)\n"
        "line: double it"
    )
