"""Each rule that can be run on a CPU is run with the real Oumi; the others say why not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from assistant.checks.rules import RULES
from tests.oumi.test_live_rules import REFUSED

ROOT = Path(__file__).parents[2]
_RUNS = (
    "test_rule_trainings.py", "test_rule_runs.py", "test_adapters.py", "test_refused_values.py", "test_recipe_defects.py", "test_local_data.py", "test_live_guards.py",
    "test_raw_text.py",
)
"""Tests in which a rule's claim is run: Oumi trains, evaluates, infers or refuses to begin."""
_READ = ("SCH001", "SCH002", "SCH003", "SCH004")
"""Asked of OmegaConf and Oumi's classes, over thousands of changed recipes (tests/oumi/test_schema_agreement.py)."""
_GPUS = "needs several GPUs, or one that is no CPU"
_ADVICE = "what is usual, not what Oumi does"
_WORDS = "of words alone: no config carries it"
UNRUN = {
    "TRN034": _GPUS, "PEF021": _GPUS, "PEF025": _GPUS, "DST023": _GPUS, "DST024": _GPUS, "DST030": _GPUS, "DST031": _GPUS, "DST032": _GPUS, "DST033": _GPUS, "DST036": _GPUS,
    "DST038": _GPUS, "TRN074": "the figure is made for GPUs whose speed Oumi knows",
    "TRN042": _ADVICE, "TRN052": _ADVICE, "TRN067": _ADVICE, "SEC010": _ADVICE,
    "PEF022": _WORDS, "PEF023": _WORDS, "DST020": _WORDS, "DST021": _WORDS, "TRN031": _WORDS,
    "DAT059": "of Oumi before 0.9", "MEM020": "an estimate (docs/accuracy.md)", "MEM022": "an estimate (docs/accuracy.md)",
    "MEM023": "an estimate (docs/accuracy.md)",
    "TRN076": "asks at a keyboard, of a service on the net", "EVL024": "a service on the net",
    "JOB021": "needs several nodes", "JOB022": _GPUS, "JOB023": "a spot machine", "JOB024": _ADVICE, "JOB025": "a cloud's catalogue",
    "JOB026": "needs a cloud", "JOB027": "needs a cloud", "JOB028": "needs a cloud", "JOB029": "needs a cloud",
}  # fmt: skip


def run() -> set[str]:
    """Rules that stand by themselves in the code of those tests: what prose says of one counts for nothing."""
    trees = [ast.parse((ROOT / "tests" / "oumi" / name).read_text("utf-8")) for name in _RUNS]
    words = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return REFUSED | {word for word in words if re.fullmatch(r"[A-Z]{3}\d{3}", word)}


def test_every_rule_is_run_or_says_why_not() -> None:
    names = {rule.rule for rule in RULES}
    backed = run() | set(_READ)
    assert names - backed - set(UNRUN) == set()
    assert set(UNRUN) & backed == set()
    assert set(UNRUN) <= names
