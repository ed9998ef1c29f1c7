"""A request, the file that comes out, and the real Oumi with it on a CPU: a search, a quantization, a judge, a synthesis, an evaluation function."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.oumi.conftest import OFFLINE

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent


class Model(BaseHTTPRequestHandler):
    """A model that says yes to a judge, asks one question and gives one answer."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        told = body["messages"][0]["content"]
        answer = '{"explanation": "so", "judgment": "4"}' if "You judge" in told else "<think>which?</think>What comes back?" if "You write one question" in told else "Goods within 30 days."
        reply = {"choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
        data = json.dumps({"id": "1", "object": "chat.completion", **reply}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def address() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    asked: list[dict[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Model,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions", asked
    server.shutdown()
    server.server_close()
    thread.join(10)


def planned(folder: Path, words: str, name: str) -> list[str]:
    """The commands of a request, its file saved under this name."""
    cli = [sys.executable, "-m", "assistant.cli", "--offline", "--gpus", "cpu:16GB", words]
    done = subprocess.run([*cli, "--json"], capture_output=True, text=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)})
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["files"][0]["name"] == name
    (folder / name).write_text(outcome["files"][0]["yaml"], "utf-8")
    return list(outcome["commands"])


def run(folder: Path, judge_bin: Path, commands: list[str]) -> str:
    """The output of these commands, run in a shell as they were shown."""
    env = {**os.environ, **OFFLINE, "PATH": f"{judge_bin}{os.pathsep}{os.environ['PATH']}"}
    shown = ""
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, timeout=600)
        shown += done.stdout + done.stderr
        assert done.returncode == 0, shown[-4000:]
    return shown


def needs(judge_bin: Path, module: str) -> None:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    if subprocess.run([judge_bin / "python", "-c", code]).returncode:
        pytest.skip(f"the judge has no {module}: .ci/judge.txt says what it holds")


def test_a_function_of_the_users_own_scores_a_model(tmp_path: Path, tiny: Path, judge_bin: Path) -> None:
    (tmp_path / "scoring.py").write_text(
        "from oumi.core.registry import register_evaluation_function\n"
        "from oumi.core.types.conversation import Conversation, Message, Role\n\n\n"
        '@register_evaluation_function("answers_at_all")\n'
        "def answers_at_all(config, inference_engine):\n"
        '    asked = [Conversation(messages=[Message(role=Role.USER, content=text)]) for text in ("one", "two", "three")]\n'
        '    return {"rows": len(inference_engine.infer(asked))}\n'
    )
    words = f"evaluate the model at {tiny}/tiny-llama with my function answers_at_all in scoring.py, native engine, context 64, max 4 new tokens, results to evals"
    run(tmp_path, judge_bin, planned(tmp_path, words, "eval.yaml"))
    results = json.loads(next((tmp_path / "evals").glob("*/task_result.json")).read_text())
    assert results["results"] == {"answers_at_all": {"rows": 3}}


def test_a_judge_scores_every_answer(tmp_path: Path, judge_bin: Path, address: tuple[str, list[dict[str, Any]]]) -> None:
    rows = [{"messages": [{"role": "user", "content": f"ask {i} {{x}}"}, {"role": "assistant", "content": f"answer {i}"}]} for i in range(3)]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    commands = planned(tmp_path, f"judge answers.jsonl for politeness from 1 to 5 with org/tiny at {address[0]}, save to judged", "judge.yaml")
    shown = run(tmp_path, judge_bin, commands)
    assert "75.00%" in shown
    judged = [json.loads(line) for line in (tmp_path / "judged" / "judged-politeness.jsonl").read_text().splitlines()]
    assert [row["field_scores"]["judgment"] for row in judged] == [0.75] * 3
    told, asked = (message["content"] for message in address[1][0]["messages"])
    assert "criterion: politeness" in told
    assert "from 1 (not at all) to 5 (entirely)" in asked
    assert any("ask 1 {x}" in body["messages"][1]["content"] for body in address[1])


def launched(folder: Path, judge_bin: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **OFFLINE, "PATH": f"{judge_bin}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(HERE.parent.parent)}
    return subprocess.run([sys.executable, "-m", "assistant.cli", "launch", *args], cwd=folder, env=env, capture_output=True, text=True, timeout=600)


def test_a_judge_is_launched_by_its_own_command(tmp_path: Path, judge_bin: Path, address: tuple[str, list[dict[str, Any]]]) -> None:
    """Rows, form and output are those of the command at its top, and the folder of the output is made."""
    rows = [{"messages": [{"role": "user", "content": f"ask {i}"}, {"role": "assistant", "content": f"answer {i}"}]} for i in range(2)]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    planned(tmp_path, f"judge answers.jsonl for politeness from 1 to 5 with org/tiny at {address[0]}, save to judged", "judge.yaml")
    done = launched(tmp_path, judge_bin, "judge.yaml", "--yes")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    judged = [json.loads(line) for line in (tmp_path / "judged" / "judged-politeness.jsonl").read_text().splitlines()]
    assert [row["field_scores"]["judgment"] for row in judged] == [0.75] * 2
    assert len(address[1]) == 2


def test_a_synthesis_writes_rows_that_oumi_trains_on(tmp_path: Path, tiny: Path, judge_bin: Path, address: tuple[str, list[dict[str, Any]]]) -> None:
    (tmp_path / "handbook.md").write_text("Goods can be returned within 30 days. " * 60)
    commands = planned(tmp_path, f"synthesize 3 qa pairs from handbook.md with org/tiny at {address[0]}, save to synth", "synthesize.yaml")
    file = tmp_path / "synthesize.yaml"
    file.write_text(file.read_text().replace("openai-community/gpt2", f"{tiny}/tiny-llama"))  # no Hub here
    run(tmp_path, judge_bin, commands)
    rows = [json.loads(line)["conversation"]["messages"] for line in (tmp_path / "synth" / "synthetic-qa.jsonl").read_text().splitlines()]
    assert [[message["content"] for message in row] for row in rows] == [["What comes back?", "Goods within 30 days."]] * 3
    code = "from oumi.builders import build_dataset\nfrom oumi.datasets import TextSftJsonLinesDataset\nprint(TextSftJsonLinesDataset(dataset_path='synth/synthetic-qa.jsonl').conversation(0).messages[0].content)"
    done = subprocess.run([judge_bin / "python", "-c", code], cwd=tmp_path, env={**os.environ, **OFFLINE}, capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines()[-1] == "What comes back?", done.stderr[-2000:]


def test_a_search_tries_other_values_and_writes_what_they_gave(tmp_path: Path, tiny: Path, judge_bin: Path) -> None:
    needs(judge_bin, "optuna")
    words = f"lora hyperparameter search for the model at {tiny}/tiny-llama on {tiny}/rows.jsonl: sweep lr between 1e-4 and 1e-2 and the rank, 2 trials, max steps 2, micro batch 2, save to search"
    run(tmp_path, judge_bin, planned(tmp_path, words, "tune.yaml"))
    trials = list(csv.DictReader((tmp_path / "search" / "trials_results.csv").read_text().splitlines()))
    assert len(trials) == 2
    assert all(trial["state"] == "COMPLETE" and float(trial["value"]) > 0 for trial in trials)
    assert all(1e-4 <= float(trial["params_learning_rate"]) <= 1e-2 for trial in trials)
    assert len({trial["params_learning_rate"] for trial in trials}) == 2
    adapter = json.loads((tmp_path / "search" / "trial_0" / "adapter_config.json").read_text())
    assert adapter["r"] == int(trials[0]["params_lora_r"])
    assert (tmp_path / "search" / "study.db").is_file()


def test_a_quantization_is_written_where_it_was_said(tmp_path: Path, tiny: Path, judge_bin: Path) -> None:
    needs(judge_bin, "bitsandbytes")
    run(tmp_path, judge_bin, planned(tmp_path, f"quantize the model at {tiny}/tiny-llama with bitsandbytes 4-bit, save to out/v1.5", "quantize.yaml"))
    config = json.loads((tmp_path / "out" / "v1.5" / "model" / "config.json").read_text())
    assert config["quantization_config"]["load_in_4bit"] is True
    assert not (tmp_path / "quantized_model").exists()
