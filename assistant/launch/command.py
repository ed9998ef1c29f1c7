"""The command that starts a config of each kind on a machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.core.values import Hardware
from assistant.launch import functions
from assistant.launch.subject import Subject
from assistant.machine.gpus_now import Accelerators, GpuNow

_CLUSTER = re.compile(r"[A-Za-z](?:[\w.-]{0,60}[A-Za-z0-9])?|[A-Za-z][\w.-]{0,60}@[A-Za-z0-9][\w.-]{0,200}")
"""A cluster of SkyPilot's, or the login host of a Slurm cluster with its account (oumi/launcher/clients/slurm_client.py)."""
_PLACEHOLDER = re.compile(r"[A-Z]+(?:@[A-Z-]+)?")
_KEY = re.compile(r"--envs\.([A-Z][A-Z0-9_]{0,80})")
_TORCHRUN = ("distributed", "torchrun", "-m", "oumi")
_ACCELERATE = ("distributed", "accelerate", "launch", "-m", "oumi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Arguments after `oumi`, and the environment variables that go before; values are data, quoted where shown.

    `handed_on` are variables of this environment that a job gets: shown by name, given by value.
    """

    words: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    handed_on: tuple[str, ...] = ()

    def shown(self, program: str = "oumi") -> str:
        """The command as it is typed in a POSIX shell."""
        before = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        after = [f'--envs.{name} "${name}"' for name in self.handed_on]
        return " ".join([*before, shlex.join([program, *self.words]), *after])

    def arguments(self, environ: Mapping[str, str]) -> list[str]:
        """The arguments as they are given, with the values of what is handed on; what is not set here is left out."""
        return [*self.words, *(f"--envs.{name}={environ[name]}" for name in self.handed_on if environ.get(name))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What a command line adds: a job's cluster, a judge's rows and where its verdicts go."""

    cluster: str | None = None
    input: str | None = None
    output: str | None = None


def file_word(file: Path) -> str:
    """The file as Oumi takes it for a path and for nothing else: a bare word may be one of its aliases, a dash an option."""
    text = str(file)
    return text if "/" in text or (file.suffix in (".yaml", ".yml") and not text.startswith("-")) else f"./{text}"


def used_machine(subject: Subject, here: Accelerators) -> Hardware:
    """The machine of a flag, else the GPUs of this one that were planned for, else its main memory."""
    if subject.said is not None:
        return subject.said
    if here.machine is None or _planned_for_cpu(subject):
        return here.main_memory
    return here.machine


def _planned_for_cpu(subject: Subject) -> bool:
    planned = subject.header.machine
    return planned is not None and planned.gpu.kind == "cpu"


def gpus_used(subject: Subject, machine: Hardware) -> int:
    """GPUs of one node that the command starts: those planned for, where this machine has as many or more."""
    if machine.gpu.kind in ("cpu", "unified"):
        return 1
    planned = subject.header.machine
    if subject.said is None and planned is not None and planned.nodes == 1 and planned.gpu.kind not in ("cpu", "unified"):
        return min(planned.count, machine.count)
    return machine.count


def command_for(subject: Subject, machine: Hardware, here: Accelerators, extras: Extras) -> Command:
    """What starts this config here.

    Raises:
        UsageError: the kind needs something that is not given, or a cluster's name that no cloud takes.
    """
    _refuse_extras(subject, extras)
    file = ("-c", file_word(subject.file))
    told = _told(subject)
    if subject.kind == "job":
        cluster = _cluster(extras.cluster or told.get("--cluster"))
        return Command(words=("launch", "up", *file, *cluster, *_user(told)), handed_on=_handed_on(subject))
    if subject.kind == "judge":
        rows = replace(extras, input=extras.input or told.get("--input"), output=extras.output or told.get("--output"))
        form = "conversations" if "oumi judge conversations " in (subject.header.command or "") else "dataset"
        return Command(words=("judge", form, *file, *_rows(subject, rows)))
    if subject.kind == "quantize":  # Oumi 0.9 writes where its option says, whatever the config has
        output = subject.text_of("output_path")
        return Command(words=("quantize", *file, *((f"--output={output}",) if output else ())), environment=_devices(subject, machine, here))
    words: dict[str, tuple[str, ...]] = {
        "train": _train(subject, machine),
        "eval": _evaluate(subject, machine),
        "infer": ("infer",) if subject.text_of("input_path") else ("infer", "-i"),
        "tune": ("tune",),
        "synthesize": ("synth",),
    }
    return Command(words=(*words[subject.kind], *file), environment=functions.environment(subject) | _devices(subject, machine, here))


def _told(subject: Subject) -> dict[str, str]:
    """Options of the command in the header, by name; empty where none is there, or it cannot be read.

    They become arguments, never words of a shell. What still waits for a name (`ACCOUNT@LOGIN-HOST`) says nothing.
    """
    try:
        words = shlex.split(subject.header.command or "")
    except ValueError:
        return {}
    return {flag: value for flag, value in pairwise(words) if flag.startswith("--") and not value.startswith("-") and not _PLACEHOLDER.fullmatch(value)}


def _user(told: Mapping[str, str]) -> tuple[str, ...]:
    name = told.get("--user")
    return ("--user", name) if name and _CLUSTER.fullmatch(name) else ()


def _handed_on(subject: Subject) -> tuple[str, ...]:
    """Variables that the header's command hands to the job under their own names."""
    return tuple(match.group(1) for flag, value in _told(subject).items() if (match := _KEY.fullmatch(flag)) and value == f"${match.group(1)}")


def _train(subject: Subject, machine: Hardware) -> tuple[str, ...]:
    several = gpus_used(subject, machine) * machine.nodes > 1
    if not several or subject.get("training.trainer_type") == "VERL_GRPO":  # verl starts its own processes
        return ("train",)
    return (*_TORCHRUN, "train")


def _evaluate(subject: Subject, machine: Hardware) -> tuple[str, ...]:
    copies = "accelerate launch" in (subject.header.command or "") and gpus_used(subject, machine) > 1
    return (*_ACCELERATE, "evaluate") if copies else ("evaluate",)


def _devices(subject: Subject, machine: Hardware, here: Accelerators) -> dict[str, str]:
    """The GPUs with the most free memory, where fewer are used than there are: else transformers spreads over all."""
    if subject.said is not None or machine.gpu.kind == "cpu":
        return {"CUDA_VISIBLE_DEVICES": ""} if machine.gpu.kind == "cpu" and here.gpus and subject.said is None else {}
    count = gpus_used(subject, machine)
    if not here.gpus or count >= len(here.gpus):
        return {}
    return {"CUDA_VISIBLE_DEVICES": ",".join(str(gpu.index) for gpu in freest(here.gpus, count))}


def freest(gpus: tuple[GpuNow, ...], count: int) -> tuple[GpuNow, ...]:
    """As many GPUs of the kind that a run is planned on (the largest group of like ones), those with the most free memory."""
    sizes = {gpu.name: sum(g.total_gib for g in gpus if g.name == gpu.name) for gpu in gpus}
    name = max(sizes, key=lambda one: (sizes[one], one))
    alike = sorted((gpu for gpu in gpus if gpu.name == name), key=lambda gpu: (-round(gpu.free_gib), gpu.index))
    return tuple(sorted(alike[:count], key=lambda gpu: gpu.index))


def _cluster(name: str | None) -> tuple[str, ...]:
    if name is None:
        return ()
    if not _CLUSTER.fullmatch(name):
        hint = "Letters, digits, dots, dashes and underscores; a letter first."
        raise UsageError(f"No cluster can be called {name[:60]!r}.", context="--cluster", hint=hint, reference="bad-name")
    return ("--cluster", name)


def _rows(subject: Subject, extras: Extras) -> tuple[str, ...]:
    if extras.input is None:
        hint = f"oumi-chat launch {shlex.quote(str(subject.file))} --input rows.jsonl"
        raise UsageError("A judge needs the rows that it judges.", context="--input", hint=hint, reference="no-input")
    return (f"--input={extras.input}", *((f"--output={extras.output}",) if extras.output else ()))


def _refuse_extras(subject: Subject, extras: Extras) -> None:
    wrong = [("--cluster", extras.cluster, "job"), ("--input", extras.input, "judge"), ("--output", extras.output, "judge")]
    for flag, value, kind in wrong:
        if value is not None and subject.kind != kind:
            raise UsageError(f"{flag} is for a {kind}, and {subject.file} is none.", context=flag, hint="Leave it out.", reference="usage")
