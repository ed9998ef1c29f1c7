"""`create` without a terminal: flags alone, the same planner as for words, and never a question."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from assistant.builder import respond
from assistant.builder.phrase import machine_flag
from assistant.cli import run
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.machine.models import resolve_model
from assistant.reader import read
from assistant.wizard.answers import Said
from assistant.wizard.flags import command
from assistant.wizard.items import KINDS

ROOT = Path(__file__).parents[2]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}
ENV.pop("OUMI_CHAT_LLM", None)
REQUESTS = [
    "lora qwen3 8b on a 4090",
    "qlora qwen3 8b on a 3090, rank 32, alpha 64, 2 epochs, seed 7",
    "full finetune smollm2 135m on an A100-80GB, lr 1e-5, 500 steps",
    "dpo qwen2.5 7b on 2 H100s with mlabonne/orpo-dpo-mix-40k",
    "lora qwen3 8b on 8 H100s fsdp 8k context global batch 128",
    "full qwen3 8b on 8 H100s deepspeed",
    "grpo qwen2.5 1.5b on an A100-80GB",
    "qlora qwen3 32b on an A100-80GB micro batch 1 least memory",
    "lora qwen3 8b on an L40S training.warmup_steps=50 training.logging_steps=5",
    "kto smollm2 1.7b on an A100-80GB run name kto-one output dir out/kto",
    "pretrain smollm2 135m on an H100 for 1000 steps",
    "lora qwen3 8b on an H100 for under 2 hours",
    "evaluate qwen3 8b on mmlu and gsm8k with an A100-80GB, 3-shot, limit 100",
    "evaluate smollm2 135m on hellaswag on a T4",
    "serve qwen3 8b with vllm on an L4 with 4k context",
    "run smollm2 135m on a T4 with the native engine",
    "run inference with gpt-4o on q.jsonl",
]


def program(*words: str, cwd: Path | None = None, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant.cli", *words], capture_output=True, text=True, input=text, env=ENV, cwd=cwd, timeout=60
    )


def planned(intent: Intent, gpus: str | None) -> Outcome:
    from assistant.catalogue.machines import parse_machine

    return respond(
        intent, machine=parse_machine(gpus) if gpus else None, resolve=lambda name: resolve_model(name, offline=True), exists=lambda path: Path(path).exists()
    )  # fmt: skip


@pytest.mark.parametrize("request_", REQUESTS)
def test_flags_give_the_bytes_of_the_same_intent(request_: str, capsys: pytest.CaptureFixture[str]) -> None:
    intent = read(request_).intent
    machine = planned(intent, None).hardware
    gpus = machine_flag(machine) if machine else None
    intent = intent.model_copy(update=dict.fromkeys(("gpu", "gpu_count", "gpu_memory_gb", "nodes")))
    wanted = planned(intent, gpus)
    assert wanted.files, wanted
    kind = next(each.name for each in KINDS.values() if each.task == intent.task)
    words = shlex.split(command(kind, Said(intent=intent, gpus=gpus), offline=True))
    capsys.readouterr()
    assert run(words[1:]) == 0
    assert capsys.readouterr().out == wanted.files[0].yaml


def test_one_flag_is_the_same_as_the_bare_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["create", "train", "--model", "Qwen/Qwen3-8B", "--offline"]) == 0
    flags = capsys.readouterr().out
    assert run(["--offline", "fine-tune Qwen/Qwen3-8B"]) == 0
    words = capsys.readouterr().out
    assert words.replace("# Request: fine-tune Qwen/Qwen3-8B\n", "", 1) == flags


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["train"], 3, "Which model?"),
        (["train", "--yes"], 3, "Which model?"),
        ([], 3, "What should be made?"),
        (["train", "--model", "zzz"], 3, "zzz"),
        (["job", "--model", "qwen3-8b"], 3, "Which cloud?"),
        (["job"], 3, "Which cloud?"),
        (["train", "--model", "llama3.1-8b", "--training-type", "full", "--gpus", "RTX4090"], 4, "Does not fit"),
        (["train", "--model", "qwen3-8b", "--epochs", "x"], 2, "--epochs"),
        (["train", "--model", "qwen3-8b", "--training-type", "loar"], 2, "lora"),
        (["train", "--model", "qwen3-8b", "--gpus", "RTX4O90"], 2, "RTX4090"),
        (["train", "--model", "qwen3-8b", "--set", "training.learning_rte=1"], 2, "training.learning_rate"),
        (["train", "--model", "qwen3-8b", "--set", "training.seed"], 2, "PATH=VALUE"),
        (["train", "--model", "qwen3-8b", "--benchmarks", "mmlu"], 2, "create eval"),
        (["trian", "--model", "qwen3-8b"], 2, "Did you mean train"),
        (["train", "--nope"], 2, "--nope"),
        (["train", "--model", "qwen3-8b", "--about", "cats"], 2, "No such option '--about'"),
        (["train", "--modle", "qwen3-8b"], 2, "oumi-chat create --help"),
        (["train", "--model", "--gpus", "T4"], 2, "--model needs a value"),
        (["--model", "qwen3-8b"], 2, "kind"),
        (["train", "--model", "qwen3-8b", "--seed", "1", "--set", "training.seed=2"], 2, "said twice"),
        (["train", "--model", "qwen3-8b", "--set", "training.save_steps=1", "--set", "training.save_steps=2"], 2, "said twice"),
        (["train", "--model", "qwen3-8b", "--training-type", "full", "--set", "peft.lora_dropout=0.1"], 2, "contradicts"),
    ],
)  # fmt: skip
def test_exit_codes_say_what_is_wrong(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["create", *words, "--offline"]) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(("words", "code", "status"), [(["train"], 3, "needs_input"), (["job", "--model", "qwen3-8b"], 3, "needs_input"), ([], 3, "needs_input"), (["train", "--model", "qwen3-8b"], 0, "ok"), (["train", "--model", "llama3.1-8b", "--training-type", "full", "--gpus", "RTX4090"], 4, "does_not_fit"), (["train", "--model", "qwen3-8b", "--seed", "x"], 2, "invalid")])
def test_json_is_one_object_with_the_questions(words: list[str], code: int, status: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["create", *words, "--json", "--offline"]) == code
    body = json.loads(capsys.readouterr().out)
    assert body["status"] == status
    assert bool(body["questions"]) == (status == "needs_input")
    assert bool(body["files"]) == (status == "ok")


def test_the_order_of_flags_does_not_matter(capsys: pytest.CaptureFixture[str]) -> None:
    flags = (["--nodes", "2"], ["--gpus", "8xH100"], ["--training-type", "lora"], ["--model", "qwen3-8b"])
    found = set()
    for order in (flags, tuple(reversed(flags))):
        assert run(["create", "train", *(word for flag in order for word in flag), "--offline"]) == 0
        found.add(capsys.readouterr().out)
    assert len(found) == 1
    assert "2 nodes of 8xH100" in found.pop()


def test_a_secret_in_a_flag_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "sk-proj-" + "Zx81kQ0Pw7" * 5
    assert run(["create", "train", "--model", "qwen3-8b", "--run-name", secret, "--set", f"training.logging_dir={secret}", "--offline"]) == 0
    shown = capsys.readouterr()
    assert secret[8:] not in shown.out + shown.err
    assert "A secret" in shown.err


def test_several_things_may_be_missing_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    run(["create", "job", "--json", "--offline"])
    assert [q["field"] for q in json.loads(capsys.readouterr().out)["questions"]] == ["model", "cloud"]


def test_a_file_is_written_once_and_replaced_only_by_force(tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    words = ["create", "train", "--model", "smollm2-135m", "--gpus", "cpu", "--offline", "-o", str(target)]
    assert program(*words).returncode == 0
    before = target.read_text()
    again = program(*words, "--seed", "3")
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert target.read_text() == before
    assert program(*words, "--seed", "3", "--force").returncode == 0
    assert yaml.safe_load(target.read_text())["training"]["seed"] == 3


@pytest.mark.parametrize("words", [["train"], ["train", "--model", "qwen3-8b"], ["eval", "--model", "qwen3-8b"], ["infer", "--model", "qwen3-8b"], ["job", "--model", "qwen3-8b"], []])
def test_nothing_is_read_where_no_terminal_is(words: list[str]) -> None:
    """Stdin is a pipe that never ends: whoever asks, waits for ever."""
    reads, writes = os.pipe()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "assistant.cli", "create", *words, "--offline"], stdin=reads, capture_output=True, text=True, env=ENV, timeout=30
        )
    finally:
        os.close(reads)
        os.close(writes)
    assert done.returncode in (0, 3)
    assert "> " not in done.stderr


@pytest.mark.parametrize("flag", [None, "--yes", "--json"])
def test_nothing_is_asked_without_both_ends_of_a_terminal_or_with_a_flag(flag: str | None) -> None:
    """A terminal for stdin alone, where stderr is a pipe; with a flag stderr is a terminal too."""
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "assistant.cli", "create", "train", "--offline", *([flag] if flag else [])],
            stdin=slave, stdout=subprocess.PIPE, stderr=slave if flag else subprocess.PIPE, text=True, env=ENV, timeout=30,
        )  # fmt: skip
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 3


def test_kinds_of_a_later_release_give_their_error(capsys: pytest.CaptureFixture[str]) -> None:
    from assistant.builder.kinds import _HOMES

    for kind in ("quantize", "tune", "judge", "synthesize"):
        if KINDS[kind].task in _HOMES:
            continue
        assert run(["create", kind, "--model", "qwen3-8b", "--offline"]) == 2
        assert f"Configs to {kind}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["$(touch pwned)", "`id`", "a; rm -rf ~", "x: y", "'\"", "!!python/object", "a\nb", "\x1b[31m"])
def test_hostile_names_stay_data(name: str, tmp_path: Path) -> None:
    done = program("create", "train", "--model", "smollm2-135m", "--gpus", "cpu", "--offline", "--run-name", name, "--output-dir", name, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)
    if done.returncode == 0:
        assert yaml.safe_load(done.stdout)["training"]["run_name"] == name
    assert not list(tmp_path.iterdir())


def test_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["create", "--help"]) == 0
    shown = capsys.readouterr().out
    for flag in (
        "--model", "--training-type", "--objective", "--dataset", "--sequence-length", "--epochs", "--max-steps", "--global-batch-size", "--micro-batch-size",
        "--learning-rate", "--lora-rank", "--lora-alpha", "--seed", "--precision", "--sharding", "--engine", "--benchmarks", "--num-fewshot", "--limit",
        "--output-dir", "--run-name", "--cloud", "--spot", "--nodes", "--max-hours", "--max-dollars", "--priority", "--set", "--offline", "--gpus",
        "--output-file", "--force", "--json", "--quiet", "--no-color", "--llm", "--llm-base-url", "--debug", "--yes",
    ):  # fmt: skip
        assert flag in shown, flag


def test_every_flag_with_a_value_is_known_to_the_router() -> None:
    """Else its value would be taken for a word, and the command for a request."""
    from assistant.cli.create import _command
    from assistant.cli.words import _WITH_VALUE

    taking = {name for param in _command().params if param.param_type_name == "option" and not param.is_flag for name in param.opts}
    assert taking <= set(_WITH_VALUE)


def test_words_after_create_are_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--offline", "create", "a", "lora", "config", "for", "qwen3-8b", "on", "A100"]) == 0
    assert "use_peft" in capsys.readouterr().out
