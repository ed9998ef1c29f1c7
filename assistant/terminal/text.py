"""Lines of styled text, and the user's own words made safe to echo. Nothing is written here."""

from __future__ import annotations

import json
import re
import unicodedata

Span = tuple[str, str]
"""(text, style); the styles are the keys of `screen.STYLES`, or "" for plain."""
Line = tuple[Span, ...]

# CSI and OSC sequences go as a whole; what is left of others loses its escape character below.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x9b[0-?]*[ -/]*[@-~]")
_ASCII = str.maketrans(
    {
        "·": "|",
        "×": "x",
        "≤": "<=",
        "→": "->",
        "–": "-",
        "—": "-",
        "…": "...",
        "─": "-",
        "├": "|",
        "└": "`",
        "█": "#",
        "▒": "+",
        "░": ".",
        "’": "'",
    }
)


def clean(text: str) -> str:
    """The text without escape sequences, control, format (bidirectional) and unassigned characters; \\n and \\t stay.

    All that a terminal is sent passes here.
    """
    if text.isprintable():
        return text
    text = _ESCAPES.sub("", text)
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c)[0] != "C")


def one_row(text: str) -> str:
    """The text as part of one line of a terminal: cleaned, its line breaks as spaces."""
    return text if text.isprintable() else " ".join(clean(text).splitlines())


def escaped(json_text: str) -> str:
    """JSON whose strings show nothing raw that a terminal would act on; it means the same."""
    if json_text.isprintable():
        return json_text
    return "".join(c if c.isprintable() or c in "\n " else _json_escape(c) for c in json_text)


def _json_escape(char: str) -> str:
    return json.dumps(char)[1:-1]


_MANY = 20
"""Times its limit that a text may be long before its head alone is looked at."""


def one_line(text: str, limit: int = 0) -> str:
    """The text safe to echo and on one line; longer than `limit` it ends in an ellipsis."""
    if limit and len(text) > _MANY * limit:  # all of a pasted log would be cleaned for its first words
        head = one_line(text[: _MANY * limit])
        if len(head) > 2 * limit:
            return f"{head[: limit - 1]}…"
    flat = " ".join(clean(text).split())
    return f"{flat[: limit - 1]}…" if limit and len(flat) > limit else flat


def to_ascii(text: str) -> str:
    """The same line for a terminal that shows ASCII alone."""
    return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")


def cells(text: str) -> int:
    """Columns that the text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def wrap(text: str, width: int | None) -> list[str]:
    """Lines of at most `width` columns; None never breaks. A word too long keeps a line of its own."""
    if width is None or cells(text) <= width:
        return [text]
    lines: list[str] = []
    current = ""
    for word in text.split():
        longer = f"{current} {word}" if current else word
        if current and cells(longer) > width:
            lines.append(current)
            current = word
        else:
            current = longer
    return [*lines, current]


def join_wrapped(pieces: list[str], width: int | None, separator: str = " · ") -> list[str]:
    """Pieces joined by the separator, broken between pieces; inside one only where it is longer than a line."""
    lines: list[str] = []
    for piece in pieces:
        if lines and (width is None or cells(lines[-1] + separator + piece) <= width):
            lines[-1] += separator + piece
        else:
            lines += wrap(piece, width)
    return lines


def plain(line: Line) -> str:
    """The line's text without its styles."""
    return "".join(text for text, _ in line)
