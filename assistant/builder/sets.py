"""A training and the steps on what it writes, as one answer: configs for the same machine and the same folder, one job for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from assistant.builder.requests import unread_findings
from assistant.builder.subjects import BASE
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Finding, Hardware, Plan, Reason
from assistant.reader.reading import Later

_OF_THE_MACHINE = ("gpu", "gpu_count", "nodes", "gpu_memory_gb", "cloud", "spot")
Respond = Callable[[Intent, Hardware | None, tuple[Reason, ...]], Outcome]


def with_steps(training: Outcome, later: tuple[Later, ...], respond: Respond, *, exists: Callable[[str], bool] | None = None) -> Outcome:
    """The training's outcome with the config of each step after it, and one job for all of them where a cloud was said.

    `respond(intent, machine, notes)` plans a step. One that cannot be planned is left out, and a finding says why and how
    to ask for it.
    """
    if training.status != "ok" or training.plan is None:
        for step in later:
            training = _left_out(training, step.words, "the training comes first")
        return training
    whole = without_job(training)
    for step in later:
        whole = _with_step(whole, step, respond)
    if training.job is None:
        return whole
    from assistant.builder.jobs import with_job  # most requests name no cloud

    return with_job(whole, exists=exists)


def _with_step(whole: Outcome, step: Later, respond: Respond) -> Outcome:
    assert whole.plan is not None
    if step.intent.task == "quantize" and (why := _why_not_quantized(whole.plan)):
        return _left_out(whole, step.words, why, fix="")
    if step.intent.task == "judge":
        rows = step.intent.dataset or answers_in(whole)
        if rows is None:
            return _left_out(whole, step.words, NO_ANSWERS, fix=ASK_ANSWERS)
        intent, notes = _of_the_answers(whole.intent, step, rows)
    else:
        intent, notes = _of_what_is_trained(whole.intent, step, whole.plan)
    try:
        found = respond(intent, whole.plan.hardware, notes)
    except OumiChatError as problem:
        return _left_out(whole, step.words, problem.message)
    if found.status != "ok" or not found.files:
        reason = found.questions[0].text if found.questions else "it does not fit this machine"
        return _left_out(whole, step.words, reason)
    if any(file.kind == found.files[0].kind for file in whole.files):
        return _left_out(whole, step.words, f"there is an {found.files[0].name} already")
    found = replace(found, findings=tuple(finding for finding in found.findings if not _awaits(finding, whole)))
    return _after_quantizing(_joined(whole, found, step.unread), found)


def _after_quantizing(whole: Outcome, step: Outcome) -> Outcome:
    """A step said after the quantization runs what was trained, in 16 bits: how it runs the smaller one is told."""
    smaller = next((one.task_plan for one in whole.then if one.intent.task == "quantize"), None)
    if smaller is None or step.intent.task not in ("evaluate", "infer"):
        return whole
    name = step.files[0].name
    finding = Finding(
        rule="REQ010", severity="info", path="model.model_name", message=f"{name} runs the trained model before it is quantized",
        fix=f"for the quantized one write model.model_name: {smaller.holes['output_path']} there",
    )  # fmt: skip
    return replace(whole, findings=(*whole.findings, finding))


SAVE_MODE = "peft.peft_save_mode"
"""Oumi's field for what a training with adapters saves at its end."""


def can_merge(plan: Plan) -> bool:
    """True for a training of which Oumi can save the adapter merged into its base: in 16 bits, each GPU with a whole copy (hf_trainer.py, 0.9)."""
    return plan.method == "lora" and plan.sharding in ("none", "ddp") and plan.overrides.get(SAVE_MODE, "MERGED") == "MERGED" and plan.trainer != "VERL_GRPO"


def base_note(plan: Plan, *, merged: bool = False) -> Reason:
    """Which model a training started from, and whether its result is whole or an adapter; `merged` where a step needs it whole."""
    is_merged = (merged and can_merge(plan)) or (plan.overrides.get(SAVE_MODE) == "MERGED" and plan.sharding in ("none", "ddp"))
    what = "is trained whole" if plan.method == "full" else f"is merged with what is learned ({SAVE_MODE}: MERGED)" if is_merged else "is what its adapter goes onto"
    return Reason(field=BASE, value=plan.model.id, why=f"{what} there")


def merging(plan: Plan | None, later: tuple[Later, ...]) -> Reason | None:
    """What the training must save for a step to be possible: a quantization reads whole models alone; None where nothing has to change."""
    if plan is None or not any(step.intent.task == "quantize" for step in later) or not can_merge(plan) or SAVE_MODE in plan.overrides:
        return None
    return Reason(field=SAVE_MODE, value="MERGED", why="what is quantized must be a whole model: the adapter is merged into it at the end")


def _why_not_quantized(plan: Plan) -> str:
    """Why the result of this training cannot be quantized as it is, and what makes it whole; empty where it can."""
    if plan.method == "full" or can_merge(plan):
        return ""
    if plan.method == "qlora":
        what = "QLoRA's base is in 4 bits and stays so when merged"
    elif plan.overrides.get(SAVE_MODE) is not None and plan.sharding in ("none", "ddp"):
        what = f"{SAVE_MODE} {plan.overrides[SAVE_MODE]} saves an adapter"
    elif plan.sharding == "fsdp":
        what = "under FSDP Oumi saves the adapter alone"
    else:
        what = "the weights may be in shards when Oumi would merge the adapter"
    return f"{what}, and Oumi's quantization reads whole models in 16 bits: merge {plan.output_dir} into {plan.model.id} first (peft's merge_and_unload), then quantize that folder"


def _of_what_is_trained(training: Intent, step: Later, plan: Plan) -> tuple[Intent, tuple[Reason, ...]]:
    """The intent of a step: of the folder that the training writes, on its machine."""
    notes = (Reason(field="model", value=plan.output_dir, why="what the training before writes"), base_note(plan))
    said = step.intent
    machine = {key: value for key in _OF_THE_MACHINE if (value := getattr(training, key)) is not None and getattr(said, key) is None}
    own = tuple(note for note in step.notes if note.field not in ("model", BASE))
    return said.model_copy(update={**machine, "model": plan.output_dir}), (*notes, *own)


NO_ANSWERS = "a judge reads answers, and no step before it writes any"
ASK_ANSWERS = 'say first what the trained model is to answer: "then answer prompts.jsonl with it"'


def answers_in(whole: Outcome) -> str | None:
    """The file that the inference among these configs writes its answers to; None where none does."""
    import yaml

    from assistant.configs.library import LOADER  # few sets have a judge

    for file in whole.files:
        if file.kind == "infer":
            body = yaml.load(file.yaml, Loader=LOADER)
            return str(body["output_path"]) if body.get("input_path") and body.get("output_path") else None
    return None


def told_of_answers(judge: Outcome) -> Outcome:
    """A judge after a training that has nothing to judge yet: planned for a file that stands for the answers, and that is told."""
    finding = Finding(rule="REQ011", severity="warning", path="dataset", message=f"{NO_ANSWERS}: answers.jsonl stands for them", fix=f"{ASK_ANSWERS}; or name the file")
    return replace(judge, findings=(finding, *judge.findings)) if judge.files else judge


def _of_the_answers(training: Intent, step: Later, rows: str) -> tuple[Intent, tuple[Reason, ...]]:
    """The intent of a judge: of the answers that were written before, by a model of its own, on the machine of the set where it runs here."""
    said = step.intent
    machine = {key: value for key in _OF_THE_MACHINE if (value := getattr(training, key)) is not None and getattr(said, key) is None}
    here = () if said.dataset else (Reason(field="dataset", value=rows, why="the answers that infer.yaml writes"),)
    own = tuple(note for note in step.notes if note.field not in ("model", BASE) or note.value == said.model)
    return said.model_copy(update={**machine, "dataset": rows}), (*here, *own)


def _joined(whole: Outcome, step: Outcome, unread: tuple[str, ...]) -> Outcome:
    second = without_job(step)
    known = {finding.message for finding in whole.findings}
    own = tuple(finding for finding in second.findings if not finding.rule.startswith("JOB"))  # the set's job tells its own
    news = tuple(finding for finding in own if finding.message not in known)
    taken = {note.field for note in whole.assumptions}
    notes = tuple(
        replace(note, why=f"in {second.files[0].name}: {note.why}") if note.field in taken else note
        for note in second.assumptions
        if note not in whole.assumptions and note.field not in ("hardware", "model", BASE)
    )
    return replace(
        whole,
        then=(*whole.then, second),
        files=(*whole.files, *second.files),
        commands=(*whole.commands, *second.commands),
        findings=(*whole.findings, *unread_findings(unread), *news),
        assumptions=(*whole.assumptions, *notes),
    )


def _awaits(finding: Finding, whole: Outcome) -> bool:
    """True for a warning that a folder or a file is not here which a config before writes."""
    written = (whole.plan.output_dir if whole.plan is not None else None, answers_in(whole))
    return "not on this machine" in finding.message and any(name is not None and name in finding.message for name in written)


def without_job(outcome: Outcome) -> Outcome:
    """The outcome without its job: one is made for the whole set."""
    if outcome.job is None:
        return outcome
    kept = tuple(finding for finding in outcome.findings if not finding.rule.startswith("JOB"))
    return replace(outcome, job=None, files=outcome.files[:-1], commands=outcome.commands[:-1], findings=kept)


def _left_out(training: Outcome, words: str, reason: str, *, fix: str = "ask for it when the training's config is there") -> Outcome:
    finding = Finding(rule="REQ006", severity="warning", path="request", message=f'left out: "{words[:80]}" ({reason[:400]})', fix=fix)
    return replace(training, findings=(*training.findings, finding))


def rejoined(training: Outcome, step: Outcome) -> Outcome:
    """The training's outcome with this step in the place of the one of its kind; without a job."""
    own = without_job(training)
    kept = tuple(one for one in own.steps if one.file.kind != step.files[0].kind)
    others = replace(
        own,
        then=tuple(part for part in own.then if part.files[0].kind != step.files[0].kind),
        files=tuple(one.file for one in kept),
        commands=tuple(command for one in kept for command in one.commands),
    )
    return _joined(others, step, ())
