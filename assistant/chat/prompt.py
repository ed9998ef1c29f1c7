"""The line that the user types: history, completion, several lines, and a display that shows no invisible characters."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from prompt_toolkit import PromptSession  # noqa: TID253  # this module is loaded when a chat opens, not before
from prompt_toolkit.completion import CompleteEvent, Completer, Completion  # noqa: TID253
from prompt_toolkit.document import Document  # noqa: TID253
from prompt_toolkit.filters import Condition, is_searching  # noqa: TID253
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent  # noqa: TID253
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput  # noqa: TID253
from prompt_toolkit.output.color_depth import ColorDepth  # noqa: TID253
from prompt_toolkit.utils import is_dumb_terminal  # noqa: TID253

from assistant.chat.completion import completions
from assistant.chat.history import KeptHistory, history_file
from assistant.chat.talk import COMMANDS
from assistant.machine.secrets import secret_values

PROMPT = "> "
QUOTES = '"""'
_FILES = 40


class _Visible(Processor):
    """Typed and pasted characters that a terminal would act on are shown as a mark, one for one."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        return Transformation([(part[0], visible(part[1])) for part in transformation_input.fragments])


VISIBLE = _Visible()
"""For every prompt: what is typed is shown by its marks."""


def visible(text: str) -> str:
    """The text with a mark for each character that is not printable."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


class _Completer(Completer):
    def __init__(self, commands: Mapping[str, str], llms: Sequence[str]) -> None:
        self._commands, self._llms = commands, llms

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002  # its interface
        for text, start, meta in completions(document.text_before_cursor, self._commands, files=files, llms=self._llms):
            yield Completion(text, start, display=visible(text), display_meta=meta)


def files(begun: str) -> Sequence[str]:
    """Paths that begin so, folders with a slash; hidden ones only where a dot is typed."""
    folder, name = os.path.split(begun)
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            found = [(entry.name, entry.is_dir()) for entry in entries if entry.name.startswith(name)]
    except (OSError, ValueError):
        return ()
    shown = [(each, is_folder) for each, is_folder in sorted(found) if each.isprintable() and (each[0] != "." or name.startswith("."))]
    return [os.path.join(folder, each) + ("/" if is_folder else "") for each, is_folder in shown[:_FILES]]


def command_help(commands: Mapping[str, str] | Iterable[str]) -> Mapping[str, str]:
    """Commands with a word of help; of names alone the help is empty."""
    return commands if isinstance(commands, Mapping) else dict.fromkeys(commands, "")


def is_open(text: str) -> bool:
    '''True inside of a text that begins with """ until a line ends with it.'''
    text = text.strip()
    return text.startswith(QUOTES) and not (len(text) >= 2 * len(QUOTES) and text.endswith(QUOTES))


def unquoted(text: str) -> str:
    '''What stands between """ and """; any other text as it is.'''
    bare = text.strip()
    if not bare.startswith(QUOTES):
        return text
    return bare.removeprefix(QUOTES).removesuffix(QUOTES).strip("\r\n")


def line_reader(
    *,
    secrets: Collection[str] | None = None,
    status: Callable[[], str] | None = None,
    commands: Mapping[str, str] | Iterable[str] = COMMANDS,
    llms: Sequence[str] = (),
    no_color: bool = False,
) -> Callable[[], str]:
    """What asks for one message after another; it may have several lines.

    `secrets` (unless stated: those of the environment) never reach the history; `status` is a line at the bottom, "" for none. What is returned raises
    EOFError when the user leaves (Ctrl-D), KeyboardInterrupt for Ctrl-C on an empty line.
    """
    if is_dumb_terminal():
        return _plain_reader()
    secrets = secret_values(os.environ) if secrets is None else secrets
    session: PromptSession[str] = PromptSession(
        message=PROMPT,
        multiline=True,
        prompt_continuation="  ",
        key_bindings=_keys(),
        history=KeptHistory(history_file(os.environ), secrets=secrets),
        enable_history_search=True,
        completer=_Completer(command_help(commands), llms),
        complete_in_thread=True,  # the catalogue is read on the first Tab
        enable_suspend=True,
        input_processors=[VISIBLE],
        bottom_toolbar=(lambda: visible(status()) or None) if status else None,
        color_depth=color_depth(no_color),
    )
    # Its warning, in the middle of a line, is about menus alone: a terminal that does not say where the cursor is does without.
    session.app.renderer.cpr_not_supported_callback = lambda: None
    return lambda: unquoted(session.prompt())


def color_depth(no_color: bool) -> ColorDepth | None:
    """One bit where no colour is wanted; None leaves it to the terminal."""
    return ColorDepth.DEPTH_1_BIT if no_color or os.environ.get("NO_COLOR") else None


def _keys() -> KeyBindings:
    """Enter sends unless quotes are open, Alt-Enter breaks the line, Ctrl-C clears what is typed."""
    keys = KeyBindings()

    @keys.add("enter", filter=~is_searching)  # while searching it takes what was found
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_open(buffer.text):
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    def has_text() -> bool:
        from prompt_toolkit.application import get_app

        return bool(get_app().current_buffer.text)

    @keys.add("c-c", filter=Condition(has_text) & ~is_searching)
    @keys.add("<sigint>", filter=Condition(has_text))
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.reset()

    return keys


def _plain_reader() -> Callable[[], str]:
    """Lines as the terminal itself edits them: no redraws, which a dumb terminal or a screen reader cannot follow."""
    _take_any_bytes()
    line_is_broken = False

    def ask() -> str:
        nonlocal line_is_broken
        start, line_is_broken = ("\n" if line_is_broken else ""), False
        try:
            text = input(start + PROMPT)
            while is_open(text):
                text += "\n" + input("  ")
        except KeyboardInterrupt:
            line_is_broken = True
            raise
        return unquoted(text)

    return ask


def _take_any_bytes() -> None:
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def is_yes(question: str, *, no_color: bool = False, default: bool = False, interrupts: bool = False) -> bool:
    """True when the answer is yes; Enter alone is the default, anything else is no.

    Raises:
        KeyboardInterrupt: Ctrl-C, where it `interrupts` the program; else it is a no.
    """
    shown = f"{visible(question)} [{'Y/n' if default else 'y/N'}] "
    try:
        if is_dumb_terminal():
            _take_any_bytes()
            answer = input(shown)
        else:
            session: PromptSession[str] = PromptSession(input_processors=[VISIBLE], color_depth=color_depth(no_color))
            answer = session.prompt(shown)
    except EOFError:
        return False
    except KeyboardInterrupt:
        if interrupts:
            raise
        return False
    said = answer.strip().lower()
    return said in ("y", "yes") or (default and not said)
