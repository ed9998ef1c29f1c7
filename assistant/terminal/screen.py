"""The two streams of a run: what each can show, and the only code that writes to them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from assistant.core.errors import UsageError
from assistant.terminal.text import Line, clean, one_row, plain, to_ascii

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


def face_of(stream: TextIO | None, environ: Mapping[str, str], *, no_color: bool = False) -> Face:
    """What this stream can show, by `NO_COLOR`, `TERM`, its encoding and its size."""
    if stream is None or not stream.isatty():
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
    """stdout for the result, stderr for the rest. What a stream can show is looked up at each output."""

    def __init__(
        self, *, no_color: bool = False, environ: Mapping[str, str] | None = None, heard: Callable[[str], None] | None = None, quiet: bool = False
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._no_color = no_color
        self._heard = heard
        self._quiet = quiet

    def _tell(self, lines: Iterable[Line]) -> list[Line]:
        """The lines, told to whoever keeps the conversation."""
        kept = list(lines)
        if self._heard is not None:
            self._heard("".join(f"{plain(line).rstrip()}\n" for line in kept))
        return kept

    @property
    def out(self) -> Face:
        """What stdout can show now."""
        return face_of(sys.stdout, self._environ, no_color=self._no_color)

    @property
    def err(self) -> Face:
        """What stderr can show now."""
        return face_of(sys.stderr, self._environ, no_color=self._no_color)

    def result(self, text: str) -> None:
        """Write the result to stdout, byte for byte in UTF-8 unless a terminal shows it."""
        if self._quiet:
            return
        stream = _stdout()
        buffer = getattr(stream, "buffer", None)
        if buffer is None or self.out.terminal:
            _write(stream, clean(text))
        else:
            stream.flush()
            buffer.write(text.encode("utf-8", "backslashreplace"))
        stream.flush()

    def show(self, lines: Iterable[Line]) -> None:
        """Write styled lines to stdout."""
        told = self._tell(lines)
        if not self._quiet:
            _paint(_stdout(), self.out, told)

    def talk(self, lines: Iterable[Line]) -> None:
        """Write styled lines to stderr; where it cannot be written to, the result matters and they are left out."""
        lines = self._tell(lines)
        if sys.stderr is None or self._quiet:
            return
        try:
            _paint(sys.stderr, self.err, lines)
        except (OSError, ValueError):
            let_go(sys.stderr)

    def overwrite(self, text: str) -> None:
        """Replace the line of stderr that the cursor stands on; nothing where stderr is no terminal."""
        face = self.err
        if sys.stderr is None or not face.terminal:
            return
        with contextlib.suppress(OSError, ValueError):
            shown = one_row(text)[: (face.width or 80) - 1]
            _write(sys.stderr, f"\r{shown if face.unicode else to_ascii(shown)}\033[K")
            sys.stderr.flush()

    def yaml(self, text: str) -> None:
        """Write YAML to stdout, highlighted where there is colour."""
        text = clean(text)
        if self._heard is not None:
            self._heard(text)
        if self._quiet:
            return
        stream, face = _stdout(), self.out
        if not face.color:
            _write(stream, text if face.unicode else to_ascii(text))
            stream.flush()
            return
        from rich.syntax import Syntax

        highlighted = Syntax(text, "yaml", theme=_theme()).highlight(text)
        highlighted.rstrip()
        _print(_console(stream, face), highlighted)


def _stdout() -> TextIO:
    if sys.stdout is None:
        raise UsageError(
            "stdout is closed: the result has no place to go.",
            hint="Leave stdout open, or give -o FILE.",
            reference="cannot-write",
        )
    return sys.stdout


def let_go(stream: TextIO | None) -> None:
    """Point a stream nowhere, so that the interpreter's last flush of it cannot fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))


def _paint(stream: TextIO, face: Face, lines: Iterable[Line]) -> None:
    safe = [tuple((one_row(text), style) for text, style in line) for line in lines]
    if not face.color:
        shown = (plain(line).rstrip() for line in safe)
        _write(stream, "".join(f"{text if face.unicode else to_ascii(text)}\n" for text in shown))
        stream.flush()
        return
    from rich.text import Text

    console = _console(stream, face)
    for line in safe:
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
