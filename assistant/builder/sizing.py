"""Questions of size, without a config: what a run takes, what it needs, what a machine can train."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assistant.builder.absorb import absorb
from assistant.builder.budget import cost_of
from assistant.builder.existing import Existing, plan_of_config, run_of_config
from assistant.builder.respond import Resolve
from assistant.builder.ways_out import ways_out
from assistant.catalogue.architectures import size_in_name
from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.models import all_models
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.units import gib
from assistant.core.values import Finding, Hardware, ModelSpec, Question
from assistant.planner.explain import summary
from assistant.planner.memory import estimate
from assistant.planner.requirements import largest_models, least_hardware

_SIZE_WORD = re.compile(r"(\d+(?:\.\d+)?\s?[bm])\b[?.,!]?", re.IGNORECASE)
_METHODS = {"full": "full training", "lora": "LoRA", "qlora": "QLoRA"}


def of_config(body: Mapping[str, Any], model: ModelSpec, machine: Hardware, *, text: str | None = None) -> Outcome:
    """What an existing config takes on this machine; it does not fit where its rows at full length do not.

    Raises:
        UsageError: a field that the estimate rests on has a wrong type.
    """
    plan = plan_of_config(body, model, machine)
    shorter = _shorter_rows(body, model, machine)
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


def _shorter_rows(body: Mapping[str, Any], model: ModelSpec, machine: Hardware) -> tuple[Finding, ...]:
    """The same run over rows of the dataset's mean length, where that is known and much shorter."""
    config = Existing.of(body)
    choice = config.dataset()
    spec = find_dataset(choice.name) if choice.path is None else None
    run = run_of_config(config, model, machine)
    if config.packs or spec is None or not spec.mean_tokens or spec.mean_tokens * 2 > run.sequence:
        return ()
    mean = estimate(replace(run, sequence=spec.mean_tokens))
    message = (
        f"rows of {spec.id} have {spec.mean_tokens:,} tokens on average: a micro-batch of such rows takes about "
        f"{gib(mean.point)} GiB; the verdict is for rows of the full {run.sequence:,}"
    )
    return (Finding(rule="MEM008", severity="info", path="model.model_max_length", message=message, fix="lower it to what the rows need"),)


def requirements(intent: Intent, model: ModelSpec, *, text: str | None = None) -> Outcome:
    """The least hardware for a run, by price."""
    found = least_hardware(intent, model)
    if not found:
        question = Question(field="hardware", text=f"No machine of the catalogue trains {model.id} so. Which change?", choices=("lora", "shorter rows"))
        return Outcome(status="needs_input", intent=intent, request=text, questions=(question,))
    least = found[0]
    how = _METHODS.get(least.plan.method, least.plan.method)
    words = f"{how} of {model.id} fits on {least.machine.world} × {least.machine.gpu.name} at the least cost"
    return Outcome(
        status="ok",
        intent=intent,
        request=text,
        hardware=least.machine,
        plan=least.plan,
        cost=cost_of(least.plan, intent),
        requirements=found,
        explanation=f"{words}. {summary(least.plan)}",
    )


def largest(intent: Intent, machine: Hardware, *, text: str | None = None) -> Outcome:
    """The largest models that this machine trains so; one must be picked for a config."""
    found = largest_models(intent, machine)
    names = tuple(plan.model.id for plan in found)
    asked = f"Which model? The largest that fit {machine.count} × {machine.gpu.name} are offered."
    text_if_none = f"No model of the catalogue fits {machine.count} × {machine.gpu.name} so."
    return Outcome(
        status="needs_input",
        intent=intent,
        request=text,
        questions=(Question(field="model", text=asked if found else text_if_none, choices=names),),
        hardware=machine,
        largest=found,
    )


def typical_model(params: float) -> ModelSpec | None:
    """The instruct model that stands for a size: the dense one nearest to it, the best known family first."""
    families = ("Llama 3.3", "Llama 3.1", "Llama 3.2", "Qwen3", "Qwen2.5")
    near = [m for m in all_models() if m.instruct and not m.is_moe and not m.is_vision and abs(m.params_total / params - 1) < 0.2]
    return min(near, key=lambda m: (m.family not in families, families.index(m.family) if m.family in families else 0, abs(m.params_total - params), m.id), default=None)




def answer_sizing(asked: str, intent: Intent, machine: Hardware | None, resolve: Resolve, *, text: str) -> Outcome | None:
    """The answer to a question of size; None where it is one for the planner after all.

    `machine` is what was stated; `resolve` turns a name into a model. A bare size ("a 70b") is answered for a model
    that stands for it, and the model is asked for.
    """
    intent = absorb(intent)
    if asked == "largest" and machine is not None and intent.model is None:
        return largest(intent, machine, text=text)
    if asked != "requirements" or machine is not None:
        return None
    if intent.model is not None:
        model, notes = resolve(intent.model)
        found = requirements(intent, model, text=text) if model else None
        return replace(found, assumptions=notes) if found else None
    size = size_in_name(_SIZE_WORD.sub(r"\1", text).replace(" ", "-"))
    typical = typical_model(size) if size else None
    if typical is None:
        return None
    found = requirements(intent, typical, text=text)
    question = Question(field="model", text=f"Which model? These figures are for {typical.id}, which stands for its size.", choices=(typical.id,))
    return replace(found, status="needs_input", questions=(question,), plan=None, cost=None)
