"""Cold start of a one-shot request, offline and into a pipe (whole process, wall and CPU time, peak memory), and of the chat
up to its prompt, in a terminal.

    python benchmarks/startup.py [--oumi PATH] [--runs 11] [--check [--slack 1.5]]

With `--oumi`, `oumi --help` is measured in the same run, turn by turn, and the ratio printed.
On a busy machine wall time says how busy it is: the limit in seconds is passed only when wall and CPU time both pass it.
The ratio is of wall times that were measured side by side, and always counts.
Install the package (not `-e`) first: byte code that is compiled anew on every start is not what users have.
"""

from __future__ import annotations

import argparse
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

LIMIT_SECONDS, LIMIT_MB, LIMIT_RATIO, LIMIT_PROMPT = 0.40, 90.0, 1 / 3, 0.50
PROMPT = b"\x1b[?2004h"
"""What a terminal is sent where the chat begins to ask (bracketed paste on)."""
ASK = [sys.executable, "-m", "assistant.cli", "--offline", "lora llama3 on 2 A100s"]


@dataclass(frozen=True)
class Run:
    """One run of a command: seconds on the clock, seconds of CPU (user and system), peak memory."""

    wall: float
    cpu: float
    peak_mb: float


def once(command: list[str]) -> Run:
    """Run a command to its end."""
    start = time.perf_counter()
    # From the root folder: the installed package is measured, not a checkout that happens to be here.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/")
    assert process.stdout is not None
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"{command} failed with {process.returncode}")
    return Run(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def prompt_seconds() -> float:
    """Seconds from the start of `oumi-chat` in a terminal to its prompt, without a key; it is then left."""
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": home, "XDG_STATE_HOME": home, "TERM": "xterm-256color", "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
        start = time.perf_counter()
        child, terminal = pty.fork()
        if child == 0:
            os.chdir("/")
            os.execve(sys.executable, [sys.executable, "-m", "assistant.cli"], environ)
        shown = b""
        while PROMPT not in shown:
            shown += os.read(terminal, 65536)
        took = time.perf_counter() - start
        os.close(terminal)
        os.waitpid(child, 0)
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oumi", help="an oumi executable to compare with")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--check", action="store_true", help="fail above 0.40 s (wall and CPU), 90 MB, a third of oumi --help, or 0.5 s to the prompt")
    parser.add_argument("--slack", type=float, default=1.0, help="multiply the limits on time, for a busy machine")
    options = parser.parse_args()
    os.environ["DO_NOT_TRACK"] = "1"
    for _ in range(2):
        once(ASK)
    ours, theirs = [], []
    for turn in range(options.runs):
        ours.append(once(ASK))
        if options.oumi and turn % 2 == 0:
            theirs.append(once([options.oumi, "--help"]))
    wall, cpu = statistics.median(r.wall for r in ours), statistics.median(r.cpu for r in ours)
    peak = max(r.peak_mb for r in ours)
    print(f"one-shot: median {wall:.3f} s wall, {cpu:.3f} s CPU of {options.runs} runs, peak {peak:.0f} MB")
    ok = min(wall, cpu) <= LIMIT_SECONDS * options.slack and peak <= LIMIT_MB
    prompt = statistics.median(prompt_seconds() for _ in range(options.runs))
    print(f"chat: median {prompt:.3f} s to the prompt of {options.runs} runs")
    ok = ok and prompt <= LIMIT_PROMPT * options.slack
    if theirs:
        other = statistics.median(r.wall for r in theirs[1:] or theirs)
        print(f"oumi --help: median {other:.3f} s wall; ratio {wall / other:.2f}")
        ok = ok and wall <= other * LIMIT_RATIO * options.slack
    return 0 if ok or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
