"""Runs inside an environment with the real `oumi` and SkyPilot: one job file a line in, what Oumi makes of it a line out.

A request: {"id", "yaml", "arguments"}, the last what the command line adds. A verdict: {"id", "accepted", "setup", "run", "script", "sky", "error"}: the scripts as Oumi has
them, for Slurm the batch file, for SkyPilot's clouds the resources of the `sky.Task` that `oumi launch up` makes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1", SKYPILOT_DISABLE_USAGE_COLLECTION="1")

import sky
from oumi.core.configs import JobConfig
from oumi.core.registry import REGISTRY, RegistryType
from oumi.launcher import which_clouds
from oumi.launcher.clients.sky_client import SkyClient, _convert_job_to_task, _get_sky_cloud_from_job
from oumi.launcher.clusters.local_cluster import _validate_job_config as validate_local
from oumi.launcher.clusters.slurm_cluster import _create_job_script, _resources_to_sbatch_kwargs
from oumi.launcher.clusters.slurm_cluster import _validate_job_config as validate_slurm

SKY = {cloud.value for cloud in SkyClient.SupportedClouds}
sky.clouds.Kubernetes.existing_allowed_contexts = classmethod(lambda _cls, **_kwargs: [])  # no cluster is here to be asked for more


def as_sky(job: Any) -> dict[str, Any]:
    """What SkyPilot is asked for. Local sources are taken to be there: these jobs are never started."""
    real, os.path.exists = os.path.exists, lambda _path: True
    try:
        task = _convert_job_to_task(job)
    finally:
        os.path.exists = real
    resources = next(iter(task.resources))
    return {
        "accelerators": resources.accelerators, "use_spot": resources.use_spot, "disk_size": resources.disk_size, "nodes": task.num_nodes,
        "mounts": task.file_mounts, "run": task.run, "setup": task.setup, "name": task.name,
    }  # fmt: skip


def features(cloud: str, *, spot: bool) -> list[str]:
    """What SkyPilot can do there, by its own word."""
    job = JobConfig(run="true")
    job.resources.cloud, job.resources.use_spot = cloud, spot
    resources = next(iter(_convert_job_to_task(job).resources))
    names = sky.clouds.CloudImplementationFeatures
    return [feature.name for feature in (names.STOP, names.AUTOSTOP, names.MULTI_NODE, names.SPOT_INSTANCE, names.STORAGE_MOUNTING) if _can(job, resources, feature)]


def _can(job: Any, resources: Any, feature: Any) -> bool:
    try:
        _get_sky_cloud_from_job(job).check_features_are_supported(resources, {feature})
    except sky.exceptions.NotSupportedError:
        return False
    return True


def judge(request: dict[str, Any], path: str) -> dict[str, Any]:
    if "features" in request:
        return {"features": features(request["features"], spot=request["spot"])}
    if "clouds" in request:
        return {"clouds": sorted(str(name) for name in sky.utils.registry.CLOUD_REGISTRY)}
    if "table" in request:
        cloud = sky.utils.registry.CLOUD_REGISTRY.from_str(request["table"])
        return {"table": [feature.name for feature in cloud._unsupported_features_for_resources(sky.Resources())]}
    verdict: dict[str, Any] = {"id": request["id"], "accepted": False, "script": None, "sky": None, "error": None}
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(request["yaml"])
        job = JobConfig.from_yaml_and_arg_list(path, request.get("arguments", []))
        job.finalize_and_validate()
        assert job.resources.cloud in which_clouds()
        assert REGISTRY.get(job.resources.cloud, RegistryType.CLOUD)
        if job.resources.cloud in SKY:
            verdict["sky"] = as_sky(job)
        elif job.resources.cloud == "slurm":
            validate_slurm(job)
            verdict["script"] = _create_job_script(job)
            verdict["sbatch"] = _resources_to_sbatch_kwargs(job.resources)
        else:
            validate_local(job)
            verdict["script"] = "\n".join([f"cd {job.working_dir}", job.setup or "", job.run])  # as local_client.py joins them
        verdict |= {"accepted": True, "setup": job.setup, "run": job.run, "envs": dict(job.envs), "user": job.user}
    except Exception as problem:
        verdict["error"] = f"{type(problem).__name__}: {problem}"[:600]
    return verdict


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the verdicts
    answers.write(json.dumps({"ready": True}) + "\n")
    answers.flush()
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            answers.write(json.dumps(judge(json.loads(line), os.path.join(folder, "job.yaml"))) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
