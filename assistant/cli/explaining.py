"""`oumi-chat explain`: a field by its name, or a config by what its run will do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assistant.builder.existing import Existing, machine_of_job
from assistant.builder.prose import verdict
from assistant.builder.sizing import of_config
from assistant.catalogue.machines import parse_machine
from assistant.checks import releases
from assistant.checks.document import NoDocument, parse
from assistant.checks.kinds import kind_of
from assistant.checks.lint import Context, Flaw, judge
from assistant.checks.typed import mistakes
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Finding, Hardware
from assistant.explain.facts import Facts, everywhere
from assistant.explain.run import Part, as_read, parts_of
from assistant.machine.choice import choose_machine
from assistant.machine.configs import read_text
from assistant.machine.files import is_here
from assistant.machine.jobconfig import config_of_job
from assistant.machine.known import known_model
from assistant.machine.models import resolve_model
from assistant.migrate.foreign import tool_of
from assistant.terminal import report
from assistant.terminal.explaining import field_lines, run_lines
from assistant.terminal.screen import Screen

_FIELD = re.compile(r"[A-Za-z_]\w*(?:\[\d+\])?(?:\.[A-Za-z_][\w-]*(?:\[\d+\])?)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to explain, and the flags beside it as typed."""

    subject: str
    kind: str | None = None
    version: str | None = None
    gpus: str | None = None
    json: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A config file: its kind, what its run will do, its estimate where a machine is known, and what is wrong with it."""

    name: str
    kind: str
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]
    outcome: Outcome | None


def explain(asked: Asked, screen: Screen) -> int:
    """Explain a field or a file and return the exit code: 5 for an error in a file, 4 where its run does not fit the machine.

    Raises:
        UsageError: no such field and no such file, or a flag that cannot be.
    """
    version = releases.release_of(asked.version) if asked.version else releases.newest()
    if asked.kind is not None and asked.kind not in releases.kinds():
        raise UsageError(f"There is no kind {asked.kind[:40]!r}.", context="--kind", hint=f"One of {', '.join(releases.kinds())}.")
    path = Path(asked.subject).expanduser()
    if path.is_file() or asked.subject.endswith((".yaml", ".yml")) or not _FIELD.fullmatch(asked.subject):
        return _file(path, asked, version, screen)
    found = everywhere(asked.subject, asked.kind, version)
    if asked.json:
        report.json_result(screen, {"schema": 1, "fields": [_field_json(facts) for facts in found]})
        return 0
    shown = _told_apart(found)
    for index, facts in enumerate(shown):
        screen.show([*([()] if index else []), *field_lines(facts, screen.out)])
    return 0


def _told_apart(found: tuple[Facts, ...]) -> tuple[Facts, ...]:
    """Of kinds that have the field alike the first alone."""
    kept: list[Facts] = []
    for facts in found:
        alike = any((facts.path, facts.type, facts.help, facts.default, facts.used) == (other.path, other.type, other.help, other.default, other.used) for other in kept)
        kept += [] if alike else [facts]
    return tuple(kept)


def _field_json(facts: Facts) -> dict[str, Any]:
    spans = [{"from": first, "until": last} for first, last in facts.spans]
    defaults = [{"release": release, "default": default} for release, default in facts.defaults]
    used = None
    if facts.used:
        used = {"recipes": facts.used.recipes, "set_in": facts.used.set_in, "different": facts.used.different, "source": facts.used.source}
        used["values"] = [{"value": value, "count": count} for value, count in facts.used.values]
    return {
        "kind": facts.kind, "path": facts.path, "oumi": facts.version, "there": facts.is_there, "type": facts.type, "default": facts.default, "required": facts.required,
        "choices": list(facts.choices), "help": facts.help, "interacts": list(facts.interacts), "trainers": list(facts.trainers), "notes": list(facts.notes),
        "releases": spans, "defaults": defaults, "used": used, "fields": [{"name": name, "type": kind, "default": default} for name, kind, default in facts.fields],
    }  # fmt: skip


def _file(path: Path, asked: Asked, version: str, screen: Screen) -> int:
    files = [_explained(path, asked, version)]
    if files[0].kind == "job" and (trained := _trained_by(path, asked, version)):
        files.append(trained)
    if asked.json:
        report.json_result(screen, {"schema": 1, "files": [_file_json(one) for one in files]})
    for index, one in enumerate(() if asked.json else files):
        title = f"{one.name}: a config of kind {one.kind}"
        parts = (*one.parts, *_estimate_parts(one.outcome))
        screen.show([*([()] if index else []), *run_lines(title, parts, one.findings, screen.out)])
    if any(finding.severity == "error" for one in files for finding in one.findings):
        return 5
    return max((one.outcome.exit_code for one in files if one.outcome is not None), default=0)


def _explained(path: Path, asked: Asked, version: str, machine: Hardware | None = None, *, text: str | None = None) -> Explained:
    text = read_text(path) if text is None else text
    try:
        root = parse(text)
    except NoDocument as problem:
        raise UsageError(f"{path} is no config: {problem.message.partition(': ')[2]}", context=f"{path}:{problem.line}:{problem.column}", hint=problem.hint, reference="bad-yaml") from None
    body = root.value
    if tool := tool_of(body):
        raise UsageError(f"{path} is a config of {tool}, not of Oumi.", context=str(path), hint=f"oumi-chat migrate {path} -o train.yaml", reference="other-tool")
    kind = asked.kind if asked.kind and machine is None else kind_of(body)
    if kind is None:
        raise UsageError(f"{path} is no config that is known by its fields.", context=str(path), hint="--kind says which it is.", reference="no-config")
    found = tuple(Finding(rule=m.rule, severity="error", path=m.path, message=f"line {m.line}: {m.message}", fix=m.fix) for m in mistakes(root, kind, version))
    if found:  # what is read wrongly is not told as if it were right
        return Explained(name=str(path), kind=kind, parts=(), findings=found, outcome=None)
    body = as_read(body, kind)
    outcome = _sized(body, asked, machine) if kind == "train" else None
    hardware = outcome.hardware if outcome is not None else None
    findings = _with_lint(text, Context(kind=kind, version=version, machine=hardware, model_of=known_model, is_here=is_here), outcome)
    return Explained(name=str(path), kind=kind, parts=parts_of(body, kind), findings=findings, outcome=outcome)


def _with_lint(text: str, context: Context, outcome: Outcome | None) -> tuple[Finding, ...]:
    """What `lint` finds, with its line, and what the estimate alone knows. Whether it fits is the estimate's to say."""
    flaws = judge(text, context).flaws
    told = tuple(_on_line(flaw) for flaw in flaws)
    rules = {flaw.finding.rule for flaw in flaws}
    return told + tuple(found for found in (outcome.findings if outcome is not None else ()) if found.rule not in rules)


def _on_line(flaw: Flaw) -> Finding:
    """The finding with its line, as one sentence with what mends it."""
    found = flaw.finding
    return replace(found, message=f"line {flaw.line}: {found.message.rstrip('.')}", fix=found.fix[:1].lower() + found.fix[1:])


def _sized(body: Mapping[str, Any], asked: Asked, machine: Hardware | None) -> Outcome | None:
    """The estimate on the stated machine or the job's; None where no machine or no shape is known."""
    if asked.gpus:
        machine = choose_machine(Intent(), asked.gpus)[0] if asked.gpus.strip().lower() == "auto" else parse_machine(asked.gpus)
    if machine is None:
        return None
    model, _ = resolve_model(Existing.of(body).model_name, offline=asked.offline)
    return of_config(body, model, machine) if model is not None else None


def _trained_by(path: Path, asked: Asked, version: str) -> Explained | None:
    """The config that a job runs, on the job's machine; None where it is not here."""
    job = parse(read_text(path)).value
    try:
        named, machine = config_of_job(path, job), machine_of_job(job)
    except UsageError:
        return None
    return _explained(named.file, asked, version, machine, text=named.text)


def _estimate_parts(outcome: Outcome | None) -> tuple[Part, ...]:
    return (("Estimate", verdict(outcome.plan)),) if outcome is not None and outcome.plan is not None else ()


def _file_json(one: Explained) -> dict[str, Any]:
    plan = one.outcome.to_json()["plan"] if one.outcome is not None else None
    return {
        "file": one.name, "kind": one.kind, "parts": [{"part": label, "text": text} for label, text in one.parts], "plan": plan,
        "findings": [asdict(finding) for finding in one.findings],
    }  # fmt: skip
