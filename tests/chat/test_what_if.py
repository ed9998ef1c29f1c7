"""What is only asked about: what it would change is shown, and nothing is taken before a yes."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import Talk

TRAIN = "lora llama 3.1 8b on an A100-80GB"
SERVE = "serve llama 3.1 8b with vllm on an A100"
SAME = "That would be the same plan."


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    return Talk(capsys)


@pytest.mark.parametrize(
    ("request_", "asked", "shown", "taken"),
    [
        (TRAIN, "and on an H100?", ("1 × A100 80 GB → 1 × H100 80 GB", "Time  ", "Cost  "), {"gpu": "H100"}),
        (TRAIN, "does it cost more on gcp?", ("on gcp", "Cost  ", "train.yaml → train.yaml, job.yaml", "an hour"), {"cloud": "gcp"}),
        (SERVE, "what about on a 4090?", ("RTX 4090", "usable 21.2"), {"gpu": "RTX4090"}),
        (SERVE, "what about 4 of them", ("4 × A100 40 GB", "upper bound 17.6 → 6.1"), {"gpu_count": 4}),
    ],
)
def test_another_machine_is_another_plan_even_where_the_config_is_the_same(talk: Talk, request_: str, asked: str, shown: tuple[str, ...], taken: dict[str, object]) -> None:
    told = talk.say(request_, asked)
    assert SAME not in told
    for words in (*shown, "Switch to that?"):
        assert words in told
    talk.say("switch")
    now = talk.state.intent.model_dump()
    assert {key: now[key] for key in taken} == taken


@pytest.mark.parametrize(
    ("request_", "asked"),
    [(TRAIN, "what about an A100-80GB?"), (TRAIN, "what about 1 epoch?"), (TRAIN, "what about rank 16?"), (SERVE, "what about an A100?")],
)
def test_what_is_said_of_what_is_planned_already_is_the_same(talk: Talk, request_: str, asked: str) -> None:
    """That a value is now said and was assumed before is a comment in the config, and no other plan."""
    told = talk.say(request_, asked)
    assert SAME in told
    assert "Switch to that?" not in told


def test_the_same_plan_with_a_warning_says_the_warning(talk: Talk) -> None:
    told = talk.say(SERVE, "what about on aws?")
    assert SAME in told
    assert "no job file is written" in told


def test_a_what_if_about_another_cloud_shows_its_price(talk: Talk) -> None:
    told = talk.say(TRAIN, "on gcp", "what about on azure?")
    assert "on gcp, price date unknown → about $" in told
    assert "→ Azure" in " ".join(told.split())


WIDE = "what about qlora with rank 64 and 8k context?"


@pytest.mark.parametrize(
    ("asked", "reply", "taken"),
    [
        ("what about 4 GPUs and full?", "yes, the GPUs", {"gpu_count": 4, "method": "lora"}),
        ("what about 4 GPUs and full?", "yes, but keep the gpus", {"gpu_count": 1, "method": "full"}),
        ("what about qlora on 2 H100s?", "sure, just the H100s", {"gpu": "H100", "gpu_count": 2, "method": "lora"}),
        (WIDE, "yes but keep the rank", {"method": "qlora", "sequence_length": 8192, "lora_rank": None}),
        (WIDE, "yes but not the rank and the context", {"method": "qlora", "sequence_length": None, "lora_rank": None}),
        (WIDE, "yes, only the context", {"method": "lora", "sequence_length": 8192, "lora_rank": None}),
        (WIDE, "yes, except the 8k context", {"method": "qlora", "sequence_length": None, "lora_rank": 64}),
        ("what about dropout 0.1 and rank 64?", "yes, the dropout", {"lora_rank": None, "overrides": {"peft.lora_dropout": 0.1}}),
        # the whole, and more
        (WIDE, "yes", {"method": "qlora", "sequence_length": 8192, "lora_rank": 64}),
        (WIDE, "yes please", {"method": "qlora", "sequence_length": 8192, "lora_rank": 64}),
        (WIDE, "yes but rank 32", {"method": "qlora", "sequence_length": 8192, "lora_rank": 32}),
        (WIDE, "yes. 2 epochs", {"method": "qlora", "sequence_length": 8192, "lora_rank": 64, "epochs": 2}),
    ],
)
def test_of_an_offer_only_what_the_yes_names_is_taken(talk: Talk, asked: str, reply: str, taken: dict[str, object]) -> None:
    talk.say(TRAIN, asked, reply)
    now = talk.state.intent.model_dump()
    assert {key: now[key] for key in taken} == taken
    assert talk.state.what_if is None


@pytest.mark.parametrize("reply", ["yes, but the florb", "yes but keep the florb", "yes, except the florb and the rank"])
def test_a_yes_that_is_not_understood_takes_nothing(talk: Talk, reply: str) -> None:
    before = talk.say(TRAIN, WIDE) and talk.state.intent
    assert "Not understood" in talk.say(reply)
    assert talk.state.intent == before
    talk.say("switch")
    assert talk.state.intent.lora_rank == 64


@pytest.mark.parametrize("line", ["what is florb?", "is that florby?"])
def test_a_question_that_is_not_understood_is_no_what_if(talk: Talk, line: str) -> None:
    told = talk.say(SERVE, line)
    assert "Nothing in that is understood" in told
    assert SAME not in told


def test_the_bigger_one_answers_the_question_that_was_put(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = Talk(capsys, follows_up=True)
    assert "40 GB or 80 GB" in talk.say("lora llama 3.1 8b on 2 A100s")
    talk.say("the bigger one")
    assert (talk.state.intent.gpu, talk.state.intent.model) == ("A100-80GB", "meta-llama/Llama-3.1-8B-Instruct")
    without = Talk(capsys)
    without.say("lora llama 3.1 8b on 2 A100s", "the bigger one")  # no question stands: it is about the model
    assert without.state.intent.model == "meta-llama/Llama-3.1-70B-Instruct"


MISFIT = "full finetune on a T4"


def test_a_what_if_after_a_line_that_does_not_fit_is_weighed(talk: Talk) -> None:
    talk.say(TRAIN, MISFIT)
    before = talk.state.intent
    for line in ("what about an A10?", "what about gpt-5?"):
        talk.say(line)
        assert talk.state.intent == before, line
    assert "Switch to that?" in talk.say("what about an H200?")
    assert talk.state.intent == before
    talk.say("switch")
    assert (talk.state.intent.method, talk.state.intent.gpu) == ("full", "H200")


def test_a_what_if_that_leads_back_to_the_plan_from_before_can_be_taken(talk: Talk) -> None:
    talk.say(TRAIN, MISFIT)
    told = talk.say("what about lora on an A100-80GB?")
    assert "the plan from before" in told
    talk.say("switch")
    assert talk.state.intent.method == "lora"
    assert talk.state.outcome is talk.state.config


def test_while_nothing_fits_yet_there_is_nothing_to_keep(talk: Talk) -> None:
    talk.say("full finetune llama 3.1 8b on a T4", "what about qlora?")
    assert talk.state.intent.method == "qlora"
    assert talk.state.config is not None


def test_while_a_question_is_open_a_what_about_answers_it(talk: Talk) -> None:
    assert "Which one is meant" in talk.say(TRAIN, "use frobnicator-9b")
    talk.say("what about qwen3 8b?")
    assert talk.state.intent.model == "Qwen/Qwen3-8B"
    assert talk.state.config is talk.state.outcome


def test_a_what_if_that_leads_nowhere_closes_the_offer_before_it(talk: Talk) -> None:
    talk.say("qlora mistral 7b on a 3090 with alpaca", "what about lr 1e-5?", "what about 64k context?")
    before = talk.state.intent
    assert "No question is open" in talk.say("yes")
    assert talk.state.intent == before


def test_data_of_a_training_is_no_input_of_what_comes_after(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on 1 A100-80GB with tatsu-lab/alpaca")
    assert "not on this machine" not in talk.say("now evaluate it on hellaswag")
    assert "alpaca" not in talk.say("now run inference")
    assert talk.state.config is not None
    assert "input_path" not in talk.state.config.files[0].yaml
    talk.say("back to training")
    assert "tatsu-lab/alpaca" in talk.state.config.files[0].yaml


@pytest.mark.parametrize(("words", "epochs", "rate"), [("all but the epochs", 1, 2e-5), ("yes but keep the learning rate", 3, 3e-4), ("yes, but keep the epochs", 1, 2e-5)])
def test_what_is_kept_of_an_offer_stays_as_it_was_planned(capsys: pytest.CaptureFixture[str], words: str, epochs: float, rate: float) -> None:
    talk = Talk(capsys)
    talk.say("lora llama 3.1 8b on 8 H100s with alpaca")
    talk.say("what about full fine-tuning with 3 epochs?")
    talk.say(words)
    assert talk.state.config is not None
    plan = talk.state.config.plan
    assert plan is not None
    assert (plan.method, plan.epochs, plan.learning_rate) == ("full", epochs, rate)


def test_what_cannot_be_had_is_told_where_the_plan_would_stay(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    shown = " ".join(talk.say("lora qwen3 8b on an A100-80GB", "what about half an epoch?").split())
    assert "Oumi counts whole epochs, and 0.5 were asked for. The plan stays as it is." in shown
    assert talk.state.what_if is None
