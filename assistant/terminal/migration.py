"""What became of a migrated file's settings, as lines beside the result."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.migrate.notes import Fate, Migration, Note
from assistant.terminal.screen import Face
from assistant.terminal.text import Line, join_wrapped, one_line, wrap

_WORDS: dict[Fate, tuple[str, str]] = {"lost": ("lost", "bad"), "changed": ("changed", "warn"), "harmless": ("no counterpart, same run", "dim"), "carried": ("carried", "good")}
_INDENT = "  "


def migration_lines(name: str, found: Migration, face: Face, *, quiet: bool) -> list[Line]:
    """The file's name, the sums, what was lost and changed with its place, and the names of the rest."""
    lost = _of(found, "lost")
    lines: list[Line] = []
    if not quiet:
        sums = [f"{len(_of(found, fate))} {word}" for fate, (word, _) in _WORDS.items() if _of(found, fate)]
        lines += [((text, "bold"),) for text in wrap(f"{one_line(name)}: from {found.origin}: {', '.join(sums) or 'nothing to change'}", face.width)]
    elif lost:
        lines.append(((one_line(name), "bold"),))
    for note in (*lost, *(() if quiet else _of(found, "changed"))):
        lines += _told(note, face)
    for fate in () if quiet else ("harmless", "carried"):
        lines += _listed(_of(found, fate), fate, face)
    return lines


def _of(found: Migration, fate: Fate) -> list[Note]:
    return [note for note in found.notes if note.fate == fate]


def _told(note: Note, face: Face) -> list[Line]:
    word, style = _WORDS[note.fate]
    text = f"line {note.line}: {note.source}: {note.message}{f'; {note.fix}' if note.fix else ''}"
    room = None if face.width is None else face.width - len(_INDENT) - 9
    first, *more = wrap(one_line(text), room)
    return [((_INDENT, ""), (f"{word:<9}", style), (first, "")), *(((_INDENT + " " * 9, ""), (line, "")) for line in more)]


def _listed(notes: Sequence[Note], fate: Fate, face: Face) -> list[Line]:
    """Settings of one fate: those that say more than their name one a line, the rest by name."""
    word, style = _WORDS[fate]
    telling = [note for note in notes if note.fix]
    plain = list(dict.fromkeys(one_line(note.source) for note in notes if not note.fix))
    lines = [line for note in telling for line in _told(note, face)] if fate == "carried" else []
    if fate == "harmless":
        lines = [((_INDENT, ""), (text, "")) for note in telling for text in wrap(one_line(f"{note.source}: {note.message}; {note.fix}"), None if face.width is None else face.width - 2)]
    if plain:
        rows = join_wrapped(plain, None if face.width is None else face.width - 4, ", ")
        lines += [((_INDENT, ""), (f"{word}:", style)), *(((_INDENT * 2, ""), (row, "")) for row in rows)]
    return lines
