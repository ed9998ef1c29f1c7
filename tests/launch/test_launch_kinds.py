"""Kinds of config, what a header says, and the command of each kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from fakemachine import Place

from assistant.core.errors import UsageError
from assistant.launch.command import freest
from assistant.launch.header import read_header
from assistant.launch.kinds import kind_of
from assistant.machine.gpus_now import GpuNow

RECIPES = Path(os.environ.get("OUMI_CHAT_SHARED") or Path(__file__).parents[3] / "shared") / "data" / "oumi_recipes"
KINDS = {
    "train": "training: {}",
    "eval": "model: {}\ngeneration: {}\ntasks: []",
    "infer": "model: {}\ngeneration: {}",
    "job": "name: x\nresources: {cloud: local}\nrun: echo",
    "tune": "model: {}\ndata: {}\ntuning: {}",
    "quantize": "model: {}\nmethod: awq_q4_0\noutput_path: x",
    "judge": "judge_params: {}\ninference_config: {}",
    "synthesize": "strategy: GENERAL\nstrategy_params: {}\noutput_path: x.jsonl",
}


@pytest.mark.parametrize(("kind", "text"), KINDS.items())
def test_each_kind_is_known_by_what_only_it_has(kind: str, text: str) -> None:
    assert kind_of(yaml.safe_load(text), "x.yaml") == kind


def test_a_typo_at_the_top_does_not_hide_the_kind() -> None:
    assert kind_of({"model": {}, "training": {}, "pefft": {}}, "x.yaml") == "train"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "it is empty"),
        ({"model": {}}, "no kind"),
        ({"services": {}, "version": 3}, "no kind"),
        ({"training": {}, "tasks": []}, "mixes kinds"),
        ({"evaluation": {}, "checkpoints_dir": "x", "polling_interval": 3}, "no command"),
    ],
)
def test_what_is_no_config_or_two_is_refused(body: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words) as problem:
        kind_of(body, "x.yaml")
    assert problem.value.exit_code == 2
    assert problem.value.hint


@pytest.mark.skipif(not RECIPES.is_dir() and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_every_recipe_of_oumi_has_its_kind() -> None:
    from assistant.checks.document import parse
    from assistant.checks.releases import newest
    from assistant.checks.typed import mistakes

    others = ("analyze.yaml", "fireworks_deploy.yaml", "async_eval.yaml", "accelerate.yaml")
    files = [f for f in sorted(RECIPES.rglob("*.yaml")) if f.name not in others]
    for file in files:
        text = file.read_text("utf-8")
        body = yaml.safe_load(text)
        kind = kind_of(body, file.name)
        assert (kind == "job") == ("job" in file.name), file
        assert mistakes(parse(text), kind, newest()) == (), file
    assert len(files) > 200


HEADER = "# Plan: lora sft on {}\n# Made by oumi-chat 0.1.0 for the fields of Oumi 0.9.\n# Run: oumi train -c train.yaml\n\nmodel: {{}}\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [("2xA100-80GB, ddp", (1, 2, "A100-80GB")), ("2 nodes of 8xH100, fsdp", (2, 8, "H100")), ("1xcpu, none", (1, 1, "cpu")), ("3xNothing, ddp", None)],
)
def test_the_machine_that_was_planned_for(said: str, expected: tuple[int, int, str] | None) -> None:
    header = read_header(HEADER.format(said))
    found = header.machine
    assert (found and (found.nodes, found.count, found.gpu.name)) == expected
    assert header.oumi == "0.9"


def test_a_plan_in_a_comment_of_somebody_elses_says_nothing() -> None:
    assert read_header("# Plan: everything on 2xA100, ddp\nmodel: {}").machine is None


def test_commands_of_every_kind(place: Place) -> None:
    place.oumi()
    place.write("rows.jsonl", "{}\n")
    for kind, text in KINDS.items():
        place.write(f"{kind}.yaml", text)
    assert place.command(place.train()) == "oumi train -c train.yaml"
    assert place.command("eval.yaml") == "oumi evaluate -c eval.yaml"
    assert place.command("infer.yaml") == "oumi infer -i -c infer.yaml"
    assert place.command("job.yaml") == "oumi launch up -c job.yaml"
    assert place.command("job.yaml", "--cluster", "mine") == "oumi launch up -c job.yaml --cluster mine"
    assert place.command("tune.yaml") == "oumi tune -c tune.yaml"
    assert place.command("quantize.yaml") == "oumi quantize -c quantize.yaml --output=x"
    assert place.command("synthesize.yaml") == "oumi synth -c synthesize.yaml"
    assert place.command("judge.yaml", "--input", "rows.jsonl") == "oumi judge dataset -c judge.yaml --input=rows.jsonl"
    place.write("batch.yaml", "model: {}\ngeneration: {}\ninput_path: rows.jsonl")
    assert place.command("batch.yaml") == "oumi infer -c batch.yaml"


MADE = "# Made by oumi-chat 0.1.0 for the fields of Oumi 0.9.\n# Run: {}\n\n{}"


@pytest.mark.parametrize(
    ("kind", "run", "shown"),
    [
        ("judge", "oumi judge conversations -c judge.yaml --input rows.jsonl --output out.jsonl", "oumi judge conversations -c judge.yaml --input=rows.jsonl --output=out.jsonl"),
        ("job", "oumi launch up -c job.yaml --cluster mine", "oumi launch up -c job.yaml --cluster mine"),
        ("job", "oumi launch up -c job.yaml --cluster me@login.host --user me", "oumi launch up -c job.yaml --cluster me@login.host --user me"),
        ("job", "oumi launch up -c job.yaml --cluster ACCOUNT@LOGIN-HOST --user ACCOUNT", "oumi launch up -c job.yaml"),
        ("job", 'oumi launch up -c job.yaml --cluster m --envs.OPENAI_API_KEY "$OPENAI_API_KEY"', 'oumi launch up -c job.yaml --cluster m --envs.OPENAI_API_KEY "$OPENAI_API_KEY"'),
        ("job", "oumi launch up -c job.yaml --cluster 'a; touch x' --envs.PATH /bin", None),
        ("job", "oumi launch up -c job.yaml --cluster m --envs.PATH $HOME", "oumi launch up -c job.yaml --cluster m"),
        ("job", "oumi launch up -c 'unclosed", "oumi launch up -c job.yaml"),
    ],
)
def test_what_the_command_at_the_top_says_is_kept(place: Place, kind: str, run: str, shown: str | None) -> None:
    place.oumi()
    place.write("rows.jsonl", "{}\n")
    place.write(f"{kind}.yaml", MADE.format(run, KINDS[kind]))
    if shown is None:
        assert place.launch(f"{kind}.yaml", "--dry-run")[0] == 2
    else:
        assert place.command(f"{kind}.yaml") == shown


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("judge.yaml",), "needs the rows"),
        (("job.yaml", "--cluster", "two words"), "No cluster can be called"),
        (("job.yaml", "--cluster", "--help"), "No cluster can be called"),
        (("train.yaml", "--cluster", "mine"), "--cluster is for a job"),
        (("job.yaml", "--input", "rows.jsonl"), "--input is for a judge"),
    ],
)
def test_extras_that_do_not_go_with_the_kind(place: Place, args: tuple[str, ...], words: str) -> None:
    place.oumi()
    place.train()
    for kind in ("job", "judge"):
        place.write(f"{kind}.yaml", KINDS[kind])
    code, _, err = place.launch(*args)
    assert code == 2
    assert words in err
    assert place.called is None


def test_several_gpus_are_started_as_planned(place: Place) -> None:
    place.oumi()
    place.gpus(("NVIDIA A100-SXM4-80GB", 80, 79), ("NVIDIA A100-SXM4-80GB", 80, 20), ("NVIDIA A100-SXM4-80GB", 80, 78))
    text = (place.folder / place.train()).read_text("utf-8")
    assert place.command("train.yaml") == "oumi distributed torchrun -m oumi train -c train.yaml"
    for said, expected in (
        ("1xA100-80GB, none", "CUDA_VISIBLE_DEVICES=0 oumi train -c train.yaml"),
        ("2xA100-80GB, ddp", "CUDA_VISIBLE_DEVICES=0,2 oumi distributed torchrun -m oumi train -c train.yaml"),
        ("8xA100-80GB, ddp", "oumi distributed torchrun -m oumi train -c train.yaml"),
    ):
        place.write("train.yaml", HEADER.format(said).replace("model: {}\n", "") + text)
        assert place.command("train.yaml") == expected
    place.write("train.yaml", text.replace("TRL_SFT", "VERL_GRPO"))
    assert place.command("train.yaml") == "oumi train -c train.yaml"
    assert place.command("train.yaml", "--gpus", "8xH100").startswith("oumi train")


def test_of_unlike_gpus_the_larger_group_is_used() -> None:
    gpus = (GpuNow(index=0, name="T4", total_gib=15, free_gib=15), GpuNow(index=1, name="A100", total_gib=40, free_gib=10), GpuNow(index=2, name="A100", total_gib=40, free_gib=39))
    assert [gpu.index for gpu in freest(gpus, 1)] == [2]
    assert [gpu.index for gpu in freest(gpus, 2)] == [1, 2]


HOSTILE = ["two words.yaml", "$(touch pwned).yaml", "a;touch pwned.yaml", "it's.yaml", '"q".yaml', "-c.yaml", "--help", "llama3.1-8b-lora", "`id`.yaml", "ünï.yaml", "a\\b.yaml"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_files_name_is_data(place: Place, name: str) -> None:
    place.oumi()
    place.train(name)
    argument = f"./{name}" if name.startswith("-") else name
    code, out, _ = place.launch("--yes", "--", argument)
    assert code == 0, out
    assert place.called is not None
    assert place.called[:2] == ["train", "-c"]
    assert (place.folder / place.called[2]).samefile(place.folder / name)
    assert not place.called[2].startswith("-")
    assert "/" in place.called[2] or place.called[2].endswith(".yaml")
    assert not (place.folder / "pwned").exists()


def test_a_name_with_control_characters_is_refused(place: Place) -> None:
    place.oumi()
    place.train("a\nb.yaml")
    code, _, err = place.launch("--yes", "a\nb.yaml")
    assert code == 2
    assert "control" in err
    assert place.called is None
