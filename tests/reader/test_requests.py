"""Requests of our own, one a line: what must be read, what must be asked, and what must be said to be unread.

`requests.jsonl`: `text`; `intent` (every key that must be there, and no other but those of `OPEN`); `asks` and `unread`
(words that must occur in a question or among the unread pieces; where absent there must be none). `fails` marks a request
that is not yet read as it should be, and says why.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.reader import read

CASES = [json.loads(line) for line in (Path(__file__).parent / "requests.jsonl").read_text("utf-8").splitlines() if line]
OPEN = {"gpu_count": (None, 1)}


def _cases() -> list[Any]:
    marks = [[pytest.mark.xfail(reason=case["fails"])] if "fails" in case else [] for case in CASES]
    return [pytest.param(case, id=case["text"][:60], marks=mark) for case, mark in zip(CASES, marks, strict=True)]


@pytest.mark.parametrize("case", _cases())
def test_request(case: dict[str, Any]) -> None:
    reading = read(case["text"])
    found = reading.intent.model_dump(exclude_none=True)
    wanted = case["intent"]
    differing = {key for key in {*found, *wanted} if found.get(key) != wanted.get(key)}
    assert all(key not in wanted and found.get(key) in OPEN.get(key, ()) for key in differing), found
    _holds(reading.conflicts, case.get("asks", []))
    _holds(reading.unread, case.get("unread", []))


def _holds(said: tuple[str, ...], wanted: list[str]) -> None:
    missing = [words for words in wanted if not any(words in piece for piece in said)]
    assert not missing, said
    assert bool(said) == bool(wanted), said
