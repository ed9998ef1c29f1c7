"""A job in one row of the preview, and its file without the configs that stand above it."""

from __future__ import annotations

from assistant.builder.jobscripts import without_configs
from assistant.catalogue.clouds import CLOUDS
from assistant.core.jobplan import JobPlan
from assistant.core.outcome import ConfigFile
from assistant.terminal.preview import row
from assistant.terminal.screen import Face
from assistant.terminal.text import Line


def job_lines(job: JobPlan, face: Face) -> list[Line]:
    """Where it runs, what an hour costs with the day of the price, the disk."""
    place = CLOUDS[job.cloud]
    machines = f"{job.nodes} × {job.accelerators or 'machine'}" if job.nodes > 1 else job.accelerators
    pieces = [place.title[:1].upper() + place.title[1:], machines if job.accelerators and place.name != "slurm" else None]
    pieces += ["spot" if job.spot else None, job.price or None, f"disk {job.disk.gib:,} GiB" if job.disk else None]
    return row("Job", " · ".join(piece for piece in pieces if piece), face)


def for_the_eye(file: ConfigFile) -> str:
    """The file as it is shown: each config in a job is one line."""
    return without_configs(file.yaml) if file.kind == "job" else file.yaml
