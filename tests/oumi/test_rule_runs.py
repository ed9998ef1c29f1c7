"""What rules say of evaluations, inference and jobs, backed by real runs on a CPU."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.checks.lint import Context, judge
from assistant.machine.known import known_model

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent
Body = dict[str, Any]
Run = Callable[..., Body]


@pytest.fixture(scope="module")
def run(tiny: Path, judge_bin: Path) -> Iterator[Run]:
    process = subprocess.Popen([judge_bin / "python", HERE / "runs_worker.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tiny)

    def ask(kind: str, body: Body, *typed: str) -> Body:
        assert process.stdin is not None
        assert process.stdout is not None
        path = tiny / "run.yaml"
        path.write_text(yaml.safe_dump(body), "utf-8")
        process.stdin.write(json.dumps({"kind": kind, "path": str(path), "typed": typed}) + "\n")
        process.stdin.flush()
        answer: Body = json.loads(process.stdout.readline())
        return answer

    yield ask
    process.communicate(timeout=60)


def rules(kind: str, body: Body) -> set[str]:
    return {flaw.finding.rule for flaw in judge(yaml.safe_dump(body), Context(model_of=known_model, kind=kind)).flaws}


def model(folder: Path, **more: object) -> Body:
    return {"model_name": f"{folder}/tiny-llama", "model_max_length": 128, "torch_dtype_str": "float32", **more}


def test_an_evaluation_of_nothing_ends_without_a_word(tiny: Path, run: Run) -> None:
    body = {"model": model(tiny), "inference_engine": "NATIVE", "tasks": []}
    assert "EVL023" in rules("eval", body)
    answer = run("eval", body)
    assert (answer["error"], answer["results"]) == (None, 0)


@pytest.mark.parametrize(
    ("rule", "engine", "task", "told"),
    [
        ("EVL020", "NATIVE", {"task_name": "mmlu"}, "backend"),
        ("EVL020", "NATIVE", {"evaluation_backend": "alpaca_eval", "task_name": "alpaca_eval"}, "backend"),
        ("EVL021", "LLAMACPP", {"evaluation_backend": "lm_harness", "task_name": "mmlu"}, "Unsupported inference engine"),
    ],
)
def test_an_evaluation_that_is_an_error_stops(tiny: Path, run: Run, rule: str, engine: str, task: Body, told: str) -> None:
    body = {"model": model(tiny), "inference_engine": engine, "tasks": [task]}
    assert rule in rules("eval", body)
    assert told in str(run("eval", body)["error"])


def test_vllm_is_not_told_of_the_adapter_to_evaluate(tiny: Path, run: Run) -> None:
    for engine, told in (("VLLM", False), ("NATIVE", True)):
        task = {"evaluation_backend": "lm_harness", "task_name": "mmlu"}
        body = {"model": model(tiny, adapter_model=f"{tiny}/adapter"), "inference_engine": engine, "tasks": [task]}
        assert ("EVL022" in rules("eval", body)) is not told
        answer = run("eval", {**body, "tasks": []})
        assert (f"{tiny}/adapter" in answer["harness"].values()) is told


def infer(folder: Path, generation: Body, *, rows: bool = True) -> Body:
    (folder / "q.jsonl").write_text(json.dumps({"messages": [{"role": "user", "content": "one"}]}) + "\n", "utf-8")
    body = {"model": model(folder), "engine": "NATIVE", "generation": {"max_new_tokens": 4, "batch_size": 1, **generation}, "output_path": f"{folder}/answers.jsonl"}
    return body | {"input_path": f"{folder}/q.jsonl"} if rows else body


def test_a_temperature_is_dropped_where_nothing_is_drawn(tiny: Path, run: Run) -> None:
    for sampling, told in ((False, None), (True, 0.7)):
        body = infer(tiny, {"temperature": 0.7, "use_sampling": sampling, "use_cache": True})
        assert ("INF020" in rules("infer", body)) is not sampling
        answer = run("infer", body)
        assert answer["error"] is None
        assert (answer["generation"]["do_sample"], answer["generation"]["temperature"]) == (sampling, told)


def test_answers_are_made_without_a_cache_unless_it_is_asked_for(tiny: Path, run: Run) -> None:
    for asked in ({}, {"use_cache": True}):
        body = infer(tiny, asked)
        assert ("INF021" in rules("infer", body)) is not asked
        assert run("infer", body)["generation"]["use_cache"] is bool(asked)


def test_each_typed_prompt_writes_over_the_answer_before(tiny: Path, run: Run) -> None:
    body = infer(tiny, {}, rows=False)
    assert "INF022" in rules("infer", body)
    answer = run("infer", body, "first", "second")
    assert answer["error"] is None
    assert [messages[0]["content"] for messages in answer["answers"]] == ["second"]


def test_a_field_that_the_engine_does_not_have_is_left_out(tiny: Path, run: Run) -> None:
    body = infer(tiny, {"guided_decoding": {"choice": ["a"]}, "use_cache": True})
    assert "INF001" in rules("infer", body)
    answer = run("infer", body)
    assert answer["error"] is None
    assert answer["answers"][0][-1]["content"] != "a"


def test_a_cloud_that_is_none_stops_the_launch(run: Run) -> None:
    body = {"name": "one", "resources": {"cloud": "google"}, "run": "echo"}
    assert "JOB020" in rules("job", body)
    assert "google" in str(run("job", body)["error"])


@pytest.mark.parametrize("tokens", [0, -1])
def test_an_answer_of_no_tokens_is_none(tiny: Path, run: Run, tokens: int) -> None:
    body = infer(tiny, {"max_new_tokens": tokens, "use_cache": True})
    assert "INF023" in rules("infer", body)
    assert "max_new_tokens" in str(run("infer", body)["error"])
