"""The program as a process: streams, exit codes, bad input, a real terminal."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pexpect
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.cli import run
from assistant.cli.request import Options, save_words
from assistant.terminal.screen import Screen

PROGRAM = [sys.executable, "-m", "assistant.cli"]
ROOT = Path(__file__).parents[2]
KEYS = ["schema", "status", "source", "intent", "questions", "assumptions", "hardware", "plan", "files", "commands", "findings", "ways_out", "requirements", "largest_models", "explanation", "evidence"]


def program(*words: str, text: bytes = b"", **environ: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **environ}
    return subprocess.run([*PROGRAM, *words], input=text, capture_output=True, env=env, timeout=60)


def test_a_pipe_gets_the_yaml_alone_and_the_same_twice() -> None:
    first, second = (program("--offline", "lora llama3 on 2 A100s") for _ in range(2))
    assert first.returncode == 0
    assert first.stdout == second.stdout
    config = yaml.safe_load(first.stdout)
    assert config["training"]["use_peft"] is True
    assert b"Assumed" in first.stderr
    assert b"\x1b[" not in first.stdout + first.stderr


def test_quiet_says_nothing_else() -> None:
    done = program("-q", "lora", "llama3", "on", "2", "A100s")
    assert done.stderr == b""
    assert yaml.safe_load(done.stdout)["model"]["model_name"] == "meta-llama/Llama-3.1-8B-Instruct"


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (["lora llama3 on 2 A100s"], 0, "ok"),
        (["fine-tune with lora"], 3, "needs_input"),
        (["405b full on a T4"], 4, "does_not_fit"),
        (["full qlora llama 3.1 8b"], 3, "needs_input"),
        (["lora llama3", "--gpus", "nonsense"], 2, "invalid"),
        (["lora llama3 training.learning_rte=1"], 2, "invalid"),
        ([""], 3, "needs_input"),
    ],
)
def test_exit_codes_and_json(words: list[str], code: int, status: str) -> None:
    done = program("--json", *words)
    assert done.returncode == code, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == KEYS
    assert (found["schema"], found["status"], found["source"]) == (1, status, "offline")
    if status == "needs_input":
        assert found["questions"]
    if status == "does_not_fit":
        assert found["plan"]["memory"]["fits"] is False
        assert found["plan"]["alternatives"]


@pytest.mark.parametrize("words", [["--nope"], ["--gpus"], ["lint", "x.yaml"], ["create", "trian"], ["models", "zzzzzzzz"], []])
def test_wrong_usage(words: list[str]) -> None:
    done = program(*words)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert b"Traceback" not in done.stderr


def test_stdin_is_a_request() -> None:
    done = program("-", "--offline", text=b"qlora qwen2.5 7b on a 3090\n")
    assert yaml.safe_load(done.stdout)["peft"]["q_lora"] is True
    assert program("-", text=b"x" * 100_001).returncode == 2


@pytest.mark.parametrize("text", [b"\x00\x01\xff\xfe\x80" * 2000, "训练".encode() * 3000, b"x" * 100_000, b"\n" * 50_000, b"\x1b[31mlora\x1b[0m"])
def test_strange_input_is_a_question(text: bytes) -> None:
    done = program("-", text=text)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert b"\x1b" not in done.stderr


def test_saving(tmp_path: Path) -> None:
    target = tmp_path / "my train.yaml"
    done = program("lora llama3 on 2 A100s", "-o", str(target))
    assert done.returncode == 0
    assert done.stdout == b""
    assert f"'{target}'".encode() in done.stderr
    before = target.read_text()
    assert f"'{target}'" in before
    again = program("lora qwen3 8b on 2 A100s", "-o", str(target))
    assert again.returncode == 2
    assert b"--force" in again.stderr
    assert target.read_text() == before
    assert program("lora qwen3 8b on 2 A100s", "-o", str(target), "--force").returncode == 0
    assert "Qwen3-8B" in target.read_text()
    assert program("405b full on a T4", "-o", str(tmp_path / "no.yaml")).returncode == 4
    assert not (tmp_path / "no.yaml").exists()


@pytest.mark.parametrize("target", ["missing/train.yaml", "."])
def test_a_path_that_cannot_be_written(tmp_path: Path, target: str) -> None:
    done = program("lora llama3 on A100", "-o", str(tmp_path / target))
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["$(touch pwned)", "`id`", "a; rm -rf ~", "x: y", "'\"", "../../etc/passwd", "!!python/object"])
def test_names_with_metacharacters(name: str) -> None:
    done = program(f"lora {name} on 2 A100", "--json")
    assert done.returncode in (2, 3)
    assert b"Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(f"{' '.join(PROGRAM)} lora llama3 on 2 A100s -q | head -1; {' '.join(PROGRAM)} models | head -1",
                          shell=True, capture_output=True, env=env, timeout=60, check=False)  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert b"Broken" not in done.stderr


def test_ctrl_c_is_130() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*PROGRAM, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell hands down "ignore"
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_the_catalogues() -> None:
    assert b"RTX4090" in program("gpus", "4090").stdout
    assert b"meta-llama/Llama-3.1-8B-Instruct\t" in program("models", "llama", "3.1").stdout
    assert json.loads(program("datasets", "alpaca", "--json").stdout)["datasets"]
    assert json.loads(program("doctor", "--json").stdout)["lines"]
    assert program("--version").stdout.startswith(b"oumi-chat ")
    assert b"Usage" in program("--help").stdout


def test_the_templates_are_listed_and_shown() -> None:
    assert b"train/method/lora\tlow-rank adapters beside frozen weights\t" in program("templates", "adapters").stdout
    listed = json.loads(program("templates", "--json").stdout)["templates"]
    assert {"train", "eval", "infer"} <= {one["kind"] for one in listed}
    assert set(listed[0]) == {"id", "kind", "about", "needs"}
    shown = program("templates", "show", "train/method/lora").stdout
    assert b"\x1b" not in shown
    assert yaml.safe_load(shown)["training"] == {"use_peft": True}
    assert json.loads(program("templates", "show", "train/method/lora", "--json").stdout)["template"]["id"] == "train/method/lora"


@pytest.mark.parametrize(("words", "said"), [(["train/method/lorra"], b"train/method/lora"), ([], b"templates show"), (["x", "y"], b"templates show")])
def test_a_template_that_is_not_there(words: list[str], said: bytes) -> None:
    done = program("templates", "show", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == b""


def test_a_template_on_a_terminal_is_highlighted_and_within_the_width() -> None:
    for colour, environ in ((True, {}), (False, {"NO_COLOR": "1"})):
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "60", **environ}
        child = pexpect.spawn(PROGRAM[0], [*PROGRAM[1:], "templates", "show", "train/sharding/fsdp"], env=env, encoding="utf-8", timeout=30)
        child.expect(pexpect.EOF)
        lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", child.before).splitlines()
        assert ("\x1b[" in child.before) is colour
        assert max(map(len, lines)) <= 60
        assert yaml.safe_load("\n".join(lines))["fsdp"]["enable_fsdp"] is True


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
@example("-")
def test_any_text_ends_in_an_exit_code_of_ours(text: str) -> None:
    with mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(b""))):  # what "-" reads
        code = run(["--offline", "--json", "--", text])
    assert code in (0, 2, 3, 4)


def screen(width: int, request: str, code: int = 0, **environ: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LANG": "C.UTF-8", **environ}
    env.pop("COLUMNS", None)
    child = pexpect.spawn(PROGRAM[0], [*PROGRAM[1:], "--offline", request], env=env, dimensions=(50, width), encoding="utf-8", timeout=30)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    text: str = child.before
    return text


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_preview_keeps_to_the_width(width: int) -> None:
    text = screen(width, "lora llama3 on 2 A100s", NO_COLOR="1")
    assert "\x1b[" not in text
    assert "upper bound" in text
    assert "oumi distributed torchrun" in text
    long = [line for line in text.splitlines() if len(line) > width and not re.search(r"oumi", line)]  # to copy whole
    assert not long


def test_a_terminal_gets_no_control_characters() -> None:
    text = screen(80, "lora llama3 on 2 A100s, run name a\u202eb\x9b31mc\u200bd", code=3, NO_COLOR="1")
    assert "run name" in text
    assert not re.search("[\u202e\u200b\x9b\x1b]", text)


def test_a_process_has_no_label_that_runs_over() -> None:
    text = screen(80, "full fine tune smollm2 135m on cpu 64gb", NO_COLOR="1")
    assert "  Process memory  expected" in text
    assert not [line for line in text.splitlines() if line.strip() == "offline"]


@pytest.mark.parametrize(
    ("request_text", "gpus"),
    [("lora llama3", "2xA100-80GB"), ("-full fine tune smollm2 135m", "cpu:64GB"), ("lora llama3's on 2 A100s; rm -rf $HOME", None), ("lora llama3 on A100 \u00e9", None)],
)
def test_the_save_line_saves_this_plan(
    request_text: str, gpus: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["-q", "--offline", *(["--gpus", gpus] if gpus else []), "--", request_text]) == 0
    shown = capfdbinary.readouterr().out
    options = Options(offline=True, gpus=gpus, output=None, force=False, json=False, quiet=False, screen=Screen())
    assert run(shlex.split(save_words(request_text, options, typed=True))[1:]) == 0
    assert (tmp_path / "train.yaml").read_bytes() == shown


def test_a_save_line_that_cannot_be_copied_is_said_in_words() -> None:
    options = Options(offline=False, gpus=None, output=None, force=False, json=False, quiet=False, screen=Screen())
    for text, typed in (("lora " * 200, True), ("lora\nllama3", True), ("lora llama3", False)):
        words = save_words(text, options, typed=typed)
        assert "-o train.yaml" in words
        assert "oumi-chat" not in words
    assert save_words("models", options, typed=True) == "oumi-chat -o train.yaml -- models"


def test_colour_and_a_dumb_terminal() -> None:
    assert "\x1b[" in screen(80, "lora llama3 on 2 A100s", NO_COLOR="")
    dumb = screen(80, "lora llama3 on 2 A100s", TERM="dumb")
    assert "\x1b[" not in dumb
    assert dumb.isascii()


def test_the_prompt(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1", "XDG_STATE_HOME": str(tmp_path)}
    child = pexpect.spawn(PROGRAM[0], PROGRAM[1:], env=env, dimensions=(60, 100), encoding="utf-8", timeout=30, cwd=tmp_path)
    child.expect("/help for more")
    child.sendline("lora llama 3.1 8b on 2 A100 80gb")
    child.expect("LoRA · Llama-3.1-8B-Instruct")
    child.expect("Run")
    child.sendline("qlora instead, 2k context")
    child.expect("LoRA → QLoRA")
    child.expect("model_max_length: 4096 → 2048")
    child.sendline("/save mine.yaml")
    child.expect(r"Saved\s+mine.yaml")
    child.sendline("/sav")
    child.expect("Did you mean /save")
    child.sendline("/undo")
    child.expect("Back to")
    child.sendcontrol("c")
    time.sleep(1)
    child.sendcontrol("d")
    child.expect(pexpect.EOF)
    saved = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    assert saved["model"]["model_max_length"] == 2048
    assert saved["peft"]["q_lora"] is True
    assert (tmp_path / "oumi-chat" / "history").stat().st_mode & 0o077 == 0


def test_a_cloud_gives_a_job_beside_the_config(tmp_path: Path) -> None:
    words = "lora llama 3.1 8b on 8 A100 80gb on aws"
    piped = program("--offline", words)
    assert yaml.safe_load(piped.stdout)["training"]["use_peft"] is True, "a pipe gets the first file alone"
    assert b"an hour on AWS" in piped.stderr
    told = json.loads(program("--offline", "--json", words).stdout)
    assert [(file["kind"], file["name"]) for file in told["files"]] == [("train", "train.yaml"), ("job", "job.yaml")]
    assert told["files"][0]["yaml"] == piped.stdout.decode()
    assert told["commands"][1] == "oumi launch up -c job.yaml --cluster llama-3-1-8b-instruct"
    done = program("--offline", words, "-o", str(tmp_path / "train.yaml"))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.yaml", "train.yaml"]
    job = yaml.safe_load((tmp_path / "job.yaml").read_text("utf-8"))
    assert (tmp_path / "train.yaml").read_text("utf-8") in job["run"], "the job carries the file as it is saved"


@pytest.mark.parametrize("there", ["mine.yaml", "mine.job.yaml"])
def test_a_set_is_written_whole_or_not_at_all(tmp_path: Path, there: str) -> None:
    words = ("--offline", "lora smollm2 135m on a T4 on gcp", "-o", str(tmp_path / "mine.yaml"))
    (tmp_path / there).write_text("mine", "utf-8")
    refused = program(*words)
    assert refused.returncode == 2
    assert f"{there} exists and was left as it is" in refused.stderr.decode()
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [(there, "mine")]
    assert program(*words, "--force").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.job.yaml", "mine.yaml"]
    assert all(path.read_text("utf-8") != "mine" for path in tmp_path.iterdir())


def test_a_training_and_its_evaluation_in_one_request(tmp_path: Path) -> None:
    words = "lora llama 3.1 8b on 2 A100s, then evaluate it on mmlu"
    told = json.loads(program("--offline", "--json", words).stdout)
    assert [file["name"] for file in told["files"]] == ["train.yaml", "eval.yaml"]
    assert told["intent"]["task"] == "train"
    train, evaluation = (yaml.safe_load(file["yaml"]) for file in told["files"])
    assert evaluation["model"]["adapter_model"] == train["training"]["output_dir"]
    assert program("--offline", words, "-o", str(tmp_path / "a.yaml")).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.eval.yaml", "a.yaml"]
