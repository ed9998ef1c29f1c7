"""What goes to stderr: errors, questions, what would fit, and the summary beside a pipe."""

from __future__ import annotations

from assistant.core.errors import OumiChatError
from assistant.core.outcome import Outcome, WayOut
from assistant.core.units import gib
from assistant.core.values import Plan, Question
from assistant.terminal import words
from assistant.terminal.preview import (
    LABEL,
    assumption_text,
    finding_lines,
    finding_text,
    memory_figures,
    memory_label,
    row,
    time_lines,
    training_lines,
)
from assistant.terminal.screen import Face
from assistant.terminal.text import Line, cells, join_wrapped, one_line, wrap


def error_lines(error: OumiChatError, face: Face) -> list[Line]:
    """What is wrong, where, and how to mend it."""
    message = one_line(error.message, 400)
    lines = _paragraph(message, face, "bad" if error.exit_code == 1 else "bold")
    context = one_line(error.context, 200)
    if context and context.strip('"…') not in message:
        lines += _paragraph(f"at {context}", face, "dim")
    return lines + _paragraph(one_line(error.hint, 400), face) if error.hint else lines


def note(text: str, face: Face) -> list[Line]:
    """One remark."""
    return _paragraph(one_line(text, 400), face)


def prose_lines(text: str, face: Face) -> list[Line]:
    """A paragraph of any length."""
    return _paragraph(one_line(text, 4_000), face) if text.strip() else []


def question_lines(outcome: Outcome, face: Face) -> list[Line]:
    """What has to be known, with the answers that make sense."""
    lines: list[Line] = []
    for question in outcome.questions:
        lines += _question(question, face)
    lines += _paragraph(one_line(outcome.explanation, 400), face, "dim") if outcome.explanation else []
    return lines + finding_lines(outcome.findings, face)


def _question(question: Question, face: Face) -> list[Line]:
    lines = _paragraph(one_line(question.text, 400), face, "bold")
    if question.choices:
        room = None if face.width is None else face.width - 4
        choices = join_wrapped([one_line(choice, 80) for choice in question.choices], room)
        lines += [(("    ", ""), (text, "")) for text in choices]
    return lines


def does_not_fit_lines(outcome: Outcome, face: Face) -> list[Line]:
    """What is needed against what is there, then what would fit."""
    plan = outcome.plan
    if plan is None:
        return _paragraph(one_line(outcome.explanation), face)
    point, upper, usable = words.gib_texts(gib(plan.memory.point), gib(plan.memory.upper), plan.hardware.usable_gib)
    unit = words.accelerator(plan.hardware)
    lines = _paragraph(f"Does not fit: {' · '.join(words.headline(plan))}", face, "bold")
    if plan.fits:
        lines = _paragraph(f"Over the limit: {' · '.join(words.headline(plan))}", face, "bold")
        lines += _paragraph(one_line(outcome.explanation.partition(". ")[0] + "."), face)
        return [*lines, (("", ""),), *what_would(outcome, face)]
    lines += _paragraph(
        f"It needs {point} GiB per {unit} (upper bound {upper}) even with micro-batch {plan.micro_batch_size} and "
        f"{plan.sequence_length:,} tokens; {usable} is usable.{_measured(plan)}",
        face,
    )
    return [*lines, (("", ""),), *what_would(outcome, face)]


def _measured(plan: Plan) -> str:
    """What an error that was shown adds to the estimate."""
    return f" That is {plan.model.measured:.2f} times the estimate, as the error that was pasted shows." if plan.model.measured > 1 else ""


def what_would(outcome: Outcome, face: Face) -> list[Line]:
    """The ways out of an outcome that does not fit, with its warnings."""
    if not outcome.ways_out:
        return _paragraph("Nothing that was tried would do: no smaller setting, lighter method or larger machine.", face)
    lines = _paragraph("What would, smallest change first (upper bound of usable, GiB per GPU)", face)
    return lines + _ways(outcome.ways_out, face) + finding_lines(_warnings(outcome), face)


def _warnings(outcome: Outcome) -> tuple:  # type: ignore[type-arg]
    return tuple(f for f in outcome.findings if f.severity != "info")


def _ways(ways: tuple[WayOut, ...], face: Face) -> list[Line]:
    column = max(cells(way.change) for way in ways) + 2
    lines: list[Line] = []
    for way in ways:
        figures = f"{way.memory_gib:7.1f} of {way.usable_gib:.1f}"
        change = way.change + " " * (column - cells(way.change))
        command = way.command
        head: Line = (("    ", ""), (change, "bold"), (figures.ljust(18), ""))
        told = f"   {way.price}   " if way.price else ""
        if face.width is None or 4 + column + 18 + cells(told + command) <= face.width:
            lines.append((*head, (told + command, "")))
            continue
        lines.append(head)
        lines += [(("      ", ""), (line, "dim")) for line in wrap(way.price, face.width - 6) if line]
        lines.append((("      ", ""), (command, "dim")))
    return lines


def summary_lines(outcome: Outcome, face: Face) -> list[Line]:
    """What stands beside a YAML that went into a pipe: plan, assumptions, warnings."""
    plan = outcome.plan
    if plan is None:
        return []
    lines = _paragraph(" · ".join(words.headline(plan)), face, "bold")
    verdict = "fits" if plan.fits else "does not fit"
    lines += row(memory_label(plan.hardware), f"{', '.join(memory_figures(plan.memory, plan.hardware))}: {verdict}", face)
    lines += time_lines(outcome, face)
    for assumption in outcome.assumptions:
        lines += row("Assumed", assumption_text(assumption), face)
    for finding in outcome.findings:
        label, style = ("Note", "") if finding.severity == "info" else (finding.severity.capitalize(), "warn")
        lines += row(label, finding_text(finding), face, style)
    return lines


def brief_lines(label: str, outcome: Outcome, face: Face) -> list[Line]:
    """A plan's headline, memory and training."""
    plan = outcome.plan
    if plan is None:
        return _paragraph(label, face)
    return [
        *_paragraph(f"{label}{' · '.join(words.headline(plan))}", face, "bold"),
        *row(memory_label(plan.hardware), ", ".join(memory_figures(plan.memory, plan.hardware)), face),
        *training_lines(plan, face),
    ]


def command_line(label: str, command: str) -> Line:
    """A command to copy: never wrapped."""
    return ((f"  {label}".ljust(LABEL - 8), "dim"), (command, "bold"))


def _paragraph(text: str, face: Face, style: str = "") -> list[Line]:
    room = None if face.width is None else face.width - 2
    return [(("  ", ""), (line, style)) for line in wrap(text, room)]
