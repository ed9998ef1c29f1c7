"""docs/traps.md: every known trap has its rules or a reason, every rule stands there, and none that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from assistant.checks.rules import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "traps.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
ID = re.compile(r"\b[A-Z]{3}\d{3}\b")


def test_every_trap_has_a_row() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 65))
    assert all(len(row) == 4 and row[1] for row in ROWS)


def test_every_trap_is_told_by_a_rule_that_there_is() -> None:
    known = {rule.rule for rule in RULES}
    for row in ROWS:
        named = ID.findall(row[2])
        assert named, row
        assert set(named) <= known, row


def test_every_rule_stands_on_the_page() -> None:
    assert {rule.rule for rule in RULES} - set(ID.findall(PAGE)) == set()
