"""An intent in the words that ask for it again."""

from __future__ import annotations

from assistant.core.intent import Intent
from assistant.core.values import Hardware


def machine_phrase(machine: Hardware) -> str:
    """`2xA100-80GB`, or `2 nodes of 8xH100`."""
    one = f"{machine.count}x{machine.gpu.name}"
    return f"{machine.nodes} nodes of {one}" if machine.nodes > 1 else one


def phrase(intent: Intent, machine: Hardware | None = None) -> str:
    """A request that reads back to this intent's main keys, on this machine if one is given."""
    head = [intent.method or "fine-tune", intent.objective or "", intent.model or ""]
    words = " ".join(part for part in head if part)
    if machine:
        words += f" on {machine_phrase(machine)}"
    extras = [
        f"sequence length {intent.sequence_length}" if intent.sequence_length else "",
        f"micro batch {intent.micro_batch_size}" if intent.micro_batch_size else "",
        f"global batch {intent.global_batch_size}" if intent.global_batch_size else "",
        f"data {intent.dataset}" if intent.dataset else "",
        intent.sharding if intent.sharding in ("ddp", "fsdp", "deepspeed") else "",
        intent.precision or "",
    ]
    return ", ".join([words, *(part for part in extras if part)])
