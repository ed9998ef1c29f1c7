"""The judge: one warm process with the real Oumi. Without one these tests skip on a laptop and fail in CI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1", "CUDA_VISIBLE_DEVICES": ""}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """CI has all that these tests need: one that would skip there has failed."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"{item.nodeid} must not skip in CI: {report.longrepr}"
    return report


def judge_python() -> str:
    python = os.environ.get("OUMI_CHAT_JUDGE_PYTHON")
    if python and Path(python).exists():
        return python
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


@pytest.fixture(scope="session")
def made_tiny(tmp_path_factory: pytest.TempPathFactory, judge_bin: Path) -> Path:
    """A folder with a tiny model and rows for it: to be copied, not written to."""
    folder = tmp_path_factory.mktemp("made-tiny")
    done = subprocess.run([judge_bin / "python", HERE / "make_tiny.py", folder], env={**os.environ, **OFFLINE}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, made_tiny: Path) -> Path:
    """A copy of the tiny model and its rows for the tests of one file."""
    return shutil.copytree(made_tiny, tmp_path_factory.mktemp("tiny"), dirs_exist_ok=True)
