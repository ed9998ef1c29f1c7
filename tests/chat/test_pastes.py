"""Pasted text and lists of names cost no more than a moment."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from said import CONTEXT

from assistant.chat.hearing import heard
from assistant.chat.talk import agreement, command_in, is_question, refusal, reset_in, small_talk, what_if
from assistant.reader.names import read_models
from assistant.reader.page import Page

MEGABYTE = 1_000_000
PASTES = {
    "words": "the loss is step epoch rank gpu memory train batch " * 20_000,
    "lines": "\n".join(f"step {i} loss 0.{i} lr 2e-{4 + i % 4}" for i in range(40_000)),
    "one word": "a" * MEGABYTE,
    "no": "no, " * 250_000,
    "ok": "ok " * 330_000,
    "what if": "what about " + "x " * 500_000,
    "blanks": "lora" + " " * MEGABYTE + "llama",
}
NAMES = {
    "known": "llama-3.1-8b qwen2.5-7b mistral-7b gemma-2-9b " * 200,
    "one long run": " ".join(f"llama{i} qwen{i}.5" for i in range(400)),
    "unknown": " ".join(f"lllama{i}b" for i in range(800)),
}
SLACK = 4
"""A busy machine takes longer than a quiet one: what grows with the square of the text takes far longer still."""


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.parametrize("name", PASTES)
@pytest.mark.timing
def test_a_megabyte_is_read_at_once(name: str) -> None:
    text = PASTES[name]
    heard("warm", CONTEXT)
    assert seconds(lambda: heard(text, CONTEXT)) < 0.5 * SLACK


@pytest.mark.parametrize("name", PASTES)
@pytest.mark.parametrize("ask", [agreement, command_in, is_question, refusal, reset_in, what_if, lambda line: small_talk(line, has_config=True)])
@pytest.mark.timing
def test_a_megabyte_is_told_from_talk_at_once(name: str, ask: Callable[[str], object]) -> None:
    text = PASTES[name]
    assert seconds(lambda: ask(text)) < 0.1 * SLACK


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.timing
def test_eight_hundred_names_are_read_at_once(name: str) -> None:
    text = NAMES[name]
    heard("warm", CONTEXT)
    assert seconds(lambda: heard(text, CONTEXT)) < 0.3 * SLACK


def test_a_run_of_names_is_more_than_one_name() -> None:
    found = read_models(Page(NAMES["one long run"]), base=False)
    assert len(found) > 50
    assert max(len(one.id.split()) for one in found) <= 13


def test_a_paste_keeps_what_its_head_says() -> None:
    assert heard("rank 64\n" + PASTES["lines"], CONTEXT).said.lora_rank == 64
