"""Rules on job configs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.catalogue.clouds import CLOUDS, Cloud
from assistant.checks.case import Case
from assistant.checks.declared import Found, Hit, Rule, when
from assistant.checks.schema import snapshot

_STARTERS = ("oumi distributed", "torchrun", "accelerate launch", "deepspeed", "mpirun", "mpiexec", "srun", "ray ")
_BARE_OUMI = re.compile(r"(?:pip3?|uv pip)\s+install\b[^\n;&|]{0,300}?(?<![\w./-])oumi(?:\[[\w,]*\])?(?=[\s'\"]|$)", re.MULTILINE)
_WRITES = re.compile(r"\boumi\s+train\b|\btorchrun\b")


def _no_such_cloud(case: Case) -> bool:
    said = case.text("resources.cloud")
    return bool(said) and said not in snapshot("job")["names"]["resources.cloud"]


def _one_of_many(case: Case) -> bool:
    """Several nodes, each of which starts the same run by itself."""
    run = case.text("run")
    trains = re.search(r"\boumi\s+train\b", run) is not None
    return (case.number("num_nodes") or 1) > 1 and trains and not any(word in run for word in _STARTERS)


def _several_gpus_one_process(case: Case) -> bool:
    run = case.text("run")
    count = re.search(r":(\d+)", case.text("resources.accelerators"))
    trains = re.search(r"\boumi\s+train\b", run) is not None
    spreads = any(word in run for word in _STARTERS) or "verl" in run  # verl starts its own workers
    return bool(count and int(count[1]) > 1) and trains and not spreads


_COPIES = re.compile(r"\b(?:aws s3|gsutil|gcloud storage|azcopy|rclone|rsync|scp|hf upload|huggingface-cli upload)\b")
_COPIED = "begin run with: (while sleep 600; do hf upload YOU/checkpoints output; done) &"
"""The way out where no bucket can be mounted, with the Hub's own command."""


def _cloud(case: Case) -> Cloud | None:
    """The cloud by Oumi's word for it."""
    return next((place for place in CLOUDS.values() if place.word == case.text("resources.cloud")), None)


def _spot_without_store(case: Case) -> Iterator[Hit]:
    if not case.on("resources.use_spot") or case.section("storage_mounts") or not _WRITES.search(case.text("run")):
        return
    place = _cloud(case)
    if place is None or place.mounts_buckets:
        yield Hit(path="resources.use_spot", words={"how": "add storage_mounts for training.output_dir"})
    elif not _COPIES.search(case.text("run")):
        yield Hit(path="resources.use_spot", words={"how": f"copy it away as it comes, since {place.title} mounts no buckets; {_COPIED}"})


def _cannot(case: Case) -> Iterator[Hit]:
    """What SkyPilot refuses on this cloud, whatever machine is asked for."""
    place = _cloud(case)
    if place is None or not place.is_sky:
        return
    if not place.mounts_buckets and case.section("storage_mounts"):
        yield Hit(path="storage_mounts", words={"what": "mounts no buckets", "title": place.title, "how": f"Take them out and copy what the run writes away; {_COPIED}"})
    if not place.clusters and (case.number("num_nodes") or 1) > 1:
        others = ", ".join(one.word for one in CLOUDS.values() if one.clusters and one.is_sky)
        yield Hit(path="num_nodes", words={"what": "joins no machines", "title": place.title, "how": f"Ask for one with more GPUs, or for another cloud: {others}."})
    if place.rented and not place.spot and case.on("resources.use_spot"):
        others = ", ".join(one.word for one in CLOUDS.values() if one.spot and one.is_sky)
        yield Hit(path="resources.use_spot", words={"what": "has no spot machines", "title": place.title, "how": f"Leave use_spot out, or ask for another cloud: {others}."})


def _small_a100(case: Case) -> bool:
    """Where the run is known to fit 40 GB nobody needs to know that there is a larger one."""
    if case.fit is not None and case.fit.full.fits(case.fit.machine.usable_gib):
        return False
    return re.fullmatch(r"A100(?::\d+)?", case.text("resources.accelerators")) is not None


def _no_init(case: Case) -> bool:
    run = case.text("run")
    return re.search(r"\$\{?OUMI_(?:NUM_NODES|TOTAL_NUM_GPUS|MASTER_ADDR|NODE_RANK)", run) is not None and "init" not in run


_CONFIG = re.compile(r"\boumi\b[^\n;&|]{0,300}?(?:-c|--config)[ =]+[\"']?((?![/~$])[\w./-]{1,200}\.ya?ml)")
_FETCHES = re.compile(r"\b(?:git clone|wget|curl|cd|cp|mv|hf download|rsync|scp|gsutil|aws s3)\b")
_SKY = ("aws", "gcp", "azure", "lambda", "runpod", "nebius", "kubernetes", "k8s")


def _left_at_home(case: Case) -> bool:
    """A config of this folder that nothing brings to the machine of the job."""
    if case.text("resources.cloud") not in _SKY or case.get("working_dir") or case.section("file_mounts") or case.section("storage_mounts"):
        return False
    run = case.text("run").replace("\\\n", " ")
    named, scripts = _CONFIG.findall(run), f"{case.text('setup')}\n{run}"
    return any(not re.search(rf">\s*[\"']?{re.escape(name)}", scripts) for name in named) and not _FETCHES.search(scripts)


def _absolute(case: Case) -> Found:
    return ["run"] if re.search(r"(?:-c|--config)[ =](?:/home/|/Users/|[A-Z]:\\)", case.text("run")) else []


RULES = (
    Rule(
        rule="JOB020",
        kinds=("job",),
        where=when("resources.cloud", _no_such_cloud),
        message='Oumi has no cloud "{value}".',
        fix="{near}",
        summary="A cloud that Oumi does not know",
        why="The name is looked up when the job is launched (code of Oumi 0.9: launcher/clouds).",
        bad="resources: {cloud: google}\nrun: echo\n",
        good="resources: {cloud: gcp}\nrun: echo\n",
    ),
    Rule(
        rule="JOB021",
        kinds=("job",),
        severity="warning",
        where=when("run", _one_of_many),
        message="every node trains by itself: `oumi train` starts one process and joins no other node",
        fix="run it with oumi distributed torchrun -m oumi train -c …",
        summary="Several nodes that do not know of each other",
        why="run is the same script on every node; processes join through oumi distributed alone (code of Oumi 0.9).",
        bad="resources: {cloud: gcp, accelerators: 'A100-80GB:8'}\nnum_nodes: 2\nrun: oumi train -c train.yaml\n",
        good="resources: {cloud: gcp, accelerators: 'A100-80GB:8'}\nnum_nodes: 2\nrun: oumi distributed torchrun -m oumi train -c train.yaml\n",
    ),
    Rule(
        rule="JOB022",
        kinds=("job",),
        severity="warning",
        where=when("run", _several_gpus_one_process),
        message="one process on several GPUs: `oumi train` alone does not spread over them",
        fix="run it with oumi distributed torchrun -m oumi train -c …",
        summary="Several GPUs and one process",
        why="A single process splits layers over the GPUs or leaves them idle; data-parallel training and FSDP need a process a GPU (code of Oumi 0.9).",
        bad="resources: {cloud: gcp, accelerators: 'A100-80GB:4'}\nrun: oumi train -c train.yaml\n",
        good="resources: {cloud: gcp, accelerators: 'A100-80GB:4'}\nrun: oumi distributed torchrun -m oumi train -c train.yaml\n",
    ),
    Rule(
        rule="JOB023",
        kinds=("job",),
        severity="warning",
        where=_spot_without_store,
        message="a spot machine may be taken away, and what it saved goes with it: nothing is mounted",
        fix="{how}",
        summary="A spot machine without storage",
        why="Checkpoints lie on the machine's own disk (SkyPilot's documentation of spot jobs).",
        bad="resources: {cloud: gcp, use_spot: true}\nrun: oumi train -c train.yaml\n",
        good="resources: {cloud: gcp, use_spot: true}\nstorage_mounts: {/out: {source: 'gs://bucket', store: gcs}}\nrun: oumi train -c train.yaml\n",
    ),
    Rule(
        rule="JOB024",
        kinds=("job",),
        severity="info",
        where=when("setup", lambda c: _BARE_OUMI.search(c.text("setup")) is not None),
        message="oumi is installed without a version: another release may read the config differently",
        fix="pin it, such as oumi==0.9",
        summary="A job with any Oumi",
        why="Fields, defaults and TRL's arguments change between releases.",
        bad="resources: {cloud: gcp}\nsetup: pip install oumi[gpu]\nrun: echo\n",
        good="resources: {cloud: gcp}\nsetup: pip install oumi[gpu]==0.9\nrun: echo\n",
    ),
    Rule(
        rule="JOB025",
        kinds=("job",),
        severity="info",
        where=when("resources.accelerators", _small_a100),
        message="A100 is the one with 40 GB",
        fix="write A100-80GB for the other",
        summary="Which A100",
        why="SkyPilot's A100 has 40 GB; the larger one is A100-80GB (its catalogue).",
        bad="resources: {cloud: gcp, accelerators: 'A100:4'}\nrun: echo\n",
        good="resources: {cloud: gcp, accelerators: 'A100-80GB:4'}\nrun: echo\n",
    ),
    Rule(
        rule="JOB026",
        kinds=("job",),
        where=when("run", _no_init),
        message="The OUMI_* variables are set by an init script that run does not source.",
        fix="Begin run with: source ./configs/examples/misc/sky_init.sh",
        summary="Variables that nobody set",
        why="Oumi's sky_init.sh sets them; without it the shell finds them empty (its recipes).",
        bad="resources: {cloud: gcp}\nrun: torchrun --nnodes=$OUMI_NUM_NODES train.py\n",
        good="resources: {cloud: gcp}\nrun: source sky_init.sh; torchrun --nnodes=$OUMI_NUM_NODES train.py\n",
    ),
    Rule(
        rule="JOB027",
        kinds=("job",),
        severity="warning",
        where=_absolute,
        message="run names a config by a path of this computer: it is not on the machine of the job",
        fix="name it below working_dir, or mount it with file_mounts",
        summary="A config that stays at home",
        why="working_dir is what is copied to the machine (code of Oumi 0.9: JobConfig).",
        bad="resources: {cloud: gcp}\nrun: oumi train -c /home/me/train.yaml\n",
        good="resources: {cloud: gcp}\nworking_dir: .\nrun: oumi train -c train.yaml\n",
    ),
    Rule(
        rule="JOB028",
        kinds=("job",),
        severity="warning",
        where=when("run", _left_at_home),
        message="run names a config of this folder, and nothing brings it to the machine of the job",
        fix="set working_dir: . or mount the file with file_mounts",
        summary="A config that is not carried",
        why="Without working_dir and file_mounts nothing of this computer is copied (code of Oumi 0.9: launcher/clients/sky_client.py).",
        bad="resources: {cloud: gcp}\nrun: oumi train -c train.yaml\n",
        good="resources: {cloud: gcp}\nworking_dir: .\nrun: oumi train -c train.yaml\n",
    ),
    Rule(
        rule="JOB029",
        kinds=("job",),
        where=_cannot,
        message="{title} {what}: SkyPilot refuses the job.",
        fix="{how}",
        summary="What SkyPilot cannot do on that cloud",
        why="A job asks for features, and a cloud that lacks one of them is none for it (SkyPilot 0.12 says so of each cloud by itself, in a test of this project).",
        bad="resources: {cloud: runpod}\nstorage_mounts: {/out: {source: 's3://bucket', store: s3}}\nworking_dir: .\nrun: oumi train -c train.yaml\n",
        good="resources: {cloud: aws}\nstorage_mounts: {/out: {source: 's3://bucket', store: s3}}\nworking_dir: .\nrun: oumi train -c train.yaml\n",
    ),
)
