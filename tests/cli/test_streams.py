"""Streams that are closed, full or interrupted; what a first word means; where -o writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from assistant.cli import run
from assistant.cli.commands import app
from assistant.cli.words import COMMANDS, is_command

PROGRAM = f"{sys.executable} -m assistant.cli --offline"
ROOT = Path(__file__).parents[2]
REQUEST = "'lora llama3 on 2 A100s'"
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


def shell(words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", f"{PROGRAM} {words}"], capture_output=True, stdin=subprocess.DEVNULL, env=ENV, cwd=cwd, timeout=60
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{REQUEST} >&-", b"stdout is closed"),
        (f"--json {REQUEST} >&-", b"stdout is closed"),
        (f"{REQUEST} > /dev/full", b"No space left"),
        (f"--json {REQUEST} > /dev/full", b"No space left"),
        ("--json --nope > /dev/full", b"No space left"),
        ("doctor > /dev/full", b"No space left"),
        ("--help > /dev/full", b"No space left"),
        ("- <&-", b"stdin is closed"),
        ("<&-", b"No request was given"),
        ("- extra words", b"cannot stand among other words"),
    ],
)
def test_a_stream_that_is_not_there_is_one_message(words: str, said: bytes) -> None:
    done = shell(words)
    assert done.returncode == 2
    assert said in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"internal error" not in done.stderr
    assert len(done.stderr.splitlines()) <= 3


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full", "<&-"])
def test_the_result_needs_no_other_stream(stream: str) -> None:
    done = shell(f"{REQUEST} {stream}")
    assert done.returncode == 0
    assert yaml.safe_load(done.stdout)["training"]["use_peft"] is True


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3])
def test_an_early_ctrl_c_is_told(seconds: float) -> None:
    process = subprocess.Popen(
        [*PROGRAM.split(), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENV,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while b"assistant" not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    if process.returncode == -signal.SIGINT or (b"Traceback" in err and b"assistant" not in err):
        pytest.skip("the interpreter itself was still starting")
    assert process.returncode == 130
    assert err.strip() == b"Interrupted."


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("models", True),
        ("models qwen 3", True),
        ("models for finetuning llama", False),
        ("gpus for llama 70b", False),
        ("templates show train/base", True),
        ("templates to train llama", False),
        ("doctor", True),
        ("doctor my llama", False),
        ("create train", True),
        ("create a lora config for llama3", False),
        ("explain training.learning_rate", True),
        ("explain lora_r", True),
        ("explain lora", True),
        ("lint train.yaml", True),
        ("lint assistant", True),
        ("lint no-such-folder", True),
        ("migrate no-such-folder", True),
        ("lint all my configs", False),
        ("launch a lora run", False),
        ("launch configs/train.yaml", True),
        ("estimate llama3 on an A100", True),
        ("ask what you like", False),
        ("lora", False),
    ],
)
def test_a_first_word_is_a_command_only_with_its_arguments(line: str, command: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    name, *words = line.split()
    assert is_command(name, words) is command


def test_the_commands_are_those_that_are_registered() -> None:
    assert {command.name for command in app.registered_commands} == {*COMMANDS, "ask"}


def test_a_sentence_is_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-q", "create", "a", "lora", "config", "for", "llama3", "on", "A100"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["training"]["use_peft"] is True
    assert run(["--", "models"]) == 3
    assert run(["estimate", "the", "memory", "of", "lora", "llama3"]) == 0
    assert "GiB" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["help"], ["help", "models"], ["models", "-h"], ["lora", "-h"]])
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    assert capsys.readouterr().out.startswith("Usage")


def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.chdir(tmp_path)
    return run(["lora llama3 on A100", *words])


def test_stdout_as_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert save(tmp_path, monkeypatch, "-o", "-") == 0
    assert yaml.safe_load(capsys.readouterr().out)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["-o", "--force"], ["-o", "new/"], ["-o", ""], ["--gpus", "--json"], ["--gpus", ""], ["-o", "a\x1b[31mb"], ["-o", "a\nb"]])
def test_what_cannot_be_a_value(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert save(tmp_path, monkeypatch, *words) == 2
    assert list(tmp_path.iterdir()) == []
    assert b"\x1b" not in b"".join(capfdbinary.readouterr())


def test_a_name_like_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert save(tmp_path, monkeypatch, "-o", "-x.yaml") == 0
    assert "train -c ./-x.yaml" in capsys.readouterr().err
    assert "# Run: oumi train -c ./-x.yaml\n" in (tmp_path / "-x.yaml").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["lora llama3 on A100", "--gpus", "nonsense"],
        ["lora llama3 training.learning_rte=1"],
        ["lora llama3 on A100", "-o", "new/"],
        ["lora llama3 on A100", "--nope"],
        ["lora llama3 on A100", "-o", "--force"],
        ["lora llama3 on A100", "-o", "no/train.yaml"],
    ],
)
def test_json_of_a_usage_error_keeps_what_was_read(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["--json", *words]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "invalid"
    assert found["intent"]["model"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert found["findings"][-1]["severity"] == "error"
    assert found["findings"][-1]["message"] in found["explanation"]
    assert found["files"] == []


def test_json_shows_no_raw_control_characters(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["--json", "lora llama3 on A100 run name \u202eevil\u200b", "--gpus", "\x9b31m\u202e"]) == 2
    out = capfdbinary.readouterr().out
    assert json.loads(out)["status"] == "invalid"
    assert not any(c in out.decode() for c in "\u202e\u200b\x9b")
