"""While an LLM thinks and speaks: a spinner with its seconds, and sentences wrapped as they come."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Mapping
from types import TracebackType

from assistant.terminal.screen import Screen
from assistant.terminal.text import cells, clean, to_ascii

INDENT = "  "
QUIET_SECONDS = 0.3
"""Nothing is shown of what takes less: it would only flicker."""
_TICK = 0.1
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES = "|/-\\"
_ENDED = re.compile(r"\S[.!?][\"')\]]*$")
_SENTENCE = re.compile(r"\S+\s.*\S[.!?][\"')\]]*", re.DOTALL)


class Thinking:
    """A spinner on stderr for as long as the block runs; its line is gone afterwards, whatever happened.

    Nothing is shown where stderr is no terminal; a dumb one gets a plain line once.
    """

    def __init__(self, screen: Screen, label: str = "thinking", *, environ: Mapping[str, str] | None = None) -> None:
        self._screen = screen
        self._label = label
        self._dumb = (os.environ if environ is None else environ).get("TERM", "").lower() in ("dumb", "unknown")
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._shown = False

    def __enter__(self) -> Thinking:
        if self._screen.err.terminal:
            self._thread = threading.Thread(target=self._spin, name="thinking", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the spinner away, as when the first words come; twice does nothing more."""
        self._done.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            thread.join()
        finally:  # a Ctrl-C while it is waited for too
            if self._shown and not self._dumb:
                self._screen.overwrite("")

    def _spin(self) -> None:
        begun = time.monotonic()
        if self._done.wait(QUIET_SECONDS):
            return
        self._shown = True
        if self._dumb:
            self._screen.talk([((f"{INDENT}{self._label}…", ""),)])
            return
        frames = _FRAMES if self._screen.err.unicode else _PLAIN_FRAMES
        tick = 0
        while not self._done.is_set():
            seconds = time.monotonic() - begun
            self._screen.overwrite(f"{INDENT}{frames[tick % len(frames)]} {self._label} {seconds:.0f} s")
            tick += 1
            self._done.wait(_TICK)


class Stream:
    """Prose on stdout as it comes: wrapped to the width, indented as all else, and never an escape from its text.

    A break of a line in the text is a blank, an empty line a new paragraph, a line that begins with `-` one of its own.
    A sentence that ended with one write is parted from the next by a blank, which need not be in the text.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._column = 0
        self._held = ""
        self._breaks = 0
        self._begun = False
        self._was_whole = False

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def write(self, text: str) -> None:
        """Show what is whole of this text: the last word is held until it is known to have ended."""
        text = clean(text).replace("\t", " ")
        is_whole = _SENTENCE.fullmatch(text) is not None
        starts_anew = text[:1].isupper() or (is_whole and self._was_whole)
        self._held += f" {text}" if starts_anew and _ENDED.search(self._held) else text
        self._was_whole = is_whole
        end = max(self._held.rfind(" "), self._held.rfind("\n")) + 1
        whole, self._held = self._held[:end], self._held[end:]
        self._show(whole)

    def end(self) -> None:
        """Show what is held, and end the line."""
        held, self._held = self._held, ""
        self._show(held)
        if self._column:
            self._put("\n")
        self._column = self._breaks = 0
        self._begun = self._was_whole = False

    def _show(self, text: str) -> None:
        if not text:
            return
        shown = ""
        for number, line in enumerate(text.split("\n")):
            if number:
                self._breaks += 1
            for word in line.split():
                shown += self._gap(word) + word
                self._column += cells(word)
                self._begun, self._breaks = True, 0
        if shown:
            self._put(shown)

    def _gap(self, word: str) -> str:
        """What goes before a word: a blank, a new line, or a new paragraph."""
        width = self._screen.out.width
        is_item = self._breaks > 0 and (word in ("-", "*", "•") or (word[:-1].isdigit() and word[-1] in ".)"))
        if self._begun and (self._breaks > 1 or is_item):
            gap = "\n\n" if self._breaks > 1 else "\n"
        elif self._column == 0:
            gap = ""
        elif width is not None and self._column + 1 + cells(word) > width:
            gap = "\n"
        else:
            self._column += 1
            return " "
        self._column = len(INDENT)
        return gap + INDENT

    def _put(self, text: str) -> None:
        self._screen.result(text if self._screen.out.unicode else to_ascii(text))
