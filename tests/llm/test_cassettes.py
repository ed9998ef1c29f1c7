"""The recorded files themselves: each belongs to a test, and holds no key and nothing of the machine that recorded it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from assistant.core.redact import redact

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "cassettes"
FILES = sorted(CASSETTES.rglob("*.yaml"))


def recorded_tests() -> set[str]:
    """`module/test` of every test in a module whose tests are recorded."""
    found: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        text = path.read_text("utf-8")
        if re.search(r"^pytestmark = .*pytest\.mark\.vcr", text, re.MULTILINE):
            found |= {f"{path.stem}/{node.name}" for node in ast.parse(text).body if getattr(node, "name", "").startswith("test_")}
    return found


def test_every_cassette_belongs_to_a_test_and_every_recorded_test_has_one() -> None:
    assert {str(path.relative_to(CASSETTES).with_suffix("")) for path in FILES} == recorded_tests()
    assert FILES


def test_nothing_secret_and_nothing_of_a_machine_is_in_them() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        assert redact(text) == text, path
        assert not re.search(r"authorization|api[-_]key|x-stainless|user-agent|set-cookie|/home/|/root/|/tmp/", text, re.IGNORECASE), path


def test_they_are_settled() -> None:
    """What differs between two recordings of the same answer is not kept."""
    for path in FILES:
        for one in yaml.safe_load(path.read_text("utf-8"))["interactions"]:
            assert set(one["request"]["headers"]) == {"content-type"}
            assert set(one["response"]["headers"]) == {"content-type"}
            body = one["response"]["body"]["string"]
            assert "timings" not in body
            assert "chatcmpl-recorded" in body
