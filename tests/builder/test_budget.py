"""Limits on time and money shorten a run whose length is free, and are said where they cannot be kept."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.builder import respond
from assistant.core.intent import Intent


def answer(**said: Any) -> Any:
    base = {"task": "train", "model": "meta-llama/Llama-3.1-8B-Instruct", "method": "lora", "gpu": "A100-80GB", "gpu_count": 1}
    return respond(Intent(**{**base, **said}))


def test_a_free_length_is_cut_to_the_limit() -> None:
    whole = answer()
    half = answer(max_hours=whole.plan.time.hours / 2)
    assert half.status == "ok"
    assert half.plan.max_steps == pytest.approx(whole.plan.time.steps / 2, abs=1)
    assert half.plan.time.hours <= whole.plan.time.hours / 2
    assert "max_steps" in {a.field for a in half.assumptions}


def test_a_limit_that_is_kept_changes_nothing() -> None:
    assert answer(max_hours=1000, max_dollars=1e6).plan == answer().plan


def test_a_fixed_length_is_not_cut() -> None:
    over = answer(epochs=5, max_hours=0.5)
    assert over.status == "does_not_fit"
    assert over.exit_code == 4
    assert "0.5" in over.explanation or "30 min" in over.explanation
    assert over.ways_out
    assert all(w.plan.time.hours <= 0.5 for w in over.ways_out)


def test_money_is_hours_at_the_cheapest_offer() -> None:
    over = answer(epochs=20, max_dollars=2)
    assert over.status == "does_not_fit"
    cheap = answer(max_dollars=2)
    assert cheap.status == "ok"
    assert cheap.plan.time.hours < answer().plan.time.hours or cheap.plan == answer().plan


def test_a_limit_that_cannot_be_checked_is_said() -> None:
    grpo = answer(objective="grpo", max_hours=2)
    assert any(f.rule == "REQ002" and "not checked" in f.message for f in grpo.findings)
    unpriced = answer(gpu="RTX3060", model="Qwen/Qwen2.5-0.5B-Instruct", max_dollars=5)
    assert any(f.rule == "REQ002" for f in unpriced.findings)


def test_a_run_without_an_end_takes_the_hours_that_were_said() -> None:
    said = {"model": "meta-llama/Llama-3.2-1B", "method": None, "objective": "pretrain", "gpu": "H100", "gpu_count": 8}
    usual, two_days = answer(**said), answer(**said, max_hours=48)
    assert usual.plan.max_steps == 1000
    assert 47 < two_days.plan.time.hours <= 48
    assert "48.0 h" in next(a.why for a in two_days.assumptions if a.field == "max_steps")
    assert answer(**said, max_hours=48, max_steps=500).plan.max_steps == 500
    assert answer(**said, max_dollars=1e6).plan.max_steps == 1000


def test_a_long_run_keeps_no_more_than_50_checkpoints() -> None:
    steps = {n: answer(max_steps=n).plan.save_steps for n in (1_000, 25_000, 25_001, 251_998)}
    assert steps == {1_000: 500, 25_000: 500, 25_001: 1_000, 251_998: 5_500}
