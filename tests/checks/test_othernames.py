"""Names that other tools have for Oumi's fields: told by meaning, mended where the meaning is the same, and never by letters alone."""

from __future__ import annotations

import pytest

from assistant.builder.edit import apply_edits
from assistant.checks import releases
from assistant.checks.lint import Context, Flaw, judge
from assistant.checks.othernames import ELSEWHERE, SAME

_REST = "data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"


def _flaws(text: str, rule: str = "SCH001", kind: str = "train") -> list[Flaw]:
    return [flaw for flaw in judge(text, Context(kind=kind)).flaws if flaw.finding.rule == rule]


@pytest.mark.parametrize(("owner", "key"), [(owner, key) for owner, names in SAME.items() for key in names])
def test_a_name_is_not_oumis_and_what_it_means_is(owner: str, key: str) -> None:
    fields = releases.fields_of(owner, releases.newest())
    assert key not in fields
    assert SAME[owner][key] in fields


@pytest.mark.parametrize(("owner", "key"), [(owner, key) for owner, names in ELSEWHERE.items() for key in names])
def test_what_is_done_elsewhere_has_no_field_of_that_name(owner: str, key: str) -> None:
    assert key not in releases.fields_of(owner, releases.newest())


@pytest.mark.parametrize(
    ("said", "meant"),
    [("lr: 2e-4", "learning_rate: 2e-4"), ("batch_size: 4", "per_device_train_batch_size: 4"), ("optim: adafactor", "optimizer: adafactor"), ("lerning_rate: 2e-4", "learning_rate: 2e-4")],
)
def test_a_name_of_the_same_meaning_is_mended(said: str, meant: str) -> None:
    text = f"model:\n  model_name: gpt2\n{_REST}training:\n  trainer_type: TRL_SFT\n  {said}\n"
    (flaw,) = _flaws(text)
    assert apply_edits(text, list(flaw.edits)) == text.replace(said, meant)


@pytest.mark.parametrize("said", ["save_strategy: epoch", "bf16: true", "save_total_limit: 2", "report_to: wandb"])
def test_what_is_done_elsewhere_is_told_and_not_renamed(said: str) -> None:
    (flaw,) = _flaws(f"model: {{model_name: gpt2}}\n{_REST}training:\n  trainer_type: TRL_SFT\n  {said}\n")
    assert flaw.edits == ()
    assert "did you mean" not in flaw.finding.fix
    assert "take it out" not in flaw.finding.fix


def test_parts_of_a_dataset_belong_to_an_item() -> None:
    (flaw,) = _flaws("model: {model_name: gpt2}\ndata: {train: {dataset_name: yahma/alpaca-cleaned}}\n")
    assert flaw.finding.fix == "it belongs to an item of datasets: data.train.datasets[0].dataset_name"


def test_shots_belong_to_the_tasks_arguments() -> None:
    (flaw,) = _flaws("model: {model_name: gpt2}\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu, num_fewshot: 5}]\n", kind="eval")
    assert "tasks[0].eval_kwargs.num_fewshot" in flaw.finding.fix


def test_a_misspelt_argument_of_the_trainer_keeps_its_value() -> None:
    text = f"model: {{model_name: gpt2}}\n{_REST}training:\n  trainer_type: TRL_DPO\n  trainer_kwargs:\n    loss_typ: ipo\n"
    (flaw,) = _flaws(text, "TRN028")
    assert apply_edits(text, list(flaw.edits)) == text.replace("loss_typ", "loss_type")


def test_verls_validation_data_is_read_whatever_eval_strategy_says() -> None:
    text = "model: {model_name: gpt2}\ndata: {validation: {datasets: [{dataset_name: openai/gsm8k}]}}\ntraining: {trainer_type: %s}\n"
    assert _flaws(text % "VERL_GRPO", "DAT052") == []
    assert _flaws(text % "TRL_GRPO", "DAT052")


@pytest.mark.parametrize(("said", "meant"), [("chatml", "chat_ml"), ("llama3", "auto")])
def test_a_template_gets_the_name_that_was_meant(said: str, meant: str) -> None:
    text = f"model:\n  model_name: gpt2\n  chat_template: {said}\n"
    (flaw,) = _flaws(text, "DAT058")
    assert apply_edits(text, list(flaw.edits)) == text.replace(said, meant)


@pytest.mark.parametrize("said", ["sdpa", "paged|sdpa", "kernels-community/vllm-flash-attn3"])
def test_an_attention_that_transformers_has_is_left_alone(said: str) -> None:
    assert _flaws(f"model: {{model_name: gpt2, attn_implementation: '{said}'}}\n", "TRN035") == []
