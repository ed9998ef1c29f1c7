"""Plans for named requests, whole: a change of any shows as a diff of plans.txt, to be read before it is taken.

    UPDATE_GOLDEN=1 python -m pytest tests/golden
"""

from __future__ import annotations

import os
from pathlib import Path

from assistant.builder import respond
from assistant.core.outcome import Outcome
from assistant.core.units import gib
from assistant.core.values import Plan
from assistant.reader import read
from assistant.terminal import words

HERE = Path(__file__).parent
REQUESTS = [line for line in (HERE / "requests.txt").read_text().splitlines() if line]


def memory(plan: Plan) -> str:
    parts = ", ".join(f"{name} {size:.1f}" for name, size in plan.memory_json()["breakdown_gib"].items() if size >= 0.05)
    return f"{gib(plan.memory.point):.1f} expected, {gib(plan.memory.upper):.1f} at most, {plan.hardware.usable_gib:.1f} usable; {plan.memory.phase}: {parts}"


def described(text: str) -> str:
    """One request and everything that was decided about it."""
    reading = read(text)
    outcome = respond(reading.intent, notes=reading.notes, conflicts=reading.conflicts, unread=reading.unread, request=text)
    return "\n".join([f"## {text}", *_lines(outcome), ""])


def _lines(outcome: Outcome) -> list[str]:
    lines = [f"status {outcome.status}"]
    lines += [f"asks {q.field}: {q.text}" for q in outcome.questions]
    plan = outcome.plan
    if plan is not None:
        lines += [" · ".join(words.headline(plan)), f"memory {memory(plan)}", f"batch {words.batch_equation(plan)} × {plan.sequence_length}"]
        lines += [f"time {' · '.join(words.time_text(plan))}"]
        lines += [f"cost {words.cost_text(outcome.cost)}"] if outcome.cost else []
        lines += [f"why {r.field} = {words.value_text(r.value)}: {r.why}" for r in plan.decisions]
        lines += [f"or {' · '.join(words.headline(p))}, {p.sequence_length}: {gib(p.memory.upper):.1f}" for p in plan.alternatives]
    lines += [f"assumed {a.field} = {words.value_text(a.value)}: {a.why}" for a in outcome.assumptions]
    lines += [f"{f.severity} {f.rule} {f.path}: {f.message}" for f in outcome.findings]
    return [*lines, *(f"instead {w.change}: {w.memory_gib} of {w.usable_gib}; {w.command}{'; ' + w.price if w.price else ''}" for w in outcome.ways_out)]


def test_plans_for_named_requests() -> None:
    made = "\n".join(described(text) for text in REQUESTS)
    path = HERE / "plans.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(made)
    assert made == path.read_text(), "read the difference, then run again with UPDATE_GOLDEN=1 if it is meant"


def test_there_are_forty() -> None:
    assert len(REQUESTS) == len(set(REQUESTS)) == 40
