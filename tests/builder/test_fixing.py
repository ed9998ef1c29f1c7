"""--fix as a function: comments and order stay, nothing gets worse, a second run changes nothing."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from assistant.builder.fixing import mended
from assistant.catalogue.models import get_model
from assistant.checks.document import NoDocument, parse
from assistant.checks.lint import Context, Selection, judge

ROOT = Path(__file__).parents[2]
RECIPES = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "oumi_recipes"
CONTEXT = Context(model_of=get_model)
ALL = Selection()
TEXT = """\
# mine: keep
model:
  model_name: "Qwen/Qwen2.5-7B-Instruct"   # big
  torch_dtype_str: bfloat16
training:
  trainer_type: trl_sft  # lower

  lerning_rate: 1e-4     # typo
  num_train_epochs: 2.0
data:
  train:
    datasets: [{dataset_name: yahma/alpaca-cleaned}]
peft:  # adapters
  lora_r: 16
  lora_alpha: 32
"""
GOOD = """\
# mine: keep
model:
  model_name: "Qwen/Qwen2.5-7B-Instruct"   # big
  torch_dtype_str: bfloat16
training:
  trainer_type: TRL_SFT  # lower

  learning_rate: 1e-4     # typo
  num_train_epochs: 2
  use_peft: true
data:
  train:
    datasets: [{dataset_name: yahma/alpaca-cleaned}]
peft:  # adapters
  lora_r: 16
  lora_alpha: 32
"""


def test_all_else_stays_as_it_is() -> None:
    done = mended(TEXT, CONTEXT, ALL)
    assert done.text == GOOD
    assert [flaw.finding.rule for flaw in done.made] == ["SCH003", "SCH001", "SCH002", "PEF001"]
    assert not [flaw for flaw in done.verdict.flaws if flaw.finding.severity == "error"]


def test_what_is_only_worth_knowing_is_mended_where_it_is_selected() -> None:
    text = "model: {model_name: gpt2, torch_dtype_str: bfloat16}\nengine: NATIVE\ngeneration:\n  max_new_tokens: 8\n"
    assert mended(text, CONTEXT, ALL).text == text
    assert mended(text, CONTEXT, Selection(select=("INF",))).text == text + "  use_cache: true\n"


def test_what_a_comment_keeps_quiet_is_not_mended() -> None:
    text = TEXT.replace("peft:  # adapters", "peft:  # oumi-chat: ignore[PEF001]")
    assert "use_peft" not in mended(text, CONTEXT, ALL).text


@pytest.mark.parametrize("text", ["model: [\n", "", "a: 1\n", "x: &x {a: 1}\nmodel: *x\ntraining: {trainer_type: trl_sft}\n", TEXT.replace("\n", "\r\n")])
def test_odd_texts_are_left_or_mended_whole(text: str) -> None:
    done = mended(text, CONTEXT, ALL)
    assert done.text == text or parse(done.text).value != parse(text).value
    assert ("\r\n" in done.text) == ("\r\n" in text)
    assert "\n" not in done.text.replace("\r\n", "") or "\r\n" not in text


@pytest.mark.skipif(not RECIPES.is_dir() and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_every_recipe_is_mended_once_and_keeps_its_comments() -> None:
    changed = 0
    for path in sorted(RECIPES.rglob("*.yaml")):
        text = path.read_text("utf-8")
        done = mended(text, CONTEXT, ALL)
        changed += done.text != text
        assert mended(done.text, CONTEXT, ALL).text == done.text, path
        gone = [edit.path for flaw in done.made for edit in flaw.edits if edit.remove]
        if not gone:
            assert comments(done.text) == comments(text), path
    assert changed > 5


def comments(text: str) -> list[str]:
    return re.findall(r"(?:^|\s)#.*", text, re.MULTILINE)


@pytest.mark.skipif(not RECIPES.is_dir() and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_a_mended_mutant_is_never_worse_and_stays() -> None:
    sys.path.insert(0, str(ROOT / "tests" / "oumi"))
    try:
        from mutations import mutants
    finally:
        sys.path.pop(0)
    fixed = 0
    for mutant in mutants(seed=11, count=400):
        before = judge(mutant.text, CONTEXT)
        done = mended(mutant.text, CONTEXT, ALL)
        assert len(done.verdict.flaws) <= len(before.flaws)
        assert judge(done.text, CONTEXT) == done.verdict
        assert mended(done.text, CONTEXT, ALL).text == done.text
        try:
            order, new = list(yaml.safe_load(mutant.text)), list(yaml.safe_load(done.text))
            assert [key for key in new if key in order] == [key for key in order if key in new]
        except (NoDocument, yaml.YAMLError, ValueError):
            assert done.text == mutant.text
        fixed += bool(done.made)
    assert fixed > 60


def test_a_misspelt_trainer_hides_nothing_and_is_mended() -> None:
    text = "model: {model_name: gpt2}\ntraining:\n  trainer_type: trl_sft\n  optimizer: adamwww\n"
    assert {"SCH003", "TRN040"} <= {flaw.finding.rule for flaw in judge(text, CONTEXT, ALL).flaws}
    assert "trainer_type: TRL_SFT\n" in mended(text, CONTEXT, ALL).text


def test_a_misspelt_name_is_put_right_though_it_hides_an_error() -> None:
    text = "model: {model_name: gpt2}\ntraining:\n  trainer_type: TRL_SFT\n  optimiser: adamwww\n  per_device_train_batch_sise: 0  # keep\n"
    first = mended(text, CONTEXT, ALL)
    assert "  per_device_train_batch_size: 0  # keep\n" in first.text
    assert "TRN020" in {flaw.finding.rule for flaw in first.verdict.flaws}
    assert mended(first.text, CONTEXT, ALL).text == first.text
