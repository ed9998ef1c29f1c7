"""One request, from intent to outcome. Pure but for the template files: the machine is an argument."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from assistant.builder.absorb import absorb, estimate_gaps
from assistant.builder.budget import Budgeted, cost_of, keep_budget
from assistant.builder.header import header_lines
from assistant.builder.phrase import machine_phrase
from assistant.builder.prose import explain
from assistant.builder.requests import (
    EXAMPLES,
    MEANWHILE,
    MEASURED,
    Examine,
    Request,
    Resolve,
    ask,
    assumed_why,
    measured,
    missing_file_words,
    model_of,
    needs_model,
    said_model,
    stated_machine,
    unread_findings,
)
from assistant.builder.selfcheck import linted
from assistant.builder.ways_out import budget_ways, ways_out
from assistant.catalogue.clouds import refuse_nodes
from assistant.catalogue.machines import assumed_machines
from assistant.checks.guards import check, refuse_said, written
from assistant.configs.build import train_config
from assistant.configs.render import render
from assistant.core.datafacts import DataFacts
from assistant.core.errors import NeedsInputError
from assistant.core.intent import Intent
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.values import Finding, Hardware, ModelSpec, Plan, Question, Reason
from assistant.planner.alternatives import alternatives
from assistant.planner.data import data_kind, is_local
from assistant.planner.localdata import objective_of
from assistant.planner.plan import Planned, make_plan
from assistant.planner.requirements import more_of_the_same, rentable
from assistant.reader.otherkinds import SAID

_TASKS = ("train",)
_WITHOUT_MODEL = ("judge", "synthesize")
"""Tasks for which a model is a tool and not the subject: they have one of their own."""
_JOB = re.compile(r"\bjobs?\b|\blaunch", re.IGNORECASE)
_ROWS = re.compile(r"data\.train\.datasets(?:$|\[\d+\]\.(?:sample_count|split|subset|mixture_proportion)$)")
"""Overrides that say which rows are trained on."""
_IMAGES = re.compile(r"(?:image|picture|photo|vision|visual)s?(?: captions?| captioning| data)?", re.IGNORECASE)
_VISION_EXAMPLES = ("Qwen2.5-VL 7B", "Llama 3.2 11B Vision", "SmolVLM")


def respond(
    intent: Intent,
    *,
    machine: Hardware | None = None,
    machine_notes: tuple[Reason, ...] = (),
    notes: tuple[Reason, ...] = (),
    conflicts: tuple[Question | str, ...] = (),
    unread: tuple[str, ...] = (),
    resolve: Resolve | None = None,
    exists: Callable[[str], bool] | None = None,
    examine: Examine | None = None,
    request: str | None = None,
) -> Outcome:
    """Plan and build what the intent asks for.

    `machine` is a stated or probed machine and wins over the intent's own; `resolve` turns a name into a
    model (the catalogue alone by default); `exists` tells whether a local file is here and `examine(path, objective,
    model id)` reads it; `conflicts` must be answered first; `unread` are pieces of the request nobody understood.

    Raises:
        UsageError: a value that cannot be taken, such as an unknown field or GPU.
    """
    asked = Request(
        intent=intent,
        machine=machine,
        machine_notes=machine_notes,
        notes=tuple(note for note in notes if note.why != SAID and (note.field != MEASURED or intent.task in _TASKS)),
        said={note.field: str(note.value) for note in notes if note.why == SAID},
        conflicts=conflicts,
        unread=unread,
        resolve=resolve,
        exists=exists,
        examine=examine,
        text=request,
    )
    try:
        return linted(_with_job(_answer(asked), asked))
    except NeedsInputError as problem:
        question = problem.args[0]
        if not isinstance(question, Question):
            question = Question(field=problem.context or "request", text=problem.message)
        return ask(asked, question, explanation=problem.hint)


def _with_job(outcome: Outcome, asked: Request) -> Outcome:
    """The outcome with a job where a cloud was said; most requests name none. Words for this machine alone ask for no job."""
    if outcome.status != "ok" or not outcome.files or outcome.intent.cloud is None:
        return outcome
    if outcome.intent.cloud == "local" and asked.text and not _JOB.search(asked.text):
        return outcome
    from assistant.builder.jobs import with_job

    return with_job(outcome, exists=asked.exists)


def _answer(asked: Request) -> Outcome:
    if asked.conflicts:
        return ask(asked, *(q if isinstance(q, Question) else Question(field="request", text=q) for q in asked.conflicts))
    machine, _ = stated_machine(asked)
    refuse_nodes(asked.intent.cloud, machine.nodes if machine else asked.intent.nodes or 1, said_as="machine" if asked.intent.nodes is None else "nodes")
    if asked.intent.task in (None, *_TASKS):  # other kinds have other fields
        asked = replace(asked, intent=absorb(asked.intent))
    missing = _missing(asked)
    if missing:
        return ask(asked, *missing)
    if asked.intent.task not in _TASKS:
        from assistant.builder.kinds import respond_task  # most requests are to train

        return respond_task(asked)
    model, notes = model_of(asked)
    model = measured(model, asked.notes)
    return _plan_for(_images_said(replace(asked, notes=(*asked.notes, *notes)), model), model)


def _missing(asked: Request) -> list[Question]:
    """What must be asked before anything can be planned."""
    questions = []
    if asked.intent.task is None:
        choices = ("train", "evaluate", "infer")
        text = "What should be done?" if asked.intent.model else "What should be trained, evaluated or served?"
        questions.append(Question(field="task", text=text, choices=choices))
    if asked.intent.model is None and asked.intent.task not in _WITHOUT_MODEL:
        text = "Which model? A name, a Hugging Face id or a local folder."
        questions.append(Question(field="model", text=text, choices=EXAMPLES))
    return questions


def _images_said(asked: Request, model: ModelSpec) -> Request:
    """The request with its word for images acted on: rows with images, which not every multimodal family is tuned on.

    Raises:
        NeedsInputError: the model reads text alone.
    """
    said = [piece for piece in asked.unread if _IMAGES.fullmatch(piece.strip())]
    if not said or (asked.intent.objective or "sft") != "sft":
        return asked
    if not model.is_vision:
        raise needs_model(f'{model.id} reads text alone, and "{said[0]}" was said. Which model?', _VISION_EXAMPLES)
    asked = replace(asked, unread=tuple(piece for piece in asked.unread if piece not in said))
    if data_kind("sft", model, asked.intent.dataset, asked.intent.overrides) == "vision_sft":
        return asked
    collator = {"data.train.collator_name": "vision_language_with_padding"}
    intent = asked.intent.model_copy(update={"overrides": {**collator, **(asked.intent.overrides or {})}})
    return replace(asked, intent=intent)


def _read_data(asked: Request, model: ModelSpec) -> tuple[Request, DataFacts | None]:
    """The request's local file, read; where no objective was said, that of its rows, noted."""
    path, objective = asked.intent.dataset, asked.intent.objective
    if asked.examine is None or not path or not is_local(path):
        return asked, None
    facts = asked.examine(path, objective or "sft", model.id)
    meant = objective_of(facts) if facts is not None else None
    if facts is None or objective or meant in (None, "sft"):
        return asked, facts
    note = Reason(field="objective", value=meant, why=f"not said; the rows of {facts.name} are made for it")
    changed = asked.intent.model_copy(update={"objective": meant})
    return replace(asked, intent=changed, notes=(*asked.notes, note)), asked.examine(path, str(meant), model.id)


def _plan_for(asked: Request, model: ModelSpec) -> Outcome:
    asked, data = _read_data(asked, model)
    machine, notes = stated_machine(asked)
    if machine is None:
        machine, planned = _assumed(asked.intent, model, data)
        notes = (Reason(field="hardware", value=f"{machine.count}x{machine.gpu.name}", why=assumed_why(asked.intent, fits=planned.plan.fits)),)
    else:
        planned = make_plan(asked.intent, model, machine, data=data)
    kept = keep_budget(asked.intent, planned, lambda intent: make_plan(intent, model, machine, data=data))
    return _finish(replace(asked, notes=(*asked.notes, *notes, *kept.notes)), model, kept, data)


def _assumed(intent: Intent, model: ModelSpec, data: DataFacts | None) -> tuple[Hardware, Planned]:
    """The first rung of the ladder that fits; the last one if none does."""
    rungs = [m for m in assumed_machines() if _matches(intent, m)]
    if intent.gpu_count or intent.nodes or not rungs:
        sized = {m.gpu.name: m for m in assumed_machines()}.values()
        rungs = [replace(m, count=intent.gpu_count or m.count, nodes=intent.nodes or 1) for m in sized]
    offered = rentable(rungs, intent)
    slow: tuple[Hardware, Planned] | None = None
    for machine in [m for m in offered if _matches(intent, m)] or offered:
        tried = (machine, make_plan(intent, model, machine, data=data))
        plan = tried[1].plan
        if plan.fits and not (plan.cpu_offload and offered != rungs):
            return tried
        slow = tried if plan.fits and slow is None else slow  # states in CPU memory: on rented GPUs more of them cost less
    return slow or tried


def _matches(intent: Intent, machine: Hardware) -> bool:
    return not (intent.sharding in ("fsdp", "deepspeed") and machine.world == 1)


def _finish(asked: Request, model: ModelSpec, kept: Budgeted, data: DataFacts | None) -> Outcome:
    plan = _meanwhile(kept.planned.plan, asked.notes)
    assumptions = (*asked.notes, *kept.planned.assumptions)
    findings = (*unread_findings(asked.unread, asked.text), *kept.findings, *_unmet_findings(asked.intent), *_file_findings(asked, plan), *plan.findings)
    base = Outcome(
        status="ok",
        intent=asked.intent.model_copy(update={"model": asked.intent.model and said_model(asked, model)}),
        request=asked.text,
        assumptions=assumptions,
        hardware=plan.hardware,
        plan=plan,
        cost=cost_of(plan, asked.intent),
        findings=findings,
    )
    if not plan.fits:
        return _told(replace(base, status="does_not_fit", ways_out=ways_out(asked.intent, model, plan.hardware)))
    base = _told(base)
    if kept.over:
        ways = budget_ways(asked.intent, model, plan)
        return replace(base, status="does_not_fit", ways_out=ways, explanation=f"{kept.over}. {base.explanation}")
    config = train_config(plan)
    found = check(config.body, plan)
    refuse_said(found)
    told = {finding.rule for finding in (*findings, *found)}
    slips = tuple(finding for finding in written(config.body, plan) if finding.rule not in told)
    findings = (*findings, *found, *slips, *_offload_findings(asked.intent, model, plan))
    others = alternatives(asked.intent, model, plan.hardware, plan, data=data)
    plan = replace(plan, alternatives=others)
    command = launch_command(plan, "train.yaml")
    header = header_lines(plan, asked.text, assumptions, findings, command)
    file = ConfigFile(kind="train", name="train.yaml", yaml=render(config, header))
    return replace(base, plan=plan, findings=findings, files=(file,), commands=(command,))


def _meanwhile(plan: Plan, notes: tuple[Reason, ...]) -> Plan:
    """The plan whose reasons call nothing asked for that is planned for another reason, or only stands in while a question is open."""
    given = tuple(note for note in notes if note.field in plan.overrides)  # by what comes after it, not by words
    plan = replace(plan, decisions=(*plan.decisions, *given)) if given else plan
    open_fields = {note.field for note in notes if note.why.startswith(MEANWHILE)}
    if not open_fields:
        return plan
    reasons = (replace(r, why=re.sub(r"\bas asked$", MEANWHILE, r.why)) if r.field in open_fields else r for r in plan.decisions)
    return replace(plan, decisions=tuple(reasons))


def _told(outcome: Outcome) -> Outcome:
    return replace(outcome, explanation=explain(outcome))


def launch_command(plan: Plan, name: str) -> str:
    """The command that starts this plan's config: torchrun for several GPUs, verl by itself."""
    if plan.hardware.world == 1 or plan.trainer == "VERL_GRPO":
        return f"oumi train -c {name}"
    return f"oumi distributed torchrun -m oumi train -c {name}"


def _offload_findings(intent: Intent, model: ModelSpec, plan: Plan) -> tuple[Finding, ...]:
    """States in CPU memory fit and are slow: the machine that needs none of that is named."""
    larger = more_of_the_same(intent, model, plan.hardware) if plan.cpu_offload else None
    if larger is None:
        return ()
    message = f"states in CPU memory make this several times slower; {machine_phrase(larger.machine)} would hold them"
    if plan.time and plan.time.hours and larger.plan.time and larger.plan.time.hours:
        message += f", in about {larger.plan.time.hours:.0f} h instead of {plan.time.hours:.0f}"
    fix = f"more GPUs, {larger.price}" if larger.hourly else "more GPUs"
    return (Finding(rule="MEM009", severity="warning", path="fsdp.cpu_offload", message=message, fix=fix),)


def _file_findings(asked: Request, plan: Plan) -> tuple[Finding, ...]:
    """A data file that is not on this machine: fine for another one, a slip otherwise."""
    path = plan.dataset.path or plan.dataset.kwargs.get("data_files")
    if asked.exists is None or not isinstance(path, str) or asked.exists(path):
        return ()
    message, fix = missing_file_words(path, "the training runs", fetched=plan.dataset.path is None)
    return (Finding(rule="DAT002", severity="warning", path="data.train.datasets", message=message, fix=fix),)


def _unmet_findings(intent: Intent) -> tuple[Finding, ...]:
    """What was asked for and this release does not act on: never dropped in silence."""
    found = []
    if intent.cloud is None and intent.spot is not None:
        found.append(("REQ003", "cloud", "spot or not is a matter of the job, and no cloud was named: no job file is written", "say where it runs: aws, gcp, …"))
    found += [
        ("MEM004", path, f"{path} was set by hand: the memory estimate does not count it", "check it yourself before the run")
        for path in estimate_gaps(intent)
    ]
    found += [
        ("REQ009", path, f"{path} was set by hand: time and cost are those of all rows of the data that was said", "count them for the rows that are left")
        for path in intent.overrides or ()
        if _ROWS.match(path)
    ]
    found += _resumed(intent)
    return tuple(
        Finding(rule=rule, severity="warning", path=path, message=message, fix=fix)
        for rule, path, message, fix in found
    )


def _resumed(intent: Intent) -> list[tuple[str, str, str, str]]:
    """A run that is resumed ends where its count says, and the count begins with the run that it goes on with (transformers' Trainer)."""
    overrides = intent.overrides or {}
    path = next((p for p in ("training.resume_from_checkpoint", "training.try_resume_from_last_checkpoint") if overrides.get(p)), None)
    key, unit = ("max_steps", "step") if intent.max_steps else ("epochs", "epoch")
    count = getattr(intent, key)
    if path is None or count is None:
        return []
    plural = f"{count:g} {unit}{'' if count == 1 else 's'}"
    return [("TRN070", path, f"a resumed run counts from its first start: it ends after {plural} in all, not {plural} more", f"for more, add what the checkpoint has behind it to {key}")]
