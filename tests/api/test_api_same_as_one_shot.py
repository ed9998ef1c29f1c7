"""The builder and the program give the same bytes for the same request, said in words or in steps."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from test_api_steps import say

from assistant import ConfigBuilder, plan
from assistant.cli.program import run
from assistant.core.errors import NeedsInputError, OumiChatError

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data" / "utterances_dev.jsonl"
GOLDEN = [line for line in (ROOT / "tests" / "golden" / "requests.txt").read_text("utf-8").splitlines() if line]
_OF_THE_WORDS = re.compile(r"^# (?:Request|Assumed|Note): .*\n", re.MULTILINE)
"""Lines of the header that name the words, what the reader took them for, and pieces that it did not understand."""


def requests() -> list[str]:
    """The shared requests to train, evaluate or serve."""
    if not SHARED.exists():
        if os.environ.get("CI"):
            pytest.fail(f"no {SHARED}")
        pytest.skip("the shared requests are not here")
    rows = [json.loads(line) for line in SHARED.read_text("utf-8").splitlines()]
    return [row["text"] for row in rows if row["intent"].get("task") in ("train", "evaluate", "infer")]


@cache
def by_program(text: str, capture: Any) -> dict[str, Any]:
    """What the program prints for a request, with `--json`."""
    capture.readouterr()
    run(["--offline", "--json", text])
    printed: dict[str, Any] = json.loads(capture.readouterr().out)
    return printed


def steps_of(intent: dict[str, Any]) -> ConfigBuilder:
    """The builder that says each key of an intent in a step."""
    builder = ConfigBuilder()
    for key, value in intent.items():
        builder = builder if value is None else say(builder, key, value)
    return builder


def test_shared_requests_in_words_and_in_steps(capsys: pytest.CaptureFixture[str]) -> None:
    same = 0
    for text in requests():
        printed = by_program(text, capsys)
        assert plan(text).to_json() == printed
        if not printed["files"]:
            continue
        wanted = printed["files"][0]["yaml"]
        assert ConfigBuilder.from_request(text).to_yaml() == wanted, text
        for builder in (steps_of(printed["intent"]), ConfigBuilder.from_intent(printed["intent"])):
            assert _OF_THE_WORDS.sub("", builder.to_yaml()) == _OF_THE_WORDS.sub("", wanted), text
        same += 1
    assert same >= 100


@pytest.mark.parametrize("text", GOLDEN)
def test_named_requests_in_words_and_in_steps(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed = by_program(text, capsys)
    if printed["files"]:
        assert ConfigBuilder.from_request(text).to_yaml() == printed["files"][0]["yaml"]
        assert steps_of(printed["intent"]).build().body == ConfigBuilder.from_request(text).build().body
        return
    with pytest.raises(OumiChatError) as raised:
        ConfigBuilder.from_request(text).build()
    assert raised.value.outcome is not None
    assert raised.value.exit_code == {"needs_input": 3, "does_not_fit": 4}.get(printed["status"], 2)


def test_a_stated_machine_is_that_of_the_flag(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["--offline", "--gpus", "2xH100", "lora llama 3.1 8b", "-o", str(tmp_path / "a.yaml")]) == 0
    config = ConfigBuilder.from_request("lora llama 3.1 8b").hardware("2xH100").build()
    saved = config.save(tmp_path / "b.yaml")
    assert (tmp_path / "a.yaml").read_text("utf-8").replace("a.yaml", "b.yaml") == (tmp_path / "b.yaml").read_text("utf-8")
    assert saved.commands == tuple(command.replace("train.yaml", str(tmp_path / "b.yaml")) for command in config.commands)


def test_a_question_of_size_is_an_answer_to_plan_and_a_request_to_the_builder() -> None:
    asked = plan("what is the largest model I can lora on a 4090")
    assert (asked.files, bool(asked.largest)) == ((), True)
    with pytest.raises(NeedsInputError):
        ConfigBuilder.from_request("what is the largest model I can lora on a 4090").build()


def test_a_step_after_words_is_named_in_the_header() -> None:
    first = ConfigBuilder.from_request("lora llama 3.1 8b on an H100 for 2 epochs")
    then = first.epochs(3).lora_rank(8)
    assert "# Request: lora llama 3.1 8b on an H100 for 2 epochs\n" in first.to_yaml()
    assert "# Request: lora llama 3.1 8b on an H100 for 2 epochs, then epochs 3.0, lora_rank 8\n" in then.to_yaml()
    assert {path: tuple(change) for path, change in first.diff(then).items()} == {
        "training.num_train_epochs": (2, 3), "peft.lora_r": (16, 8), "peft.lora_alpha": (32, 16),
    }  # fmt: skip


def test_what_the_reader_would_have_asked_is_settled_by_a_step() -> None:
    words = ConfigBuilder.from_request("lora llama3 on 2 A100s")
    assert any(note.field == "model" for note in words.outcome().assumptions)
    assert not any(note.field == "model" for note in words.model("Qwen/Qwen3-8B").outcome().assumptions)


def test_a_secret_in_a_request_is_left_out() -> None:
    key = "hf_" + "aB3" * 11 + "x"
    config = ConfigBuilder.from_request(f"lora llama 3.1 8b on an H100, my token is {key}").build()
    assert key not in config.yaml
    assert key not in repr(config)
