"""docs/rules.md is that of the table, and docs/lint.md names only what there is."""

from __future__ import annotations

import re
from pathlib import Path

from assistant.checks.lint import BAD_YAML
from assistant.checks.rules import RULES
from assistant.cli.linting import _command
from assistant.terminal.rulespage import page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_current() -> None:
    assert (DOCS / "rules.md").read_text("utf-8") == page()


def test_every_option_is_in_the_guide_and_every_rule_there_exists() -> None:
    text = (DOCS / "lint.md").read_text("utf-8")
    options = {name for param in _command().params for name in param.opts if name.startswith("--")} - {"--offline", "--debug", "--no-color", "--quiet"}
    assert [name for name in sorted(options) if name not in text] == []
    assert set(re.findall(r"\b[A-Z]{3}\d{3}\b", text)) <= {BAD_YAML, *(rule.rule for rule in RULES)}
