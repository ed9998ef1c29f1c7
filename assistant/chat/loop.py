"""The prompt on a terminal: lines in, previews out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from assistant import __version__
from assistant.chat.step import COMMANDS, State, hear, undone
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.outcome import Outcome
from assistant.core.values import Hardware
from assistant.reader import Reading, read
from assistant.terminal import report
from assistant.terminal.screen import Screen

Answer = Callable[[Reading, str], Outcome]
Show = Callable[[Outcome], None]
Save = Callable[[Outcome, str], None]

_HELP = (
    "Say what to train; say more to change it: a model, GPUs, data, lora or full, 8k context, lr 2e-4.",
    "/show the config   /save FILE   /json   /undo   /reset   /quit",
)


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


def chat(answer: Answer, show: Show, save: Save, machine: Hardware | None, screen: Screen) -> None:
    """Read lines until the user leaves. Ctrl-C drops a line, Ctrl-D leaves."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    here = f"{machine.count} × {machine.gpu.name} ({machine.usable_gib:.1f} GiB usable)" if machine else "no GPU here"
    report.say(screen, f"oumi-chat {__version__} · {here} · LLM: none (offline). /help for more.")
    file = history_file()
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(file)) if file else InMemoryHistory(),
        completer=WordCompleter(list(COMMANDS), sentence=True),
    )
    state: State | None = State()
    while state is not None:
        try:
            line = session.prompt("> ").strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if line:
            state = turn(state, line, answer, show, save, screen)


def turn(state: State, line: str, answer: Answer, show: Show, save: Save, screen: Screen) -> State | None:
    """The state after one line; None to leave. A user's mistake is told and changes nothing."""
    try:
        if line.startswith("/"):
            return _command(state, line, show, save, screen)
        heard = hear(state, read(line), line)
        reading = replace(read(line), intent=heard.intent, notes=heard.notes)
        outcome = answer(reading, "; ".join(heard.words))
        show(outcome)
        return replace(heard, outcome=outcome)
    except OumiChatError as problem:
        report.error(screen, problem)
        return state


def _command(state: State, line: str, show: Show, save: Save, screen: Screen) -> State | None:
    word, _, rest = line.partition(" ")
    if word in ("/quit", "/exit"):
        return None
    if word == "/help":
        for text in _HELP:
            report.say(screen, text)
    elif word == "/reset":
        report.say(screen, "Forgotten. What should be trained?")
        return State()
    elif word == "/undo":
        earlier = undone(state)
        report.say(screen, f"Back to: {'; '.join(earlier.words) or 'nothing said yet'}")
        return earlier
    elif word in ("/show", "/json", "/save"):
        _show_or_save(word, rest.strip(), state, show, save, screen)
    else:
        raise _unknown(word)
    return state


def _show_or_save(word: str, rest: str, state: State, show: Show, save: Save, screen: Screen) -> None:
    if state.outcome is None or (word == "/save" and not state.outcome.files):
        raise UsageError("There is no config yet.", hint='Say what to train, such as "lora llama3 on 2 A100s".')
    if word == "/json":
        report.json_result(screen, state.outcome.to_json())
    elif word == "/save":
        save(state.outcome, rest or "train.yaml")
    else:
        show(state.outcome)


def _unknown(word: str) -> UsageError:
    from assistant.catalogue.names import nearest

    near = nearest(word, COMMANDS, count=1)
    return UsageError(f"No command {word}.", hint=f"Did you mean {near[0]}?" if near else "/help lists them.")
