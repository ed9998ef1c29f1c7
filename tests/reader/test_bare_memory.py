"""Memory without a card: `on 16GB` is a GPU's where training stands beside it, and data or host memory where those do."""

from __future__ import annotations

import pytest

from assistant.reader import read
from assistant.reader.sizes import asks_for, bare_size


@pytest.mark.parametrize(
    ("text", "memory"),
    [
        ("lora llama 3.1 8b on 16GB", 16.0),
        ("does lora of llama 3.1 8b fit in 16 GB", 16.0),
        ("qlora llama 3.1 8b with 24g", 24.0),
        ("could you fit a lora of llama 3.1 8b into 24gb?", 24.0),
        ("lora llama 3.1 8b using only 16 gb", 16.0),
        ("biggest model I can lora on 24 GB", 24.0),
        ("lora llama 3.1 8b with rows.jsonl on 16gb", 16.0),
        ("lora llama 3.1 8b on cpu with 64gb ram", 64.0),
        ("lora llama 3.1 8b on a 100GB dataset, on 24 GB", 24.0),
    ],
)
def test_a_gpus_memory(text: str, memory: float) -> None:
    assert read(text).intent.gpu_memory_gb == memory


@pytest.mark.parametrize(
    "text",
    [
        "lora llama 3.1 8b on a 100GB dataset",
        "lora llama 3.1 8b on a 16GB dataset",
        "lora llama 3.1 8b with a 6gb jsonl",
        "lora llama 3.1 8b on 16 GB of text",
        "lora llama 3.1 8b with 64gb ram",
        "lora llama 3.1 8b with 64gb of system ram",
        "lora llama 3.1 8b on my dataset of 16GB",
        "lora llama 3.1 8b on 100GB",
    ],
)
def test_other_memory_is_no_gpus_and_is_named(text: str) -> None:
    reading = read(text)
    assert reading.intent.gpu_memory_gb is None
    assert any("gb" in piece.lower() or piece.isdigit() for piece in reading.unread)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("what do I need to full fine-tune a 70B?", "requirements"),
        ("cheapest machine for qlora llama 3.3 70b under 5 hours", "requirements"),
        ("what hardware for lora gemma 3 27b on lambda", "requirements"),
        ("how many H100 do I need for full llama 3.3 70b", "count"),
        ("biggest model I can lora on 24 GB", "largest"),
        ("can I qlora 70b on a 3090?", "fits"),
        ("does lora of llama 3.1 8b fit in 16 GB", "fits"),
        ("can you lora llama 3.1 8b on 2 A100s", None),
        ("how many steps do I need to lora llama 3.1 8b", None),
        ("lora a 13b on a T4", None),
    ],
)
def test_what_is_asked(text: str, asked: str | None) -> None:
    assert asks_for(text) == asked


@pytest.mark.parametrize(
    ("text", "size"),
    [("qlora 70b", 70e9), ("a 1.5 b", 1.5e9), ("a 7 billion", 7e9), ("a 360m", 360e6), ("in 30m", None), ("on 5b tokens", None), ("data/7b/x.jsonl", None), ("frob-7b", None)],
)
def test_a_size_that_stands_alone(text: str, size: float | None) -> None:
    found = bare_size(text)
    assert (found[1] if found else None) == size
