"""A guided setup on a terminal: questions on stderr, one line in for each, effects run until it ends."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from assistant.core.errors import OumiChatError
from assistant.core.outcome import Outcome
from assistant.terminal import guiding, report
from assistant.terminal.screen import Screen
from assistant.wizard.answers import Said
from assistant.wizard.course import MENUS
from assistant.wizard.items import KINDS, item, schema_of
from assistant.wizard.state import (
    Effect,
    Leave,
    MakePlan,
    NotWritten,
    Planned,
    Preview,
    Print,
    Put,
    Refused,
    ShowHelp,
    ShowMemory,
    ShowProblem,
    State,
    Tell,
    Typed,
    Write,
)
from assistant.wizard.step import Step, begin, step

KEYS = "Enter takes the default, ? explains, < goes back, quit leaves."
Left = Literal["done", "quit", "interrupted"]
Complete = Callable[[str], Sequence[tuple[str, int, str]]]
"""What is typed so far → what it may go on with: (text, where it begins before the cursor, a word about it)."""


class Results(Protocol):
    """What becomes of the plan at the end; a setup that goes back to a conversation needs none."""

    def preview(self, state: State, outcome: Outcome) -> None:
        """Show the finished plan, or what keeps it from a config."""

    def write(self, outcome: Outcome, name: str, force: bool) -> Outcome:
        """Write the config; the outcome then names its file.

        Raises:
            UsageError: it cannot be written, or the file is there.
        """

    def put_out(self, outcome: Outcome) -> None:
        """Send the config to stdout."""


@dataclass(slots=True, kw_only=True)
class Guide:
    """What a guided setup works with. `ask` reads one line; it raises EOFError or KeyboardInterrupt when the user leaves."""

    plan: Callable[[str, Said], Outcome]
    ask: Callable[[Complete], str]
    screen: Screen
    state: State
    results: Results | None = None
    left: Left | None = None

    def run(self) -> Left:
        """Ask until the setup ends; how it ended. `state` is then where it stood."""
        try:
            self._to_the_end(begin(self.state))
        except (KeyboardInterrupt, EOFError):
            return "interrupted"
        return self.left or "quit"

    def _to_the_end(self, first: Step) -> None:
        self.state, effects = first
        todo: deque[Effect] = deque(effects)
        while todo and self.left is None:
            found = self._do(todo.popleft())
            if found is not None:
                self.state, effects = found
                todo.extendleft(reversed(effects))

    def _do(self, effect: Effect) -> Step | None:
        if isinstance(effect, Put):
            return self._asked(effect)
        if isinstance(effect, MakePlan):
            return self._planned(effect)
        if isinstance(effect, Write):
            return self._written(effect)
        if isinstance(effect, Leave):
            self.left = "done" if effect.done else "quit"
            return None
        self._show(effect)
        return None

    def _asked(self, put: Put) -> Step:
        default = (put.default.value, put.default.why) if put.default else None
        self.screen.talk(guiding.put_lines(put.text, put.choices, default, put.former, self.screen.err, open_ended=put.open))
        return step(self.state, Typed(text=self.ask(completer(self.state))))

    def _planned(self, effect: MakePlan) -> Step:
        try:
            outcome = self.plan(effect.state.kind, effect.state.said)
        except OumiChatError as problem:
            return step(self.state, Refused(state=effect.state, problem=problem))
        return step(self.state, Planned(state=effect.state, outcome=outcome))

    def _written(self, effect: Write) -> Step | None:
        assert self.results is not None
        try:
            outcome = self.results.write(effect.outcome, effect.name, effect.force)
        except OumiChatError as problem:
            return step(self.state, NotWritten(name=effect.name, problem=problem))
        self.state = replace(self.state, outcome=outcome)
        self.left = "done"
        return None

    def _show(self, effect: Effect) -> None:
        screen = self.screen
        if isinstance(effect, Tell):
            report.say(screen, effect.text)
        elif isinstance(effect, ShowProblem):
            report.error(screen, effect.problem)
        elif isinstance(effect, ShowHelp):
            screen.talk(guiding.help_lines(effect.rows, screen.err))
        elif isinstance(effect, ShowMemory):
            screen.talk(guiding.memory_now_lines(effect.outcome, effect.findings, screen.err))
        elif isinstance(effect, Preview) and self.results is not None:
            self.results.preview(self.state, effect.outcome)
        elif isinstance(effect, Print) and self.results is not None:
            self.results.put_out(effect.outcome)


def completer(state: State) -> Complete:
    """What Tab offers at the open question."""
    from assistant.chat.completion import names_like, settings_like
    from assistant.chat.prompt import files

    asked = item(state.kind or "train", state.at) if state.at not in MENUS else None

    def complete(text: str) -> Sequence[tuple[str, int, str]]:
        said = text.lstrip()
        if asked is None:
            keys = [key for key in KINDS[state.kind].keys if key.startswith(said)]
            return [*((key, -len(said), "") for key in keys if said), *(settings_like(said, schema_of(state.kind)) if said else ())]
        if asked.takes in ("model", "machine", "dataset"):
            found = names_like(asked.takes, said)
            paths = files(said) if asked.takes != "machine" and said.startswith(("./", "../", "~/", "/")) else ()
            return [*found, *((path, -len(said), "") for path in paths)]
        if asked.takes == "file":
            return [(path, -len(said), "") for path in files(said)]
        begun = said.rpartition(",")[2].lstrip() if asked.takes == "names" else said
        return [(name, -len(begun), about) for name, about in asked.choices if name.lower().startswith(begun.lower())]

    return complete


def line_asker(*, no_color: bool = False) -> Callable[[Complete], str]:
    """What reads one answer after another, on stderr, so that stdout holds the result alone; a dumb terminal edits lines by itself."""
    from prompt_toolkit.utils import is_dumb_terminal

    return _plain_asker() if is_dumb_terminal() else _session_asker(no_color)


def _plain_asker() -> Callable[[Complete], str]:
    def ask(_: Complete) -> str:
        sys.stderr.write("> ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    return ask


def _session_asker(no_color: bool) -> Callable[[Complete], str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.output import create_output

    from assistant.chat.prompt import PROMPT, VISIBLE, color_depth, visible

    class _Completer(Completer):
        complete: Complete = staticmethod(lambda _: ())

        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002  # its interface
            for text, start, meta in self.complete(document.text_before_cursor):
                yield Completion(text, start, display=visible(text), display_meta=meta)

    completes = _Completer()
    session: PromptSession[str] = PromptSession(
        message=PROMPT, completer=completes, complete_in_thread=True, enable_suspend=True, input_processors=[VISIBLE], color_depth=color_depth(no_color),
        output=create_output(stdout=sys.stderr),
    )  # fmt: skip
    session.app.renderer.cpr_not_supported_callback = lambda: None

    def ask(complete: Complete) -> str:
        completes.complete = complete
        return session.prompt()

    return ask


def can_ask() -> bool:
    """True when a person can read questions and answer them."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


