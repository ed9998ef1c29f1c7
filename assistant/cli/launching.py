"""`oumi-chat launch FILE`: the flags of a launch as a wish."""

from __future__ import annotations

import functools
import shlex
from dataclasses import dataclass
from pathlib import Path

from assistant.catalogue.machines import parse_machine
from assistant.cli.chatting import is_on_terminal
from assistant.core.errors import UsageError
from assistant.launch.command import Extras
from assistant.launch.flow import Confirmed, Wish
from assistant.launch.several import launch_all
from assistant.terminal.screen import Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags of `launch` as typed."""

    gpus: str | None
    extras: Extras
    yes: bool
    force: bool
    dry: bool
    json: bool
    quiet: bool
    no_color: bool


def launch(files: list[str], flags: Flags) -> int:
    """Start configs, one after the other, or say what stands in the way; the exit code.

    Raises:
        UsageError: flags that do not go together, no such file, or nobody to ask.
    """
    if flags.json and not flags.dry:
        hint = f"oumi-chat launch {shlex.join(files)} --dry-run --json"
        raise UsageError("--json is for --dry-run: the output of a run is the program's own.", context="--json", hint=hint, reference="usage")
    said = parse_machine(flags.gpus) if flags.gpus is not None and flags.gpus.strip().lower() != "auto" else None
    wish = Wish(
        file=_path(files[0]), screen=Screen(no_color=flags.no_color), confirmed=_asker(flags) if is_on_terminal() else None, said=said,
        extras=flags.extras, yes=flags.yes, force=flags.force, dry=flags.dry, json=flags.json, quiet=flags.quiet,
    )  # fmt: skip
    return launch_all(wish, [_path(file) for file in files])


def _path(name: str) -> Path:
    """The file or folder of a name; of `.` and `./` the folder by its whole path, since an empty name is none."""
    path = Path(name).expanduser()
    return path.absolute() if name and path == Path() else path


def _asker(flags: Flags) -> Confirmed:
    from assistant.chat.prompt import is_yes

    ask = functools.partial(is_yes, no_color=flags.no_color, interrupts=True)
    return lambda question, default: ask(question, default=default)
