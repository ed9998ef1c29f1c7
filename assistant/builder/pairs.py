"""A training and the evaluation of what it writes, as one answer: both configs, for the same machine and the same folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from assistant.builder.requests import unread_findings
from assistant.builder.subjects import BASE
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Finding, Hardware, Plan, Reason

_OF_THE_MACHINE = ("gpu", "gpu_count", "nodes", "gpu_memory_gb", "cloud", "spot")
Respond = Callable[[Intent, Hardware | None, tuple[Reason, ...]], Outcome]


def with_evaluation(
    training: Outcome, said: Intent, words: str, respond: Respond, *, unread: tuple[str, ...] = (), exists: Callable[[str], bool] | None = None
) -> Outcome:
    """The training's outcome with the config of its evaluation beside it, and one job for both where a cloud was said.

    `said` is what the evaluation's words say, `respond(intent, machine, notes)` plans it. Where no evaluation can be planned
    the training stands alone, and a finding says what was left out and how to ask for it.
    """
    plan = training.plan
    if training.status != "ok" or plan is None:
        return _left_out(training, words, "the training comes first")
    intent, notes = _evaluation(training.intent, said, plan)
    try:
        found = respond(intent, plan.hardware, notes)
    except OumiChatError as problem:
        return _left_out(training, words, problem.message)
    if found.status != "ok" or not found.files:
        reason = found.questions[0].text if found.questions else "it does not fit this machine"
        return _left_out(training, words, reason)
    joined = _joined(training, found, unread)
    if training.job is None:
        return joined
    from assistant.builder.jobs import with_job  # most requests name no cloud

    return with_job(joined, exists=exists)


def _evaluation(training: Intent, said: Intent, plan: Plan) -> tuple[Intent, tuple[Reason, ...]]:
    """The intent of the evaluation: of the folder that the training writes, on its machine."""
    what = "is trained whole" if plan.method == "full" else "is what its adapter goes onto"
    notes = (
        Reason(field="model", value=plan.output_dir, why="what the training before writes"),
        Reason(field=BASE, value=plan.model.id, why=f"{what} there"),
    )
    machine = {key: value for key in _OF_THE_MACHINE if (value := getattr(training, key)) is not None and getattr(said, key) is None}
    return said.model_copy(update={**machine, "model": plan.output_dir}), notes


def _joined(training: Outcome, evaluation: Outcome, unread: tuple[str, ...]) -> Outcome:
    first, second = _configs(training), _configs(evaluation)
    known = {finding.message for finding in first.findings}
    findings = (*first.findings, *unread_findings(unread), *(f for f in second.findings if f.message not in known and not _awaits(f, training)))
    notes = tuple(note for note in second.assumptions if note not in first.assumptions and note.field not in ("hardware", BASE))
    return replace(
        first,
        then=second.task_plan,
        files=(*first.files, *second.files),
        commands=(*first.commands, *second.commands),
        findings=findings,
        assumptions=(*first.assumptions, *notes),
    )


def _awaits(finding: Finding, training: Outcome) -> bool:
    """True for a warning that the folder is not here: the training writes it."""
    return training.plan is not None and training.plan.output_dir in finding.message and "not on this machine" in finding.message


def _configs(outcome: Outcome) -> Outcome:
    """The outcome without its job: one is made for both."""
    if outcome.job is None:
        return outcome
    kept = tuple(finding for finding in outcome.findings if not finding.rule.startswith("JOB"))
    return replace(outcome, job=None, files=outcome.files[:-1], commands=outcome.commands[:-1], findings=kept)


def _left_out(training: Outcome, words: str, reason: str) -> Outcome:
    finding = Finding(
        rule="REQ006", severity="warning", path="request", message=f'left out: "{words[:80]}" ({reason[:200]})', fix="ask for it when the training's config is there",
    )  # fmt: skip
    return replace(training, findings=(*training.findings, finding))
