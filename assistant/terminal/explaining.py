"""A field, or the run of a config, explained on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from assistant.core.values import Finding
from assistant.explain.facts import Facts
from assistant.explain.run import Part
from assistant.explain.usage import Usage
from assistant.terminal.preview import finding_lines, row
from assistant.terminal.screen import Face
from assistant.terminal.text import Line, one_line

_KINDS = {"train": "training", "eval": "evaluation", "infer": "inference", "async_eval": "evaluation of checkpoints"}


def field_lines(facts: Facts, face: Face) -> list[Line]:
    """Everything that is known of a field."""
    lines: list[Line] = [((facts.path, "bold"), (f"  in a config of kind {facts.kind}, Oumi {facts.version}", "dim"))]
    if not facts.is_there:
        lines += row("Gone", f"Oumi {facts.version} has no such field", face, "bad")
    else:
        lines += row("Type", facts.type, face)
        default = "" if facts.type == "any" or facts.fields else "must be given" if facts.required else shown(facts.default)
        lines += row("Default", default, face) if default else []
    if facts.choices:
        lines += row("Allowed", _listed(facts.choices), face)
    lines += row("Does", facts.help, face) if facts.help else []
    lines += row("Goes with", ", ".join(facts.interacts), face) if facts.interacts else []
    if facts.trainers:
        lines += row("Taken by", ", ".join(facts.trainers), face)
    lines += [line for note in facts.notes for line in row("Note", note, face)]
    if facts.spans:
        lines += row("Releases", _spans(facts.spans), face)
    if len(facts.defaults) > 1:
        lines += row("Default was", _defaults(facts.defaults), face)
    if facts.used:
        lines += row("Set to", used_text(facts.used, facts.kind), face)
    for name, kind, default in facts.fields:
        lines += row("Fields" if name == facts.fields[0][0] else "", f"{name}: {kind}{'' if kind == 'section' else ', must be given' if default == '???' else f', {shown(default)}'}", face)
    return lines


def used_text(used: Usage, kind: str) -> str:
    """`16 (30), 8 (22), left out (100): of 157 of Oumi's own training recipes`."""
    told = [f"{shown(value)} ({count})" for value, count in used.values]
    if (more := used.different - len(used.values)) > 0:
        told.append(f"{more} other{'s' if more > 1 else ''}")
    if used.left_out:
        told.append(f"left out ({used.left_out})")
    return f"{', '.join(told)}: of {used.recipes} of Oumi's own {_KINDS.get(kind, kind)} recipes"


def _spans(spans: tuple[tuple[str, str | None], ...]) -> str:
    return ", ".join(f"{first} until {last}, which lacks it" if last else f"{first} on" for first, last in spans)


def _defaults(found: tuple[tuple[str, Any], ...]) -> str:
    return ", ".join(f"{shown(default)} until {found[i + 1][0]}" for i, (_, default) in enumerate(found[:-1]))


def _listed(choices: Sequence[str], most: int = 24) -> str:
    more = f" and {len(choices) - most} more" if len(choices) > most else ""
    return ", ".join(choices[:most]) + more


def shown(value: Any) -> str:
    """A value as a config writes it."""
    if value == "???":
        return "must be given"
    if value == "":
        return "empty text"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return one_line(f"[{', '.join(value)}]", 80)
    return one_line(value if isinstance(value, str) else json.dumps(value), 60)


def run_lines(title: str, parts: Sequence[Part], findings: tuple[Finding, ...], face: Face) -> list[Line]:
    """What a run will do, part by part, and what Oumi will say of its config."""
    lines: list[Line] = [((one_line(title), "bold"),)]
    for label, text in parts:
        lines += row(label, one_line(text, 600), face)
    return lines + finding_lines(findings, face)
