"""A plan's values in the words that practitioners use."""

from __future__ import annotations

import re

from assistant.builder.prose_words import dollars_text, hours_text
from assistant.catalogue.offers import OWN
from assistant.core.values import Cost, Hardware, Plan, price_date
from assistant.terminal.text import one_line

METHODS = {"full": "Full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
OBJECTIVES = {"dpo": "DPO", "kto": "KTO", "grpo": "GRPO", "gkd": "distillation (GKD)", "pretrain": "pretraining"}
SHARDINGS = {"none": "", "ddp": "DDP", "fsdp": "FSDP", "deepspeed": "DeepSpeed"}
FIELDS = {
    "hardware.gpu": "GPU",
    "gpu": "GPU",
    "gpu_count": "GPUs",
    "gpu_memory_gb": "GPU memory, GB",
    "global_batch_size": "batch",
    "gradient_checkpointing": "checkpointing",
    "sequence_length": "sequence length",
    "learning_rate": "learning rate",
    "lora_rank": "LoRA rank",
    "lora_alpha": "LoRA alpha",
    "lora_targets": "LoRA targets",
    "max_steps": "steps",
    "measured_memory": "memory of a run",
}
_RTX = re.compile(r"^(RTX|GTX)(?=A?\d)")


def field_name(field: str) -> str:
    """A field as a label: `sequence length`."""
    return FIELDS.get(field, field.replace("_", " "))


def value_text(value: object) -> str:
    """A value as people write it: 4,096 · yes · 0.0003."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else one_line(str(value), 200)


def model_name(plan: Plan) -> str:
    """The model without its organisation; a local folder as it was given."""
    model = plan.model.id if plan.model.local else plan.model.id.split("/")[-1]
    return one_line(model, 60)


def method_name(plan: Plan) -> str:
    """`LoRA`, `QLoRA · DPO`, `pretraining`."""
    method = METHODS.get(plan.method, plan.method)
    objective = OBJECTIVES.get(plan.objective, "")
    if plan.objective == "pretrain" and plan.method == "full":
        return "Pretraining"
    return f"{method} · {objective}" if objective else method


def machine_name(machine: Hardware) -> str:
    """`2 × A100 40 GB`, `2 nodes of 8 × H100 80 GB`, `CPU, 32 GB`."""
    gpu = machine.gpu
    if gpu.kind == "cpu":
        return f"CPU, {gpu.memory_gb:g} GB"
    if gpu.kind == "unified":
        return f"Mac, {gpu.memory_gb:g} GB"
    name = _RTX.sub(r"\1 ", one_line(gpu.name, 40))
    name = re.sub(r"[-\s]?(\d+)GB$", r" \1 GB", name).strip()
    if not name.endswith(" GB"):
        name += f" {gpu.memory_gb:g} GB"
    one = f"{machine.count} × {name}"
    return f"{machine.nodes} nodes of {one}" if machine.nodes > 1 else one


def sharding_name(plan: Plan) -> str:
    """`DDP`, `FSDP`, `FSDP, CPU offload`; empty on one GPU."""
    name = SHARDINGS.get(plan.sharding, plan.sharding)
    if plan.shard_strategy == "HYBRID_SHARD":
        name += " hybrid"
    return f"{name}, CPU offload".lstrip(", ") if plan.cpu_offload else name


def headline(plan: Plan) -> list[str]:
    """Method, model, machine and sharding."""
    pieces = [method_name(plan), model_name(plan), machine_name(plan.hardware), sharding_name(plan)]
    return [piece for piece in pieces if piece]


def accelerator(machine: Hardware) -> str:
    """What one unit of the machine is called: GPU, or the Mac's or CPU's memory."""
    return "GPU" if machine.gpu.kind not in ("cpu", "unified") else "process"


def gib_texts(*amounts: float) -> list[str]:
    """Amounts in GiB, at one decimal where that still tells them apart."""
    short = [f"{amount:,.1f}" for amount in amounts]
    return short if len(set(short)) == len(set(amounts)) else [f"{amount:,.2f}" for amount in amounts]


def batch_equation(plan: Plan) -> str:
    """`2 × 16 accumulation × 2 GPUs = 64`."""
    world = plan.hardware.world
    unit = accelerator(plan.hardware) + ("es" if accelerator(plan.hardware) == "process" else "s")
    devices = f" × {world} {unit}" if world > 1 else ""
    return f"{plan.micro_batch_size} × {plan.gradient_accumulation_steps} accumulation{devices} = {plan.global_batch_size}"


def duration(plan: Plan) -> str:
    """`3 epochs` or `1,000 steps`."""
    if plan.max_steps:
        return f"{plan.max_steps:,} steps"
    epochs = plan.epochs or 1
    return f"{epochs:g} epoch{'' if epochs == 1 else 's'}"


def time_text(plan: Plan) -> list[str]:
    """Hours with their bounds and the speed, or what is not known."""
    time = plan.time
    if time is None:
        return [f"unknown: {one_line(plan.time_unknown)}"] if plan.time_unknown else []
    speed = f"{time.tokens_per_second:,.0f} tokens/s"
    if time.hours is None or time.low is None or time.high is None:
        return [f"unknown: {one_line(plan.time_unknown)}", speed]
    return [f"about {hours_text(time.hours)} ({hours_text(time.low)} to {hours_text(time.high)})", speed]


def cost_text(cost: Cost) -> str:
    """`about $3.10 ($2.20 to $6.40) at $1.35 an hour on runpod, price of 2026-09`."""
    rate = f"{dollars_text(cost.hourly)} an hour{' as spot' if cost.spot else ''} on {cost.cloud}"
    return f"about {dollars_text(cost.dollars)} ({dollars_text(cost.low)} to {dollars_text(cost.high)}) at {rate}, {price_date(cost.as_of)}"


def own_cost_text(plan: Plan) -> str:
    """`no listed price: the machines are your own; about 12 GPU-hours (8 to 20)`."""
    time, world = plan.time, plan.hardware.world
    if time is None or time.hours is None or time.low is None or time.high is None:
        return OWN
    hours, low, high = (f"{each * world:,.2g}" if each * world < 10 else f"{each * world:,.0f}" for each in (time.hours, time.low, time.high))
    return f"{OWN}; about {hours} GPU-hours ({low} to {high})"
