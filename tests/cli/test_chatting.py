"""Flags that open the chat: scripts, sessions taken up again, a config to go on from; and errors on stdin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.cli.chatting import turns_of

ROOT = Path(__file__).parents[2]
OOM = (
    "Traceback (most recent call last):\n  File \"trainer.py\", line 3745, in training_step\n    self.accelerator.backward(loss)\n"
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 7.83 GiB. GPU 0 has a total capacity of 39.39 GiB of which 3.12 GiB is free. "
    "Including non-PyTorch memory, this process has 36.26 GiB memory in use. Of the allocated memory 35.10 GiB is allocated by PyTorch, "
    "and 312.00 MiB is reserved by PyTorch but unallocated.\n"
)


def program(folder: Path, *words: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """The program with a home of its own."""
    keep = {key: os.environ[key] for key in ("PATH", "LANG", "PYTHONDONTWRITEBYTECODE") if key in os.environ}
    home = {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}
    env = {**keep, **home, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run([sys.executable, "-m", "assistant.cli", *words], input=text, capture_output=True, text=True, env=env, timeout=60, cwd=folder, check=False)


def script(folder: Path, *lines: str) -> str:
    path = folder / "turns.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def test_a_script_gives_one_object_a_turn(tmp_path: Path) -> None:
    done = program(tmp_path, "--offline", "--json", "--script", script(tmp_path, "# a comment", "lora llama3 on 2 A100s", "rank 64", "what about qlora?", "why ddp?"))
    turns = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [turn["text"] for turn in turns] == ["lora llama3 on 2 A100s", "rank 64", "what about qlora?", "why ddp?"]
    assert [turn["intent"]["lora_rank"] for turn in turns] == [None, 64, 64, 64]
    assert {turn["intent"]["method"] for turn in turns} == {"lora"}
    assert turns[-1]["schema"] == 1


def test_a_script_shows_what_the_chat_shows_and_ends_with_its_code(tmp_path: Path) -> None:
    done = program(tmp_path, "--offline", "--script", "-", text="405b full on a T4\nquit\nnever read\n")
    assert done.returncode == 4
    assert "Does not fit" in done.stderr
    assert "never read" not in done.stderr + done.stdout
    assert program(tmp_path, "--offline", "--script", str(tmp_path / "none.txt")).returncode == 2


def test_a_script_on_stdin_that_is_no_text_or_closed_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "--offline", "--script", "-"], input=b"lora llama \xff 3.1 8b on an A100\n", capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8:strict"}, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 3)
    assert b"internal error" not in done.stderr
    shell = f"{sys.executable} -m assistant.cli --offline --script - <&-"
    closed = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=False)
    assert closed.returncode == 2
    assert "internal error" not in closed.stderr


def test_turns_of_a_script() -> None:
    assert turns_of('one\n\n# no\n"""\ntwo\nlines\n"""\n"""three"""\nfour') == ["one", "two\nlines", "three", "four"]
    assert turns_of('"""\nopen\nto the end') == ["open\nto the end"]


def test_the_same_script_gives_the_same_bytes(tmp_path: Path) -> None:
    path = script(tmp_path, "lora llama3 on 2 A100s", "double the context", "undo", "/show")
    first, second = (program(tmp_path, "--offline", "--script", path) for _ in range(2))
    assert first.stdout == second.stdout
    assert first.stderr == second.stderr


def test_a_request_beside_a_script_is_refused(tmp_path: Path) -> None:
    done = program(tmp_path, "--script", script(tmp_path, "x"), "lora llama3")
    assert done.returncode == 2
    assert "--script" in done.stderr
    assert program(tmp_path, "--resume", "nothing").returncode == 2


def made(folder: Path, request: str, *flags: str) -> Path:
    path = folder / "train.yaml"
    done = program(folder, "--offline", *flags, request, "-o", str(path), "--force")
    assert done.returncode == 0, done.stderr
    return path


def test_an_error_on_stdin_is_answered_with_a_diff(tmp_path: Path) -> None:
    path = made(tmp_path, "lora llama3 on 2 A100s, micro batch 2")
    before = path.read_text()
    done = program(tmp_path, "--offline", "--config", str(path), "-", text=OOM)
    assert done.returncode == 0, done.stderr
    assert "+  per_device_train_batch_size: 1" in done.stdout
    assert path.read_text() == before
    changed = [line for line in done.stdout.splitlines() if line.strip().startswith("+")]
    assert not any("#" in line for line in changed), "a reason that is no longer true"
    written = program(tmp_path, "--offline", "--config", str(path), "-", "-o", str(tmp_path / "mended.yaml"), text=OOM)
    assert written.returncode == 0
    mended = yaml.safe_load((tmp_path / "mended.yaml").read_text())
    was = yaml.safe_load(before)
    assert mended["training"].pop("per_device_train_batch_size") == 1
    assert mended["training"].pop("gradient_accumulation_steps") == 32
    was["training"].pop("per_device_train_batch_size")
    was["training"].pop("gradient_accumulation_steps")
    assert mended == was
    body: dict[str, Any] = json.loads(program(tmp_path, "--offline", "--json", "--config", str(path), "-", text=OOM).stdout)
    assert body["status"] == "ok"
    assert body["mending"]["changes"]
    assert yaml.safe_load(body["files"][0]["yaml"])["training"]["per_device_train_batch_size"] == 1


def test_an_error_without_a_config_is_explained(tmp_path: Path) -> None:
    done = program(tmp_path, "--offline", "-", text=OOM)
    assert "39.4" in done.stdout
    assert "Traceback" not in done.stderr


def test_words_change_a_config_that_is_there(tmp_path: Path) -> None:
    path = made(tmp_path, "lora qwen3 8b on A100, training.warmup_steps=50")
    done = program(tmp_path, "--offline", "--gpus", "A100-80GB", "--config", str(path), "double the context and rank 64")
    assert done.returncode == 0, done.stderr
    config, was = yaml.safe_load(done.stdout), yaml.safe_load(path.read_text())
    was["model"]["model_max_length"] *= 2
    was["peft"]["lora_r"] = 64
    assert config == was
    smaller = program(tmp_path, "--offline", "--gpus", "A100", "--config", str(path), "double the context and rank 64")
    assert smaller.returncode == 4
    assert "micro-batch" in smaller.stderr
    nothing = program(tmp_path, "--offline", "--config", str(path), "hello there")
    assert nothing.returncode == 2
    assert program(tmp_path, "--offline", "--config", str(tmp_path / "no.yaml"), "rank 64").returncode == 2


SECRET = "sk-proj-abcdefghij0123456789ABCDEFGHIJ"
HIDDEN = "Zq8vYt3LmN5pR7sW9xB2cD4f"


@pytest.mark.parametrize("words", [["--offline", f"lora llama3 on 2 A100s, my key is {SECRET}"], ["--offline", "--json", f"lora llama3 on 2 A100s HF_TOKEN={HIDDEN}"]])
def test_a_secret_in_a_request_is_written_nowhere(tmp_path: Path, words: list[str]) -> None:
    done = program(tmp_path, *words, HF_TOKEN=HIDDEN)
    assert done.returncode == 0
    assert SECRET not in done.stdout + done.stderr
    assert HIDDEN not in done.stdout + done.stderr
    assert "left out" in done.stderr


def test_a_secret_in_a_script_is_kept_nowhere(tmp_path: Path) -> None:
    turns = script(tmp_path, "lora llama3 on 2 A100s", f"my key is {SECRET}, rank 64", f"token {HIDDEN} and 8k context", "/save a.yaml", "/export talk.md")
    text = Path(turns).read_text()
    Path(turns).unlink()
    done = program(tmp_path, "--offline", "--script", "-", text=text, OPENAI_API_KEY=HIDDEN)
    kept = "\n".join(path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file())
    assert "lora_r: 64" in kept
    for secret in (SECRET, HIDDEN):
        assert secret not in kept
        assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize("line", [f"/set training.run_name={SECRET}", f"/model {SECRET}", f"training.run_name={SECRET}"])
def test_a_secret_is_no_value_of_a_config(tmp_path: Path, line: str) -> None:
    done = program(tmp_path, "--offline", "--json", "--script", "-", text=f"lora qwen3 8b on an A100\n{line}\nrank 64\n")
    turns = [json.loads(turn) for turn in done.stdout.splitlines()]
    assert [turn["status"] for turn in turns] == ["ok", "invalid", "ok"]
    assert "A secret is no value" in turns[1]["explanation"]
    assert (turns[2]["intent"]["model"], turns[2]["intent"]["run_name"], turns[2]["intent"]["overrides"]) == ("Qwen/Qwen3-8B", None, None)
    assert SECRET not in done.stdout + done.stderr


def test_offline_loads_no_llm_and_opens_no_socket(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "def hook(name, args):\n"
        "    if name.startswith('socket.') and name != 'socket.__new__': raise SystemExit('socket: ' + name)\n"
        "sys.addaudithook(hook)\n"
        "from assistant.cli import run\n"
        f"code = run(['--offline', '--llm', 'openai/x', '--script', {script(tmp_path, 'lora llama3 on 2 A100s', '/llm openai/y', 'why lora?')!r}])\n"
        "assert not {'litellm', 'instructor', 'openai', 'httpx'} & set(sys.modules), 'an LLM was loaded'\n"
        "sys.exit(code)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "--offline: no LLM" in done.stderr


def test_a_turn_of_a_script_says_its_own_mistake_and_what_it_answered(tmp_path: Path) -> None:
    lines = ("lora llama3 on 2 A100s", "/set trainin.warmup=3", "why ddp?", "lr 500000", "why ddp?", "/loaded x.yaml")
    done = program(tmp_path, "--offline", "--json", "--script", script(tmp_path, *lines))
    planned, mistake, answered, asked, again, unknown = [json.loads(line) for line in done.stdout.splitlines()]
    assert planned["files"]
    assert mistake["status"] == "invalid"
    assert 'no field "trainin.warmup"' in mistake["explanation"]
    assert mistake["files"] == []
    assert mistake["intent"] == planned["intent"]
    assert answered["status"] == "ok"
    assert "DDP" in answered["told"]
    assert answered["explanation"].startswith("DDP")
    assert mistake["plan"] is None
    assert [(one["rule"], one["severity"]) for one in mistake["findings"]] == [("unknown-field", "error")]
    assert mistake["findings"][0]["fix"]
    assert [one["field"] for one in asked["questions"]] == ["learning_rate"]
    assert "learning_rate: 0.0003" in asked["files"][0]["yaml"], "a plan stands beside the question, without the value that cannot be"
    assert "DDP" in again["told"], "the plan that stands is still there to be asked about"
    assert unknown["status"] == "invalid"
    assert done.returncode == 2, "the last turn's"


def test_a_turn_that_plans_nothing_new_explains_itself(tmp_path: Path) -> None:
    done = program(tmp_path, "--offline", "--json", "--script", script(tmp_path, "lora llama3 on 2 A100s", "what about qlora?", "blorb zzz", "yes"))
    planned, considered, lost, taken = [json.loads(line) for line in done.stdout.splitlines()]
    assert planned["explanation"].startswith("LoRA trains adapters")
    assert considered["plan"] == planned["plan"], "what is only considered is not the plan"
    assert "LoRA → QLoRA" in considered["explanation"]
    assert "Nothing is changed yet" in considered["explanation"]
    assert lost["explanation"].startswith("Nothing in that is understood")
    assert taken["plan"]["method"] == "qlora"
    assert taken["explanation"].startswith("QLoRA")


@pytest.mark.parametrize(("lines", "code"), [(("hello",), 3), (("lora llama3 on 2 A100s", "/set trainin.warmup=3"), 2), (("405b full on a T4",), 4), (("lr 500000", "lora llama3 on 2 A100s"), 0), (("# nothing",), 0)])
def test_a_script_ends_with_the_code_of_its_last_turn(tmp_path: Path, lines: tuple[str, ...], code: int) -> None:
    done = program(tmp_path, "--offline", "--json", "--script", script(tmp_path, *lines))
    assert done.returncode == code
    statuses = {3: "needs_input", 2: "invalid", 4: "does_not_fit", 0: "ok"}
    if done.stdout:
        assert json.loads(done.stdout.splitlines()[-1])["status"] == statuses[code]


def test_the_source_is_of_the_turn(tmp_path: Path) -> None:
    done = program(tmp_path, "--offline", "--json", "--script", script(tmp_path, "lora llama3 on 2 A100s", "rank 8"))
    assert [json.loads(line)["source"] for line in done.stdout.splitlines()] == ["offline", "offline"]


def test_a_mended_config_goes_to_stdout_alone(tmp_path: Path) -> None:
    made = program(tmp_path, "--offline", "lora llama 3.1 8b on 2 A100s")
    (tmp_path / "train.yaml").write_text(made.stdout, "utf-8")
    done = program(tmp_path, "--offline", "--config", "train.yaml", "-o", "-", "-", text=OOM)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["model"]["model_name"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert "out of memory" in done.stderr.lower()


def test_what_a_file_leaves_out_stays_as_oumi_has_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "model: {model_name: HuggingFaceTB/SmolLM2-135M-Instruct}\ndata: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"
        "training: {trainer_type: TRL_SFT, use_peft: true, per_device_train_batch_size: 2}\npeft: {lora_target_modules: [q_proj]}\n", "utf-8",
    )  # fmt: skip
    done = program(tmp_path, "--offline", "--config", "mine.yaml", "--gpus", "1xA100", "rank 32")
    assert done.stdout == (tmp_path / "mine.yaml").read_text().replace("[q_proj]}", "[q_proj], lora_r: 32}")
    done = program(tmp_path, "--offline", "--json", "--config", "mine.yaml", "--gpus", "1xA100", "rank 32")
    said = json.loads(done.stdout)["intent"]
    assert (said["learning_rate"], said["epochs"], said["lora_rank"], said["lora_alpha"]) == (5e-5, 3, 32, 8)
    assert said["overrides"]["training.lr_scheduler_type"] == "linear"


def test_a_chat_says_which_values_come_from_the_file(tmp_path: Path) -> None:
    made = program(tmp_path, "--offline", "lora llama 3.1 8b on 2 A100s")
    (tmp_path / "train.yaml").write_text(made.stdout, "utf-8")
    done = program(tmp_path, "--offline", "--gpus", "2xA100", "--config", "train.yaml", "--script", script(tmp_path, "rank 64", "/why"))
    origins = {line.split("  ")[1].strip(): line for line in done.stdout.splitlines() if line.startswith("  ") and len(line.split("  ")) > 1}
    said = next(line for name, line in origins.items() if name == "Said")
    filed = done.stdout[done.stdout.index("In the file") :]
    assert "LoRA rank" in said
    assert "learning rate" in filed
    assert "LoRA rank" not in filed.split("\n  Set")[0]


LONG = """# mine, on 4 A100s
model: {model_name: Qwen/Qwen2.5-1.5B-Instruct, model_max_length: 8192, torch_dtype_str: bfloat16}
data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}
training:
  trainer_type: TRL_SFT
  use_peft: true
  per_device_train_batch_size: 4
  learning_rate: 3.0e-04  # tuned
"""


def test_a_file_that_does_not_fit_is_changed_all_the_same(tmp_path: Path) -> None:
    """That it does not is a verdict on rows of the full length: stderr and the exit code say so, the change is made."""
    (tmp_path / "mine.yaml").write_text(LONG, "utf-8")
    changed = LONG.replace("3.0e-04", "0.0001")
    ask = ("--offline", "--config", "mine.yaml", "--gpus", "4xA100", "lr 1e-4")
    done = program(tmp_path, *ask)
    assert (done.returncode, done.stdout) == (4, changed), done.stderr
    assert "Does not fit" in done.stderr
    assert "rows of yahma/alpaca-cleaned have 180 tokens on average" in " ".join(done.stderr.split())
    assert program(tmp_path, *ask, "-o", "new.yaml").returncode == 4
    assert (tmp_path / "new.yaml").read_text() == changed
    told = json.loads(program(tmp_path, *ask, "--json").stdout)
    assert (told["status"], told["files"][0]["yaml"]) == ("does_not_fit", changed)
    chat = program(tmp_path, "--offline", "--config", "mine.yaml", "--gpus", "4xA100", "--script", script(tmp_path, "lr 1e-4", "/save kept.yaml"))
    assert (tmp_path / "kept.yaml").read_text() == changed, chat.stderr
    assert "What was asked for is in the file all the same" in chat.stderr
    assert "does not fit as it is planned" in chat.stderr


@pytest.mark.parametrize("kind", ["crlf", "bom", "no end", "tabs behind"])
def test_all_bytes_of_a_file_but_those_asked_for_stay(tmp_path: Path, kind: str) -> None:
    raw = LONG.replace("8192", "1024").encode()
    raw = {"crlf": raw.replace(b"\n", b"\r\n"), "bom": b"\xef\xbb\xbf" + raw, "no end": raw[:-1], "tabs behind": raw.replace(b"tuned\n", b"tuned \t \n\n# end")}[kind]
    (tmp_path / "mine.yaml").write_bytes(raw)
    ask = ("--offline", "--config", "mine.yaml", "--gpus", "A100", "lr 1e-4")
    changed = raw.replace(b"3.0e-04", b"0.0001")
    assert program(tmp_path, *ask, "-o", "new.yaml").returncode == 0
    assert (tmp_path / "new.yaml").read_bytes() == changed
    chat = program(tmp_path, "--offline", "--config", "mine.yaml", "--gpus", "A100", "--script", script(tmp_path, "lr 1e-4", "/save kept.yaml"))
    assert (tmp_path / "kept.yaml").read_bytes() == changed, chat.stderr


@pytest.mark.parametrize(("words", "said"), [("lr 5", "learning_rate cannot be 5"), ("training.learning_rte=1e-4", "learning_rte"), ("lr 3e-4", "Nothing in that changes")])
def test_a_change_that_cannot_be_is_told_and_nothing_is_printed(tmp_path: Path, words: str, said: str) -> None:
    (tmp_path / "mine.yaml").write_text(LONG, "utf-8")
    done = program(tmp_path, "--offline", "--config", "mine.yaml", "--gpus", "4xA100", words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
