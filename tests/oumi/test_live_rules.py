"""The rules against the real Oumi: what it refuses while it reads and builds its arguments, and what it lets through."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from assistant.checks.declared import Rule
from assistant.checks.document import parse
from assistant.checks.rules import RULES

pytestmark = pytest.mark.oumi
REFUSED = frozenset(
    (
        "TRN021", "TRN022", "TRN023", "TRN024", "TRN025", "TRN026", "TRN027", "TRN028", "TRN029", "TRN040", "TRN046", "TRN062", "TRN063", "TRN066",
        "DAT041", "DST025", "DST026", "DST034", "DST035",
    )
)
"""Rules whose bad example Oumi 0.9 refuses before a model is loaded. The others' it takes: they fail later, or in silence."""
ELSEWHERE = frozenset(("TRN021", "DST025", "DST026", "DST034", "DST035", "DST036"))
"""Their good example needs what the judge lacks: a GPU with bf16, or DeepSpeed."""
ASKED = [rule for rule in RULES if not rule.spoken and not rule.rule.startswith("SCH")]


def whole(text: str, kind: str) -> str:
    """An example with what a training cannot do without."""
    body = parse(text).value
    if kind == "train":
        body.setdefault("model", {}).setdefault("model_name", "gpt2")
        body.setdefault("data", {}).setdefault("train", {}).setdefault("datasets", [{"dataset_name": "yahma/alpaca-cleaned"}])
        body.setdefault("training", {})
    return yaml.safe_dump(body, sort_keys=False)


def accepts(judge: Any, rule: Rule, text: str) -> tuple[bool, str]:
    verdict = judge.ask(rule.rule, whole(text, rule.kinds[0]), kind=rule.kinds[0])
    return verdict["l1"] and verdict["l2"] is not False, str(verdict["error"])


@pytest.mark.parametrize("rule", ASKED, ids=lambda rule: rule.rule)
def test_oumi_says_of_the_bad_example_what_the_table_says(judge: Any, rule: Rule) -> None:
    accepted, told = accepts(judge, rule, rule.bad)
    assert accepted is (rule.rule not in REFUSED) or rule.rule in ELSEWHERE - REFUSED, told
    assert rule.rule not in REFUSED or rule.severity == "error"


@pytest.mark.parametrize("rule", [rule for rule in ASKED if rule.rule not in ELSEWHERE], ids=lambda rule: rule.rule)
def test_oumi_takes_the_good_example(judge: Any, rule: Rule) -> None:
    accepted, told = accepts(judge, rule, rule.good)
    assert accepted, told
