"""Every rule of the table: declared whole, its bad example found, its good one silent, its fix leaves nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.builder.edit import apply_edits
from assistant.builder.linting import fit_of
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import get_model
from assistant.checks.case import case_of_file
from assistant.checks.declared import Rule
from assistant.checks.document import parse
from assistant.checks.findings import Placed, _holds, found_by
from assistant.checks.lint import Context, Flaw, judge
from assistant.checks.releases import releases
from assistant.checks.rules import RULES

SPOKEN = [rule for rule in RULES if rule.spoken]
WRITTEN = [rule for rule in RULES if not rule.spoken]


def ids(rules: list[Rule]) -> list[str]:
    return [rule.rule for rule in rules]


def context_of(rule: Rule) -> Context:
    machine = parse_machine(rule.gpus) if rule.gpus else None
    version = max((one for one in releases() if _holds(rule, one)), key=releases().index)
    return Context(
        kind=rule.kinds[0], version=version, machine=machine, model_of=get_model, is_here=lambda name: "no-such" not in name,
        fit_of=lambda case: fit_of(case, model_of=get_model, trained_by=lambda _: None),
    )  # fmt: skip


def flaws(rule: Rule, text: str) -> list[Flaw]:
    return [flaw for flaw in judge(text, context_of(rule)).flaws if flaw.finding.rule == rule.rule]


def said(rule: Rule, text: str) -> list[Placed]:
    root = parse(text)
    case = case_of_file(root.value, "train")
    leaves = frozenset(path for path, node in root.walk() if not node.is_mapping)
    return list(found_by(replace(case, is_file=False, said=leaves), [rule]))


def test_ids_are_used_once_and_families_are_known() -> None:
    names = [rule.rule for rule in RULES]
    assert len(names) == len(set(names))
    assert {name[:3] for name in names} <= {"SCH", "MEM", "TRN", "PEF", "DST", "DAT", "EVL", "INF", "JOB", "SEC"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_a_rule_is_declared_whole(rule: Rule) -> None:
    assert all(text.strip() for text in (rule.summary, rule.why, rule.bad, rule.good, rule.message, rule.fix))
    assert not rule.summary.endswith(".")
    assert rule.why.endswith(".")
    assert rule.bad != rule.good


@pytest.mark.parametrize("rule", WRITTEN, ids=lambda rule: rule.rule)
def test_the_bad_example_is_found_and_the_good_one_is_not(rule: Rule) -> None:
    found = flaws(rule, rule.bad)
    assert found
    assert all("{" not in flaw.finding.message + flaw.finding.fix or rule.rule.startswith("SCH") for flaw in found)
    assert flaws(rule, rule.good) == []


@pytest.mark.parametrize("rule", WRITTEN, ids=lambda rule: rule.rule)
def test_the_good_example_is_wrong_in_nothing_else(rule: Rule) -> None:
    """Examples show the part that matters: what is missing beside it is no mistake of theirs."""
    wrong = [flaw.finding for flaw in judge(rule.good, context_of(rule)).flaws if flaw.finding.severity == "error" and flaw.finding.rule != "SCH004"]
    assert wrong == []


@pytest.mark.parametrize("rule", SPOKEN, ids=lambda rule: rule.rule)
def test_what_is_said_in_words_is_found_there_and_not_in_files(rule: Rule) -> None:
    assert said(rule, rule.bad)
    assert said(rule, rule.good) == []
    assert flaws(rule, rule.bad) == []


@pytest.mark.parametrize("rule", [r for r in WRITTEN if any(f.edits for f in flaws(r, r.bad))], ids=lambda rule: rule.rule)
def test_the_fix_leaves_nothing_of_it(rule: Rule) -> None:
    block = as_block(rule.bad)
    found = flaws(rule, block)
    text = apply_edits(block, [edit for flaw in found for edit in flaw.edits])
    assert flaws(rule, text) == []


def as_block(text: str) -> str:
    """The example as people write configs: the fields below each other."""
    import yaml

    return yaml.safe_dump(parse(text).value, sort_keys=False, default_flow_style=False)


def test_most_rules_can_mend_what_they_find() -> None:
    assert sum(any(flaw.edits for flaw in flaws(rule, rule.bad)) for rule in WRITTEN) > 40


NEEDS_A_KNOWN_MODEL = {"TRN080", "PEF031", "PEF032", "PEF033", "PEF034", "PEF035", "PEF036", "PEF040", "PEF041", "PEF043", "DST030", "MEM020", "MEM021", "MEM022", "MEM023", "SEC010"}
"""Rules that rest on a fact of the model: its layers, its context, its size, whose code it is."""


@pytest.mark.parametrize("rule", [r for r in WRITTEN if r.rule not in NEEDS_A_KNOWN_MODEL | {"SCH004"} and r.kinds != ("job",)], ids=lambda rule: rule.rule)
def test_a_rule_that_needs_no_fact_of_the_model_speaks_of_every_model(rule: Rule) -> None:
    root = parse(rule.bad).value
    root.setdefault("model", {})["model_name"] = "nobody/has-this-model"
    import yaml

    assert flaws(rule, yaml.safe_dump(root))


def test_a_script_of_a_megabyte_is_judged_in_a_moment() -> None:
    import time

    begun = time.process_time()
    judge(f"resources: {{cloud: gcp}}\nsetup: '{'pip install ' * 60_000}'\nrun: echo\n", Context())
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("resources: {cloud: runpod, use_spot: true}\nrun: oumi train -c t.yaml\n", "RunPod mounts no buckets; begin run with"),
        ("resources: {cloud: gcp, use_spot: true}\nrun: oumi train -c t.yaml\n", "add storage_mounts"),
        ("resources: {cloud: runpod, use_spot: true}\nrun: |\n  (while sleep 600; do hf upload me/x output; done) &\n  oumi train -c t.yaml\n", ""),
    ],
)
def test_a_spot_machine_is_told_what_works_on_its_cloud(text: str, told: str) -> None:
    fixes = [flaw.finding.fix for flaw in judge(text, Context(kind="job")).flaws if flaw.finding.rule == "JOB023"]
    assert (told in fixes[0]) if told else not fixes


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("resources: {cloud: runpod}\nnum_nodes: 2\nrun: oumi distributed torchrun -m oumi train -c t.yaml\n", ["num_nodes"]),
        ("resources: {cloud: lambda, use_spot: true}\nrun: echo\n", ["resources.use_spot"]),
        ("resources: {cloud: k8s, use_spot: true}\nrun: echo\n", []),  # a cluster may have a label for them
        ("resources: {cloud: local}\nnum_nodes: 2\nrun: echo\n", []),
        ("resources: {cloud: azure, use_spot: true}\nnum_nodes: 2\nstorage_mounts: {/o: {source: 's3://b', store: s3}}\nrun: echo\n", []),
    ],
)
def test_what_a_cloud_cannot_do_is_told(text: str, paths: list[str]) -> None:
    assert [flaw.finding.path for flaw in judge(text, Context(kind="job")).flaws if flaw.finding.rule == "JOB029"] == paths
