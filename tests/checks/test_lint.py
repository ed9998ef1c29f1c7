"""A text judged: places, comments that keep rules quiet, selections, releases, and texts of every shape."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from assistant.catalogue.models import get_model
from assistant.checks.document import parse
from assistant.checks.lint import Context, Selection, Verdict, judge, place_of

ROOT = Path(__file__).parents[2]
RECIPES = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "oumi_recipes"
TEXT = """\
model:
  model_name: gpt2
training:
  trainer_type: trl_sft
  lerning_rate: 1e-4
peft:
  lora_r: 16
data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}
"""


def found(text: str, selection: Selection | None = None, **context: object) -> list[tuple[str, int, int]]:
    verdict = judge(text, Context(model_of=get_model, **context), selection)  # type: ignore[arg-type]
    return [(flaw.finding.rule, flaw.line, flaw.column) for flaw in verdict.flaws if flaw.finding.severity == "error"]


def test_all_is_found_at_once_where_it_stands() -> None:
    assert found(TEXT) == [("SCH003", 4, 17), ("SCH001", 5, 3), ("PEF001", 6, 1)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (TEXT.replace("peft:", "peft:  # oumi-chat: ignore[PEF001]"), ["SCH003", "SCH001"]),
        (TEXT.replace("peft:", "peft:  # oumi-chat: ignore"), ["SCH003", "SCH001"]),
        (TEXT.replace("peft:", "# oumi-chat: ignore[PEF]\npeft:"), ["SCH003", "SCH001"]),
        (TEXT.replace("peft:", "peft:  # oumi-chat: ignore[TRN020]"), ["SCH003", "SCH001", "PEF001"]),
        (TEXT.replace("peft:", "peft:  # oumi-chat: ignore[trn020, pef001]"), ["SCH003", "SCH001"]),
        (TEXT.replace("peft:", "# oumi-chat: ignore[PEF001]\n\n# adapters\npeft:"), ["SCH003", "SCH001"]),
        (TEXT.replace("peft:", "# oumi-chat: ignore[TRN]\n# oumi-chat: ignore[PEF]\npeft:"), ["SCH003", "SCH001"]),
        (TEXT.replace("gpt2", '"a # oumi-chat: ignore-file"'), ["SCH003", "SCH001", "PEF001"]),
        (TEXT.replace("peft:", "  run_name: |\n    # oumi-chat: ignore-file\npeft:"), ["SCH003", "SCH001", "PEF001"]),
        (TEXT.replace("\n", "\r\n").replace("peft:", "peft:  # oumi-chat: ignore[PEF001]"), ["SCH003", "SCH001"]),
        (f"# oumi-chat: ignore-file[SCH]\n{TEXT}", ["PEF001"]),
        (f"{TEXT}# oumi-chat: ignore-file\n", []),
    ],
)
def test_a_comment_keeps_a_rule_quiet(text: str, left: list[str]) -> None:
    assert [rule for rule, _, _ in found(text)] == left


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        (Selection(select=("PEF",)), ["PEF001"]),
        (Selection(ignore=("SCH",)), ["PEF001"]),
        (Selection(select=("SCH",), ignore=("SCH003",)), ["SCH001"]),
    ],
)
def test_rules_are_selected_by_id_or_its_beginning(selection: Selection, left: list[str]) -> None:
    assert [rule for rule, _, _ in found(TEXT, selection)] == left


@pytest.mark.parametrize(("version", "there"), [("0.9", True), ("0.6.0", False)])
def test_a_rule_of_a_later_release_is_silent_before_it(version: str, there: bool) -> None:
    text = "model: {model_name: gpt2}\ntraining: {trainer_type: TRL_SFT, trainer_kwargs: {max_seq_length: 512}}\n"
    assert (("TRN028") in [rule for rule, _, _ in found(text, version=version)]) is there


@pytest.mark.parametrize(
    ("path", "place"),
    [("training.lerning_rate", (5, 3)), ("training.use_peft", (3, 1)), ("data.train.datasets[3].split", (8, 16)), ("", (1, 1)), ("peft.lora_r", (7, 3))],
)
def test_a_path_that_is_not_there_is_shown_at_the_nearest_section(path: str, place: tuple[int, int]) -> None:
    assert place_of(parse(TEXT), path) == place


@pytest.mark.parametrize(
    ("data", "place"),
    [("", (1, 1)), ("data: {}\n", (2, 1)), ("data: {train: {}}\n", (2, 8)), ("data: {train: {datasets: []}}\n", (2, 16)), ("data: {train: {datasets: [{dataset_name: a}]}}\n", None), ("data: {train: {datasets: x}}\n", None)],
)
def test_a_training_without_data_is_one_that_oumi_refuses(data: str, place: tuple[int, int] | None) -> None:
    told = [(line, column) for rule, line, column in found(f"model: {{model_name: gpt2}}\n{data}training: {{trainer_type: TRL_SFT}}\n") if rule == "SCH004"]
    assert told == ([place] if place else [])


@pytest.mark.parametrize(
    ("text", "line"),
    [("model: [\n", 2), ("", 1), ("- a\n", 1), ("a: &a [*a]\n", 1), ("a: 1\na: 2\n", 2), ("a: 1\n---\nb: 2\n", 2), ("a: \x00\n", 1), ('a: "${x}"\n', 1)],
)
def test_a_text_that_is_no_config_has_one_flaw(text: str, line: int) -> None:
    verdict = judge(text, Context())
    assert verdict.kind is None
    assert [(flaw.finding.rule, flaw.line) for flaw in verdict.flaws] == [("SCH000", line)]


def test_a_file_of_another_program_is_none_of_ours() -> None:
    assert judge("services: {web: {image: nginx}}\n", Context()) == Verdict(kind=None)


def test_a_value_that_cannot_be_read_is_told_once() -> None:
    text = "model: {model_name: gpt2}\ndata: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT, eval_strategy: [steps], save_steps: abc}\n"
    assert [rule for rule, _, _ in found(text)] == ["SCH002", "SCH002"]


@pytest.mark.skipif(not RECIPES.is_dir() and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_no_shape_of_a_config_breaks_a_rule() -> None:
    sys.path.insert(0, str(ROOT / "tests" / "oumi"))
    try:
        from mutations import mutants
    finally:
        sys.path.pop(0)
    from assistant.catalogue.machines import parse_machine

    context = Context(model_of=get_model, machine=parse_machine("2xA100"))
    judged = [judge(mutant.text, context) for mutant in mutants(seed=7, count=1500)]
    assert sum(bool(verdict.flaws) for verdict in judged) > 1000


DEFECTS = {
    # Streamed rows have no length, and neither max_steps nor a length is given. Run: ValueError "The train_dataset does not
    # implement __len__" (transformers/trainer.py:701).
    ("examples/fineweb_ablation_pretraining/ddp/train.yaml", "DAT043"),
    ("examples/fineweb_ablation_pretraining/fsdp/train.yaml", "DAT043"),
    # eval_strategy: steps without any validation data. Run: ValueError "You have set `args.eval_strategy` to
    # IntervalStrategy.STEPS but you didn't pass an `eval_dataset`" as the trainer is made (transformers/trainer.py:653).
    ("recipes/gemma2/sft/2b_full/train.yaml", "DAT040"),
    ("recipes/gemma3/sft/4b_full/train.yaml", "DAT040"),
    # Phi-3 holds qkv_proj and gate_up_proj in one (modeling_phi3.py:54 and 216). Run with the seven names of these recipes:
    # o_proj and down_proj alone get adapters.
    ("recipes/phi3/dpo/train.yaml", "PEF031"),
    ("recipes/phi3/kto/train.yaml", "PEF031"),
    ("recipes/phi3/sft/lora_macos_train.yaml", "PEF031"),
    ("recipes/phi3/sft/lora_train.yaml", "PEF031"),
    # Phi-4 is of the same type, and named are qkv_proj, o_proj, gate_proj, up_proj and down_proj: gate_proj and up_proj are none.
    ("recipes/phi4/sft/reasoning_plus/qlora_train.yaml", "PEF031"),
    # Oumi 0.9 ships qwen2-vl-instruct and no qwen2-instruct. Run: FileNotFoundError "Chat template file not found"
    # (oumi/builders/models.py:590).
    ("recipes/qwen2_5/sft/3b_full/train.yaml", "DAT058"),
    ("recipes/qwen2_5/sft/7b_full/train.yaml", "DAT058"),
}
"""Every error that is found in Oumi's own recipes, with what is wrong there and how that is known; those marked "Run" are run in tests/oumi/test_recipe_defects.py."""


@pytest.mark.skipif(not RECIPES.is_dir() and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_in_oumis_recipes_only_real_defects_are_errors() -> None:
    errors = set()
    for path in sorted(RECIPES.rglob("*.yaml")):
        verdict = judge(path.read_text("utf-8"), Context(model_of=get_model))
        errors |= {(str(path.relative_to(RECIPES)), flaw.finding.rule) for flaw in verdict.flaws if flaw.finding.severity == "error"}
    assert errors == DEFECTS


@pytest.mark.parametrize(
    ("run", "more", "told"),
    [
        ("oumi train -c train.yaml", "", True),
        ("oumi distributed torchrun -m oumi train --config configs/a.yaml", "", True),
        ("oumi train -c train.yaml", "file_mounts: {~/train.yaml: train.yaml}\n", False),
        ("git clone https://x.org/y && oumi train -c y/train.yaml", "", False),
        ("oumi train -c oumi://configs/train.yaml", "", False),
        ("oumi train -c ~/train.yaml", "", False),
    ],
)
def test_a_job_that_names_a_config_brings_it_along(run: str, more: str, told: bool) -> None:
    flaws = judge(f"resources: {{cloud: gcp}}\n{more}run: {run}\n", Context()).flaws
    assert ("JOB028" in [flaw.finding.rule for flaw in flaws]) is told
