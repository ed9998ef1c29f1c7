"""What is said before a config is started: one line for each thing looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from assistant.core.values import Finding

CheckStatus = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: `label` names it, `message` what was found, `fix` how a warning or an error is mended.

    `rule` is a stable name of what can be wrong; `path` the field of the config that it is about.
    """

    label: str
    status: CheckStatus
    message: str
    rule: str
    path: str = ""
    fix: str = ""

    @property
    def finding(self) -> Finding:
        """The same as a finding of the contract; one that is well is an info."""
        severity = "info" if self.status == "ok" else self.status
        return Finding(rule=self.rule, severity=severity, path=self.path, message=self.message, fix=self.fix)

    def to_json(self) -> dict[str, Any]:
        """All keys."""
        return {name: getattr(self, name) for name in ("label", "status", "rule", "path", "message", "fix")}


def ok(label: str, message: str, rule: str, path: str = "") -> Check:
    """A thing that is as it should be."""
    return Check(label=label, status="ok", message=message, rule=rule, path=path)


def warning(label: str, message: str, rule: str, *, fix: str, path: str = "") -> Check:
    """A thing that may be meant, and may be a slip."""
    return Check(label=label, status="warning", message=message, rule=rule, path=path, fix=fix)


def error(label: str, message: str, rule: str, *, fix: str, path: str = "") -> Check:
    """A thing that ends the run, or destroys what is there."""
    return Check(label=label, status="error", message=message, rule=rule, path=path, fix=fix)
