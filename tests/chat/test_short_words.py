"""Short lines of a conversation that lean on what was just shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pty_talk import run_plain
from talking import Talk

OFFER = "what about 5 epochs on an H100 with rank 64?"


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    one = Talk(capsys)
    one.say("lora qwen3 8b on an A100, 3 epochs")
    return one


@pytest.mark.parametrize(
    ("line", "path", "value"),
    [
        ("no warmup", "training.warmup_ratio", 0.0),
        ("without warm-up please", "training.warmup_ratio", 0.0),
        ("warmup 0", "training.warmup_ratio", 0.0),
        ("no weight decay", "training.weight_decay", 0.0),
        ("no dropout", "peft.lora_dropout", 0.0),
        ("warmup 10", "training.warmup_steps", 10),
    ],
)
def test_what_is_off_is_nought(line: str, path: str, value: float, talk: Talk) -> None:
    talk.say(line)
    assert talk.state.intent.overrides == {path: value}
    assert talk.state.config is not None
    section, name = path.split(".")
    assert yaml.safe_load(talk.state.config.files[0].yaml)[section][name] == value


def test_no_warm_up_is_none_whichever_way_it_is_said(talk: Talk) -> None:
    talk.say("/set training.warmup_steps=0")
    assert talk.state.config is not None
    assert "warmup_ratio" not in yaml.safe_load(talk.state.config.files[0].yaml)["training"]  # it would win
    talk.say("no warmup", "warmup 10")
    assert "warmup_ratio" not in (talk.state.intent.overrides or {})


@pytest.mark.parametrize("line", ["not 32, 16", "not 32 but 16", "no, not 32, make it 16"])
def test_the_number_after_the_one_denied_is_meant(line: str, talk: Talk) -> None:
    talk.say("batch 32", line)
    assert talk.state.intent.global_batch_size == 16
    assert "32" not in "".join(str(note.value) for note in talk.state.notes)


@pytest.mark.parametrize("line", ["yes, only the epochs", "only the epochs", "just the epochs please", "the epochs only", "take only the epochs"])
def test_a_part_of_an_offer_is_taken_with_and_without_a_yes(line: str, talk: Talk) -> None:
    talk.say(OFFER, line)
    said = talk.state.intent
    assert (said.epochs, said.gpu, said.lora_rank) == (5, "A100", None)


@pytest.mark.parametrize("line", ["everything but the rank", "all except the rank", "yes, but keep the rank"])
def test_all_but_a_part_is_taken(line: str, talk: Talk) -> None:
    talk.say(OFFER, line)
    said = talk.state.intent
    assert (said.epochs, said.gpu, said.lora_rank) == (5, "H100", None)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("is that faster?", "No, slower"),
        ("would that be slower?", "Yes, slower"),
        ("is it cheaper?", "Yes, cheaper"),
        ("and is it more expensive", "No, cheaper"),
        ("does that use less memory?", "Yes, less memory"),
        ("faster?", "No, slower"),
    ],
)
def test_an_offer_is_held_against_what_stands(asked: str, told: str, talk: Talk) -> None:
    talk.say("what about a 4090?")
    answer = talk.say(asked)
    assert told in answer
    assert "instead of" in answer
    assert "[keep] / switch" in answer
    talk.say("yes")
    assert talk.state.intent.gpu == "RTX4090"
    assert told in talk.say(asked)  # what was taken, against what stood before
    assert "Nothing is changed yet" not in talk.say(asked)


def test_nothing_to_compare_with_is_no_answer_of_that_kind(talk: Talk) -> None:
    assert "instead of $" in talk.say("is it cheaper?")  # a search for a cheaper machine, as before


def test_the_batch_and_fields_of_a_training_are_none_of_its_evaluation(talk: Talk) -> None:
    talk.say("batch 64", "no warmup")
    shown = talk.say("now evaluate it")
    assert "another kind of config" not in shown
    assert "batch_size: 64" not in shown
    assert talk.state.config is not None
    assert talk.state.intent.global_batch_size == 64  # the training gets it back
    assert "warmup_steps: 7" in talk.say("training.warmup_steps=7")  # a field that its training alone has changes that


def test_a_machine_that_does_not_fit_is_not_said_to(tmp_path: Path) -> None:
    done = run_plain(tmp_path, "--offline", "--script", "-", stdin="full finetune llama 3.1 405b\nwhat are you assuming?\nlora qwen3 8b\nwhat are you assuming?\n")
    large, small = done.stdout.partition("> lora")[0] + done.stderr.partition("> lora")[0], done.stdout
    assert "no usual machine fits" in " ".join(large.split())
    assert "smallest usual machine that fits" in " ".join(small.split())


def test_what_is_assumed_of_an_evaluation_is_told(talk: Talk) -> None:
    assert "benchmarks mmlu (none was said" in talk.say("evaluate it", "what are you assuming?")


def test_a_question_with_one_noun_is_about_it(talk: Talk) -> None:
    assert "The learning rate is 0.0003" in talk.say("not sure about the learning rate, what do you think?")
    assert talk.state.intent.learning_rate is None
