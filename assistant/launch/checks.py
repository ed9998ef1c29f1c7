"""All checks of a config in the order that they are shown, and the exit code that they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assistant.core.launching import Check
from assistant.launch import check_files, check_job, check_oumi
from assistant.launch.around import Around
from assistant.launch.check_machine import MEMORY
from assistant.launch.command import Extras
from assistant.launch.subject import Subject


def checks_for(subject: Subject, inners: tuple[check_job.Inner, ...], around: Around, extras: Extras) -> Iterator[Check]:
    """One check after the other; what takes seconds comes last. `inners` are the configs that a job runs."""
    yield from check_oumi.oumi(subject, around)
    fields = list(check_oumi.schema(subject, around))
    yield from fields
    if subject.kind == "job":
        yield from check_oumi.needed_packages(subject, around)
        yield from check_job.job_checks(subject, inners, around)
    else:
        for look in check_job.HERE:
            if look is check_files.data:
                yield from check_files.data(subject, around, (("--input", extras.input),) if extras.input else ())
            else:
                yield from look(subject, around)
    if all(one.status == "ok" for one in fields):  # else Oumi says the same
        yield from check_oumi.loads(subject, around)


def exit_code(checks: Iterable[Check]) -> int:
    """0 where nothing is in the way; 2 without Oumi, 4 where memory alone does not do, else 5."""
    wrong = {one.rule for one in checks if one.status == "error"}
    if check_oumi.NO_OUMI in wrong:
        return 2
    return 0 if not wrong else 4 if wrong == {MEMORY} else 5
