"""Every verdict on a local file, against the real Oumi: two real training steps on a tiny model through the chosen entry."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.core.values import DatasetChoice
from assistant.machine.datafile import examine
from assistant.planner.datafindings import findings
from assistant.planner.localdata import choose_local, is_loader
from tests.machine.datasamples import IMAGES, MESSAGES, NEGATIVE, POSITIVE, TEXTS, WARNED, lines, write

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent
TRAINERS = {"sft": "TRL_SFT", "dpo": "TRL_DPO", "kto": "TRL_KTO", "grpo": "TRL_GRPO", "gkd": "TRL_GKD", "pretrain": "TRL_SFT"}
USUAL = {"sft": "text_sft_jsonl", "dpo": "mlabonne/orpo-dpo-mix-40k"}
MISREAD = {
    "null-input.jsonl": "do 0\n\nNone",
    "null-completion.jsonl": "<|assistant|>None",
    "silent-all.jsonl": "<|user|>ask 0<|end|>",
    "image-type.jsonl": "<|user|>dir/cat.jpg<|end|>",
    "zeros.jsonl": "<|assistant|>1<|end|>",
    "messages-for-dpo.jsonl": "<|user|>ask 0<|end|><|assistant|>ans 0<|end|><|assistant|>",
    "prompt-twice.jsonl": "<|user|>ask 0<|end|><|assistant|>ans 0",
}
"""Errors at which Oumi does not stop: what it trains on instead."""


class Trainer:
    """One warm process that trains on one entry after the other."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [python, HERE / "data_worker.py", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, encoding="utf-8", cwd=folder,
        )  # fmt: skip
        self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the worker died: run tests/oumi/data_worker.py by hand to see why"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def train(self, objective: str, choice: DatasetChoice, **more: Any) -> dict[str, Any]:
        entry = {"dataset_name": choice.name, "dataset_kwargs": choice.kwargs}
        entry |= {"dataset_path": choice.path} if choice.path else {}
        entry |= {"split": choice.split} if choice.split else {}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"trainer": TRAINERS[objective], "dataset": entry, **more}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def trainer(tiny: Path, judge_bin: Path) -> Iterator[Trainer]:
    made = Trainer(judge_bin / "python", tiny)
    yield made
    made.close()


def chosen(folder: Path, name: str, objective: str, content: bytes) -> DatasetChoice | None:
    return choose_local(examine(write(folder, name, content), objective), objective)


@pytest.mark.parametrize("name", [*POSITIVE, *WARNED])
def test_what_is_chosen_trains(trainer: Trainer, tmp_path: Path, name: str) -> None:
    objective, content = (POSITIVE.get(name) or WARNED[name])[:2]
    choice = chosen(tmp_path, name, objective, content)
    assert choice is not None
    verdict = trainer.train(objective, choice)
    assert verdict["trained"], verdict["error"]
    assert verdict["rows"] == 8
    shown = json.dumps(verdict["texts"])
    assert "None" not in shown
    if objective in ("sft", "dpo") and name in POSITIVE and "text" not in name:
        assert "<|user|>" in shown, "the chat template was not applied"
    if name in WARNED and WARNED[name][2] == "DAT018" and objective != "gkd":
        assert "<|user|>" not in shown


@pytest.mark.parametrize("name", NEGATIVE)
def test_what_is_an_error_fails_or_misleads(trainer: Trainer, tmp_path: Path, name: str) -> None:
    objective, content = NEGATIVE[name][:2]
    path = write(tmp_path, name, content)
    choice = chosen(tmp_path, name, objective, content)
    if choice is None and name.endswith(".csv"):
        choice = DatasetChoice(name="csv", kwargs={"data_files": path})
    if (choice is None and "-and-prompt" in name) or name == "messages-for-dpo.jsonl":
        choice = DatasetChoice(name="parquet" if name.endswith("parquet") else "json", kwargs={"data_files": path})
    if choice is None and objective in USUAL:
        choice = DatasetChoice(name=USUAL[objective], path=path)
    if choice is None:
        choice = DatasetChoice(name="json", kwargs={"data_files": path})
    verdict = trainer.train(objective, choice)
    if name not in MISREAD:
        assert not verdict["trained"], verdict["texts"]
        return
    assert verdict["trained"]
    texts = [text for row in verdict["texts"] for text in row.values() if isinstance(text, str)]
    assert any(MISREAD[name] in text for text in texts), texts
    if name == "silent-all.jsonl":
        assert not any("<|assistant|>" in text for text in texts)


def test_images_need_a_vision_model(trainer: Trainer, tmp_path: Path) -> None:
    facts = examine(write(tmp_path, "rows.jsonl", IMAGES), "sft")
    choice = choose_local(facts, "sft", processor=f"{trainer.folder}/tiny-llama")
    assert choice is not None
    assert not trainer.train("sft", choice)["trained"]


def test_a_slice_of_a_local_file_is_the_whole_file(trainer: Trainer, tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", lines(MESSAGES))
    whole = DatasetChoice(name="text_sft_jsonl", path=path, split="train[:50%]")
    part = DatasetChoice(name="json", kwargs={"data_files": path}, split="train[:50%]")
    assert trainer.train("sft", whole)["rows"] == 8
    assert trainer.train("sft", part)["rows"] == 4
    facts = examine(path, "sft")
    assert [f.rule for f in findings(facts, "sft", split="train[:50%]")] == ["DAT022"]


def test_packing_never_starts_on_a_plain_loader(trainer: Trainer, tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", lines(TEXTS * 20))
    facts = examine(path, "pretrain")
    choice = choose_local(facts, "pretrain")
    assert choice is not None
    assert is_loader(choice)
    assert "DAT023" in [f.rule for f in findings(facts, "pretrain", pack=True)]
    assert trainer.train("pretrain", choice, pack=True, first_row_within=10) == {"first_row": False}
    packed = trainer.train("pretrain", choice, trainer_kwargs={"packing": True})
    assert packed["trained"], packed["error"]
    assert packed["rows"] < 160
    chats = write(tmp_path, "chats.jsonl", lines(MESSAGES * 20))
    own = choose_local(examine(chats, "sft"), "sft")
    assert own is not None
    assert trainer.train("sft", own, pack=True, first_row_within=20) == {"first_row": True}
