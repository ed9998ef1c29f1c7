"""Several configs in one launch: in order, asked about once, stopped at the first that fails."""

from __future__ import annotations

import json

import pytest
from fakemachine import Place

EVAL = "model: {model_name: ./tiny, adapter_model: ./out, model_max_length: 64}\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n"
INFER = "model: {model_name: ./tiny, adapter_model: ./out, model_max_length: 64}\nengine: NATIVE\ninput_path: q.jsonl\n"
KEEPS = """
with open('calls', 'a') as file:
    file.write(' '.join(sys.argv[1:]) + chr(10))
if sys.argv[1] == 'train':
    os.makedirs('out', exist_ok=True)
    open('out/adapter_config.json', 'w').write('{}')
"""


@pytest.fixture
def saved(place: Place) -> Place:
    """A saved set of a training, an evaluation and an inference."""
    place.oumi(KEEPS, packages=("tensorboard", "lm_eval"))
    place.train("train.yaml")
    place.write("train.yaml", (place.folder / "train.yaml").read_text("utf-8").replace("output_dir: out", "output_dir: ./out"))
    place.write("eval.yaml", EVAL)
    place.write("infer.yaml", INFER)
    place.write("q.jsonl", "{}\n")
    return place


def calls(place: Place) -> list[str]:
    path = place.folder / "calls"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("names", [("train.yaml", "eval.yaml", "infer.yaml"), (".",), ("./",)])
def test_a_set_runs_in_order(saved: Place, names: tuple[str, ...]) -> None:
    code, _, err = saved.launch(*names, "--yes")
    assert code == 0, err
    assert calls(saved) == ["train", "evaluate", "infer"]
    assert "1 of 3" in err
    assert "3 of 3" in err


def test_what_a_step_waits_for_is_no_error_before_the_run(saved: Place) -> None:
    code, out, _ = saved.launch(".", "--dry-run", "--json")
    found = json.loads(out)
    assert code == 0
    assert [one["kind"] for one in found["launches"]] == ["train", "eval", "infer"]
    assert len(found["commands"]) == 3
    assert any("is what train.yaml writes" in check["message"] for check in found["launches"][1]["checks"])
    assert saved.launch("eval.yaml", "--dry-run")[0] == 5, "by itself it is one"
    assert calls(saved) == []


def test_the_first_failure_ends_it_with_its_code(saved: Place) -> None:
    saved.program("oumi", (saved.bin / "oumi").read_text() + "if sys.argv[1] == 'evaluate':\n    sys.exit(7)\n")
    code, _, err = saved.launch(".", "--yes")
    assert code == 7
    assert calls(saved) == ["train", "evaluate"]
    assert "Stopped: infer.yaml was not started." in err


def test_a_training_that_wrote_nothing_ends_it(saved: Place) -> None:
    saved.program("oumi", (saved.bin / "oumi").read_text().replace("open('out/adapter_config.json'", "open('elsewhere'"))
    code, _, err = saved.launch(".", "--yes")
    assert code == 5
    assert calls(saved) == ["train"]
    assert "holds no adapter_config.json" in err
    assert "Stopped: eval.yaml, infer.yaml were not started." in err


def test_an_error_in_one_starts_none(saved: Place) -> None:
    (saved.folder / "q.jsonl").unlink()
    code, _, err = saved.launch(".", "--yes")
    assert (code, calls(saved)) == (5, [])
    assert "Nothing was started" in err


def test_nobody_is_asked_in_a_pipe(saved: Place) -> None:
    code, _, err = saved.launch(".")
    assert (code, calls(saved)) == (2, [])
    assert "--yes" in err


def test_folders_in_which_no_order_is_plain(saved: Place) -> None:
    saved.write("other.yaml", EVAL)
    assert "holds several of kind eval" in saved.launch(".", "--yes")[2]
    (saved.folder / "other.yaml").unlink()
    saved.write("notes.yaml", "- a list\n")
    assert saved.launch(".", "--dry-run")[0] == 0
    saved.write("job.yaml", "resources: {cloud: local}\nworking_dir: .\nrun: oumi train -c train.yaml\n")
    assert "holds a job" in saved.launch(".", "--yes")[2]
    assert "Start it by itself" in saved.launch("train.yaml", "job.yaml", "--yes")[2]
    assert calls(saved) == []


def test_an_empty_name_is_no_folder(saved: Place) -> None:
    code, _, err = saved.launch("", "--yes")
    assert (code, calls(saved)) == (2, [])
    assert "The name of the config is empty" in err


def test_two_that_write_one_folder_are_not_started(saved: Place) -> None:
    code, _, err = saved.launch("train.yaml", "train.yaml", "--yes")
    assert (code, calls(saved)) == (2, [])
    assert "both write ./out" in err


def test_a_function_of_the_users_own_is_listed_for_oumi(place: Place) -> None:
    place.oumi("open('seen', 'w').write(str(os.environ.get('OUMI_EXTRA_DEPS_FILE')) + open('eval-functions.txt').read())")
    place.model()
    head = "# First: printf '%s\\n' 'my scores.py' > eval-functions.txt\n# Made by oumi-chat 0.1.0 for the fields of Oumi 0.9.\n# Run: env OUMI_EXTRA_DEPS_FILE=eval-functions.txt oumi evaluate -c eval.yaml\n"
    body = "model: {model_name: ./tiny, model_max_length: 64}\ntasks: [{evaluation_backend: custom, task_name: scored}]\n"
    place.write("eval.yaml", head + body)
    code, _, err = place.launch("eval.yaml", "--yes")
    assert (code, place.called) == (5, None)
    assert "there is no my scores.py" in err
    place.write("my scores.py", "")
    code, _, err = place.launch("eval.yaml", "--yes")
    assert code == 0, err
    assert (place.folder / "seen").read_text() == "eval-functions.txtmy scores.py\n"


@pytest.mark.parametrize("line", ["printf '%s\\n' x.py > ../up.txt", "rm -rf / > eval-functions.txt", "printf '%s\\n' $(id) x > eval-functions.txt", "printf '%s\\n' 'x > eval-functions.txt"])
def test_a_comment_of_anybodys_runs_nothing(place: Place, line: str) -> None:
    place.oumi()
    place.model()
    head = f"# First: {line}\n# Made by oumi-chat 0.1.0 for the fields of Oumi 0.9.\n# Run: env OUMI_EXTRA_DEPS_FILE=/etc/passwd oumi evaluate -c eval.yaml\n"
    body = "model: {model_name: ./tiny, model_max_length: 64}\ntasks: [{evaluation_backend: custom, task_name: scored}]\n"
    place.write("eval.yaml", head + body)
    assert "OUMI_EXTRA" not in place.command("eval.yaml")
    place.write("eval.yaml", head.replace("/etc/passwd", "eval-functions.txt") + body)
    code, _, err = place.launch("eval.yaml", "--yes")
    assert (code, place.called) == (5, None), err
    assert "no eval-functions.txt lists" in err
    assert not (place.folder / "eval-functions.txt").exists()
