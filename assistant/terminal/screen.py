"""The two streams of a run: what each can show, and the only code that writes to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from assistant.terminal.text import Line, plain, to_ascii

if TYPE_CHECKING:
    from rich.console import Console
    from rich.style import Style
    from rich.syntax import SyntaxTheme
    from rich.text import Text

STYLES = {
    "": "",
    "bold": "bold",
    "dim": "dim",
    "good": "green",
    "warn": "yellow",
    "bad": "bold red",
    "bar": "cyan",
}
WIDEST = 100
"""Columns beyond which text is harder to read, not easier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What one stream can show. `width` is None where nothing should be wrapped."""

    terminal: bool = False
    width: int | None = None
    color: bool = False
    unicode: bool = True


def face_of(stream: TextIO, environ: Mapping[str, str], *, no_color: bool = False) -> Face:
    """What this stream can show, by `NO_COLOR`, `TERM`, its encoding and its size."""
    if not stream.isatty():
        return Face()
    dumb = environ.get("TERM") == "dumb"
    return Face(
        terminal=True,
        width=min(_columns(stream, environ), WIDEST),
        color=not (no_color or dumb or environ.get("NO_COLOR")),
        unicode=not dumb and (stream.encoding or "").lower().replace("-", "") in ("utf8", "utf8sig", "cp65001"),
    )


def _columns(stream: TextIO, environ: Mapping[str, str]) -> int:
    said = environ.get("COLUMNS", "")
    if said.isdigit() and int(said) > 0:
        return max(int(said), 20)
    try:
        return max(os.get_terminal_size(stream.fileno()).columns or 80, 20)
    except (OSError, ValueError):
        return 80


class Screen:
    """stdout for the result, stderr for the rest."""

    def __init__(self, *, no_color: bool = False, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        # Either stream is None when the caller closed it.
        self._out = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # lives as long as the process
        self._err = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        self.out = face_of(self._out, environ, no_color=no_color)
        self.err = face_of(self._err, environ, no_color=no_color)

    def result(self, text: str) -> None:
        """Write the result to stdout, byte for byte in UTF-8 unless a terminal shows it."""
        buffer = getattr(self._out, "buffer", None)
        if buffer is None or self.out.terminal:
            _write(self._out, text)
        else:
            self._out.flush()
            buffer.write(text.encode("utf-8", "backslashreplace"))
        self._out.flush()

    def show(self, lines: Iterable[Line]) -> None:
        """Write styled lines to stdout."""
        _paint(self._out, self.out, lines)

    def talk(self, lines: Iterable[Line]) -> None:
        """Write styled lines to stderr."""
        _paint(self._err, self.err, lines)

    def yaml(self, text: str) -> None:
        """Write YAML to stdout, highlighted where there is colour."""
        if not self.out.color:
            _write(self._out, text if self.out.unicode else to_ascii(text))
            self._out.flush()
            return
        from rich.syntax import Syntax

        highlighted = Syntax(text, "yaml", theme=_theme()).highlight(text)
        highlighted.rstrip()
        _print(_console(self._out, self.out), highlighted)


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))


def _paint(stream: TextIO, face: Face, lines: Iterable[Line]) -> None:
    if not face.color:
        shown = (plain(line).rstrip() for line in lines)
        _write(stream, "".join(f"{text if face.unicode else to_ascii(text)}\n" for text in shown))
        stream.flush()
        return
    from rich.text import Text

    console = _console(stream, face)
    for line in lines:
        _print(console, Text.assemble(*((text, STYLES[style]) for text, style in line)))


def _console(stream: TextIO, face: Face) -> Console:
    from rich.console import Console

    return Console(file=stream, force_terminal=True, width=face.width, highlight=False, markup=False, emoji=False)


def _print(console: Console, text: Text) -> None:
    # Lines are laid out already: soft wrapping leaves commands whole for the clipboard.
    console.print(text, soft_wrap=True)


def _theme() -> SyntaxTheme:
    """Colours of the terminal's own palette that read on a light and on a dark background."""
    from pygments.token import Comment, Name, Number, Punctuation, String
    from rich.style import Style
    from rich.syntax import ANSISyntaxTheme

    styles: dict[tuple[str, ...], Style] = {
        Comment: Style(dim=True),
        Name.Tag: Style(color="cyan"),
        Number: Style(color="magenta"),
        String: Style(color="green"),
        Punctuation: Style(),
    }
    return ANSISyntaxTheme(styles)
