"""Findings mended in a config's text: comments, order and layout stay, and a file is never made worse."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.builder.edit import apply_edits
from assistant.checks.lint import Context, Flaw, Selection, Verdict, judge
from assistant.core.errors import UsageError

_RANKS = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """The text after its fixes, those that were made, and what is left."""

    text: str
    made: tuple[Flaw, ...]
    verdict: Verdict


def mended(text: str, context: Context, selection: Selection) -> Mended:
    """The text with every fix made that leaves fewer findings; what is only worth knowing is mended where it is selected.

    Every fix is judged again: one that cannot be made safely, or that brings another finding of its weight or above, is
    left out, unless it puts a name or a word right that Oumi cannot read: what that uncovers was there before. So the number of
    what cannot be read falls with each, or that of findings, and a second run changes nothing.
    """
    made: list[Flaw] = []
    verdict = judge(text, context, selection)
    while (step := _next(text, verdict, context, selection)) is not None:
        text, verdict, flaw = step
        made.append(flaw)
    return Mended(text=text, made=tuple(made), verdict=verdict)


def _next(text: str, verdict: Verdict, context: Context, selection: Selection) -> tuple[str, Verdict, Flaw] | None:
    for flaw in verdict.flaws:
        if not flaw.edits or not _is_wanted(flaw, selection):
            continue
        try:
            changed = apply_edits(text, flaw.edits)
        except UsageError:  # an alias or the like is in the way
            continue
        after = judge(changed, context, selection)
        if after.kind == verdict.kind and _is_better(after, verdict):
            return changed, after, flaw
    return None


def _is_better(after: Verdict, before: Verdict) -> bool:
    if _unread(after) != _unread(before):
        return _unread(after) < _unread(before)
    return _weight(after) < _weight(before) and _names(after) <= _names(before)


def _unread(verdict: Verdict) -> int:
    """Names and words that Oumi cannot read."""
    return sum(flaw.finding.rule in ("SCH001", "SCH003") for flaw in verdict.flaws)


def _is_wanted(flaw: Flaw, selection: Selection) -> bool:
    return flaw.finding.severity != "info" or bool(selection.select)


def _weight(verdict: Verdict) -> tuple[int, ...]:
    found = [flaw.finding.severity for flaw in verdict.flaws]
    return tuple(found.count(rank) for rank in _RANKS)  # type: ignore[arg-type]


def _names(verdict: Verdict) -> set[str]:
    """The errors by rule: a fix may uncover none that was not there."""
    return {flaw.finding.rule for flaw in verdict.flaws if flaw.finding.severity == "error"}
