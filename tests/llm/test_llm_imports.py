"""Nothing of an LLM is loaded before one is used."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("litellm", "instructor", "openai", "httpx", "tiktoken")


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)


def test_the_room_itself_is_cheap() -> None:
    code = f"import sys, assistant.llm.client, assistant.llm.combine; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert python(code).stdout.strip() == "[]", python(code)


def test_choosing_and_making_one_loads_nothing() -> None:
    code = (
        "import sys; from assistant.llm.choice import choose_llm; from assistant.llm.client import Llm\n"
        "c = choose_llm(flag='openai/x', flag_base_url='http://127.0.0.1:9', environ={}, config=None, offline=False, in_chat=True)\n"
        f"Llm(c, environ={{}}); print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    assert python(code).stdout.strip() == "[]", python(code)


def test_offline_loads_nothing_of_it() -> None:
    code = (
        "import sys; sys.argv = ['oumi-chat', '--offline', 'lora llama3 on 2 A100s']\n"
        "from assistant.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    assert python(code).stderr.strip().splitlines()[-1] == "[]"


@pytest.mark.timing
def test_warming_returns_at_once_prints_nothing_and_opens_no_socket() -> None:
    code = """
import sys, time, os
os.environ["LITELLM_LOG"] = "DEBUG"
seen = []
def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        seen.append(event)
sys.addaudithook(hook)
from assistant.llm import litellm_edge
began = time.monotonic()
thread = litellm_edge.warm()
took = time.monotonic() - began
thread.join(60)
import logging
logging.getLogger("LiteLLM").error("not for a terminal")
sys.stdout.write(f"{took < 0.2} {seen} {'litellm' in sys.modules} {'instructor' in sys.modules}")
"""
    done = python(code)
    assert done.stdout == "True [] True True"
    assert done.stderr == ""


def test_leaving_right_after_warming_is_clean() -> None:
    began = time.monotonic()
    done = python("from assistant.llm import litellm_edge; litellm_edge.warm()")
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began < 20
