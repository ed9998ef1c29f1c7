"""The chat in a pseudo-terminal: what keys do, what is kept, and what a terminal of each kind is sent."""

from __future__ import annotations

import re
import stat
import time
from pathlib import Path

import pytest
from pty_talk import ALT_ENTER, CTRL_C, CTRL_D, ENTER, TAB, UP, Talk, paste, plain

REQUEST = "lora qwen3 8b on A100 80gb"
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")
MOVES = re.compile(r"\x1b\[[0-9;]*[A-HJKf]|\x1b\[\?\d+[hl]|\x1b[78]")
SECRET = "sk-proj-" + "Zx81kQ0Pw7" * 5


@pytest.mark.timing
def test_the_prompt_comes_soon(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        assert time.monotonic() - talk.begun < 3
        assert "oumi-chat" in talk.greeting


def test_tab_completes_a_command(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.type("/hel" + TAB)
        assert "/help" in plain(talk.settle())
        assert "/quit" in talk.press(ENTER)


def test_tab_completes_a_name_and_a_field(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.type("lora qwen2.5-0.5b-ins" + TAB)
        talk.settle(0.8)
        talk.type(TAB)
        talk.settle()
        assert "Qwen2.5-0.5B-Instruct" in talk.press(ENTER)
        talk.type("training.warmup_ste" + TAB)
        talk.settle(0.8)
        assert "warmup_steps" in talk.press("=50" + ENTER)


def test_up_brings_lines_of_the_run_before_back(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.say(REQUEST)
        talk.say("hello")
        assert talk.leave() == 0
    with Talk(tmp_path) as talk:
        talk.type("lo")
        talk.settle()
        talk.type(UP)  # the prefix passes over hello
        talk.settle()
        assert "LoRA" in talk.press(ENTER)
        assert talk.leave() == 0


def test_a_search_of_the_history_takes_what_it_found(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.say("lora qwen3 8b on A100")
        talk.say("/cost")
        talk.type("\x12")
        talk.settle()
        talk.type("qwen")
        talk.settle()
        talk.type(ENTER)  # takes the line that was found, and sends nothing yet
        assert "lora qwen3 8b on A100" in plain(talk.settle())
        assert "No change" in talk.press(ENTER)
        talk.type("/co" + UP)
        talk.settle()
        assert "Cost" in talk.press(ENTER)


def test_the_history_is_its_owners_alone(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.say("hello")
        talk.leave()
    history = tmp_path / "state" / "oumi-chat" / "history"
    assert "+hello" in history.read_text()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.parent.stat().st_mode) == 0o700


def test_secrets_that_are_typed_are_in_no_file(tmp_path: Path) -> None:
    with Talk(tmp_path, environ={"MY_SERVICE_TOKEN": "correct-horse-battery"}) as talk:
        talk.say(REQUEST)
        talk.say(f"hello, my key is {SECRET}")
        talk.say("hello, the word is correct-horse-battery")
        talk.say(f"a trace\nAuthorization: Bearer {SECRET[8:]}1\nend")
        talk.say("/save train.yaml")
        assert talk.leave() == 0
        assert SECRET[8:] not in talk.files()
        assert "correct-horse-battery" not in talk.files()
        assert "[redacted]" in talk.files()


def test_secrets_in_a_config_are_in_its_own_text_alone(tmp_path: Path) -> None:
    """A session keeps the config that a conversation goes on from: its secrets stay out, in values and in comments."""
    token, key, word = "hf_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW", "sk-proj-" + "x9Yz8Wv7Ut6Sr5Qp4On3", "correct-horse-battery"
    lines = (
        f"# HF_TOKEN={token}", "model:", "  model_name: HuggingFaceTB/SmolLM2-135M-Instruct", f"  model_kwargs: {{token: {token}}}  # was {key}",
        "data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}", "training:", "  trainer_type: TRL_SFT", f"  run_name: {key}", f"  logging_dir: logs/{word}",
    )  # fmt: skip
    text = "\n".join(lines) + "\n"
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "train.yaml").write_text(text, "utf-8")
    environ = {"MY_SERVICE_TOKEN": word}
    with Talk(tmp_path, "--config", "train.yaml", cwd=folder, environ=environ) as talk:
        for line in ("lr 1e-4", "/why", "/show", "/json", "/save out.yaml", "/export talk.md"):
            talk.say(line)
        assert talk.leave() == 0
    assert (folder / "out.yaml").read_text() == text + "  learning_rate: 0.0001\n"
    with Talk(tmp_path, "--continue", cwd=folder, environ=environ) as talk:
        talk.say("lr 1e-5")
        assert "train.yaml was kept without its secrets" in " ".join(plain(talk.raw).split())
        assert talk.leave() == 0
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".yaml"]
    assert any(path.parent.name == "sessions" for path in kept)
    for path in kept:
        held = path.read_text("utf-8")
        assert not [secret for secret in (token, key, word) if secret in held or secret[8:] in held], path


def test_alt_enter_breaks_the_line(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        shown = talk.press(f"lora qwen3 8b{ALT_ENTER}on A100 80gb{ENTER}")
        assert "LoRA" in shown
        assert "A100 80 GB" in shown
        assert talk.leave() == 0


def test_quotes_hold_several_lines(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.type(f'"""lora qwen3 8b{ENTER}')
        talk.type(f"rank 64{ENTER}")
        shown = talk.press(f'on A100 80gb"""{ENTER}')
        assert "LoRA" in shown
        assert re.search(r"lora_r: 64", shown)


def test_a_paste_of_several_lines_is_one_message(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.type(paste("lora qwen3 8b\nrank 64\non A100 80gb"))
        talk.settle()
        before = talk.raw.count("\x1b[?2004h")
        shown = talk.press(ENTER)
        talk.settle()
        assert talk.raw.count("\x1b[?2004h") == before + 1, "one message, one prompt after it"
        assert "lora_r: 64" in shown
        assert "A100 80 GB" in shown


def test_ctrl_c_drops_the_line_and_keeps_the_program(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.type("full finetune of everything" + CTRL_C)
        talk.settle()
        assert "LoRA" in talk.say(REQUEST)
        talk.press(CTRL_C)
        talk.press(CTRL_C)
        assert "3 epochs" in talk.say("3 epochs")
        assert talk.child.isalive()


def test_ctrl_d_leaves(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        assert talk.leave(CTRL_D) == 0
    with Talk(tmp_path) as talk:
        assert talk.leave("/quit" + ENTER) == 0


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_nothing_is_wider_than_the_terminal(tmp_path: Path, columns: int) -> None:
    with Talk(tmp_path, columns=columns) as talk:
        shown = talk.greeting + talk.say(REQUEST) + talk.say("rank 64") + talk.say("/help")
        wide = [line for line in shown.splitlines() if len(line) > columns and "/" not in line and "#" not in line]
        assert not wide


def test_no_colour_means_none(tmp_path: Path) -> None:
    with Talk(tmp_path, environ={"NO_COLOR": "1"}) as talk:
        talk.say(REQUEST)
        talk.type("/s" + TAB)
        assert "/show" in plain(talk.settle(0.8))
        talk.press(CTRL_C + ENTER)
        assert not COLOUR.search(talk.raw), COLOUR.findall(talk.raw)


def test_colour_is_there_otherwise(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.say(REQUEST)
        assert COLOUR.search(talk.raw)


def test_a_dumb_terminal_is_sent_plain_lines(tmp_path: Path) -> None:
    with Talk(tmp_path, environ={"TERM": "dumb"}) as talk:
        assert "LoRA" in talk.say(REQUEST)
        talk.type('"""rank 64' + ENTER)
        assert "lora_r: 16 -> 64" in talk.press('3 epochs"""' + ENTER)
        talk.press("half a line" + CTRL_C)
        assert "3 epochs" in talk.say("/show")
        assert "\x1b" not in talk.raw, MOVES.findall(talk.raw)
        assert talk.leave() == 0


def test_invisible_characters_are_shown_as_a_mark(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.type(paste("lora \u202eqwen3"))
        assert "\ufffd" in talk.settle()
        assert "\u202e" not in talk.raw


def test_a_terminal_that_does_not_say_where_the_cursor_is_gets_no_warning(tmp_path: Path) -> None:
    with Talk(tmp_path, environ={"PROMPT_TOOLKIT_NO_CPR": ""}) as talk:
        talk.settle(0.9)
        time.sleep(2.2)  # prompt_toolkit gives the terminal two seconds to answer
        assert "hello" in talk.say("hello").lower()
        assert "\x1b[6n" in talk.raw
        assert "WARNING" not in talk.raw
