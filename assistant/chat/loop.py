"""The prompt on a terminal: lines in until the user leaves, each kept; or the lines of a script, one after another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from assistant import __version__
from assistant.chat.conversation import Conversation
from assistant.chat.desk import TerminalDesk
from assistant.chat.planning import again
from assistant.chat.remember import document_of, state_of
from assistant.chat.state import ShowProblem, State
from assistant.core.errors import UsageError
from assistant.core.redact import MARK, redact
from assistant.core.values import Hardware
from assistant.machine.sessions import Keeper, Session, new_session
from assistant.reader.fields import SECTIONS
from assistant.terminal import report


@dataclass(slots=True, kw_only=True)
class Chat:
    """A conversation with what keeps it (nothing does for a script): a line loses its secrets before anything sees it."""

    talk: Conversation
    desk: TerminalDesk
    keeper: Keeper | None
    session: Session = field(default_factory=lambda: new_session(datetime.now(timezone.utc)))
    told: list[str] = field(default_factory=list)
    kept: bool = False

    def turn(self, line: str) -> bool:
        """Take one line; False when the user leaves."""
        safe = redact(line, self.desk.mind.secrets)
        if safe != line:
            report.say(self.desk.screen, "A secret was in that line: it is left out, and neither kept nor sent.")
        self.told.clear()
        self.desk.problem, self.desk.mind.read_last = None, False
        try:
            if safe != line and _TAKES_IT.match(safe):  # the mark is no value: it would stand in the config
                self.desk.show(ShowProblem(problem=_secret_as_value(safe)))
            else:
                self.talk.hear(safe)
        finally:
            self._keep(safe)
        return not self.talk.over

    def _keep(self, line: str) -> None:
        session = self.session.with_turn("user", line)
        if shown := "".join(self.told).strip("\n"):
            session = session.with_turn("assistant", shown)
        self.session = Session(id=session.id, started=session.started, turns=session.turns, document=document_of(self.talk.state))
        if self.keeper is None:
            return
        former = self.session
        self.session, trouble = self.keeper.keep(self.session)
        self.kept = trouble is None and (self.kept or self.session is not former)
        if trouble is not None:
            report.error(self.desk.screen, trouble)

    def resume(self, session: Session) -> None:
        """Go on from a kept session: what was said is planned anew.

        Raises:
            UsageError: what it holds is damaged; it is not written over.
        """
        try:
            self.talk.state = state_of(dict(session.document))
        except UsageError as problem:
            problem.context = session.file
            raise
        self.session = session
        self.talk.resume(again(self.talk.state, "Resumed: "))


_TAKES_IT = re.compile(rf"/|[^\n]*(?<![\w.])(?:{SECTIONS})(?:\.[a-z_]+)+\s*[=:]\s*[\"']?[^\s\"']*{re.escape(MARK)}")
"""A command, or a field that is said by its name, with a secret in the place of a value."""


def _secret_as_value(line: str) -> UsageError:
    hint = "Say it again without the secret: Oumi reads tokens from the environment, such as HF_TOKEN."
    return UsageError("A secret is no value of a config, so nothing is changed.", context=line[:80], hint=hint, reference="secret")


def banner(desk: TerminalDesk, machine: Hardware | None) -> str:
    """The first line: the version, this machine, who reads."""
    here = f"{machine.count} × {machine.gpu.name} ({machine.usable_gib:.1f} GiB usable)" if machine else "no GPU here"
    if desk.mind.llm is not None and desk.mind.llm.choice.origin == "key":
        here += f" · {desk.mind.llm.choice.key_variable} is set"
    more = "/llm to choose one, /help for more." if desk.mind.llm is None else "What you type is sent to it; /llm off ends that."
    return f"oumi-chat {__version__} · {here} · LLM: {desk.mind.name}. {more}"


def converse(chat: Chat, ask: Callable[[], str]) -> None:
    """Read lines until the user leaves. Ctrl-C drops a line or stops a turn, Ctrl-D leaves."""
    while _goes_on(chat, ask):
        pass


def _goes_on(chat: Chat, ask: Callable[[], str]) -> bool:
    try:
        line = ask().strip()
        goes_on = not line or chat.turn(line)
        if line and goes_on:
            report.gap(chat.desk.screen)
        return goes_on
    except KeyboardInterrupt:  # drops the line, or stops the turn and leaves all as it was
        return True
    except EOFError:
        return False


def replay(chat: Chat, lines: Iterable[str], after: Callable[[str, State], None]) -> None:
    """Take the turns of a script; `after` hears each with the state that it led to."""
    for line in lines:
        if not line.strip():
            continue
        goes_on = chat.turn(line.strip())
        after(line.strip(), chat.talk.state)
        if not goes_on:
            return
