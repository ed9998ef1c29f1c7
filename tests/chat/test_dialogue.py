"""Whole conversations, graded after each turn: the shared ones, and a hundred and ten in other words."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.core.intent import Intent

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from reader import Grade, graded_talk, records  # noqa: E402

SHARED = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "conversations_dev.jsonl"
OTHERS = Path(__file__).with_name("conversations.jsonl")


def grade(path: Path) -> Grade:
    found = Grade()
    for record in records(path):
        found = graded_talk(record, found, [])
    return found


def test_conversations_in_other_words() -> None:
    assert grade(OTHERS).share >= 0.96


@pytest.mark.skipif(not SHARED.exists() and not os.environ.get("CI"), reason="the shared conversations are not here")
def test_the_shared_conversations() -> None:
    assert grade(SHARED).share >= 0.98


def test_the_labels_are_keys_of_an_intent() -> None:
    for record in records(OTHERS):
        for turn in record["turns"]:
            assert set(turn["intent_after"]) <= set(Intent.model_fields), record["id"]


def test_a_wrong_value_is_a_miss() -> None:
    record: dict[str, Any] = {"id": "x", "turns": [{"text": "lora qwen3 8b on an A100", "intent_after": {"task": "train", "method": "full"}}]}
    found = graded_talk(record, Grade(), [])
    assert found.share < 0.5
    assert "method" in json.dumps(found.misses)
