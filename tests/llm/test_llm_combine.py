"""Two readings of one line: what the offline reader found stands, gaps are filled, differences are told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core.intent import Intent
from assistant.llm.combine import Combined, combine
from assistant.llm.grounding import Heard, ground
from assistant.llm.schema import Fields
from assistant.reader import read


def both(words: str, *, kind: str = "request", **said: Any) -> Combined:
    """The offline reading with an LLM's, the LLM's checked against the words first."""
    return combine(read(words), ground(Fields.model_validate({"kind": kind, **said}), words, Intent()), words)


def test_gaps_are_filled_and_told() -> None:
    words = "adjust smollm2 135m to the tone of my mails, with an eye on quality"
    assert (read(words).intent.task, read(words).intent.priority) == (None, None)
    result = both(words, task="train", priority="quality")
    assert (result.reading.intent.task, result.reading.intent.priority) == ("train", "quality")
    assert {(n.field, n.value) for n in result.notes} == {("task", "train"), ("priority", "quality")}
    assert all("LLM" in n.why for n in result.notes)


def test_where_both_are_sure_and_differ_the_evidence_wins_and_both_are_named() -> None:
    words = "qlora llama 3.1 8b on 2 A100s"
    result = combine(read(words), Heard(kind="request", intent=Intent(method="lora", gpu_count=4)), words)
    assert (result.reading.intent.method, result.reading.intent.gpu_count) == ("qlora", 2)
    assert [(n.field, n.value) for n in result.notes] == [("method", "qlora"), ("gpu_count", 2)]
    assert "the LLM read lora" in result.notes[0].why


def test_agreement_is_not_worth_a_word() -> None:
    assert both("lora llama 3.1 8b on 2 A100s", task="train", method="lora", gpu="A100", gpu_count=2, model="llama 3.1 8b").notes == ()


def test_a_model_of_the_catalogue_goes_before_one_that_is_none() -> None:
    offline = read("lora mistral 7b")
    made_up = offline.intent.model_copy(update={"model": "frobnitz-7b"})
    result = combine(type(offline)(intent=made_up), Heard(kind="request", intent=Intent(model=offline.intent.model)), "lora mistral 7b")
    assert result.reading.intent.model == offline.intent.model
    assert "frobnitz-7b" in result.notes[0].why


def test_what_the_offline_reader_asks_about_stays_open() -> None:
    words = "full finetune or lora of llama 3.1 8b"
    assert "method" in {q.field for q in read(words).questions}
    assert both(words, method="lora").reading.intent.method is None


@pytest.mark.parametrize("kind", ["question", "small_talk", "other"])
def test_a_line_that_is_no_request_fills_nothing(kind: str) -> None:
    words = "is it possible to adjust every weight of it"
    assert both(words, kind=kind, method="full").reading.intent == read(words).intent


def test_a_why_changes_nothing_whatever_an_llm_calls_it() -> None:
    assert both("why do you use DDP?", sharding="ddp").reading.intent == Intent()


def test_a_number_is_used_once() -> None:
    words = "lora llama 3.1 8b with rank 16 and some batch"
    assert both(words, lora_rank=16, global_batch_size=16).reading.intent.global_batch_size is None
    assert both(words + " 16", global_batch_size=16).reading.intent.global_batch_size == 16


def test_a_name_is_used_once() -> None:
    words = "lora llama 3.1 8b on ./data/mine.jsonl, keep it in mind"
    assert both(words, output_dir="./data/mine.jsonl").reading.intent.output_dir is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("evaluate phi-4 on mmlu with adapters", {"method": "lora"}),
        ("full finetune phi-4, rank of sixteen", {"lora_rank": 16}),
        ("lora phi-4 on a 24 GB card like a 4090ish", {"gpu": "A100"}),
    ],
)
def test_a_gap_that_has_no_place_in_the_request_stays(words: str, said: dict[str, Any]) -> None:
    assert both(words, **said).reading.intent == read(words).intent


def test_questions_and_pieces_not_understood_are_the_offline_readers() -> None:
    words = "full finetune or lora of llama 3.1 8b, wibble wobble"
    offline, result = read(words), both(words, method="lora", seed=3).reading
    assert (result.questions, result.unread, result.notes) == (offline.questions, offline.unread, offline.notes)


_SAID = st.fixed_dictionaries(
    {},
    optional={
        "task": st.sampled_from(["train", "evaluate", "infer"]), "method": st.sampled_from(["lora", "qlora", "full"]),
        "gpu": st.sampled_from(["A100", "H100", "4090"]), "gpu_count": st.integers(0, 9), "lora_rank": st.integers(0, 64), "seed": st.integers(0, 64),
        "model": st.sampled_from(["llama 3.1 8b", "qwen3 8b", "7b"]), "dataset": st.sampled_from(["alpaca", "./a.jsonl"]), "priority": st.just("speed"),
    },
)  # fmt: skip
_REQUESTS = st.sampled_from(
    ["lora llama 3.1 8b on 2 A100s", "qlora qwen3 8b on a 4090 with alpaca, rank 16, seed 7", "evaluate phi-4 on mmlu", "hello there",
     "full finetune smollm2 135m, as fast as possible", "what is lora?", "teach qwen3 8b my mails, every weight, ./a.jsonl"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(words=_REQUESTS, said=_SAID)
def test_what_the_offline_reader_found_in_the_catalogue_is_never_lost(words: str, said: dict[str, Any]) -> None:
    offline, result = read(words), both(words, **said)
    for key, value in offline.intent.model_dump().items():
        if value is not None:
            assert getattr(result.reading.intent, key) == value
    taken = {n.field for n in result.notes}
    changed = {k for k, v in result.reading.intent.model_dump().items() if v != getattr(offline.intent, k)}
    assert changed <= taken
