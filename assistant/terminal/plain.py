"""Output without rich: results to stdout, talk to stderr. Enough for pipes, scripts and errors."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterable
from typing import Any

from assistant.core.errors import OumiChatError
from assistant.core.outcome import Outcome
from assistant.core.units import gib

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """Text that cannot move the cursor or change colours."""
    return _CONTROL.sub("", _ESCAPES.sub("", text))


def result(text: str) -> None:
    """Write to stdout, as UTF-8 whatever the locale."""
    data = text if text.endswith("\n") else f"{text}\n"
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(data)
    else:
        sys.stdout.flush()
        buffer.write(data.encode("utf-8", "replace"))
    sys.stdout.flush()


def talk(*lines: str) -> None:
    """Write to stderr; what the terminal cannot show is replaced."""
    encoding = sys.stderr.encoding or "utf-8"
    for line in lines:
        sys.stderr.write(clean(line).encode(encoding, "replace").decode(encoding) + "\n")
    sys.stderr.flush()


def json_result(body: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    result(clean_json(json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)))


def clean_json(text: str) -> str:
    """Without lone surrogates, which UTF-8 has no bytes for."""
    return text.encode("utf-8", "replace").decode("utf-8")


def error(problem: OumiChatError) -> None:
    """What, where, and how to mend it."""
    talk(f"oumi-chat: {problem.message}")
    if problem.context and problem.context not in problem.message:
        talk(f"  at: {problem.context}")
    if problem.hint:
        talk(f"  {problem.hint}")


def questions(outcome: Outcome) -> None:
    """What must be answered before a plan is possible."""
    for question in outcome.questions:
        talk(question.text)
        if question.choices:
            talk(f"  for example: {' / '.join(question.choices)}")
    if outcome.explanation:
        talk(outcome.explanation)


def misfit(outcome: Outcome) -> None:
    """Why nothing fits, and what would."""
    plan = outcome.plan
    assert plan is not None
    machine = plan.hardware
    where = f"{machine.count} × {machine.gpu.name}" if machine.world > 1 else machine.gpu.name
    talk(
        f"Does not fit: {plan.method} {plan.objective} of {plan.model.id} needs {gib(plan.memory.point)} GiB per GPU "
        f"(upper bound {gib(plan.memory.upper)}), and {where} has {machine.usable_gib:.2f} usable."
    )
    talk(
        f"  That is the least found: micro-batch {plan.micro_batch_size}, {plan.sequence_length:,} tokens, "
        f"{plan.sharding if machine.world > 1 else 'one GPU'}, {plan.optimizer}."
    )
    if not outcome.ways_out:
        talk("  Nothing in the catalogue that was tried fits either.")
        return
    talk("What would fit, smallest change first:")
    for way in outcome.ways_out:
        talk(f"  {way.change:<36} {way.memory_gib:>7.2f} of {way.usable_gib:.2f} GiB   {command(way.request)}")


def command(request: str) -> str:
    """The command line that asks for this."""
    return f"oumi-chat {shlex.quote(request)}"


def notes(outcome: Outcome) -> None:
    """Assumptions and warnings, a line each."""
    for reason in outcome.assumptions:
        talk(f"assumed: {reason.field} = {reason.value} ({reason.why})")
    for finding in outcome.findings:
        talk(f"{finding.severity}: {finding.message}; {finding.fix}")


def table(rows: Iterable[tuple[str, ...]]) -> None:
    """Tab-separated lines on stdout."""
    result("\n".join("\t".join(clean(cell) for cell in row) for row in rows))
