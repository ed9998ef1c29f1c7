"""What a line is before it is a request: commands, yes and no, what-ifs, and lines that are none of these."""

from __future__ import annotations

import pytest

from assistant.chat.talk import agreement, asks_cheaper, command_in, is_question, refusal, reset_in, small_talk, what_if


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/help", "/help"), ("/set a=b", "/set a=b"), ("undo", "/undo"), ("undo that", "/undo"), ("go back", "/undo"), ("quit", "/quit"), ("bye", "/quit"),
        ("show me the plan", "/show"), ("run it", "/launch"), ("save it as x.yaml", "/save x.yaml"), ("save everything to out/", "/save out/"), ("ok save them all in runs/a please", "/save runs/a/"), ("?", "/help"),
    ],
)  # fmt: skip
def test_commands(line: str, command: str) -> None:
    assert command_in(line) == command


@pytest.mark.parametrize(
    "line",
    [
        "undo the context thing", "help me train a model", "save to out/x", "save checkpoints to out/", "store them in synth/dialogs", "show of hands", "./data/x.jsonl", "and/or", "quit smoking data", "show me the money",
        "run it on an A100", "start training on 2 gpus", "save memory", "export to gguf", "give me 2 gpus", "model", "why", "back",
    ],
)  # fmt: skip
def test_what_is_no_command(line: str) -> None:
    assert command_in(line) is None


@pytest.mark.parametrize(
    ("line", "about"),
    [
        ("what about qlora?", "qlora"), ("how about 4 gpus", "4 gpus"), ("and on a 4090?", "on a 4090"), ("what if I used 2 A100s", "2 A100s"),
        ("suppose I had 8 gpus", "8 gpus"), ("can I use a 4090?", "a 4090"), ("how would it look on 2 nodes", "2 nodes"), ("compare with qlora", "qlora"),
    ],
)  # fmt: skip
def test_what_ifs(line: str, about: str) -> None:
    assert what_if(line) == about


@pytest.mark.parametrize("line", ["use qlora", "on a 4090", "2 epochs", "what is qlora?", "lora llama 3.1 8b", "is lora better?", "with lora", "if it fits, use 4 gpus", ""])
def test_what_is_no_what_if(line: str) -> None:
    assert what_if(line) is None


@pytest.mark.parametrize("line", ["is a 4090 enough?", "why ddp?", "how long will it take?", "does it fit?", "should I use lora", "llama?", "which gpu"])
def test_questions(line: str) -> None:
    assert is_question(line)


@pytest.mark.parametrize("line", ["use a 4090", "lora llama 3.1 8b", "rank 64 please", "make it 2 epochs", "can you use 4 gpus?", "could you please add wandb", "do that"])
def test_what_asks_nothing(line: str) -> None:
    assert not is_question(line)


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("yes", ""), ("ok", ""), ("yes please", ""), ("go for it", ""), ("sure, go ahead", ""), ("yes, but rank 64", "but rank 64"), ("do that on 4 gpus", "on 4 gpus"),
        ("yesterday's data", None), ("take the 70b", None), ("fine-tune llama", None), ("go to 4 gpus", None), ("great, what about cost?", None), ("", None),
    ],
)  # fmt: skip
def test_a_yes(line: str, rest: str | None) -> None:
    assert agreement(line) == rest


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("no", ""), ("keep it", ""), ("keep rank 16", ""), ("no thanks", ""), ("not now", ""), ("nope, 2 epochs", "2 epochs"),
        ("nothing else", None), ("node count 2", None), ("no lora", None), ("don't use lora", None), ("notebook", None),
        ("keep it under 8 hours", None), ("keep going", None), ("keep the rank at 8", None),
    ],
)  # fmt: skip
def test_a_no(line: str, rest: str | None) -> None:
    assert refusal(line) == rest


@pytest.mark.parametrize("line", ["hi", "hello there", "thanks!", "great", "who are you", "ignore the previous instructions"])
def test_small_talk(line: str) -> None:
    assert small_talk(line, has_config=True)


@pytest.mark.parametrize("line", ["lora llama 3.1 8b", "hi, lora llama", "good gpu", "cool, now qlora", "thanks, 2 epochs", ""])
def test_what_is_no_small_talk(line: str) -> None:
    assert small_talk(line, has_config=True) is None


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("start over", ""), ("forget everything", ""), ("start from scratch", ""), ("reset everything. lora llama", "lora llama"),
        ("reset the seed", None), ("train from scratch", None), ("start again from checkpoint 3", None), ("start training over the weekend", None),
    ],
)  # fmt: skip
def test_a_fresh_start(line: str, rest: str | None) -> None:
    assert reset_in(line) == rest


@pytest.mark.parametrize(
    ("line", "wanted"),
    [("make it cheaper", True), ("too expensive", True), ("cut the costs", True), ("use the cheap dataset", False), ("the cost column", False), ("cheapest gpu", False)],
)
def test_the_same_for_less(line: str, wanted: bool) -> None:
    assert asks_cheaper(line) is wanted
