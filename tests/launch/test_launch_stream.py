"""A program run as if alone: its streams, its exit code, what is kept of its output, and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pexpect
import pytest

from assistant.launch.stream import TAIL, as_lines, run

ROOT = Path(__file__).parents[2]
RUN = """
import os, sys
from assistant.launch.stream import run
ended = run([sys.executable, "-c", {body!r}], environ=os.environ)
print("<", ended.code, repr(ended.tail), ">")
sys.exit(ended.code)
"""


def piped(body: str, **kwargs: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", RUN.format(body=textwrap.dedent(body))], capture_output=True, cwd=ROOT, timeout=60, **kwargs)  # type: ignore[call-overload,no-any-return]


def spawned(body: str) -> pexpect.spawn:
    child = pexpect.spawn(
        sys.executable, ["-c", RUN.format(body=textwrap.dedent(body))], cwd=str(ROOT), encoding="utf-8", timeout=20, dimensions=(30, 90),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    child.delaybeforesend = None
    return child


def test_streams_stay_apart_and_bytes_stay_as_they_are() -> None:
    done = piped("import sys; sys.stdout.buffer.write(b'out\\xff\\n'); sys.stdout.flush(); print('err', file=sys.stderr); sys.exit(7)")
    assert done.returncode == 7
    assert done.stdout.startswith(b"out\xff\n")
    assert done.stderr == b"err\n"


def test_output_comes_as_it_is_printed() -> None:
    child = subprocess.Popen([sys.executable, "-c", RUN.format(body="import time; print('first', flush=True); time.sleep(20)")], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    begun = time.monotonic()
    assert child.stdout.readline() == b"first\n"
    assert time.monotonic() - begun < 10
    child.send_signal(signal.SIGTERM)  # handed on: the program ends, and we with it
    assert child.wait(10) == 128 + signal.SIGTERM
    child.stdout.close()


def test_a_program_that_dies_by_a_signal_has_the_code_of_a_shell() -> None:
    assert piped("import os; os.kill(os.getpid(), 9)").returncode == 137


def test_a_child_that_stays_does_not_hold_us(tmp_path: Path) -> None:
    begun = time.monotonic()
    done = piped("import subprocess; subprocess.Popen(['sleep', '8']); print('done')")
    assert done.returncode == 0
    assert time.monotonic() - begun < 7


def test_the_tail_is_bounded_and_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "k9" * 16
    body = f"print('x' * {3 * TAIL}); print('the value {secret} and hf_{'A1b2' * 9}'); print('last')"
    ended = run([sys.executable, "-c", body], environ=os.environ, secrets=frozenset([secret]))
    assert ended.tail.endswith("last\n")
    assert len(ended.tail) <= TAIL
    assert secret not in ended.tail
    assert "A1b2A1b2" not in ended.tail
    assert secret in capsys.readouterr().out  # the user's own terminal shows what the program prints


def test_lines_that_were_redrawn_are_kept_in_their_last_state() -> None:
    assert as_lines("a\r\n 10%\r 50%\r100%\n\x1b[31mred\x1b[0m\n") == "a\n100%\nred\n"


def test_more_output_from_elsewhere_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    parts = [b"one ", b"", b"two "]
    ended = run([sys.executable, "-c", "import time; time.sleep(0.5)"], environ=os.environ, plain=True, more=lambda: parts.pop(0) if parts else b"")
    assert "one two" in ended.tail
    assert ended.own == ""
    assert "one two" in capsys.readouterr().out


def test_the_signals_are_ours_again_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run([sys.executable, "-c", ""], environ=os.environ)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(OSError, match="nowhere"):
        run(["/nowhere/oumi"], environ=os.environ)


# On a terminal


def test_it_has_a_terminal_of_our_size_and_progress_bars_come_through() -> None:
    child = spawned("import os, sys; print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty(), os.get_terminal_size()); sys.stdout.write(' 10%\\r100%\\n')")
    child.expect(pexpect.EOF)
    assert "True True True os.terminal_size(columns=90, lines=30)" in child.before
    assert " 10%\r100%" in child.before
    assert "'True True True" in child.before  # kept too
    child.close()
    assert child.exitstatus == 0


def test_what_is_typed_reaches_it() -> None:
    child = spawned("print('hello', input('name? '))")
    child.expect("name\\? ")
    child.sendline("ada")
    child.expect("hello ada")
    child.expect(pexpect.EOF)


def test_ctrl_c_goes_to_it_and_the_code_is_130() -> None:
    child = spawned("""
        import time
        try:
            print('ready', flush=True)
            time.sleep(30)
        except KeyboardInterrupt:
            print('saved', flush=True)
            raise SystemExit(1)
    """)
    child.expect("ready")
    child.send("\x03")
    child.expect("saved")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


def test_a_program_that_goes_on_after_ctrl_c_keeps_its_own_code() -> None:
    child = spawned("""
        import time
        try:
            print('ready', flush=True)
            time.sleep(30)
        except KeyboardInterrupt:
            print('going on', flush=True)
    """)
    child.expect("ready")
    child.send("\x03")
    child.expect("going on")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_signal_to_us_leaves_the_terminal_as_it_was() -> None:
    child = spawned("import time; print('ready', flush=True); time.sleep(30)")
    child.expect("ready")
    os.kill(child.pid, signal.SIGTERM)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 128 + signal.SIGTERM


def test_the_terminal_is_in_its_own_mode_again() -> None:
    body = """
import os, sys, termios
before = termios.tcgetattr(0)
from assistant.launch.stream import run
run([sys.executable, "-c", "print(1)"], environ=os.environ)
print("same" if termios.tcgetattr(0) == before else "changed")
"""
    child = pexpect.spawn(sys.executable, ["-c", body], cwd=str(ROOT), encoding="utf-8", timeout=20)
    child.expect("same")
    child.expect(pexpect.EOF)


def test_one_stream_on_a_terminal_and_one_in_a_file(tmp_path: Path) -> None:
    code = RUN.format(body="import sys; print('to the terminal', sys.stdout.isatty()); print('to the file', sys.stderr.isatty(), file=sys.stderr)")
    (tmp_path / "code.py").write_text(code)
    child = pexpect.spawn("/bin/sh", ["-c", f"{sys.executable} {tmp_path}/code.py 2>{tmp_path}/err"], cwd=str(ROOT), encoding="utf-8", timeout=20, env={**os.environ, "PYTHONPATH": str(ROOT)})
    child.expect("to the terminal True")
    child.expect(pexpect.EOF)
    assert (tmp_path / "err").read_text() == "to the file False\n"


def test_the_reader_of_a_pipe_that_leaves_ends_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", RUN.format(body="import time\nwhile True:\n    print('x' * 1000, flush=True); time.sleep(0.01)")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(14) != 0
