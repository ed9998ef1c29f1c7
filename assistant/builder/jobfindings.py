"""What to know before a job is launched: offers, spot, stopping, files that stay behind."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.builder.jobneeds import Files
from assistant.catalogue.clouds import CLOUDS, Cloud
from assistant.catalogue.offers import all_offers
from assistant.core.jobplan import JobPlan
from assistant.core.values import Finding
from assistant.planner.requirements import offers_on

_LARGE_GIB = 2_000
"""More than Oumi's own jobs ask for below 405B parameters."""


def job_findings(plan: JobPlan, files: Files, *, wanted_spot: bool) -> tuple[Finding, ...]:
    """Everything worth saying, in the order in which it stands in the way."""
    place = CLOUDS[plan.cloud]
    found = [*_offered(plan, place), *_spot(plan, place, wanted=wanted_spot), *_account(plan, place)]
    return (*found, *_files(plan, place, files), *_amd(plan, place), *_disk(plan), *_end(plan, place))


def _warn(rule: str, path: str, message: str, fix: str) -> Finding:
    return Finding(rule=rule, severity="warning", path=path, message=message, fix=fix)


def _offered(plan: JobPlan, place: Cloud) -> Iterator[Finding]:
    """A GPU that this cloud is not known to have, or not in this number."""
    machine = plan.hardware
    if machine is None or not place.rented or machine.gpu.kind == "cpu":
        return
    gpu, count = machine.gpu.name, machine.count
    here = offers_on(gpu, count, place.name)
    if here and here[0].count == count:
        return
    others = sorted({CLOUDS[o.cloud].title for o in all_offers() if o.gpu == gpu and o.count == count and o.cloud in CLOUDS and o.cloud != place.name})
    known = f"known to have it: {', '.join(others)}" if others else "say another GPU or another cloud"
    if not here:
        yield _warn("JOB001", "resources.accelerators", f"no offer of {count}x{gpu} on {place.title} is known", known)
        return
    message = f"{place.title} is known to have {gpu} only {here[0].count} at a time, not {count}"
    yield _warn("JOB001", "resources.accelerators", message, f"say {here[0].count} {gpu}; {known}" if others else f"say {here[0].count} {gpu}")


def _spot(plan: JobPlan, place: Cloud, *, wanted: bool) -> Iterator[Finding]:
    if wanted and not place.spot:
        yield _warn("JOB002", "resources.use_spot", f"there are no spot machines on {place.title} for a job of Oumi's: it asks for none", "say aws, gcp, azure, runpod or nebius")
    elif plan.spot:
        bucket = "mount a bucket: storage_mounts: {~/oumi-job/output: {source: s3://BUCKET, store: s3}}"
        fix = bucket if place.mounts_buckets else f"copy what matters away as it comes: {place.title} mounts no buckets"
        yield _warn("JOB003", "storage_mounts", "a spot machine can be taken away with its disk and what the run has written", fix)


def _account(plan: JobPlan, place: Cloud) -> Iterator[Finding]:
    if place.name == "slurm" and not (plan.cluster and plan.user):
        yield _warn("JOB007", "user", "Slurm jobs are started over ssh, and the account is not known", "put yours for ACCOUNT and the login host for LOGIN-HOST in the command")
    if place.name == "slurm":
        yield Finding(rule="JOB012", severity="info", path="resources", message="CPUs and memory are the cluster's defaults", fix="set resources.cpus and resources.memory, say 32 and 256")


def _files(plan: JobPlan, place: Cloud, files: Files) -> Iterator[Finding]:
    """What travels and what stays behind."""
    if place.name == "local":
        return
    if files.carried and place.is_sky:
        yield Finding(rule="JOB006", severity="info", path="file_mounts", message=f"{_names(files.carried)} travels with the job", fix="it is copied when the job is launched")
    if plan.working_dir:
        yield _warn("JOB006", "working_dir", f"{_names(files.carried)} is read: the whole folder is copied to the cluster", "start the job in a folder that holds little else; .gitignore is heeded")
    fixed = [path for path in files.carried if path.startswith(("/", "~"))] if place.name == "slurm" else []
    for path in (*files.stuck, *fixed):
        why = "has a name that shells read differently" if path in files.stuck else "is a whole path"
        yield _warn("JOB006", "file_mounts", f"{path} {why}: it does not travel with the job", "put it there under this path, or rename it" if path in files.stuck else "it must be on the cluster under this path")
    for path in files.absent:
        yield _warn("JOB006", "file_mounts", f"{path} is not on this machine and does not travel with the job", "it must be where the job runs: the same cluster, if a job before wrote it")


def _names(paths: tuple[str, ...]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _amd(plan: JobPlan, place: Cloud) -> Iterator[Finding]:
    vendor = plan.hardware.gpu.vendor if plan.hardware else ""
    if vendor in ("AMD", "Intel") and place.name != "local":
        yield _warn("JOB009", "setup", f"pip's torch is built for NVIDIA, and this is {vendor}", "use an image with the vendor's torch, in resources.image_id")


def _disk(plan: JobPlan) -> Iterator[Finding]:
    if plan.disk is None or plan.disk.gib <= _LARGE_GIB:
        return
    what, size = max(plan.disk.parts, key=lambda part: part[1])
    if "checkpoint" in what:
        yield _warn("JOB008", "resources.disk_size", f"{what} make {size:,.0f} GiB of disk", "training.trainer_kwargs.save_total_limit=2 keeps two, training.save_steps=0 the final model alone")


def _end(plan: JobPlan, place: Cloud) -> Iterator[Finding]:
    """A machine that is billed until somebody ends it."""
    if not place.rented:
        return
    down = f"oumi launch down --cluster {plan.cluster} --cloud {place.word}"
    if place.stops_spot if plan.spot else place.stops:
        yield Finding(rule="JOB005", severity="info", path="resources", message="Oumi stops the machine after 60 idle minutes; its disk is billed on", fix=f"when all is fetched: {down}")
        return
    kind = f"{place.title} cannot stop {'spot machines' if plan.spot and place.stops else 'machines'}"
    yield _warn("JOB005", "resources", f"{kind}: it is billed, busy or not, until you end it", down)
