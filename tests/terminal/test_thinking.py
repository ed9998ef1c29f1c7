"""The spinner goes away always and is never seen where it cannot be erased; a stream is wrapped and harmless."""

from __future__ import annotations

import io
import sys
import threading
import time

import pytest

from assistant.terminal import thinking
from assistant.terminal.screen import Screen
from assistant.terminal.thinking import Stream, Thinking


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def terminal(patch: pytest.MonkeyPatch, name: str) -> Terminal:
    """A terminal in the place of this stream; within a test, for pytest puts its own there before each."""
    stream = Terminal()
    patch.setattr(sys, name, stream)
    return stream


def screen(**environ: str) -> Screen:
    return Screen(environ={"TERM": "xterm", "COLUMNS": "40", **environ})


def test_a_spinner_shows_its_seconds_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    err = terminal(monkeypatch, "stderr")
    with Thinking(screen(), environ={"TERM": "xterm"}):
        time.sleep(0.6)
    text = err.getvalue()
    assert "thinking 0 s" in text
    assert text.endswith("\r\033[K")
    assert len({part for part in text.split("\r") if "thinking" in part}) > 1, "it turns"
    assert "\n" not in text
    assert not [t for t in threading.enumerate() if t.name == "thinking"]


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_its_line_is_gone_whatever_happens(monkeypatch: pytest.MonkeyPatch, problem: type[BaseException]) -> None:
    err = terminal(monkeypatch, "stderr")

    def think() -> None:
        with Thinking(screen(), environ={"TERM": "xterm"}):
            time.sleep(0.45)
            raise problem

    with pytest.raises(problem):
        think()
    assert "thinking" in err.getvalue()
    assert err.getvalue().endswith("\r\033[K")


@pytest.mark.timing
def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    err = terminal(monkeypatch, "stderr")
    begun = time.monotonic()
    with Thinking(screen(), environ={"TERM": "xterm"}):
        pass
    assert err.getvalue() == ""
    assert time.monotonic() - begun < 0.2


def test_the_first_word_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    err = terminal(monkeypatch, "stderr")
    with Thinking(screen(), environ={"TERM": "xterm"}) as spinner:
        time.sleep(0.45)
        spinner.stop()
        shown = err.getvalue()
        time.sleep(0.3)
        spinner.stop()
    assert err.getvalue() == shown


def test_a_dumb_terminal_gets_one_plain_line(monkeypatch: pytest.MonkeyPatch) -> None:
    err = terminal(monkeypatch, "stderr")
    with Thinking(screen(TERM="dumb"), environ={"TERM": "dumb"}):
        time.sleep(0.6)
    assert err.getvalue() == "  thinking...\n"


def test_no_terminal_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (io.StringIO(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        with Thinking(screen()):
            time.sleep(0.4)
        assert stream is None or stream.getvalue() == ""


def test_without_unicode_the_frames_are_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    err = terminal(monkeypatch, "stderr")
    monkeypatch.setattr(Terminal, "encoding", "ascii")
    with Thinking(screen(), environ={"TERM": "xterm"}):
        time.sleep(0.5)
    assert "thinking" in err.getvalue()
    assert err.getvalue().isascii()


SENTENCES = (
    "LoRA trains small matrices beside the weights, so that only they need gradients. ",
    "At 2,048 tokens the upper bound is 15.6 GiB of 23.2.\n\nA second paragraph.\n- one\n- two",
)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_stream_is_wrapped_and_indented_however_it_comes(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    out = terminal(monkeypatch, "stdout")
    text = "".join(SENTENCES)
    with Stream(screen()) as stream:
        for start in range(0, len(text), size):
            stream.write(text[start : start + size])
    lines = out.getvalue().split("\n")
    assert lines == [
        "  LoRA trains small matrices beside the",
        "  weights, so that only they need",
        "  gradients. At 2,048 tokens the upper",
        "  bound is 15.6 GiB of 23.2.",
        "",
        "  A second paragraph.",
        "  - one",
        "  - two",
        "",
    ]
    assert max(map(len, lines)) <= 40


def test_a_stream_shows_each_sentence_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch, "stdout")
    stream = Stream(screen())
    stream.write("First sentence. ")
    assert out.getvalue() == "  First sentence."
    stream.write("Sec")
    assert out.getvalue() == "  First sentence."
    stream.end()
    assert out.getvalue() == "  First sentence. Sec\n"
    stream.end()
    stream.write("Again. ")
    stream.end()
    assert out.getvalue() == "  First sentence. Sec\n  Again.\n"


def test_no_escape_gets_through_in_pieces_either(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch, "stdout")
    stream = Stream(screen())
    for piece in ("red \x1b", "[31m text \x1b]0;title\x07 ", "a\u202eb \x9b2J", "\r\x08 end"):
        stream.write(piece)
    stream.end()
    assert not any(c in out.getvalue() for c in "\x1b\x9b\x07\u202e\r\x08")
    assert "end" in out.getvalue()


def test_wide_characters_count_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch, "stdout")
    with Stream(screen()) as stream:
        stream.write("训练模型需要显存 " * 6)
    assert max(2 + 2 * len(line.strip().replace(" ", "")) + line.strip().count(" ") for line in out.getvalue().splitlines()) <= 40


def test_a_stream_into_a_pipe_is_not_wrapped_and_as_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding="utf-8"))
    with Stream(Screen(environ={})) as stream:
        stream.write("word \x1b[31m " * 60)
    assert pipe.getvalue().count(b"\n") == 1
    assert b"\x1b" not in pipe.getvalue()


def test_the_wait_is_longer_than_a_blink() -> None:
    assert thinking.QUIET_SECONDS >= 0.3


@pytest.mark.parametrize(
    ("sentences", "shown"),
    [
        (("It is kept on each GPU.", "DDP keeps a copy."), "It is kept on each GPU. DDP keeps a copy."),
        (("The rank is 16.", "41.9 million parameters train."), "The rank is 16. 41.9 million parameters train."),
        (("The rank is 16.", "micro-batches are added up."), "The rank is 16. micro-batches are added up."),
        (("It fits. ", "It runs."), "It fits. It runs."),
        (("The upper bound is 15.", "6 GiB"), "The upper bound is 15.6 GiB"),
        (("See `train.", "yaml`."), "See `train.yaml`."),
    ],
)
def test_sentences_are_parted_and_words_are_not(monkeypatch: pytest.MonkeyPatch, sentences: tuple[str, ...], shown: str) -> None:
    out = terminal(monkeypatch, "stdout")
    with Stream(screen(COLUMNS="80")) as stream:
        for sentence in sentences:
            stream.write(sentence)
    assert out.getvalue() == f"  {shown}\n"
