"""Checks of the program: Oumi, its version, packages beside it, keys, and the config against its schema and its own loader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from assistant.builder.packages import packages
from assistant.checks.document import parse
from assistant.checks.releases import newest
from assistant.checks.schema import snapshot
from assistant.checks.typed import mistakes
from assistant.core.launching import Check, error, ok, warning
from assistant.launch.around import Around
from assistant.launch.needs import key_of
from assistant.launch.subject import Subject
from assistant.machine.validate import validate

NO_OUMI = "LCH001"
_MOST = 5
"""Findings of one kind that are shown one by one."""


def oumi(subject: Subject, around: Around) -> Iterator[Check]:
    """Oumi is there, in the version that the config was made for."""
    if around.oumi is None:
        fix = 'pip install "oumi[gpu]", or copy the config to a machine that has it and run the command there'
        yield error("Oumi", "oumi is not installed here, so nothing can be started", NO_OUMI, fix=fix)
        return
    here, planned = around.oumi.version, subject.header.oumi or str(snapshot(subject.kind)["oumi"])
    if here is None:
        fix = "look at `oumi --version`"
        yield warning("Oumi", f"{around.oumi.program} is no Python program: its version and packages are not known", "LCH002", fix=fix)
    elif _release(here) != _release(planned):
        fix = f'pip install "oumi=={planned}.*", or have the fields checked by the version that is here (see below)'
        yield warning("Oumi", f"{here} is installed, and the config is for the fields of {planned}", "LCH002", fix=fix)
    else:
        yield ok("Oumi", here, "LCH002")


def _release(version: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\d+", version)[:2])


def needed_packages(subject: Subject, around: Around) -> Iterator[Check]:
    """Every package that a field needs is installed in the Python that Oumi runs in."""
    needs = packages(subject)
    if around.oumi is None or not needs:
        return
    known = around.oumi.modules
    missing = [need for need in needs if known.get(need.module) is False]
    for need in missing:
        yield error("Packages", f"{need.path} needs {need.module}, which is not installed where oumi runs", "LCH010", path=need.path, fix=need.install)
    unknown = [need.module for need in needs if need.module not in known]
    if unknown:
        yield warning("Packages", f"{', '.join(unknown)} could not be looked up: the Python of {around.oumi.program} is not known", "LCH010", fix="look yourself")
    elif not missing:
        yield ok("Packages", ", ".join(need.module for need in needs), "LCH010")


def keys(subject: Subject, around: Around) -> Iterator[Check]:
    """The key of an API, and of a tracker that would otherwise stop to ask for one."""
    if (needed := key_of(subject)) is not None:
        path, name = needed
        if around.environ.get(name):
            yield ok("Key", f"{name} is set", "LCH011", path)
        else:
            yield error("Key", f"{name} is not set, and the API asks for it", "LCH011", path=path, fix=f"export {name}=…")
    tracked = subject.get("training.enable_wandb") is True or subject.get("enable_wandb") is True
    if tracked and not _has_wandb_key(around):
        fix = "`wandb login`, export WANDB_MODE=offline, or set enable_wandb: false"
        yield warning("Key", "enable_wandb is true and no key of Weights & Biases is here: the run would stop to ask for it", "LCH011", path="training.enable_wandb", fix=fix)


def _has_wandb_key(around: Around) -> bool:
    if around.environ.get("WANDB_API_KEY") or around.environ.get("WANDB_MODE", "").lower() in ("offline", "disabled", "dryrun"):
        return True
    netrc = Path(around.environ.get("NETRC") or "~/.netrc").expanduser()
    try:
        return "wandb.ai" in netrc.read_text("utf-8", "replace")
    except OSError:
        return False


def schema(subject: Subject, _: Around) -> Iterator[Check]:
    """The fields are those of the kind, with values that Oumi's parser takes."""
    found = mistakes(parse(subject.text), subject.kind, newest())
    for one in found[:_MOST]:
        yield error("Config", one.message, one.rule, path=one.path, fix=one.fix)
    if len(found) > _MOST:
        yield error("Config", f"{len(found) - _MOST} more fields are wrong", "SCH001", fix="mend those above first")
    if not found:
        yield ok("Config", f"fields and values are those of Oumi {newest()}", "SCH001")


def loads(subject: Subject, around: Around) -> Iterator[Check]:
    """The Oumi that is installed loads and validates it: takes seconds, since Oumi has to be imported."""
    if around.oumi is None:
        return
    if around.oumi.python is None:
        yield warning("Loads", "Oumi itself was not asked: the Python that it runs in is not known", "LCH012", fix="the run shows it")
        return
    verdict = validate(subject.file, subject.kind, python=around.oumi.python)
    if verdict.accepted:
        yield ok("Loads", "Oumi, as it is installed here, loads and validates it", "LCH012")
    else:
        yield error("Loads", f"Oumi refuses it: {verdict.problem}", "LCH012", fix="mend what it names")
