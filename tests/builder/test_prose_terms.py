"""Why a term of the field: its meaning, and what the plan that stands has to do with it."""

from __future__ import annotations

import pytest

from assistant.builder import respond
from assistant.builder.prose_answers import answer
from assistant.catalogue.glossary import term_in
from assistant.reader import read
from assistant.reader.asking import question_in

LORA = "lora qwen3 8b on an A100"
QLORA = "qlora qwen3 8b on an A100"
SERVE = "serve qwen3 8b with vllm on {} A100"
EVAL = "evaluate qwen3 8b on mmlu on an A100"


def told(request: str, line: str) -> str:
    asking = question_in(line)
    assert asking is not None
    return answer(asking, respond(read(request).intent))


@pytest.mark.parametrize(
    ("request_", "line", "parts"),
    [
        (QLORA, "why nf4?", ("sixteen values", "QLoRA keeps the frozen linear layers of Qwen3-8B so", "GiB on each GPU")),
        (QLORA, "why 4 bit?", ("sixteen values", "QLoRA keeps")),
        (QLORA, "why double quantization?", ("scaling constants", "This plan does without it.")),
        (LORA, "why nf4?", ("sixteen values", "This plan is LoRA, so its weights are not rounded")),
        (LORA, "why qlora?", ("This plan is LoRA, not QLoRA.", "QLoRA was not looked at")),
        (QLORA, "why lora?", ("This plan is QLoRA, not LoRA.",)),
        (LORA, "why tensor parallel?", ("cut into parts", "There is one GPU here")),
        (SERVE.format(2), "why tensor parallel?", ("Tensor parallel 2: vLLM spreads",)),
        (SERVE.format(1), "why that batch size?", ("Concurrency ", "fit into the cache at once")),
        (EVAL, "why that batch size?", ("Batch size ", "rows of full length")),
        (EVAL, "why nf4?", ("sixteen values", "the weights are in bf16")),
        (SERVE.format(1) + " generation.temperature=0.3", "why temperature?", ("divided by", "It is 0.3 here, as you asked.")),
        (EVAL, "what is temperature?", ("divided by",)),
    ],
)
def test_a_term_is_explained_and_placed(request_: str, line: str, parts: tuple[str, ...]) -> None:
    text = told(request_, line)
    for part in parts:
        assert part in text
    assert len(text) < 500


@pytest.mark.parametrize(
    ("request_", "line", "part"),
    [
        (LORA, "why lora?", "LoRA was asked for."),
        (QLORA, "why qlora?", "QLoRA was asked for."),
        (LORA, "why?", "It fits:"),
        (LORA, "why that batch size?", "64 rows a step"),
        ("dpo qwen3 8b on an A100 with lora", "why dpo?", "It fits:"),
        (SERVE.format(1), "why vllm?", "VLLM"),
    ],
)
def test_what_the_plan_decided_is_answered_from_the_plan(request_: str, line: str, part: str) -> None:
    text = told(request_, line)
    assert part in text
    assert "No decision of this plan" not in text
    assert "This plan is" not in text


@pytest.mark.parametrize(("text", "name"), [("why do you use nf4 here?", "NF4"), ("why 4-bit LoRA", "QLoRA"), ("why tensor parallel", "tensor parallelism"), ("why the weather", None), ("why florb", None)])
def test_a_term_within_a_sentence(text: str, name: str | None) -> None:
    found = term_in(text)
    assert (found.term if found else None) == name
