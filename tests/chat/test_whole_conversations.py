"""The real program in a pseudo-terminal, through whole conversations, offline: what its session holds after each turn."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pty_talk import Talk

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from reader import KEYS, is_soft, matches, records  # noqa: E402

SHARED = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "conversations_dev.jsonl"
OTHERS = Path(__file__).with_name("conversations.jsonl")


def said(folder: Path) -> dict[str, Any]:
    """The intent that the newest session holds."""
    newest = max((folder / "state" / "oumi-chat" / "sessions").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    states = json.loads(newest.read_text())["document"]["states"]
    return dict(states[-1]["intent"])


def right_keys(record: dict[str, Any], folder: Path) -> tuple[int, int, list[str]]:
    """(right, graded, missed) keys of one conversation with the program; figures against a former plan are left out."""
    right, graded, missed = 0, 0, []
    with Talk(folder, columns=120) as talk:
        for turn in record["turns"]:
            shown = talk.say(turn["text"])
            assert "Traceback" not in shown
            got = said(folder)
            for key in KEYS:
                label, value = turn["intent_after"].get(key), got.get(key)
                if "times_plan" in json.dumps(label) or (key == "overrides" and is_soft(label)) or (label is None and value is None):
                    continue
                is_right = matches(label, value, strict=False)
                right, graded = right + is_right, graded + 1
                missed += [] if is_right else [f"{record['id']} {turn['text']!r}: {key} {label} {value}"]
    return right, graded, missed


@pytest.mark.parametrize("part", range(5))
def test_the_shared_conversations_through_the_program(tmp_path: Path, part: int) -> None:
    if not SHARED.exists():
        if os.environ.get("CI"):
            pytest.fail(f"no {SHARED}")
        pytest.skip("the shared conversations are not here")
    found = [right_keys(record, tmp_path / record["id"]) for record in list(records(SHARED))[part::5]]
    right, graded = sum(each[0] for each in found), sum(each[1] for each in found)
    assert right >= 0.95 * graded, [miss for each in found for miss in each[2]]


def test_other_conversations_through_the_program(tmp_path: Path) -> None:
    found = [right_keys(record, tmp_path / record["id"]) for record in list(records(OTHERS))[:8]]
    right, graded = sum(each[0] for each in found), sum(each[1] for each in found)
    assert right >= 0.95 * graded, [miss for each in found for miss in each[2]]
