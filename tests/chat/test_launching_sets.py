"""`/launch` and `/save FOLDER/` of a training with its steps: all of them, in order, asked about once."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import Talk

SET = "lora smollm2 135m on the cpu, then evaluate it on mmlu and serve it"


@pytest.fixture
def oumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program `oumi` that writes down how it was called, and makes what a training makes."""
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "bin" / "oumi"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\necho "$@" >> calls\nif [ "$1" = train ]; then mkdir -p output/smollm2-135m-instruct.lora; echo "{}" > output/smollm2-135m-instruct.lora/adapter_config.json; fi\n'
        '[ "$1" = "$FAILS" ] && exit 7\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    return tmp_path


def calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text("utf-8").split("\n")[:-1] if path.exists() else []


def test_a_set_is_started_in_order(oumi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys, yes=True)
    talk.say(SET)
    shown = talk.say("/launch")
    assert calls(oumi) == ["train -c train.yaml", "evaluate -c eval.yaml", "infer -i -c infer.yaml"], shown
    assert talk.asked == ["Run these 3 commands, each when the one before it has ended well?"]
    assert "3 of 3" in shown
    assert "It ended well." in shown


def test_it_is_started_whole_where_a_step_is_talked_about(oumi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys, yes=True)
    talk.say("lora smollm2 135m on the cpu", "now evaluate it on mmlu", "/save set/", "run it")
    assert [call.split()[0] for call in calls(oumi)] == ["train", "evaluate"]
    assert calls(oumi)[0] == "train -c set/train.yaml"
    assert sorted(path.name for path in oumi.glob("*.yaml")) == []


def test_the_first_that_fails_ends_it(oumi: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "evaluate")
    talk = Talk(capsys, yes=True)
    talk.say(SET)
    shown = talk.say("/launch")
    assert [call.split()[0] for call in calls(oumi)] == ["train", "evaluate"]
    assert "infer.yaml was not started" in shown
    assert "ended with code 7" in shown


def test_without_a_yes_nothing_is_started(oumi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys)
    talk.say(SET)
    assert "Nothing was started" in talk.say("/launch")
    assert calls(oumi) == []


def test_a_job_is_started_where_a_cloud_was_said(oumi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys, yes=True)
    talk.say("lora smollm2 135m on an A100 on gcp")
    talk.say("/launch")
    assert [call.split()[:2] for call in calls(oumi)] == [["launch", "up"]]
    assert "oumi launch up" in talk.asked[-1]


def test_a_folder_is_made_for_a_set(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = Talk(capsys)
    talk.say(SET, "/save runs/first/")
    assert sorted(path.name for path in (tmp_path / "runs" / "first").iterdir()) == ["eval.yaml", "infer.yaml", "train.yaml"]
    assert "holds this config already" in talk.say("/save runs/first/")
    talk.say("rank 64")
    assert "left as it is" in talk.say("/save runs/first/")
    assert talk.asked == ["runs/first/train.yaml exists. Replace it?"]
    assert "lora_r: 16" in (tmp_path / "runs" / "first" / "train.yaml").read_text("utf-8")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("a file")
    talk = Talk(capsys)
    assert "cannot be made: a file of that name is there" in talk.say(SET, "/save runs/first/")


def test_what_is_there_alike_does_not_hold_the_rest_up(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = Talk(capsys)
    talk.say("lora smollm2 135m on the cpu", "/save runs/", "then evaluate it on mmlu")
    talk.say("/save runs/")
    assert talk.asked == []
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["eval.yaml", "train.yaml"]


def test_a_judge_waits_for_the_answers_that_the_set_writes(oumi: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    (oumi / "prompts.jsonl").write_text('{"messages": [{"role": "user", "content": "Why?"}]}\n', "utf-8")
    talk = Talk(capsys, yes=True)
    talk.say("lora smollm2 135m on the cpu, then answer prompts.jsonl with it and judge the answers with gpt-4o")
    shown = talk.say("/launch")
    assert [call.split()[0] for call in calls(oumi)] == ["train", "infer", "judge"], shown
    assert "there is no output" not in shown
