"""Catalogue entries as a table on a terminal, as tab-separated lines in a pipe."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.terminal.screen import Face
from assistant.terminal.text import Line, cells, one_line

_LEAST_WORDS = 24
"""Cells in which a cut sentence still says something."""


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]], face: Face) -> list[Line]:
    """Aligned columns with a header; columns at the right that do not fit are left out, and the second, if wordy, is cut.

    Columns of which every entry starts with a digit are set flush right.
    """
    if not face.terminal:
        return [(("\t".join(one_line(cell) for cell in row), ""),) for row in rows]
    columns = [[one_line(cell) for cell in column] for column in zip(header, *rows, strict=True)]
    widths = [max(map(cells, column)) for column in columns]
    while len(widths) > 2 and sum(widths) + 2 * len(widths) > (face.width or 80):
        widths.pop()
    left = (face.width or 80) - 2 * len(widths) - sum(widths[:-1])
    if _LEAST_WORDS <= left < widths[-1]:
        columns[len(widths) - 1] = [one_line(cell, left) for cell in columns[len(widths) - 1]]
        widths[-1] = left
    right = [all(cell[:1].isdigit() for cell in column[1:]) for column in columns]
    return [
        ((_joined([column[i] for column in columns], widths, right), "dim" if i == 0 else ""),)
        for i in range(len(rows) + 1)
    ]


def _joined(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, width, flush_right in zip(row, widths, right, strict=False):
        gap = " " * (width - cells(cell))
        padded.append(gap + cell if flush_right else cell + gap)
    return ("  " + "  ".join(padded)).rstrip()
