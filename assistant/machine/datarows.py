"""Rows out of a local file, one at a time, whatever is in it: never the whole file, never an exception.

Each reader yields `Read` records: a row, or the fault that stands in its place.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

LINE_LIMIT = 16 * 2**20
"""Bytes of one line that are parsed; a longer one counts as a row and is passed over."""
FIELD_LIMIT = 16 * 2**20
_CHUNK = 2**20
_MISSING = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null")
)  # fmt: skip
"""Cells that pandas.read_csv takes for empty (its documentation, `na_values`); `datasets` reads csv through it."""
_LABELS: dict[str, Any] = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False, "1": 1, "0": 0}
_KEYS_WATCHED = 1000


@dataclass(frozen=True, slots=True)
class Read:
    """One row (`row`) at a line counted from 1 (None beyond the head of a sampled file), or what is wrong there (`fault`).

    `key` is the same for equal rows. `size` is in bytes of the file where known.
    """

    line: int | None
    row: Any = None
    fault: str = ""
    detail: str = ""
    size: int = 0
    key: int = 0
    notes: tuple[str, ...] = ()


class Parser:
    """JSON as Oumi's readers take it, with an eye on NaN and on keys that come twice (in the first 1,000 rows)."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.parsed = 0
        self._plain = json.JSONDecoder(parse_constant=self._constant)
        self._watching = json.JSONDecoder(parse_constant=self._constant, object_pairs_hook=self._pairs)

    def _constant(self, name: str) -> float:
        self.notes.append("nan")
        return float(name.replace("Infinity", "inf"))

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            self.notes.append("key-twice")
        return found

    @property
    def decoder(self) -> json.JSONDecoder:
        """The decoder for the next row."""
        self.notes = []
        self.parsed += 1
        return self._watching if self.parsed <= _KEYS_WATCHED else self._plain


def json_lines(file: IO[bytes], parser: Parser, *, numbered: bool = True) -> Iterator[Read]:
    """One JSON value a line."""
    number = 0
    while raw := file.readline(LINE_LIMIT):
        number += 1
        line = number if numbered else None
        if len(raw) == LINE_LIMIT and not raw.endswith(b"\n"):
            yield Read(line, fault="huge-line", size=len(raw) + _skip_line(file))
        else:
            yield from _line(raw, line, parser)


def _skip_line(file: IO[bytes]) -> int:
    skipped = 0
    while more := file.readline(_CHUNK):
        skipped += len(more)
        if more.endswith(b"\n"):
            break
    return skipped


def _line(raw: bytes, line: int | None, parser: Parser) -> Iterator[Read]:
    """The row of this line; its rows, where several objects stand on it."""
    size = len(raw)
    try:
        text = raw.decode("utf-8").strip(" \t\r\n\ufeff")
    except UnicodeDecodeError as problem:
        yield Read(line, fault="not-utf8", detail=f"byte {problem.start + 1} of the line", size=size)
        return
    if not text:
        yield Read(line, fault="empty-line", size=size)
        return
    position = 0
    notes: tuple[str, ...] = ()
    while position < len(text):
        try:
            row, end = parser.decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as problem:
            yield Read(line, fault="broken-json", detail=why(problem), size=size)
            return
        if end < len(text) and text[end:].lstrip(" ,\t")[:1] != "{":
            yield Read(line, fault="broken-json", detail=f"more text at column {end + 1}", size=size)
            return
        notes = ("joined-objects",) if position or end < len(text) else notes
        yield Read(line, row=row, size=end - position, key=hash(text[position:end]), notes=(*parser.notes, *notes))
        position = len(text) - len(text[end:].lstrip(" ,\t"))


def why(problem: Exception) -> str:
    """What JSON's own error says, in few words."""
    if isinstance(problem, json.JSONDecodeError):
        return f"{problem.msg} at column {problem.colno}"
    return "nested too deeply" if isinstance(problem, RecursionError) else str(problem)[:80]


def delimited(file: IO[bytes], separator: str) -> Iterator[Read]:
    """Rows of a csv with a header line; cells are texts, empty ones are None as pandas makes them."""
    csv.field_size_limit(FIELD_LIMIT)
    wrapped = io.TextIOWrapper(file, encoding="utf-8", newline="")
    reader = csv.reader(wrapped, delimiter=separator)
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader, None)
        except (csv.Error, UnicodeDecodeError) as problem:
            fault = "not-utf8" if isinstance(problem, UnicodeDecodeError) else "broken-csv"
            yield Read(reader.line_num + 1, fault=fault, detail=str(problem)[:80])
            return
        if cells is None:
            return
        if not cells:
            continue
        if header is None:
            header = [name.strip("\ufeff") for name in cells]
            continue
        size = sum(map(len, cells)) + len(cells)
        if len(cells) > len(header):
            yield Read(reader.line_num, fault="too-many-cells", detail=f"{len(cells)} of {len(header)}", size=size)
            continue
        cells += [""] * (len(header) - len(cells))
        row = {name: _LABELS.get(cell, cell) if name == "label" else _cell(cell) for name, cell in zip(header, cells, strict=True)}
        yield Read(reader.line_num, row=row, size=size, key=hash(tuple(cells)))


def _cell(text: str) -> str | None:
    return None if text in _MISSING else text


def plain_lines(file: IO[bytes]) -> Iterator[Read]:
    """Every line as {"text": line}: `datasets`' text reader."""
    number = 0
    while raw := file.readline(LINE_LIMIT):
        number += 1
        try:
            text = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as problem:
            yield Read(number, fault="not-utf8", detail=f"byte {problem.start + 1} of the line", size=len(raw))
            continue
        yield Read(number, row={"text": text}, size=len(raw), key=hash(text))
