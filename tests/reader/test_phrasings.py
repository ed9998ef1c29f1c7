"""The forms in which people type, each in several phrasings, and texts near a form that must not set it off.

`phrasings.jsonl`: `form`, `text`, and the whole `intent` that the text says; a key that is absent was not said.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.reader import read

CASES = [json.loads(line) for line in (Path(__file__).parent / "phrasings.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['form']}: {case['text'][:50]}" for case in CASES])
def test_a_phrasing_says_this_and_no_more(case: dict[str, Any]) -> None:
    reading = read(case["text"])
    assert reading.intent.model_dump(exclude_none=True) == case["intent"]
    assert reading.conflicts == ()
