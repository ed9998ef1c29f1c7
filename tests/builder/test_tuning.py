"""Requests for a search: bounds around the training that is planned, rows held back, one GPU, and what Oumi's search cannot do."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.core.datafacts import DataFacts
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.reader import read

CHATS = DataFacts(path="a.jsonl", container="jsonl", rows=2000, rows_read=2000, form="messages", first_form="messages", columns=("messages",), roles=("assistant", "user"), mean_turns=2.0)
ALPACA = DataFacts(path="a.jsonl", container="jsonl", rows=2000, rows_read=2000, form="alpaca", first_form="alpaca", columns=("instruction", "input", "output"))


def ask(words: str, machine: str = "A100", facts: DataFacts | None = None) -> Outcome:
    reading = read(words)
    examine = (lambda *_: facts) if facts else None
    return respond(reading.intent, machine=parse_machine(machine), notes=reading.notes, conflicts=reading.questions, unread=reading.unread, request=words, examine=examine)


def body(outcome: Outcome) -> dict[str, Any]:
    assert outcome.status == "ok", outcome
    loaded: dict[str, Any] = yaml.safe_load(outcome.files[0].yaml)
    return loaded


def test_adapters_are_searched_around_what_one_training_would_take() -> None:
    tuning = body(ask("hyperparameter search for lora on qwen3 0.6b"))["tuning"]
    assert tuning["tunable_training_params"] == {"learning_rate": {"type": "loguniform", "low": 6.0e-05, "high": 0.0015}}
    assert tuning["tunable_peft_params"] == {"lora_r": {"type": "categorical", "choices": [8, 16, 32]}}
    assert tuning["fixed_training_params"]["use_peft"] is True
    assert tuning["fixed_peft_params"]["lora_alpha"] == 32
    assert "lora_r" not in tuning["fixed_peft_params"]


def test_the_whole_model_is_searched_without_fields_of_adapters_and_not_saved_each_time() -> None:
    tuning = body(ask("hyperparameter search for full finetuning of smollm2 135m"))["tuning"]
    assert set(tuning["tunable_training_params"]) == {"learning_rate", "weight_decay"}
    assert "tunable_peft_params" not in tuning
    assert not {"learning_rate", "weight_decay"} & set(tuning["fixed_training_params"])
    assert tuning["fixed_training_params"]["save_final_model"] is False


@pytest.mark.parametrize(
    ("words", "training", "peft"),
    [
        ("sweep lr between 1e-5 and 1e-3", {"learning_rate": {"type": "loguniform", "low": 1e-5, "high": 1e-3}}, {}),
        ("sweep ranks 8, 16 and 64", {}, {"lora_r": {"type": "categorical", "choices": [8, 16, 64]}}),
        ("sweep the learning rate from 1e-5 to 1e-4 and the rank", {"learning_rate": {"type": "loguniform", "low": 1e-5, "high": 1e-4}}, {"lora_r": {"type": "categorical", "choices": [8, 16, 32]}}),
        ("sweep the weight decay", {"weight_decay": {"type": "uniform", "low": 0.0, "high": 0.1}}, {}),
        ("sweep rank from 4 to 64", {}, {"lora_r": {"type": "int", "low": 4, "high": 64}}),
    ],
)
def test_words_choose_what_is_searched_and_its_bounds(words: str, training: dict[str, Any], peft: dict[str, Any]) -> None:
    tuning = body(ask(f"hyperparameter search for lora on qwen3 0.6b: {words}"))["tuning"]
    assert tuning.get("tunable_training_params", {}) == training
    assert tuning.get("tunable_peft_params", {}) == peft


def test_a_value_that_was_said_is_not_searched() -> None:
    tuning = body(ask("hyperparameter search for lora on qwen3 0.6b with lr 1e-4"))["tuning"]
    assert "tunable_training_params" not in tuning
    assert tuning["fixed_training_params"]["learning_rate"] == 1e-4
    both = body(ask("hyperparameter search for lora on qwen3 0.6b with lr 1e-4 and rank 8"))["tuning"]
    assert set(both["tunable_training_params"]) == {"warmup_ratio", "weight_decay"}


def test_memory_holds_the_largest_rank_that_a_trial_may_draw() -> None:
    small, large = (ask(f"hyperparameter search for lora on qwen3 0.6b: sweep ranks {ranks}").task_plan for ranks in ("4, 8", "8, 512"))
    assert small is not None
    assert large is not None
    assert small.memory is not None
    assert large.memory is not None
    assert small.memory.parts["optimizer"] * 50 < large.memory.parts["optimizer"]


def test_the_last_rows_are_held_back_and_no_trial_trains_on_them() -> None:
    made = body(ask("hyperparameter search for lora on qwen3 0.6b on alpaca"))["data"]
    assert made["train"]["datasets"][0]["split"] == "train[:98%]"
    assert made["validation"]["datasets"][0]["split"] == "train[98%:]"


def test_a_local_file_of_chats_is_split_and_another_one_asks_for_a_second_file() -> None:
    made = body(ask("hyperparameter search for lora on qwen3 0.6b on a.jsonl", facts=CHATS))["data"]
    assert made["train"]["datasets"] == [{"dataset_name": "json", "split": "train[:90%]", "dataset_kwargs": {"data_files": "a.jsonl"}}]
    assert made["validation"]["datasets"][0]["split"] == "train[90%:]"
    asked = ask("hyperparameter search for lora on qwen3 0.6b on a.jsonl", facts=ALPACA)
    assert asked.status == "needs_input"
    assert asked.questions[0].field == "validation"
    said = body(ask("hyperparameter search for lora on qwen3 0.6b on a.jsonl, validate on val.jsonl", facts=ALPACA))["data"]
    assert said["train"]["datasets"] == [{"dataset_name": "text_sft_jsonl", "dataset_path": "a.jsonl"}]
    assert said["validation"]["datasets"] == [{"dataset_name": "text_sft_jsonl", "dataset_path": "val.jsonl"}]


def test_trials_are_as_said_as_many_as_the_time_allows_or_ten() -> None:
    assert body(ask("hp search for smollm2 360m, 15 trials"))["tuning"]["n_trials"] == 15
    assert body(ask("hp search for smollm2 360m"))["tuning"]["n_trials"] == 10
    timed = ask("lora hyperparameter search for smollm2 360m on alpaca within 5 hours")
    plan = timed.task_plan
    assert plan is not None
    assert plan.training is not None
    assert plan.training.time is not None
    assert plan.training.time.hours is not None
    assert body(timed)["tuning"]["n_trials"] == int(5 / plan.training.time.hours) >= 1
    with pytest.raises(UsageError, match="at least one"):
        respond(Intent(task="tune", model="Qwen/Qwen3-0.6B", overrides={"tuning.n_trials": 0}), machine=parse_machine("A100"))


def test_a_machine_of_several_gpus_gives_one_to_a_search() -> None:
    outcome = ask("hyperparameter search for lora on qwen3 0.6b", "4xA100")
    assert outcome.commands == ("env CUDA_VISIBLE_DEVICES=0 oumi tune -c tune.yaml",)
    assert "TUN001" in [finding.rule for finding in outcome.findings]
    assert outcome.hardware is not None
    assert outcome.hardware.world == 1
    assert ask("hyperparameter search for lora on qwen3 0.6b", "A100").commands == ("oumi tune -c tune.yaml",)


def test_a_plan_that_needs_sharding_does_not_fit_a_search_and_adapters_are_offered() -> None:
    outcome = ask("hyperparameter search for full finetuning of llama 3.1 8b", "2xA100")
    assert outcome.status == "does_not_fit"
    assert "LoRA" in [way.change for way in outcome.ways_out]
    again = read(outcome.ways_out[0].request).intent
    assert (again.task, again.method) == ("tune", "lora")


@pytest.mark.parametrize(
    ("words", "reference"),
    [
        ("hyperparameter search for lora on qwen3 0.6b, fsdp.enable_fsdp=true", "tune-sharding"),
        ("hyperparameter search for lora on qwen3 0.6b, training.grpo.temperature=0.5", "tune-field"),
        ("hyperparameter search for lora on qwen3 0.6b, peft.peft_save_mode=MERGED", "tune-field"),
        ("hyperparameter search for full finetuning of qwen3 0.6b: sweep ranks 8, 16", "tune-adapters"),
    ],
)
def test_what_a_search_cannot_do_is_refused(words: str, reference: str) -> None:
    with pytest.raises(UsageError) as problem:
        ask(words)
    assert problem.value.reference == reference
    assert problem.value.hint


def test_another_objective_is_refused() -> None:
    with pytest.raises(UsageError) as problem:
        respond(Intent(task="tune", model="Qwen/Qwen3-0.6B", objective="dpo"), machine=parse_machine("A100"))
    assert problem.value.reference == "tune-objective"


def test_mixed_precision_is_written_as_oumi_compares_it() -> None:
    tuning = body(ask("hyperparameter search for full finetuning of smollm2 135m", "T4"))["tuning"]
    assert tuning["fixed_training_params"]["mixed_precision_dtype"] == "fp16"


def test_a_training_field_is_fixed_in_every_trial_and_oumis_own_are_left_out() -> None:
    fixed = body(ask("hyperparameter search for lora on qwen3 0.6b, training.warmup_steps=7, save to out/s"))["tuning"]["fixed_training_params"]
    assert fixed["warmup_steps"] == 7
    assert "warmup_ratio" not in fixed
    assert not {"trainer_type", "output_dir", "run_name"} & set(fixed)


def test_specs_set_by_hand_stand_alone_and_must_be_whole() -> None:
    spec = {"type": "categorical", "choices": ["linear", "cosine"]}
    intent = Intent(task="tune", model="Qwen/Qwen3-0.6B", overrides={"tuning.tunable_training_params.lr_scheduler_type": spec})
    tuning = body(respond(intent, machine=parse_machine("A100")))["tuning"]
    assert tuning["tunable_training_params"] == {"lr_scheduler_type": spec}
    assert "lr_scheduler_type" not in tuning["fixed_training_params"]
    for wrong in ({"type": "loguniform", "low": 1}, {"choices": [1]}, [1, 2], {"type": "grid", "low": 1, "high": 2}):
        with pytest.raises(UsageError) as problem:
            respond(intent.model_copy(update={"overrides": {"tuning.tunable_training_params.learning_rate": wrong}}), machine=parse_machine("A100"))
        assert problem.value.reference == "tune-spec"


def test_the_study_is_kept_where_its_path_is_plain() -> None:
    assert body(ask("hp search for smollm2 360m, save to out/s"))["tuning"]["storage"] == "sqlite:///out/s/study.db"
    odd = Intent(task="tune", model="Qwen/Qwen3-0.6B", output_dir="out/a?b#c")
    assert "storage" not in body(respond(odd, machine=parse_machine("A100")))["tuning"]
