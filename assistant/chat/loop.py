"""The prompt on a terminal: lines in; the first config whole, then what each line changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from assistant import __version__
from assistant.chat.step import State, hear, undone
from assistant.chat.talk import COMMANDS, HELP, asks_why, command_in, small_talk
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.outcome import Outcome
from assistant.core.values import Hardware
from assistant.reader import Reading, read
from assistant.terminal import report
from assistant.terminal.screen import Screen


def _confirmed(question: str) -> bool:
    from assistant.chat.prompt import is_yes

    return is_yes(question)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the chat works with: plan a reading, save a config under a name (with leave to replace), ask yes or no.

    `file` is the name that /save takes when none is said.
    """

    answer: Callable[[Reading, str], Outcome]
    save: Callable[[Outcome, str, bool], None]
    screen: Screen
    file: str = "train.yaml"
    confirmed: Callable[[str], bool] = _confirmed


def chat(desk: Desk, machine: Hardware | None) -> None:
    """Read lines until the user leaves. Ctrl-C drops a line, Ctrl-D leaves."""
    from assistant.chat.prompt import line_reader  # loads prompt_toolkit

    here = f"{machine.count} × {machine.gpu.name} ({machine.usable_gib:.1f} GiB usable)" if machine else "no GPU here"
    report.say(desk.screen, f"oumi-chat {__version__} · {here} · LLM: none (offline). /help for more.")
    ask = line_reader()
    state: State | None = State()
    while state is not None:
        state = _next(state, ask, desk)


def _next(state: State, ask: Callable[[], str], desk: Desk) -> State | None:
    try:
        line = ask().strip()
        return turn(state, line, desk) if line else state
    except KeyboardInterrupt:  # drops the line, or stops the turn and leaves all as it was
        return state
    except EOFError:
        return None


def turn(state: State, line: str, desk: Desk) -> State | None:
    """The state after one line; None to leave. A user's mistake is told and changes nothing."""
    try:
        if command := command_in(line):
            return _command(state, command, desk)
        if reply := small_talk(line, has_config=state.config is not None):
            report.say(desk.screen, reply)
            return state
        if state.config is not None and asks_why(line):
            report.reasons(desk.screen, state.config)
            return state
        return _planned(state, line, desk)
    except OumiChatError as problem:
        report.error(desk.screen, problem)
        return state


def _planned(state: State, line: str, desk: Desk) -> State:
    reading = read(line)
    heard = hear(state, reading, line)
    if heard is None:
        _not_understood(state, desk.screen)
        return state
    outcome = desk.answer(replace(reading, intent=heard.intent, notes=heard.notes), "; ".join(heard.words))
    if outcome.is_sizing:
        report.sizing(desk.screen, outcome)
        return replace(heard, outcome=outcome)
    if outcome.status != "ok":
        report.no_config(desk.screen, outcome)
        if state.config is not None:
            report.say(desk.screen, "/undo goes back to what was planned before.")
        return replace(heard, outcome=outcome)
    if state.config is None:
        _show(outcome, desk)
    else:
        report.changes(desk.screen, state.config, outcome)
    return replace(heard, outcome=outcome, config=outcome)


def _not_understood(state: State, screen: Screen) -> None:
    report.say(screen, "Nothing in that is understood. Say a model, GPUs, data or a setting, such as lr 2e-4 or 8k context.")
    if state.outcome is not None and state.outcome.questions:
        report.no_config(screen, state.outcome)


def _show(outcome: Outcome, desk: Desk) -> None:
    if outcome.is_sizing:
        report.sizing(desk.screen, outcome)
    elif outcome.status == "ok":
        report.show(desk.screen, outcome, save_with=f"/save {desk.file}")
    else:
        report.no_config(desk.screen, outcome)


def _command(state: State, line: str, desk: Desk) -> State | None:
    word, _, rest = line.partition(" ")
    if word == "/quit":
        return None
    if word == "/reset":
        report.say(desk.screen, "Forgotten. What should be trained?")
        return State(before=(*state.before[-49:], state))
    if word == "/undo":
        return _undo(state, desk.screen)
    if word == "/help":
        for text in HELP:
            report.say(desk.screen, text)
    elif word == "/save":
        _save(state, rest, desk)
    elif word in ("/show", "/json"):
        _repeat(word, state, desk)
    else:
        raise _unknown(word)
    return state


def _undo(state: State, screen: Screen) -> State:
    earlier = undone(state)
    if not state.before:
        report.say(screen, "There is nothing to undo.")
    elif earlier.outcome is None:
        report.say(screen, "Back to the start: nothing is said yet.")
    elif earlier.outcome.is_sizing:
        report.sizing(screen, earlier.outcome)
    elif earlier.outcome.status == "ok":
        report.brief(screen, "Back to: ", earlier.outcome)
    else:
        report.no_config(screen, earlier.outcome)
    return earlier


def _repeat(word: str, state: State, desk: Desk) -> None:
    if state.outcome is None:
        raise _nothing_yet()
    if word == "/json":
        report.json_result(desk.screen, state.outcome.to_json())
    else:
        _show(state.outcome, desk)


def _save(state: State, rest: str, desk: Desk) -> None:
    if state.config is None:
        raise _nothing_yet()
    name, force = save_arguments(rest, desk.file)
    if state.config is not state.outcome:
        report.say(desk.screen, "The last line led to no config; this is the one from before it.")
    try:
        desk.save(state.config, name, force)
    except UsageError as problem:
        if problem.reference != "file-exists":
            raise
        if desk.confirmed(f"{name} exists. Replace it?"):
            desk.save(state.config, name, True)
        else:
            report.say(desk.screen, f"{name} was left as it is.")


def save_arguments(rest: str, default: str) -> tuple[str, bool]:
    """The file's name and whether it may be replaced, from `mine.yaml --force`.

    Raises:
        UsageError: an option that there is not.
    """
    pieces = rest.split()
    name = " ".join(piece for piece in pieces if piece != "--force").strip("'\"") or default
    if name.startswith("-"):
        hint = f"/save FILE [--force]; a file of that name is ./{name}."
        raise UsageError(f"/save has no option {name}.", hint=hint)
    return name, "--force" in pieces


def _nothing_yet() -> UsageError:
    return UsageError("There is no config yet.", hint='Say what to train, such as "lora llama3 on 2 A100s".')


def _unknown(word: str) -> UsageError:
    from assistant.catalogue.names import nearest

    near = nearest(word, COMMANDS, count=1)
    return UsageError(f"No command {word}.", hint=f"Did you mean {near[0]}?" if near else "/help lists them.")
