"""Where a job can run: Oumi's word for each cloud, and what Oumi 0.9 and SkyPilot 0.12 can do there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One place, by the word that is said.

    `word` is what stands in `resources.cloud`; `extra` what `pip install "oumi[…]"` needs where the job is started;
    `stops` and `stops_spot` whether a machine on demand or spot can be stopped, without which Oumi sets no autostop;
    `disk` whether its size is the job's to say; `rented` whether it is billed by the hour.
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

    @property
    def is_sky(self) -> bool:
        """True where SkyPilot starts the machines."""
        return self.name not in ("slurm", "local")


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        # `CloudImplementationFeatures` of sky/clouds/*.py decide on stop, spot and several nodes (tests/oumi/test_jobs_matrix.py
        # asks SkyPilot itself); the words are the launcher's registry in oumi/launcher/clouds.
        Cloud(name="gcp", title="GCP", word="gcp", extra="gcp", stops_spot=True),
        Cloud(name="aws", title="AWS", word="aws", extra="aws"),
        Cloud(name="azure", title="Azure", word="azure", extra="azure"),
        Cloud(name="lambda", title="Lambda", word="lambda", extra="lambda", stops=False, spot=False, disk=False),
        Cloud(name="runpod", title="RunPod", word="runpod", extra="runpod", stops=False, clusters=False),
        Cloud(name="nebius", title="Nebius", word="nebius", extra="nebius", stops_spot=True),
        Cloud(name="kubernetes", title="Kubernetes", word="k8s", extra="kubernetes", stops=False, spot=False, disk=False, rented=False),
        # Oumi's own client over ssh and sbatch: SkyPilot's Slurm is `sky-slurm` and needs a configuration of its own.
        Cloud(name="slurm", title="Slurm", word="slurm", extra=None, stops=False, spot=False, disk=False, rented=False),
        Cloud(name="local", title="this machine", word="local", extra=None, stops=False, spot=False, clusters=False, disk=False, rented=False),
    )
}
"""What the contract's `intent.cloud` may be."""


def no_rent(cloud: str | None) -> str:
    """`nothing is rented on this machine`: why a run there has no price; empty for clouds that are rented, and for none."""
    place = CLOUDS.get(cloud or "")
    return f"nothing is rented on {place.title}" if place is not None and not place.rented else ""
