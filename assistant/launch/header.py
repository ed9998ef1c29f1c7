"""What the comment at the top of a config of ours says of the plan behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.catalogue.machines import parse_machine
from assistant.core.errors import UsageError
from assistant.core.values import Hardware
from assistant.planner.serving.functions import VARIABLE

_PLAN = re.compile(r"^# Plan: .* on (?P<machine>[^,\n]+?)(?:, (?:none|ddp|fsdp|deepspeed|hybrid)\w*)?$", re.MULTILINE)
_MADE = re.compile(r"^# Made by oumi-chat (?P<ours>\S+) for the fields of Oumi (?P<oumi>[\w.]+)\.$", re.MULTILINE)
_RUN = re.compile(rf"^# Run: (?:env {VARIABLE}=(?P<functions>\S+) )?(?P<command>oumi .*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The machine and the Oumi that a config was planned for, and its command; None where nothing says so.

    `functions` is the list of files with evaluation functions that the command names.
    """

    machine: Hardware | None = None
    oumi: str | None = None
    command: str | None = None
    functions: str | None = None


def read_header(text: str) -> Header:
    """The header in a config's text. Comments of anybody's may stand there: what cannot be read says nothing."""
    top = text[:20_000]
    plan, made, run = _PLAN.search(top), _MADE.search(top), _RUN.search(top)
    return Header(
        machine=_machine(plan.group("machine")) if plan and made else None,
        oumi=made.group("oumi") if made else None,
        command=run.group("command") if run and made else None,
        functions=run.group("functions") if run and made else None,
    )


def _machine(said: str) -> Hardware | None:
    try:
        return parse_machine(said, source="request")
    except UsageError:
        return None
