"""What a run costs, said in one way everywhere, and the job beside it, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import Talk

from assistant.builder.prose_words import dollars_text
from assistant.catalogue.clouds import CLOUDS
from assistant.catalogue.offers import NO_PRICES, OWN


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    return Talk(capsys)


def test_on_an_own_machine_nothing_has_a_price(talk: Talk) -> None:
    talk.say("lora smollm2 135m on a 4090, budget 5 dollars")
    change = talk.say("make a job for it locally")
    assert f"on runpod, price of 2026-09 → {OWN}" in " ".join(change.split())
    for line in ("/show", "/cost", "how much will it cost?", "/json"):
        said = talk.say(line)
        assert "$0" not in said
        assert "no price is known" not in said.lower()
    assert OWN in " ".join(talk.say("/cost").split())
    assert OWN in " ".join(talk.say("how much will it cost?").split())


def test_a_price_that_is_lost_is_said(talk: Talk) -> None:
    talk.say("lora smollm2 135m on a 4090")
    assert "on runpod, price of 2026-09 → not known" in " ".join(talk.say("on gcp").split())


def test_a_tiny_run_is_not_free() -> None:
    assert [dollars_text(amount) for amount in (0.00001, 0.0031, 0.01, 0.85, 12.3)] == ["$0.0001", "$0.0031", "$0.01", "$0.85", "$12"]


def test_every_place_is_rented_or_says_that_it_is_not() -> None:
    assert {name for name, cloud in CLOUDS.items() if not cloud.rented} == set(NO_PRICES)


@pytest.mark.parametrize("cloud", ["gcp", "slurm", "locally"])
def test_a_job_is_named_once_in_a_change(cloud: str, talk: Talk) -> None:
    talk.say("lora smollm2 135m on an A100")
    change = talk.say(f"make a job for it {cloud if cloud == 'locally' else f'on {cloud}'}")
    rows = [line for line in change.splitlines() if line.strip().startswith("Job ")]
    assert len(rows) == 1, change
    assert "none →" in rows[0]
    assert "train.yaml → train.yaml, job.yaml" in change
