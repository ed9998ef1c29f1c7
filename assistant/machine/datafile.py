"""Reading a local data file: streamed, within limits of bytes and seconds, and never further than asked."""

from __future__ import annotations

import gzip
import io
import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import IO, Any

from assistant.core.datafacts import Container, DataFacts, RowProblem
from assistant.core.errors import UsageError
from assistant.machine.datarows import Parser, Read, delimited, json_lines, plain_lines
from assistant.machine.datasource import Meter, Recoded, open_regular, unreadable
from assistant.machine.jsondocument import json_document
from assistant.machine.parquetfile import examine_parquet
from assistant.machine.tally import Tally
from assistant.machine.tokens import token_counter

Progress = Callable[[int, int], None]
CONTAINERS: dict[str, Container] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet", ".csv": "csv", ".tsv": "tsv",
    ".txt": "text", ".md": "text",
}  # fmt: skip
_MAGIC = (
    (b"PK\x03\x04", "a zip archive or an Excel sheet", "Unpack it, or save the sheet as csv."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "zstd -d {path}"),
    (b"BZh", "compressed with bzip2", "bunzip2 -k {path}"),
    (b"\xfd7zXZ\x00", "compressed with xz", "unxz -k {path}"),
    (b"SQLite format 3", "an SQLite database", "Export the table as csv."),
    (b"ARROW1", "an Arrow file", "Save it as parquet: pyarrow.feather.read_table(path), then pyarrow.parquet.write_table."),
)
_HEAD = 65_536
_HEAD_SHARE = 0.7
_SEGMENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a file is read: bytes on disk and seconds; beyond, what was read stands for the rest."""

    bytes: int = 256 * 2**20
    seconds: float = 2.5


def examine(
    path: str,
    objective: str,
    *,
    model: str | None = None,
    limits: Limits = Limits(),
    progress: Progress | None = None,
) -> DataFacts:
    """What a local data file holds, for this objective.

    `model` is a Hub id or folder whose tokenizer counts tokens if it is on this machine; `progress` is called with
    (bytes read, bytes to read) now and then. A file larger than the limits is read from the head and in pieces spread
    over the rest; `exact` is then False and `rows` an estimate.

    Raises:
        UsageError: there is no such file, it may not be read, or it is no data file at all.
    """
    handle, size = open_regular(path)
    try:
        head = os.read(handle, _HEAD)
        os.lseek(handle, 0, os.SEEK_SET)
        container, compressed = _container(path, head)
        count = token_counter(model)
        tally = Tally(objective, count)
        if container == "parquet":
            with os.fdopen(os.dup(handle), "rb") as file:
                facts = examine_parquet(path, file, size, tally, limits.seconds)
        else:
            facts = _Job(path, handle, size, head, container, compressed, tally, limits, progress).run()
    except OSError as problem:
        raise unreadable(path, problem) from None
    finally:
        os.close(handle)
    return replace(facts, tokenizer=model if facts.tokenizer_rows else None)


def _container(path: str, head: bytes) -> tuple[Container, bool]:
    """The kind of file by its name, else by how it begins; and whether it is compressed with gzip."""
    suffixes = [s.lower() for s in PurePath(path).suffixes]
    compressed = head.startswith(b"\x1f\x8b")
    named = CONTAINERS.get(suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else (suffixes or [""])[-1])
    if head.startswith(b"PAR1"):
        return "parquet", False
    if compressed:
        return named or "jsonl", True
    for magic, what, hint in _MAGIC:
        if head.startswith(magic):
            raise UsageError(f"{path} is {what}.", context=path, hint=hint.format(path=path), reference="not-data")
    if named == "parquet":
        hint = "It should begin with PAR1: download or write it again."
        raise UsageError(f"{path} is no parquet file.", context=path, hint=hint if head else "It is empty.", reference="not-data")
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        hint = "Oumi reads jsonl, json, parquet and csv."
        raise UsageError(f"{path} is a binary file.", context=path, hint=hint, reference="not-data")
    return named or _sniffed(head), False


def _sniffed(head: bytes) -> Container:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return "jsonl" if start == b"{" else "json" if start == b"[" else "unknown"


@dataclass(slots=True)
class _Job:
    """One reading of one text file."""

    path: str
    handle: int
    size: int
    head: bytes
    container: Container
    compressed: bool
    tally: Tally
    limits: Limits
    progress: Progress | None
    read: int = 0
    cut: bool = False

    def run(self) -> DataFacts:
        """Read it; the facts."""
        found: dict[str, Any] = {}
        started = time.monotonic()
        by_line = not (self.compressed or self._wide() or self._is_spread() or self._is_pretty())
        spread = self.container == "jsonl" and by_line
        share = _HEAD_SHARE if spread else 1.0
        allowed = self.limits.bytes if self.size <= self.limits.bytes else int(self.limits.bytes * share)
        meter = self._meter(allowed, started + self.limits.seconds * share)
        self._take(self._rows(meter, found), meter)
        if spread and self.cut:
            self._segments(started + self.limits.seconds)
        rows = self.tally.rows if not self.cut else round(self.tally.rows * self.size / max(1, self.read))
        facts = self.tally.facts(
            path=self.path,
            container=self.container,
            compressed=self.compressed,
            field=found.get("field"),
            separator=found.get("separator"),
            bytes_total=self.size,
            bytes_read=self.read,
            rows=rows,
            exact=not (self.cut or found.get("stopped")),
        )
        return replace(facts, problems=(*self._of_the_file(found), *facts.problems))

    def _meter(self, allowed: int, deadline: float) -> Meter:
        return Meter(self.handle, allowed, deadline, self._tell)

    def _tell(self, more: int) -> None:
        self.read += more
        if self.progress:
            self.progress(self.read, min(self.size, self.limits.bytes))

    def _wide(self) -> bool:
        return self.head.startswith((b"\xff\xfe", b"\xfe\xff"))

    def _take(self, rows: Iterator[Read], meter: Meter) -> None:
        """Count rows; the last before a cut is only half there."""
        waiting: Read | None = None
        try:
            for row in rows:
                if waiting:
                    self.tally.add(waiting)
                waiting = row
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            if not meter.cut:
                waiting = waiting or Read(None)
                self.tally.add(Read(None, fault="broken-gzip", detail=str(problem)[:80]))
        self.cut = self.cut or meter.cut
        if waiting and not (meter.cut and self.tally.rows):
            self.tally.add(waiting)

    def _rows(self, meter: Meter, found: dict[str, Any]) -> Iterator[Read]:
        file: IO[bytes] = io.BufferedReader(meter, 2**20)
        if self.compressed:
            file = gzip.GzipFile(fileobj=file)  # type: ignore[assignment]
        if self._wide():
            file = io.BufferedReader(Recoded(file), 65_536)
        parser = Parser()
        if self.container in ("json", "unknown") or self._is_spread() or self._is_pretty():
            return json_document(file, parser, found)
        if self.container == "jsonl":
            return json_lines(file, parser)
        if self.container in ("csv", "tsv"):
            found["separator"] = self._separator()
            return delimited(file, found["separator"])
        return plain_lines(file)

    def _lines(self) -> list[bytes]:
        return [line for line in self.head.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]

    def _is_spread(self) -> bool:
        """A .jsonl that is in truth one array."""
        return self.container == "jsonl" and not self.compressed and (self._lines() or [b""])[0].lstrip().startswith(b"[")

    def _separator(self) -> str:
        """The sign that splits the header most often; by the name, if none does."""
        usual = "\t" if self.container == "tsv" else ","
        header = (self._lines() or [b""])[0].decode("utf-8", "replace")
        return max((usual, ",", ";", "\t", "|"), key=header.count)

    def _segments(self, deadline: float) -> None:
        """Pieces spread evenly over what follows the head."""
        start, part = self.read, max(2**16, (self.limits.bytes - self.read) // _SEGMENTS)
        for index in range(_SEGMENTS):
            now = time.monotonic()
            if now > deadline:
                return
            os.lseek(self.handle, start + max(0, self.size - start - part) * index // (_SEGMENTS - 1), os.SEEK_SET)
            meter = self._meter(part, now + (deadline - now) / (_SEGMENTS - index))
            file = io.BufferedReader(meter, 2**16)
            file.readline(part)  # the rest of a line whose beginning was skipped
            self._take(json_lines(file, Parser(), numbered=False), meter)

    def _of_the_file(self, found: dict[str, Any]) -> list[RowProblem]:
        """What is odd about the file as such."""
        kinds = []
        if self._wide():
            kinds.append("utf16")
        elif self.head.startswith(b"\xef\xbb\xbf"):
            kinds.append("bom")
        if self._is_spread():
            kinds.append("array-in-jsonl")
        if self.container == "json" and found.get("shape") == "objects":
            kinds.append("lines-in-json")
        if self._is_pretty():
            kinds.append("pretty-printed")
        return [RowProblem(kind=kind, count=1) for kind in kinds]

    def _is_pretty(self) -> bool:
        """A .jsonl whose objects are spread over several lines: its first line opens one and no more."""
        lines = self._lines()[:2]
        opens = len(lines) > 1 and lines[0].strip().endswith((b"{", b"[")) and not self._is_spread()
        return opens and self.container == "jsonl" and not self.compressed
