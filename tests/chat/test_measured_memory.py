"""What an out-of-memory error showed a run to take is counted from then on, and said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from talking import Talk

from assistant.chat.remember import document_of, state_of
from assistant.chat.state import MendFound

REQUEST = "qlora llama 3.1 8b on a 4090, 4k context"
TRACE = """Traceback (most recent call last):
  File "/usr/lib/python3/site-packages/trl/trainer/sft_trainer.py", line 1100, in training_step
    self.accelerator.backward(loss)
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 23.52 GiB of which 1.10 GiB is free. \
Including non-PyTorch memory, this process has 22.40 GiB memory in use. Of the allocated memory 21.90 GiB is allocated by PyTorch, and \
120.00 MiB is reserved by PyTorch but unallocated."""


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    return Talk(capsys)


def upper(shown: str) -> float:
    """The upper bound that a mending or a change ends with, GiB."""
    found = re.search(r"upper bound (?:[\d.]+ → )?([\d.]+)", shown)
    assert found, shown
    return float(found.group(1))


def test_a_yes_keeps_what_the_error_measured(talk: Talk) -> None:
    talk.say(REQUEST)
    offered = talk.say(TRACE)
    taken = talk.say("yes")
    assert upper(taken) == pytest.approx(upper(offered), abs=0.1)
    assert "memory of a run 1.474: times the estimate" in " ".join(taken.split())
    plan = talk.state.config.plan if talk.state.config else None
    assert plan is not None
    assert plan.model.measured == pytest.approx(1.474, abs=0.01)
    assert upper(talk.say("rank 32")) > upper(taken)
    assert "memory of a run 1.474" in talk.say("/show")


def test_what_ran_out_once_does_not_fit_again(talk: Talk) -> None:
    talk.say(REQUEST, TRACE, "yes")
    refused = " ".join(talk.say("4k context").split())
    assert "Does not fit" in refused
    assert "1.47 times the estimate, as the error that was pasted shows" in refused


def test_it_ends_with_undo_and_with_another_model(talk: Talk) -> None:
    talk.say(REQUEST, TRACE, "yes", "undo")
    assert talk.state.config is not None
    assert talk.state.config.plan is not None
    assert talk.state.config.plan.model.measured == 1
    talk.say(TRACE, "yes", "use qwen3 0.6b instead")
    assert talk.state.config.plan is not None
    assert not any(note.field == "measured_memory" for note in talk.state.notes)


def test_a_no_keeps_the_plan_as_it_is(talk: Talk) -> None:
    talk.say(REQUEST, TRACE, "no")
    assert not any(note.field == "measured_memory" for note in talk.state.notes)


def test_an_evaluation_has_none_of_it_and_the_training_gets_it_back(talk: Talk) -> None:
    talk.say(REQUEST, TRACE, "yes")
    assert "measured" not in talk.say("now evaluate it on mmlu")
    talk.say("back to training")
    assert talk.state.config is not None
    assert talk.state.config.plan is not None
    assert talk.state.config.plan.model.measured > 1.4
    assert state_of(document_of(talk.state)).notes == talk.state.notes


def test_a_second_error_is_counted_on_top(talk: Talk) -> None:
    talk.say(REQUEST, TRACE, "yes")
    talk.say(TRACE)
    assert talk.state.what_if is not None
    (note,) = (note for note in talk.state.what_if.state.notes if note.field == "measured_memory")
    assert note.value > 1.8


def test_where_no_change_mends_it_the_next_plan_counts_it(talk: Talk) -> None:
    talk.say("qlora llama 3.1 8b on a 4090, 512 context, micro batch 1")
    talk.capsys.readouterr()
    talk.talk.take(MendFound(intent=None, measured=4.0))
    assert "/undo drops that" in "".join(talk.capsys.readouterr())
    assert "4.00 times the estimate" in " ".join(talk.say("rank 32").split())
    talk.say("undo", "undo")
    assert "16, 32 → 32, 64" in talk.say("rank 32")


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("", "does not show in which phase"),
        ("    return Variable._execution_engine.run_backward(\n", "in the backward pass"),
    ],
)
def test_the_phase_of_an_abridged_trace_is_told_or_said_to_be_missing(above: str, told: str, talk: Talk) -> None:
    talk.say(REQUEST)
    said = " ".join(talk.say(f"{above}torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB.").split())
    assert told in said
    assert "memory: ;" not in said
    assert "2.5 GiB more were asked for" in said
