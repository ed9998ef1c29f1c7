"""What the linter says of the files that a plan writes, in every command: a finding there is a slip of the planner's, or was asked for."""

from __future__ import annotations

from dataclasses import replace

from assistant.catalogue.models import get_model
from assistant.core.outcome import Outcome


def linted(outcome: Outcome) -> Outcome:
    """The outcome with what `lint` finds wrong in its own files, beside what the planner has told already.

    A training config is looked at where it is made, with the same rules, before it becomes text.
    """
    files = [file for file in outcome.files if file.kind != "train"]
    if not files:
        return outcome
    from assistant.checks.lint import Context, judge  # most requests are to train

    told = {finding.rule for finding in outcome.findings}
    context = Context(machine=outcome.hardware, model_of=get_model)
    flaws = [flaw for file in files for flaw in judge(file.yaml, replace(context, kind=file.kind)).flaws]
    new = tuple(dict.fromkeys(flaw.finding for flaw in flaws if flaw.finding.severity != "info" and flaw.finding.rule not in told))
    return replace(outcome, findings=(*outcome.findings, *new)) if new else outcome
