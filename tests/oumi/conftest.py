"""The judge: one warm process with the real Oumi. Without one these tests skip on a laptop and fail in CI."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def judge_python() -> str:
    python = os.environ.get("OUMI_CHAT_JUDGE_PYTHON")
    if python and Path(python).exists():
        return python
    if os.environ.get("CI"):
        pytest.fail("CI must have a judge: OUMI_CHAT_JUDGE_PYTHON names no Python with oumi")
    pytest.skip("no judge: set OUMI_CHAT_JUDGE_PYTHON to a Python with oumi 0.9")


class Judge:
    """Asks the worker one config at a time."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, str(HERE / "judge_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the judge died: run tests/oumi/judge_worker.py by hand to see why"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, name: str, text: str, *, kind: str = "train", world: int = 1) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": name, "kind": kind, "yaml": text, "world": world}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    found = Judge(judge_python())
    yield found
    found.close()


@pytest.fixture(scope="session")
def judge_bin() -> Path:
    return Path(judge_python()).parent
