"""`oumi-chat lint` from outside: what is read, shown and written, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.cli.program import run
from assistant.machine import validate

BAD = """\
model:
  {model_name: gpt2, model_max_length: 1024, torch_dtype_str: bfloat16}  # small
training:
  trainer_type: trl_sft
  output_dir: output/mine
data:
  train:
    datasets: [{dataset_name: yahma/alpaca-cleaned}]
"""
GOOD = BAD.replace("trl_sft", "TRL_SFT")
KEYS = {"file", "line", "column", "rule", "severity", "path", "message", "fix"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return name


def found(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, Any]]]:
    code = run(["lint", "--format", "json", *args])
    body = json.loads(capsys.readouterr().out)
    assert set(body) == {"schema", "findings"}
    assert body["schema"] == 1
    assert all(set(one) == KEYS for one in body["findings"])
    return code, body["findings"]


def test_json_is_that_of_the_contract(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, findings = found(capsys, put(here, "train.yaml", BAD))
    assert code == 5
    first = findings[0]
    assert {"file": "train.yaml", "line": 4, "column": 17, "rule": "SCH003", "severity": "error", "path": "training.trainer_type"}.items() <= first.items()
    assert first["fix"] == "write TRL_SFT"


def test_a_good_file_ends_well(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert found(capsys, put(here, "train.yaml", GOOD)) == (0, [])


def test_a_warning_is_no_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, findings = found(capsys, put(here, "train.yaml", GOOD.replace("data:", "  save_epoch: true\ndata:")))
    assert (code, [one["severity"] for one in findings]) == (0, ["warning"])


def test_text_names_the_place_and_the_fix(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", put(here, "train.yaml", BAD)]) == 5
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].startswith("train.yaml:4:17: error SCH003 training.trainer_type takes one of")
    assert printed.out.splitlines()[1] == "    fix: write TRL_SFT"
    assert "1 config checked: 1 error. There is a fix for 1: --fix." in printed.err
    assert run(["lint", put(here, "train.yaml", GOOD)]) == 0
    assert "--fix" not in capsys.readouterr().err


def test_folders_patterns_and_names_are_taken_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a/b.yaml", "a/c.yml", "a/.git/d.yaml", "a/e.txt", "f.yaml"):
        put(here, name, BAD)
    put(here, "a/compose.yaml", "services: {web: {image: nginx}}\n")
    put(here, "a/broken.yaml", "x: [\n")
    put(here, "a/like_ours.yaml", "model:\n  model_name: [\ntraining:\n")
    code, findings = found(capsys, "a", "*.yaml", "a/b.yaml", "--select", "SCH")
    assert code == 5
    assert [(one["file"], one["rule"]) for one in findings] == [("a/b.yaml", "SCH003"), ("a/c.yml", "SCH003"), ("a/like_ours.yaml", "SCH000"), ("f.yaml", "SCH003")]


@pytest.mark.parametrize("args", [["nope.yaml"], ["no*.yaml"], ["compose.yaml"], ["latin.yaml"], [], ["train.yaml", "--select", "XYZ1"], ["train.yaml", "--gpus", "9xFOO"], ["train.yaml", "--oumi-version", "99"]])
def test_what_cannot_be_read_ends_with_2(args: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, "train.yaml", GOOD)
    put(here, "compose.yaml", "services: {web: {image: nginx}}\n")
    (here / "latin.yaml").write_bytes("model: {model_name: \xe4}\n".encode("latin-1"))
    assert run(["lint", *args]) == 2
    printed = capsys.readouterr()
    assert printed.err.strip()
    assert "Traceback" not in printed.err


def test_one_unreadable_file_does_not_hide_the_others(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, findings = found(capsys, "nope.yaml", put(here, "train.yaml", BAD))
    assert (code, findings[0]["file"]) == (2, "train.yaml")


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stdin(monkeypatch, BAD)
    code, findings = found(capsys, "-")
    assert (code, findings[0]["file"]) == (5, "-")


def test_a_mended_standard_input_is_the_result(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stdin(monkeypatch, BAD)
    assert run(["lint", "--fix", "-"]) == 0
    assert capsys.readouterr().out == BAD.replace("trl_sft", "TRL_SFT")


def test_fix_writes_once_and_diff_never(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = put(here, "train.yaml", BAD)
    assert run(["lint", "--diff", name]) == 5  # the error is still in the file
    printed = capsys.readouterr()
    assert "+  trainer_type: TRL_SFT" in printed.out
    assert "1 config checked: 1 error." in printed.err
    assert (here / name).read_text("utf-8") == BAD
    assert run(["lint", "--fix", name]) == 0
    assert (here / name).read_text("utf-8") == BAD.replace("trl_sft", "TRL_SFT")
    stamp = os.stat(here / name).st_mtime_ns
    assert run(["lint", "--fix", name]) == 0
    assert os.stat(here / name).st_mtime_ns == stamp


def test_two_texts_do_not_share_stdout(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", put(here, "train.yaml", BAD), "--diff", "--format", "json"]) == 2
    assert capsys.readouterr().out == ""


def test_sarif_is_what_code_scanning_takes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--format", "sarif", put(here, "my configs/a%b.yaml", BAD)]) == 5
    body = json.loads(capsys.readouterr().out)
    (one_run,) = body["runs"]
    result = one_run["results"][0]
    assert body["version"] == "2.1.0"
    assert (result["ruleId"], result["level"]) == ("SCH003", "error")
    assert result["message"]["text"].endswith('not "trl_sft". Fix: write TRL_SFT')
    assert result["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "my%20configs/a%25b.yaml"}, "region": {"startLine": 4, "startColumn": 17}}
    assert result["ruleId"] in [rule["id"] for rule in one_run["tool"]["driver"]["rules"]]


def test_github_shows_it_beside_the_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["lint", "--format", "github", put(here, "a,b:c.yaml", BAD)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("::error file=a%2Cb%3Ac.yaml,line=4,col=17,title=SCH003::")
    assert lines[0].endswith('not "trl_sft". Fix: write TRL_SFT')
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)


@pytest.mark.parametrize("name", ["a\nb.yaml", "a\x1b[31mb.yaml", "a b.yaml", "ä.yaml", "-x.yaml", "$(touch x).yaml", "[1].yaml", "a\u202eb.yaml"])
@pytest.mark.parametrize("how", ["text", "json", "sarif", "github"])
def test_a_hostile_name_is_a_name(name: str, how: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / name).write_text(BAD, "utf-8")
    assert run(["lint", "--format", how, f"./{name}"]) == 5
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert how in ("json", "sarif") or len(out.splitlines()) == {"text": 2, "github": 1}[how]
    assert sorted(os.listdir(here)) == [name]


def test_a_job_is_judged_by_the_config_that_it_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    big = GOOD.replace("gpt2", "meta-llama/Llama-3.1-70B-Instruct")
    put(here, "configs/train.yaml", big)
    put(here, "job.yaml", "name: x\nresources:\n  cloud: gcp\n  accelerators: A100-80GB:1\nworking_dir: .\nrun: oumi train -c configs/train.yaml\n")
    code, findings = found(capsys, "job.yaml")
    assert code == 5
    assert [(one["rule"], one["line"]) for one in findings] == [("MEM020", 4)]


def test_the_machine_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = put(here, "train.yaml", GOOD.replace("gpt2", "meta-llama/Llama-3.1-70B-Instruct"))
    assert found(capsys, name, "--select", "MEM")[0] == 0
    assert found(capsys, name, "--select", "MEM", "--gpus", "A100-80GB")[0] == 5
    assert found(capsys, name, "--select", "MEM", "--gpus", "8xB200", "--ignore", "MEM022")[0] == 5  # one copy on each, of 8 bytes a parameter


def test_help_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--help"]) == 0
    assert "--oumi-version" in capsys.readouterr().out


def test_a_read_only_file_is_judged_and_not_mended(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = put(here, "train.yaml", BAD)
    (here / name).chmod(0o444)
    assert run(["lint", "--fix", name]) == 2
    out, err = capsys.readouterr()
    assert "error SCH003" in out
    assert "1 config checked: 1 error." in err
    assert "read-only" in err
    assert "mended" not in err
    assert (here / name).read_text("utf-8") == BAD


def test_what_the_installed_oumi_says_is_a_finding(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def refuse(path: Path, kind: str) -> validate.Verdict:
        asked.append((str(path), kind))
        return validate.Verdict(accepted=False, problem="ValueError: no")

    monkeypatch.setattr(validate, "validate", refuse)
    train, watch = put(here, "train.yaml", GOOD), put(here, "watch.yaml", "checkpoints_dir: out\npolling_interval: 60\nevaluation: {model: {model_name: gpt2}, tasks: [{evaluation_backend: lm_harness, task_name: mmlu}]}\n")
    code, findings = found(capsys, train, watch, "--with-oumi", "--select", "SCH")
    assert asked == [("train.yaml", "train"), ("watch.yaml", "async_eval")]
    assert (code, [(one["file"], one["rule"]) for one in findings]) == (5, [("train.yaml", "OUMI"), ("watch.yaml", "OUMI")])


def test_the_installed_oumi_is_not_asked_of_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, BAD)
    assert run(["lint", "--with-oumi", "-"]) == 2
    assert "reads files" in capsys.readouterr().err


def test_a_link_that_leads_back_up_brings_no_file_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "up").symlink_to(tmp_path)
    (tmp_path / "runs" / "t.yaml").write_text("model: {model_name: gpt2}\ntraining: {trainer_type: trl_sft}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run(["lint", "**/*.yaml", "--format", "json"])
    assert {found["file"] for found in json.loads(capsys.readouterr().out)["findings"]} == {"runs/t.yaml"}
