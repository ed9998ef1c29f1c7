"""Requests for a hyper-parameter search: `sweep the learning rate of qwen3 0.6b, 20 trials`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace

from assistant.builder.absorb import absorb
from assistant.builder.kinds import finished
from assistant.builder.phrase import machine_flag, machine_phrase
from assistant.builder.requests import Request, assumed_why, model_of, said_model, stated_machine, unread_findings
from assistant.catalogue.machines import assumed_machines
from assistant.checks.schema import coerce, field
from assistant.core.datafacts import DataFacts
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome, WayOut
from assistant.core.taskplan import TaskPlan
from assistant.core.units import gib
from assistant.core.values import Hardware, ModelSpec, Reason
from assistant.planner.data import is_local
from assistant.planner.requirements import way_price
from assistant.planner.tune import Search, plan_tune


def respond(asked: Request) -> Outcome:
    """The outcome of a request for a search.

    Raises:
        NeedsInputError: the model is not clear, or nothing can be held back to validate on.
        UsageError: a value that cannot be taken.
    """
    model, named = model_of(asked)
    asked = replace(asked, notes=(*asked.notes, *named), intent=asked.intent.model_copy(update={"model": said_model(asked, model)}))
    search = _search(asked)
    data = _seen(asked, model)
    stated, notes = stated_machine(asked)
    machine = stated or _assumed(search, model, data)
    plan, assumed = plan_tune(search, model, machine, data)
    if stated is None:
        notes = (Reason(field="hardware", value=machine_phrase(machine), why=assumed_why(asked.intent, fits=plan.fits)),)
    plan = replace(plan, findings=(*unread_findings(asked.unread), *plan.findings))
    ways = () if plan.fits else tuple(_ways(search, model, machine, data))
    return finished(asked, plan, (*notes, *assumed), ways)


def _search(asked: Request) -> Search:
    """The training around which is searched, and what belongs to the search alone; each typed by Oumi's schema of its kind."""
    said = asked.intent.overrides or {}
    own = {path: value for path, value in said.items() if path.startswith("tuning.") or field(path) is None}
    rest = {path: value for path, value in said.items() if path not in own}
    training = asked.intent.model_copy(update={"task": "train", "overrides": rest or None})
    typed = {path: coerce(path, value, "tune") for path, value in sorted(own.items())}
    output = typed.get("tuning.output_dir")
    training = absorb(training.model_copy(update={"output_dir": output}) if output else training)
    return Search(training=training, own=typed, words=asked.said.get("search"), validation=asked.said.get("validation"))


def _seen(asked: Request, model: ModelSpec) -> DataFacts | None:
    path = asked.intent.dataset
    if asked.examine is None or not path or not is_local(path):
        return None
    return asked.examine(path, "sft", model.id)


def _assumed(search: Search, model: ModelSpec, data: DataFacts | None) -> Hardware:
    """The first usual GPU that holds a trial; the largest if none does."""
    ones = [replace(machine, count=1) for machine in assumed_machines()]
    return next((one for one in ones if plan_tune(search, model, one, data)[0].fits), ones[-1])


def _ways(search: Search, model: ModelSpec, machine: Hardware, data: DataFacts | None) -> Iterator[WayOut]:
    """Adapters on this GPU, then a larger one."""
    for method, words in (("lora", "LoRA"), ("qlora", "QLoRA")):
        if search.training.method in (None, method) or (method == "qlora" and not machine.gpu.is_torch_cuda):
            continue
        other = replace(search, training=search.training.model_copy(update={"method": method, "lora_rank": None, "lora_alpha": None}))
        plan, _ = plan_tune(other, model, machine, data)
        if plan.fits and (way := _way(words, other.training, plan, machine)):
            yield way
            break
    larger = sorted({one.gpu.name: one for one in assumed_machines()}.values(), key=lambda one: one.gpu.usable_gib)
    for one in (replace(each, count=1, nodes=1) for each in larger if each.gpu.usable_gib > machine.gpu.usable_gib):
        plan, _ = plan_tune(search, model, one, data)
        if plan.fits and (way := _way(machine_phrase(one), search.training, plan, one)):
            yield replace(way, price=way_price(search.training.cloud, one))
            break


def _way(change: str, intent: Intent, plan: TaskPlan, machine: Hardware) -> WayOut | None:
    if plan.memory is None or plan.training is None:
        return None
    words = ["hyperparameter search for", plan.training.method if plan.training.method != "full" else "full fine-tuning", "of", intent.model or ""]
    words += [f"on {intent.dataset}"] if intent.dataset else []
    request = " ".join(words)
    command = f"oumi-chat --gpus {shlex.quote(machine_flag(replace(machine, count=1, nodes=1)))} {shlex.quote(request)}"
    return WayOut(change=change, memory_gib=gib(plan.memory.upper), usable_gib=round(machine.usable_gib, 2), request=request, command=command)
