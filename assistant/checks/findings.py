"""Runs rules on a case: what each finds, with its sentences filled in and its edits at the place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from assistant.checks.case import Case
from assistant.checks.declared import Hit, Rule
from assistant.checks.rules.ranges import RANGES, SERVED
from assistant.checks.schema import snapshot
from assistant.core.edits import Edit
from assistant.core.values import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A finding with the edits that mend it; `line` and `column` are 0 where the path tells them."""

    finding: Finding
    edits: tuple[Edit, ...] = ()
    line: int = 0
    column: int = 0


def found_by(case: Case, rules: Iterable[Rule]) -> Iterator[Placed]:
    """What these rules find in the case."""
    for rule in rules:
        if case.kind not in rule.kinds or (rule.spoken and case.is_file) or not _holds(rule, case.version):
            continue
        for hit in rule.where(case):
            yield _placed(case, rule, hit if isinstance(hit, Hit) else Hit(path=hit))


def _placed(case: Case, rule: Rule, hit: Hit) -> Placed:
    words = _Words(case, hit)
    finding = Finding(rule=rule.rule, severity=rule.severity, path=hit.path, message=rule.message.format_map(words), fix=rule.fix.format_map(words))
    edits = hit.edits or tuple(replace(edit, path=edit.path.format_map(words)) for edit in rule.edits)
    return Placed(finding=finding, edits=edits, line=hit.line, column=hit.column)


def _holds(rule: Rule, version: str) -> bool:
    """True where the rule is of this release, or none is said: it is then the newest."""
    if not version:
        return not rule.until
    begun = not rule.since or _numbers(rule.since) <= _numbers(version)
    return begun and not (rule.until and _numbers(rule.until) <= _numbers(version))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


class _Words(dict[str, str]):
    """What a sentence may name: made when it is asked for."""

    def __init__(self, case: Case, hit: Hit) -> None:
        super().__init__(hit.words)
        self._case, self._hit = case, hit

    def __missing__(self, key: str) -> str:
        path = self._hit.path
        if key == "path":
            return path
        if key == "value":
            return str(self._case.get(path))[:60]
        if key == "range":
            return str({**RANGES, **SERVED}.get(path, ""))
        if key == "own":
            return f"training.{path.rpartition('.')[2]}"
        if key == "near":
            return _near(self._case, path)
        raise KeyError(key)


def _near(case: Case, path: str) -> str:
    """Which name is meant by a value."""
    from assistant.catalogue.names import nearest  # loaded only for a name that is wrong

    words = snapshot("job" if path.startswith("resources.") else "train")["names"].get(path, ())
    near = nearest(case.text(path), words, count=2)
    return f"Did you mean {' or '.join(near)}?" if near else f"It is one of {', '.join(words)[:200]}."
