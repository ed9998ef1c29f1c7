"""The program with an LLM behind real HTTP: what it says is checked, what it does wrong costs nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from faultserver import Handler, completion, delta, serving

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chat"))
from pty_talk import Talk  # noqa: E402

FALSE = (
    "The plan needs 12.4 GiB per GPU.",
    "The upper bound is 29.7 GiB.",
    "It runs on two H200 GPUs.",
    "It runs on four A100 GPUs.",
    "FSDP splits the model over the GPUs.",
    "The rank is 128.",
    "Alpha is sixteen.",
    "The learning rate is 1e-3.",
    "Pass --turbo to make it faster.",
    "Set training.flash_mode to true.",
    "Use `--enable_unsloth` for twice the speed.",
    "Training takes about five minutes.",
    "The run costs about $0.10.",
    "The model is Llama 3.3 70B.",
    "It trains in fp8.",
    "The optimizer is Lion.",
    "All 8 B parameters train.",
    "Gradient checkpointing is off, since memory is plentiful.",
    "The plan does not fit these GPUs.",
    "The batch is 512 sequences.",
)
MARKS = ("12.4", "H200", "four A100", "FSDP splits", "128", "sixteen", "1e-3", "turbo", "flash_mode", "unsloth", "five minutes", "$0.10", "70B", "fp8", "Lion", "checkpointing is off", "does not fit these", "512")


def answering(story: str, intent: dict[str, Any]):  # type: ignore[no-untyped-def]
    """A server that reads every line as this intent and explains with this story."""

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        if not body.get("stream"):
            handler.json(200, completion(json.dumps(intent)))
            return
        handler.begin_stream()
        for start in range(0, len(story), 7):
            handler.event(delta(story[start : start + 7]))
        handler.event({**delta(""), "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        handler.event("[DONE]")

    return answer


def program(folder: Path, url: str, *lines: str, flags: tuple[str, ...] = (), **environ: str) -> subprocess.CompletedProcess[str]:
    keep = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    env = {**keep, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(ROOT), **environ}
    words = [sys.executable, "-m", "assistant.cli", "--llm", "openai/m", "--llm-base-url", url, *flags, "--script", "-"]
    return subprocess.run(words, input="\n".join(lines) + "\n", capture_output=True, text=True, env=env, timeout=90, cwd=folder, check=False)


REQUEST = "lora llama 3.1 8b on 2 A100 40gb"
NOTHING = {"kind": "other"}


def test_no_planted_falsehood_reaches_the_screen(tmp_path: Path) -> None:
    with serving(answering(" ".join(FALSE), NOTHING)) as server:
        done = program(tmp_path, server.url, REQUEST, "why is it planned like this?")
    shown = done.stdout.partition("> why")[2] + done.stderr.partition("> why")[2]
    assert any(sent.body.get("stream") for sent in server.sent), "no explanation was asked for"
    assert done.returncode == 0, done.stderr
    assert shown.strip()
    assert [mark for mark in MARKS if mark in shown] == []
    assert "The upper bound is 29.7" not in shown


def test_a_true_explanation_is_shown_as_it_is(tmp_path: Path) -> None:
    true = "The rank is 16 and alpha is 32."
    with serving(answering(true, NOTHING)) as server:
        done = program(tmp_path, server.url, REQUEST, "why is the rank 16?")
    assert true in done.stdout


def test_what_is_invented_is_dropped_and_the_words_stand(tmp_path: Path) -> None:
    invented = {"kind": "request", "task": "train", "model": "llama 3.1 8b", "gpu": "H200", "gpu_count": 16, "epochs": 12, "learning_rate": 0.7, "dataset": "secret/data"}
    with serving(answering("", invented)) as server:
        done = program(tmp_path, server.url, REQUEST, "/json")
    body = json.loads(done.stdout[done.stdout.index('{\n  "schema"') :])
    said = {key: value for key, value in body["intent"].items() if value is not None}
    assert said == {"task": "train", "model": "meta-llama/Llama-3.1-8B-Instruct", "method": "lora", "gpu": "A100", "gpu_count": 2}
    assert body["source"] == "llm"
    for invented_value in ("H200", "0.7", "secret/data"):
        assert invented_value not in done.stdout + done.stderr
    assert "dropped" in done.stderr


def test_the_source_of_a_turn_is_who_read_it(tmp_path: Path) -> None:
    with serving(answering("", NOTHING)) as server:
        done = program(tmp_path, server.url, REQUEST, "/show", "rank 64", "skip", flags=("--json",))
    assert [json.loads(line)["source"] for line in done.stdout.splitlines()] == ["llm", "offline", "llm", "offline"]


def test_a_follow_up_with_a_default_is_not_sent(tmp_path: Path) -> None:
    with serving(answering("", NOTHING)) as server:
        done = program(tmp_path, server.url, "lora llama 3.1 8b on 2 A100s", "something with the rank please")
    assert "[40 GB] / 80 GB" in done.stdout + done.stderr
    asked = json.dumps([one.body["messages"] for one in server.sent[1:] if "messages" in one.body])
    assert "something with the rank" in asked
    assert "80 GB" not in asked


def test_what_is_sent_holds_no_secret_no_environment_and_no_file(tmp_path: Path) -> None:
    hidden = "Zq8vYt3LmN5pR7sW9xB2cD4f"
    (tmp_path / "rows.jsonl").write_text(json.dumps({"messages": [{"role": "user", "content": "private row"}, {"role": "assistant", "content": "ok"}]}) + "\n")
    with serving(answering("", NOTHING)) as server:
        program(tmp_path, server.url, "lora qwen3 8b on an A100 with rows.jsonl", f"my key is sk-proj-{hidden}", f"{hidden} and rank 64", "why lora?", OPENAI_API_KEY=hidden, HF_TOKEN=hidden)
    sent = json.dumps([[one.path, one.headers, one.body] for one in server.sent])
    assert len(server.sent) >= 3
    for secret in (hidden, "private row", str(tmp_path), os.environ.get("PATH", "no path")):
        assert secret not in sent


@pytest.mark.parametrize("offline", [True, False])
def test_the_offline_flag_sends_nothing(tmp_path: Path, offline: bool) -> None:
    with serving(answering("", NOTHING)) as server:
        done = program(tmp_path, server.url, "rank 64") if not offline else subprocess.run(
            [sys.executable, "-m", "assistant.cli", "--offline", "--llm", "openai/m", "--llm-base-url", server.url, REQUEST],
            capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 3)
        assert bool(server.sent) is not offline


@pytest.mark.timing
def test_a_server_that_dies_in_mid_conversation_loses_nothing(tmp_path: Path) -> None:
    with serving(answering("", NOTHING)) as server:
        talk = Talk(tmp_path, "--llm", "openai/m", "--llm-base-url", server.url, offline=False)
        talk.__enter__()
        assert "LoRA" in talk.say(REQUEST, timeout=60)
    try:
        begun = time.monotonic()
        shown = talk.say("double the rank and 8k context")
        assert time.monotonic() - begun < 2.0
        assert "16, 32 → 32" in shown
        assert "8,192" in shown
        assert "offline" in shown
        assert "32" in talk.say("why that rank?")
        assert "Traceback" not in talk.raw
        assert "16, 32 → 32" not in talk.say("undo")
    finally:
        assert talk.leave() == 0


def test_a_one_shot_request_is_read_by_the_chosen_llm_and_gives_the_same_config(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    words = [sys.executable, "-m", "assistant.cli", REQUEST, "--json"]
    with serving(answering("", {"kind": "request", "task": "train", "model": "llama 3.1 8b", "method": "lora"})) as server:
        with_llm = subprocess.run([*words, "--llm", "openai/m", "--llm-base-url", server.url], capture_output=True, text=True, env=env, timeout=60, check=True)
    alone = subprocess.run([*words, "--offline"], capture_output=True, text=True, env=env, timeout=60, check=True)
    one, other = json.loads(with_llm.stdout), json.loads(alone.stdout)
    assert (one["source"], other["source"]) == ("llm", "offline")
    assert one["files"] == other["files"]
