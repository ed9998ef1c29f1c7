"""What an explanation of a plan may say: figures with the words that name them, names, choices, verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.builder import prose_words as w
from assistant.catalogue.datasets import find_dataset
from assistant.core.outcome import Outcome, WayOut
from assistant.core.units import gib
from assistant.core.values import Plan, Reason, price_date
from assistant.llm.fact_terms import named_terms, used_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One figure: `labels` are patterns of the words that name it, `weak` of those that count where none does.

    `unit` is gib (per GPU), gb (of a card), tokens, tokens/s, hours, $, $/h, params, %, or count. `other` marks a figure of
    something that the plan did not take, which only a sentence that names it may use.
    """

    key: str
    labels: tuple[str, ...]
    weak: tuple[str, ...] = ()
    values: tuple[float, ...]
    unit: str
    text: str = ""
    other: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that may be said of one plan.

    `names` are exact names, `models` those of the model; `used` the terms that hold of it, `named` those it weighed and dropped; `asked` the fields that
    were asked for, `whys` the reason of each, `causes` what may stand as one; `verdicts` whether a thing fits, by the pattern of its words; `quotes`
    (field, the plan's own words on it).
    """

    facts: tuple[Fact, ...] = ()
    names: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()
    used: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    whys: tuple[tuple[str, str], ...] = ()
    causes: tuple[tuple[str, frozenset[str]], ...] = ()
    verdicts: tuple[tuple[str, bool], ...] = ()
    quotes: tuple[tuple[str, str], ...] = ()
    fits: bool = True
    full: bool = False
    world: int = 1
    time_known: bool = False
    assumed: frozenset[str] = frozenset()
    leaves_experts: bool = False
    peak: str = ""
    largest: str = ""
    lines: tuple[str, ...] = ()


def plan_facts(outcome: Outcome) -> Facts:
    """The facts of an outcome's plan; none where there is no plan."""
    plan = outcome.plan
    if plan is None:
        return Facts()
    facts = (*_memory(plan), *_batch(plan), *_training(plan), *_params(plan), *_time(outcome, plan), *_others(outcome, plan))
    whys = {reason.field: reason.why for reason in plan.decisions}
    return Facts(
        facts=facts,
        names=_names(outcome, plan),
        models=tuple(name for name in (plan.model.id, plan.model.id.split("/")[-1], plan.model.family) if name),
        gpus=_gpu_names(plan),
        used=used_terms(outcome, plan),
        named=named_terms(outcome, plan),
        asked=frozenset(field for field, why in whys.items() if why.startswith("as asked") or why.endswith("; as asked")),
        whys=tuple((field, why.lower()) for field, why in whys.items()),
        causes=tuple((field, _causes(field, why)) for field, why in whys.items()),
        verdicts=tuple(_verdicts(plan, outcome.ways_out)),
        quotes=tuple(_quotes(plan)),
        fits=plan.fits,
        full=plan.method == "full",
        world=plan.hardware.world,
        assumed=frozenset(one.field.split(".")[-1] for one in outcome.assumptions),
        time_known=bool(plan.time and plan.time.hours),
        leaves_experts=plan.leaves_experts,
        peak=plan.memory.phase,
        largest=next((name for name, _ in w.parts_of(plan)), ""),
        lines=_lines(outcome, plan),
    )


def facts_text(facts: Facts) -> str:
    """The facts as compact lines for a prompt."""
    return "\n".join(facts.lines)


_PARTS = {
    "weights": (r"\bweights\b",), "gradients": (r"\bgradients\b",), "activations": (r"\bactivations\b",), "logits": (r"\blogits\b",),
    "optimizer": (r"\boptimi[sz]er states?\b", r"\boptimi[sz]er\b(?! (?:moves|step|update))"), "overhead": (r"\boverhead\b",),
}  # fmt: skip


def _memory(plan: Plan) -> Iterator[Fact]:
    expected, upper, usable = gib(plan.memory.point), gib(plan.memory.upper), plan.hardware.usable_gib
    yield Fact(key="expected", labels=(r"\bexpected\b", r"\bexpects\b"), values=(expected,), unit="gib",
               weak=(r"\bneeds?\b", r"\btakes?\b", r"\buses?\b", r"\brequires?\b", r"\bmemory\b", r"\bpeak\b"))  # fmt: skip
    upper_words = (r"\bupper bound\b", r"\bat most\b", r"\bworst case\b", r"\bupper limit\b", r"\bno more than\b", r"\bat worst\b")
    yield Fact(key="upper", labels=upper_words, weak=(r"\bup to\b",), values=(upper,), unit="gib")
    yield Fact(key="usable", labels=(r"\busable\b", r"\bavailable\b", r"\bcapacity\b"), values=(usable,), unit="gib")
    if plan.fits:
        yield Fact(key="free", labels=(r"\bfree\b", r"\bspare\b", r"\bheadroom\b", r"\bleft\b"), values=(usable - upper,), unit="gib")
    for name, size in w.parts_of(plan):
        yield Fact(key=name, labels=_PARTS[name], values=(size,), unit="gib")
    if plan.hardware.gpu.kind not in ("cpu", "unified"):
        yield Fact(key="card", labels=(r"\bgpus?\b", r"\bcards?\b"), weak=(r"",), values=(plan.hardware.gpu.memory_gb,), unit="gb")


def _count(key: str, value: float | None, *labels: str) -> Iterator[Fact]:
    if value is not None:
        yield Fact(key=key, labels=labels, values=(value,), unit="count")


def _batch(plan: Plan) -> Iterator[Fact]:
    machine = plan.hardware
    micro = (r"\bmicro[- ]?batch(?: size)?\b", r"\b(?:per|on each|each) (?:gpu|device)\b", r"\bat once\b", r"\bat a time\b")
    whole = (r"\b(?:global |effective |total |whole )?batch(?: size)?\b", r"\bin all\b", r"\bin total\b", r"\b(?:per|a|each|every) (?:optimi[sz]er |training )?step\b")
    yield from _count("micro_batch_size", plan.micro_batch_size, *micro)
    yield from _count("gradient_accumulation_steps", plan.gradient_accumulation_steps, r"\b(?:gradient )?accumulat\w+(?: steps)?\b", r"\bmicro-?batches\b", r"\bbefore the optimi[sz]er (?:moves|step|update)s?\b")
    yield from _count("global_batch_size", plan.global_batch_size, *whole)
    yield from _count("gpus", machine.world, r"\bgpus?\b", r"\bcards?\b", r"\bdevices?\b")
    yield from _count("nodes", machine.nodes, r"\bnodes?\b")
    if machine.nodes > 1:
        yield from _count("gpus_per_node", machine.count, r"\bgpus? (?:per|on each|a) node\b", r"\bnodes of\b")
    yield Fact(key="sequence_length", labels=(r"\bsequence length\b", r"\bcontext(?: length)?\b"), weak=(r"\btokens\b", r"\bup to\b"), values=(plan.sequence_length,), unit="tokens")


def _training(plan: Plan) -> Iterator[Fact]:
    yield from _count("lora_rank", plan.lora_rank, r"\brank\b")
    yield from _count("lora_alpha", plan.lora_alpha, r"\balpha\b")
    yield from _count("learning_rate", plan.learning_rate, r"\blearning rate\b")
    yield from _count("weight_decay", plan.weight_decay, r"\bweight decay\b")
    yield from _count("epochs", plan.epochs, r"\bepochs?\b")
    yield from _count("max_steps", plan.max_steps, r"\b(?:training |optimi[sz]er )?steps\b")
    yield from _count("seed", plan.seed, r"\bseed\b")
    yield from _count("num_generations", plan.num_generations, r"\bcompletions\b", r"\banswers\b")
    yield Fact(key="warmup", labels=(r"\bwarm-?up\b",), values=(100 * plan.warmup_ratio,), unit="%")


def _params(plan: Plan) -> Iterator[Fact]:
    total = plan.model.params_total
    yield Fact(key="trainable", labels=(), values=(plan.trainable_params,), unit="params")
    yield Fact(key="total", labels=(), values=(total,), unit="params")
    yield Fact(key="share", labels=(r"\bparameters\b", r"\btrains?\b", r"\btrained\b", r"\badapters?\b"), values=(100 * plan.trainable_params / total,), unit="%")


def _time(outcome: Outcome, plan: Plan) -> Iterator[Fact]:
    time, cost = plan.time, outcome.cost
    low, high = (r"\bat best\b", r"\bbest case\b", r"\bat the earliest\b"), (r"\bup to\b", r"\bat worst\b", r"\bat most\b", r"\bworst case\b")
    if time is not None:
        yield Fact(key="speed", labels=(), weak=(r"",), values=(time.tokens_per_second,), unit="tokens/s")
    for unit, amounts in (("hours", time and (time.hours, time.low, time.high)), ("$", cost and (cost.dollars, cost.low, cost.high))):
        for name, labels, value in zip(("", "_low", "_high"), ((), low, high), amounts or (), strict=False):
            if value is not None:
                yield Fact(key=f"{unit}{name}", labels=labels, weak=(r"",) if not name else (), values=(value,), unit=unit)
    if cost is not None:
        yield Fact(key="hourly", labels=(), weak=(r"",), values=(cost.hourly,), unit="$/h")


_NEED = re.compile(r"up to ([\d,.]*\d) GiB")
_PACE = re.compile(r"(\d+)% of the speed")


def _others(outcome: Outcome, plan: Plan) -> Iterator[Fact]:
    """Figures of roads not taken, each under the words of that road."""
    for reason in plan.fallen:
        words = other_words(str(reason.value))
        for need in _NEED.findall(reason.why):
            yield Fact(key=f"other {reason.value}", labels=(words,), values=(float(need.replace(",", "")),), unit="gib", other=True)
        for pace in _PACE.findall(reason.why):
            yield Fact(key=f"pace {reason.value}", labels=(words,), values=(float(pace),), unit="%", other=True)
    if plan.sharding == "fsdp" and (need := _NEED.search(next((r.why for r in plan.decisions if r.field == "sharding"), ""))):
        yield Fact(key="copy", labels=(COPY,), values=(float(need.group(1).replace(",", "")),), unit="gib", other=True)
    for other in plan.alternatives:
        if other.method != plan.method:
            yield Fact(key=f"other {other.method}", labels=(_METHOD_WORDS[other.method],), values=(gib(other.memory.upper),), unit="gib", other=True)
    for way in outcome.ways_out:
        yield Fact(key=f"way {way.change}", labels=(way_words(way.change),), values=(way.memory_gib,), unit="gib", other=True)


COPY = r"\b(?:one |whole |full |complete |own |entire |single )*(?<!temporary )cop(?:y|ies)\b"
KEEPING = r"\b(?:keep|keeps|keeping|storing|store)\b(?: (?:them|(?:all )?(?:of )?(?:the |their )?activations))(?: all)?|\bwithout (?:gradient |activation )?checkpointing\b"
_METHOD_WORDS = {"full": r"\bfull (?:fine[- ]?tuning|training)\b", "lora": r"(?<!q)\blora\b", "qlora": r"\bqlora\b"}
_OTHER_WORDS = {
    "keeping all activations": KEEPING, "recomputing activations": r"\brecomput\w+|\b(?:gradient )?checkpointing\b",
    "full training": _METHOD_WORDS["full"], "LoRA": _METHOD_WORDS["lora"], "QLoRA": _METHOD_WORDS["qlora"],
    "FSDP": r"\bfsdp\b(?! with)", "DDP": r"\bddp\b", "FSDP with states in CPU memory": r"\bstates in cpu memory\b|\bcpu offload\w*\b",
    "Liger's kernels": r"\bliger(?:'s)?(?: kernels)?\b", "without Liger's kernels": r"\bwithout liger(?:'s)?(?: kernels)?\b",
    "paged_adamw_8bit": r"\bpaged_adamw_8bit\b|\b8[- ]bit (?:adamw?|optimi[sz]er)\b", "adamw_torch_fused": r"\badamw_torch_fused\b",
    "ZeRO-2": r"\bzero[- ]2\b", "ZeRO-3": r"\bzero[- ]3\b",
}  # fmt: skip


def other_words(value: str) -> str:
    """The pattern of a fallen candidate's words."""
    if found := re.fullmatch(r"micro-batch (\d+)", value):
        return rf"\ba?\s?micro[- ]?batch(?: size)?(?: of)? {found.group(1)}\b"
    return _OTHER_WORDS.get(value, rf"(?<!\w){re.escape(value.lower())}(?!\w)")


def way_words(change: str) -> str:
    """The pattern of a way out's words: its first change alone is enough."""
    method = next((name for word, name in (("QLoRA", "qlora"), ("LoRA", "lora")) if change.startswith(word)), "")
    return _METHOD_WORDS[method] if method else rf"(?<!\w){re.escape(change.lower())}(?!\w)"


def _verdicts(plan: Plan, ways: tuple[WayOut, ...]) -> Iterator[tuple[str, bool]]:
    """(pattern, whether that fits)."""
    for reason in plan.fallen:
        if reason.why.startswith(("fits", "does not fit")):
            yield other_words(str(reason.value)), reason.why.startswith("fits")
    kept = next((r for r in plan.fallen if str(r.value) == "keeping all activations"), None)
    if kept is not None:
        yield r"\bactivations\b", kept.why.startswith("fits")
    elif not plan.gradient_checkpointing:
        yield r"\bactivations\b", plan.fits
    if plan.sharding in ("ddp", "none"):
        yield COPY, plan.fits
    elif (whole := next((r for r in plan.fallen if str(r.value) == "DDP"), None)) is not None:
        yield COPY, whole.why.startswith("fits")
    for other in plan.alternatives:
        if other.method != plan.method:
            yield _METHOD_WORDS[other.method], True
    for way in ways:
        yield way_words(way.change), True
    if plan.cpu_offload:
        yield r"\bstates\b", False
    yield r"\b(?:32[- ]bit|full[- ]size) (?:optimi[sz]er )?states\b", "8bit" not in plan.optimizer


def _causes(field: str, why: str) -> frozenset[str]:
    """Topics that may stand as the cause of a decision."""
    if why.startswith("as asked") or why.endswith("; as asked"):
        return frozenset({"asked"})
    usual = {
        "sharding": {"fits", "sharding", "memory", "traffic"}, "gradient_checkpointing": {"fits", "memory", "gradient_checkpointing"},
        "optimizer": {"fits", "memory", "optimizer"}, "precision": {"gpus", "precision"}, "learning_rate": {"recipes"}, "lora_rank": {"recipes"},
        "epochs": {"recipes"}, "max_steps": {"recipes"}, "global_batch_size": {"recipes", "batch"}, "trainer": set(), "method": set(),
    }  # fmt: skip
    extra = {"fits", "memory"} if "not fit" in why else {"gpus"} if why.startswith("one GPU") else set()
    return frozenset(usual.get(field, set()) | extra)


def _quotes(plan: Plan) -> Iterator[tuple[str, str]]:
    for reason in plan.decisions:
        for part in re.split(r"; |: ", reason.why):
            if len(part.split()) >= 3 and not re.search(r"\d", part):
                yield reason.field, part.lower()


def _gpu_names(plan: Plan) -> tuple[str, ...]:
    name = plan.hardware.gpu.name
    return (name,) if plan.hardware.gpu.kind not in ("cpu", "unified") else ()


def _names(outcome: Outcome, plan: Plan) -> tuple[str, ...]:
    data = plan.dataset
    found = [
        plan.model.id, plan.model.id.split("/")[-1], plan.model.family, plan.optimizer, plan.trainer, data.name, data.said, data.path,
        data.name.split("/")[-1], plan.teacher, plan.teacher and plan.teacher.split("/")[-1], plan.reward, plan.output_dir, plan.run_name,
        *plan.lora_targets, *outcome.commands, *(file.name for file in outcome.files), outcome.cost and outcome.cost.cloud,
        *(str(one.value) for one in outcome.assumptions if isinstance(one.value, str)), outcome.cost and outcome.cost.as_of and outcome.cost.as_of[:7],
    ]  # fmt: skip
    return tuple(dict.fromkeys(str(name) for name in found if name))


def _lines(outcome: Outcome, plan: Plan) -> tuple[str, ...]:
    expected, upper, usable = w.figures(plan)
    parts = ", ".join(f"{name} {size:.1f}" for name, size in w.parts_of(plan))
    data = plan.dataset.said or plan.dataset.path or plan.dataset.name
    machine, own = plan.hardware, _own_words(plan)
    lines = [
        f"plan: {w.method_name(plan)} of {w.model_name(plan)} on {w.machine_name(machine)}; the model has {w.params_text(plan.model.params_total)} parameters; the data is {data}",
        f"memory per GPU: expected {expected} GiB, upper bound {upper} GiB, usable {usable} GiB: {'fits' if plan.fits else 'does not fit'}",
        f"the peak comes {w.phase_text(plan.memory.phase)}; there, in GiB: {parts}",
        f"batch: micro-batch {plan.micro_batch_size} per GPU, accumulation {plan.gradient_accumulation_steps}, {machine.world} GPU{'s' if machine.world > 1 else ''}, global batch {plan.global_batch_size}; sequence length {plan.sequence_length:,} tokens",
    ]
    if plan.lora_rank and plan.lora_alpha:
        lines.append(f"adapters: rank {plan.lora_rank}, alpha {plan.lora_alpha:g}; {w.params_text(plan.trainable_params)} parameters train ({plan.trainable_params / plan.model.params_total:.2%})")
    length = w.counted(plan.max_steps, "step") if plan.max_steps else w.counted(plan.epochs or 1, "epoch")
    lines.append(f"run: {length}; trainer {plan.trainer}")
    lines += _time_lines(outcome, plan)
    lines += [f"why {reason.field} = {reason.value}: {reason.why}" for reason in plan.decisions if reason.field in _TOLD]
    lines += [f"not {reason.value}: {reason.why}" for reason in plan.fallen if reason.field in ("sharding", "gradient_checkpointing", "micro_batch_size")][:3]
    lines += [f"would fit: {way.change}, up to {way.memory_gib:.1f} GiB" for way in outcome.ways_out[:2]]
    lines += _assumed(outcome.assumptions)
    return tuple(_without(line, own) for line in lines)


_FILE = re.compile(r"\S+\.ya?ml\b", re.IGNORECASE)


def _own_words(plan: Plan) -> tuple[str, ...]:
    """Names that are the user's own, the longest first: they may come from a file, and no explanation needs them."""
    data = plan.dataset
    named = [data.path, data.said, plan.output_dir, plan.run_name, plan.model.id if plan.model.local else None, data.name if "/" in data.name else None]
    known = (plan.dataset.name,) if find_dataset(plan.dataset.name) else ()
    return tuple(sorted({name for name in named if name and name not in known and len(name) > 2}, key=len, reverse=True))


def _without(line: str, own: tuple[str, ...]) -> str:
    for name in own:
        line = line.replace(name, "the user's own")
    return _FILE.sub("the user's file", line)


_TOLD = ("method", "sharding", "precision", "global_batch_size", "gradient_checkpointing", "optimizer", "learning_rate", "lora_rank")


def _time_lines(outcome: Outcome, plan: Plan) -> list[str]:
    time, cost = plan.time, outcome.cost
    if time is None or time.hours is None or time.low is None or time.high is None:
        return [f"time: unknown: {plan.time_unknown}"]
    lines = [f"time: about {w.hours_text(time.hours)} ({w.hours_text(time.low)} to {w.hours_text(time.high)}), {time.tokens_per_second:,.0f} tokens/s"]
    if cost:
        lines.append(f"cost: about {w.dollars_text(cost.dollars)} ({w.dollars_text(cost.low)} to {w.dollars_text(cost.high)}) at {w.dollars_text(cost.hourly)} an hour on {cost.cloud}" + ("" if cost.as_of else f", {price_date(None)}"))
    return lines


def _assumed(assumptions: tuple[Reason, ...]) -> list[str]:
    named = [one.field.split(".")[-1] for one in assumptions]
    return [f"assumed, not said: {', '.join(named)}"] if named else []
