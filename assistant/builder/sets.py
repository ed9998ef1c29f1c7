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
    return _joined(whole, found, step.unread)


def base_note(plan: Plan) -> Reason:
    """Which model a training started from, and whether its result is whole or an adapter."""
    what = "is trained whole" if plan.method == "full" else "is what its adapter goes onto"
    return Reason(field=BASE, value=plan.model.id, why=f"{what} there")


def _of_what_is_trained(training: Intent, step: Later, plan: Plan) -> tuple[Intent, tuple[Reason, ...]]:
    """The intent of a step: of the folder that the training writes, on its machine."""
    notes = (Reason(field="model", value=plan.output_dir, why="what the training before writes"), base_note(plan))
    said = step.intent
    machine = {key: value for key in _OF_THE_MACHINE if (value := getattr(training, key)) is not None and getattr(said, key) is None}
    own = tuple(note for note in step.notes if note.field not in ("model", BASE))
    return said.model_copy(update={**machine, "model": plan.output_dir}), (*notes, *own)


def _joined(whole: Outcome, step: Outcome, unread: tuple[str, ...]) -> Outcome:
    second = without_job(step)
    known = {finding.message for finding in whole.findings}
    own = tuple(finding for finding in second.findings if not finding.rule.startswith("JOB"))  # the set's job tells its own
    news = tuple(finding for finding in own if finding.message not in known and not _awaits(finding, whole))
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


def _awaits(finding: Finding, training: Outcome) -> bool:
    """True for a warning that the folder is not here: the training writes it."""
    return training.plan is not None and training.plan.output_dir in finding.message and "not on this machine" in finding.message


def without_job(outcome: Outcome) -> Outcome:
    """The outcome without its job: one is made for the whole set."""
    if outcome.job is None:
        return outcome
    kept = tuple(finding for finding in outcome.findings if not finding.rule.startswith("JOB"))
    return replace(outcome, job=None, files=outcome.files[:-1], commands=outcome.commands[:-1], findings=kept)


def _left_out(training: Outcome, words: str, reason: str) -> Outcome:
    finding = Finding(
        rule="REQ006", severity="warning", path="request", message=f'left out: "{words[:80]}" ({reason[:200]})', fix="ask for it when the training's config is there",
    )  # fmt: skip
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
