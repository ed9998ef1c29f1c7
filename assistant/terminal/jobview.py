"""What stands beside a config: the steps on what is trained, a job; each in a row of the preview."""

from __future__ import annotations

from assistant.builder.jobscripts import without_configs
from assistant.catalogue.clouds import CLOUDS
from assistant.core.jobplan import JobPlan
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.taskplan import TaskPlan
from assistant.terminal.preview import row, rows
from assistant.terminal.screen import Face
from assistant.terminal.text import Line


def beside_lines(outcome: Outcome, face: Face) -> list[Line]:
    """A row for each thing that was asked for beside the first config."""
    return rows("Then", step_texts(outcome), face) + (row("Job", job_text(outcome.job), face) if outcome.job else [])


def step_texts(outcome: Outcome) -> list[str]:
    """What each step after the first config is."""
    return [step_text(step.task_plan) for step in outcome.then if step.task_plan is not None]


def step_text(plan: TaskPlan) -> str:
    """What is done with what is trained, by which engine, and the first of its facts."""
    return " · ".join([plan.title, *(text for _, text in plan.facts[:1])])


def job_text(job: JobPlan) -> str:
    """Where it runs, what an hour costs with the day of the price, the disk."""
    place = CLOUDS[job.cloud]
    machines = f"{job.nodes} × {job.accelerators}" if job.nodes > 1 else job.accelerators
    pieces = [place.title[:1].upper() + place.title[1:], machines if job.accelerators and place.name != "slurm" else None]
    pieces += ["spot" if job.spot else None, job.price or None, f"disk {job.disk.gib:,} GiB" if job.disk else None]
    return " · ".join(piece for piece in pieces if piece)


def for_the_eye(file: ConfigFile) -> str:
    """The file as it is shown: each config in a job is one line."""
    return without_configs(file.yaml) if file.kind == "job" else file.yaml
