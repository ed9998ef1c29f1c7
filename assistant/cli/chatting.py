"""The way into the chat: who reads, what is taken up again, a terminal's prompt or a script's lines."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

from assistant.chat.conversation import Conversation
from assistant.chat.desk import TerminalDesk
from assistant.chat.loop import Chat, banner, converse, replay
from assistant.chat.mind import Mind
from assistant.chat.state import Loaded, State
from assistant.chat.talk import COMMANDS
from assistant.cli.failure import failed
from assistant.cli.request import Options, answer, read_stdin, save
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.redact import redact
from assistant.core.values import Hardware
from assistant.machine.choice import choose_machine
from assistant.machine.configs import read_given, read_text
from assistant.machine.doctor import Line as DoctorLine
from assistant.machine.files import output_path
from assistant.machine.models import resolve_model
from assistant.machine.secrets import secret_values
from assistant.machine.sessions import Keeper, Session, export_markdown, list_sessions, load_session, sessions_folder
from assistant.reader import Reading
from assistant.terminal import report
from assistant.terminal.screen import Screen

if TYPE_CHECKING:
    from assistant.llm.client import Llm


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a chat begins. `resume` is a session's id, "" to choose among them; `latest` takes the last one."""

    resume: str | None = None
    latest: bool = False
    script: str | None = None
    config: str | None = None


def is_on_terminal() -> bool:
    """True when a person can type and read."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def open_chat(options: Options, opening: Opening, environ: Mapping[str, str] | None = None) -> int:
    """The prompt on a terminal, or a script's turns anywhere; the exit code."""
    environ = os.environ if environ is None else environ
    if opening.script is None and not is_on_terminal():
        if opening.latest or opening.resume is not None:
            raise UsageError("A conversation goes on in a terminal.", context="--continue, --resume", hint="Run it in one, or give --script FILE.")
        raise UsageError("No request was given.", hint='Try: oumi-chat "lora llama3 on 2 A100s", or - to read it from stdin.')
    told: list[str] = []
    screen = Screen(no_color=options.no_color, heard=told.append)
    options = replace(options, screen=screen)
    folder = sessions_folder(environ)
    taken_up = _session(opening, folder, screen)
    chat = _chat(options, opening, environ, told, folder)
    if opening.script is not None:
        if taken_up is not None:
            chat.resume(taken_up)
        return _scripted(chat, opening.script, options)
    machine, _ = choose_machine(Intent(), options.gpus)
    _greet(chat, machine)
    if taken_up is not None:
        chat.resume(taken_up)
    elif opening.config is not None:
        _begin_with(chat, opening.config)
    from assistant.chat.prompt import line_reader  # loads prompt_toolkit

    if chat.desk.mind.llm is not None:
        chat.desk.mind.llm.warm()
    converse(chat, line_reader(secrets=frozenset(chat.desk.mind.secrets), commands=COMMANDS, no_color=options.no_color))
    if chat.kept:
        report.say(screen, f"Kept as {chat.session.id}: oumi-chat --continue goes on with it.")
    return 0


def _greet(chat: Chat, machine: Hardware | None) -> None:
    report.say(chat.desk.screen, banner(chat.desk, machine))


def _chat(options: Options, opening: Opening, environ: Mapping[str, str], told: list[str], folder: Path | None) -> Chat:
    secrets = secret_values(environ)
    mind = Mind(secrets=secrets, environ=environ, offline=options.offline)
    mind.llm = chosen_llm(options, environ, in_chat=opening.script is None)

    def plan(reading: Reading, words: str, line: str, gpus: str | None) -> Outcome:
        return answer(reading, words, replace(options, gpus=gpus), line=line)

    def save_as(outcome: Outcome, name: str, force: bool) -> None:
        report.saved(options.screen, save(outcome, output_path(name), force=force or options.force))

    desk = TerminalDesk(
        answer=plan, save=save_as, screen=options.screen, mind=mind, file=str(options.path) if options.path else None,
        resolve=functools.partial(resolve_model, offline=options.offline),
        follows_up=opening.script is None or not options.json,
    )  # fmt: skip
    if opening.script is not None:
        desk.confirmed, desk.guides = lambda _: False, False
    chat = Chat(talk=Conversation(desk=desk, state=State(gpus=options.gpus)), desk=desk, keeper=Keeper(folder, secrets=secrets) if opening.script is None else None, told=told)
    desk.transcript = lambda: export_markdown(chat.session, secrets=secrets)
    return chat


def chosen_llm(options: Options, environ: Mapping[str, str], *, in_chat: bool) -> Llm | None:
    """The LLM of this run; None where none was chosen, or under --offline."""
    if options.offline:
        return None
    from assistant.llm.choice import choose_llm, config_path, read_config

    choice = choose_llm(
        flag=options.llm, flag_base_url=options.llm_base_url, environ=environ, config=read_config(config_path(environ)), offline=False, in_chat=in_chat
    )
    if choice is None:
        return None
    from assistant.llm.client import Llm

    return Llm(choice, environ=environ, secrets=secret_values(environ))


_SAID_IN = {"environment": "by OUMI_CHAT_LLM", "config": "by the config file", "key": "in the chat alone, since its key is set"}


def llm_line(*, offline: bool) -> DoctorLine:
    """Which LLM would be used, for `doctor`. Nothing is asked of it."""
    from assistant.llm.choice import choose_llm, config_path, read_config

    settings = read_config(config_path(os.environ))
    choice = choose_llm(flag=None, flag_base_url=None, environ=os.environ, config=settings, offline=offline, in_chat=True)
    if choice is None:
        return DoctorLine(label="LLM", value="none (offline)", ok=True, hint="--llm MODEL, or --llm-base-url URL for a server of your own")
    return DoctorLine(label="LLM", value=f"{choice.name}, {_SAID_IN[choice.origin]}", ok=True)


def _session(opening: Opening, folder: Path | None, screen: Screen) -> Session | None:
    """The session to go on with, if one is."""
    if opening.resume is None and not opening.latest:
        return None
    if folder is None:
        raise UsageError("No sessions are kept: no home folder is known.", hint="Set XDG_STATE_HOME.", reference="no-session")
    if opening.resume == "":
        return _picked(folder, screen)
    return load_session(opening.resume, folder)


def _picked(folder: Path, screen: Screen) -> Session:
    kept = list_sessions(folder)
    rows = [(one.id, one.first or one.trouble, f"{(one.turns + 1) // 2} lines") for one in kept[:20]]
    if rows:
        report.table(screen, ("Session", "Begins", ""), rows)
    if not rows or not is_on_terminal():
        raise UsageError("Which session?" if rows else "No session is kept.", hint="oumi-chat --resume ID, or --continue for the last one.", reference="no-session")
    from assistant.chat.prompt import line_reader

    report.say(screen, "Which one? Its id, or Enter for the last one.")
    wanted = line_reader(commands={})().strip()
    return load_session(wanted or None, folder)


def _begin_with(chat: Chat, config: str) -> None:
    """A conversation that goes on from a config that is there."""
    chat.talk.take(Loaded(given=read_given(Path(config).expanduser()), opens=True))


def _scripted(chat: Chat, script: str, options: Options) -> int:
    """The turns of a file, one a line (lines between three quotes are one turn); `#` begins a comment."""
    text = read_stdin() if script == "-" else read_text(Path(script).expanduser(), what="script")
    screen = options.screen
    if options.json:
        chat.desk.screen = Screen(no_color=True, quiet=True, heard=chat.told.append)
    if opening_config := options.config:
        _begin_with(chat, opening_config)

    before_turn = chat.talk.state
    code = 0

    def after(line: str, state: State) -> None:
        nonlocal before_turn, code
        outcome = turn_outcome(state, before_turn, chat.desk, "".join(chat.told))
        before_turn, code = state, outcome.exit_code
        if options.json:
            body = {"text": redact(line, chat.desk.mind.secrets), **outcome.to_json(), "told": "".join(chat.told).strip("\n")}
            screen.result(json.dumps(body, ensure_ascii=False, allow_nan=False) + "\n")

    def before(line: str) -> str:
        if not options.json:
            report.say(screen, f"> {redact(line, chat.desk.mind.secrets)}")
        return line

    replay(chat, (before(turn) for turn in turns_of(text)), after)
    return chat.desk.problem.exit_code if chat.desk.problem is not None else code


def turn_outcome(state: State, before: State, desk: TerminalDesk, told: str) -> Outcome:
    """What one turn of a script led to: the contract's object as the conversation stands after it.

    A turn that ended in a mistake has the mistake's status and words, and no config; what stood before stands. A turn that
    planned nothing new (an answer, a what-if, a command) has what it said as its explanation: what it considered is not taken.
    """
    stands = state.outcome or Outcome(status="needs_input", intent=state.intent)
    outcome = replace(stands, intent=state.intent, source="llm" if desk.mind.read_last else "offline")
    if desk.problem is not None:
        known = replace(outcome, plan=None, task_plan=None, files=(), commands=(), questions=(), findings=())
        return failed(desk.problem, known)
    if state.outcome is before.outcome:
        return replace(outcome, explanation=dedent(told).strip())
    return outcome


def turns_of(text: str) -> list[str]:
    """The turns of a script."""
    turns: list[str] = []
    block: list[str] | None = None
    for line in text.splitlines():
        if block is None and line.lstrip().startswith("#"):
            continue
        if block is None and line.strip().startswith('"""'):
            rest = line.strip()[3:]
            if rest.endswith('"""') and len(rest) >= 3:
                turns.append(rest[:-3])
                continue
            block = [rest]
        elif block is not None and line.rstrip().endswith('"""'):
            turns.append("\n".join([*block, line.rstrip()[:-3]]).strip())
            block = None
        elif block is not None:
            block.append(line)
        elif line.strip():
            turns.append(line.strip())
    return [*turns, "\n".join(block).strip()] if block else turns
