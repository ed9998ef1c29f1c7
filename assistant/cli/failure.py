"""An error as the object that `--json` prints: what was read stays in it."""

from __future__ import annotations

from dataclasses import replace

from assistant.core.errors import OumiChatError
from assistant.core.outcome import Outcome, Status
from assistant.core.values import Finding, Question

_STATUS: dict[int, Status] = {3: "needs_input", 4: "does_not_fit"}


def failed(problem: OumiChatError, known: Outcome) -> Outcome:
    """What is known, with the error as question or finding, and its words as the explanation."""
    text = " ".join(part for part in (problem.message, problem.hint) if part)
    status = _STATUS.get(problem.exit_code, "invalid")
    if status == "needs_input":
        return replace(known, status=status, questions=(Question(field=problem.context, text=problem.message),), explanation=text)
    finding = Finding(
        rule=problem.reference, severity="error", path=problem.context, message=problem.message, fix=problem.hint
    )
    return replace(known, status=status, findings=(*known.findings, finding), files=(), commands=(), explanation=text)
