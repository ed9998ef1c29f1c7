"""Jobs: what each cloud gets, what they cost, what travels, and what is said before anything is launched."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.builder.disk import written_by_config
from assistant.builder.jobneeds import files_of, place_there
from assistant.builder.jobs import with_job
from assistant.builder.jobscripts import breaks_slurm, run_script, setup_script, without_configs
from assistant.builder.saving import named, sibling
from assistant.builder.sets import with_steps
from assistant.catalogue.clouds import CLOUDS
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.offers import all_offers
from assistant.checks.schema import field, snapshot
from assistant.core.errors import UsageError
from assistant.core.intent import Cloud, Intent
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.values import Hardware, Reason
from assistant.machine.choice import choose_machine
from assistant.planner.disk import Written, arithmetic, download_bytes
from assistant.reader import read
from assistant.reader.steps import later_in
from assistant.terminal.preview import time_lines
from assistant.terminal.screen import Screen


def make(machine: str = "8xA100-80GB", *, here: bool = False, **said: Any) -> Outcome:
    values = {"task": "train", "model": "llama 3.1 8b", "cloud": "aws", **said}
    return respond(Intent.model_validate(values), machine=parse_machine(machine), exists=lambda path: here and path.endswith(".jsonl"))


def body(outcome: Outcome) -> dict[str, Any]:
    assert outcome.files[-1].kind == "job"
    found: dict[str, Any] = yaml.safe_load(outcome.files[-1].yaml)
    return found


def rules(outcome: Outcome) -> dict[str, str]:
    return {f.rule: f"{f.severity} {f.message}; {f.fix}" for f in outcome.findings if f.rule.startswith(("JOB", "REQ"))}


def test_every_cloud_of_the_contract_has_a_word_of_oumis() -> None:
    assert set(CLOUDS) == set(Cloud.__args__)  # type: ignore[attr-defined]
    words = snapshot("job")["names"]["resources.cloud"]
    assert {place.word for place in CLOUDS.values()} <= set(words)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_job_comes_second_and_sets_fields_of_oumis(cloud: str) -> None:
    outcome = make(cloud=cloud)
    assert [file.kind for file in outcome.files] == ["train", "job"]
    assert outcome.commands[0] == "oumi distributed torchrun -m oumi train -c train.yaml"
    assert outcome.commands[1].startswith("oumi launch up -c job.yaml --cluster ")
    job = body(outcome)
    assert job["resources"]["cloud"] == CLOUDS[cloud].word
    assert all(field(f"resources.{key}", "job") for key in job["resources"])
    assert all(field(key, "job") or key == "resources" for key in job)
    assert "REQ003" not in rules(outcome)
    assert "${" not in job["setup"] + job["run"].replace(outcome.files[0].yaml, "")


def test_without_a_cloud_there_is_no_job() -> None:
    outcome = make(cloud=None)
    assert [file.kind for file in outcome.files] == ["train"]
    assert outcome.job is None
    assert with_job(outcome, cloud="gcp").files[1].kind == "job"
    assert with_job(make(), cloud="gcp").job == make().job, "one job is enough"


def test_an_unknown_cloud_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match="No cloud moon") as problem:
        with_job(make(cloud=None), cloud="moon")
    assert "kubernetes" in problem.value.hint


def test_spot_without_a_cloud_says_that_no_job_is_written() -> None:
    assert "no job file is written" in rules(make(cloud=None, spot=True))["REQ003"]


@pytest.mark.parametrize(
    ("cloud", "machine", "accelerators"),
    [
        ("aws", "8xA100-80GB", "A100-80GB:8"), ("runpod", "8xH100", "H100-SXM:8"), ("lambda", "RTXA6000", "A6000:1"), ("kubernetes", "2xL4", "L4:2"),
        ("slurm", "4xA100", ":4"), ("local", "8xH100", None), ("gcp", "cpu:64GB", None),
    ],
)  # fmt: skip
def test_accelerators_in_the_words_of_the_cloud(cloud: str, machine: str, accelerators: str | None) -> None:
    job = body(make(machine, cloud=cloud, model="smollm2 135m"))
    assert job["resources"].get("accelerators") == accelerators
    assert ("memory" in job["resources"]) == (cloud == "gcp")


def test_the_price_of_an_hour_with_its_day() -> None:
    offer = next(o for o in all_offers() if (o.cloud, o.gpu, o.count) == ("aws", "A100-80GB", 8) and o.on_demand)
    assert offer.on_demand is not None
    outcome = make()
    assert outcome.job is not None
    assert f"${offer.on_demand.usd_per_hour:,.2f} an hour on AWS" in outcome.job.price
    assert f"price of {offer.on_demand.as_of}" in outcome.job.price
    assert f"# Price: {outcome.job.price}" in outcome.files[1].yaml
    two = make("2x8xA100-80GB").job
    assert two is not None
    assert f"${2 * offer.on_demand.usd_per_hour:,.2f} an hour" in two.price


def test_a_price_that_nobody_knows_is_said_to_be_unknown() -> None:
    job = make("2xRTX3090", cloud="aws", model="smollm2 135m").job
    assert job is not None
    assert job.price == "no on demand price is known for 2xRTX3090 on AWS"
    assert all(make(cloud=cloud).job.price == "" for cloud in ("kubernetes", "slurm", "local"))  # type: ignore[union-attr]


def test_a_cloud_that_has_no_such_gpu_names_those_that_do() -> None:
    told = rules(make("RTX4090", cloud="aws", model="smollm2 135m"))["JOB001"]
    assert told.startswith("warning no offer of 1xRTX4090 on AWS is known; known to have it: ")
    assert "RunPod" in told
    assert "known to have A100-80GB only 8 at a time, not 2" in rules(make("2xA100-80GB", cloud="aws"))["JOB001"]
    assert "JOB001" not in rules(make("RTX4090", cloud="kubernetes", model="smollm2 135m"))


def test_clouds_without_stop_or_spot_or_clusters() -> None:
    assert rules(make())["JOB005"].startswith("info Oumi stops the machine after 60 idle minutes")
    for cloud in ("lambda", "runpod"):
        assert rules(make(cloud=cloud))["JOB005"].startswith(f"warning {CLOUDS[cloud].title} cannot stop machines")
    spot = make(spot=True)
    assert body(spot)["resources"]["use_spot"] is True
    assert rules(spot)["JOB005"].startswith("warning AWS cannot stop spot machines")
    assert "storage_mounts" in rules(spot)["JOB003"]
    lambda_spot = make(cloud="lambda", spot=True)
    assert "use_spot" not in body(lambda_spot)["resources"]
    assert "JOB002" in rules(lambda_spot)
    assert body(make("2x8xH100"))["num_nodes"] == 2


@pytest.mark.parametrize("cloud", ["runpod", "local"])
def test_several_nodes_where_none_are_joined_are_refused_before_a_plan_says_otherwise(cloud: str) -> None:
    for made in (lambda: make("2x8xH100", cloud=cloud), lambda: with_job(make("2x8xH100", cloud=None), cloud=cloud)):
        with pytest.raises(UsageError) as caught:
            made()
        assert (caught.value.context, caught.value.reference, caught.value.exit_code) in (("machine", "no-clusters", 2), ("nodes", "no-clusters", 2))
        assert caught.value.message.startswith("2 nodes were said")
        assert "runpod" not in caught.value.hint
    assert body(make("8xH100", cloud=cloud)).get("num_nodes", 1) == 1


def test_no_way_out_has_nodes_where_none_are_joined() -> None:
    outcome = make("8xH100", cloud="runpod", model="llama 3.1 405b", method="full")
    assert outcome.status == "does_not_fit"
    assert all(way.plan is None or way.plan.hardware.nodes == 1 for way in outcome.ways_out)


@pytest.mark.parametrize("cloud", ["slurm", "kubernetes", "local"])
def test_machines_of_ones_own_have_no_price(cloud: str) -> None:
    outcome = make(cloud=cloud, max_dollars=50.0)
    assert outcome.cost is None
    assert outcome.to_json()["plan"]["cost"] is None
    shown = "\n".join("".join(text for text, _ in line) for line in time_lines(outcome, Screen(no_color=True).out))
    assert "no listed price: the machines are your own" in " ".join(shown.split())
    assert "GPU-hours" in shown
    assert "$" not in shown
    assert "the machines are your own" in next(f.message for f in outcome.findings if f.rule == "REQ002")
    tight = make("RTX4090", cloud=cloud, method="full")
    assert tight.status == "does_not_fit"
    assert not any("$" in way.price for way in tight.ways_out)
    with_cloud = make("RTX4090", cloud=None, method="full")
    assert any("$" in way.price for way in with_cloud.ways_out)


def test_slurm_needs_an_account_and_starts_every_node() -> None:
    outcome = make("2x8xH100", cloud="slurm")
    assert outcome.commands[1] == "oumi launch up -c job.yaml --cluster ACCOUNT@LOGIN-HOST --user ACCOUNT"
    assert "JOB007" in rules(outcome)
    assert "srun --nodes=2 --ntasks=2 --ntasks-per-node=1 oumi distributed torchrun" in body(outcome)["run"]
    known = with_job(make(cloud=None), cloud="slurm", cluster="me@login.example.org")
    assert known.commands[1] == "oumi launch up -c job.yaml --cluster me@login.example.org"
    assert body(known)["user"] == "me"
    assert "JOB007" not in rules(known)


def test_a_local_job_keeps_its_output_and_changes_no_environment() -> None:
    job = body(make("2xRTX4090", cloud="local", model="smollm2 135m"))
    assert job["working_dir"] == "."
    assert job["envs"] == {"OUMI_LOGGING_DIR": "oumi-job-logs"}
    assert "pipefail" not in job["setup"] + job["run"]
    assert not [line for line in job["setup"].splitlines() if line.lstrip().startswith(("pip", "uv"))]


@pytest.mark.parametrize(
    ("said", "extras"),
    [({"method": "lora"}, ""), ({"method": "qlora"}, "[gpu]"), ({"sharding": "deepspeed", "method": "full"}, "[deepspeed]"), ({"objective": "grpo", "method": "lora"}, "[gpu]")],
)
def test_extras_that_the_config_needs(said: dict[str, Any], extras: str) -> None:
    outcome = make(**said)
    assert f"oumi{extras}==0.9" in body(outcome)["setup"]
    assert outcome.plan is not None
    assert ("vllm" in body(outcome)["setup"]) == outcome.plan.vllm


def test_a_gated_model_is_looked_at_before_it_is_paid_for() -> None:
    job = body(make())
    assert job["file_mounts"] == {"~/.cache/huggingface/token": "~/.cache/huggingface/token"}
    assert "hf download meta-llama/Llama-3.1-8B-Instruct config.json" in job["setup"]
    assert "accept its licence" in job["setup"]
    free = body(make(model="qwen2.5 7b"))
    assert "file_mounts" not in free
    assert "licence" not in free["setup"]


def test_keys_stand_in_no_file() -> None:
    outcome = make(task="infer", model="gpt-4o", dataset="q.jsonl", here=True)
    assert body(outcome)["envs"] == {"OPENAI_API_KEY": ""}
    assert outcome.commands[1].endswith('--envs.OPENAI_API_KEY "$OPENAI_API_KEY"')
    assert 'test -n "$(printenv OPENAI_API_KEY)"' in body(outcome)["setup"]


def test_nobody_types_into_a_job() -> None:
    outcome = make("L4", task="infer", model="qwen2.5 7b", dataset=None)
    assert [file.kind for file in outcome.files] == ["infer"]
    assert "no job file is written" in rules(outcome)["JOB010"]


def test_local_files_travel_or_are_named() -> None:
    here = make(dataset="data/rows.jsonl", here=True)
    assert body(here)["file_mounts"]["~/oumi-job/data/rows.jsonl"] == "data/rows.jsonl"
    assert "travels with the job" in rules(here)["JOB006"]
    gone = make(dataset="data/rows.jsonl")
    assert "~/oumi-job/data/rows.jsonl" not in body(gone)["file_mounts"]
    odd = make(dataset="it's $(here).jsonl", here=True)
    assert list(body(odd)["file_mounts"]) == ["~/.cache/huggingface/token"]
    assert "does not travel" in rules(odd)["JOB006"]
    slurm = make(dataset="data/rows.jsonl", here=True, cloud="slurm")
    assert body(slurm)["working_dir"] == "."
    assert "the whole folder is copied" in rules(slurm)["JOB006"]
    assert "must be on the cluster" in rules(make(dataset="/data/rows.jsonl", here=True, cloud="slurm"))["JOB006"]


def test_places_there() -> None:
    assert place_there("a/b.jsonl", "~/oumi-job") == "~/oumi-job/a/b.jsonl"
    assert place_there("../b.jsonl", "~/oumi-job") == "~/b.jsonl"
    assert place_there("/data/b.jsonl", "~/oumi-job") == "/data/b.jsonl"
    assert files_of({"model": {"model_name": "../../x"}}, lambda _path: True).stuck == ("../../x",)
    assert files_of({"model": {"model_name": "org/name"}}, None) == files_of({}, None)


def test_disk_is_the_sum_of_its_parts() -> None:
    outcome = make(method="full", max_steps=2500)
    plan, job = outcome.plan, outcome.job
    assert plan is not None
    assert job is not None
    assert job.disk is not None
    disk, written = job.disk, writes(outcome)
    assert written.checkpoints == 5
    assert written.checkpoint == pytest.approx(3 * download_bytes(plan.model))  # bf16: weights and two moments
    assert disk.gib >= sum(size for _, size in disk.parts) > disk.gib - 50
    assert disk.gib % 50 == 0
    assert f"rounded up to {disk.gib}" in arithmetic(disk)
    assert writes(make(method="full", max_steps=2500, overrides={"training.trainer_kwargs.save_total_limit": 1})).checkpoints == 2
    assert writes(make(method="full", max_steps=2500, overrides={"training.save_steps": 0})).checkpoints == 0
    assert writes(make(method="full", max_steps=500, overrides={"training.save_steps": 500})).checkpoints == 1, "the last step is one of them"
    unknown = make(method="full", dataset="data/rows.jsonl")
    assert writes(unknown).checkpoints is None
    assert "3 checkpoints of" in unknown.files[-1].yaml
    assert "how many steps it takes is not known" in unknown.files[-1].yaml


def writes(outcome: Outcome) -> Written:
    plan = outcome.plan
    assert plan is not None
    return written_by_config(yaml.safe_load(outcome.files[0].yaml), plan.model, plan.hardware, steps=plan.time.steps if plan.time else None)


@pytest.mark.parametrize("said", [{}, {"method": "full"}, {"method": "qlora"}, {"max_steps": 2500}, {"method": "full", "max_steps": 20_000, "overrides": {"training.trainer_kwargs.save_total_limit": 2}}])
def test_a_launch_counts_what_the_job_asked_for(said: dict[str, Any]) -> None:
    """One estimate: what a launch of the job says of its config is no more than the disk that the job asks for, less the system."""
    outcome = make(**said)
    assert outcome.job is not None
    assert outcome.job.disk is not None
    plan = outcome.plan
    assert plan is not None
    least = written_by_config(yaml.safe_load(outcome.files[0].yaml), plan.model, plan.hardware).least + download_bytes(plan.model)
    assert sum(size for _, size in outcome.job.disk.parts[1:]) * 2**30 == pytest.approx(least, rel=0.02)


def test_more_is_never_less_disk() -> None:
    sizes = [make(method="full", max_steps=steps).job.disk.gib for steps in (100, 1000, 5000, 20_000)]  # type: ignore[union-attr]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert "checkpoints" in rules(make(method="full", max_steps=50_000))["JOB008"]


def test_no_line_of_a_config_ends_its_document(tmp_path: Any) -> None:
    plan = make().job
    assert plan is not None
    text = "OUMI_CONFIG\nOUMI_CONFIG_\n$(touch pwned) `id` \\ 'quoted'\n\n  # end\n"
    script = run_script(replace(plan, cloud="local"), [ConfigFile(kind="train", name="x", yaml=text)])
    script = script.replace(script.splitlines()[-1], 'cat "$configs/train.yaml"')
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, text)
    assert not list(tmp_path.iterdir())
    assert "pwned" not in without_configs(script)


def test_lines_that_oumis_slurm_client_takes_for_its_own() -> None:
    assert breaks_slurm("a: 1\nEOF\n") == "EOF"
    assert breaks_slurm("#SBATCH --partition=x\n") == "#SBATCH --partition=x"
    assert breaks_slurm("a: EOF\n# EOF\n") is None
    outcome = make(cloud=None)
    broken = replace(outcome, files=(replace(outcome.files[0], yaml=f"{outcome.files[0].yaml}#SBATCH --x\n"),))
    assert "JOB011" in rules(with_job(broken, cloud="slurm"))
    assert with_job(broken, cloud="aws").job is not None


def test_names_of_a_set() -> None:
    assert sibling("train.yaml", "train", "job") == "job.yaml"
    assert sibling("runs/train.yaml", "train", "eval") == "runs/eval.yaml"
    assert sibling("mine.yaml", "train", "job") == "mine.job.yaml"
    assert sibling("a.b/mine", "train", "job") == "a.b/mine.job.yaml"
    assert sibling(".yaml", "train", "job") == ".yaml.job.yaml"


def test_a_saved_set_names_itself() -> None:
    outcome = named(make(), "mine.yaml")
    assert [file.name for file in outcome.files] == ["mine.yaml", "mine.job.yaml"]
    assert outcome.commands[0].endswith("-c mine.yaml")
    assert outcome.commands[1].startswith("oumi launch up -c mine.job.yaml --cluster ")
    assert f"# Run: {outcome.commands[0]}\n" in outcome.files[0].yaml
    assert f"# Run: {outcome.commands[1]}\n" in outcome.files[1].yaml
    assert outcome.files[0].yaml in yaml.safe_load(outcome.files[1].yaml)["run"]


def pair(text: str, *later: str) -> Outcome:
    def plan(intent: Intent, machine: Hardware | None, notes: tuple[Reason, ...]) -> Outcome:
        return respond(intent, machine=machine, notes=notes, exists=lambda _path: False)

    first = read(text)
    training = respond(first.intent, notes=first.notes, exists=lambda _path: False)
    return with_steps(training, tuple(later_in(words) for words in later), plan, exists=lambda _path: False)


@pytest.mark.parametrize("method", ["lora", "full finetune"])
def test_a_training_and_the_evaluation_of_its_result(method: str) -> None:
    outcome = pair(f"{method} llama 3.1 8b on 8 A100 80gb", "evaluate it on mmlu")
    assert [file.name for file in outcome.files] == ["train.yaml", "eval.yaml"]
    train, evaluation = (yaml.safe_load(file.yaml) for file in outcome.files)
    made = train["training"]["output_dir"]
    assert made in (evaluation["model"]["model_name"], evaluation["model"].get("adapter_model"))
    assert ("adapter_model" in evaluation["model"]) == (method == "lora")
    assert [task["task_name"] for task in evaluation["tasks"]] == ["mmlu"]
    assert not [f for f in outcome.findings if "not on this machine" in f.message]


def test_one_job_for_both() -> None:
    outcome = pair("full finetune llama 3.1 8b on 2 nodes of 8 H100 on aws", "evaluate it on ifeval")
    assert [file.kind for file in outcome.files] == ["train", "eval", "job"]
    assert outcome.commands[2].startswith("oumi launch up")
    job = body(outcome)
    assert all(file.yaml in job["run"] for file in outcome.files[:2])
    assert '[ "$SKYPILOT_NODE_RANK" -ne 0 ] || env -u SKYPILOT_NODE_RANK oumi ' in job["run"]
    assert "evaluation" in job["setup"]
    assert sum(f.rule == "JOB005" for f in outcome.findings) == 1


@pytest.mark.parametrize("method", ["lora", "full finetune"])
def test_a_training_an_evaluation_and_an_inference_are_of_one_model(method: str) -> None:
    outcome = pair(f"{method} qwen3 8b on 8 A100 80gb, save to out/mine", "evaluate it on mmlu", "answer q.jsonl with it")
    train, *steps = (yaml.safe_load(file.yaml) for file in outcome.files)
    assert [file.name for file in outcome.files] == ["train.yaml", "eval.yaml", "infer.yaml"]
    assert train["training"]["output_dir"] == "out/mine"
    for step in steps:
        assert step["model"]["model_name"] == ("Qwen/Qwen3-8B" if method == "lora" else "out/mine")
        assert step["model"].get("adapter_model") == ("out/mine" if method == "lora" else None)
    assert steps[0]["output_dir"] == "output/mine-eval"
    assert steps[1]["input_path"] == "q.jsonl"
    assert [len(step.commands) for step in outcome.steps] == [1, 1, 1]


def test_one_job_for_every_step_that_needs_nobody() -> None:
    both = pair("lora qwen3 8b on 2 A100s on gcp", "evaluate it on mmlu", "answer q.jsonl with it")
    assert [file.kind for file in both.files] == ["train", "eval", "infer", "job"]
    assert all(file.yaml in body(both)["run"] for file in both.files[:3])
    assert "vllm" in body(both)["setup"]
    typed = pair("lora qwen3 8b on 2 A100s on gcp", "evaluate it on mmlu", "serve it")
    assert "infer" not in body(typed)["run"].replace("inference", "")
    assert "infer.yaml is no part of it" in rules(typed)["JOB010"]
    elsewhere = pair("lora qwen3 8b on 2 A100s on gcp", "answer q.jsonl with it on an L4")
    assert "infer.yaml is for 1x" in rules(elsewhere)["JOB013"]
    assert "oumi infer" not in body(elsewhere)["run"]


def test_what_a_job_wrote_is_fetched_whole() -> None:
    outcome = pair("lora qwen3 8b on 2 A100s on gcp, save to out/mine", "evaluate it on mmlu", "answer q.jsonl with it")
    fetched = [line for line in outcome.files[-1].yaml.splitlines() if line.startswith("# Fetch: ")]
    assert [line.split(":oumi-job/")[1].split()[0] for line in fetched] == ["out/mine", "output/mine-eval", "output/mine-answers/answers.jsonl"]


def test_a_set_is_saved_beside_its_training() -> None:
    outcome = named(pair("lora qwen3 8b on 2 A100s on gcp", "evaluate it on mmlu", "answer q.jsonl with it"), "runs/mine.yaml")
    assert [file.name for file in outcome.files] == [f"runs/mine{kind}.yaml" for kind in ("", ".eval", ".infer", ".job")]
    assert outcome.files[2].yaml in yaml.safe_load(outcome.files[3].yaml)["run"]


def test_what_must_be_there_first_runs_in_the_job_too() -> None:
    rows = lambda path: path in ("a.jsonl", "scoring.py")  # noqa: E731
    judged = respond(read("judge a.jsonl for politeness with gpt-4o on gcp, save to judged").intent, exists=rows)
    assert judged.commands[0].startswith("mkdir")
    run = body(judged)["run"]
    assert run.index("mkdir -p judged") < run.index("oumi judge ")
    first = read("evaluate qwen3 4b with my function scored in scoring.py on an L4 on gcp")
    scored = respond(first.intent, notes=first.notes, exists=rows)
    run = body(scored)["run"]
    assert run.index("> eval-functions.txt") < run.index("oumi evaluate")
    assert body(scored)["file_mounts"] == {"~/oumi-job/scoring.py": "scoring.py"}


def test_an_evaluation_that_cannot_be_planned_is_named() -> None:
    asked = pair("lora llama 3.1 8b on 2 A100s", "evaluate it on mmlu with nonsense")
    assert [step.task_plan.kind for step in asked.then if step.task_plan] == ["eval"]
    assert 'not understood: "nonsense"' in " ".join(finding.message for finding in asked.findings)
    refused = pair("full finetune llama 3.1 8b on a 4090", "evaluate it on mmlu")
    assert refused.status == "does_not_fit"
    assert 'left out: "evaluate it on mmlu"' in rules(refused)["REQ006"]


def test_setup_installs_only_what_is_missing(tmp_path: Any) -> None:
    """Stubs in the stead of pip and Python: what is there already is not installed again."""
    for name, text in {"oumi": "exit 0", "pip": 'echo "pip $*"', "uv": 'echo "uv $*"', "hf": "exit 0"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    job = make(method="qlora").job
    assert job is not None
    for code, told in ((0, ""), (1, "pip install uv\nuv pip install --system oumi[gpu]==0.9\n")):
        (tmp_path / "python3").write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / "python3").chmod(0o755)
        done = subprocess.run(["bash", "-c", setup_script(job)], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, told), done.stderr


@pytest.mark.parametrize(("cloud", "task"), [("aws", "train"), ("lambda", "train"), ("gcp", "evaluate"), ("runpod", "infer"), ("nebius", "train")])
def test_without_hardware_the_least_expensive_of_that_cloud_is_taken(cloud: str, task: str) -> None:
    values = {"task": task, "model": "qwen3 8b", "cloud": cloud, "benchmarks": ["mmlu"] if task == "evaluate" else None, "dataset": "q.jsonl" if task == "infer" else None}
    outcome = respond(Intent.model_validate(values), exists=lambda _path: True)
    assert outcome.status == "ok"
    assert outcome.hardware is not None
    gpu, count = outcome.hardware.gpu.name, outcome.hardware.count
    assert any((o.cloud, o.gpu, o.count) == (cloud, gpu, count) for o in all_offers())
    assert "JOB001" not in rules(outcome)
    assert f"least expensive known on {cloud}" in next(a.why for a in outcome.assumptions if a.field == "hardware")


def test_what_runs_elsewhere_is_not_planned_for_this_computer() -> None:
    here = parse_machine("RTX3060")
    for cloud, machine in (("aws", None), ("slurm", None), ("local", here), (None, here)):
        assert choose_machine(Intent(task="train", cloud=cloud), None, lambda: (here, ()))[0] == machine


def test_the_results_are_fetched_from_where_they_are() -> None:
    assert "# Fetch: rsync -Pavz llama-3-1-8b-instruct:oumi-job/out/a out/\n" in make(output_dir="out/a").files[1].yaml
    assert "# Fetch: rsync -Pavz llama-3-1-8b-instruct:/ckpt/a /ckpt/\n" in make(output_dir="/ckpt/a").files[1].yaml
    assert "Fetch" not in make(output_dir="a$(b)").files[1].yaml
    assert "Fetch" not in make(cloud="slurm").files[1].yaml


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("lora smollm2 135m on my own machine", ["train"]),
        ("lora smollm2 135m locally, as a job", ["train", "job"]),
        (None, ["train", "job"]),
        ("lora smollm2 135m on aws", ["train", "job"]),
    ],
)
def test_words_for_this_machine_ask_for_no_job(text: str | None, kinds: list[str]) -> None:
    cloud = "aws" if text and "aws" in text else "local"
    intent = Intent(task="train", model="HuggingFaceTB/SmolLM2-135M-Instruct", method="lora", cloud=cloud)  # type: ignore[arg-type]
    outcome = respond(intent, machine=parse_machine("RTX4090"), request=text)
    assert [file.kind for file in outcome.files] == kinds


def test_the_files_of_a_judge_and_of_a_synthesis_travel() -> None:
    for words, path in (("judge answers.jsonl for helpfulness with gpt-4o on gcp", "answers.jsonl"), ("synthesize 20 qa pairs from docs/a.md with gpt-4o on gcp", "docs/a.md")):
        reading = read(words)
        outcome = respond(reading.intent, notes=reading.notes, exists=path.__eq__, request=words)
        assert [file.kind for file in outcome.files][-1] == "job", outcome.explanation
        assert path in str(yaml.safe_load(outcome.files[-1].yaml).get("file_mounts")), words
