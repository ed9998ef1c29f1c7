"""`oumi-chat migrate`: configs of older releases and of other tools, file by file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.builder.edit import diff_lines
from assistant.checks import releases
from assistant.checks.document import NoDocument, parse
from assistant.checks.lint import Context, judge
from assistant.core.errors import UsageError
from assistant.core.values import Finding
from assistant.machine.configs import piped_text, read_text
from assistant.machine.files import output_path, replace_own, write_new
from assistant.machine.known import known_model
from assistant.migrate.foreign import import_config, tool_of
from assistant.migrate.notes import RULES, SEVERITIES, Migration
from assistant.migrate.upgrade import kind_of_old, upgrade
from assistant.terminal import report
from assistant.terminal.migration import migration_lines
from assistant.terminal.screen import Screen
from assistant.terminal.text import Line

_TAGS = ("0.1", "0.1.0", "0.1.1", "0.1.2")
"""Releases before those whose fields are known, that a file may have been written for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The flags of `migrate` as typed."""

    since: str | None = None
    to: str | None = None
    kind: str | None = None
    diff: bool = False
    in_place: bool = False
    output: str | None = None
    force: bool = False
    form: str = "text"
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """One file: its name, its text as it was, what became of it, and the errors that the linter finds in the result for the release that is wanted."""

    name: str
    before: str
    result: Migration
    refused: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """True when nothing is lost and nothing refused."""
        return self.result.is_whole and not self.refused


def migrate(files: list[str], wish: Wish, screen: Screen) -> int:
    """Migrate these files and return the exit code: 5 where something is lost that changes the run.

    Raises:
        UsageError: flags that do not go together, a file that is no config, or one that cannot be written.
    """
    _check(files, wish)
    done = [_migrated(name, wish) for name in files]
    if wish.in_place:
        for one in done:
            _replace(one, wish)
    elif wish.output not in (None, "-") and not wish.diff:
        write_new(output_path(str(wish.output)), done[0].result.text, force=wish.force)
    if wish.form == "json":
        report.json_result(screen, _json(done))
    else:
        _show(done, wish, screen)
    return 0 if all(one.is_whole for one in done) else 5


def _check(files: list[str], wish: Wish) -> None:
    if wish.form not in ("text", "json"):
        raise UsageError(f"There is no format {wish.form[:40]!r}.", context="--format", hint="text or json.")
    if wish.in_place and (wish.output or wish.diff or "-" in files):
        raise UsageError("--in-place replaces files: -o, --diff and stdin are something else.", context="--in-place", hint="Leave one of the two out.")
    if len(files) > 1 and (wish.output or not (wish.in_place or wish.diff or wish.form == "json")):
        raise UsageError(f"{len(files)} files are no one result.", context=" ".join(files)[:80], hint="Say --diff to look, or --in-place to replace them.", reference="several-files")
    if wish.kind is not None and wish.kind not in releases.kinds():
        raise UsageError(f"There is no kind {wish.kind[:40]!r}.", context="--kind", hint=f"One of {', '.join(releases.kinds())}.")


def _migrated(name: str, wish: Wish) -> Migrated:
    text = piped_text() if name == "-" else read_text(Path(name).expanduser())
    if name.lower().endswith((".py", ".ipynb")):
        hint = f"oumi-chat - < {name} reads what it says, and writes a config." if name.lower().endswith(".py") else "Paste its cells into oumi-chat, which reads what they say and writes a config."
        raise UsageError(f"{name} is a program, and no config.", context=name, hint=hint, reference="no-config")
    try:
        body = parse(text).value
    except NoDocument as problem:
        raise UsageError(f"{name} is no config: {problem.message.partition(': ')[2]}", context=f"{name}:{problem.line}:{problem.column}", hint=problem.hint, reference="bad-yaml") from None
    to = releases.release_of(wish.to) if wish.to else releases.newest()
    tool = tool_of(body) if wish.kind is None else None
    if tool is not None:
        result = _imported(text, tool, name, wish)
    else:
        result = upgrade(text, _kind(body, name, wish), since=_since(wish), to=to)
    return Migrated(name=name, before=text, result=result, refused=_refused(result, to))


def _refused(result: Migration, to: str) -> tuple[Finding, ...]:
    """What is still wrong in the result: a migrated config is to pass the same lint as every other."""
    flaws = judge(result.text, Context(kind=result.kind, version=to, model_of=known_model)).flaws
    return tuple(flaw.finding for flaw in flaws if flaw.finding.severity == "error")


def _imported(text: str, tool: str, name: str, wish: Wish) -> Migration:
    if wish.since is not None:
        raise UsageError(f"{name} is a config of {tool}: it was written for no release of Oumi.", context="--from", hint="Leave --from out.")
    if wish.in_place:
        raise UsageError(f"{name} is a config of {tool}, which --in-place would take away.", context=name, hint=f"oumi-chat migrate {name} -o train.yaml", reference="other-tool")
    return import_config(text, tool)


def _kind(body: dict[str, Any], name: str, wish: Wish) -> str:
    kind = wish.kind or kind_of_old(body)
    if kind is None:
        keys = ", ".join(str(key) for key in list(body)[:6])
        hint = "Known are Oumi's own, Axolotl's, LLaMA-Factory's, torchtune's, TRL's and Unsloth's; --kind says which of Oumi's it is."
        raise UsageError(f"{name} is no config that is known by its keys: {keys}.", context=name, hint=hint, reference="no-config")
    return kind


def _since(wish: Wish) -> str | None:
    if wish.since is None:
        return None
    plain = wish.since.strip().lower().removeprefix("v").removesuffix("-alpha")
    return plain if plain in _TAGS and re.fullmatch(r"[\d.]+", plain) else releases.release_of(plain)


def _replace(one: Migrated, wish: Wish) -> None:
    """The file replaced as a whole, unless something would be lost with it."""
    if one.result.text == one.before or (not one.result.is_whole and not wish.force):
        return
    replace_own(Path(one.name).expanduser(), one.result.text, before=one.before)


def _show(done: list[Migrated], wish: Wish, screen: Screen) -> None:
    for one in done:
        lines = migration_lines(one.name, one.result, screen.err, quiet=wish.quiet)
        lines += [((f"  refused  {_refusal(found)}", "bad"),) for found in one.refused]
        screen.talk([*lines, *_written(one, wish)])
        if wish.diff:
            screen.result("".join(f"{line}\n" for line in diff_lines(one.before, one.result.text, one.name)))
        elif not wish.in_place and wish.output in (None, "-"):
            screen.result(one.result.text)


def _refusal(found: Finding) -> str:
    return f"{found.rule} {found.message.rstrip('.')}; {found.fix}"


def _written(one: Migrated, wish: Wish) -> list[Line]:
    if wish.diff:
        return []
    if wish.in_place and one.result.text == one.before:
        return [] if wish.quiet else [((f"{one.name} is as it was.", ""),)]
    if wish.in_place and not one.result.is_whole and not wish.force:
        return [((f"{one.name} was left as it was, since something would be lost: --force replaces it all the same.", ""),)]
    path = one.name if wish.in_place else wish.output
    return [((f"Saved {path}.", ""),)] if path not in (None, "-") and not wish.quiet else []


def _json(done: list[Migrated]) -> dict[str, Any]:
    findings: list[dict[str, Any]] = []
    for one in done:
        for note in one.result.notes:
            message = f"{note.source}: {note.message}"
            findings.append({"file": one.name, "line": note.line, "column": note.column, "rule": RULES[note.fate], "severity": SEVERITIES[note.fate], "path": note.path or note.source, "message": message, "fix": note.fix})
        root = parse(one.before)
        for found in one.refused:
            place = root.at(found.path) if found.path else None
            line, column = (place.line, place.column) if place is not None else (1, 1)
            findings.append({"file": one.name, "line": line, "column": column, "rule": found.rule, "severity": "error", "path": found.path, "message": found.message, "fix": found.fix})
    files = [{"kind": one.result.kind, "name": one.name, "from": one.result.origin, "yaml": one.result.text} for one in done]
    return {"schema": 1, "findings": findings, "files": files}
