"""The plan of a job: a machine somewhere, what it needs beside Oumi, and the commands that it runs."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.core.values import Hardware


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Disk of one machine: `gib` is what to ask for, `parts` (what, GiB) is how it comes to that."""

    gib: int
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """Every value that a job file is written from, the configs aside: those travel as they are saved.

    `cloud` is the contract's word. `cluster` and `user` are None where only the user can know them (Slurm's account and
    login host). `steps` are (kind of config, a command of it, naming it `{kind}.yaml`), in order: what must be there first, then its run. `extras` are pip
    extras of oumi, `modules` what must be importable for the run. `secrets` are names of environment variables, never values.
    `mounts` are (path there, path here); `outputs` are what its configs write, to be fetched. `price` says what an hour costs, with its date.
    """

    cloud: str
    title: str
    name: str
    cluster: str | None
    user: str | None = None
    hardware: Hardware | None
    accelerators: str | None = None
    memory: str | None = None
    nodes: int = 1
    spot: bool = False
    disk: Disk | None = None
    extras: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    download: str | None = None
    gated: bool = False
    secrets: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    working_dir: str | None = None
    steps: tuple[tuple[str, str], ...]
    outputs: tuple[str, ...] = ()
    price: str = ""
    notes: tuple[str, ...] = ()
