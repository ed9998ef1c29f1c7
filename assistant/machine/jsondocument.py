"""Rows of a JSON text that is not one object a line: an array, a list inside an object, objects laid out over lines."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO, Any

from assistant.machine.datarows import LINE_LIMIT, Parser, Read, why

_CHUNK = 2**20
_ROW_KEYS = frozenset(("messages", "conversations", "prompt", "completion", "chosen", "rejected"))


class _TooLongError(ValueError):
    """An element longer than LINE_LIMIT."""


class _Text:
    """A window on a JSON text: decoded as needed, dropped when used, lines counted."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.decoder = file, codecs.getincrementaldecoder("utf-8")()
        self.text, self.position, self.ended = "", 0, False
        self.line, self.counted = 1, 0

    def more(self) -> bool:
        """Read another piece, at least as long as what waits; False at the end of the file."""
        if self.ended:
            return False
        raw = self.file.read(max(_CHUNK, len(self.text) - self.position))
        self.ended = not raw
        self._drop()
        self.text += self.decoder.decode(raw, final=self.ended)
        return True

    def _drop(self) -> None:
        self.line = self.here
        self.text, self.position, self.counted = self.text[self.position :], 0, 0

    @property
    def here(self) -> int:
        """The line of the next character."""
        self.line += self.text.count("\n", self.counted, self.position)
        self.counted = self.position
        return self.line

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            while self.position < len(self.text):
                if self.text[self.position] not in " \t\r\n\ufeff":
                    return self.text[self.position]
                self.position += 1
            if not self.more():
                return ""

    def value(self, parser: Parser) -> Any:
        """The JSON value that starts here. Raises ValueError, RecursionError."""
        while True:
            try:
                found, end = parser.decoder.raw_decode(self.text, self.position)
            except ValueError:
                if len(self.text) - self.position > LINE_LIMIT:
                    raise _TooLongError from None
                if not self.more():
                    raise
                continue
            if end == len(self.text) and self.more():
                continue  # a number may go on in the next piece
            self.position = end
            return found


def json_document(file: IO[bytes], parser: Parser, found: dict[str, Any]) -> Iterator[Read]:
    """The rows of a JSON text that is not one object a line.

    One array; the first list of objects in one object; or objects one after another, however they are laid out.
    `found` gets the `shape` ("array", "object", "objects") and, for a list in an object, its key as `field`.
    """
    text = _Text(file)
    try:
        first = text.peek()
        if first == "[":
            yield from _array(text, parser, found)
        elif first == "{":
            yield from _objects(text, parser, found)
        elif first:
            yield Read(text.here, fault="broken-json", detail="neither an array nor an object")
    except (ValueError, RecursionError) as problem:
        faults: dict[type[Exception], str] = {UnicodeDecodeError: "not-utf8", _TooLongError: "huge-line"}
        found["stopped"] = True
        yield Read(text.here, fault=faults.get(type(problem), "broken-json"), detail=why(problem))


def _array(text: _Text, parser: Parser, found: dict[str, Any]) -> Iterator[Read]:
    found["shape"] = "array"
    yield from _elements(text, parser)
    if text.peek():
        yield Read(text.here, fault="broken-json", detail="more text after the array")


def _objects(text: _Text, parser: Parser, found: dict[str, Any]) -> Iterator[Read]:
    try:
        row, end = parser.decoder.raw_decode(text.text, text.position)
    except ValueError:
        if text.ended:
            raise
        yield from _large_object(text, parser, found)
        return
    line, text.position = text.here, end
    if text.peek():
        found["shape"] = "objects"
        yield Read(line, row=row, key=hash(repr(row)), notes=tuple(parser.notes))
        while text.peek():
            line, row = text.here, text.value(parser)
            yield Read(line, row=row, key=hash(repr(row)), notes=tuple(parser.notes))
        return
    found["shape"] = "object"
    field = next((key for key, value in row.items() if key not in _ROW_KEYS and _is_rows(value)), None)
    if field is None:
        yield Read(line, row=row)
        return
    found["field"] = field
    for element in row[field]:
        yield Read(None, row=element, key=hash(repr(element)))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _large_object(text: _Text, parser: Parser, found: dict[str, Any]) -> Iterator[Read]:
    """One object longer than a piece: the elements of its first list, read as they come."""
    found["shape"] = "object"
    text.position += 1
    while (char := text.peek()) and char != "}":
        key = text.value(parser)
        if text.peek() != ":":
            raise ValueError("a key without a value")
        text.position += 1
        if text.peek() == "[":
            found["field"] = str(key)
            yield from _elements(text, parser)
            return
        text.value(parser)
        if text.peek() == ",":
            text.position += 1


def _elements(text: _Text, parser: Parser) -> Iterator[Read]:
    text.position += 1
    while (char := text.peek()) and char != "]":
        line, start = text.here, text.position
        row = text.value(parser)
        size = max(0, text.position - start)
        yield Read(line, row=row, size=size, key=hash(repr(row)), notes=tuple(parser.notes))
        if text.peek() == ",":
            text.position += 1
        elif text.peek() != "]":
            raise ValueError("a comma or ] is missing")
    if not char:
        raise ValueError("the array does not end")
    text.position += 1
