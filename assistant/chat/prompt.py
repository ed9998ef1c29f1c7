"""The line that the user types: history, completion, and a display that shows no invisible characters."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit import PromptSession  # noqa: TID253  # this module is loaded when a chat opens, not before
from prompt_toolkit.completion import WordCompleter  # noqa: TID253
from prompt_toolkit.history import FileHistory, InMemoryHistory  # noqa: TID253
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput  # noqa: TID253

from assistant.chat.talk import COMMANDS


class _Visible(Processor):
    """Typed and pasted characters that a terminal would act on are shown as a mark, one for one."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        return Transformation([(part[0], visible(part[1])) for part in transformation_input.fragments])


def visible(text: str) -> str:
    """The text with a mark for each character that is not printable."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def history_file() -> Path | None:
    """The history, readable by its owner alone; None where no such file can be had."""
    home = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "oumi-chat"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = home / "history"
        path.touch(mode=0o600)
    except OSError:
        return None
    return path


def line_reader() -> Callable[[], str]:
    """What asks for one line after another."""
    file = history_file()
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(file)) if file else InMemoryHistory(),
        completer=WordCompleter(list(COMMANDS), sentence=True),
        input_processors=[_Visible()],
    )
    return lambda: session.prompt("> ")


def is_yes(question: str) -> bool:
    """True when the answer is yes; anything else, an interrupt too, is no."""
    session: PromptSession[str] = PromptSession(input_processors=[_Visible()])
    try:
        return session.prompt(f"{visible(question)} [y/N] ").strip().lower() in ("y", "yes")
    except (KeyboardInterrupt, EOFError):
        return False
