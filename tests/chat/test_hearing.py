"""One line of a conversation as a change of the intent: what it sets, takes back, asks, and leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from said import CONTEXT, EMPTY, EVALUATION, SAID

from assistant.chat.context import Context
from assistant.chat.hearing import Change, heard
from assistant.core.errors import UsageError
from assistant.core.intent import Intent


def said(line: str, context: Context = CONTEXT) -> dict[str, Any]:
    return {key: value for key, value in heard(line, context).said.model_dump().items() if value is not None}


QLORA = Context(intent=SAID.model_copy(update={"method": "qlora"}))


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("lora rank 24", {"lora_rank": 24}),
        ("set the lora rank to 24", {"lora_rank": 24}),
        ("lora alpha 64, lora dropout 0.1", {"lora_alpha": 64, "overrides": {"peft.lora_dropout": 0.1}}),
        ("dropout 0.1", {"overrides": {"peft.lora_dropout": 0.1}}),
        ("peft.lora_r=32", {"lora_rank": 32}),
        ("peft.q_lora=false", {"method": "lora"}),
        ("lora instead", {"method": "lora"}),
        ("lora with lora rank 24", {"method": "lora", "lora_rank": 24}),
    ],
)
def test_adapters_of_qlora_are_named_as_loras(line: str, values: dict[str, Any]) -> None:
    assert {key: value for key, value in said(line, QLORA).items() if key != "task"} == values


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("rank 64", {"lora_rank": 64}),
        ("double the context, rank 64 and 2 epochs", {"sequence_length": 8192, "lora_rank": 64, "epochs": 2}),
        ("keep it under 8 hours", {"max_hours": 8}),
        ("reset the seed to 3", {"seed": 3}),
        ("80", {"epochs": 80}),
        ("16k", {"sequence_length": 16384}),
        ("4 bit", {"method": "qlora"}),
        ("as fast as possible", {"priority": "speed"}),
        ("make it faster", {"priority": "speed"}),
        ("a frugal memory setup", {"priority": "memory"}),
        ("better quality please", {"priority": "quality"}),
        ("the 70b", {"model": "meta-llama/Llama-3.1-70B-Instruct"}),
        ("not the 8b, the 70b", {"model": "meta-llama/Llama-3.1-70B-Instruct"}),
        ("go with the 70b", {"model": "meta-llama/Llama-3.1-70B-Instruct"}),
        ("the base one", {"model": "meta-llama/Llama-3.1-8B"}),
        ("80GB ones, 4 of them", {"gpu": "A100-80GB", "gpu_count": 4}),
        ("bf16 not fp16", {"precision": "bf16"}),
        ("no fsdp", {"sharding": "ddp"}),
        ("weight decay 0.05", {"overrides": {"training.weight_decay": 0.05}}),
    ],
)
def test_what_a_line_sets(line: str, values: dict[str, Any]) -> None:
    assert said(line) == values


@pytest.mark.parametrize(
    "line",
    [
        "I like the color blue", "", "?", "...", "hm", "the weather is nice", "what do you mean", "a 70b teacher", "not the 8b", "one more thing", "the third gpu is broken",
        "don't forget the seed", "the last epoch is bad",
    ],
)  # fmt: skip
def test_what_changes_nothing(line: str) -> None:
    change = heard(line, CONTEXT)
    assert {k: v for k, v in change.said.model_dump().items() if v is not None and k != "objective"} in ({}, {"task": "train"})
    assert (change.gone, change.paths) == (frozenset(), frozenset())


def test_what_is_taken_back_and_set_in_one_line() -> None:
    change = heard("forget the budget and the seed, rank 64", CONTEXT)
    assert change.gone == {"max_dollars", "seed"}
    assert change.applied(SAID) == SAID.model_copy(update={"max_dollars": None, "seed": None, "lora_rank": 64})


@pytest.mark.parametrize(("line", "conditional"), [("rank 64 if needed", True), ("qlora if it doesn't fit", True), ("rank 64", False), ("if in doubt rank 64", False)])
def test_a_change_under_a_condition(line: str, conditional: bool) -> None:
    assert heard(line, CONTEXT).conditional is conditional


@pytest.mark.parametrize(
    ("line", "words"),
    [("cut epochs by 5", "number of epochs is 4 now, and this would leave -1"), ("two fewer gpus, rank 64", "gpu count is 2 now, and this would leave 0")],
)
def test_a_change_below_one_says_what_is_wrong_and_changes_nothing(line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as problem:
        heard(line, CONTEXT)
    assert "Nothing is changed" in problem.value.message
    assert problem.value.hint


def test_a_refused_value_beside_others_says_what_was_taken() -> None:
    change = heard("rank 99999999, 2 epochs", CONTEXT)
    assert [question.field for question in change.conflicts] == ["lora_rank"]
    assert change.conflicts[0].text.endswith("The rest of the line is taken: epochs 2.")
    alone = heard("rank 99999999", CONTEXT)
    assert "rest of the line" not in alone.conflicts[0].text
    assert "rest of the line" not in heard("lora llama 3.1 8b rank 99999999", EMPTY).conflicts[0].text


def test_a_method_that_is_denied_is_asked() -> None:
    change = heard("no lora", CONTEXT)
    assert change.said.method is None
    assert [question.choices for question in change.conflicts] == [("full fine-tuning", "QLoRA")]


def test_a_relative_change_of_what_was_not_said_is_missing() -> None:
    assert heard("double the epochs", EMPTY).missing == ("epochs",)
    assert heard("500 more steps", CONTEXT).missing == ("max_steps",)


@pytest.mark.parametrize(
    ("line", "benchmarks"),
    [
        ("add hellaswag", ["mmlu", "gsm8k", "hellaswag"]),
        ("only hellaswag", ["hellaswag"]),
        ("hellaswag instead", ["hellaswag"]),
        ("drop mmlu", ["gsm8k"]),
        ("swap mmlu for hellaswag", ["gsm8k", "hellaswag"]),
        ("drop mmlu, add hellaswag", ["gsm8k", "hellaswag"]),
    ],
)
def test_benchmarks_against_those_that_stand(line: str, benchmarks: list[str]) -> None:
    assert said(line, EVALUATION)["benchmarks"] == benchmarks


def test_samples_of_an_evaluation() -> None:
    assert said("only 50 samples", EVALUATION)["limit"] == 50
    assert "limit" not in said("only 50 samples", CONTEXT)


@pytest.mark.parametrize("line", ["evaluate it on mmlu", "and serve it with vllm", "quantize it to 4 bit"])
def test_after_a_training_the_model_is_what_it_trains(line: str) -> None:
    context = Context(intent=SAID.model_copy(update={"output_dir": "out/mine"}), plan=CONTEXT.plan)
    assert said(line, context)["model"] == "out/mine"


def test_a_slip_of_the_finger_is_put_right() -> None:
    assert said("doubel the contxet") == {"sequence_length": 8192}
    assert said("epohcs 2") == {"epochs": 2}


def test_a_change_that_says_nothing_is_empty() -> None:
    assert Change().is_empty
    assert heard("", CONTEXT).is_empty
    assert not Change(said=Intent(seed=1)).is_empty
    assert not Change(gone=frozenset({"seed"})).is_empty


@pytest.mark.parametrize(
    ("line", "epochs"),
    [("half an epoch", 0.5), ("train for half an epoch", 0.5), ("half epoch", 0.5), ("one and a half epochs", 1.5), ("2 and a half epochs", 2.5), ("an epoch and a half", 1.5), ("half the epochs", 2)],
)
def test_a_part_of_an_epoch_is_a_number_and_no_half_of_what_stands(line: str, epochs: float) -> None:
    change = heard(line, CONTEXT)
    assert (change.said.epochs, change.unread) == (epochs, ())


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("1e-4 no wait 2e-4 actually half of that", "learning_rate", 1e-4),
        ("lr 1e-4 no wait 2e-4 actually half of that", "learning_rate", 1e-4),
        ("rank 64, hmm, half of that", "lora_rank", 32),
        ("export AWS_PROFILE=x and rank 8", "lora_rank", 8),
    ],
)
def test_figures_of_one_line_are_reckoned_with_each_other(line: str, key: str, value: float) -> None:
    values = {name: one for name, one in said(line).items() if name != "task"}
    assert values == {key: pytest.approx(value)}
    assert heard(line, CONTEXT).conflicts == ()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_full_with_lora_is_asked_whichever_stands(method: str) -> None:
    context = Context(intent=SAID.model_copy(update={"method": method}))
    change = heard("full but with lora", context)
    assert "method" not in change.said.model_dump(exclude_none=True)
    assert [question.choices for question in change.conflicts] == [("LoRA", "full fine-tuning")]


@pytest.mark.parametrize("line", ["on 2 H100-80GB", "2 H100 80GB please", "use H100-80GB instead"])
def test_the_memory_of_another_gpu_is_not_that_of_the_one_in_talk(line: str) -> None:
    context = Context(intent=SAID.model_copy(update={"gpu": "A100-80GB", "gpu_count": 1}))
    assert said(line, context)["gpu"] == "H100"
