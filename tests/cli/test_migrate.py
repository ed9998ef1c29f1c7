"""`oumi-chat migrate`: where its result goes, what it replaces, and its exit codes."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from assistant.cli import run
from tests.migrate.examples import HERE

OLD = "training: {trainer_type: TRL_SFT, use_peft: true}\nmodel:\n  model_name: a/b  # mine\ndata:\n  train:\n    datasets: [{dataset_name: yahma/alpaca-cleaned}]\npeft:\n  init_lora_weights: GAUSSIAN\n"
NEW = OLD.replace("init_lora_weights", "lora_init_weights").replace("# mine\n", "# mine\n  torch_dtype_str: float32\n")
LOST = "attributes: {a: {name: a}}\nmodel: {model_name: a/b}\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.yaml"
    path.write_text(OLD, encoding="utf-8")
    return path


def test_the_result_is_on_stdout_and_the_notes_beside_it(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", str(old)]) == 0
    out, err = capsys.readouterr()
    assert "lora_init_weights: GAUSSIAN" in out
    assert "# mine" in out
    assert "peft.init_lora_weights" in err
    assert old.read_text("utf-8") == OLD


def test_a_diff_writes_nothing(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", str(old), "--diff"]) == 0
    out = capsys.readouterr().out
    assert "-  init_lora_weights: GAUSSIAN\n" in out
    assert "+  lora_init_weights: GAUSSIAN\n" in out
    assert old.read_text("utf-8") == OLD


def test_in_place_replaces_the_file_and_a_second_time_changes_nothing(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", str(old), "--in-place"]) == 0
    once = old.read_text("utf-8")
    assert "lora_init_weights" in once
    assert run(["migrate", str(old), "--in-place"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "is as it was" in err
    assert old.read_text("utf-8") == once
    assert sorted(os.listdir(old.parent)) == ["old.yaml"]


def test_what_would_be_lost_is_not_replaced_without_leave(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "judge.yaml"
    path.write_text(LOST, encoding="utf-8")
    assert run(["migrate", str(path), "--in-place"]) == 5
    assert path.read_text("utf-8") == LOST
    assert "--force" in capsys.readouterr().err
    assert run(["migrate", str(path), "--in-place", "--force"]) == 5
    assert "inference_config" in path.read_text("utf-8")


def test_another_tools_file_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (HERE / "llama_factory" / "lora_sft.yaml").read_text("utf-8")
    path = tmp_path / "factory.yaml"
    path.write_text(text, encoding="utf-8")
    assert run(["migrate", str(path), "--in-place"]) == 2
    assert path.read_text("utf-8") == text
    target = tmp_path / "train.yaml"
    assert run(["migrate", str(path), "-o", str(target)]) == 0
    assert target.read_text("utf-8").startswith("# From a config of LLaMA-Factory")
    assert run(["migrate", str(path), "-o", str(target)]) == 2  # it exists
    assert "exists" in capsys.readouterr().err


def test_json_holds_findings_with_places_and_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    path = HERE / "axolotl" / "dpo_lora.yaml"
    assert run(["migrate", str(path), "--format", "json"]) == 5
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == 1
    lost = {finding["message"].partition(":")[0]: finding for finding in found["findings"] if finding["severity"] == "error"}
    assert {"peft_use_dora", "num_epochs", "early_stopping_patience", "my_own_key"} <= set(lost)
    line = path.read_text("utf-8").splitlines()[lost["my_own_key"]["line"] - 1]
    assert line.startswith("my_own_key")
    assert set(found["findings"][0]) == {"file", "line", "column", "rule", "severity", "path", "message", "fix"}
    assert found["files"][0]["from"] == "Axolotl"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["{old}", "{old}"], "no one result"),
        (["{old}", "--to", "0.99"], "There is no Oumi"),
        (["{old}", "--format", "xml"], "no format"),
        (["{old}", "--kind", "poem"], "no kind"),
        (["{old}", "--in-place", "--diff"], "--in-place"),
        (["./nowhere.yaml"], "There is no file"),
        (["{folder}/list.yaml"], "top level"),
        (["{folder}/other.yaml"], "known by its keys"),
    ],
)
def test_what_cannot_be_done_is_said(args: list[str], words: str, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (old.parent / "list.yaml").write_text("- 1\n", encoding="utf-8")
    (old.parent / "other.yaml").write_text("colour: red\n", encoding="utf-8")
    before = sorted(os.listdir(old.parent))
    assert run(["migrate", *(arg.format(old=old, folder=old.parent) for arg in args)]) == 2
    assert words in capsys.readouterr().err
    assert sorted(os.listdir(old.parent)) == before


def test_what_the_release_still_refuses_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("model: {model_name: a/b}\ntraining: {num_train_epochs: 1.5}\n", encoding="utf-8")
    assert run(["migrate", str(path)]) == 5
    assert "num_train_epochs" in capsys.readouterr().err


def test_an_error_of_the_linter_in_the_result_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "forgotten.yaml"
    path.write_text(OLD.replace(", use_peft: true", ""), encoding="utf-8")
    assert run(["migrate", str(path)]) == 5
    assert "PEF001" in capsys.readouterr().err
    assert run(["migrate", str(path), "--format", "json"]) == 5
    assert "PEF001" in [one["rule"] for one in json.loads(capsys.readouterr().out)["findings"]]


def test_a_sentence_that_begins_with_the_word_is_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--offline", "migrate", "my", "llama", "training", "to", "lora"])
    assert "no file" not in capsys.readouterr().err


@pytest.mark.parametrize(("raw", "words"), [(b"model: \xff\n", "no text in UTF-8"), (b"a" * 1_000_001, "no config does")])
def test_what_is_piped_in_and_is_no_config(raw: bytes, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert run(["migrate", "-"]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("name", "text", "hint"), [("train.py", "from trl import SFTTrainer\n", "oumi-chat - < "), ("train.ipynb", '{"cells": [], "metadata": {}}', "Paste its cells")])
def test_a_program_is_sent_to_where_it_is_read(name: str, text: str, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert run(["migrate", str(path)]) == 2
    assert hint in capsys.readouterr().err.replace("\n", " ")
