"""A conversation as a terminal has it, without the prompt."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from assistant.chat.conversation import Conversation
from assistant.chat.desk import TerminalDesk
from assistant.chat.mind import Mind
from assistant.chat.state import State
from assistant.cli.request import Options, answer, save
from assistant.core.outcome import Outcome
from assistant.machine.files import output_path
from assistant.machine.models import resolve_model
from assistant.terminal.screen import Screen

OPTIONS = Options(offline=True, gpus=None, output=None, force=False, json=False, quiet=False, screen=Screen(no_color=True))


class Talk:
    """A conversation as a terminal has it, without the prompt."""

    def __init__(self, capsys: pytest.CaptureFixture[str], yes: bool = False, *, follows_up: bool = False) -> None:
        self.capsys = capsys
        self.asked: list[str] = []
        self.desk = TerminalDesk(
            answer=lambda reading, words, line, gpus: answer(reading, words, replace(OPTIONS, gpus=gpus), line=line),
            save=self.saved,
            screen=OPTIONS.screen,
            mind=Mind(offline=True),
            resolve=partial(resolve_model, offline=True),
            confirmed=lambda question: self.asked.append(question) or yes,  # type: ignore[func-returns-value]
            follows_up=follows_up,
        )
        self.talk = Conversation(desk=self.desk, state=State())

    @property
    def state(self) -> State:
        return self.talk.state

    def saved(self, outcome: Outcome, name: str, force: bool) -> None:
        save(outcome, output_path(name), force=force)

    def say(self, *lines: str) -> str:
        """What the last of these lines shows."""
        for line in lines:
            self.capsys.readouterr()
            self.talk.hear(line)
            assert not self.talk.over
        return "".join(self.capsys.readouterr())
