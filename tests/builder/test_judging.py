"""Requests to judge: criterion, scale and form by words; rows by what the file holds; files on the command line alone."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.configs.library import layer
from assistant.core.datafacts import DataFacts
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Reason
from assistant.planner.judge import CRITERIA
from assistant.reader import read

CHATS = DataFacts(path="a.jsonl", container="jsonl", rows=3, rows_read=3, form="messages", first_form="messages", columns=("messages",), roles=("assistant", "user"), mean_turns=2.0)


def ask(words: str, facts: DataFacts | None = None, machine: str = "L4", **more: Any) -> Outcome:
    reading = read(words)
    notes = (*reading.notes, *more.pop("notes", ()))
    examine = (lambda *_: facts) if facts else None
    return respond(reading.intent, machine=parse_machine(machine), notes=notes, unread=reading.unread, request=words, examine=examine, **more)


def body(outcome: Outcome) -> dict[str, Any]:
    assert outcome.status == "ok", outcome
    loaded: dict[str, Any] = yaml.safe_load(outcome.files[0].yaml)
    return loaded


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_criterion_that_has_instructions_gets_them(criterion: str) -> None:
    made = body(ask(f"judge a.jsonl for {criterion} with gpt-4o"))
    wanted = layer(f"judge/criterion/{criterion.replace(' ', '_')}").config["judge_params"]["system_instruction"]
    assert made["judge_params"]["system_instruction"] == wanted
    assert "template_variables" not in made["judge_params"]


def test_another_criterion_stands_in_the_users_words() -> None:
    made = body(ask("judge a.jsonl for politeness with gpt-4o"))["judge_params"]
    assert made["template_variables"] == {"criterion": "politeness"}
    assert "{criterion}" in made["system_instruction"]
    said = Intent(task="judge", model="gpt-4o", dataset="a.jsonl", overrides={"judge_params.template_variables.criterion": "wit"})
    assert body(respond(said))["judge_params"]["template_variables"] == {"criterion": "wit"}


def test_without_a_criterion_the_whole_is_judged_and_that_is_said() -> None:
    outcome = ask("judge a.jsonl with gpt-4o")
    assert "overall quality" in body(outcome)["judge_params"]["system_instruction"]
    assert "criterion" in [note.field for note in outcome.assumptions]
    assert "criterion" not in [note.field for note in ask("judge a.jsonl for safety with gpt-4o").assumptions]


@pytest.mark.parametrize(
    ("words", "kind", "scores"),
    [
        ("", "BOOL", None),
        (" yes or no", "BOOL", None),
        (" from 1 to 5", "ENUM", {"1": 0.0, "2": 0.25, "3": 0.5, "4": 0.75, "5": 1.0}),
        (" from 0 to 100", "INT", None),
    ],
)
def test_the_scale_decides_the_type_and_what_each_judgment_counts(words: str, kind: str, scores: dict[str, float] | None) -> None:
    made = body(ask(f"judge a.jsonl for tone{words} with gpt-4o"))["judge_params"]
    assert made["judgment_type"] == kind
    assert made.get("judgment_scores") == scores


@pytest.mark.parametrize(("model", "machine", "form"), [("gpt-4o", "L4", "JSON"), ("qwen3 8b", "L4", "JSON"), ("qwen3 0.6b", "cpu:32GB", "XML")])
def test_the_answer_is_json_where_the_engine_holds_it_to_a_schema(model: str, machine: str, form: str) -> None:
    assert body(ask(f"judge a.jsonl for safety with {model}", machine=machine))["judge_params"]["response_format"] == form


def test_the_inference_inside_has_an_engine_and_no_files() -> None:
    made = body(ask("judge a.jsonl for safety with qwen3 8b"))["inference_config"]
    assert made["engine"] == "VLLM"
    assert made["model"]["model_name"] == "Qwen/Qwen3-8B"
    assert not {"input_path", "output_path"} & set(made)


def test_fields_of_an_inference_go_inside() -> None:
    made = body(ask("judge a.jsonl for safety with gpt-4o, generation.max_new_tokens=300"))
    assert made["inference_config"]["generation"]["max_new_tokens"] == 300
    assert "generation" not in made


def test_conversations_and_columns_are_judged_by_different_commands() -> None:
    assert ask("judge a.jsonl for safety with gpt-4o", CHATS).commands[-1].startswith("oumi judge conversations -c judge.yaml --input a.jsonl ")
    rows = DataFacts(path="a.jsonl", container="jsonl", rows=3, rows_read=3, form="pair", columns=("question", "answer"), texts=("question", "answer"))
    outcome = ask("judge a.jsonl for safety with gpt-4o", rows)
    assert outcome.commands[-1].startswith("oumi judge dataset ")
    assert body(outcome)["judge_params"]["template_variables"] == {"request": "{question}", "response": "{answer}"}


def test_the_folder_of_the_judgments_is_made_first_since_oumi_opens_the_file_at_the_end() -> None:
    outcome = ask("judge a.jsonl for safety with gpt-4o, save to out/judged")
    assert outcome.commands == (
        "mkdir -p out/judged",
        "oumi judge conversations -c judge.yaml --input a.jsonl --output out/judged/judged-safety.jsonl",
    )
    assert len(ask("judge a.jsonl for safety with gpt-4o").commands) == 1


def test_longer_conversations_are_named_before_oumi_stops_at_them() -> None:
    longer = DataFacts(path="a.jsonl", container="jsonl", rows=3, rows_read=3, form="messages", columns=("messages",), roles=("assistant", "system", "user"), mean_turns=3.0)
    assert "JDG001" in [finding.rule for finding in ask("judge a.jsonl with gpt-4o", longer).findings]
    assert "JDG001" not in [finding.rule for finding in ask("judge a.jsonl with gpt-4o", CHATS).findings]


@pytest.mark.parametrize("columns", [("text",), ("request",), ("response",), ("a", "b")])
def test_rows_without_a_request_and_a_response_are_refused(columns: tuple[str, ...]) -> None:
    facts = DataFacts(path="a.jsonl", container="jsonl", rows=3, rows_read=3, form="unknown", columns=columns)
    with pytest.raises(UsageError, match="holds no request"):
        ask("judge a.jsonl with gpt-4o", facts)


def test_the_model_that_was_trained_does_not_judge_itself() -> None:
    notes = (Reason(field="base model", value="Qwen/Qwen3-4B", why="is trained whole there"),)
    for outcome in (ask("judge a.jsonl for safety"), ask("judge a.jsonl for safety with out/run", notes=notes)):
        assert outcome.status == "needs_input"
        assert outcome.questions[0].field == "model"


@pytest.mark.parametrize("path", ["inference_config.input_path", "inference_config.output_path"])
def test_files_inside_are_refused(path: str) -> None:
    with pytest.raises(UsageError) as problem:
        respond(Intent(task="judge", model="gpt-4o", dataset="a.jsonl", overrides={path: "x.jsonl"}))
    assert problem.value.reference == "judge-files"


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("judge_params.response_format", "RAW", "JDG003"),
        ("judge_params.judgment_scores", {"good": 1.0, "bad": 0.0}, "JDG002"),
    ],
)
def test_what_would_give_no_score_is_named(path: str, value: Any, rule: str) -> None:
    outcome = respond(Intent(task="judge", model="gpt-4o", dataset="a.jsonl", overrides={path: value}))
    assert rule in [finding.rule for finding in outcome.findings]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(UsageError, match="no field"):
        respond(Intent(task="judge", model="gpt-4o", dataset="a.jsonl", overrides={"judge_params.promt_template": "x"}))
