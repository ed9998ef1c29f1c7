"""An intent in the words that ask for it again."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from assistant.core.intent import Intent
from assistant.core.values import Hardware

_FIELDS = {
    "epochs": "training.num_train_epochs",
    "max_steps": "training.max_steps",
    "learning_rate": "training.learning_rate",
    "lora_rank": "peft.lora_r",
    "lora_alpha": "peft.lora_alpha",
    "seed": "training.seed",
    "output_dir": "training.output_dir",
    "run_name": "training.run_name",
}
"""Keys that are said most plainly by their field."""
_PRIORITIES = {"speed": "as fast as possible", "memory": "least memory", "quality": "best quality"}


def machine_phrase(machine: Hardware) -> str:
    """`2xA100-80GB`, or `2 nodes of 8xH100`."""
    one = f"{machine.count}x{machine.gpu.name}"
    return f"{machine.nodes} nodes of {one}" if machine.nodes > 1 else one


def machine_flag(machine: Hardware) -> str:
    """The machine as `--gpus` takes it: `8xH100`, `4x8xH200`, `cpu:64GB`, `m3-max:64GB`."""
    gpu = machine.gpu
    if gpu.kind == "cpu":
        return f"cpu:{gpu.memory_gb:g}GB"
    name = f"{gpu.name}:{gpu.memory_gb:g}GB" if gpu.kind == "unified" else gpu.name
    return f"{machine.nodes}x{machine.count}x{name}" if machine.nodes > 1 else f"{machine.count}x{name}"


def _value(value: Any) -> str:
    """A value as it is written after `field=`."""
    if isinstance(value, str):
        return value if value and not set(value) & set(" \t\"'") else json.dumps(value)
    return json.dumps(value, separators=(",", ":"))


_PLAIN = re.compile(r"[\w/~.@+:\\\-]*\w/?")
"""A path that is read back as it stands; anything else needs quotes."""


def _dataset(name: str) -> str:
    """A dataset's name or path, in the quotes that it does not hold itself."""
    if _PLAIN.fullmatch(name):
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


def phrase(intent: Intent, machine: Hardware | None = None) -> str:
    """A request that reads back to this intent, on this machine if one is given."""
    head = [intent.method or "fine-tune", intent.objective or "", intent.model or ""]
    words = " ".join(part for part in head if part)
    if machine:
        words += f" on {machine_phrase(machine)}"
    extras = [
        f"sequence length {intent.sequence_length}" if intent.sequence_length else "",
        f"micro batch {intent.micro_batch_size}" if intent.micro_batch_size else "",
        f"global batch {intent.global_batch_size}" if intent.global_batch_size else "",
        f"data {_dataset(intent.dataset)}" if intent.dataset else "",
        intent.sharding if intent.sharding in ("ddp", "fsdp", "deepspeed") else "",
        intent.precision or "",
        _PRIORITIES.get(intent.priority or "", ""),
    ]
    fields = [f"{path}={_value(said)}" for key, path in _FIELDS.items() if (said := getattr(intent, key)) is not None]
    fields += [f"{path}={_value(value)}" for path, value in sorted((intent.overrides or {}).items())]
    return " ".join([", ".join([words, *(part for part in extras if part)]), *fields])


def command(intent: Intent, machine: Hardware) -> str:
    """The shell command that plans this intent on this machine."""
    return f"oumi-chat --gpus {shlex.quote(machine_flag(machine))} {shlex.quote(phrase(intent))}"
