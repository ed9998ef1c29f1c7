"""Questions of size, without a config: what a run takes, what it needs, what a machine can train."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from assistant.builder.absorb import absorb
from assistant.builder.budget import cost_of
from assistant.builder.existing import plan_of_config
from assistant.builder.requests import Resolve
from assistant.builder.rows import shorter_rows
from assistant.builder.ways_out import ways_out
from assistant.catalogue.models import all_models
from assistant.catalogue.offers import NO_PRICES, OWN
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome, Requirement
from assistant.core.units import gib
from assistant.core.values import Finding, GpuSpec, Hardware, ModelSpec, Plan, Question
from assistant.planner.explain import summary
from assistant.planner.plan import make_plan
from assistant.planner.requirements import is_offered, largest_models, least_hardware, least_of, on_any_machine
from assistant.planner.serving.infer import Subject, plan_infer
from assistant.reader.sizes import Asked, bare_size, largest_of

_METHODS = {"full": "full training", "lora": "LoRA", "qlora": "QLoRA"}


def of_config(body: Mapping[str, Any], model: ModelSpec, machine: Hardware, *, text: str | None = None) -> Outcome:
    """What an existing config takes on this machine; it does not fit where its rows at full length do not.

    Raises:
        UsageError: a field that the estimate rests on has a wrong type.
    """
    plan = plan_of_config(body, model, machine)
    shorter = shorter_rows(body, model, machine, fits=plan.fits)
    intent = Intent.model_validate({
        "task": "train", "model": model.id, "method": plan.method, "objective": plan.objective,
        "sequence_length": plan.sequence_length, "micro_batch_size": plan.micro_batch_size,
    })  # fmt: skip
    return Outcome(
        ways_out=() if plan.fits else ways_out(intent, model, machine),
        status="ok" if plan.fits else "does_not_fit",
        intent=intent,
        request=text,
        hardware=machine,
        plan=plan,
        cost=cost_of(plan, intent),
        findings=(*plan.findings, *shorter),
        explanation=summary(plan),
    )


def requirements(intent: Intent, model: ModelSpec, *, gpu: GpuSpec | None = None, text: str | None = None) -> Outcome:
    """The least hardware for a run, by what the run costs: of this GPU alone where one is given."""
    keeps = _limits(intent)
    found = least_hardware(intent, model, keeps=keeps) if gpu is None else _of_kind(intent, model, gpu, keeps)
    if not found:
        return _none_found(intent, model, gpu, text)
    least = found[0]
    how = _METHODS.get(least.plan.method, least.plan.method)
    made = make_plan(on_any_machine(intent), model, least.machine)
    words = f"{how} of {model.id} fits on {_machine(least.machine)} {_lead(found)}. {order_of(found)}"
    return Outcome(
        status="ok",
        intent=intent,
        request=text,
        hardware=least.machine,
        plan=least.plan,
        cost=cost_of(least.plan, intent),
        assumptions=tuple(a for a in made.assumptions if a.field in _SHARED),
        findings=(*_limit_findings(intent, least.plan, found), *_spot_findings(intent)),
        requirements=found,
        explanation=f"{words} {summary(least.plan)}",
    )


_SHARED = ("dataset", "sequence_length")
"""Assumptions that hold for every machine of the list."""


def _of_kind(intent: Intent, model: ModelSpec, gpu: GpuSpec, keeps: Callable[[Requirement], bool]) -> tuple[Requirement, ...]:
    least = least_of(on_any_machine(intent), model, gpu, keeps)
    return (least,) if least else ()


def _machine(machine: Hardware) -> str:
    one = f"{machine.count} × {machine.gpu.name}"
    return f"{machine.nodes} nodes of {one}, {machine.world} in all," if machine.nodes > 1 else one


def _lead(found: tuple[Requirement, ...]) -> str:
    """What sets the first apart from the others."""
    first = found[0]
    if len(found) == 1:
        return "and on no fewer" if first.machine.world > 1 else "already"
    if first.dollars is not None:
        return f"at the least cost, about ${first.dollars:,.0f} for the run" if first.dollars >= 10 else f"at the least cost, about ${first.dollars:.2f} for the run"
    return "at the least price an hour" if first.hourly else "with the least memory in all"


def order_of(found: tuple[Requirement, ...]) -> str:
    """The order of the list, as a sentence; empty for one machine alone."""
    if len(found) < 2:
        return ""
    known = [r.dollars is not None for r in found]
    if not any(known):
        by = "the price an hour: what the run costs is not known" if any(r.hourly for r in found) else "memory in all: no price of it is known"
        return f"In order of {by}."
    return "In order of what the run costs" + ("." if all(known) else ", then of the price an hour where that cost is not known.")


def _limits(intent: Intent) -> Callable[[Requirement], bool]:
    """Whether a machine is offered where it was asked for and keeps the limits; a limit that cannot be known is kept."""

    def keeps(found: Requirement) -> bool:
        hours = found.plan.time.hours if found.plan.time else None
        if not is_offered(found.machine, intent.cloud):
            return False
        if hours is None:
            return True
        in_time = not intent.max_hours or hours <= intent.max_hours
        return in_time and (not intent.max_dollars or (found.dollars is not None and found.dollars <= intent.max_dollars))

    return keeps


def _limit_words(intent: Intent) -> str:
    words = [f"on {intent.cloud}"] if intent.cloud and intent.cloud not in NO_PRICES else []
    words += [f"within {intent.max_hours:g} h"] if intent.max_hours else []
    words += [f"for ${intent.max_dollars:g}"] if intent.max_dollars else []
    return " ".join(words)


def _limit_findings(intent: Intent, plan: Plan, found: tuple[Requirement, ...]) -> tuple[Finding, ...]:
    """A limit that cannot be checked, or a cloud without prices of its own, is said."""
    findings = []
    if (intent.max_hours or intent.max_dollars) and any(not (r.plan.time and r.plan.time.hours) for r in found):
        message = f"the limit on time or money is not checked: {plan.time_unknown or 'the time is not known'}"
        findings.append(Finding(rule="REQ002", severity="warning", path="budget", message=message, fix="watch the first steps, or set training.max_steps"))
    if intent.cloud in NO_PRICES:
        findings.append(Finding(rule="REQ003", severity="info", path="cloud", message=f"{intent.cloud}: {OWN}", fix="count in GPU-hours"))
    return tuple(findings)


def _spot_findings(intent: Intent) -> tuple[Finding, ...]:
    if not intent.spot:
        return ()
    message = "the cost of the run is for spot instances, the price an hour for those on demand"
    return (Finding(rule="REQ003", severity="info", path="spot", message=message, fix="a spot instance may be taken away: save often"),)


def _none_found(intent: Intent, model: ModelSpec, gpu: GpuSpec | None, text: str | None) -> Outcome:
    """No machine: for the limits that were said, for this GPU, or at all. What would is said where anything would."""
    limits = _limit_words(intent)
    free = _unlimited(intent)
    others = (_of_kind(free, model, gpu, lambda _: True) if gpu else ()) or least_hardware(free, model)
    method = _METHODS.get(intent.method or (others[0].plan.method if others else ""), "training")
    kind = f"number of {gpu.name} that is rented" if gpu else "machine of the catalogue"
    words = f"No {kind} does {method} of {model.id}{f' {limits}' if limits else ''}."
    if others:
        near = min(others, key=lambda r: r.plan.time.hours if r.plan.time and r.plan.time.hours else 0.0) if intent.max_hours else others[0]
        words += f" {'The fastest of the least machines' if intent.max_hours else 'What would'}: {_figures(near)}."
        return Outcome(status="does_not_fit", intent=intent, request=text, explanation=words)
    question = Question(field="hardware", text=f"No machine of the catalogue trains {model.id} so. Which change?", choices=("lora", "shorter rows"))
    return Outcome(status="needs_input", intent=intent, request=text, questions=(question,))


def _figures(found: Requirement) -> str:
    hours = f", {found.plan.time.hours:.1f} h" if found.plan.time and found.plan.time.hours else ""
    dollars = f", about ${found.dollars:,.2f} for the run" if found.dollars is not None else ""
    return f"{_machine(found.machine)}{hours}{dollars}, {found.price}"


def _unlimited(intent: Intent) -> Intent:
    return intent.model_copy(update={"cloud": None, "max_hours": None, "max_dollars": None})


def largest(intent: Intent, machine: Hardware, *, text: str | None = None) -> Outcome:
    """The largest models that this machine trains so; one must be picked for a config."""
    found = largest_models(intent, machine, family=largest_of(text or ""))
    names = tuple(plan.model.id for plan in found)
    asked = f"Which model? The largest that fit {machine.count} × {machine.gpu.name} are offered."
    text_if_none = f"No model of the catalogue fits {machine.count} × {machine.gpu.name} so."
    limits = _limit_words(intent)
    fix = "ask again with one of them: the limit is kept for a model"
    unmet = Finding(rule="REQ003", severity="warning", path="budget", message=f'"{limits}" does not change which models are listed', fix=fix)
    return Outcome(
        status="needs_input",
        intent=intent,
        request=text,
        questions=(Question(field="model", text=asked if found else text_if_none, choices=names),),
        hardware=machine,
        findings=(unmet,) if limits else (),
        largest=found,
    )


_OFFERED = 5
"""Models that are offered where the largest are asked for."""


def _largest_to_run(intent: Intent, machine: Hardware, text: str) -> Outcome:
    """The largest models that this machine serves as they are published, one a family; one must be picked for a config."""
    family, names = largest_of(text), dict[str, str]()
    for model in sorted(all_models(), key=lambda m: (-m.params_total, m.id)):
        other = model.family in names or not model.instruct or model.rough or (family and not model.family.lower().startswith(family))
        if len(names) < _OFFERED and not other and _serves(intent, model, machine):
            names[model.family] = model.id
    place = f"{machine.count} × {machine.gpu.name}"
    asked = f"Which model? The largest that {place} serves as they are published are offered." if names else f"No model of the catalogue is served by {place} as it is published."
    return Outcome(status="needs_input", intent=intent, request=text, questions=(Question(field="model", text=asked, choices=tuple(names.values())),), hardware=machine)


def _serves(intent: Intent, model: ModelSpec, machine: Hardware) -> bool:
    try:
        return plan_infer(intent.model_copy(update={"model": model.id}), Subject(name=model.id, model=model, machine=machine))[0].fits
    except OumiChatError:
        return False


def typical_model(params: float) -> ModelSpec | None:
    """The instruct model that stands for a size: of the best known families, then the dense one nearest to it."""
    families = ("Llama 3.3", "Llama 3.1", "Llama 3.2", "Qwen3", "Qwen2.5")
    near = [m for m in all_models() if m.instruct and not m.is_moe and not m.is_vision and abs(m.params_total / params - 1) < 0.2]

    def order(model: ModelSpec) -> tuple[bool, bool, int, float, str]:
        away = abs(model.params_total / params - 1)
        place = families.index(model.family) if model.family in families else len(families)
        return (model.family not in families, away > 0.1, place, away, model.id)

    return min(near, key=order, default=None)


def usual_model(intent: Intent, text: str) -> tuple[ModelSpec, str] | None:
    """The model that a bare size in a training request stands for, and the size as typed; None where one was named."""
    if intent.model is not None or intent.task not in ("train", None) or not (said := bare_size(text)):
        return None
    model = typical_model(said[1])
    return (model, said[0]) if model else None


def with_verdict(outcome: Outcome) -> Outcome:
    """The answer to "can I …": yes or no first, and the figures why."""
    plan = outcome.plan
    if plan is None:
        return outcome
    word = {"ok": "Yes", "does_not_fit": "No"}.get(outcome.status)
    if word is None or (word == "No" and plan.fits):
        return outcome
    how = _METHODS.get(plan.method, plan.method)
    fits = "fits" if plan.fits else "does not fit"
    unit = "" if plan.hardware.gpu.kind in ("cpu", "unified") else " per GPU"
    needs = f"{gib(plan.memory.upper):,.1f} GiB{unit} at most, of {plan.hardware.usable_gib:,.1f} usable"
    words = f"{word}: {how} of {plan.model.id} {fits} on {_machine(plan.hardware).rstrip(',')}, with {plan.sequence_length:,} tokens a row: {needs}"
    return replace(outcome, explanation=f"{words}. {outcome.explanation}")


def answer_sizing(
    asked: Asked, intent: Intent, machine: Hardware | None, resolve: Resolve, *, text: str, usual: ModelSpec | None = None
) -> Outcome | None:
    """The answer to a question of size; None where it is one for the planner after all.

    `machine` is what was stated; `resolve` turns a name into a model. `usual` stands for a bare size ("a 70b"): the
    figures are for it, and the model is asked for.
    """
    if intent.task not in (None, "train"):
        runs = asked == "largest" and intent.task == "infer" and machine is not None and intent.model is None
        return _largest_to_run(intent, machine, text) if runs and machine is not None else None
    intent = absorb(intent)
    if asked == "largest":
        return largest(intent, machine, text=text) if machine is not None and intent.model is None and usual is None else None
    if asked == "fits" or (machine is not None and asked != "count"):
        return None
    gpu = machine.gpu if machine is not None else None
    if usual is not None:
        found = requirements(intent, usual, gpu=gpu, text=text)
        question = Question(field="model", text=f"Which model? These figures are for {usual.id}, which stands for its size.", choices=(usual.id,))
        return replace(found, status="needs_input", questions=(question,), plan=None, cost=None) if found.status == "ok" else found
    if intent.model is None:
        return None
    model, notes = resolve(intent.model)
    found_for = requirements(intent, model, gpu=gpu, text=text) if model else None
    return replace(found_for, assumptions=(*notes, *found_for.assumptions)) if found_for else None
