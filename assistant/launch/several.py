"""Several configs one after the other: those of a saved set, each when the one before it has ended well."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.core.errors import OumiChatError, UsageError
from assistant.core.launching import Check
from assistant.launch import check_files
from assistant.launch.awaited import writes
from assistant.launch.checks import exit_code
from assistant.launch.command import file_word
from assistant.launch.flow import Ready, Wish, first_lines, launch, leave, look, start, tell
from assistant.launch.show import check_lines, command_lines, several_json
from assistant.launch.subject import Subject, read_subject
from assistant.terminal import report

_ORDER = ("synthesize", "tune", "train", "quantize", "eval", "infer", "judge")
"""Kinds as one uses what another writes; of a folder, the configs are started in this order."""
_ENDINGS = (".yaml", ".yml")


def launch_all(wish: Wish, names: Sequence[Path]) -> int:
    """Check all of them, ask once, run them in order; the exit code of the checks, or of the first that did not end well.

    Raises:
        UsageError: as `launch`; a job among several, a folder in which no order is plain, or two that write the same folder.
    """
    if any(name == Path() for name in names):  # what a script's empty variable gives; a folder is said as ./
        raise UsageError("The name of the config is empty.", context="FILE", hint="oumi-chat launch train.yaml, or ./ for the set in this folder.", reference="no-file")
    files = [file for name in names for file in (_of_folder(name) if name.is_dir() else [name])]
    if len(files) == 1:
        return launch(replace(wish, file=files[0]))
    ready = looked_at(wish, files)
    if wish.json:
        report.json_result(wish.screen, several_json([(one.subject, one.shown, one.around.machine, one.checks) for one in ready]))
    else:
        tell(wish, [*(line for one in ready for line in (*first_lines(one), *command_lines(one.shown))), ()])
    if wish.dry:
        return _exit_code(ready)
    stopped = may_start_all(wish, ready)
    return stopped if stopped is not None else run_each(wish, ready, lambda one: start(wish, one))


def may_start_all(wish: Wish, ready: Sequence[Ready]) -> int | None:
    """None where all of them are to be started, else the exit code.

    Raises:
        UsageError: nobody can be asked, and --yes is not given.
    """
    shown = " && ".join(one.shown for one in ready)
    return leave(wish, _exit_code(ready), shown, f"Run these {len(ready)} commands, each when the one before it has ended well?")


def _exit_code(ready: Sequence[Ready]) -> int:
    return exit_code([check for one in ready for check in one.checks])


def _of_folder(folder: Path) -> list[Path]:
    """The configs of a folder in the order in which they are started.

    Raises:
        UsageError: there is none, a job, or two of a kind.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS and path.is_file())
    except OSError as problem:
        raise UsageError(f"{folder} cannot be read: {problem.strerror}.", context=str(folder), hint="Give a folder that you may read.", reference="cannot-read") from None
    if folder.samefile(Path()):  # as they are called from here
        files = [Path(file.name) for file in files]
    found = [subject for file in files if (subject := _config(file)) is not None]
    kinds = [one.kind for one in found]
    twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    if not found or twice or "job" in kinds:
        names = shlex.join(file_word(one.file) for one in found)
        what = "holds no config" if not found else f"holds several of kind {twice}" if twice else "holds a job, which runs the others where it is sent"
        hint = f"Name what is to be started: oumi-chat launch {names}" if found else "Give a config, or the folder of a saved set."
        raise UsageError(f"{folder} {what}.", context=str(folder), hint=hint, reference="no-order")
    return [one.file for one in sorted(found, key=lambda one: _ORDER.index(one.kind))]


def _config(file: Path) -> Subject | None:
    """The config in a file; None for other YAML that lies there."""
    try:
        return read_subject(file)
    except OumiChatError:
        return None


def looked_at(wish: Wish, files: Sequence[Path]) -> list[Ready]:
    """Each config with its command and its checks, in this order; what one writes the next may wait for.

    Raises:
        UsageError: a job among them, or two that write the same folder.
    """
    written: dict[str, str] = {}
    ready = []
    for file in files:
        one = look(replace(wish, file=file), written)
        if one.subject.kind == "job":
            raise UsageError(f"{file} is a job, and several files are named.", context=str(file), hint=f"Start it by itself: oumi-chat launch {shlex.quote(str(file))}", reference="job-alone")
        if again := next((folder for folder in writes(one.subject) if folder in written), None):
            raise UsageError(f"{written[again]} and {file} both write {again}.", context=str(file), hint="Give one of them another output folder, or start one alone.", reference="same-folder")
        written |= dict.fromkeys(writes(one.subject), str(file))
        ready.append(one)
    return ready


def run_each(wish: Wish, ready: Sequence[Ready], begin: Callable[[Ready], int]) -> int:
    """Each in turn by `begin`, which gives its exit code; the first that is not 0 ends it, and is returned."""
    for place, one in enumerate(ready):
        report.say(wish.screen, f"{place + 1} of {len(ready)}: {one.shown}")
        failed = _not_written(wish, one) if place and not wish.force else 0
        code = failed or begin(one)
        if code:
            left = [str(other.subject.file) for other in ready[place + (0 if failed else 1) :]]
            if left:
                report.say(wish.screen, f"Stopped: {', '.join(left)} {'was' if len(left) == 1 else 'were'} not started.")
            return code
    return 0


def _not_written(wish: Wish, one: Ready) -> int:
    """What is wrong with the models of a step now that the ones before it have run, and was not when it was let start; each told."""
    wrong: list[Check] = [check for check in check_files.all_models(one.subject, one.around) if check.status == "error" and check not in one.checks]
    for check in wrong:
        tell(wish, check_lines(check, wish.screen.err))
    return exit_code(wrong)
