"""One config's text judged by the rules: what is found, at its line and column, with the edits that mend it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from assistant.checks import releases
from assistant.checks.case import Case, Fit, case_of_file
from assistant.checks.declared import Rule
from assistant.checks.document import Node, NoDocument, parse
from assistant.checks.findings import Placed, found_by
from assistant.checks.kinds import kind_of
from assistant.checks.pragmas import Pragmas
from assistant.checks.rules import RULES
from assistant.checks.typed import mistakes
from assistant.core.edits import Edit
from assistant.core.values import Finding, Hardware, ModelSpec

BAD_YAML = "SCH000"
"""The rule of a file that cannot be parsed: nothing else can be said of it."""
_RANKS = {"error": 0, "warning": 1, "info": 2}
Models = Callable[[str], ModelSpec | None]
Fits = Callable[[Case], Fit | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A finding in a text, where it stands (lines and columns from 1), and what mends it."""

    finding: Finding
    line: int
    column: int
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rules speak, by id or the beginning of one; all where `select` is empty."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def takes(self, rule: str) -> bool:
        """True for a rule that is selected and not ignored."""
        return (not self.select or rule.startswith(self.select)) and not (self.ignore and rule.startswith(self.ignore))


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known beside the text: its kind (None: by its fields), the release of Oumi, the machine, how to look up a model and to size a run.

    `is_here` tells whether a file or folder is there, where that can be said. `fit_of` gives what a training takes on its machine, or what a job's training takes on the job's.
    """

    kind: str | None = None
    version: str = ""
    machine: Hardware | None = None
    model_of: Models = lambda _name: None
    fit_of: Fits = lambda _case: None
    is_here: Callable[[str], bool] | None = None
    rules: tuple[Rule, ...] = RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a text is and what is wrong with it, in the order of the file. `kind` is None where it is none of Oumi's."""

    kind: str | None
    flaws: tuple[Flaw, ...] = ()


def judge(text: str, context: Context, selection: Selection | None = None) -> Verdict:
    """The verdict on a text. A text that cannot be parsed has one flaw."""
    try:
        root = parse(text)
    except NoDocument as problem:
        finding = Finding(rule=BAD_YAML, severity="error", path="", message=problem.message, fix=problem.hint)
        return Verdict(kind=None, flaws=(Flaw(finding=finding, line=problem.line, column=problem.column),))
    kind = context.kind or kind_of(root.value)
    if kind is None:
        return Verdict(kind=None)
    case = _case(root, kind, context)
    chosen = selection or Selection()
    quiet = Pragmas(text)
    flaws = (_flaw(root, placed) for placed in found_by(case, context.rules) if chosen.takes(placed.finding.rule))
    kept = [flaw for flaw in _without_echoes(flaws) if not quiet.covers(flaw.finding.rule, flaw.line)]
    return Verdict(kind=kind, flaws=tuple(sorted(kept, key=lambda f: (f.line, f.column, _RANKS[f.finding.severity], f.finding.rule))))


def _case(root: Node, kind: str, context: Context) -> Case:
    version = context.version or releases.newest()
    body = root.value
    model = body.get("model") if isinstance(body.get("model"), dict) else {}
    name = model.get("model_name") if model else None
    spec = context.model_of(name) if isinstance(name, str) and name else None
    case = case_of_file(body, kind, version=version, model=spec, machine=context.machine, mistakes=mistakes(root, kind, version))
    return replace(case, fit=context.fit_of(case), is_here=context.is_here)


def _flaw(root: Node, placed: Placed) -> Flaw:
    line, column = (placed.line, placed.column) if placed.line else place_of(root, placed.finding.path)
    return Flaw(finding=placed.finding, line=line, column=column, edits=placed.edits)


def place_of(root: Node, path: str) -> tuple[int, int]:
    """Where a dotted path stands: its key, else that of the nearest section above it that is there."""
    here, found = root, (root.line, root.column)
    for step in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if step.startswith("["):
            place = int(step[1:-1])
            if place >= len(here.items):
                break
            here = here.items[place]
            found = (here.line, here.column)
        elif step in here.keys:
            found = here.place(step)
            here = here.keys[step]
        else:
            break
    return found


def _without_echoes(flaws: Iterable[Flaw]) -> Iterator[Flaw]:
    """A value that Oumi cannot read is told once: other rules about the same field say nothing new."""
    unread: set[str] = set()
    for flaw in flaws:  # the rules of the schema, SCH…, come first in the table
        if flaw.finding.rule.startswith("SCH"):
            unread.add(flaw.finding.path)
        elif flaw.finding.path in unread:
            continue
        yield flaw
