"""A question that is open holds nothing up: changes apply beside it, a plan stands where one can, and it is put again while it matters."""

from __future__ import annotations

from pathlib import Path

import pytest
from pty_talk import run_plain
from talking import Talk

from assistant.chat.remember import document_of, state_of

EPOCHS = "Oumi counts whole epochs, and 0.5 were asked for"


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    return Talk(capsys)


OPEN = [
    ("lora qwen3 8b on A100, 0.5 epochs", "epochs", "1", "epochs 1: not settled"),
    ("lora qwen3 8b on A100, 90k context", "sequence_length", "40960", "reads at most 40,960"),
    ("lora qwen3 8b on 2 A100s, batch 33", "global_batch_size", "34", "batch 32: not settled"),
    ("lora qwen3 0.6b on a V100 in bf16", "precision", "fp32", "precision fp16: not settled"),
    ("lora qwen3 8b on one A100 with fsdp", "sharding", "none", "sharding none: not settled"),
    ("kto qwen3 8b on A100, micro batch 1", "micro_batch_size", "4", "micro batch size 2: not settled"),
    ("qlora or full qwen3 8b on A100", "method", "full", "method QLoRA: not settled"),
]


@pytest.mark.parametrize(("first", "field", "answer", "shown"), OPEN, ids=[case[1] for case in OPEN])
def test_a_plan_stands_beside_the_question(first: str, field: str, answer: str, shown: str, talk: Talk) -> None:
    asked = talk.say(first)
    outcome = talk.state.outcome
    assert outcome is not None
    assert outcome.plan is not None
    assert [question.field for question in outcome.questions] == [field]
    assert outcome.questions[0].text in " ".join(asked.split())
    assert shown in " ".join(asked.split())
    assert outcome.questions[0].text in " ".join(talk.say("seed 7").split())  # it still matters
    assert talk.state.intent.seed == 7
    talk.say(answer)
    assert talk.state.outcome is not None
    assert not talk.state.outcome.questions
    assert str(getattr(talk.state.intent, field)) in (answer, f"{answer}.0")


def test_anything_else_can_be_said_while_it_is_open(talk: Talk) -> None:
    talk.say("lora qwen3 8b on A100, 0.5 epochs")
    changed = talk.say("rank 32")
    assert "16, 32 → 32, 64" in changed
    assert changed.rstrip().endswith("[1] / or say a number of steps")
    assert "lora_r: 32" in (shown := talk.say("/show"))
    assert "num_train_epochs: 1  # not settled" in shown
    assert EPOCHS in shown
    assert "micro-batch" in talk.say("/alternatives")
    assert "About" in talk.say("how long will it take?")
    assert "RTX 4090" in talk.say("what about a 4090?")
    assert "Kept as it was" in talk.say("no")
    assert "cheaper" not in talk.say("/cost")
    undone = talk.say("undo")
    assert "rank 16" in undone
    assert EPOCHS in undone
    assert "nothing is said yet" in talk.say("undo")


@pytest.mark.parametrize("answer", ["1", "skip", "yes", "the first one"])
def test_what_is_planned_meanwhile_is_settled_without_another_plan(answer: str, talk: Talk) -> None:
    talk.say("lora qwen3 8b on A100, 0.5 epochs")
    assert talk.say(answer) == "  Settled: number of epochs 1. The plan stands.\n"
    assert talk.state.intent.epochs == 1


def test_an_answer_that_changes_the_plan_is_shown_as_a_change(talk: Talk) -> None:
    talk.say("lora qwen3 8b on A100, 0.5 epochs")
    assert "1 epoch → 500 steps" in talk.say("500 steps")
    talk.say("2.5 epochs")
    assert talk.state.outcome is not None
    assert talk.state.outcome.questions[0].choices[:2] == ("2", "3")
    assert "not understood" not in talk.say("3")


def test_a_number_that_answers_sets_nothing_else(talk: Talk) -> None:
    talk.say("lora qwen3 8b on A100, 90k context", "rank 8", "40960")
    assert talk.state.intent.lora_rank == 8
    assert talk.state.intent.sequence_length == 40960


def test_a_change_before_the_model_is_named_is_heard(talk: Talk) -> None:
    talk.say("lora on a 4090")
    noted = talk.say("rank 32")
    assert "Noted: LoRA rank 32." in noted
    assert "Which model" in noted
    for command in ("/show", "/alternatives"):
        assert "Said so far: task train, method lora, gpu RTX4090" in " ".join(talk.say(command).split())
    assert 'Taken back: "rank 32"' in talk.say("undo")
    talk.say("qwen3 8b")
    assert talk.state.config is not None


def test_the_plan_from_before_can_be_looked_at_beside_a_question(talk: Talk) -> None:
    talk.say("lora qwen3 8b on a 4090")
    assert "Closest" in (asked := talk.say("llama 9.9 77b instead")) or "model" in asked
    shown = talk.say("/show")
    assert "the one from before it" in shown
    assert "lora_r: 16" in shown


def test_a_contradiction_is_kept_until_it_is_settled(talk: Talk) -> None:
    talk.say("qlora or full qwen3 8b on A100-80GB", "rank 64", "seed 3")
    assert talk.state.contradictions
    again = state_of(document_of(talk.state))
    assert again.contradictions == talk.state.contradictions
    talk.say("qlora")
    assert not talk.state.contradictions
    assert talk.state.outcome is not None
    assert not talk.state.outcome.questions


def test_a_resumed_conversation_has_its_open_question(talk: Talk) -> None:
    from assistant.chat.planning import again

    talk.say("lora qwen3 8b on A100, 0.5 epochs")
    talk.talk.state = state_of(document_of(talk.state))
    talk.capsys.readouterr()
    talk.talk.resume(again(talk.state, "Resumed: "))
    assert EPOCHS in "".join(talk.capsys.readouterr())
    assert talk.state.config is not None


def test_a_cheaper_machine_is_found_beside_an_open_question(talk: Talk) -> None:
    talk.say("lora qwen3 8b on A100, 0.5 epochs")
    assert "instead of $" in talk.say("make it cheaper")


def test_one_shot_still_asks(tmp_path: Path) -> None:
    done = run_plain(tmp_path, "--offline", "lora qwen3 8b on A100, 0.5 epochs")
    assert done.returncode == 3
    assert done.stdout == ""
    (tmp_path / "train.yaml").write_text(run_plain(tmp_path, "--offline", "lora qwen3 8b on A100").stdout)
    changed = run_plain(tmp_path, "--offline", "--config", "train.yaml", "0.5 epochs")
    assert changed.returncode == 3
    assert EPOCHS in changed.stderr


def test_beside_a_job_too_an_answer_settles_what_was_planned(talk: Talk) -> None:
    talk.say("lora smollm2 135m on a 4090, 0.5 epochs", "make a job for it locally")
    assert talk.say("1") == "  Settled: number of epochs 1. The plan stands.\n"


def test_saving_says_what_is_still_open(talk: Talk, tmp_path: Path) -> None:
    talk.say("lora smollm2 135m on a 4090, 0.5 epochs")
    saved = talk.say("/save")
    assert EPOCHS in saved
    assert "num_train_epochs: 1  # not settled" in (tmp_path / "train.yaml").read_text()
    talk.say("1")
    assert EPOCHS not in talk.say("/save again.yaml")


def test_a_question_about_a_plan_that_stays_has_no_news_above_it(talk: Talk) -> None:
    talk.say("lora qwen3 8b on my data.jsonl on 2 A100-80GB, then evaluate it on mmlu")
    shown = talk.say("half an epoch")
    assert "No change" not in shown
    assert shown.strip().splitlines()[0].startswith("Oumi counts whole epochs")


@pytest.mark.parametrize(("line", "answer", "settled"), [("full but with lora", "lora", "method lora"), ("half an epoch", "1", "epochs 1")])
def test_an_answer_that_leaves_the_plan_as_it_is_settles_its_question(talk: Talk, line: str, answer: str, settled: str) -> None:
    talk.say("lora qwen3 8b on my data.jsonl on 2 A100-80GB", line)
    assert f"{settled}. The plan stands." in talk.say(answer)
    assert talk.state.config is not None
    assert talk.state.config.questions == ()
    assert "No change" in talk.say("lora")


def test_words_that_nothing_understands_do_not_hide_the_question(talk: Talk) -> None:
    talk.say("lora qwen3 8b on my data.jsonl on 2 A100-80GB", "half an epoch")
    shown = talk.say("half an epoch and flurb")
    assert 'not understood: "flurb"' in shown
    assert "How long should it train?" in shown


@pytest.mark.parametrize(("machine", "asks"), [("2 H100-80GB", False), ("2 H100 80GB", False), ("2 H100s", True)])
def test_a_memory_that_was_said_is_not_asked_for(machine: str, asks: bool, capsys: pytest.CaptureFixture[str]) -> None:
    shown = Talk(capsys, follows_up=True).say(f"lora qwen3 8b on {machine}")
    assert ("Is it the H100 with" in shown) is asks
