"""Completion, history and quotes without a terminal."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from prompt_toolkit.document import Document

from assistant.chat.completion import MOST, completions
from assistant.chat.history import KEPT, LONGEST, KeptHistory, history_file, newest_once
from assistant.chat.prompt import command_help, files, is_open, unquoted, visible

COMMANDS = {"/help": "what there is", "/show": "the config", "/save": "write it", "/set": "a field", "/llm": "", "/gpus": "", "/model": ""}
KEY = "hf_" + "AbCdEfGhIj" * 3


def texts(before: str, **more: object) -> list[str]:
    return [candidate.text for candidate in completions(before, COMMANDS, **more)]  # type: ignore[arg-type]


def completed(before: str) -> list[str]:
    """The whole line after each candidate."""
    return [before[: len(before) + start] + text for text, start, _ in completions(before, COMMANDS)]


def test_commands_come_with_their_help() -> None:
    assert texts("/") == list(COMMANDS)
    assert completions("/he", COMMANDS) == [("/help", -3, "what there is")]
    assert texts("/SA") == ["/save"]
    assert texts("/x") == []
    assert command_help(("/a", "/b")) == {"/a": "", "/b": ""}
    assert command_help(COMMANDS) is COMMANDS


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("lora llama-3.1-8b-ins", "lora meta-llama/Llama-3.1-8B-Instruct"),
        ("lora Qwen/Qwen3-8", "lora Qwen/Qwen3-8B"),
        ("on 2xa100-8", "on 2xA100-80GB"),
        ("on 2 h10", "on 2 H100"),
        ("use ultrafeedb", None),
        ("/set training.learning_r", "/set training.learning_rate"),
        ("/set warmup_st", "/set training.warmup_steps"),
        ("/set training.mixed_precision_dtype=bf", "/set training.mixed_precision_dtype=BF16"),
        ("/set peft.q_lora=t", "/set peft.q_lora=true"),
        ("lora, training.learning_r", "lora, training.learning_rate"),
        ("training.use_peft=f", "training.use_peft=false"),
        ("/gpus rtx40", "/gpus RTX4090"),
        ("/model smollm2-135m-i", "/model HuggingFaceTB/SmolLM2-135M-Instruct"),
    ],
)
def test_names_fields_and_values(before: str, line: str | None) -> None:
    found = completed(before)
    assert found
    assert line is None or line in found, found


@pytest.mark.parametrize("before", ["", "lora ", "lora l", "a b c ", "hello, wor", "/show x", "/set nonsense.", "/set training.use_peft=x"])
def test_nothing_is_offered_for_nothing(before: str) -> None:
    assert texts(before) == []


def test_llms_and_files_are_the_callers() -> None:
    assert texts("/llm op", llms=("off", "openai/some", "ollama/other")) == ["openai/some"]
    assert texts("/save tr", files=lambda begun: [f"{begun}ain.yaml"]) == ["train.yaml"]
    assert texts("lora on ./da", files=lambda begun: [f"{begun}ta.jsonl"]) == ["./data.jsonl"]


def test_few_are_offered() -> None:
    assert all(len(completions(before, COMMANDS)) <= MOST for before in ("qwen", "/set training.", "/set ", "/model l"))
    assert len(texts("/set training.")) == MOST


@pytest.mark.timing
def test_a_keystroke_takes_little_time() -> None:
    lines = ["lora llama-3.1", "/set training.wa", "on 2xa10", "use ultra", "an ordinary sentence of words"]
    for line in lines:
        completions(line, COMMANDS)
    begun = time.process_time()
    for line in lines:
        completions(line, COMMANDS)
    assert (time.process_time() - begun) / len(lines) < 0.02


def test_files_below_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("data/a.jsonl", "train.yaml", ".hidden", "bad\x1b.yaml"):
        (tmp_path / name).write_text("")
    assert files("") == ["data/", "train.yaml"]
    assert files("./t") == ["./train.yaml"]
    assert files("data/") == ["data/a.jsonl"]
    assert files(".h") == [".hidden"]
    assert not files("nowhere/x")
    assert not files("a\x00/b")


@pytest.mark.parametrize(
    ("text", "still_open", "sent"),
    [
        ('"""', True, None),
        ('"""lora', True, None),
        ('"""lora\nqwen', True, None),
        ('"""lora\nqwen"""', False, "lora\nqwen"),
        ('"""\nlora\n"""', False, "lora"),
        ('""""""', False, ""),
        ('lora """', False, 'lora """'),
        ("lora", False, "lora"),
        ("  two\nlines", False, "  two\nlines"),
    ],
)
def test_quotes(text: str, still_open: bool, sent: str | None) -> None:
    assert is_open(text) is still_open
    if sent is not None:
        assert unquoted(text) == sent


def test_visible_keeps_length() -> None:
    assert visible("a\x1b\u202eb") == "a\ufffd\ufffdb"
    assert Document(visible("x")).text == "x"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = history_file({"XDG_STATE_HOME": str(tmp_path)})
    assert path is not None
    return path


def kept(path: Path) -> list[str]:
    return list(KeptHistory(path).load_history_strings())


def test_lines_come_back_newest_first_and_once(history: Path) -> None:
    first = KeptHistory(history)
    for line in ("lora", "two\nlines", "qlora", "lora"):
        first.append_string(line)
    assert first.get_strings() == ["two\nlines", "qlora", "lora"]
    assert kept(history) == ["lora", "qlora", "two\nlines"]
    assert newest_once(["a", "b", "a"]) == ["a", "b"]


def test_no_secret_is_kept(history: Path) -> None:
    lines = KeptHistory(history, secrets=["swordfish-7"])
    lines.append_string(f"use {KEY}\nand swordfish-7")
    assert lines.get_strings() == ["use [redacted]\nand [redacted]"]
    assert KEY not in history.read_text()
    assert "swordfish" not in history.read_text()


def test_what_an_earlier_version_kept_is_mended(history: Path) -> None:
    history.write_text(f"\n# 2026-01-01 00:00:00\n+export HF_TOKEN={KEY}\n\n# 2026-01-02 00:00:00\n+lora\n")
    assert kept(history) == ["lora", "export HF_TOKEN=[redacted]"]
    assert KEY not in history.read_text()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert kept(history) == ["lora", "export HF_TOKEN=[redacted]"]


def test_a_long_history_is_cut_and_a_long_line_is_not_kept(history: Path) -> None:
    lines = KeptHistory(history)
    for number in range(2 * KEPT + 1):
        lines.store_string(f"line {number}")
    lines.store_string("x" * (LONGEST + 1))
    assert kept(history) == [f"line {2 * KEPT - n}" for n in range(KEPT)]
    assert history.read_text().count("\n+") == KEPT


def test_two_chats_append_to_one_history(history: Path) -> None:
    one, other = KeptHistory(history), KeptHistory(history)
    one.append_string("a")
    other.append_string("b")
    one.append_string("c")
    assert kept(history) == ["c", "b", "a"]


def test_what_is_no_history_file_is_left_alone(tmp_path: Path, history: Path) -> None:
    history.chmod(0o644)
    assert history_file({"XDG_STATE_HOME": str(tmp_path)}) == history
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    history.unlink()
    history.symlink_to(os.devnull)
    assert history_file({"XDG_STATE_HOME": str(tmp_path)}) is None
    (tmp_path / "file").write_text("")
    assert history_file({"XDG_STATE_HOME": str(tmp_path / "file")}) is None
    alone = KeptHistory(None)
    alone.append_string("lora")
    assert alone.get_strings() == ["lora"]
    assert kept(tmp_path / "missing") == []
    history.unlink()
    history.write_bytes(b"\xff\xfe\n+ok \xff\nrubbish\n++\n")
    assert kept(history) == ["+", "ok \ufffd"]
