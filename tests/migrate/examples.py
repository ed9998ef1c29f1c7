"""The examples of other tools' configs, written in their own idiom: a file dropped into a tool's folder is a test."""

from __future__ import annotations

from pathlib import Path

TOOLS = {"axolotl": "Axolotl", "llama_factory": "LLaMA-Factory", "torchtune": "torchtune", "trl": "TRL", "unsloth": "Unsloth"}
HERE = Path(__file__).parent
EXAMPLES = sorted(path for folder in TOOLS for path in (HERE / folder).glob("*.yaml"))


def name_of(path: Path) -> str:
    """`axolotl/dpo_lora`."""
    return f"{path.parent.name}/{path.stem}"
