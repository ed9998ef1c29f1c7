"""The explanation of an outcome in a few sentences, told from the plan's own reasons and figures."""

from __future__ import annotations

import re

from assistant.builder import prose_words as w
from assistant.core.outcome import Outcome, WayOut
from assistant.core.values import Plan

_CLOUDS_SHOWN = re.compile(r" \([^()]*\)")
"""The clouds beside a price."""


def explain(outcome: Outcome) -> str:
    """Two to five sentences on what is planned and why; what is asked or missing where there is no plan."""
    plan = outcome.plan
    if plan is None:
        return outcome.explanation or " ".join(question.text for question in outcome.questions)
    if not plan.fits:
        told = [verdict(plan), states_sentence(plan), ways_sentence(outcome.ways_out)]
    else:
        told = [opening(plan), spread(plan), batch(plan), recomputation(plan), verdict(plan)]
    return " ".join(part for part in told if part)


def opening(plan: Plan) -> str:
    """What trains of the model, on what, and where the choice comes from."""
    name, machine = w.model_name(plan), w.machine_name(plan.hardware)
    if plan.method == "full":
        doer = w.OBJECTIVES.get(plan.objective) or w.METHODS["full"]
        what = f"{doer} trains all {w.params_text(plan.trainable_params)} parameters of {name} on {machine}"
        if plan.frozen_layers:
            what = f"{doer} trains {name} on {machine}, its vision encoder left frozen"
    else:
        share = plan.trainable_params / plan.model.params_total
        over = " over weights kept in 4 bit" if plan.method == "qlora" else ""
        what = f"{w.method_name(plan)} trains adapters{over}: {w.params_text(plan.trainable_params)} of {name}'s {w.params_text(plan.model.params_total)} parameters ({share:.2%}), on {machine}"
        what += ", and leaves the experts as they are" if plan.leaves_experts else ""
    return w.sentence(f"{what}{method_clause(plan)}")


def method_clause(plan: Plan) -> str:
    """The reason for the method as the end of a sentence; empty where it was asked for."""
    why = w.reason(plan, "method")
    return f"; {why}" if why and not w.by_whom(why) else ""


def spread(plan: Plan) -> str:
    """How the GPUs share the work; empty on one."""
    why, world = w.reason(plan, "sharding"), plan.hardware.world
    if world == 1:
        return ""
    whole = f"a whole copy on each of the {world} GPUs"
    if plan.sharding == "ddp":
        how = w.by_whom(why) or "since one fits and splitting it would only add traffic"
        return f"DDP keeps {whole}, {how}."
    if plan.sharding == "deepspeed":
        stage = {"ZERO_2": "2", "ZERO_3": "3"}.get(plan.shard_strategy or "", "")
        return f"DeepSpeed's ZeRO{f' stage {stage}' if stage else ''} spreads the states over the {world} GPUs, as you asked."
    return w.sentence(f"FSDP splits the states over the {world} GPUs{_split_why(why)}") + _fsdp_extra(plan)


def _split_why(why: str) -> str:
    first = why.split("; ")[0]
    if who := w.by_whom(first):
        return f", {who}"
    if first.startswith("a whole copy"):
        return f", because {first}"
    return ", which leaves room for a larger micro-batch" if "larger micro-batch" in first else ""


def _fsdp_extra(plan: Plan) -> str:
    if plan.cpu_offload:
        return " Shared they are still too large, so they wait in CPU memory, which is slow."
    if plan.shard_strategy == "HYBRID_SHARD":
        return " Each node holds a whole copy, so that only gradients cross the network."
    return ""


def batch(plan: Plan) -> str:
    """The batch as an equation in words, and where its size comes from."""
    micro, steps, world = plan.micro_batch_size, plan.gradient_accumulation_steps, plan.hardware.world
    each = f"{w.counted(micro, 'row')} of up to {plan.sequence_length:,} tokens" + (" per GPU" if world > 1 else "")
    times = f", {w.repeated(steps)} before the optimizer moves" if steps > 1 else ""
    total = f": {plan.global_batch_size} rows a step" if steps > 1 or world > 1 else ""
    return w.sentence(f"a batch is {each}{times}{total}{batch_clause(plan)}")


def batch_clause(plan: Plan) -> str:
    """Where the batch size comes from, as the end of a sentence."""
    source = w.reason(plan, "global_batch_size").partition("; ")[2]
    if not source:
        return ""
    if who := w.by_whom(source):
        return f", {who}"
    if source.startswith("no accumulation: "):
        return f"; it is not accumulated, because {source.removeprefix('no accumulation: ')}"
    return f" ({source})"


def recomputation(plan: Plan) -> str:
    """Whether activations are kept, and what keeping them would take."""
    why = w.reason(plan, "gradient_checkpointing")
    if who := w.by_whom(why):
        return f"Activations are {'recomputed' if plan.gradient_checkpointing else 'kept'}, {who}."
    if not plan.gradient_checkpointing:
        return "The activations fit, so nothing is computed twice."
    _, _, need = why.partition("would need ")
    return f"Activations are recomputed in the backward pass, since keeping them would need {need}." if need and "None" not in need else ""


def verdict(plan: Plan) -> str:
    """Expected, upper bound and usable memory, whether it fits, and where the peak is."""
    expected, upper, usable = w.figures(plan)
    each = w.unit(plan.hardware)
    if not plan.fits:
        return (
            f"{w.sentence(w.method_name(plan))[:-1]} of {w.model_name(plan)} does not fit on {w.machine_name(plan.hardware)}: it needs "
            f"{expected} GiB{each} expected and {upper} at most, with micro-batch {plan.micro_batch_size} and {plan.sequence_length:,} tokens, "
            f"and {usable} are usable."
        )
    told = f"It fits: {expected} GiB{each} expected and {upper} at most, of {usable} usable; the peak comes {w.phase_text(plan.memory.phase)}"
    parts = w.parts_of(plan)
    if not parts:  # a model so small that every part of it rounds to nothing
        return f"{told}."
    largest, size = parts[0]
    return f"{told}, where {w.part_name(largest)} take{'s' if largest == 'overhead' else ''} {size:,.1f}."


def states_sentence(plan: Plan) -> str:
    """What the parts that no batch size changes take."""
    fixed = [(name, size) for name, size in w.parts_of(plan) if name in ("weights", "gradients", "optimizer")]
    total = sum(size for _, size in fixed)
    if len(fixed) < 2 or total < 0.5 * plan.memory_json()["per_gpu_gib"]:
        return ""
    more = "already more than there is" if total > plan.hardware.usable_gib else "whatever the batch"
    names = w.joined([w.part_name(name).removeprefix("the ") for name, _ in fixed])
    return w.sentence(f"{names} take {total:,.1f} of them, {more}")


def ways_sentence(ways: tuple[WayOut, ...]) -> str:
    """The smallest change that fits, and the next."""
    if not ways:
        return "Nothing that was tried would do: no smaller setting, lighter method or larger machine."
    first = f"The smallest change that fits is {way_text(ways[0])}"
    return f"{first}; the next is {way_text(ways[1])}." if len(ways) > 1 else f"{first}."


def way_text(way: WayOut) -> str:
    """`QLoRA instead of LoRA (up to 21.3 of 23.5 GiB)`."""
    need, usable = w.amounts(way.memory_gib, way.usable_gib)
    price = f", {_CLOUDS_SHOWN.sub('', way.price, count=1)}" if way.price else ""
    return f"{way.change} (up to {need} of {usable} GiB{price})"
