"""A pasted log as plain lines: no colours, prefixes or boxes, the ranks apart, and the messages of its exceptions."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD, _TAIL = 100_000, 300_000
"""Characters of a longer log that are read: its errors stand at the first failure or at the end."""
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?")
_RANK_PREFIXES = (
    re.compile(r"\[(?:rank|default)(\d{1,5})\]:? ?"),  # torch from 2.2 on; torchrun --tee
    re.compile(r"\[\d{1,5},(\d{1,5})\]<std(?:err|out)>: ?"),  # mpirun
    re.compile(r" {0,3}(\d{1,4}): (?=[ A-Za-z\[/])"),  # srun --label
    re.compile(r"\[[\d\-: ,.]{8,30}\]\[oumi\]\[rank(\d{1,5})\](?:\[[^\]\n]{1,80}\]){0,4}\]? ?"),  # Oumi's own log
)
_PREFIXES = (
    re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?Z? ?(?:\[?(?:ERROR|INFO|WARNING)\]? ?(?:- )?)?"),
    re.compile(r"\((?:[\w.\-]{1,40} )?(?:pid|ip)=[^)\n]{1,60}\)(?: ?\[repeated[^\]\n]{0,80}\])? ?"),  # Ray, vLLM
    re.compile(r"(?:ERROR|INFO|WARNING) \d\d-\d\d \d\d:\d\d:\d\d \[[^\]\n]{1,60}\] ?"),  # vLLM
    re.compile(r"[\w.\-]{1,40} +\| "),  # docker compose
    re.compile(r"[EWI]\d{4} \d\d:\d\d:\d\d[.\d]* +\d+ [^\]\n]{1,120}\] ?"),  # glog
)
_BOX = "│|╭╮╰╯─━┃ \t"
_EXCEPTION = re.compile(r"(?:[A-Za-z_][\w]*\.){0,8}[A-Z]\w{0,60}(?:Error|Exception|Interrupt|Timeout|Exit|NotInstalled)(?=:|$)(?:: ?(?P<said>.*))?")
_ENDS = ("Traceback (most recent call last)", "During handling of", "The above exception was")
_BLOCK_LINES = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The lines of one rank, in order; None is what has no rank."""

    rank: int | None
    lines: tuple[str, ...]

    @property
    def flat(self) -> str:
        """All of it on one line with single spaces: messages are wrapped by the screens they come from."""
        return " ".join(" ".join(self.lines).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception as printed: its class, what it says, and the line where it stands."""

    name: str
    said: str
    line: int

    @property
    def short_name(self) -> str:
        """The class without its modules."""
        return self.name.rpartition(".")[2]


def streams_of(text: str) -> tuple[Stream, ...]:
    """The log's lines, those of each rank together, in order of first appearance."""
    if len(text) > _HEAD + _TAIL:
        text = f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    found: dict[int | None, list[str]] = {}
    for raw in _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        rank, line = _without_prefixes(raw)
        found.setdefault(rank, []).append(line)
    return tuple(Stream(rank=rank, lines=tuple(lines)) for rank, lines in found.items())


def _without_prefixes(line: str) -> tuple[int | None, str]:
    rank: int | None = None
    line = line.rstrip()
    for _ in range(3):
        before = line
        for pattern in _PREFIXES:
            line = line[match.end() :] if (match := pattern.match(line)) else line
        for pattern in _RANK_PREFIXES:
            if match := pattern.match(line):
                rank, line = int(match.group(1)), line[match.end() :]
        if line == before:
            break
    boxed = line.strip()
    return rank, boxed.strip(_BOX) if boxed[:1] in ("│", "╭", "╰", "┃") else line


def raised_in(stream: Stream) -> tuple[Raised, ...]:
    """Every exception of a stream, each with its message over the lines that it takes."""
    starts = [(i, match) for i, line in enumerate(stream.lines) if (match := _EXCEPTION.match(line.strip()))]
    places = {i for i, _ in starts}
    return tuple(
        Raised(name=match.group(0).partition(":")[0], said=_message(stream.lines, i, match.group("said") or "", places), line=i)
        for i, match in starts
        if not line_is_noise(stream.lines[i])
    )


def _message(lines: tuple[str, ...], start: int, first: str, places: set[int]) -> str:
    said = [first.strip()]
    for i in range(start + 1, min(len(lines), start + _BLOCK_LINES)):
        line = lines[i].strip()
        if i in places or line.startswith(_ENDS):
            break
        said.append(line)
    return " ".join(" ".join(said).split())


def line_is_noise(line: str) -> bool:
    """True for what looks like an error and stops nothing: pip's resolver, warnings."""
    return "pip's dependency resolver" in line or "Warning:" in line.partition(": ")[0] + ":"
