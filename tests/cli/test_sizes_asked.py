"""Questions of size in words: a size stands for a model, yes or no comes first, limits and clouds are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.cli import run


@pytest.fixture(autouse=True)
def _no_gpu_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.machine.choice.probe_hardware", lambda: (None, ()))
    monkeypatch.setattr("assistant.machine.probe.probe_hardware", lambda: (None, ()))


BOTH = pytest.mark.parametrize("head", [[], ["estimate"]], ids=["request", "estimate"])


def asked(capsys: pytest.CaptureFixture[str], head: list[str], text: str) -> tuple[int, dict[str, Any]]:
    code = run([*head, "--offline", "--json", text])
    found = json.loads(capsys.readouterr().out)
    return code, found


@BOTH
@pytest.mark.parametrize(
    ("text", "code", "model", "word"),
    [
        ("can I qlora 70b on a 3090?", 4, "70B", "No: "),
        ("can I full finetune 8b on one H100", 0, "8B", "Yes: "),
        ("does lora of llama 3.1 8b fit in 16 GB", 4, None, "No: "),
    ],
)
def test_can_it(head: list[str], text: str, code: int, model: str | None, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = asked(capsys, head, text)
    assert status == code
    assert found["explanation"].startswith(word)
    assert not found["largest_models"]
    notes = [a for a in found["assumptions"] if a["field"] == "model"]
    assert (model is None) == (not notes)
    if model:
        assert model in notes[0]["value"]
        assert found["intent"]["model"] is None
    if code == 4:
        assert found["ways_out"]


def test_a_config_is_made_for_a_model_that_was_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, [], "lora a 13b on a T4")
    assert code == 3
    assert "14B" in found["questions"][0]["choices"][0]


def test_an_estimate_takes_a_size(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, ["estimate"], "lora a 13b on a T4")
    assert code == 4
    assert "14B" in found["assumptions"][0]["value"]


@BOTH
def test_it_is_said_first(head: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*head, "--offline", "can I qlora 70b on a 3090?"]) == 4
    streams = capsys.readouterr()
    assert (streams.out + streams.err).lstrip().startswith("No: ")


@BOTH
def test_the_largest_on_bare_memory(head: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, head, "biggest model I can lora on 24 GB for 5 dollars")
    assert code == 3
    assert found["largest_models"]
    assert [f["rule"] for f in found["findings"]] == ["REQ003"]


@BOTH
def test_the_least_cost_is_of_the_run(head: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, head, "what do I need to full fine-tune llama 3.3 70b?")
    assert code == 0
    costs = [r["run_dollars"] for r in found["requirements"] if r["run_dollars"] is not None]
    assert costs == sorted(costs)
    for r in found["requirements"]:
        if r["run_dollars"] is not None:
            assert r["run_dollars"] == pytest.approx(r["hourly_dollars"][0] * r["plan"]["time"]["hours"], rel=0.01)
    assert "In order of what the run costs" in found["explanation"]
    assert any(a["field"] == "dataset" for a in found["assumptions"])


@BOTH
@pytest.mark.parametrize(("gpu", "count", "nodes"), [("H100", 8, 2), ("H200", 8, 1)])
def test_how_many_of_one_kind(head: list[str], gpu: str, count: int, nodes: int, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, head, f"how many {gpu} do I need for full llama 3.3 70b")
    assert code == 0
    machines = [(r["hardware"]["gpu"], r["hardware"]["gpu_count"], r["hardware"]["nodes"]) for r in found["requirements"]]
    assert machines == [(gpu, count, nodes)]


@BOTH
def test_no_number_is_enough(head: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, head, "how many T4 do I need for full llama 3.3 70b")
    assert code == 4
    assert "No number of T4" in found["explanation"]


@BOTH
def test_offers_of_one_cloud(head: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, head, "what do I need to lora gemma 3 27b on aws")
    assert code == 0
    assert found["requirements"]
    assert all("(aws)" in r["price"] or "on aws" in r["price"] for r in found["requirements"])


@BOTH
def test_a_limit_on_time(head: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, head, "cheapest machine for qlora llama 3.3 70b under 5 hours")
    assert code == 0
    assert found["requirements"]
    assert all(r["plan"]["time"]["hours"] <= 5 for r in found["requirements"])


@BOTH
def test_a_limit_on_money(head: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, head, "what do I need to qlora llama 3.3 70b for 30 dollars")
    assert code == 0
    assert all(r["run_dollars"] <= 30 for r in found["requirements"])
    code, found = asked(capsys, head, "what do I need to full fine-tune llama 3.3 70b for 20 dollars")
    assert code == 4
    assert "$20" in found["explanation"]


def test_a_flag_answers_which_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("qlora llama 3.1 8b on my laptop", "qlora llama 3.1 8b on a 4090 or an A100"):
        assert run(["--offline", "--json", text]) == 3
        found = json.loads(capsys.readouterr().out)
        assert found["questions"][0]["field"] == "gpu"
        assert run(["--offline", "--json", "--gpus", "RTX4090", text]) == 0
        assert json.loads(capsys.readouterr().out)["hardware"]["gpu"] == "RTX4090"


def test_questions_keep_their_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--offline", "--json", "llama 3.1 8b, lora or full fine-tuning"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["questions"][0]["field"] == "method"
    assert len(found["questions"][0]["choices"]) == 2
