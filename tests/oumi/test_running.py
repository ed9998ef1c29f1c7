"""A request to run a model, the file that comes out, and the real `oumi infer` with it on a CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.catalogue.benchmarks import benchmarks
from tests.oumi.conftest import OFFLINE

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent


def test_the_native_engine_answers_every_row(tiny: Path, judge_bin: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": text}]} for text in ("one", "two", "three")]
    (tiny / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    words = f"answer {tiny}/q.jsonl with the model at {tiny}/tiny-llama, native engine, context 64, max 4 new tokens, save to {tiny}/out"
    planned = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "--offline", "--gpus", "cpu:16GB", words, "-o", tiny / "infer.yaml"],
        capture_output=True, text=True, cwd=HERE.parent.parent,
    )  # fmt: skip
    assert planned.returncode == 0, planned.stderr
    done = subprocess.run(
        [judge_bin / "oumi", "infer", "-c", tiny / "infer.yaml"], env={**os.environ, **OFFLINE}, capture_output=True, text=True, timeout=600, cwd=tiny
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    answers = [json.loads(line) for line in (tiny / "out" / "answers.jsonl").read_text("utf-8").splitlines()]
    assert len(answers) == len(rows)
    assert all(answer["messages"][-1]["role"] == "assistant" for answer in answers)


def test_every_benchmark_that_is_known_is_one_of_lm_evals_or_oumis(judge_bin: Path) -> None:
    code = (
        "import json, sys\nfrom lm_eval.tasks import TaskManager\nfrom oumi.core.registry import REGISTRY\nimport oumi.evaluation.registry\n"
        "names = json.load(sys.stdin); known = set(TaskManager().all_tasks)\n"
        "print(json.dumps([n for n, backend in names if not (n in known if backend == 'lm_harness' else REGISTRY.get_evaluation_function(n))]))\n"
    )
    names = json.dumps([[b.name, b.backend] for b in benchmarks().values()])
    done = subprocess.run([judge_bin / "python", "-c", code], input=names, env={**os.environ, **OFFLINE}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == []
