"""A job carries its configs: what is judged is what it will run, and a file of that name that says something else is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakemachine import Place

from assistant.core.errors import UsageError
from assistant.machine.jobconfig import carried_configs, config_of_job, configs_named, fields_set

TRAIN = {
    "model": {"model_name": "HuggingFaceTB/SmolLM2-135M-Instruct", "model_max_length": 64},
    "training": {"output_dir": "./out", "max_steps": 2, "per_device_train_batch_size": 1, "save_steps": 0},
}


def job_of(texts: dict[str, str], *, cloud: str = "local", mark: str = "'OUMI_CONFIG'", place: str = "{}") -> str:
    commands = {"train": "oumi train", "eval": "oumi evaluate", "infer": "oumi infer"}
    lines = ["set -eu"]
    for kind, text in texts.items():
        at = place.format(f"{kind}.yaml")
        lines += [f"cat > {at} <<{mark}", *text.rstrip("\n").split("\n"), mark.strip("'\""), f"{commands[kind]} -c {at}"]
    return yaml.safe_dump({"name": "x", "resources": {"cloud": cloud}, "working_dir": ".", "setup": "pip install oumi", "run": "\n".join(lines) + "\n"})


def checks(place: Place, name: str = "job.yaml") -> tuple[int, list[dict[str, Any]]]:
    code, out, _ = place.launch(name, "--dry-run", "--json")
    return code, json.loads(out)["checks"]


def told(found: list[dict[str, Any]], label: str = "Runs") -> str:
    return "\n".join(f"{one['status']}: {one['message']}" for one in found if one["label"] == label)


@pytest.mark.parametrize("at", ["{}", '"$configs/{}"', "/tmp/x/{}"])
def test_the_config_inside_is_judged_and_not_the_file_beside_it(place: Place, at: str) -> None:
    place.oumi()
    carried = {**TRAIN, "training": {**TRAIN["training"], "learning_rte": 1}}
    place.write("train.yaml", yaml.safe_dump(TRAIN))
    place.write("job.yaml", job_of({"train": yaml.safe_dump(carried)}, place=at))
    code, found = checks(place)
    assert code == 5
    assert any("learning_rte" in one["message"] for one in found if one["status"] == "error")
    assert "ok: train.yaml, of kind train, carried by the script" in told(found)
    assert "the file train.yaml differs: training.learning_rte 1, in the file absent" in told(found)


def test_a_good_config_inside_stands_though_the_file_beside_it_is_broken(place: Place) -> None:
    place.oumi()
    place.write("train.yaml", "training: {learning_rte: 1}\nmodel: {model_name: x}\n")
    place.write("job.yaml", job_of({"train": yaml.safe_dump(TRAIN)}))
    code, found = checks(place)
    assert code == 0, found
    assert "warning: the job runs its own train.yaml, and the file train.yaml differs" in told(found)


def test_the_same_but_for_comments_is_no_difference(place: Place) -> None:
    place.oumi()
    place.write("train.yaml", "# mine\n" + yaml.safe_dump(TRAIN))
    place.write("job.yaml", job_of({"train": yaml.safe_dump(TRAIN)}))
    assert "differs" not in told(checks(place)[1])


def test_every_config_inside_is_judged_and_what_one_writes_is_there_for_the_next(place: Place) -> None:
    place.oumi()
    peft = {**TRAIN, "training": {**TRAIN["training"], "use_peft": True}, "peft": {"lora_r": 8}}
    answers = {"model": {"model_name": "HuggingFaceTB/SmolLM2-135M-Instruct", "adapter_model": "./out", "model_max_length": 64}, "engine": "NATIVE", "input_path": "q.jsonl"}
    place.write("q.jsonl", "{}\n")
    place.write("job.yaml", job_of({"train": yaml.safe_dump(peft), "infer": yaml.safe_dump(answers)}))
    code, found = checks(place)
    assert code == 0, found
    assert [line.split(",")[0] for line in told(found).splitlines()] == ["ok: train.yaml", "ok: infer.yaml"]
    assert "ok: ./out is what train.yaml writes" in told(found, "Adapter")
    place.write("job.yaml", job_of({"infer": yaml.safe_dump(answers)}))
    assert "error: ./out holds no adapter_config.json" in told(checks(place)[1], "Adapter")


@pytest.mark.parametrize("text", ["model: [", "- a\n- list", "just words", "resources: {cloud: local}\nrun: x", "a: &x [*x]"])
def test_what_is_inside_and_no_config_is_told(place: Place, text: str) -> None:
    place.oumi()
    place.write("job.yaml", job_of({"train": text}))
    code, found = checks(place)
    assert code == 5
    assert "error: train.yaml, which the script carries, is no config" in told(found)


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("cat > a.yaml <<'E'\nx: 1\nE\noumi train -c a.yaml", ["a.yaml"]),
        ("cat <<'E' > a.yaml\nx: 1\nE\noumi train -c a.yaml", ["a.yaml"]),
        ('cat > "a.yaml" <<"E"\nx: 1\nE\noumi train --config=a.yaml', ["a.yaml"]),
        ("cat >a.yaml <<-'E'\n\tx: 1\n\tE\noumi train -c a.yaml", ["a.yaml"]),
        ("cat > a.yaml <<E\nx: 1\nE\noumi train -c a.yaml", ["a.yaml"]),
        ("cat > a.yaml <<E\nx: $HOME\nE\noumi train -c a.yaml", []),
        ("cat > a.yaml <<'E'\nx: 1\noumi train -c a.yaml", []),
        ("cat > other.yaml <<'E'\nx: 1\nE\noumi train -c a.yaml", []),
        ("cat <<'E'\nx: 1\nE\noumi train -c a.yaml", []),
        ("cat > a.yaml <<'E'\nx: 2\nE\ncat > a.yaml <<'E'\nx: 1\nE\noumi train -c a.yaml", ["a.yaml"]),
        ("cat > a.yaml <<'E'\n# oumi train -c b.yaml --training.seed 1\nx: 1\nE\noumi train -c a.yaml", ["a.yaml"]),
    ],
)
def test_documents_of_a_script(script: str, names: list[str]) -> None:
    found = carried_configs({"run": script})
    assert [one.file.name for one in found] == names
    assert all(yaml.safe_load(one.text) == {"x": 1} for one in found)
    assert fields_set({"run": script}) == ()
    assert "b.yaml" not in configs_named({"run": script})


def test_a_job_without_its_config_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.yaml is neither here nor beside it"):
        config_of_job(tmp_path / "job.yaml", {"run": "oumi train -c a.yaml"})
