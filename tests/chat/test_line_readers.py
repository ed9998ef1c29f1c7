"""The readers of one line, each by itself: what it takes, and lines that look like it and are not."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.builder import respond
from assistant.chat.context import Context
from assistant.chat.merging import changed_keys, merged, without
from assistant.chat.references import bare_number, references
from assistant.chat.relative import count_of, factor_of, relative
from assistant.chat.removal import removal
from assistant.chat.talk import agreement, asks_cheaper, command_in, is_question, refusal, reset_in, small_talk, what_if
from assistant.core.intent import Intent

SAID = Intent(
    task="train", model="meta-llama/Llama-3.1-8B-Instruct", method="lora", gpu="A100", gpu_count=2, learning_rate=2e-4, epochs=4,
    sequence_length=4096, lora_rank=16, lora_alpha=32, max_dollars=50, dataset="rows.jsonl", seed=7,
)  # fmt: skip
CONTEXT = Context(intent=SAID, plan=respond(SAID).plan)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("double the context", {"sequence_length": 8192}),
        ("half the learning rate", {"learning_rate": 1e-4}),
        ("cut the rank to a quarter", {"lora_rank": 4}),
        ("one more epoch", {"epochs": 5}),
        ("triple the epochs", {"epochs": 12}),
        ("twice as many gpus", {"gpu_count": 4}),
        ("10x lower learning rate", {"learning_rate": 2e-5}),
        ("quadruple the context", {"sequence_length": 16384}),
        ("two fewer epochs", {"epochs": 2}),
    ],
)
def test_a_change_against_what_stands(line: str, values: dict[str, Any]) -> None:
    found = relative(line, CONTEXT).values
    assert {key: pytest.approx(value) for key, value in values.items()} == {key: found.get(key) for key in values}


@pytest.mark.parametrize(
    "line",
    [
        "what does double descent mean?", "a half finished file", "use the second dataset", "rank 64", "lr 2e-4", "epochs 3", "context 8k", "llama 3.1 8b on 4 A100s",
        "data half.jsonl", "save to out/double", "thanks a lot", "the run was twice interrupted", "one question", "more about fsdp please",
    ],
)  # fmt: skip
def test_what_is_no_relative_change(line: str) -> None:
    assert relative(line, CONTEXT).values == {}


def test_a_relative_change_of_what_does_not_stand_is_named() -> None:
    found = relative("double the warmup steps", Context(intent=Intent(task="train")))
    assert found.values == {}


@pytest.mark.parametrize(("words", "factor"), [("double", 2), ("twice", 2), ("triple", 3), ("half", 0.5), ("a quarter", 0.25), ("banana", None), ("", None)])
def test_factors_in_words(words: str, factor: float | None) -> None:
    assert factor_of(words) == factor


@pytest.mark.parametrize(("words", "count"), [("two", 2), ("3", 3), ("one", 1), ("several", None), ("x", None)])
def test_counts_in_words(words: str, count: float | None) -> None:
    assert count_of(words) == count


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("forget the budget", {"max_dollars"}),
        ("drop the seed", {"seed"}),
        ("never mind the learning rate", {"learning_rate"}),
        ("remove the dataset", {"dataset"}),
        ("no budget limit anymore", {"max_dollars"}),
    ],
)
def test_what_is_taken_back(line: str, keys: set[str]) -> None:
    assert keys <= removal(line, CONTEXT).keys


@pytest.mark.parametrize(
    "line",
    [
        "rank 64", "don't stop", "lr 1e-5", "the budget is $80", "use another dataset: b.jsonl", "set the seed to 3",
        "I forgot to say: 2 epochs", "drop me a line", "never mind", "remove",
    ],
)  # fmt: skip
def test_what_takes_nothing_back(line: str) -> None:
    assert removal(line, CONTEXT).keys == frozenset()


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("80GB ones", {"gpu": "A100-80GB"}),
        ("the 80 gb ones", {"gpu": "A100-80GB"}),
    ],
)
def test_what_points_back(line: str, values: dict[str, Any]) -> None:
    found = references(line, CONTEXT).values
    assert {key: found.get(key) for key in values} == values


@pytest.mark.parametrize("line", ["80 GB of disk", "rank 64", "the weather", "lr 1e-5", "it has 80 gb of ram", "what is an A100?", "batch 32"])
def test_what_points_nowhere(line: str) -> None:
    assert references(line, CONTEXT).values == {}


@pytest.mark.parametrize(("text", "number"), [("64", 64), ("2e-4", 2e-4), ("16k", 16000), ("make it 3", 3), ("a", None), ("64 and 3", None), ("v2", None), ("", None)])
def test_a_number_alone(text: str, number: float | None) -> None:
    assert bare_number(text) == number


def test_merging_keeps_what_was_not_said_again() -> None:
    after = merged(SAID, Intent(lora_rank=64))
    assert (after.lora_rank, after.epochs, after.model) == (64, 4, SAID.model)
    assert changed_keys(SAID, after) == ("lora_rank",)


def test_merging_replaces_what_excludes_the_other() -> None:
    assert merged(SAID, Intent(max_steps=100)).epochs is None
    assert merged(merged(SAID, Intent(max_steps=100)), Intent(epochs=2)).max_steps is None
    assert merged(SAID, Intent(gpu="H100")).gpu == "H100"


def test_overrides_are_merged_path_by_path() -> None:
    first = Intent(overrides={"training.warmup_steps": 5, "training.weight_decay": 0.1})
    assert merged(first, Intent(overrides={"training.warmup_steps": 9})).overrides == {"training.warmup_steps": 9, "training.weight_decay": 0.1}
    assert without(first, frozenset(), frozenset({"training.warmup_steps"})).overrides == {"training.weight_decay": 0.1}


@pytest.mark.parametrize(("line", "command"), [("/help", "/help"), ("/set a=b", "/set a=b"), ("undo", "/undo"), ("quit", "/quit")])
def test_commands(line: str, command: str) -> None:
    assert command_in(line) == command


@pytest.mark.parametrize("line", ["undo the context thing", "help me train a model", "save to out/x", "show of hands", "./data/x.jsonl", "and/or", "quit smoking data"])
def test_what_is_no_command(line: str) -> None:
    assert command_in(line) is None


@pytest.mark.parametrize("line", ["what about qlora?", "and on a 4090?", "how about 2 epochs?", "what if I use 4 gpus?"])
def test_what_ifs(line: str) -> None:
    assert what_if(line) is not None


@pytest.mark.parametrize("line", ["use qlora", "on a 4090", "2 epochs", "what is qlora?", "lora llama 3.1 8b"])
def test_what_is_no_what_if(line: str) -> None:
    assert what_if(line) is None


@pytest.mark.parametrize("line", ["is a 4090 enough?", "why ddp?", "how long will it take?", "does it fit?"])
def test_questions(line: str) -> None:
    assert is_question(line)


@pytest.mark.parametrize("line", ["use a 4090", "lora llama 3.1 8b", "rank 64 please", "make it 2 epochs"])
def test_what_asks_nothing(line: str) -> None:
    assert not is_question(line)


def test_yes_and_no() -> None:
    assert agreement("yes") == ""
    assert agreement("yes, but rank 64") is not None
    assert agreement("yesterday's data") is None
    assert refusal("no") == ""
    assert refusal("nothing else") is None
    assert refusal("node count 2") is None


def test_the_rest_of_small_talk() -> None:
    assert small_talk("thanks!", has_config=True)
    assert small_talk("lora llama 3.1 8b", has_config=False) is None
    assert reset_in("start over") == ""
    assert reset_in("start training over the weekend") is None
    assert asks_cheaper("make it cheaper")
    assert not asks_cheaper("use the cheap dataset")


def test_which_model_is_better_is_no_what_if() -> None:
    from assistant.builder.prose_answers import answer
    from assistant.reader.asking import question_in

    asking = question_in("is llama better than qwen?")
    assert asking is not None
    assert asking.topic == "better"
    assert "not known here" in answer(asking, respond(SAID))
    assert question_in("is it better than nothing?") is None
