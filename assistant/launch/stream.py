"""A program run with this terminal as its own, its output passed on as it comes and the last of it kept.

On a terminal it gets a pseudo-terminal, so that progress bars and questions work as they do without us; into pipes and
files its two streams stay apart. It cannot be suspended with Ctrl-Z there: its session has no shell to resume it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from assistant.core.redact import redact
from assistant.terminal.text import clean

TAIL = 256 * 1024
"""Bytes of output that are kept: tracebacks of eight ranks, one after the other."""
_CHUNK = 65536
_TICK = 0.1
_GRACE = 0.5
"""Seconds that are waited for output after the program has ended: what it left running may hold the streams open."""
_CTRL_C = b"\x03"
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: `code` as a shell tells it (130 after Ctrl-C), and the end of what was shown, without secrets.

    `own` is what the program itself wrote to its stdout: lines of other sources stand within lines of it in `tail`.
    """

    code: int
    tail: str
    own: str = ""


@dataclass(slots=True)
class _Tail:
    kept: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> None:
        self.kept += data
        if len(self.kept) > 2 * TAIL:
            del self.kept[:-TAIL]

    def text(self, secrets: frozenset[str]) -> str:
        return redact(as_lines(bytes(self.kept[-TAIL:]).decode("utf-8", "replace")), secrets)


_LONGEST = 4000
"""Characters of a line that are kept of its beginning and its end: no error has more, a dump of data may."""


def as_lines(output: str) -> str:
    """What a terminal shows in the end: of a line that was redrawn its last state, without escape sequences."""
    lines = output.replace("\r\n", "\n").split("\n")
    return "\n".join(_shortened(clean(line.rstrip("\r").rpartition("\r")[2])) for line in lines)


def _shortened(line: str) -> str:
    return line if len(line) <= 2 * _LONGEST else f"{line[:_LONGEST]} … {line[-_LONGEST:]}"


def run(
    words: Sequence[str], *, environ: Mapping[str, str], secrets: frozenset[str] = frozenset(), plain: bool = False, more: Callable[[], bytes] | None = None
) -> Ended:
    """Run a program to its end. `plain` gives it no terminal; `more` is polled for output from elsewhere, such as a log file.

    Raises:
        OSError: it cannot be started.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    console = None if plain else _console()
    if console is None:
        process = subprocess.Popen(words, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return _Relay(process=process, more=more).to_end(secrets)
    with console:
        process = subprocess.Popen(
            words, env=dict(environ), start_new_session=True, preexec_fn=console.adopt,
            stdin=console.slave if console.typed else None,
            stdout=console.slave if console.shows_out else subprocess.PIPE,
            stderr=console.slave if console.shows_err else subprocess.PIPE,
        )  # fmt: skip
        console.let_go()
        return _Relay(process=process, more=more, console=console).to_end(secrets)


def _is_tty(stream: TextIO | None) -> bool:
    try:
        return stream is not None and os.isatty(stream.fileno())
    except (OSError, ValueError):
        return False


def _console() -> _Console | None:
    """A pseudo-terminal like ours; None where neither stream shows on one."""
    shows_out, shows_err = _is_tty(sys.stdout), _is_tty(sys.stderr)
    if not (shows_out or shows_err):
        return None
    try:
        master, slave = os.openpty()
    except OSError:
        return None
    in_front = _is_tty(sys.stdin) and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    return _Console(master=master, slave=slave, shows_out=shows_out, shows_err=shows_err, typed=in_front)


@dataclass(slots=True, kw_only=True)
class _Console:
    """The pseudo-terminal of a program; while it is entered, our own terminal hands every key on."""

    master: int
    slave: int
    shows_out: bool
    shows_err: bool
    typed: bool
    saved: list[Any] | None = None
    former: Any = None

    def __enter__(self) -> _Console:
        self._resize()
        self.former = signal.signal(signal.SIGWINCH, lambda *_: self._resize())
        if self.typed:
            self.saved = termios.tcgetattr(sys.stdin.fileno())
            termios.tcsetattr(self.slave, termios.TCSANOW, self.saved)
            tty.setraw(sys.stdin.fileno(), termios.TCSADRAIN)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGWINCH, self.former)
        if self.saved is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self.saved)
        self.let_go()
        os.close(self.master)

    def adopt(self) -> None:
        """In the child: make this its controlling terminal, so that Ctrl-C reaches it."""
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def let_go(self) -> None:
        """Leave the program's end of it to the program."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def _resize(self) -> None:
        shown = sys.stdout if self.shows_out else sys.stderr
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(shown.fileno(), termios.TIOCGWINSZ, struct.pack("4H", 0, 0, 0, 0))
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def interrupts(self, keys: bytes) -> bool:
        """Whether these keys interrupt the program: a program that reads keys one by one may take Ctrl-C as any other."""
        with contextlib.suppress(termios.error):
            return _CTRL_C in keys and bool(termios.tcgetattr(self.master)[3] & termios.ISIG)
        return False


@dataclass(slots=True, kw_only=True)
class _Relay:
    """Output to our streams and keys to the program, until it has ended."""

    process: subprocess.Popen[bytes]
    more: Callable[[], bytes] | None = None
    console: _Console | None = None
    tail: _Tail = field(default_factory=_Tail)
    own: _Tail = field(default_factory=_Tail)
    interrupted: bool = False
    writers: dict[int, Callable[[bytes], None]] = field(default_factory=dict)

    def to_end(self, secrets: frozenset[str]) -> Ended:
        with _signals(self._signalled), selectors.DefaultSelector() as waiting:
            self._open(waiting)
            try:
                self._loop(waiting)
            except OSError:  # the reader of our output has gone: the program would have been told so by a signal
                self._signalled(signal.SIGTERM)
                raise
            code = self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        code = 128 - code if code < 0 else code
        return Ended(code=130 if self.interrupted and code else code, tail=self.tail.text(secrets), own=self.own.text(secrets))

    def _open(self, waiting: selectors.BaseSelector) -> None:
        out, err = _writer(sys.stdout), _writer(sys.stderr)
        sources = [(self.process.stdout, out), (self.process.stderr, err)]
        self.writers = {pipe.fileno(): write for pipe, write in sources if pipe is not None}
        if self.console is not None:
            self.writers[self.console.master] = out if self.console.shows_out else err
        for source in self.writers:
            waiting.register(source, selectors.EVENT_READ)
        if self.console is not None and self.console.typed:
            waiting.register(sys.stdin.fileno(), selectors.EVENT_READ)

    def _loop(self, waiting: selectors.BaseSelector) -> None:
        open_ends = set(self.writers)
        deadline: float | None = None
        while open_ends or self.process.poll() is None:
            if deadline is None and self.process.poll() is not None:
                deadline = time.monotonic() + _GRACE
            events = waiting.select(_TICK)
            for key, _ in events:
                if not self._passed(key.fd):
                    waiting.unregister(key.fd)
                    open_ends.discard(key.fd)
            self._from_elsewhere()
            if deadline is not None and (not any(key.fd in self.writers for key, _ in events) and time.monotonic() > deadline):
                break
        self._from_elsewhere()

    def _passed(self, source: int) -> bool:
        """Hand on what there is; False where this source has ended."""
        try:
            data = os.read(source, _CHUNK)
        except OSError:  # how a pseudo-terminal says that its other end is closed
            data = b""
        if not data:
            return False
        if source in self.writers:
            self.tail.add(data)
            if source == next(iter(self.writers)):
                self.own.add(data)
            self.writers[source](data)
        elif self.console is not None:
            self.interrupted = self.interrupted or self.console.interrupts(data)
            with contextlib.suppress(OSError):
                os.write(self.console.master, data)
        return True

    def _from_elsewhere(self) -> None:
        while self.more is not None and (data := self.more()):
            self.tail.add(data)
            _writer(sys.stdout)(data)

    def _signalled(self, number: int) -> None:
        """A signal to us is for the program. Ctrl-C reaches one without a terminal of its own by itself."""
        self.interrupted = self.interrupted or number == signal.SIGINT
        if number == signal.SIGINT and self.console is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if self.console is not None:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)


@contextlib.contextmanager
def _signals(passed_on: Callable[[int], None]) -> Iterator[None]:
    former = {number: signal.signal(number, lambda n, _: passed_on(n)) for name in _PASSED_ON if (number := getattr(signal, name, None)) is not None}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _writer(stream: TextIO | None) -> Callable[[bytes], None]:
    """What writes bytes to one of our streams, one that a test put there too."""
    if stream is None:
        return lambda _: None
    try:
        target = stream.fileno()
    except (OSError, ValueError):
        text = stream
        return lambda data: (text.write(data.decode("utf-8", "replace")), None)[1]

    def write(data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]

    return write
