"""A session's file that was damaged: which file, what is wrong in it, how to go on; and it is never written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pty_talk import Talk, plain


def kept(folder: Path) -> Path:
    """The file of a conversation of two turns."""
    with Talk(folder) as talk:
        talk.say("lora qwen3 8b on an A100")
        talk.say("rank 32")
        assert talk.leave() == 0
    (file,) = (folder / "state" / "oumi-chat" / "sessions").glob("*.json")
    return file


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    file = kept(folder := tmp_path_factory.mktemp("session"))
    return folder, file.read_text()


def _epochs(document: Any) -> None:
    document["states"][1]["intent"]["epochs"] = "many"


def _words(document: Any) -> None:
    del document["states"][0]["words"]


def _notes(document: Any) -> None:
    document["states"][1]["notes"] = [3]


def _none(document: Any) -> None:
    document["states"] = []


def _form(document: Any) -> None:
    document["form"] = 9


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_epochs, "document.states.1: 'many' is no value of intent.epochs"),
        (_words, "document.states.0: words is missing"),
        (_notes, "document.states.1: a value is of another type"),
        (_none, "document: there is no state in it"),
        (_form, "its form is 9, and 1 is read"),
    ],
)
def test_what_is_damaged_is_said_and_the_file_kept(damage: Callable[[Any], None], told: str, session: tuple[Path, str]) -> None:
    folder, text = session
    (file,) = (folder / "state" / "oumi-chat" / "sessions").glob("*.json")
    body = json.loads(text)
    damage(body["document"])
    file.write_text(broken := json.dumps(body))
    talk = Talk(folder, "--continue", columns=200)
    assert talk.leave("") == 2
    shown = " ".join(plain(talk.raw).split())
    assert told in shown
    assert str(file) in shown
    assert "oumi-chat --resume lists them" in shown
    assert "Error" not in shown
    assert file.read_text() == broken
