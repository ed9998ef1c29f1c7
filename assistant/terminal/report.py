"""Answers on the two streams: the result on stdout, talk on stderr."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from assistant.core.errors import OumiChatError
from assistant.core.outcome import Outcome
from assistant.terminal.answers import (
    command_line,
    does_not_fit_lines,
    error_lines,
    question_lines,
    summary_lines,
)
from assistant.terminal.preview import preview, rule, yaml_body
from assistant.terminal.screen import Screen
from assistant.terminal.tables import table_lines
from assistant.terminal.text import Line


def command(request: str) -> str:
    """The command line that asks for this."""
    return f"oumi-chat {shlex.quote(request)}"


def json_result(screen: Screen, body: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    text = json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)
    screen.result(text.encode("utf-8", "replace").decode("utf-8") + "\n")


def error(screen: Screen, problem: OumiChatError) -> None:
    """What, where, and how to mend it."""
    screen.talk(error_lines(problem, screen.err))


def questions(screen: Screen, outcome: Outcome) -> None:
    """What must be answered before a plan is possible."""
    screen.talk(question_lines(outcome, screen.err))


def misfit(screen: Screen, outcome: Outcome) -> None:
    """Why nothing fits, and what would."""
    screen.talk(does_not_fit_lines(outcome, screen.err))


def notes(screen: Screen, outcome: Outcome) -> None:
    """The plan in a few lines, assumptions and warnings: beside a YAML that went elsewhere."""
    screen.talk(summary_lines(outcome, screen.err))


def say(screen: Screen, text: str) -> None:
    """One line of talk."""
    screen.talk([((text, ""),)])


def table(screen: Screen, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A catalogue: aligned on a terminal, tab-separated in a pipe."""
    screen.show(table_lines(header, rows, screen.out))


def show(screen: Screen, outcome: Outcome, *, with_yaml: bool, saved: str | None = None, save_with: str | None = None) -> None:
    """The whole preview on a terminal; `save_with` is how to save it, if not by asking again with -o."""
    screen.show([(), *preview(outcome, screen.out), ()])
    if with_yaml:
        for file in outcome.files:
            screen.show([rule(screen.out, file.name)])
            screen.yaml(yaml_body(file.yaml, screen.out))
            screen.show([rule(screen.out)])
    screen.show([*_next_steps(outcome, saved, save_with), ()])


def _next_steps(outcome: Outcome, saved: str | None, save_with: str | None) -> list[Line]:
    lines: list[Line] = []
    if saved:
        lines.append(command_line("Saved", saved))
    elif save_with:
        lines.append(command_line("Save", save_with))
    elif outcome.request and outcome.files:
        lines.append(command_line("Save", f"{command(outcome.request)} -o {outcome.files[0].name}"))
    return lines + [command_line("Run", line) for line in outcome.commands]
