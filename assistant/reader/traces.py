"""A pasted error: what kind it is and what it says, from any text around it. Nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from assistant.reader.traces_frames import phase_before
from assistant.reader.traces_kinds import SIGNS, Sign, is_killed
from assistant.reader.traces_memory import Memory, memory_in
from assistant.reader.traces_text import Raised, Stream, raised_in, streams_of

_WRAPPERS = ("ChildFailedError", "CalledProcessError", "ProcessRaisedException", "RayTaskError", "KeyboardInterrupt", "SystemExit")
"""What a parent raises because a child did: no cause of anything."""
_LIKELY = re.compile(
    r"Error|Exception|Traceback|out of memory|[Kk]illed|exit ?code|SIGKILL|OOM|NCCL|[Nn]a[Nn]\b|not |No |cannot|Cannot|does|longer|doesn't|timeout|trust_remote_code|in use|Interrupt"
)
_QUOTED = 240
_SECRETS = re.compile(r"(?:hf|sk|ghp|gho|github_pat|xox[abp]|glpat|AKIA|ya29)[_\-A-Z0-9.][\w\-.]{12,}|(?i:bearer) +[\w\-.~+/]{12,}|\b(?i:(?:api|access|secret)_?key|\w{0,20}token|secret|password)[=:] ?[\w\-.~+/]{12,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One recognised error.

    `kind` is a name of `traces_kinds.SIGNS`, or gpu-memory, cpu-memory, unknown; `quote` the line as printed, without
    anything shaped like a key; `details` what the message names, likewise. `phase` and `rank` are None where nothing shows them;
    `ranks` counts the processes that the log shows.
    """

    kind: str
    quote: str
    details: dict[str, str] = field(default_factory=dict)
    memory: Memory | None = None
    phase: str | None = None
    rank: int | None = None
    ranks: int = 1


def trace_in(text: str) -> Trace | None:
    """The error that a text holds: the one that the others follow from; None where the text holds none."""
    if not _LIKELY.search(text):
        return None
    streams = streams_of(text)
    ranks = max([stream.rank + 1 for stream in streams if stream.rank is not None], default=1)
    raised = {stream.rank: raised_in(stream) for stream in streams}
    for find in (_out_of_memory, _known, _killed, _unknown):
        for stream in streams:
            if found := find(stream, raised[stream.rank], ranks, any(raised.values())):
                return found
    return None


def _out_of_memory(stream: Stream, raised: tuple[Raised, ...], ranks: int, _any: bool) -> Trace | None:
    flat = stream.flat
    memory = memory_in(flat)
    if memory is None:
        if "OutOfMemoryError" not in flat or not any(one.short_name == "OutOfMemoryError" for one in raised):
            return None
        memory = Memory(backend="CUDA")
    at = next((one.line for one in raised if "out of memory" in one.said or "OutOfMemory" in one.name), len(stream.lines))
    start = flat.find("out of memory")
    quote = _quoted(flat[max(0, start - 12) : start + _QUOTED] if at == len(stream.lines) else _line_of(raised, at))
    phase = phase_before(stream.lines, at)
    return Trace(kind="gpu-memory", quote=quote, memory=memory, phase=phase, rank=stream.rank, ranks=ranks)


def _known(stream: Stream, raised: tuple[Raised, ...], ranks: int, any_raised: bool) -> Trace | None:
    flat = stream.flat
    messages = " ¶ ".join(f"{one.name}: {one.said}" for one in raised) if any_raised else flat
    texts = {True: (flat, flat.lower()), False: (messages, messages.lower())}
    for sign in SIGNS:
        if match := sign.search(*texts[sign.anywhere]):
            return _trace(sign, match, stream, raised, ranks)
    return None


def _trace(sign: Sign, match: re.Match[str], stream: Stream, raised: tuple[Raised, ...], ranks: int) -> Trace:
    inside = next((one for one in raised if sign.pattern.search(f"{one.name}: {one.said}")), None)
    details = {name: said for name, value in match.groupdict().items() if value and (said := _quoted(value))}
    return Trace(
        kind=sign.kind,
        quote=_quoted(f"{inside.name}: {inside.said}" if inside else match.group(0)),
        details=details,
        phase=phase_before(stream.lines, inside.line) if inside else None,
        rank=stream.rank,
        ranks=ranks,
    )


def _killed(stream: Stream, _raised: tuple[Raised, ...], ranks: int, any_raised: bool) -> Trace | None:
    if any_raised or not is_killed(stream.lines):
        return None
    return Trace(kind="cpu-memory", quote="Killed", rank=stream.rank, ranks=ranks)


def _unknown(stream: Stream, raised: tuple[Raised, ...], ranks: int, _any: bool) -> Trace | None:
    """The last exception that is no wrapper: what a reader would look at."""
    causes = [one for one in raised if one.short_name not in _WRAPPERS and (one.said or one.line)]
    if not causes:
        return None
    last = causes[-1]
    return Trace(kind="unknown", quote=_quoted(f"{last.name}: {last.said}".rstrip(": ")), phase=phase_before(stream.lines, last.line), rank=stream.rank, ranks=ranks)


def _line_of(raised: tuple[Raised, ...], at: int) -> str:
    return next(f"{one.name}: {one.said}" for one in raised if one.line == at)


def _quoted(text: str) -> str:
    """The text on one line, without control characters and what is shaped like a key."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in _SECRETS.sub("[hidden]", text)).split())
    return flat if len(flat) <= _QUOTED else f"{flat[: _QUOTED - 1]}…"
