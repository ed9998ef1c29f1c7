"""After a run that failed: its error read, and the smallest change of the config that mends it, beside the file."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from assistant.builder.mend import Mending, mend
from assistant.builder.requests import Resolve
from assistant.core.errors import OumiChatError
from assistant.core.values import Hardware
from assistant.launch.subject import Subject
from assistant.machine.files import write_new
from assistant.reader.traces import Trace, trace_in
from assistant.terminal import report
from assistant.terminal.mending import mending_lines
from assistant.terminal.screen import Screen

_TRIES = 1000


def read_error(tail: str) -> Trace | None:
    """The error at the end of a run's output; None where it is none that is known."""
    trace = trace_in(tail)
    return trace if trace is not None and trace.kind != "unknown" else None


def mending_for(trace: Trace, subject: Subject, machine: Hardware, resolve: Resolve) -> Mending:
    """What mends it: a change of a training's config; for the other kinds what is around it."""
    on = None if machine.gpu.kind == "cpu" else machine
    if subject.kind == "train":
        try:
            return mend(trace, config_text=subject.text, machine=on, resolve=resolve)
        except OumiChatError:  # a config that cannot be edited: the error alone still says something
            pass
    return mend(trace, machine=on, resolve=resolve)


def offer(mending: Mending, subject: Subject, screen: Screen, confirmed: Callable[[str], bool] | None) -> Path | None:
    """Show what mends it and, where a person can be asked and says yes, write it to a new file; the file, or None."""
    file = subject.file
    screen.talk([(), *mending_lines(mending, screen.err, name=str(file), apply="")])
    if mending.yaml is None or mending.yaml == subject.text:
        return None
    target = beside(file)
    if confirmed is None:
        report.say(screen, f'The change was not written. On a terminal it is offered; or paste the error: oumi-chat "…" --config {shlex.quote(str(file))} -o {shlex.quote(str(target))}')
        return None
    try:
        wanted = confirmed(f"Write {target} with this change?")
    except KeyboardInterrupt:  # the run's own exit code stands
        wanted = False
    if not wanted:
        return None
    write_new(target, mending.yaml, force=False)
    report.say(screen, f"Saved {target}; {file} is left as it is.")
    return target


def beside(file: Path) -> Path:
    """A name next to the file that nothing has yet: `train.mended.yaml`, `train.mended-2.yaml`."""
    stem = file.stem.removesuffix(".mended")
    names = (f"{stem}.mended{'' if n == 1 else f'-{n}'}{file.suffix}" for n in range(1, _TRIES))
    return next(path for name in names if not (path := file.with_name(name)).exists() and not path.is_symlink())
