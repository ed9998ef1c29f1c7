"""Where a job can run: Oumi's word for each cloud, and what Oumi 0.9 and SkyPilot 0.12 can do there."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One place, by the word that is said.

    `word` is what stands in `resources.cloud`; `extra` what `pip install "oumi[…]"` needs where the job is started;
    `stops` and `stops_spot` whether a machine on demand or spot can be stopped, without which Oumi sets no autostop;
    `disk` whether its size is the job's to say; `rented` whether it is billed by the hour; `mounts_buckets` whether SkyPilot mounts a bucket there.
    """

    name: str
    title: str
    word: str
    extra: str | None
    stops: bool = True
    stops_spot: bool = False
    spot: bool = True
    clusters: bool = True
    disk: bool = True
    rented: bool = True
    mounts_buckets: bool = True

    @property
    def is_sky(self) -> bool:
        """True where SkyPilot starts the machines."""
        return self.name not in ("slurm", "local")


CLOUDS: dict[str, Cloud] = {
    cloud.name: cloud
    for cloud in (
        # `CloudImplementationFeatures` of sky/clouds/*.py decide on stop, spot and several nodes (tests/oumi/test_jobs_matrix.py
        # asks SkyPilot itself); the words are the launcher's registry in oumi/launcher/clouds.
        Cloud(name="gcp", title="GCP", word="gcp", extra="gcp", stops_spot=True),
        Cloud(name="aws", title="AWS", word="aws", extra="aws"),
        Cloud(name="azure", title="Azure", word="azure", extra="azure"),
        Cloud(name="lambda", title="Lambda", word="lambda", extra="lambda", stops=False, spot=False, disk=False),
        Cloud(name="runpod", title="RunPod", word="runpod", extra="runpod", stops=False, clusters=False, mounts_buckets=False),
        Cloud(name="nebius", title="Nebius", word="nebius", extra="nebius", stops_spot=True),
        Cloud(name="kubernetes", title="Kubernetes", word="k8s", extra="kubernetes", stops=False, spot=False, disk=False, rented=False),
        # Oumi's own client over ssh and sbatch: SkyPilot's Slurm is `sky-slurm` and needs a configuration of its own.
        Cloud(name="slurm", title="Slurm", word="slurm", extra=None, stops=False, spot=False, disk=False, rented=False),
        Cloud(name="local", title="this machine", word="local", extra=None, stops=False, spot=False, clusters=False, disk=False, rented=False),
    )
}
"""What the contract's `intent.cloud` may be."""


def refuse_nodes(cloud: str | None, nodes: int, *, said_as: str = "nodes") -> None:
    """Nothing, where this cloud joins that many machines. `said_as` is the key under which they were said.

    Raises:
        UsageError: it joins none; the two that were said are named.
    """
    place = CLOUDS.get(cloud or "")
    if place is None or place.clusters or nodes <= 1:
        return
    what = "this machine is one" if place.name == "local" else f"SkyPilot joins no machines on {place.title}"
    others = ", ".join(each.name for each in CLOUDS.values() if each.clusters)
    raise UsageError(f"{nodes} nodes were said, and {what}.", context=said_as, hint=f"Say one node with all its GPUs, or a cloud that joins machines: {others}.", reference="no-clusters")
