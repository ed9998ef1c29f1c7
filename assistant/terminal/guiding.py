"""A guided setup as lines: one question with its choices and its default, help, what the plan takes now."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.core.outcome import Outcome
from assistant.core.values import Finding
from assistant.terminal import words
from assistant.terminal.answers import note
from assistant.terminal.preview import LABEL, finding_lines, memory_figures, memory_label, row
from assistant.terminal.screen import Face
from assistant.terminal.text import Line, cells, join_wrapped, one_line

_FEW = 8
"""Choices without a word of explanation that are listed; Tab has the rest."""
_WAYS = 2


def put_lines(text: str, choices: Sequence[tuple[str, str]], default: tuple[str, str] | None, former: str, face: Face, *, open_ended: bool) -> list[Line]:
    """The question, what can be answered, and what Enter means."""
    lines: list[Line] = [(), *_bold(text, face)]
    explained = [(name, about) for name, about in choices if about]
    for name, about in explained:
        lines += _labelled(name, one_line(about, 200), face)
    names = [one_line(name, 60) for name, about in choices if not about]
    if names:
        shown = [*names[:_FEW], "… (Tab lists all)"] if len(names) > _FEW + 1 else names
        lines += _joined("Such as" if open_ended else "One of", shown, face)
    if former:
        lines += row("Before", one_line(former, 100), face)
    if default is not None and default[0]:
        value, why = default
        lines += row("Enter", f"{one_line(value, 100)}: {one_line(why, 200)}" if why else one_line(value, 100), face)
    return lines


def _bold(text: str, face: Face) -> list[Line]:
    return [tuple((part, "bold" if part.strip() else style) for part, style in line) for line in note(text, face)]


def _joined(label: str, pieces: list[str], face: Face) -> list[Line]:
    room = None if face.width is None else max(20, face.width - LABEL)
    texts = join_wrapped(pieces, room)
    return [line for i, text in enumerate(texts) for line in row(label if i == 0 else "", text, face)]


def help_lines(rows: Sequence[tuple[str, str]], face: Face) -> list[Line]:
    """Rows of (label, text); those without a label are paragraphs, those with a long one stand over their text."""
    lines: list[Line] = []
    for label, text in rows:
        if not label:
            lines += note(one_line(text, 400), face)
        else:
            lines += _labelled(label, one_line(text, 400), face)
    return lines


def _labelled(label: str, text: str, face: Face) -> list[Line]:
    """A label with its text; a long label is not cut, since it may be what must be typed: it stands over its text."""
    if cells(label) > LABEL - 3:
        return [(("  ", ""), (one_line(label, 60), "dim")), *row("", text, face)]
    return row(label, text, face)


def memory_now_lines(outcome: Outcome, findings: Sequence[Finding], face: Face) -> list[Line]:
    """Expected, upper bound and usable with the verdict; at which batch and length; the smallest changes that would fit."""
    plan = outcome.plan or outcome.task_plan
    lines: list[Line] = []
    if plan is not None and plan.memory is not None and plan.hardware is not None:
        fits = plan.memory.fits(plan.hardware.usable_gib)
        verdict = "fits" if fits else "does not fit"
        lines += row(memory_label(plan.hardware), f"{' · '.join(memory_figures(plan.memory, plan.hardware))}: {verdict}", face, "good" if fits else "bad")
        lines += row("", _measured(outcome), face)
        ways = [] if fits else outcome.ways_out[:_WAYS]
        lines += [line for i, way in enumerate(ways) for line in row("Would fit" if i == 0 else "", f"{way.change}: up to {way.memory_gib:,.1f} GiB", face)]
    return lines + finding_lines(tuple(findings), face)


def _at_once(number: int | None, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'} at once" if number else ""


def _measured(outcome: Outcome) -> str:
    """What the memory is of: hard to judge without batch and length."""
    plan = outcome.plan
    if plan is not None:
        pieces = [words.method_name(plan), words.machine_name(plan.hardware), words.sharding_name(plan)]
        return ", ".join(piece for piece in (*pieces, f"micro-batch {plan.micro_batch_size}", f"{plan.sequence_length:,} tokens") if piece)
    task = outcome.task_plan
    assert task is not None
    many = _at_once(task.batch_size, "row") or _at_once(task.concurrency, "answer")
    length = f"{task.sequence_length:,} tokens" if task.sequence_length else ""
    machine = words.machine_name(task.hardware) if task.hardware else ""
    return ", ".join(piece for piece in (task.engine or "", machine, many, length) if piece)
