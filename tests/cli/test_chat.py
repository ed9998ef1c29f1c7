"""The chat without a terminal: the step, answers to questions, what a line shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.chat.loop import Desk, save_arguments, turn
from assistant.chat.step import State, merged
from assistant.chat.talk import asks_why, command_in, small_talk
from assistant.cli.request import Options, answer, save
from assistant.core.errors import UsageError
from assistant.core.outcome import Outcome
from assistant.machine.files import output_path
from assistant.reader import read
from assistant.terminal.screen import Screen

OPTIONS = Options(offline=True, gpus=None, output=None, force=False, json=False, quiet=False, screen=Screen(no_color=True))


class Talk:
    """A conversation as the loop has it, without the prompt."""

    def __init__(self, capsys: pytest.CaptureFixture[str], yes: bool = False) -> None:
        self.capsys, self.state = capsys, State()
        self.asked: list[str] = []
        self.desk = Desk(
            answer=lambda reading, text: answer(reading, text, OPTIONS),
            save=lambda outcome, name, force: self.saved(outcome, name, force),
            screen=OPTIONS.screen,
            confirmed=lambda question: self.asked.append(question) or yes,  # type: ignore[func-returns-value]
        )

    def saved(self, outcome: Outcome, name: str, force: bool) -> None:
        save(outcome, output_path(name), force=force)

    def say(self, *lines: str) -> str:
        """What the last of these lines shows."""
        for line in lines:
            self.capsys.readouterr()
            state = turn(self.state, line, self.desk)
            assert state is not None
            self.state = state
        return "".join(self.capsys.readouterr())


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    return Talk(capsys)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("2x24GB cards", "use an H100", {"gpu": "H100", "gpu_memory_gb": None}),
        ("use an H100", "2x24GB cards", {"gpu": None, "gpu_memory_gb": 24, "gpu_count": 2}),
        ("2 A100s", "80gb cards", {"gpu": "A100", "gpu_memory_gb": 80, "gpu_count": 2}),
        ("2 nodes of 8 H100s", "4 A100s", {"gpu": "A100", "gpu_count": 4, "nodes": None}),
        ("3 epochs", "500 steps", {"epochs": None, "max_steps": 500}),
        ("500 steps", "3 epochs", {"epochs": 3, "max_steps": None}),
        ("no gpu, just cpu", "4 gpus", {"gpu": None, "gpu_count": 4}),
        ("4 gpus", "no gpu, just cpu", {"gpu": "cpu", "gpu_count": None}),
        ("lora rank 64 peft.lora_dropout=0.1", "full finetune", {"method": "full", "lora_rank": None, "overrides": None}),
        ("lora llama3", "8k context", {"method": "lora", "sequence_length": 8192}),
    ],
)
def test_what_is_said_later_takes_its_rivals_with_it(before: str, now: str, expected: dict[str, object]) -> None:
    both = merged(read(before).intent, read(now).intent).model_dump()
    assert {key: both[key] for key in expected} == expected


def test_a_change_shows_what_changed_and_nothing_else(talk: Talk) -> None:
    whole = talk.say("lora llama 3.1 8b on 2 A100 80gb")
    assert "lora_alpha" in whole
    change = talk.say("rank 64")
    assert "16, 32 → 64, 128" in change
    assert "lora_r: 16 → 64" in change
    assert "upper bound" in change
    assert "model_name" not in change
    assert len(change.splitlines()) < 8
    assert "same" in talk.say("rank 64")
    assert "model_name" in talk.say("/show")


def test_an_override_and_words_do_not_fight(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on A100", "training.learning_rate=5e-5")
    assert "5e-05 → 1e-05" in talk.say("lr 1e-5")


@pytest.mark.parametrize(("reply", "model"), [("the second one", "Qwen/Qwen3-8B"), ("qwen3", "Qwen/Qwen3-8B"), ("smollm2 135m", "HuggingFaceTB/SmolLM2-135M-Instruct")])
def test_a_short_line_answers_the_question(talk: Talk, reply: str, model: str) -> None:
    assert "Which model" in talk.say("lora")
    talk.say(reply)
    assert talk.state.config is not None
    assert talk.state.config.plan is not None
    assert talk.state.config.plan.model.id == model


def test_a_question_stands_until_it_is_answered(talk: Talk) -> None:
    assert "Which model" in talk.say("lora on A100", "hm, what about the weather?")
    assert "No model" in talk.say("frobnicator")
    assert "LoRA · Qwen3-8B" in talk.say("qwen3 8b")


def test_a_number_answers_a_question_for_one(talk: Talk) -> None:
    assert "tokens" in talk.say("lora llama 3.1 8b on A100 80gb, 900k context")
    talk.say("4096")
    assert talk.state.intent.sequence_length == 4096
    assert talk.state.config is not None


def test_saving_after_a_line_without_a_config(talk: Talk, tmp_path: Path) -> None:
    talk.say("lora llama 3.1 8b on A100")
    assert "/undo" in talk.say("full finetune on a T4")
    assert "from before" in talk.say("/save one.yaml")
    assert "use_peft: true" in (tmp_path / "one.yaml").read_text()
    assert "no config yet" in Talk(talk.capsys).say("/save")


def test_an_existing_file_is_asked_about(talk: Talk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk.say("lora llama 3.1 8b on A100", "/save")
    before = (tmp_path / "train.yaml").read_text()
    talk.say("rank 64", "/save")
    assert talk.asked
    assert (tmp_path / "train.yaml").read_text() == before
    talk.say("/save train.yaml --force")
    assert "lora_r: 64" in (tmp_path / "train.yaml").read_text()
    assert len(talk.asked) == 1
    other = Talk(capsys, yes=True)
    other.say("lora qwen3 8b on A100", "/save")
    assert "Qwen3-8B" in (tmp_path / "train.yaml").read_text()


def test_the_name_to_save_under() -> None:
    assert save_arguments("", "train.yaml") == ("train.yaml", False)
    assert save_arguments("my file.yaml --force", "t") == ("my file.yaml", True)
    assert save_arguments("'q.yaml'", "t") == ("q.yaml", False)
    with pytest.raises(UsageError, match="no option"):
        save_arguments("-x", "t")


def test_undo_shows_the_plan_it_goes_back_to(talk: Talk) -> None:
    assert "nothing to undo" in talk.say("/undo")
    talk.say("lora qwen3 8b on A100", "3 epochs")
    back = talk.say("/undo")
    assert "Back to: LoRA · Qwen3-8B" in back
    assert "1 epoch" in back
    assert "Back to: LoRA · Qwen3-8B" in talk.say("/reset", "/undo")
    assert "start" in talk.say("/undo")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("quit", "/quit"),
        ("Exit", "/quit"),
        ("bye!", "/quit"),
        ("reset", "/reset"),
        ("undo", "/undo"),
        ("save", "/save"),
        ("save it as a.yaml", "/save a.yaml"),
        ("/save -x", "/save -x"),
        ("save memory", None),
        ("show me lora", None),
        ("help me train llama", None),
    ],
)
def test_commands_without_a_slash(line: str, command: str | None) -> None:
    assert command_in(line) == command


def test_small_talk_is_short(talk: Talk) -> None:
    for line in ("hello", "thanks!", "who are you?"):
        assert len(talk.say(line).splitlines()) <= 2
        assert talk.state == State()
    assert small_talk("hello llama3 lora", has_config=False) is None
    assert asks_why("why nf4?")
    talk.say("qlora qwen3 8b on A100")
    before = talk.state
    assert "checkpointing" in talk.say("why ddp?")
    assert talk.state is before


def test_a_mistake_changes_nothing(talk: Talk) -> None:
    talk.say("lora qwen3 8b on A100")
    before = talk.state
    assert "learning_rate" in talk.say("training.learning_rte=1")
    assert talk.state is before


def test_what_is_typed_shows_no_invisible_characters() -> None:
    from assistant.chat.prompt import visible

    assert visible("lora \u202ellama\x1b") == "lora \ufffdllama\ufffd"
    assert visible("训练 lora") == "训练 lora"
