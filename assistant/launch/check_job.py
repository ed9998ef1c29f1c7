"""Checks of a job: its cloud, its scripts, what travels with it, and the config that it runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.builder.disk import written_by_config
from assistant.builder.existing import machine_of_job
from assistant.catalogue.names import nearest
from assistant.configs.difference import ABSENT, differences
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.launching import Check, error, ok, warning
from assistant.launch import check_files, check_machine, check_oumi
from assistant.launch.around import Around
from assistant.launch.awaited import awaited, writes
from assistant.launch.needs import CLOUDS, OWN_CLOUDS, models
from assistant.launch.subject import Subject, read_subject, subject_of
from assistant.machine.jobconfig import JobConfig, carried_configs, config_of_job, configs_named, fields_set
from assistant.planner.disk import Written, download_bytes

JOB = "LCH013"
_PLAIN_PATH = re.compile(r"[\w./~@%+=:,-]+")
_PATIENCE = 10.0
_BASH_ONLY = ((re.compile(r"\bpipefail\b"), "set -o pipefail", "pipefail"), (re.compile(r"^\s*source\s", re.MULTILINE), "type source", "source"))
"""What scripts use and not every /bin/sh has: (in the text, what asks the shell, its name)."""


def is_local(job: Subject) -> bool:
    """True for a job that runs on this machine."""
    return job.text_of("resources.cloud") == "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A config that a job runs: what is judged, or in `problem` why it cannot be.

    `beside` is a file of that name where the job finds its files, which says something else: the script's own text is run.
    """

    name: str
    subject: Subject | None = None
    problem: OumiChatError | None = None
    is_carried: bool = False
    beside: tuple[str, ...] = ()


def inner_configs(job: Subject) -> tuple[Inner, ...]:
    """The configs that a job's script runs, in order: those that it carries, else one that is on this machine.

    For a job that runs here their paths are read from its working folder.
    """
    base = working_folder(job) if is_local(job) else Path()
    if carried := carried_configs(job.body):
        return tuple(_carried(job, one, base) for one in carried)
    found = _on_this_machine(job)
    return (Inner(name=str(found.file), subject=found),) if found is not None else ()


def _carried(job: Subject, config: JobConfig, base: Path) -> Inner:
    name = str(config.file)
    try:
        found = subject_of(config.text, job.file.with_name(config.file.name), base=base)
    except OumiChatError as problem:
        return Inner(name=name, problem=problem, is_carried=True)
    if found.kind == "job":
        return Inner(name=name, problem=UsageError(f"{name} is a job itself.", context="run"), is_carried=True)
    return Inner(name=name, subject=found, is_carried=True, beside=_different(found, (job.file.with_name(config.file.name), working_folder(job) / config.file.name)))


def _different(carried: Subject, files: tuple[Path, ...]) -> tuple[str, ...]:
    """How the first of these files that is there differs from what the job carries: `training.learning_rate 0.001, in the file 0.002`."""
    file = next((one for one in files if one.is_file()), None)
    if file is None:
        return ()
    try:
        found = differences(carried.body, read_subject(file).body)
    except OumiChatError as problem:
        return (problem.message,)
    return tuple(f"{path} {_told(change.before)}, in the file {_told(change.after)}" for path, change in found.items())


def _told(value: object) -> str:
    return "absent" if value is ABSENT else str(value)[:60]


def _on_this_machine(job: Subject) -> Subject | None:
    working = working_folder(job)
    mounts = job.get("file_mounts")
    mounted = {str(to): str(source) for to, source in mounts.items()} if isinstance(mounts, dict) else {}
    for name in configs_named(job.body):
        sources = [Path(source).expanduser() for to, source in mounted.items() if to == name or to.endswith(f"/{name}")]
        for file in (working / name, *sources):
            if file.is_file() and (found := _read(file, working if is_local(job) else Path())) is not None:
                return found
    return None if is_local(job) else _found_near(job)


def _read(file: Path, base: Path) -> Subject | None:
    try:
        found = read_subject(file, base=base)
    except OumiChatError:
        return None
    return found if found.kind != "job" else None


def _found_near(job: Subject) -> Subject | None:
    try:
        return _read(config_of_job(job.file, job.body).file, Path())
    except OumiChatError:
        return None


def job_checks(job: Subject, inners: tuple[Inner, ...], around: Around) -> Iterator[Check]:
    """All checks of a job and of every config that it runs. `around` is this machine."""
    yield from _cloud(job)
    yield from _scripts(job)
    yield from _travels(job)
    if not inners:
        named = configs_named(job.body)
        if named:
            message = f"{named[0]} is not here to be looked at" if not _is_written(job, named[0]) else f"{named[0]} is written by the script: it is not looked at"
            yield warning("Runs", message, JOB, path="run", fix="check it by itself: oumi-chat launch CONFIG --dry-run")
        return
    if names := [name for name in fields_set(job.body) if name != "training.run_name"]:
        yield warning("Runs", f"the script also sets {', '.join(names)}: the config is looked at without", JOB, path="run", fix="set them in the config")
    written: dict[str, str] = {}
    for inner in inners:
        yield from _runs(inner)
        if inner.subject is not None:
            checks = (_here if is_local(job) else _elsewhere)(job, inner.subject, around)
            yield from awaited((*check_oumi.schema(inner.subject, around), *checks), inner.subject, written)
            written |= dict.fromkeys(writes(inner.subject), inner.name)
    if not is_local(job):
        yield from _several_nodes(job)
        yield from _installs(job)


_SHOWN = 3
"""Differences that are told one by one."""


def _runs(inner: Inner) -> Iterator[Check]:
    """What is run, and how a file of that name differs from it."""
    if inner.problem is not None:
        yield error("Runs", f"{inner.name}, which the script carries, is no config: {inner.problem.message}", JOB, path="run", fix="mend it in the script, or make the job anew")
        return
    assert inner.subject is not None
    where = ", carried by the script" if inner.is_carried else ""
    yield ok("Runs", f"{inner.subject.file if not inner.is_carried else inner.name}, of kind {inner.subject.kind}{where}", JOB, "run")
    if inner.beside:
        more = f" and {len(inner.beside) - _SHOWN} more" if len(inner.beside) > _SHOWN else ""
        message = f"the job runs its own {inner.name}, and the file {inner.name} differs: {'; '.join(inner.beside[:_SHOWN])}{more}"
        yield warning("Runs", message, JOB, path="run", fix=f"make the job anew for what the file says, or launch the file itself: oumi-chat launch {shlex.quote(inner.name)}")


def _is_written(job: Subject, name: str) -> bool:
    scripts = f"{job.text_of('setup')}\n{job.text_of('run')}"
    return re.search(rf">\s*['\"]?{re.escape(name)}", scripts) is not None


def _cloud(job: Subject) -> Iterator[Check]:
    cloud = job.text_of("resources.cloud")
    if cloud in CLOUDS:
        yield ok("Cloud", "this machine" if cloud == "local" else cloud, JOB, "resources.cloud")
        return
    near = nearest(cloud, CLOUDS, count=1) if cloud else []
    message = f'Oumi knows no cloud "{cloud}"' if cloud else "no cloud is named"
    yield error("Cloud", message, JOB, path="resources.cloud", fix=f"did you mean {near[0]}?" if near else f"one of {', '.join(CLOUDS)}")


def _scripts(job: Subject) -> Iterator[Check]:
    """Both scripts parse in the shell that runs them: /bin/sh for a local job (Oumi's local client), bash elsewhere."""
    shell = "/bin/sh" if is_local(job) else shutil.which("bash")
    if not job.text_of("run").strip():
        yield error("Script", "run is empty: the job does nothing", JOB, path="run", fix="write what it runs")
    for path in ("setup", "run"):
        script = job.text_of(path)
        if script and shell and (problem := _syntax(shell, script)):
            yield error("Script", f"{path} does not parse in {Path(shell).name}: {problem}", JOB, path=path, fix="mend that line")
        if is_local(job):
            for pattern, asks, name in _BASH_ONLY:
                if pattern.search(script) and _exit_code(shell or "", asks):
                    yield error("Script", f"Oumi runs a local job with /bin/sh, which here has no {name}", JOB, path=path, fix="leave it out, or call bash from the script")


def _syntax(shell: str, script: str) -> str:
    """What the shell says of a script that it only reads; empty where all is well."""
    try:
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return ""
    return " ".join(done.stderr.split())[:160] if done.returncode else ""


def _exit_code(shell: str, script: str) -> int:
    try:
        return subprocess.run([shell, "-c", script], capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL).returncode
    except (OSError, subprocess.SubprocessError):
        return 0


def _travels(job: Subject) -> Iterator[Check]:
    """The working folder and everything that is mounted is on this machine."""
    folder = job.text_of("working_dir")
    if is_local(job) and not folder:
        yield error("Folder", "a local job needs a working_dir", JOB, path="working_dir", fix="working_dir: .")
    if is_local(job) and folder and not _PLAIN_PATH.fullmatch(folder):
        yield error("Folder", f"Oumi puts working_dir into a shell as it is, and {folder[:60]!r} is more than a path there", JOB, path="working_dir", fix="move the folder to a plain name")
    elif folder and not Path(folder).expanduser().is_dir():
        yield error("Folder", f"there is no folder {folder}", JOB, path="working_dir", fix="give it as seen from where the command is run")
    mounts = job.get("file_mounts")
    if is_local(job) and mounts:
        yield warning("Files", "Oumi mounts no files for a local job", JOB, path="file_mounts", fix="put them where the script reads them")
        return
    for to, source in mounts.items() if isinstance(mounts, dict) else ():
        if isinstance(source, str) and "://" not in source and not Path(source).expanduser().exists():
            yield error("Files", f"{source}, mounted at {to}, is not here", JOB, path="file_mounts", fix="make it, or leave the mount out")


def _here(job: Subject, inner: Subject, around: Around) -> Iterator[Check]:
    """The config on this machine, from the job's working folder. What its setup installs is not there yet."""
    installs = "install" in job.text_of("setup")
    elsewhere = (check_files.output,) if "training.output_dir" in fields_set(job.body) else ()
    for look in (one for one in HERE if one not in elsewhere):
        for found in look(inner, around):
            is_package = look is check_oumi.needed_packages and found.status == "error"
            yield replace(found, status="warning", fix="setup must install it") if is_package and installs else found


HERE = (
    check_machine.planner_findings, check_machine.gpus, check_machine.memory, check_files.all_models, check_files.data, check_files.functions, check_machine.disk,
    check_files.output, check_oumi.needed_packages, check_oumi.keys,
)  # fmt: skip
"""Checks of a config that this machine runs, in the order that they are shown."""


def _elsewhere(job: Subject, inner: Subject, around: Around) -> Iterator[Check]:
    """The config on the job's machines."""
    try:
        machine = machine_of_job(job.body)
    except OumiChatError as problem:
        yield error("GPUs", problem.message, "LCH003", path="resources.accelerators", fix=problem.hint)
        return
    if machine is not None:
        there = replace(around, machine=machine)
        asked = replace(inner, said=machine)
        for look in (check_machine.planner_findings, check_machine.gpus, check_machine.memory):
            yield from look(asked, there)
    yield from _token(job, inner, around)
    yield from _room(job, inner, around)


def _several_nodes(job: Subject) -> Iterator[Check]:
    nodes = job.get("num_nodes")
    if isinstance(nodes, int) and nodes > 1 and "oumi distributed" not in job.text_of("run"):
        yield warning("Nodes", f"{nodes} nodes each run the same script by itself", JOB, path="run", fix="oumi distributed torchrun -m oumi train -c …")


def _token(job: Subject, inner: Subject, around: Around) -> Iterator[Check]:
    """A gated model needs a token there too."""
    envs, mounts = job.get("envs") or {}, job.get("file_mounts") or {}
    carried = "HF_TOKEN" in envs or any("huggingface" in str(to) for to in mounts) or "HF_TOKEN" in f"{job.get('setup')}{job.get('run')}"
    for path, name in models(inner):
        try:
            model = around.model(inner, name)
        except OumiChatError:
            continue
        if model is not None and model.gated and not carried:
            fix = "file_mounts: {~/.cache/huggingface/token: ~/.cache/huggingface/token}"
            yield error("Model", f"{name} is gated, and no token travels with the job", "LCH006", path=path, fix=fix)


def _room(job: Subject, inner: Subject, around: Around) -> Iterator[Check]:
    """The disk that is asked for holds the weights and what is written. SkyPilot counts it in GiB."""
    asked = job.get("resources.disk_size")
    try:
        model = around.model(inner, inner.text_of("model.model_name"))
        if not isinstance(asked, int) or model is None or model.rough:
            return
        written = written_by_config(inner.body, model, machine_of_job(job.body) or inner.header.machine or around.machine) if inner.kind == "train" else Written()
    except OumiChatError:
        return
    needed = download_bytes(model) + written.least
    figures = f"{needed / 1e9:,.1f} GB of weights and checkpoints at least, {asked} GiB of disk"
    if needed > asked * 2**30:
        yield error("Disk", figures, "LCH008", path="resources.disk_size", fix=f"disk_size: {int(2 * needed / 2**30) + 50}")
    else:
        yield ok("Disk", figures, "LCH008", "resources.disk_size")


def _installs(job: Subject) -> Iterator[Check]:
    cloud = job.text_of("resources.cloud")
    if cloud not in OWN_CLOUDS and "oumi" not in job.text_of("setup") and not job.get("resources.image_id"):
        yield warning("Setup", "nothing in setup installs oumi, and the machine is new", JOB, path="setup", fix='pip install "oumi[gpu]"')


def working_folder(job: Subject) -> Path:
    """Where a local job runs."""
    return Path(os.path.expanduser(job.text_of("working_dir") or "."))
