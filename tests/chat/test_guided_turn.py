"""What a guided setup brings back is one turn of the conversation."""

from __future__ import annotations

import pytest
from talking import Talk

from assistant.chat.guiding import setup_of
from assistant.chat.state import Guided, State
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.wizard.state import MORE
from assistant.wizard.step import begin


def test_it_is_taken_back_by_one_undo(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    talk.say("lora qwen3 8b on 2 A100s")
    before = talk.state
    capsys.readouterr()
    changed = before.intent.model_copy(update={"gpu": None, "gpu_count": None, "lora_rank": 64, "seed": 3})
    talk.talk.take(Guided(intent=changed, gpus="H100"))
    shown = capsys.readouterr().out
    assert "1 × H100" in shown
    assert "16 → 64" in shown
    assert talk.state.gpus == "H100"
    assert not any(note.field in ("gpu", "gpu_count") for note in talk.state.notes)
    talk.say("/undo")
    assert (talk.state.intent, talk.state.gpus) == (before.intent, before.gpus)


def test_what_cannot_be_planned_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    talk.say("lora qwen3 8b on 2 A100s")
    before = talk.state
    talk.talk.take(Guided(intent=before.intent.model_copy(update={"overrides": {"training.nope": 1}}), gpus=None))
    assert "training.nope" in capsys.readouterr().err
    assert talk.state.intent == before.intent


def test_what_was_said_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    talk.say("qlora qwen3 8b on 2 A100s with yahma/alpaca-cleaned")
    state, _ = begin(setup_of(talk.state, ""))
    assert state.at == MORE
    assert setup_of(talk.state, "eval").said.intent.task == "evaluate"


def test_a_kind_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="none of the choices"):
        setup_of(State(intent=Intent(task="train", model="qwen3-8b")), "nonsense")


def test_nobody_is_asked_where_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "on a terminal" in Talk(capsys).say("/create")
