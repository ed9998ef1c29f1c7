"""docs/python.md is run: its blocks one after the other, in an empty folder and without network; what it says is printed is printed."""

from __future__ import annotations

import contextlib
import io
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from assistant.api.steps import Steps
from assistant.api.values import STEPS
from assistant.core.intent import Intent

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text("utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def test_the_examples_print_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("an example opens a socket")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", no_network)
    blocks = BLOCK.findall(PAGE)
    assert len(blocks) >= 8
    names: dict[str, Any] = {}
    for code, wanted in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "docs/python.md", "exec"), names)
        assert printed.getvalue() == wanted, code


def test_every_step_is_in_the_table() -> None:
    steps = {STEPS.get(key, key) for key in Intent.model_fields} | {"hardware"}
    assert {name for name in vars(Steps) if not name.startswith("_")} == steps - {"override", "hardware"}
    rows = "".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    assert steps <= set(re.findall(r"`(\w+)`", rows))


def test_choices_are_those_that_there_are() -> None:
    for key in ("task", "objective", "method", "cloud", "precision", "sharding", "priority"):
        words = re.findall(r"'(\w+)'", str(Intent.model_fields[key].annotation))
        row = next(line for line in PAGE.splitlines() if line.startswith("| `") and f"`{STEPS.get(key, key)}`" in line.split("|")[1])
        assert words
        assert all(f"`{word}`" in row for word in words), key
