"""What is taken back: by `undo` the last change, by `never mind` what hangs in the air and never an older change."""

from __future__ import annotations

import pytest
from talking import Talk

FIRST = "lora qwen3 8b on my data.jsonl on 2 A100s"


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str]) -> Talk:
    return Talk(capsys)


@pytest.mark.parametrize("words", ["never mind", "nvm", "forget it", "ok, never mind that", "nah, forget it", "on second thought, no"])
def test_a_what_if_that_does_not_fit_is_all_that_is_dropped(talk: Talk, words: str) -> None:
    talk.say(FIRST, "rank 32")
    assert "the plan from before stands" in talk.say("what about full on a 4090?")
    shown = talk.say(words)
    assert talk.state.intent.lora_rank == 32
    assert shown.strip() == 'Nothing had changed: the plan stands. /undo takes "rank 32" back.'
    talk.say(words)
    assert talk.state.intent.lora_rank == 32


@pytest.mark.parametrize("between", ["why ddp?", "/show", "/why", "thanks", "flurb the gnarl", "what about rank 32?"])
def test_after_talk_that_changed_nothing_no_change_is_lost(talk: Talk, between: str) -> None:
    talk.say(FIRST, "rank 32", between, "never mind")
    assert talk.state.intent.lora_rank == 32


def test_a_change_that_was_just_made_is_taken_back_and_named(talk: Talk) -> None:
    talk.say(FIRST, "rank 32", "why ddp?")
    shown = talk.say("lr 1e-5", "never mind")
    assert 'Taken back: "lr 1e-5".' in shown
    assert talk.state.intent.learning_rate is None
    assert talk.state.intent.lora_rank == 32
    talk.say("never mind")
    assert talk.state.intent.lora_rank == 32


def test_an_offer_is_dropped_and_the_change_before_it_stays(talk: Talk) -> None:
    talk.say(FIRST, "rank 32", "what about 8k context?")
    assert talk.state.what_if is not None
    talk.say("never mind")
    assert talk.state.what_if is None
    assert talk.state.intent.lora_rank == 32


def test_a_question_that_was_put_is_dropped_and_its_change_stays(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys, follows_up=True)
    talk.say(FIRST)
    assert talk.state.follow_up is not None
    shown = talk.say("never mind")
    assert talk.state.follow_up is None
    assert talk.state.config is not None
    assert "the plan stands" in shown


def test_a_change_that_an_offer_made_is_one_that_was_just_made(talk: Talk) -> None:
    talk.say(FIRST, "what about rank 32?", "yes")
    assert talk.state.intent.lora_rank == 32
    talk.say("never mind")
    assert talk.state.intent.lora_rank is None


def test_undo_goes_back_whatever_was_talked_about_meanwhile(talk: Talk) -> None:
    talk.say(FIRST, "rank 32", "why ddp?", "undo")
    assert talk.state.intent.lora_rank is None


def test_a_reset_before_any_plan_can_be_undone(talk: Talk) -> None:
    talk.say("fine-tune", "start over")
    assert "Which model?" in talk.say("undo")
