"""Findings in files as text, as JSON, as SARIF for code scanning, and as annotations of a GitHub workflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from assistant.checks.lint import Flaw
from assistant.checks.rules import RULES
from assistant.terminal.screen import Face, Screen
from assistant.terminal.text import Line, clean, escaped, one_line, one_row, wrap

Found = Sequence[tuple[str, Flaw]]
"""(file as it is shown, finding) of all files, in order."""
_STYLES = {"error": "bad", "warning": "warn", "info": "dim"}
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
DOCS = "docs/rules.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is to be shown. `version` is this program's, `oumi` the release that was judged for."""

    found: Found
    version: str
    oumi: str


def finding_json(name: str, flaw: Flaw) -> dict[str, Any]:
    """One finding with the contract's keys."""
    finding = flaw.finding
    return {
        "file": name, "line": flaw.line, "column": flaw.column, "rule": finding.rule, "severity": finding.severity,
        "path": finding.path, "message": finding.message, "fix": finding.fix,
    }  # fmt: skip


def as_text(screen: Screen, report: Report) -> None:
    """A line a finding, its fix below it."""
    screen.show(text_lines(report, screen.out))


def text_lines(report: Report, face: Face) -> list[Line]:
    """The findings as lines that fit the stream."""
    return [line for name, flaw in report.found for line in _finding_lines(name, flaw, face)]


def _finding_lines(name: str, flaw: Flaw, face: Face) -> list[Line]:
    finding = flaw.finding
    place, kind = f"{one_row(name)}:{flaw.line}:{flaw.column}: ", f"{finding.severity} {finding.rule} "
    message = one_line(finding.message)
    lines: list[Line] = []
    if face.width is not None and len(place + kind + message) > face.width:
        lines += [((place, "bold"), (kind.rstrip(), _STYLES[finding.severity]))]
        lines += [((f"    {part}", ""),) for part in wrap(message, face.width - 4)]
    else:
        lines += [((place, "bold"), (kind, _STYLES[finding.severity]), (message, ""))]
    if finding.fix:
        parts = wrap(one_line(finding.fix), None if face.width is None else face.width - 9)
        lines += [((f"    {'fix: ' if i == 0 else '     '}{part}", "dim"),) for i, part in enumerate(parts)]
    return lines


def as_json(screen: Screen, report: Report) -> None:
    """The contract's object."""
    _put_json(screen, {"schema": 1, "findings": [finding_json(name, flaw) for name, flaw in report.found]})


def _put_json(screen: Screen, body: Mapping[str, Any]) -> None:
    text = json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)
    screen.result(escaped(text.encode("utf-8", "replace").decode("utf-8")) + "\n")


def as_sarif(screen: Screen, report: Report) -> None:
    """SARIF 2.1.0, as GitHub's code scanning takes it."""
    used = {flaw.finding.rule for _, flaw in report.found}
    driver = {
        "name": "oumi-chat", "version": report.version, "rules": [_sarif_rule(rule.rule, rule.summary, rule.why, rule.severity) for rule in RULES if rule.rule in used],
    }  # fmt: skip
    results = [_sarif_result(name, flaw) for name, flaw in report.found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    _put_json(screen, {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _sarif_rule(rule: str, summary: str, why: str, severity: str) -> dict[str, Any]:
    return {
        "id": rule, "shortDescription": {"text": summary}, "fullDescription": {"text": why}, "defaultConfiguration": {"level": _LEVELS[severity]},
    }  # fmt: skip


def _sentence(flaw: Flaw) -> str:
    """What is wrong and what mends it, in one line."""
    finding = flaw.finding
    return one_row(f"{finding.message.rstrip('.')}. Fix: {finding.fix}" if finding.fix else finding.message)


def _sarif_result(name: str, flaw: Flaw) -> dict[str, Any]:
    finding = flaw.finding
    uri = "stdin" if name == "-" else quote(name.replace("\\", "/"), safe="/", errors="replace")
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": flaw.line, "startColumn": flaw.column}}
    return {"ruleId": finding.rule, "level": _LEVELS[finding.severity], "message": {"text": _sentence(flaw)}, "locations": [{"physicalLocation": place}]}


def as_github(screen: Screen, report: Report) -> None:
    """Workflow commands: GitHub shows them beside the lines of a pull request."""
    screen.result("".join(f"{_annotation(name, flaw)}\n" for name, flaw in report.found))


def _annotation(name: str, flaw: Flaw) -> str:
    finding = flaw.finding
    where = f"file={_property(clean(name))},line={flaw.line},col={flaw.column},title={_property(finding.rule)}"
    return f"::{_COMMANDS[finding.severity]} {where}::{_data(_sentence(flaw))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


REPORTERS: dict[str, Callable[[Screen, Report], None]] = {"text": as_text, "json": as_json, "sarif": as_sarif, "github": as_github}
"""--format → what shows a report."""


def summary_line(found: Found, files: int, mended: int, *, offers: bool = False) -> str:
    """How it went, in a sentence; with `offers`, how many of the findings --fix knows a fix for."""
    counts = {severity: sum(flaw.finding.severity == severity for _, flaw in found) for severity in ("error", "warning", "info")}
    words = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("note", "notes")}
    told = [f"{n} {words[severity][n != 1]}" for severity, n in counts.items() if n]
    looked = f"{files} config{'s' if files != 1 else ''} checked"
    fixed = f", {mended} mended" if mended else ""
    fixes = sum(bool(flaw.edits) and flaw.finding.severity != "info" for _, flaw in found) if offers else 0
    offered = f" There is a fix for {fixes}: --fix." if fixes else ""
    return f"{looked}{fixed}: {', '.join(told) if told else 'nothing found'}.{offered}"


def diff_text(diffs: Iterable[Sequence[str]]) -> str:
    """Unified diffs, one after the other."""
    return "".join(f"{line}\n" for lines in diffs for line in lines)
