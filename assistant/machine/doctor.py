"""What is here and what is missing, line by line. Opens no socket, shows no secret."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from assistant import __version__
from assistant.machine.probe import hardware_of, probe

_KEYS = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY", "GROQ_API_KEY", "TOGETHER_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing looked at. `hint` says how to get what is missing."""

    label: str
    value: str
    ok: bool
    hint: str = ""


def installed(package: str) -> str | None:
    """A package's version without importing it; None when it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def examine() -> tuple[Line, ...]:
    """Python, Oumi, GPUs, memory, keys by name, token."""
    machine = probe()
    hardware, notes = hardware_of(machine)
    oumi = installed("oumi")
    gpus = f"{hardware.count} × {hardware.gpu.name}, {hardware.usable_gib:.1f} GiB usable each" if hardware else "none found"
    keys = [key for key in _KEYS if os.environ.get(key)]
    token = bool(os.environ.get("HF_TOKEN")) or Path("~/.cache/huggingface/token").expanduser().is_file()
    why = "; ".join([*machine.problems, *(n.why for n in notes)])
    return (
        Line(label="oumi-chat", value=f"{__version__} on Python {platform.python_version()}", ok=True),
        Line(label="Oumi", value=oumi or "not installed", ok=bool(oumi), hint="" if oumi else 'pip install "oumi[gpu]" to train here'),
        Line(label="GPUs", value=gpus, ok=hardware is not None, hint=why if hardware is None else ""),
        Line(label="Memory", value=f"{machine.ram_gib:.0f} GiB" if machine.ram_gib else "unknown", ok=True),
        Line(label="LLM keys", value=", ".join(keys) or "none set", ok=True, hint="requests are read offline; no key is needed"),
        Line(
            label="HF token",
            value="present" if token else "none",
            ok=token,
            hint="" if token else "gated models (Llama, Gemma) need `hf auth login`",
        ),
    )
