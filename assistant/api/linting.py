"""`lint` in Python: what is wrong with configs, as `oumi-chat lint` finds it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assistant.api.values import path_text
from assistant.builder.linting import fit_of
from assistant.catalogue.machines import parse_machine
from assistant.checks.lint import Context, Flaw, Selection, judge
from assistant.checks.releases import newest, release_of
from assistant.core.errors import UsageError
from assistant.core.values import Severity
from assistant.machine.configs import read_text
from assistant.machine.files import is_here
from assistant.machine.known import known_model, trained_by

_TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """A finding in a config: where (lines and columns from 1), which rule, what is wrong and how to mend it."""

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    path: str
    message: str
    fix: str


def lint(
    config: str | Path | Mapping[str, Any], *, gpus: str | None = None, oumi_version: str | None = None,
    select: tuple[str, ...] = (), ignore: tuple[str, ...] = (),
) -> tuple[LintFinding, ...]:  # fmt: skip
    """What is wrong with a config: a file's path, its YAML (a text of several lines), or a mapping.

    Never touches the network. Without `gpus` nothing is said of memory, but a job's accelerators are looked at.

    Raises:
        UsageError: no such file, none of Oumi's configs, or a machine or release that is not known.
    """
    name, text = _text_of(config)
    context = Context(
        version=release_of(oumi_version) if oumi_version else newest(), machine=parse_machine(gpus) if gpus else None, model_of=known_model, is_here=is_here,
        fit_of=functools.partial(fit_of, model_of=known_model, trained_by=functools.partial(trained_by, Path(name))),
    )  # fmt: skip
    verdict = judge(text, context, Selection(select=select, ignore=ignore))
    if verdict.kind is None and not verdict.flaws:
        raise UsageError(f"{name} is none of Oumi's configs.", context=name, hint="Oumi's have sections such as model, training, tasks, resources.", reference="no-kind")
    return tuple(_finding(name, flaw) for flaw in verdict.flaws)


def _text_of(config: str | Path | Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(config, Mapping):
        return _TEXT, yaml.safe_dump(dict(config), sort_keys=False)
    if isinstance(config, str) and "\n" in config:
        return _TEXT, config
    return str(config), read_text(Path(path_text(config)).expanduser())


def _finding(name: str, flaw: Flaw) -> LintFinding:
    found = flaw.finding
    return LintFinding(
        file=name, line=flaw.line, column=flaw.column, rule=found.rule, severity=found.severity, path=found.path, message=found.message, fix=found.fix,
    )  # fmt: skip
