"""Sets of raw text are read as a stream alone, and need the length of their rows: by the real Oumi, with documents that stand in for the download."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from assistant.catalogue.datasets import all_datasets
from assistant.checks.lint import Context, judge

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent
NAMES = ("HuggingFaceFW/fineweb-edu", "allenai/c4", "Salesforce/wikitext", "roneneldan/TinyStories")


def rules(name: str, kwargs: object, stream: bool) -> set[str]:
    entry = {"dataset_name": name, "dataset_kwargs": kwargs}
    body = {"model": {"model_name": "gpt2"}, "data": {"train": {"stream": stream, "datasets": [entry]}}, "training": {"trainer_type": "TRL_SFT", "max_steps": 2}}
    return {flaw.finding.rule for flaw in judge(json.dumps(body), Context()).flaws if flaw.finding.severity == "error"}


def test_raw_text_is_read_as_the_rules_say(tiny: Path, judge_bin: Path) -> None:
    assert {spec.id for spec in all_datasets() if spec.kind == "pretrain" and spec.registered} >= set(NAMES)
    done = subprocess.run([judge_bin / "python", HERE / "raw_text_worker.py", tiny / "tiny-llama", *NAMES], capture_output=True, text=True, check=True, timeout=300)
    answers = json.loads(done.stdout.splitlines()[-1])
    assert len(answers) == 3 * len(NAMES)
    for answer in answers:
        found = rules(answer["name"], answer["kwargs"], answer["stream"])
        assert bool(found) is bool(answer["error"]), (answer, found)
        if not answer["kwargs"]:
            assert found == {"DAT070"}
            assert "seq_length" in answer["error"]
        elif not answer["stream"]:
            assert found == {"DAT069"}
            assert "IterableDataset" in answer["error"]
        else:
            assert answer["tokens"] == 64
