"""Tables: columns that do not fit go, words that are alone beside a name are cut, figures never."""

from __future__ import annotations

import pytest

from assistant.terminal.screen import Face
from assistant.terminal.tables import table_lines
from assistant.terminal.text import cells, plain

HEADER = ("Template", "For", "Takes")
ROWS = [("train/sharding/ddp", "a whole copy on every GPU; DDP is what Oumi does", "x"), ("train/base", "one GPU", "a, b")]


def lines(width: int, rows: list[tuple[str, ...]] = ROWS, *, terminal: bool = True) -> list[str]:
    return [plain(line) for line in table_lines(HEADER[: len(rows[0])], rows, Face(terminal=terminal, width=width if terminal else None))]


@pytest.mark.parametrize("width", [50, 60, 68])
def test_words_are_cut_to_the_width(width: int) -> None:
    shown = lines(width)
    assert max(map(cells, shown)) == width
    assert shown[1].endswith("…")
    assert shown[2] == "  train/base          one GPU"


def test_nothing_is_cut_where_there_is_room_or_no_terminal() -> None:
    assert lines(100)[1] == "  train/sharding/ddp  a whole copy on every GPU; DDP is what Oumi does  x"
    assert lines(0, terminal=False)[0] == "train/sharding/ddp\ta whole copy on every GPU; DDP is what Oumi does\tx"


def test_what_would_say_nothing_when_cut_stays_whole() -> None:
    assert "a whole copy on every GPU; DDP is what Oumi does" in lines(40)[1]
    assert lines(30, [("a/very/long/name/of/a/model", "8.03 B")])[1] == "  a/very/long/name/of/a/model  8.03 B"
