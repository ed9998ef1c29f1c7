"""A launch as lines for a terminal, and as the object that `--json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.core.launching import Check
from assistant.core.outcome import hardware_json
from assistant.core.values import Hardware
from assistant.launch.checks import exit_code
from assistant.launch.kinds import WORDS
from assistant.launch.subject import Subject
from assistant.terminal.screen import Face
from assistant.terminal.text import Line, one_line, wrap

_STYLES = {"ok": "good", "warning": "warn", "error": "bad"}
_MARK, _LABEL = 11, 10
_STATUS = {0: "ok", 4: "does_not_fit"}


def title_lines(subject: Subject) -> list[Line]:
    """Which file, and of which kind."""
    return [(("  ", ""), (one_line(str(subject.file)), "bold"), (f" · {WORDS[subject.kind]}", ""))]


def check_lines(check: Check, face: Face) -> list[Line]:
    """What was found, and below it how it is mended."""
    room = None if face.width is None else max(24, face.width - _MARK - _LABEL)
    said = wrap(one_line(check.message), room)
    mend = wrap(one_line(check.fix), room) if check.fix and check.status != "ok" else []
    first: Line = ((f"  {check.status}".ljust(_MARK), _STYLES[check.status]), (f"{check.label:<{_LABEL}}", ""), (said[0], ""))
    gap = " " * (_MARK + _LABEL)
    return [first, *(((gap, ""), (text, "")) for text in said[1:]), *(((gap, ""), (text, "dim")) for text in mend)]


def command_lines(command: str, label: str = "Run") -> list[Line]:
    """The exact command, on one line for the clipboard."""
    return [((f"  {label}".ljust(_MARK), "dim"), (command, "bold"))]


def several_json(launches: Sequence[tuple[Subject, str, Hardware, Sequence[Check]]]) -> dict[str, Any]:
    """The same for several configs that are started one after the other: each by itself in `launches`."""
    each = [launch_json(*one) for one in launches]
    status = _STATUS.get(exit_code([check for one in launches for check in one[3]]), "invalid")
    return {"schema": 1, "status": status, "commands": [command for one in each for command in one["commands"]], "launches": each}


def launch_json(subject: Subject, command: str, machine: Hardware, checks: Sequence[Check]) -> dict[str, Any]:
    """What --dry-run --json prints: the contract's keys that apply, and every check."""
    return {
        "schema": 1,
        "status": _STATUS.get(exit_code(checks), "invalid"),
        "file": str(subject.file),
        "kind": subject.kind,
        "hardware": hardware_json(machine),
        "commands": [command],
        "findings": [
            {name: getattr(found, name) for name in ("rule", "severity", "path", "message", "fix")} for found in (c.finding for c in checks) if found.severity != "info"
        ],
        "checks": [check.to_json() for check in checks],
    }
