"""Conversations kept under XDG state: written whole, readable by their owner alone, without secrets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets as randomness
import stat
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.core.errors import UsageError
from assistant.core.redact import redact, redacted

SCHEMA = 1
KEPT = 50
"""Sessions beyond this number go, the longest unused first."""
LARGEST = 16 * 1024 * 1024
"""Bytes of a session: no conversation comes near."""

_ID = re.compile(r"\d{8}-\d{4}-[0-9a-f]{4}")
_PREFIX = re.compile(r"[0-9a-f-]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one side said."""

    who: Literal["user", "assistant"]
    text: str


LONGEST_TURN = 20_000
"""Characters of one turn that are kept: a pasted log is read when it is said, and not again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A conversation: its id, its start (ISO 8601, UTC), what was said, the dialogue's own JSON-able state, the file that it was read from."""

    id: str
    started: str
    turns: tuple[Turn, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    file: str = field(default="", compare=False)

    def with_turn(self, who: Literal["user", "assistant"], text: str) -> Session:
        """The session after one more turn."""
        kept = text if len(text) <= LONGEST_TURN else f"{text[:LONGEST_TURN]} … {len(text) - LONGEST_TURN:,} more characters"
        return replace(self, turns=(*self.turns, Turn(who=who, text=kept)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One kept session, for a list: its first words, or in `trouble` why it cannot be read."""

    id: str
    started: str = ""
    turns: int = 0
    first: str = ""
    trouble: str = ""


class _TurnRecord(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    who: Literal["user", "assistant"]
    text: str


class _Record(BaseModel):
    """A session as a file holds it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    program: Literal["oumi-chat"]
    schema_version: Literal[1]
    id: str
    started: str
    turns: list[_TurnRecord]
    document: dict[str, Any]


def state_folder(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_STATE_HOME/oumi-chat`, or the same below ~/.local/state; None where no home is known."""
    stated = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(stated):  # the specification has relative ones ignored
        return Path(stated) / "oumi-chat"
    home = environ.get("HOME") or os.path.expanduser("~")
    return Path(home) / ".local" / "state" / "oumi-chat" if os.path.isabs(home) else None


def sessions_folder(environ: Mapping[str, str]) -> Path | None:
    """Where sessions are kept; None where no home is known."""
    state = state_folder(environ)
    return state / "sessions" if state else None


def new_session(now: datetime, *, tail: str | None = None) -> Session:
    """An empty session with an id of its own, such as 20261125-1043-7f3a (UTC, four random digits unless `tail` is given)."""
    moment = now.astimezone(timezone.utc)
    return Session(id=f"{moment:%Y%m%d-%H%M}-{tail or randomness.token_hex(2)}", started=moment.isoformat(timespec="microseconds"))


def save_session(session: Session, folder: Path, *, secrets: Collection[str] = ()) -> Session:
    """Write the session atomically (0600, its folder 0700) without secrets, and return it as it is kept.

    A file of this id that is no earlier state of this conversation (another chat went on with it, or it is broken) is
    left alone: the session is then kept under a new id, which the returned one has.

    Raises:
        UsageError: the folder or file cannot be written, or the session is larger than `LARGEST`.
    """
    turns = tuple(Turn(who=turn.who, text=redact(_whole(turn.text), secrets)) for turn in session.turns)
    kept = replace(session, turns=turns, document=redacted(_whole(dict(session.document)), secrets))
    try:
        _private(folder)
        while not _may_stand(kept, folder / _name(kept.id)):
            kept = replace(kept, id=f"{kept.id[:13]}-{randomness.token_hex(2)}")
        _write(folder / _name(kept.id), _text(kept))
    except OSError as problem:
        raise _unwritable(folder, problem) from None
    _forget_oldest(folder, kept.id)
    return replace(session, id=kept.id)


def load_session(wanted: str | None, folder: Path) -> Session:
    """The session of this id or unambiguous beginning of one; None is the last one that was used.

    Raises:
        UsageError: there is none, more than one, or its file cannot be taken (broken, foreign, huge, no regular file).
    """
    ids = _ids(folder)
    if wanted is None:
        found = ids[:1]
    elif _PREFIX.fullmatch(wanted):
        found = [each for each in ids if each.startswith(wanted)]
    else:
        raise _no_session("This is not the id of a session.", wanted[:40], ids)
    if not found:
        raise _no_session("No session is kept." if wanted is None else "No session has this id.", wanted or str(folder), ids)
    if wanted is not None and len(found) > 1:
        raise _no_session(f"{len(found)} sessions begin with this.", wanted, found)
    return _read(folder / _name(found[0]))


def list_sessions(folder: Path) -> tuple[Listed, ...]:
    """Every kept session, the last used first; those that cannot be read say why."""
    return tuple(_listed(folder, each) for each in _ids(folder))


def export_markdown(session: Session, *, secrets: Collection[str] = ()) -> str:
    """The conversation as Markdown: every turn in a fence of its own, so that nothing in it acts as markup."""
    parts = [f"# oumi-chat, {session.started[:16].replace('T', ' ')} UTC\n"]
    for turn in session.turns:
        text = redact(turn.text, secrets).strip("\n")
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        parts.append(f"**{'You' if turn.who == 'user' else 'oumi-chat'}**\n\n{fence}text\n{text}\n{fence}\n")
    return "\n".join(parts)


class Keeper:
    """Keeps one conversation as it goes; where that fails the chat goes on, and `trouble` is told once."""

    def __init__(self, folder: Path | None, *, secrets: Collection[str] = ()) -> None:
        self._folder = folder
        self._secrets = secrets
        self._told = False

    def keep(self, session: Session) -> tuple[Session, UsageError | None]:
        """The session as kept, and the trouble the first time that it cannot be kept."""
        try:
            if self._folder is None:
                raise UsageError("Sessions are not saved: no home folder is known.", hint="Set XDG_STATE_HOME.", reference="cannot-write")
            return save_session(session, self._folder, secrets=self._secrets), None
        except UsageError as problem:
            told, self._told = self._told, True
            return session, None if told else problem


def _no_session(message: str, context: str, ids: list[str]) -> UsageError:
    hint = f"Kept are {', '.join(ids[:5])}{', …' if len(ids) > 5 else ''}." if ids else "A chat keeps one: oumi-chat opens it."
    return UsageError(message, context=context, hint=hint, reference="no-session")


def _name(session_id: str) -> str:
    return f"{session_id}.json"


def _whole(value: Any) -> Any:
    """Without the halves of characters (lone surrogates) that a terminal may hand over and no reader of JSON takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value


def _text(session: Session) -> str:
    record = {
        "program": "oumi-chat",
        "schema_version": SCHEMA,
        "id": session.id,
        "started": session.started,
        "turns": [{"who": turn.who, "text": turn.text} for turn in session.turns],
        "document": session.document,
    }
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    if len(text.encode()) > LARGEST:
        raise UsageError("Sessions are not saved: this one has grown too large.", context=session.id, hint="/reset starts anew.", reference="too-large")
    return text


def _private(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    if stat.S_IMODE(folder.stat().st_mode) != 0o700:
        with contextlib.suppress(PermissionError):  # somebody else's
            folder.chmod(0o700)


def _may_stand(session: Session, path: Path) -> bool:
    """True where the file is missing, or an earlier state of this very conversation."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    try:
        former = _read(path)
    except UsageError:
        return False
    return former.started == session.started and former.turns == session.turns[: len(former.turns)]


def _write(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)  # 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:  # a Ctrl-C too leaves nothing behind
        Path(temporary).unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # some file systems cannot sync a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _ids(folder: Path) -> list[str]:
    """Ids of the kept sessions, the last used first."""
    found: list[tuple[int, str]] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json") and _ID.fullmatch(entry.name[:-5]):
                with contextlib.suppress(OSError):
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name[:-5]))
    return [each for _, each in sorted(found, reverse=True)]


def _forget_oldest(folder: Path, current: str) -> None:
    for each in [each for each in _ids(folder) if each != current][KEPT - 1 :]:
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.lstat(folder / _name(each)).st_mode):
                os.unlink(folder / _name(each))


def _listed(folder: Path, each: str) -> Listed:
    try:
        session = _read(folder / _name(each))
    except UsageError as problem:
        return Listed(id=each, trouble=problem.message)
    first = next((turn.text for turn in session.turns if turn.who == "user"), "")
    return Listed(id=each, started=session.started, turns=len(session.turns), first=" ".join(first.split())[:80])


def _read(path: Path) -> Session:
    raw = _bytes(path)
    try:
        record = _Record.model_validate_json(raw)
    except ValidationError as problem:
        raise _foreign(path, raw, problem) from None
    if record.id != path.stem:
        raise _refused(path, f"is that of session {record.id[:18]}: it was renamed or copied")
    turns = tuple(Turn(who=turn.who, text=turn.text) for turn in record.turns)
    return Session(id=record.id, started=record.started, turns=turns, document=record.document, file=str(path))


def _bytes(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as problem:
        is_link = os.path.islink(path)
        raise _refused(path, "is a link: it may lead anywhere" if is_link else f"cannot be read: {problem.strerror}") from None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise _refused(path, "is no regular file")
        if state.st_size > LARGEST:
            raise _refused(path, f"has {state.st_size / 1024**2:,.0f} MiB, more than any session")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(LARGEST + 1)
    except OSError as problem:
        raise _refused(path, f"cannot be read: {problem.strerror}") from None
    finally:
        os.close(handle)


def _foreign(path: Path, raw: bytes, problem: ValidationError) -> UsageError:
    found = problem.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(piece) for piece in found["loc"])
    with contextlib.suppress(ValueError, RecursionError, AttributeError):
        if json.loads(raw).get("schema_version", SCHEMA) != SCHEMA:
            return _refused(path, "was written by another version of oumi-chat")
    return _refused(path, f"is broken{f' at {place}' if place else ': it is not whole JSON'}")


def _refused(path: Path, why: str) -> UsageError:
    hint = "It is left as it is. Take another one, or start anew with oumi-chat."
    return UsageError(f"The file of session {path.stem} {why}.", context=str(path), hint=hint, reference="bad-session")


def _unwritable(folder: Path, problem: OSError) -> UsageError:
    return UsageError(
        f"Sessions are not saved: {problem.strerror or problem}.",
        context=str(problem.filename or folder),
        hint="Set XDG_STATE_HOME to a folder that you may write to.",
        reference="cannot-write",
    )
