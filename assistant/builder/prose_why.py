"""Why a field of the plan has its value, and why a candidate was not taken."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.builder import prose
from assistant.builder import prose_words as w
from assistant.core.units import gib
from assistant.core.values import Plan, Reason

_ASKED = "as asked"


def why_text(subject: str, plan: Plan, assumptions: tuple[Reason, ...] = ()) -> str:
    """One to three sentences on one decision; empty where the plan holds no reason for it."""
    told = _TOLD.get(subject)
    if told:
        return told(plan)
    assumed = [one for one in assumptions if one.field.split(".")[-1] in _ASSUMED.get(subject, (subject,))]
    return " ".join(w.sentence(one.why) for one in assumed)


_ASSUMED = {"gpu_count": ("gpu_count", "gpu", "hardware", "gpu_memory_gb")}


def _method(plan: Plan) -> str:
    why = w.reason(plan, "method")
    first = f"{w.sentence(w.method_name(plan))[:-1]} was asked for" if why == _ASKED else f"{w.sentence(w.method_name(plan))[:-1]}: {why}"
    others = [f"{one.value} {fallen_text(one)}" for one in w.dropped(plan, "method")]
    more = f" {w.sentence(w.joined(others))}" if others else ""
    trains = ""
    if plan.method != "full":
        trains = f" It trains {w.params_text(plan.trainable_params)} of {w.params_text(plan.model.params_total)} parameters, and only those need gradients and optimizer states."
    return w.sentence(first) + trains + more


def _sharding(plan: Plan) -> str:
    text = prose.spread(plan)
    if not text:
        return "There is one GPU, so nothing is spread."
    others = [f"{one.value} {fallen_text(one)}" for one in w.dropped(plan, "sharding")[:2]]
    return f"{text} {w.sentence('; '.join(others))}".strip() if others else text


def _batch(plan: Plan) -> str:
    others = [f"{one.value} {fallen_text(one)}" for one in w.dropped(plan, "micro_batch_size")]
    return prose.batch(plan) + (f" {w.sentence('; '.join(others))}" if others else "")


def _accumulation(plan: Plan) -> str:
    steps = plan.gradient_accumulation_steps
    if steps == 1:
        source = w.reason(plan, "global_batch_size").partition("no accumulation: ")[2]
        return w.sentence(f"there is no accumulation: {source}" if source else "the micro-batches of all GPUs make the whole batch, so nothing is accumulated")
    return (
        f"{w.sentence(w.counted(plan.global_batch_size, 'row'))[:-1]} a step are wanted, and {w.counted(plan.micro_batch_size, 'row')}"
        f"{' per GPU' if plan.hardware.world > 1 else ''} {'goes' if plan.micro_batch_size == 1 else 'go'} through at once, so {steps} micro-batches are added up before the optimizer moves."
    )


def _checkpointing(plan: Plan) -> str:
    text = prose.recomputation(plan)
    return f"{text} The price is one more forward pass." if plan.gradient_checkpointing and text else text


def _plain(field: str, noun: str) -> Callable[[Plan], str]:
    def told(plan: Plan) -> str:
        why = w.reason(plan, field)
        if not why:
            return ""
        value = getattr(plan, field)
        shown = f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
        return f"The {noun} is {shown}, as you asked." if why == _ASKED else w.sentence(f"the {noun} is {shown}: {why}")

    return told


def _alpha(plan: Plan) -> str:
    if not plan.lora_rank or not plan.lora_alpha:
        return "There is no adapter here, so no alpha."
    ratio = plan.lora_alpha / plan.lora_rank
    return f"Alpha is {plan.lora_alpha:g} with rank {plan.lora_rank}: adapters count {ratio:g} times, as alpha divided by the rank says."


def _rank(plan: Plan) -> str:
    return _plain("lora_rank", "rank")(plan) or "There is no adapter here, so no rank."


def _targets(plan: Plan) -> str:
    why = w.reason(plan, "lora_targets")
    return f"Adapters go to {w.joined(list(plan.lora_targets))}, {why.replace(': ', '; ')}." if why else "There is no adapter here: all parameters train."


def _length(plan: Plan) -> str:
    others = [f"{one.value} {fallen_text(one)}" for one in w.dropped(plan, "sequence_length")[:2]]
    text = f"Rows have up to {plan.sequence_length:,} tokens; longer ones are cut."
    return f"{text} {w.sentence('; '.join(others))}" if others else text


def _memory(plan: Plan) -> str:
    parts = [f"{w.part_name(name)} {size:,.1f}" for name, size in w.parts_of(plan)[:3]]
    margin = f" The upper bound adds {w.joined([_margin(one) for one in plan.memory.margin])}." if plan.memory.margin else ""
    largest = f" The largest parts there are {w.joined(parts)} GiB." if parts else ""
    return f"{prose.verdict(plan)}{largest}{margin}"


def _margin(text: str) -> str:
    share, _, what = text.partition(": ")
    return f"{share} ({what})" if what else text


def _does_not_fit(plan: Plan) -> str:
    if plan.fits:
        return prose.verdict(plan).replace("It fits", "It does fit", 1)
    return f"{prose.verdict(plan)} {prose.states_sentence(plan)}".strip()


def _liger(plan: Plan) -> str:
    if plan.liger:
        return "Liger's kernels keep the logits out of memory; they are a package of their own."
    others = [f"with them the plan {fallen_text(one)}" for one in w.dropped(plan, "liger")]
    return w.sentence("Liger's kernels are not used" + (f": {others[0]}" if others else ""))


def _epochs(plan: Plan) -> str:
    field = "max_steps" if plan.max_steps else "epochs"
    return _plain(field, "number of steps" if plan.max_steps else "number of epochs")(plan)


def _time(plan: Plan) -> str:
    why = [f"{one.value} {fallen_text(one)}" for one in (*w.dropped(plan, "sharding"), *w.dropped(plan, "micro_batch_size")) if "of the speed" in one.why]
    slow = "States in CPU memory are copied over for every step, which makes it several times slower." if plan.cpu_offload else ""
    more = "; checkpointing costs one more forward pass" if plan.gradient_checkpointing else ""
    speed = f"The speed is about {plan.time.tokens_per_second:,.0f} tokens a second{more}." if plan.time else w.sentence(f"the time is not known: {plan.time_unknown}")
    return " ".join(part for part in (speed, slow, w.sentence("; ".join(why))) if part)


_TOLD: dict[str, Callable[[Plan], str]] = {
    "method": _method, "sharding": _sharding, "global_batch_size": _batch, "micro_batch_size": _batch,
    "gradient_accumulation_steps": _accumulation, "gradient_checkpointing": _checkpointing,
    "optimizer": _plain("optimizer", "optimizer"), "learning_rate": _plain("learning_rate", "learning rate"),
    "precision": _plain("precision", "precision"), "trainer": _plain("trainer", "trainer"), "lora_rank": _rank, "lora_alpha": _alpha,
    "lora_targets": _targets, "sequence_length": _length, "memory": _memory, "does_not_fit": _does_not_fit, "liger": _liger,
    "epochs": _epochs, "time": _time,
}  # fmt: skip


def fallen_text(one: Reason) -> str:
    """What became of a candidate, as the end of a sentence: `would fit, up to 25.8 GiB, at 69% of the speed`."""
    why = one.why
    if why.startswith("does not fit: "):
        need, _, usable = why.removeprefix("does not fit: ").partition(" GiB of ")
        return f"would not fit ({need} of {usable} GiB)"
    if why.startswith("fits, "):
        need, _, lost = why.removeprefix("fits, ").partition("; ")
        lost = f"at {lost}" if lost.endswith("of the speed") else f"that is {lost}" if lost.startswith(("a package", "no faster", "not what")) else lost
        return f"would fit ({need}), but {lost}"
    return f"is out: {why[:1].lower() + why[1:] if not why.split(' ')[0].isupper() else why}"


_NAMES = {
    "qlora": ("qlora", "4-bit", "4 bit", "nf4"), "lora": ("lora", "adapters"), "full": ("full",),
    "FSDP": ("fsdp",), "DDP": ("ddp",), "ZeRO-2": ("zero-2", "zero2", "zero 2"), "ZeRO-3": ("zero-3", "zero3", "zero 3"),
    "FSDP with states in CPU memory": ("offload", "cpu"), "Liger's kernels": ("liger",), "paged_adamw_8bit": ("8-bit", "8bit", "8 bit", "paged"),
    "keeping all activations": ("keep", "no checkpointing", "without checkpointing"), "recomputing activations": ("checkpoint", "recomput"),
}  # fmt: skip


def why_not_text(text: str, subject: str, plan: Plan, assumptions: tuple[Reason, ...] = ()) -> str:
    """Why the candidate that these words name was not taken; empty where the plan did not look at one."""
    line = text.lower()
    if taken := _taken(line, subject, plan):
        return f"{taken} {why_text(subject, plan, assumptions)}".strip()
    for one in reversed(plan.fallen):
        if any(name in line for name in _NAMES.get(str(one.value), (str(one.value).lower(),))):
            return w.sentence(f"{one.value} {fallen_text(one)}")
    wanted = next((method for method in ("qlora", "lora", "full") if any(name in line for name in _NAMES[method])), "")
    other = next((one for one in plan.alternatives if one.method == wanted), None)
    if subject == "method" and other is not None:
        return f"{w.sentence(w.method_name(other))[:-1]} would fit too, at up to {gib(other.memory.upper):,.1f} GiB. {_method(plan)}"
    if subject == "method" and wanted and w.reason(plan, "method") == _ASKED:
        return f"{w.sentence(w.METHODS[wanted])[:-1]} was not looked at, since {w.method_name(plan)} was asked for. Say so, and it is planned."
    return ""


def _taken(line: str, subject: str, plan: Plan) -> str:
    """Said where the thing that is asked for is what the plan does anyway."""
    used = {
        "gradient_checkpointing": plan.gradient_checkpointing and not re.search(r"\b(?:no|without|keep|turn off|disable)\b", line),
        "liger": plan.liger,
        "sharding": plan.sharding != "none" and plan.sharding in line and not ("offload" in line and not plan.cpu_offload),
        "method": any(name in line for name in _NAMES.get(plan.method, ())) and not (plan.method == "lora" and "qlora" in line),
    }
    return "It is what the plan does." if used.get(subject) else ""
