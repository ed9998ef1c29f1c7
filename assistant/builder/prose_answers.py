"""Short answers to questions about a plan, from its decisions, its fallen candidates and its figures."""

from __future__ import annotations

from collections.abc import Callable

from assistant.builder import prose
from assistant.builder import prose_words as w
from assistant.builder.prose_tasks import task_answer
from assistant.builder.prose_terms import why_method, why_term
from assistant.builder.prose_why import why_not_text, why_text
from assistant.catalogue.glossary import Term, find_term
from assistant.catalogue.names import fold
from assistant.catalogue.offers import NO_PRICES, OWN
from assistant.core.outcome import Outcome
from assistant.core.values import Plan
from assistant.reader.asking import Asking, subject_of
from assistant.reader.names import is_model_name

NO_PLAN = "There is no plan yet, so there is nothing to explain."


def answer(asking: Asking, outcome: Outcome | None) -> str:
    """One to three sentences on the question; what the plan does not know is said so."""
    if asking.topic in ("what_is", "difference", "better"):
        return _of_terms(asking, outcome.plan if outcome else None)
    if outcome is not None and outcome.task_plan is not None:
        return _assumptions(asking, outcome) if asking.topic == "assumptions" else task_answer(asking, outcome.task_plan)
    if outcome is None or outcome.plan is None:
        return NO_PLAN
    return _ANSWERS[asking.topic](asking, outcome, outcome.plan)


def _of_terms(asking: Asking, plan: Plan | None) -> str:
    one, other = find_term(asking.subject), find_term(asking.other)
    if asking.topic == "what_is":
        return _defined(one, plan) if one else f'"{asking.subject}" is not in the glossary.'
    texts = [f"{term.term}: {term.text}" for term in (one, other) if term]
    if asking.topic == "better":
        texts.append(_compared(asking, plan))
    return " ".join(text for text in texts if text)


def _defined(term: Term, plan: Plan | None) -> str:
    here = value_text(subject_of(term.term), plan) if plan else ""
    return f"{term.text} {here}".strip()


def _compared(asking: Asking, plan: Plan | None) -> str:
    """Neither is better as such: what this plan took and why."""
    subject = subject_of(f"{asking.subject} {asking.other}")
    if asking.subject == "model" or is_model_name(asking.subject):
        return _models_compared(asking, plan)
    if plan is None or not subject:
        return "Which is better depends on the data and the hardware."
    return f"Which is better depends on the case. {why_text(subject, plan)}"


def _models_compared(asking: Asking, plan: Plan | None) -> str:
    """What a plan can say of two models: what they take here, not how well they answer."""
    known = "Which model answers better is not known here: a benchmark on your own task tells. What a plan tells is the memory, time and cost on this machine"
    taken = fold(plan.model.id) if plan else ""
    names = [name for name in (asking.other, asking.subject) if name and name != "model"]
    if not names:
        return f'{known}: "what about" and a model\'s name compares those.'
    other = next((name for name in names if fold(name) not in taken), names[0])
    return f'{known}: "what about {other}?" compares those.'


def value_text(subject: str, plan: Plan) -> str:
    """What this plan takes for a field, as a sentence; empty where there is nothing to say."""
    values: dict[str, Callable[[], str]] = {
        "gradient_checkpointing": lambda: f"This plan {'uses' if plan.gradient_checkpointing else 'does without'} gradient checkpointing.",
        "gradient_accumulation_steps": lambda: f"This plan accumulates {w.counted(plan.gradient_accumulation_steps, 'micro-batch', 'micro-batches')} a step.",
        "micro_batch_size": lambda: f"Here the micro-batch is {plan.micro_batch_size}.",
        "global_batch_size": lambda: prose.batch(plan),
        "optimizer": lambda: f"Here the optimizer is {plan.optimizer}.",
        "sharding": lambda: prose.spread(plan) or "Here one GPU does it all, so nothing is spread.",
        "lora_alpha": lambda: f"Here alpha is {plan.lora_alpha:g} and the rank {plan.lora_rank}." if plan.lora_alpha else "",
        "lora_rank": lambda: f"Here the rank is {plan.lora_rank} and alpha {plan.lora_alpha:g}." if plan.lora_rank else "",
        "lora_targets": lambda: f"Here adapters go to {w.joined(list(plan.lora_targets))}." if plan.lora_targets else "",
        "learning_rate": lambda: f"Here the learning rate is {plan.learning_rate:g}.",
        "warmup": lambda: f"Here warmup takes {plan.warmup_ratio:.0%} of the steps.",
        "scheduler": lambda: f"Here the learning rate follows a {plan.scheduler} schedule.",
        "weight_decay": lambda: f"Here weight decay is {plan.weight_decay:g}.",
        "precision": lambda: f"Here training runs in {plan.precision}.",
        "method": lambda: f"This plan is {w.method_name(plan)}.",
        "sequence_length": lambda: f"Here rows have up to {plan.sequence_length:,} tokens.",
        "liger": lambda: f"This plan {'uses' if plan.liger else 'does without'} Liger's kernels.",
        "trainer": lambda: f"Here the trainer is {plan.trainer}.",
        "epochs": lambda: f"The run has {_length(plan)}.",
        "dataset": lambda: f"The data is {plan.dataset.said or plan.dataset.path or plan.dataset.name}.",
        "memory": lambda: prose.verdict(plan),
        "does_not_fit": lambda: prose.verdict(plan),
        "gpu_count": lambda: f"The plan is for {w.machine_name(plan.hardware)}.",
        "model": lambda: f"The model is {plan.model.id}.",
    }
    return values[subject]() if subject in values else ""


def _length(plan: Plan) -> str:
    return w.counted(plan.max_steps, "step") if plan.max_steps else w.counted(plan.epochs or 1, "epoch")


def _why(asking: Asking, outcome: Outcome, plan: Plan) -> str:
    if not asking.subject:
        return why_term(asking.text, plan) or prose.explain(outcome)
    if asking.subject == "method" and asking.topic == "why" and (told := why_method(asking.text, plan)):
        return told
    if asking.subject == "cost":
        return _cost(asking, outcome, plan)
    return why_text(asking.subject, plan, outcome.assumptions) or value_text(asking.subject, plan)


def _why_not(asking: Asking, outcome: Outcome, plan: Plan) -> str:
    return why_not_text(asking.text, asking.subject, plan, outcome.assumptions) or _why(asking, outcome, plan)


def _value(asking: Asking, outcome: Outcome, plan: Plan) -> str:
    if asking.subject in ("cost", "time"):
        return (_cost if asking.subject == "cost" else _time)(asking, outcome, plan)
    text = value_text(asking.subject, plan)
    assumed = next((one.why for one in outcome.assumptions if one.field.split(".")[-1] == asking.subject), "")
    return f"{text} It was assumed: {assumed}." if text and assumed and asking.subject in ("dataset", "model", "sequence_length") else text


def _time(_asking: Asking, _outcome: Outcome, plan: Plan) -> str:
    time = plan.time
    if time is None:
        return w.sentence(f"how long it takes is not known: {plan.time_unknown or 'the evidence is missing'}")
    speed = f"{time.tokens_per_second:,.0f} tokens a second"
    if time.hours is None or time.low is None or time.high is None:
        return f"How long it takes is not known: {plan.time_unknown}. The speed would be about {speed}."
    return (
        f"About {w.hours_text(time.hours)} for {_length(plan)}, between {w.hours_text(time.low)} and {w.hours_text(time.high)}, "
        f"at about {speed}. That is training alone, without loading and saving."
    )


def _cost(_asking: Asking, outcome: Outcome, plan: Plan) -> str:
    cost = outcome.cost
    if cost is None and outcome.intent.cloud in NO_PRICES:
        return f"What it costs is for you to say: {OWN}." + (f" It takes about {plan.time.hours * plan.hardware.world:,.2g} GPU-hours." if plan.time and plan.time.hours else "")
    if cost is None:
        missing = "the length of the run is not known" if not (plan.time and plan.time.hours) else "no price is known for this machine"
        return f"What it costs is not known: {missing}."
    when = f"the price is of {cost.as_of[:7]}" if cost.as_of else "the date of the price is unknown"
    rate = f"{w.dollars_text(cost.hourly)} an hour{' as spot' if cost.spot else ''} on {cost.cloud}"
    return f"About {w.dollars_text(cost.dollars)}, between {w.dollars_text(cost.low)} and {w.dollars_text(cost.high)}, at {rate}; {when}."


def _memory(_asking: Asking, _outcome: Outcome, plan: Plan) -> str:
    if not plan.fits:
        return f"{prose.verdict(plan)} {prose.states_sentence(plan)}".strip()
    _, upper, usable = w.figures(plan)
    spare = plan.hardware.usable_gib - plan.memory_json()["upper_gib"]
    return f"{prose.verdict(plan)} Even at the upper bound of {upper} GiB, {spare:,.1f} of {usable} stay free."


def _options(_asking: Asking, outcome: Outcome, plan: Plan) -> str:
    if outcome.ways_out:
        ways = w.joined([prose.way_text(way) for way in outcome.ways_out], "or")
        return f"What would fit, smallest change first: {ways}."
    if not plan.fits:
        return prose.ways_sentence(())
    if not plan.alternatives:
        return "On this machine nothing that was tried beats this plan in memory, time, length of rows or method."
    return f"Also possible here: {w.joined([_other(other, plan) for other in plan.alternatives], 'or')}."


def _other(other: Plan, plan: Plan) -> str:
    """`QLoRA with rows of 2,048 tokens (up to 20.1 GiB, about 6 h)`."""
    differs = [f"rows of {other.sequence_length:,} tokens"] if other.sequence_length != plan.sequence_length else []
    differs += [f"micro-batch {other.micro_batch_size}"] if other.micro_batch_size != plan.micro_batch_size else []
    differs += [prose_sharding(other)] if other.sharding != plan.sharding else []
    time = f", about {w.hours_text(other.time.hours)}" if other.time and other.time.hours else ""
    what = w.method_name(other) + (f" with {w.joined(differs)}" if differs else "")
    return f"{what} (up to {w.amounts(other.memory_json()['upper_gib'])[0]} GiB{time})"


def prose_sharding(plan: Plan) -> str:
    """`FSDP`, `DDP`, `no sharding`."""
    return {"fsdp": "FSDP", "ddp": "DDP", "deepspeed": "DeepSpeed"}.get(plan.sharding, "no sharding")


def _changed(_asking: Asking, _outcome: Outcome, _plan: Plan) -> str:
    return "What changed is shown after each change, and the plan itself does not keep it."


def _plan(_asking: Asking, outcome: Outcome, _plan: Plan) -> str:
    return prose.explain(outcome)


def _assumptions(_asking: Asking, outcome: Outcome, _plan: Plan | None = None) -> str:
    if not outcome.assumptions:
        return "Nothing had to be assumed: all of it was said."
    told = [f"{one.field.split('.')[-1].replace('_', ' ')} {_shown(one.value)} ({one.why})" for one in outcome.assumptions]
    return f"Assumed, since it was not said: {w.joined(told)}."


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def _run(_asking: Asking, outcome: Outcome, _plan: Plan) -> str:
    if not outcome.commands:
        return "There is nothing to run: this does not fit." if not _plan.fits else "There is no config to run yet."
    gated = " The model is gated: accept its licence on Hugging Face first." if _plan.model.gated else ""
    return f"Save the config, then run: {outcome.commands[0]}.{gated}"


def _quality(_asking: Asking, _outcome: Outcome, plan: Plan) -> str:
    note = {
        "full": "All parameters learn, which is the most that a method can offer.",
        "lora": "LoRA usually comes close to full fine-tuning on instruction data.",
        "qlora": "QLoRA usually comes close to LoRA, over weights rounded to 4 bit.",
    }.get(plan.method, "")
    return f"The plan cannot tell: it knows memory, time and cost, not how good the model will be. {note} Hold out some rows and evaluate before and after.".replace("  ", " ")


_ANSWERS: dict[str, Callable[[Asking, Outcome, Plan], str]] = {
    "why": _why, "why_not": _why_not, "value": _value, "time": _time, "cost": _cost, "memory": _memory, "options": _options,
    "changed": _changed, "plan": _plan, "assumptions": _assumptions, "run": _run, "quality": _quality,
}  # fmt: skip
