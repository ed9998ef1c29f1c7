"""The job file beside a config: where it runs, on what, and everything that must be there.

`with_job` adds one to an outcome; `job_file` writes it from its plan and the configs that travel in it, byte for byte.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from assistant import __version__
from assistant.builder.disk import written_by_config
from assistant.builder.jobfindings import job_findings
from assistant.builder.jobneeds import Files, files_of, files_told, needs_of, place_there
from assistant.builder.jobscripts import FOLDER, breaks_slurm, run_script, setup_script
from assistant.builder.phrase import machine_phrase
from assistant.catalogue.clouds import CLOUDS, Cloud, refuse_nodes
from assistant.catalogue.models import get_model
from assistant.checks.schema import snapshot
from assistant.configs.build import Config
from assistant.configs.render import load, render
from assistant.core.errors import UsageError
from assistant.core.jobplan import Disk, JobPlan
from assistant.core.outcome import ConfigFile, Outcome, Step
from assistant.core.values import Finding, Hardware, ModelSpec, price_date
from assistant.planner.disk import arithmetic, serving_disk, training_disk
from assistant.planner.requirements import offers_on

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_PLAIN = re.compile(r"[\w./~-]+", re.ASCII)
_NAME_LENGTH = 30
"""A cluster's name on GCP has 35 characters at most (sky/clouds/gcp.py), a suffix included."""


def with_job(
    outcome: Outcome,
    *,
    cloud: str | None = None,
    spot: bool | None = None,
    cluster: str | None = None,
    user: str | None = None,
    exists: Callable[[str], bool] | None = None,
) -> Outcome:
    """The outcome with a job file as the last of its files, and the command that launches it.

    `cloud` and `spot` are the intent's unless given. `cluster` and `user` name a machine that is up, or a Slurm account
    (`user@login-host`). `exists` tells whether a local file is here: those that are travel with the job. An outcome without
    a config, or without a cloud, is returned as it is; a config that no job can run gets a finding instead. Pure.

    Raises:
        UsageError: an unknown cloud, or several nodes where it joins none.
    """
    name = cloud or outcome.intent.cloud
    if name is None or outcome.status != "ok" or not outcome.files or outcome.job is not None:
        return outcome
    if name not in CLOUDS:
        raise UsageError(f"No cloud {name} is known.", context="cloud", hint=f"One of {', '.join(CLOUDS)}.", reference="unknown-cloud")
    place = CLOUDS[name]
    refuse_nodes(name, outcome.hardware.nodes if outcome.hardware else 1)
    steps = tuple(step for step in outcome.steps if not _stays(outcome, step))
    if refused := _refused(steps, place):
        return replace(outcome, findings=(*outcome.findings, refused))
    wanted_spot = bool(outcome.intent.spot if spot is None else spot)
    found = _merged([*(files_of(load(step.file.yaml), exists) for step in steps), *(files_told(command, exists) for step in steps for command in step.commands)])
    plan = _plan(outcome, steps, place, found, spot=wanted_spot and place.spot, cluster=cluster, user=user)
    told = " ".join(finding.message for finding in outcome.findings)
    written = outcome.plan.output_dir if outcome.plan else None
    unsaid = replace(found, absent=tuple(path for path in found.absent if path not in told and path != written))
    left = tuple(finding for step in outcome.steps if (finding := _stays(outcome, step)))
    findings = (*left, *job_findings(plan, unsaid, wanted_spot=wanted_spot))
    plan = replace(plan, notes=tuple(f"{f.message}; {f.fix}" for f in findings if f.severity != "info"))
    file = job_file(plan, outcome.files)
    commands = (*outcome.commands, launch_line(plan, file.name))
    return replace(outcome, job=plan, files=(*outcome.files, file), commands=commands, findings=(*outcome.findings, *findings))


_UNTYPED = "nobody can type into a job, and no file with questions was named"


def _stays(outcome: Outcome, step: Step) -> Finding | None:
    """Why a step on what is trained is no part of the job; None for one that is, and for a config that stands alone."""
    part = next((part for part in outcome.then if part.files[0].kind == step.file.kind), None)
    if part is None:
        return None
    if _is_typed(step):
        return Finding(rule="JOB010", severity="warning", path="cloud", message=f"{_UNTYPED}: {step.file.kind}.yaml is no part of it", fix="name one, such as q.jsonl; or run it where the result is")
    here, there = part.hardware, outcome.hardware
    if here is None or there is None or (here.gpu.name == there.gpu.name and here.count <= there.count):
        return None
    message = f"{step.file.kind}.yaml is for {machine_phrase(here)}, and the job runs on {machine_phrase(there)}: it is no part of it"
    return Finding(rule="JOB013", severity="warning", path="cloud", message=message, fix="ask for it with a cloud of its own")


def _is_typed(step: Step) -> bool:
    return any(" -i " in command for command in step.commands)


def _refused(steps: tuple[Step, ...], place: Cloud) -> Finding | None:
    """Why no job can run these configs."""
    if any(_is_typed(step) for step in steps):
        return Finding(rule="JOB010", severity="warning", path="cloud", message=f"{_UNTYPED}: no job file is written", fix="name one, such as q.jsonl")
    line = next((line for step in steps if (line := breaks_slurm(step.file.yaml))), None) if place.name == "slurm" else None
    if line is None:
        return None
    return Finding(rule="JOB011", severity="warning", path="cloud", message=f"Oumi's Slurm client would take the line {line[:40]} of the config for its own: no job file is written", fix="write that value differently")


def _merged(found: Any) -> Files:
    each = list(found)
    return Files(
        carried=tuple(dict.fromkeys(path for files in each for path in files.carried)),
        stuck=tuple(dict.fromkeys(path for files in each for path in files.stuck)),
        absent=tuple(dict.fromkeys(path for files in each for path in files.absent)),
    )


def _plan(outcome: Outcome, steps: tuple[Step, ...], place: Cloud, found: Files, *, spot: bool, cluster: str | None, user: str | None) -> JobPlan:
    model, machine = _model(outcome), outcome.hardware
    kinds = {step.file.kind for step in steps}
    needs = needs_of(replace(outcome, then=tuple(part for part in outcome.then if part.files[0].kind in kinds)))
    word = _slug(model.id if model else outcome.intent.model or "oumi")
    relative = [path for path in found.carried if not path.startswith(("/", "~"))]
    slurm_host = f"{user}@{cluster}" if user and cluster and "@" not in cluster else cluster
    return JobPlan(
        cloud=place.name,
        title=_title(outcome, machine),
        name=f"{word}-{outcome.files[0].kind}",
        cluster=slurm_host if place.name == "slurm" else cluster or ("local" if place.name == "local" else word),
        user=user or (cluster.split("@")[0] if place.name == "slurm" and cluster and "@" in cluster else None),
        hardware=machine,
        accelerators=_accelerators(place, machine),
        memory=f"{machine.gpu.memory_gb:g}+" if machine and machine.gpu.kind == "cpu" and place.is_sky else None,
        nodes=machine.nodes if machine and outcome.plan is not None else 1,
        spot=spot,
        disk=_disk(outcome, model) if place.disk else None,
        extras=needs.extras,
        modules=needs.modules,
        download=_download(outcome, model, place),
        gated=bool(model and model.gated),
        secrets=needs.secrets,
        mounts=tuple((place_there(path, FOLDER), path) for path in found.carried) if place.is_sky else (),
        working_dir="." if place.name == "local" or (place.name == "slurm" and relative) else None,
        steps=tuple((step.file.kind, command) for step in steps for command in step.commands),
        outputs=tuple(dict.fromkeys(output for step in steps if (output := _output(load(step.file.yaml))))),
        price=_price(place, machine, spot=spot),
    )


def _output(body: dict[str, Any]) -> str | None:
    """The folder or file that a config writes; None where its name is not plain, or leads out of the job's folder."""
    said = (body.get("training") or {}).get("output_dir") or body.get("output_dir") or body.get("output_path")
    return said if isinstance(said, str) and _PLAIN.fullmatch(said) and ".." not in said else None


def _model(outcome: Outcome) -> ModelSpec | None:
    if outcome.plan is not None:
        return outcome.plan.model
    return outcome.task_plan.model if outcome.task_plan is not None else None


def _title(outcome: Outcome, machine: Hardware | None) -> str:
    if outcome.plan is not None:
        what = f"{outcome.plan.method} {outcome.plan.objective} of {outcome.plan.model.id}"
    else:
        what = outcome.task_plan.title if outcome.task_plan is not None else "a config"
    return what + (f" on {machine_phrase(machine)}" if machine is not None else "")


def _slug(model_id: str) -> str:
    """A name that every cloud takes for machines: a letter, then lower-case letters, digits and single dashes."""
    flat = re.sub(r"[^a-z0-9]+", "-", model_id.rstrip("/").split("/")[-1].lower()).strip("-")
    return (flat if flat[:1].isalpha() else f"m-{flat}")[:_NAME_LENGTH].strip("-") or "oumi"


def _accelerators(place: Cloud, machine: Hardware | None) -> str | None:
    """GPUs of one machine in the words of that cloud; None where it has none, or they are there already."""
    if machine is None or machine.gpu.kind == "cpu" or place.name == "local":
        return None
    if place.name == "slurm":
        return f":{machine.count}"
    found = offers_on(machine.gpu.name, machine.count, place.name)
    name = (found[0].accelerator if found and place.rented else None) or machine.gpu.name
    return f"{name}:{machine.count}"


def _disk(outcome: Outcome, model: ModelSpec | None) -> Disk | None:
    if outcome.plan is not None:
        plan, body = outcome.plan, load(outcome.files[0].yaml)
        return training_disk(plan.model, written_by_config(body, plan.model, plan.hardware, steps=plan.time.steps if plan.time else None))
    return serving_disk(model) if model is not None else None


def _download(outcome: Outcome, model: ModelSpec | None, place: Cloud) -> str | None:
    """The repository to fetch before the run; here the run itself fetches what is missing."""
    if model is None or model.local or place.name == "local" or not _HUB_ID.fullmatch(model.id):
        return None
    return model.id if outcome.plan is not None or get_model(model.id) is not None else None


def _price(place: Cloud, machine: Hardware | None, *, spot: bool) -> str:
    """What an hour of it costs, with the day of the price; empty where nothing is rented."""
    if not place.rented or machine is None:
        return ""
    found = [(price, offer) for offer in offers_on(machine.gpu.name, machine.count, place.name) if (price := offer.price(spot=spot))]
    kind = "spot" if spot else "on demand"
    if not found:
        return f"no {kind} price is known for {machine.count}x{machine.gpu.name} on {place.title}"
    price, offer = min(found, key=lambda pair: (pair[0].usd_per_hour, pair[1].instance or ""))
    what = f"{offer.count}x{offer.gpu}" if offer.count != machine.count else offer.instance or offer.gpu
    nodes = f"{machine.nodes} machines, " if machine.nodes > 1 else ""
    when = price_date(price.as_of, to_the_day=True)
    return f"about ${price.usd_per_hour * machine.nodes:,.2f} an hour on {place.title} ({nodes}{what}, {kind}, {when})"


def launch_line(plan: JobPlan, name: str) -> str:
    """The command that starts the job; keys are handed over from the environment, by name."""
    words = ["oumi", "launch", "up", "-c", name, "--cluster", plan.cluster or "ACCOUNT@LOGIN-HOST"]
    if plan.cloud == "slurm" and not plan.user:
        words += ["--user", "ACCOUNT"]
    keys = [f'--envs.{key} "${key}"' for key in plan.secrets if CLOUDS[plan.cloud].is_sky]
    return " ".join([shlex.join(words), *keys])


def job_file(plan: JobPlan, configs: Sequence[ConfigFile], name: str = "job.yaml", command: str | None = None) -> ConfigFile:
    """The job file that carries those of these configs that it runs, as they stand."""
    place = CLOUDS[plan.cloud]
    resources: dict[str, Any] = {
        "cloud": place.word,
        "accelerators": plan.accelerators,
        "memory": plan.memory,
        "use_spot": True if plan.spot else None,
        "disk_size": plan.disk.gib if plan.disk else None,
    }
    body: dict[str, Any] = {
        "name": plan.name,
        "user": plan.user if place.name == "slurm" else None,
        "resources": {key: value for key, value in resources.items() if value is not None},
        "num_nodes": plan.nodes if plan.nodes > 1 else None,
        "working_dir": plan.working_dir,
        "envs": _envs(plan, place),
        "file_mounts": _mounts(plan, place),
        "setup": setup_script(plan),
        "run": run_script(plan, configs),
    }
    kept = {key: value for key, value in body.items() if value not in (None, {})}
    header = _header(plan, place, command or launch_line(plan, name))
    return ConfigFile(kind="job", name=name, yaml=render(Config(kind="job", body=kept, why=_why(plan, place)), header))


def _envs(plan: JobPlan, place: Cloud) -> dict[str, str]:
    """Variables of the job. On the cloud `local` output that nobody reads would fill its pipe and stop the run."""
    if place.name == "local":
        return {"OUMI_LOGGING_DIR": "oumi-job-logs"}
    return dict.fromkeys(plan.secrets, "") if place.is_sky else {}


_TOKEN = "~/.cache/huggingface/token"


def _mounts(plan: JobPlan, place: Cloud) -> dict[str, str]:
    token = {_TOKEN: _TOKEN} if plan.gated and place.is_sky else {}
    return {**token, **dict(plan.mounts)}


_TOLD_40 = "oumi-chat: ignore[JOB025] the one with 40 GB, as planned; of one machine"
_TOLD_SPOT = "oumi-chat: ignore[JOB023] can be taken away at any time: see the note at the top"
"""What the linter would say of anybody's job, and this one says itself."""


def _why(plan: JobPlan, place: Cloud) -> dict[str, str]:
    is_small = re.fullmatch(r"A100(?::\d+)?", plan.accelerators or "") is not None
    said = {
        "resources.accelerators": "GPUs of any type: sbatch refuses names that the cluster does not know" if place.name == "slurm" else _TOLD_40 if is_small else "of one machine",
        "resources.disk_size": "GiB; the sum stands at the top of the file",
        "resources.use_spot": _TOLD_SPOT,
        "num_nodes": "machines",
        "working_dir": "the commands run here, in place" if place.name == "local" else "copied to the cluster whole: the config reads files in it",
        "envs": "output goes there: unread it would stop the run" if place.name == "local" else "empty here: given by the command that starts the job",
        "file_mounts": "there: here",
        f"file_mounts.{_TOKEN}": "for the gated model; `hf auth login` writes it",
        "setup": "once for a machine" if place.is_sky else "before each run",
        "run": "on every machine; the config is the one beside this file, to the byte",
    }
    return {path: text for path, text in said.items() if text}


def _header(plan: JobPlan, place: Cloud, command: str) -> list[str]:
    version = snapshot()["oumi"]
    extra = f'pip install "oumi[{place.extra}]=={version}" && sky check {place.extra}' if place.extra else ""
    lines = [f"Job: {plan.title}, {place.title}"]
    lines += [f"Price: {plan.price}"] if plan.price else []
    lines += [f"Disk: {arithmetic(plan.disk)}"] if plan.disk else []
    lines += [f"Note: {note}" for note in plan.notes]
    lines += [f"Here, once: {extra}"] if extra else []
    lines += [f"Made by oumi-chat {__version__} for the fields of Oumi {version}.", f"Run: {command}"]
    lines += [f"Fetch: {_fetch(plan, output)}" for output in plan.outputs if place.is_sky]
    if place.is_sky:
        lines += [f"End: oumi launch down --cluster {plan.cluster} --cloud {place.word}"]
    return lines


def _fetch(plan: JobPlan, output: str) -> str:
    """The command that brings back what the job wrote: SkyPilot makes a cluster's name a host of ssh's."""
    there = place_there(output, FOLDER).removeprefix("~/")
    return shlex.join(["rsync", "-Pavz", f"{plan.cluster}:{there}", f"{posixpath.dirname(output.rstrip('/')) or '.'}/"])
