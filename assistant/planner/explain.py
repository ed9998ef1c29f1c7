"""Reasons for a plan's choices, in the words that a preview and a chat show."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.core.intent import Intent
from assistant.core.units import gib
from assistant.core.values import Plan, Reason
from assistant.planner import defaults

_SHARDING = {
    "none": "one GPU: nothing to spread",
    "ddp": "one copy fits each GPU; sharding would only add traffic",
    "fsdp": "the GPUs share one copy of the states",
    "deepspeed": "as asked: ZeRO spreads the states over the GPUs",
}


_NO_ACCUMULATION = {
    "fsdp": "FSDP would keep all gradients whole on every GPU, and they do not fit",
    "offload": "FSDP would keep all gradients whole on every GPU",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadsNotTaken:
    """What the plan is compared with: upper bounds in GiB per GPU with one thing changed."""

    method: Reason
    precision: str
    whole_copy_gib: float | None
    kept_activations_gib: float | None


def decisions_for(intent: Intent, plan: Plan, roads: RoadsNotTaken) -> tuple[Reason, ...]:
    """One reason per decision, in reading order."""
    return (
        Reason(field="method", value=plan.method, why=_method_why(intent, plan, roads.method)),
        _sharding_reason(intent, plan, roads),
        Reason(field="precision", value=plan.precision, why=roads.precision),
        _batch_reason(intent, plan),
        _checkpoint_reason(intent, plan, roads),
        Reason(field="optimizer", value=plan.optimizer, why=_optimizer_why(plan)),
        _rate_reason(intent, plan),
        *_lora_reasons(intent, plan),
        Reason(field="trainer", value=plan.trainer, why=_trainer_why(plan)),
        _length_reason(intent, plan),
    )


def _method_why(intent: Intent, plan: Plan, preferred: Reason) -> str:
    if intent.method or plan.method == preferred.value:
        return preferred.why
    return f"{preferred.value} was preferred but does not fit these GPUs"


def _sharding_reason(intent: Intent, plan: Plan, roads: RoadsNotTaken) -> Reason:
    why = "as asked" if intent.sharding == plan.sharding else _SHARDING[plan.sharding]
    usable = plan.hardware.usable_gib
    if plan.sharding == "fsdp" and why != "as asked" and roads.whole_copy_gib:
        if roads.whole_copy_gib > usable:
            why = f"a whole copy on each GPU would need up to {roads.whole_copy_gib} GiB of {usable:.2f}"
        else:
            why = "the GPUs share the states, which leaves room for a larger micro-batch"
    if plan.cpu_offload:
        why += "; shared they are still too large, so they wait in CPU memory (slow)"
    if plan.shard_strategy == "HYBRID_SHARD":
        why += "; each node holds a whole copy, so only gradients cross the network"
    return Reason(field="sharding", value=plan.sharding, why=why)


def _batch_reason(intent: Intent, plan: Plan) -> Reason:
    equation = (
        f"{plan.micro_batch_size} × {plan.gradient_accumulation_steps} accumulation × "
        f"{plan.hardware.world} GPU{'s' if plan.hardware.world > 1 else ''} = {plan.global_batch_size}"
    )
    figure = defaults.GLOBAL_BATCH[(plan.objective, plan.method != "full")]
    fixed = "training.gradient_accumulation_steps" in plan.overrides
    if intent.global_batch_size or fixed:
        source = "as asked"
    elif plan.global_batch_size == figure.value:
        source = figure.source
    elif plan.gradient_accumulation_steps == 1 and plan.global_batch_size < figure.value:
        source = f"no accumulation: {_NO_ACCUMULATION['offload' if plan.cpu_offload else 'fsdp']}"
    else:
        source = f"near {figure.value:g} ({figure.source}), as whole micro-batches on every GPU give it"
    return Reason(field="global_batch_size", value=plan.global_batch_size, why=f"{equation}; {source}")


def _checkpoint_reason(intent: Intent, plan: Plan, roads: RoadsNotTaken) -> Reason:
    if plan.gradient_checkpointing:
        why = f"activations are recomputed; keeping them would need up to {roads.kept_activations_gib} GiB"
    else:
        why = "activations fit, so nothing is computed twice"
    if "training.enable_gradient_checkpointing" in (intent.overrides or {}):
        why = "as asked"
    return Reason(field="gradient_checkpointing", value=plan.gradient_checkpointing, why=why)


def _optimizer_why(plan: Plan) -> str:
    if "training.optimizer" in plan.overrides:
        return "as asked"
    if "8bit" in plan.optimizer:
        return "AdamW's states in 8 bit, paged out when memory is short: 32-bit states do not fit"
    return "AdamW; the fused kernel needs no temporary copy" if "fused" in plan.optimizer else "AdamW"


def _rate_reason(intent: Intent, plan: Plan) -> Reason:
    from assistant.planner.plan import learning_rate_for

    _, why = learning_rate_for(intent, plan.model, plan.method, plan.vision)
    return Reason(field="learning_rate", value=plan.learning_rate, why=why)


def _targets_why(intent: Intent, plan: Plan) -> str:
    if "peft.lora_target_modules" in (intent.overrides or {}):
        return "as asked"
    if plan.leaves_experts:
        return "not the experts, whose adapters would multiply what trains"
    return "the linear layers this architecture has"


def _lora_reasons(intent: Intent, plan: Plan) -> list[Reason]:
    if plan.method == "full":
        return []
    why = "as asked" if intent.lora_rank else "the most common rank in Oumi's recipes"
    share = plan.trainable_params / plan.model.params_total
    return [
        Reason(field="lora_rank", value=plan.lora_rank, why=why),
        Reason(
            field="lora_targets",
            value=", ".join(plan.lora_targets),
            why=f"{_targets_why(intent, plan)}: {plan.trainable_params / 1e6:,.1f} M of "
            f"{plan.model.params_total / 1e9:,.1f} B parameters train ({share:.2%})",
        ),
    ]


def _trainer_why(plan: Plan) -> str:
    if plan.trainer == "VERL_GRPO":
        return "the only trainer that this dataset's reward function works with"
    return "left out, Oumi would fall back to HF, which cannot read this data"


def _length_reason(intent: Intent, plan: Plan) -> Reason:
    if plan.max_steps:
        why = "as asked" if intent.max_steps else "the length of Oumi's recipe: this run has no natural end"
        if not intent.max_steps and plan.objective == "sft":
            passes = "once" if (intent.epochs or 1) == 1 else f"{intent.epochs:g} times"
            why = f"about {passes} through the rows, packed to {plan.sequence_length:,} tokens: packed rows have no epochs to Oumi"
        return Reason(field="max_steps", value=plan.max_steps, why=why)
    why = "as asked" if intent.epochs else "what most of Oumi's recipes for this method do"
    return Reason(field="epochs", value=plan.epochs, why=why)


def summary(plan: Plan) -> str:
    """A paragraph that explains a finished plan; every figure is the plan's own."""
    machine = plan.hardware
    nodes = f"{machine.nodes} nodes of " if machine.nodes > 1 else ""
    point, upper = gib(plan.memory.point), gib(plan.memory.upper)
    verdict = "fits" if plan.fits else "does not fit"
    by_field = {reason.field: reason.why for reason in plan.decisions}
    return (
        f"{plan.method} {plan.objective} of {plan.model.id} on {nodes}{machine.count} × {machine.gpu.name}: "
        f"{point} GiB expected per GPU, {upper} at most, {machine.usable_gib:.2f} usable, so it {verdict}. "
        f"The peak comes in the {plan.memory.phase}, at {plan.micro_batch_size} × {plan.sequence_length:,} tokens. "
        f"Method: {by_field.get('method', '')}. Sharding ({plan.sharding}): {by_field.get('sharding', '')}. "
        f"Batch: {by_field.get('global_batch_size', '')}."
    )
