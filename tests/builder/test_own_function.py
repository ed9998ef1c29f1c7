"""Evaluations with a function of the user's own: the list of files that Oumi imports, and why it would not find one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.planner.serving.functions import DEPS, OwnFunction
from assistant.reader import read


def ask(words: str, **more: Any) -> Outcome:
    reading = read(words)
    return respond(reading.intent, machine=parse_machine("2xL4"), notes=reading.notes, unread=reading.unread, request=words, **more)


def tasks(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.status == "ok", outcome
    found: list[dict[str, Any]] = yaml.safe_load(outcome.files[0].yaml)["tasks"]
    return found


@pytest.mark.parametrize("words", ["with my function my_eval in evals.py", "using my own eval function my_eval from evals.py", "with evals.py:my_eval"])
def test_the_function_is_a_custom_task_and_its_file_is_listed_first(words: str) -> None:
    outcome = ask(f"evaluate qwen3 0.6b {words}")
    assert tasks(outcome) == [{"evaluation_backend": "custom", "task_name": "my_eval"}]
    assert outcome.commands == ("printf '%s\\n' evals.py > eval-functions.txt", "env OUMI_EXTRA_DEPS_FILE=eval-functions.txt oumi evaluate -c eval.yaml")
    header = outcome.files[0].yaml
    assert "# First: printf" in header
    assert '@register_evaluation_function("my_eval")' in header
    assert "EVL001" not in [finding.rule for finding in outcome.findings]


def test_a_benchmark_beside_it_stays_one_of_the_harness() -> None:
    found = tasks(ask("evaluate qwen3 0.6b on mmlu and with my function my_eval in evals.py"))
    assert [(task["task_name"], task["evaluation_backend"]) for task in found] == [("my_eval", "custom"), ("mmlu", "lm_harness")]


def test_the_api_says_file_and_function_as_one_name() -> None:
    outcome = respond(Intent(task="evaluate", model="Qwen/Qwen3-0.6B", benchmarks=["lib/evals.py:my_eval"]), machine=parse_machine("L4"))
    assert tasks(outcome) == [{"evaluation_backend": "custom", "task_name": "my_eval"}]
    assert outcome.commands[0] == "printf '%s\\n' lib/evals.py > eval-functions.txt"


def test_a_file_that_was_not_said_is_asked_for() -> None:
    outcome = ask("evaluate qwen3 0.6b with my function my_eval")
    assert outcome.status == "needs_input"
    assert "Which Python file registers my_eval?" in outcome.questions[0].text


@pytest.mark.parametrize(("file", "rule"), [("evaluate.py", "EVL006"), ("json.py", "EVL006"), ("my.evals.py", "EVL007"), ("evals.py", None)])
def test_a_name_under_which_python_finds_something_else_is_named(file: str, rule: str | None) -> None:
    rules = [finding.rule for finding in ask(f"evaluate qwen3 0.6b with my function f in {file}").findings]
    assert [one for one in rules if one in ("EVL006", "EVL007")] == ([rule] if rule else [])


def test_a_file_that_is_not_here_is_named() -> None:
    assert "EVL008" in [finding.rule for finding in ask("evaluate qwen3 0.6b with my function f in evals.py", exists=lambda _: False).findings]


@pytest.mark.parametrize("path", ["evals.py", "a b/evals.py", "it's.py", "$(touch pwned).py", "#x/evals.py", "`id`.py"])
def test_the_list_holds_the_path_as_it_was_typed(tmp_path: Path, path: str) -> None:
    subprocess.run(["sh", "-c", OwnFunction(name="f", file=path).before], cwd=tmp_path, check=True)
    line = (tmp_path / DEPS).read_text("utf-8")
    assert line in (f"{path}\n", f"./{path}\n")
    assert not line.startswith("#")
    assert [file.name for file in tmp_path.iterdir()] == [DEPS]


def test_functions_are_not_run_in_a_process_for_each_gpu() -> None:
    outcome = ask("evaluate qwen3 0.6b with my function f in evals.py, native engine")
    assert "accelerate" not in outcome.commands[-1]
