"""Starting costs little, and --offline opens no socket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("litellm", "instructor", "oumi", "torch", "huggingface_hub", "rapidfuzz", "pynvml", "prompt_toolkit", "httpx", "requests")


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)


def test_importing_the_program_loads_nothing_heavy() -> None:
    done = python(f"import sys, assistant.cli.program; print([m for m in {HEAVY!r} if m in sys.modules])")
    assert done.stdout.strip() == "[]", done


def test_the_entry_point_is_light() -> None:
    """What an early Ctrl-C meets must have loaded nothing that takes time."""
    code = "import sys, assistant.cli; print([m for m in sys.modules if m.startswith('assistant.') and m != 'assistant.cli'], 'typer' in sys.modules)"
    assert python(code).stdout.strip() == "[] False"


GUARD = """
import sys
seen = []
def hook(event, args):
    if event.startswith("socket."):
        seen.append(event)
        raise RuntimeError(event)
sys.addaudithook(hook)
sys.argv = ["oumi-chat", "--offline", *{words!r}]
from assistant.cli import main
try:
    main()
except SystemExit as leaving:
    print("code", leaving.code, "sockets", seen, file=sys.stderr)
"""


def test_offline_opens_no_socket() -> None:
    for words in (["lora llama3 on 2 A100s"], ["lora acme-labs/some-model-7b on 2 A100s"], ["lora acme-labs/nameless"]):
        done = python(GUARD.format(words=words))
        assert "sockets []" in done.stderr, done.stderr
