"""A config file after an edit: what the edit breaks is refused, what was in it before is told, a run that does not fit is edited too."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.builder.given import Given, on_given
from assistant.builder.recheck import rechecked
from assistant.catalogue.machines import parse_machine
from assistant.chat.merging import merged
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Plan

BODY: dict[str, Any] = {
    "model": {"model_name": "HuggingFaceTB/SmolLM2-135M-Instruct", "model_max_length": 512},
    "data": {"train": {"datasets": [{"dataset_name": "yahma/alpaca-cleaned"}]}},
    "training": {"trainer_type": "TRL_SFT", "use_peft": True, "per_device_train_batch_size": 2},
}


def with_field(section: str, name: str, value: Any) -> dict[str, Any]:
    return {**BODY, section: {**BODY.get(section, {}), name: value}}


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = respond(Given.of("mine.yaml", yaml.safe_dump(BODY)).intent, machine=parse_machine("A100")).plan
    assert found is not None
    return found


def planned(text: str, gpus: str = "A100", **changes: Any) -> Outcome:
    given = Given.of("mine.yaml", text)
    return on_given(respond(merged(given.intent, Intent(**changes)), machine=parse_machine(gpus)), given)


def test_an_edit_that_changes_nothing_for_the_worse_passes(plan: Plan) -> None:
    assert rechecked(BODY, with_field("training", "learning_rate", 1e-4), plan) == ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("learning_rate", 2.0, "cannot be 2.0"), ("learning_rte", 1e-4, "has no field"), ("num_train_epochs", "many", "cannot be 'many'"), ("optimizer", "adamw_torhc", 'has no "adamw_torhc"')],
)
def test_what_an_edit_breaks_is_refused_with_its_field(plan: Plan, name: str, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        rechecked(BODY, with_field("training", name, value), plan)
    assert refused.value.context == f"training.{name}"


def test_what_was_wrong_before_the_edit_is_a_warning(plan: Plan) -> None:
    before = with_field("training", "weight_decay", 3.0)
    after = {**before, "training": {**before["training"], "learning_rate": 1e-4}}
    assert [(f.path, f.severity) for f in rechecked(before, after, plan)] == [("training.weight_decay", "warning")]
    unknown = with_field("training", "learning_rte", 1e-4)
    assert rechecked(unknown, unknown, plan) == ()


def test_a_field_of_the_file_that_oumi_refuses_is_told_once() -> None:
    text = yaml.safe_dump(with_field("training", "weight_decay", 3.0))
    given = Given.of("mine.yaml", text)
    outcome = planned(text, learning_rate=1e-4)
    assert [note.field for note in given.left] == ["training.weight_decay"]
    assert not [f for f in outcome.findings if f.path == "training.weight_decay"]
    assert "weight_decay: 3.0" in outcome.files[0].yaml


def test_findings_are_of_the_file_and_not_of_what_the_planner_would_write() -> None:
    text = """model: {model_name: HuggingFaceTB/SmolLM2-135M, model_max_length: 512}
data: {train: {stream: true, pack: true, datasets: [{dataset_name: HuggingFaceFW/fineweb-edu}]}}
training: {trainer_type: TRL_SFT}
"""
    outcome = planned(text, learning_rate=1e-4)
    assert outcome.plan is not None
    assert outcome.plan.max_steps, "the planner would end the run by a number of steps; the file has none"
    assert [(f.severity, f.rule) for f in outcome.findings if f.path == "data.train.stream"] == [("warning", "DAT043")]


GRPO = """model: {model_name: Qwen/Qwen2-0.5B-Instruct, model_max_length: 2048}
data: {train: {datasets: [{dataset_name: trl-lib/tldr}]}}
training:
  trainer_type: TRL_GRPO
  reward_functions: [soft_20tokens_completions]
  per_device_train_batch_size: 2
  max_steps: 10
"""


def test_completions_of_a_prompt_stay_trls_own() -> None:
    outcome = planned(GRPO, "8xB200", global_batch_size=64)
    assert outcome.files[0].yaml == f"{GRPO}  gradient_accumulation_steps: 4\n"
    assert not [f for f in outcome.findings if f.path == "training.grpo.num_generations"], "nobody set it by hand"


VERL = """model: {model_name: d1shs0ap/cognitive-behaviors-Llama-3.2-3B}
data: {train: {datasets: [{dataset_name: d1shs0ap/countdown, split: train}]}}
training:
  trainer_type: VERL_GRPO
  reward_functions: [countdown]
  learning_rate: 1.0e-06
  verl_config_overrides: {data: {train_batch_size: 64}}
"""


def test_a_batch_that_verl_would_not_see_is_refused() -> None:
    assert planned(VERL, "8xB200", learning_rate=2e-6).files[0].yaml == VERL.replace("1.0e-06", "2.0e-06")
    for key in ("micro_batch_size", "global_batch_size"):
        with pytest.raises(UsageError, match="verl_config_overrides"):
            planned(VERL, "8xB200", **{key: 256})


LONG = """# mine
model: {model_name: Qwen/Qwen2.5-1.5B-Instruct, model_max_length: 8192, torch_dtype_str: bfloat16}
data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}
training:
  trainer_type: TRL_SFT
  use_peft: true
  per_device_train_batch_size: 4
  learning_rate: 3.0e-04
"""


def test_a_run_that_does_not_fit_at_full_length_is_edited_and_its_rows_are_told() -> None:
    outcome = planned(LONG, learning_rate=1e-4)
    assert outcome.status == "does_not_fit"
    assert outcome.files[0].yaml == LONG.replace("3.0e-04", "0.0001")
    (told,) = [f for f in outcome.findings if f.rule == "MEM008"]
    assert told.severity == "warning"
    assert "rows of yahma/alpaca-cleaned have 180 tokens on average" in told.message
    assert "of the full 8,192" in told.message


def test_nothing_is_told_of_rows_where_they_fit_or_shorter_ones_would_not() -> None:
    assert not [f for f in planned(LONG, "B200", sequence_length=1024).findings if f.rule == "MEM008"]
    large = LONG.replace("Qwen/Qwen2.5-1.5B-Instruct", "meta-llama/Llama-3.1-70B-Instruct")
    assert [f.severity for f in planned(large, learning_rate=1e-4).findings if f.rule == "MEM008"] == ["info"]


def test_rows_of_grpo_end_with_their_completions() -> None:
    outcome = planned(GRPO.replace("2048", "32768").replace("batch_size: 2", "batch_size: 8"), "RTX3090")
    assert outcome.status == "does_not_fit"
    (told,) = [f for f in outcome.findings if f.rule == "MEM008"]
    assert "at most 256 tokens of completion; the verdict is for rows of the full 32,768" in told.message
    assert told.severity == "warning"
