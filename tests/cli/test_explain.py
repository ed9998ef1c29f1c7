"""`oumi-chat explain`: fields and files, in a pipe, within 80 columns, as JSON; and what is neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.cli import run
from assistant.explain.facts import everywhere
from assistant.terminal.explaining import field_lines
from assistant.terminal.screen import Face
from assistant.terminal.text import cells, plain

TRAIN = (
    "model:\n  model_name: meta-llama/Llama-3.1-8B-Instruct\n  torch_dtype_str: bfloat16\n  model_max_length: 2048\ndata:\n  train:\n    datasets:\n      - dataset_name: yahma/alpaca-cleaned\n"
    "training:\n  trainer_type: TRL_SFT\n  use_peft: true\n  per_device_train_batch_size: 2\n  enable_gradient_checkpointing: true\npeft:\n  lora_r: 16\n  lora_target_modules: [q_proj, v_proj]\n"
)
JOB = "name: x\nresources: {cloud: gcp, accelerators: 'A100:2'}\nrun: oumi train -c train.yaml\n"


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "train.yaml"
    path.write_text(TRAIN, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", ["training.trainer_type", "model.torch_dtype_str", "fsdp", "generation.max_new_tokens", "training.optimizer"])
def test_nothing_is_wider_than_the_terminal(path: str) -> None:
    for facts in everywhere(path, None, "0.9"):
        for line in field_lines(facts, Face(terminal=True, width=80)):
            assert cells(plain(line)) <= 80


def test_a_field_in_a_pipe_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "model.torch_dtype_str", "--kind", "train"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "\x1b" not in out
    assert "float32 until 0.4.0" in out
    assert "bfloat16 (141)" in out


def test_a_field_of_another_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "training.gold.beta", "--oumi-version", "0.5"]) == 0
    assert "Oumi 0.5.0 has no such field" in capsys.readouterr().out


def test_a_field_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "peft.lora_r", "--json"]) == 0
    (field,) = json.loads(capsys.readouterr().out)["fields"]
    assert (field["type"], field["default"], field["interacts"]) == ("whole number", 8, ["peft.lora_alpha"])
    assert field["used"]["values"][0] == {"value": 16, "count": 30}
    assert field["releases"] == [{"from": "0.1.3", "until": None}]


def test_a_file_is_told_without_an_estimate_where_no_machine_is_known(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(train), "--offline"]) == 0
    out = capsys.readouterr().out
    assert "adapters of rank 16 (alpha 8)" in out
    assert "Estimate" not in out


def test_a_file_on_a_machine_has_its_estimate(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(train), "--offline", "--gpus", "A100"]) == 0
    assert "It fits" in capsys.readouterr().out
    assert run(["explain", str(train), "--offline", "--gpus", "T4"]) == 4
    assert "does not fit" in capsys.readouterr().out


def test_a_job_is_told_with_the_config_that_it_runs(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = train.parent / "job.yaml"
    job.write_text(JOB, encoding="utf-8")
    assert run(["explain", str(job), "--offline", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [one["kind"] for one in files] == ["job", "train"]
    assert files[1]["plan"]["memory"]["fits"]
    train.unlink()
    assert run(["explain", str(job), "--offline"]) == 0


def test_a_file_that_oumi_cannot_read_is_an_error_with_its_line(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.write_text(TRAIN.replace("use_peft", "use_pfet"), encoding="utf-8")
    assert run(["explain", str(train), "--offline"]) == 5
    out = capsys.readouterr().out
    assert "line 11" in out
    assert "use_peft" in out


def test_a_file_is_told_with_what_lint_finds_in_it(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.write_text(TRAIN.replace("  use_peft: true\n", "  save_epoch: true\n"), encoding="utf-8")
    assert run(["explain", str(train), "--offline", "--gpus", "A100"]) == 5
    out = capsys.readouterr().out
    assert "Estimate" in out
    assert out.count("Oumi trains all parameters") == 1
    assert "line 14: peft is set" in out
    assert "line 11: save_epoch has no effect" in out
    run(["explain", str(train), "--offline", "--json"])
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert {"PEF001", "TRN045"} <= {finding["rule"] for finding in file["findings"]}


def test_findings_of_a_job_and_of_its_config_stand_each_with_its_own(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = train.parent / "job.yaml"
    job.write_text(JOB, encoding="utf-8")
    run(["explain", str(job), "--offline", "--json"])
    files = json.loads(capsys.readouterr().out)["files"]
    rules = [{finding["rule"] for finding in one["findings"]} for one in files]
    assert rules[0] == {"JOB022", "JOB025", "JOB028"}
    assert "PEF038" in rules[1]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["training.max_stps"], "training.max_steps"),
        (["training.max_steps", "--kind", "poem"], "no kind"),
        (["training.max_steps", "--oumi-version", "7"], "no Oumi"),
        (["./nowhere.yaml"], "There is no file"),
        (["{folder}/axolotl.yaml"], "oumi-chat migrate"),
        (["{folder}/other.yaml"], "known by its fields"),
    ],
)
def test_what_is_neither_field_nor_config_is_said(args: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "axolotl.yaml").write_text("base_model: a/b\n", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("colour: red\n", encoding="utf-8")
    assert run(["explain", *(arg.format(folder=tmp_path) for arg in args)]) == 2
    assert words in capsys.readouterr().err


def test_a_question_that_begins_with_the_word_is_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--offline", "explain", "what", "lora", "does"])
    assert 'no field "what' not in capsys.readouterr().err


@pytest.mark.parametrize(("word", "told"), [("lr", "training.learning_rate"), ("nope", "no field"), ("TRL_SFT", "training.trainer_type"), ("Training", "Did you mean training?")])
def test_one_word_that_is_no_field_is_no_request(word: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", word]) == 2
    assert told in capsys.readouterr().err


def test_a_section_of_any_kind_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "resources"]) == 0
    assert "cloud: text, must be given" in capsys.readouterr().out
