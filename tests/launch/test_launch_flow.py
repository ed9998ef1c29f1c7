"""Asking, running, exit codes, and what is offered after a failure; jobs of this machine."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

import pexpect
import pytest
import yaml
from fakemachine import Place

from assistant.launch.joblog import JobLog, failed

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "tests" / "reader" / "traces"
OOM = (LOGS / "oom_loss_torch28.log").read_text("utf-8")
RUNS_OUT = f"print('step 1', flush=True)\nsys.stderr.write({OOM!r})\nsys.exit(1)\n"


@pytest.mark.parametrize("code", [0, 1, 3, 77, 137])
def test_the_exit_code_is_the_programs(place: Place, code: int) -> None:
    place.oumi(f"print('to stdout'); print('to stderr', file=sys.stderr); os._exit({code}) if False else sys.exit({code})")
    found, out, err = place.launch(place.train(), "--yes")
    assert found == code, (out[-300:], err[-600:])
    assert out == "to stdout\n"  # nothing of ours is among the program's output
    assert "to stderr" in err
    assert ("It ended well." in err) is (code == 0)
    assert place.called == ["train", "-c", "train.yaml"]


def test_without_a_terminal_and_without_leave_nothing_starts(place: Place) -> None:
    place.oumi()
    code, out, err = place.launch(place.train())
    assert code == 2
    assert "no terminal to ask on" in err
    assert "--yes" in err
    assert out == ""
    assert place.called is None


def test_an_error_stops_a_run_that_nobody_is_asked_about(place: Place) -> None:
    place.oumi()
    name = place.train()
    (place.folder / "rows.jsonl").unlink()
    code, _, err = place.launch(name, "--yes")
    assert (code, place.called) == (5, None)
    assert "Nothing was started" in err
    assert place.launch(name, "--yes", "--force")[0] == 0
    assert place.called == ["train", "-c", "train.yaml"]


def test_json_is_for_a_dry_run(place: Place) -> None:
    place.oumi()
    code, out, _ = place.launch(place.train(), "--yes", "--json")
    assert code == 2
    assert json.loads(out)["status"] == "invalid"
    assert place.called is None


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list", "model: {}", "a: &x [*x]", "model: [", "{training: {}, tasks: []}"])
def test_a_file_that_is_no_config(place: Place, text: str) -> None:
    place.oumi()
    place.write("x.yaml", text)
    code, out, err = place.launch("x.yaml", "--yes")
    assert code == 2
    assert "x.yaml" in err
    assert "Traceback" not in out + err
    assert place.called is None
    assert place.launch("nothing.yaml", "--yes")[0] == 2
    assert place.launch(str(place.folder), "--yes")[0] == 2


def test_the_quiet_say_what_is_wrong_alone(place: Place) -> None:
    place.oumi(packages=())
    _, out, _ = place.launch(place.train(), "--dry-run", "--quiet")
    assert "needs tensorboard" in out
    assert not re.search(r"^ {2}ok", out, re.MULTILINE)


def test_the_environment_is_handed_on(place: Place) -> None:
    place.oumi("print(os.environ['MINE'], os.environ.get('CUDA_VISIBLE_DEVICES'))")
    place.monkeypatch.setenv("MINE", "a value")
    assert place.launch(place.train(), "--yes")[1] == "a value None\n"


# Out of memory


def out_of_memory(place: Place) -> str:
    place.oumi(RUNS_OUT)
    place.gpus(("NVIDIA A100-SXM4-80GB", 80.0, 79.2))
    place.monkeypatch.setenv("HF_TOKEN", "hf_" + "Zq7" * 12)
    text = (
        "# mine\nmodel: {model_name: meta-llama/Llama-3.1-8B-Instruct, model_max_length: 4096, torch_dtype_str: bfloat16}\n"
        "data:\n  train:\n    datasets:\n      - dataset_name: yahma/alpaca-cleaned\n"
        "training:\n  trainer_type: TRL_SFT\n  per_device_train_batch_size: 4  # mine\n  gradient_accumulation_steps: 4\n  enable_gradient_checkpointing: true\n"
        "  optimizer: adamw_torch_fused\n  output_dir: out\n  use_peft: true\npeft: {lora_r: 16, lora_target_modules: [q_proj, v_proj]}\n"
    )
    place.write("train.yaml", text)
    return text


def test_a_run_that_ends_out_of_memory_is_offered_a_mended_config(place: Place) -> None:
    text = out_of_memory(place)
    code, out, err = place.launch("train.yaml", "--yes", "--force")
    assert code == 1
    assert out == "step 1\n"
    assert "It ended with code 1." in err
    assert "- " in err
    assert "per_device_train_batch_size" in err
    assert "was not written" in err  # nobody was asked
    assert [path.name for path in place.folder.glob("*.yaml")] == ["train.yaml"]
    assert (place.folder / "train.yaml").read_text("utf-8") == text


def test_other_errors_that_are_known_are_answered_too(place: Place) -> None:
    place.oumi(f"sys.stderr.write({(LOGS / 'port.log').read_text('utf-8')!r})\nsys.exit(1)\n")
    code, _, err = place.launch(place.train(), "--yes")
    assert code == 1
    assert "port" in err.partition("ended with code 1")[2]


def test_an_error_that_is_not_known_is_left_to_its_own_words(place: Place) -> None:
    place.oumi("raise ValueError('something of mine')")
    code, _, err = place.launch(place.train(), "--yes")
    assert code == 1
    assert err.rstrip().endswith("It ended with code 1.")


# On a terminal


class Terminal:
    """The program in a pseudo-terminal, with the programs of a place."""

    def __init__(self, place: Place, *args: str) -> None:
        environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{place.site}", "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "LANG": "C.UTF-8"}
        self.child = pexpect.spawn(
            place_python(), ["-m", "assistant.cli", "launch", *args], cwd=str(place.folder), env=environ, encoding="utf-8", timeout=40, dimensions=(40, 110),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self.child.delaybeforesend = None

    def expect(self, text: str) -> str:
        self.child.expect_exact(text)
        return str(self.child.before)

    def end(self) -> tuple[int, str]:
        self.child.expect(pexpect.EOF)
        said = str(self.child.before)
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1), said


def place_python() -> str:
    from fakemachine import PYTHON

    return PYTHON


def test_enter_starts_what_is_well(place: Place) -> None:
    place.oumi("print('tty', sys.stdout.isatty(), sys.stdin.isatty())")
    terminal = Terminal(place, place.train())
    terminal.expect("Run oumi train -c train.yaml? [Y/n]")
    terminal.child.send("\r")
    terminal.expect("tty True True")
    code, said = terminal.end()
    assert code == 0
    assert "It ended well." in said


def test_enter_does_not_start_what_failed_a_check(place: Place) -> None:
    place.oumi()
    name = place.train()
    (place.folder / "rows.jsonl").unlink()
    terminal = Terminal(place, name)
    terminal.expect("[y/N]")
    terminal.child.send("\r")
    code, said = terminal.end()
    assert code == 5
    assert "Nothing was started." in said
    assert place.called is None
    terminal = Terminal(place, name)
    terminal.expect("[y/N]")
    terminal.child.send("y\r")
    assert terminal.end()[0] == 0
    assert place.called == ["train", "-c", "train.yaml"]


@pytest.mark.parametrize(("keys", "ends"), [("n\r", 0), ("\x03", 130), ("\x04", 0), ("what\r", 0)])
def test_no_and_anything_else_starts_nothing(place: Place, keys: str, ends: int) -> None:
    place.oumi()
    terminal = Terminal(place, place.train())
    terminal.expect("[Y/n]")
    terminal.child.send(keys)
    code, said = terminal.end()
    assert code == ends
    assert ("Nothing was started." in said) is (ends == 0)
    assert place.called is None


def test_ctrl_c_in_the_run_is_130(place: Place) -> None:
    place.oumi("try:\n    print('begun', flush=True)\n    time.sleep(30)\nexcept KeyboardInterrupt:\n    print('checkpoint saved', flush=True)\n    sys.exit(1)\n")
    terminal = Terminal(place, place.train(), "--yes")
    terminal.expect("begun")
    terminal.child.send("\x03")
    terminal.expect("checkpoint saved")
    code, said = terminal.end()
    assert code == 130
    assert "interrupted" in said


def test_the_mended_config_is_written_beside_when_asked(place: Place) -> None:
    text = out_of_memory(place)
    place.write("train.mended.yaml", "of mine")
    terminal = Terminal(place, "train.yaml", "--yes", "--force")
    terminal.expect("Write train.mended-2.yaml with this change? [Y/n]")
    terminal.child.send("\r")
    code, said = terminal.end()
    assert code == 1
    assert "Saved train.mended-2.yaml" in said
    assert (place.folder / "train.yaml").read_text("utf-8") == text
    assert (place.folder / "train.mended.yaml").read_text("utf-8") == "of mine"
    mended = yaml.safe_load((place.folder / "train.mended-2.yaml").read_text("utf-8"))
    assert mended != yaml.safe_load(text)
    assert "# mine" in (place.folder / "train.mended-2.yaml").read_text("utf-8")


def test_a_fix_that_is_declined_is_not_written(place: Place) -> None:
    out_of_memory(place)
    terminal = Terminal(place, "train.yaml", "--yes", "--force")
    terminal.expect("[Y/n]")
    terminal.child.send("n\r")
    assert terminal.end()[0] == 1
    assert [path.name for path in place.folder.glob("*.yaml")] == ["train.yaml"]


# Jobs

JOB = "name: tiny\nresources: {cloud: local}\nworking_dir: .\nrun: |\n  oumi train -c train.yaml\n"


def labels(checks: dict[str, list[dict[str, str]]], status: str) -> list[str]:
    return [check["message"] for found in checks.values() for check in found if check["status"] == status]


def test_a_local_jobs_config_is_checked_on_this_machine(place: Place) -> None:
    place.oumi()
    place.train()
    place.write("job.yaml", JOB)
    assert labels(place.checks("job.yaml"), "error") == []
    assert place.checks("job.yaml")["Runs"][0]["message"] == "train.yaml, of kind train"
    (place.folder / "rows.jsonl").unlink()
    assert labels(place.checks("job.yaml"), "error") == ["there is no rows.jsonl"]


def test_paths_of_a_local_job_are_read_from_its_folder(place: Place) -> None:
    place.oumi()
    place.train()
    (place.folder / "there").mkdir()
    for name in ("train.yaml", "rows.jsonl", "tiny"):
        (place.folder / name).rename(place.folder / "there" / name)
    place.write("job.yaml", JOB.replace("working_dir: .", "working_dir: there"))
    assert labels(place.checks("job.yaml"), "error") == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("cloud: local", "cloud: locla", 'no cloud "locla"'),
        ("working_dir: .\n", "", "needs a working_dir"),
        ("working_dir: .", "working_dir: nowhere", "no folder nowhere"),
        ("working_dir: .", "working_dir: 'a; touch pwned'", "is more than a path"),
        ("oumi train", "for x in; (", "does not parse"),
        ("  oumi train", "  set -o pipefail\n  oumi train", "has no pipefail"),
        ("run: |\n  oumi train -c train.yaml\n", "run: ''\n", "run is empty"),
        ("cloud: local", "cloud: local, accelerators: {A100: 2}", "resources.accelerators takes text"),
    ],
)
def test_what_is_wrong_with_a_job(place: Place, old: str, new: str, words: str) -> None:
    if "pipefail" in words and os.path.realpath("/bin/sh").endswith("bash"):
        pytest.skip("here /bin/sh knows pipefail")
    place.oumi()
    place.train()
    place.write("job.yaml", JOB.replace(old, new))
    assert any(words in message for message in labels(place.checks("job.yaml"), "error"))
    assert place.launch("job.yaml", "--yes")[0] == 5
    assert place.called is None
    assert not (place.folder / "pwned").exists()


CLOUD = "name: x\nresources: {{cloud: gcp, accelerators: '{gpus}', disk_size: {disk}}}\nworking_dir: .\nsetup: |\n  pip install oumi\nrun: |\n  oumi train -c train.yaml\n"


@pytest.mark.parametrize(
    ("gpus", "disk", "errors"),
    [("A100:1", 200, ["no token travels"]), ("T4:1", 200, ["does not fit", "no token travels"]), ("A100:1", 10, ["no token travels", "10 GiB of disk"])],
)
def test_a_clouds_job_is_judged_on_its_machine(place: Place, gpus: str, disk: int, errors: list[str]) -> None:
    place.oumi(packages=("sky",))
    text = "model: {model_name: meta-llama/Llama-3.1-8B-Instruct, model_max_length: 2048, torch_dtype_str: bfloat16}\ndata: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"
    place.write("train.yaml", text + "training: {trainer_type: TRL_SFT, max_steps: 2, per_device_train_batch_size: 1, enable_gradient_checkpointing: true, use_peft: true}\npeft: {lora_r: 8, lora_target_modules: [q_proj, v_proj]}\n")
    place.write("job.yaml", CLOUD.format(gpus=gpus, disk=disk))
    found = labels(place.checks("job.yaml"), "error")
    assert len(found) == len(errors), found
    assert all(words in message for words, message in zip(errors, found, strict=True))
    place.write("job.yaml", CLOUD.format(gpus=gpus, disk=disk) + "envs: {HF_TOKEN: ''}\n")
    assert len(labels(place.checks("job.yaml"), "error")) == len(errors) - 1


LAUNCHER = """
import yaml, subprocess, pathlib
folder = pathlib.Path(os.environ["OUMI_LOGGING_DIR"])
folder.mkdir(exist_ok=True)
job = yaml.safe_load(open(sys.argv[4]))
with open(folder / "1_0.stdout", "wb") as out, open(folder / "1_0.stderr", "wb") as err:
    code = subprocess.run(job["run"], shell=True, stdout=out, stderr=err).returncode
print("Job 0 finished with status", "COMPLETED" if code == 0 else "FAILED")
"""


@pytest.mark.parametrize(("script", "code"), [("echo the output; seq 1 40000", 0), ("echo the output; echo bad >&2; exit 3", 1)])
def test_a_local_jobs_output_and_its_end(place: Place, script: str, code: int) -> None:
    place.oumi(LAUNCHER)
    place.write("job.yaml", f"name: x\nresources: {{cloud: local}}\nworking_dir: .\nrun: {json.dumps(script)}\n")
    found, out, err = place.launch("job.yaml", "--yes")
    assert found == code, (out[-300:], err[-600:])
    assert "the output" in out
    assert ("40000\n" in out) is (code == 0)
    assert ("bad" in out) is (code == 1)
    assert place.called == ["launch", "up", "-c", "job.yaml"]
    assert ("It ended well." in err) is (code == 0)


def test_a_folder_for_logs_that_is_said_is_kept(place: Place) -> None:
    place.oumi(LAUNCHER)
    place.write("logs/old.stdout", "of before")
    place.monkeypatch.setenv("OUMI_LOGGING_DIR", str(place.folder / "logs"))
    place.write("job.yaml", "name: x\nresources: {cloud: local}\nworking_dir: .\nrun: echo new\n")
    _, out, _ = place.launch("job.yaml", "--yes")
    assert "new" in out
    assert "of before" not in out
    assert (place.folder / "logs" / "1_0.stdout").read_text() == "new\n"


def test_the_words_that_end_a_job() -> None:
    assert not failed("Job 0 finished with status COMPLETED\n")
    assert not failed("nothing")
    assert failed("Job my-job finished with\nstatus FAILED\nJob metadata:")
    assert failed("Job 1 finished with status CANCELED")


def test_a_log_is_read_from_where_it_was_left(tmp_path: Path) -> None:
    (tmp_path / "0.stdout").write_text("old")
    log = JobLog.of(tmp_path)
    assert log.more() == b""
    (tmp_path / "1.stdout").write_text("a")
    (tmp_path / "note.txt").write_text("no log")
    assert log.more() == b"a"
    with (tmp_path / "1.stdout").open("a") as file:
        file.write("b")
    assert log.more() == b"b"
    assert JobLog.of(tmp_path / "nowhere").more() == b""


def test_the_one_shot_does_not_load_it() -> None:
    import subprocess

    code = "import sys, assistant.cli.program; print([m for m in sys.modules if m.startswith('assistant.launch')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
