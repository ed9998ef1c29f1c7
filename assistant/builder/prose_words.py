"""A plan's parts as words inside a sentence."""

from __future__ import annotations

import re

from assistant.core.units import gib
from assistant.core.values import Hardware, Plan, Reason

METHODS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
OBJECTIVES = {"sft": "", "dpo": "DPO", "kto": "KTO", "grpo": "GRPO", "gkd": "distillation", "pretrain": "pretraining"}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_RTX = re.compile(r"^(RTX|GTX)(?=A?\d)")
_SIZE = re.compile(r"[-\s]?(\d+)GB$")


def by_whom(why: str) -> str:
    """`as you asked`, `as train.yaml says`, `which is Oumi's default`: who chose, the planner aside; empty where it did."""
    first = why.split("; ")[0]
    if first.startswith("as asked"):
        return "as you asked"
    if first.startswith("from "):
        return f"as {first.removeprefix('from ')} says"
    return "which is Oumi's default" if first.startswith("Oumi's default, since") else ""


def counted(number: int, noun: str, plural: str = "") -> str:
    """`one GPU`, `two GPUs`, `16 GPUs`."""
    word = _NUMBERS[number] if 0 < number < len(_NUMBERS) else f"{number:,}"
    return f"{word} {noun if number == 1 else plural or noun + 's'}"


def repeated(number: int) -> str:
    """`once`, `twice`, `16 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def sentence(text: str) -> str:
    """The text with a capital letter at its start and a full stop at its end."""
    text = text.strip()
    first = text.partition(" ")[0]
    start = text[:1] if "_" in first else text[:1].upper()
    return f"{start}{text[1:]}" + ("" if text.endswith((".", "?")) else ".") if text else ""


def joined(parts: list[str], word: str = "and") -> str:
    """`a, b and c`."""
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}" if len(parts) > 1 else "".join(parts)


def model_name(plan: Plan) -> str:
    """The model without its organisation; a local folder as it was given."""
    return plan.model.id if plan.model.local else plan.model.id.split("/")[-1]


def method_name(plan: Plan) -> str:
    """`LoRA`, `QLoRA with DPO`, `pretraining`, `full GRPO`."""
    objective = OBJECTIVES.get(plan.objective, plan.objective)
    if plan.method == "full" and objective:
        return objective if plan.objective == "pretrain" else f"full {objective}"
    method = METHODS.get(plan.method, plan.method)
    return f"{method} with {objective}" if objective else method


def gpu_name(machine: Hardware) -> str:
    """`A100 40 GB`, `RTX 4090`: with its memory where the name leaves it open."""
    gpu = machine.gpu
    if gpu.kind == "cpu":
        return f"CPU with {gpu.memory_gb:g} GB"
    if gpu.kind == "unified":
        return f"Mac with {gpu.memory_gb:g} GB"
    name = _SIZE.sub(r" \1 GB", _RTX.sub(r"\1 ", gpu.name)).strip()
    return name if name.endswith(" GB") or name.startswith("RTX") else f"{name} {gpu.memory_gb:g} GB"


def machine_name(machine: Hardware) -> str:
    """`one RTX 4090`, `2 × A100 40 GB`, `2 nodes of 8 × H100 80 GB`, `this CPU with 32 GB`."""
    if machine.gpu.kind in ("cpu", "unified"):
        return f"a {gpu_name(machine)}"
    one = f"one {gpu_name(machine)}" if machine.count == 1 else f"{machine.count} × {gpu_name(machine)}"
    return f"{machine.nodes} nodes of {one}" if machine.nodes > 1 else one


def unit(machine: Hardware) -> str:
    """What holds one copy's share: ` per GPU`, or nothing where there is no GPU."""
    return "" if machine.gpu.kind in ("cpu", "unified") else " per GPU"


def amounts(*sizes: float) -> list[str]:
    """GiB at one decimal where that still tells them apart, else at two."""
    short = [f"{size:,.1f}" for size in sizes]
    return short if len(set(short)) == len(set(sizes)) else [f"{size:,.2f}" for size in sizes]


def figures(plan: Plan) -> tuple[str, str, str]:
    """(expected, upper bound, usable) in GiB."""
    expected, upper, usable = amounts(gib(plan.memory.point), gib(plan.memory.upper), plan.hardware.usable_gib)
    return expected, upper, usable


def parts_of(plan: Plan) -> list[tuple[str, float]]:
    """(component, GiB) at the peak, largest first; what rounds to nothing is left out."""
    sizes = [(name, gib(size)) for name, size in plan.memory.parts.items()]
    return sorted([part for part in sizes if part[1] >= 0.05], key=lambda part: -part[1])


def part_name(name: str) -> str:
    """A component as a noun: `the optimizer states`."""
    return {"optimizer": "the optimizer states"}.get(name, f"the {name}" if name != "overhead" else "overhead")


def phase_text(phase: str) -> str:
    """`in the loss`, `at the end of the backward pass`."""
    return f"at the {phase}" if phase.startswith("end") else f"in the {phase}"


def hours_text(hours: float) -> str:
    """`51 min`, `1 h 25`, `12 h`, `3.2 days`."""
    minutes = round(hours * 60)
    if minutes < 60:
        return f"{max(1, minutes)} min"
    if hours < 10:
        return f"{minutes // 60} h {minutes % 60:02d}" if minutes % 60 else f"{minutes // 60} h"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} days"


def dollars_text(amount: float) -> str:
    """`$0.0031`, `$0.85`, `$12`."""
    if amount < 0.01:
        return f"${max(amount, 0.0001):.4f}" if amount else "$0"
    return f"${amount:.2f}" if amount < 10 else f"${amount:,.0f}"


def params_text(count: float) -> str:
    """`41.9 million`, `8.0 billion`."""
    return f"{count / 1e9:,.1f} billion" if count >= 1e9 else f"{count / 1e6:,.1f} million"


def reason(plan: Plan, field: str) -> str:
    """Why this field has its value; empty where the plan does not say."""
    return next((one.why for one in plan.decisions if one.field == field), "")


def dropped(plan: Plan, field: str) -> list[Reason]:
    """The candidates for this field that fell."""
    return [one for one in plan.fallen if one.field == field]
