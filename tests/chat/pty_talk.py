"""The real program in a pseudo-terminal: lines in, what was printed until the next prompt out.

    with Talk(tmp_path) as talk:
        assert "LoRA" in talk.say("lora qwen3 8b on A100")

Needs pexpect alone. prompt_toolkit turns bracketed paste on where it begins to ask and off where it has its answer:
those two marks part what is typed from what is printed, whatever the redraws between them look like. On a dumb
terminal, which gets no marks, the prompt at the start of a line does.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pexpect

ROOT = Path(__file__).parents[2]
ASKS = "\x1b[?2004h"
HAS_ANSWER = "\x1b[?2004l"
PLAIN_PROMPT = re.compile(r"(?:\A|\n)> \Z")
TIMEOUT = 20.0
"""Seconds for one turn on a busy machine; a turn takes well under one."""

ENTER, TAB, UP, DOWN, CTRL_C, CTRL_D, ALT_ENTER, BACKSPACE = "\r", "\t", "\x1b[A", "\x1b[B", "\x03", "\x04", "\x1b\r", "\x7f"

_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_=>78]|[\x00\x07\x08\x0e\x0f]")


def plain(text: str) -> str:
    """The text without escape sequences, its line ends as \\n."""
    return _SEQUENCES.sub("", text).replace("\r\n", "\n").replace("\r", "")


class Talk:
    """One run of the program. Its home and state lie under `folder`: a second run there has the first one's history."""

    def __init__(
        self,
        folder: Path,
        *args: str,
        rows: int = 40,
        columns: int = 100,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        offline: bool = True,
    ) -> None:
        self.folder = folder
        self.raw = ""
        """All that the terminal was sent."""
        self._at = 0
        self.environ = clean_environ(folder) | dict(environ or {})
        self.dumb = self.environ["TERM"] in ("dumb", "unknown")
        work = cwd or folder / "work"
        work.mkdir(parents=True, exist_ok=True)
        flags = ["--offline"] if offline else []
        self.begun = time.monotonic()
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "assistant.cli", *flags, *args],
            env=self.environ,  # type: ignore[arg-type]
            cwd=str(work),
            dimensions=(rows, columns),
            encoding="utf-8",
            codec_errors="replace",
            timeout=TIMEOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell hands down "ignore"
            echo=self.dumb,  # else prompt_toolkit sets it; what comes before its first prompt is output alone
        )
        self.child.delaybeforesend = None

    def __enter__(self) -> Talk:
        self.greeting = self.answer()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.child.close(force=True)

    def say(self, line: str, *, timeout: float = TIMEOUT) -> str:
        """Type a message and Enter; what the program prints until it asks again or ends. Several lines are pasted."""
        return self.press((paste(line) if "\n" in line and not self.dumb else line) + ENTER, timeout=timeout)

    def press(self, keys: str, *, timeout: float = TIMEOUT) -> str:
        """Press keys, of which the last sends the message; what the program prints until it asks again or ends."""
        self.type(keys)
        return self.answer(timeout=timeout)

    def type(self, keys: str) -> None:
        """Press keys that send nothing yet."""
        self.child.send(keys)

    def answer(self, *, timeout: float = TIMEOUT) -> str:
        """What the program prints until it asks again or ends."""
        end = time.monotonic() + timeout
        while True:
            found = self._plain_answer() if self.dumb else self._marked_answer()
            if found is not None:
                return found
            if not self._more(end - time.monotonic()):
                rest, self._at = plain(self.raw[self._at :].rpartition(HAS_ANSWER)[2]), len(self.raw)
                return rest

    def _marked_answer(self) -> str | None:
        asks = self.raw.find(ASKS, self._at)
        if asks < 0:
            return None
        printed = self.raw[self._at : asks].rpartition(HAS_ANSWER)[2]
        self._at = asks + len(ASKS)
        return plain(printed)

    def _plain_answer(self) -> str | None:
        shown = plain(self.raw[self._at :])
        if not PLAIN_PROMPT.search(shown):
            return None
        if self._more(0.15):  # a line that only looks like a prompt
            return None
        self._at = len(self.raw)
        return shown.removesuffix("> ")

    def _more(self, timeout: float) -> bool:
        """Read what there is; False when the program has ended. Within a short wait False also means: nothing came."""
        try:
            self.raw += self.child.read_nonblocking(65536, timeout=max(0.05, timeout))
        except pexpect.TIMEOUT:
            if timeout > 1 or timeout <= 0:
                raise AssertionError(f"no prompt came; the last that did: {plain(self.raw)[-800:]!r}") from None
            return False
        except pexpect.EOF:
            return False
        return True

    def settle(self, seconds: float = 0.3) -> str:
        """What the terminal is sent until nothing comes for so long: redraws while typing."""
        start = len(self.raw)
        while self._more(min(seconds, 0.9)):
            pass
        return self.raw[start:]

    def leave(self, keys: str = CTRL_D) -> int:
        """Leave by these keys; the exit code."""
        self.type(keys)
        while self._more(TIMEOUT):
            pass
        self.child.close()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)

    def files(self) -> str:
        """All text in all files of the home, the state and the work folder."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in found)


def paste(text: str) -> str:
    """The text as a terminal hands over a paste."""
    return f"\x1b[200~{text}\x1b[201~"


def clean_environ(folder: Path) -> dict[str, str]:
    """An environment with homes of its own and nothing of the caller's but where programs are."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "HOME": str(home),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody answers here when it asks where the cursor is
    }


def run_plain(folder: Path, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The program without a terminal, in the same environment."""
    return subprocess.run(
        [sys.executable, "-m", "assistant.cli", *args], input=stdin, capture_output=True, text=True, env=clean_environ(folder), cwd=folder, timeout=60
    )
