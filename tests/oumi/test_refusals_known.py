"""Every `raise` by which a class of Oumi's configs refuses its values, read out of its source: each is told by a rule, or it is said here why not."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.checks.rules import refused
from tests.oumi.conftest import judge_python

pytestmark = pytest.mark.oumi
_STARTS = frozenset(("__post_init__", "__finalize_and_validate__", "finalize_and_validate"))
KNOWN = {
    # sections of every kind
    "ModelParams": 7, "GenerationParams": 8, "GuidedDecodingParams": 1, "RemoteParams": 10,
    # trainings and searches
    "TrainingConfig": 9, "TrainingParams": 10, "DataParams": 3, "DatasetSplitParams": 4, "DatasetParams": 7, "DeepSpeedParams": 2, "GkdParams": 6, "GoldParams": 16,
    "GrpoParams": 4, "ProfilerScheduleParams": 2, "TuningParams": 7,
    # what is asked, scored, quantized
    "EvaluationTaskParams": 1, "AsyncEvaluationConfig": 2, "QuantizationConfig": 2, "JudgeParams": 5, "JudgeCriterion": 9, "RubricJudgeParams": 3, "RuleJudgeParams": 6,
    # syntheses
    "SynthesisConfig": 12, "GeneralSynthesisParams": 3, "DatasetSource": 3, "DocumentSource": 2, "DocumentSegmentationParams": 4, "ExampleSource": 3, "SampledAttribute": 6,
    "SampledAttributeValue": 4, "AttributeCombination": 5, "GeneratedAttribute": 3, "GeneratedAttributePostprocessingParams": 2, "MultiTurnAttribute": 14, "TransformedAttribute": 2,
    "TransformationStrategy": 6, "EnvironmentConfig": 2, "ToolParams": 3, "GroundingConfig": 2, "ToolGroundingConfig": 2, "StateGroundingConfig": 3,
}  # fmt: skip
"""Class → its refusals, all told by SCH005 or the rule of their topic (tests/oumi/refused.py has a config for each), but for:
an adapter without its base, a checkpoint or environment's file that is not there and a flash attention that is not installed
(the machine's to say); a text-only run of what sees (the model's); metrics that nobody registered (own code may register
them); what the type of a field refuses already (SCH002)."""
NOT_TOLD = {
    "AnalyzeConfig": "no kind of config that is known here", "TestParams": "no kind of config that is known here", "LMHarnessTaskParams": "made when the evaluation begins",
    "AdaptiveConcurrencyParams": "no field holds one: it is made from the others", "EnvironmentParams": "no config is finalized down to its environments (Oumi takes an empty id there)",
}  # fmt: skip


def site_packages() -> Path:
    return next(Path(judge_python()).parents[1].glob("lib/python3*/site-packages"))


def refusals(tree: ast.AST) -> Iterator[str]:
    """The class of each `raise` in what runs as an object is made or finalized."""
    for one in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        methods = {part.name: part for part in one.body if isinstance(part, ast.FunctionDef)}
        todo, seen = [name for name in methods if name in _STARTS], set[str]()
        while todo:
            if (name := todo.pop()) in seen or name not in methods:
                continue
            seen.add(name)
            parts = list(ast.walk(methods[name]))
            todo += [part.func.attr for part in parts if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and isinstance(part.func.value, ast.Name) and part.func.value.id == "self"]
            yield from (one.name for part in parts if isinstance(part, ast.Raise))


def test_no_refusal_of_oumis_is_unknown_here() -> None:
    found: Counter[str] = Counter()
    for path in sorted((site_packages() / "oumi" / "core" / "configs").rglob("*.py")):
        found.update(refusals(ast.parse(path.read_text("utf-8"))))
    assert {name: count for name, count in found.items() if name not in NOT_TOLD} == KNOWN
    assert found.keys() >= NOT_TOLD.keys()


def test_no_class_is_looked_at_that_oumi_does_not_have() -> None:
    looked = {*refused._NUMBERS, *refused._WORDS, *refused._NUMBERS_OR, *refused._FULL, *refused._TOGETHER}
    assert looked - KNOWN.keys() - NOT_TOLD.keys() == set()
