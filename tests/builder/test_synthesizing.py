"""Requests to make data: what rows are made from, which rows, how many; every name in the prompts stands for something."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.configs.library import layer, layer_ids
from assistant.core.datafacts import DataFacts
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.reader import read


def ask(words: str, facts: DataFacts | None = None, machine: str = "2xH100", **more: Any) -> Outcome:
    reading = read(words)
    examine = (lambda *_: facts) if facts else None
    return respond(reading.intent, machine=parse_machine(machine), notes=reading.notes, unread=reading.unread, request=words, examine=examine, **more)


def body(outcome: Outcome) -> dict[str, Any]:
    assert outcome.status == "ok", outcome
    loaded: dict[str, Any] = yaml.safe_load(outcome.files[0].yaml)
    return loaded


def test_documents_are_cut_into_passages_by_a_tokenizer_that_is_there_anyway() -> None:
    outcome = ask("synthesize 1000 qa pairs from docs.pdf with gpt-4o")
    made = body(outcome)
    document = made["strategy_params"]["input_documents"][0]
    assert document["path"] == "docs.pdf"
    assert document["segmentation_params"]["tokenizer"] == "openai-community/gpt2"
    assert made["num_samples"] == 1000
    assert made["inference_config"]["engine"] == "OPENAI"
    assert outcome.task_plan is not None
    assert outcome.task_plan.extras == ("synthesis",)
    local = body(ask("synthesize 10 qa pairs from handbook.md with qwen3 8b"))
    assert local["strategy_params"]["input_documents"][0]["segmentation_params"]["tokenizer"] == "Qwen/Qwen3-8B"


def test_a_folder_becomes_a_pattern_since_oumi_takes_its_bare_name_for_a_file() -> None:
    outcome = ask("synthesize 10 qa pairs from ./docs/ with gpt-4o")
    assert body(outcome)["strategy_params"]["input_documents"][0]["path"] == "./docs/*"
    assert "SYN002" in [finding.rule for finding in outcome.findings]


@pytest.mark.parametrize(("words", "rows"), [("qa pairs", "question"), ("instructions", "instruction"), ("conversations", "conversation")])
def test_words_choose_the_rows(words: str, rows: str) -> None:
    made = body(ask(f"synthesize 10 {words} from handbook.md with gpt-4o"))["strategy_params"]
    ids = [attribute["id"] for key in ("generated_attributes", "multiturn_attributes") for attribute in made.get(key, [])]
    assert ids[0] == rows
    assert made["passthrough_attributes"] == ["conversation"]


def test_turns_are_as_said() -> None:
    made = body(ask("synthesize 10 3-6 turn conversations about banking with gpt-4o"))["strategy_params"]["multiturn_attributes"][0]
    assert (made["min_turns"], made["max_turns"]) == (3, 6)


def test_a_subject_stands_in_the_users_words_and_its_truth_is_doubted() -> None:
    outcome = ask("synth 1k customer support dialogs w/ qwen3 32b, vllm 2xH100, save in data/synth")
    made = body(outcome)
    assert made["strategy_params"]["input_examples"] == [{"examples": [{"subject": "customer support"}]}]
    assert made["num_samples"] == 1000
    assert made["output_path"] == "data/synth/synthetic-conversations.jsonl"
    assert "SYN001" in [finding.rule for finding in outcome.findings]


def test_a_data_file_gives_its_column_of_text() -> None:
    facts = DataFacts(path="rows.csv", container="csv", rows=9, rows_read=9, form="unknown", columns=("id", "Body"))
    made = body(ask("synthesize 10 qa pairs from rows.csv with gpt-4o", facts))
    assert made["strategy_params"]["input_data"] == [{"path": "rows.csv", "attribute_map": {"Body": "passage"}}]
    unclear = DataFacts(path="rows.csv", container="csv", rows=9, rows_read=9, form="unknown", columns=("id", "a", "b"))
    with pytest.raises(UsageError) as problem:
        ask("synthesize 10 qa pairs from rows.csv with gpt-4o", unclear)
    assert problem.value.reference == "synthesis-columns"


@pytest.mark.parametrize(
    ("dataset", "reference"), [("notes.docx.zip", "synthesis-file"), ("./slides.pptx", "synthesis-file"), ("yahma/alpaca-cleaned", "synthesis-columns")]
)
def test_what_oumi_cannot_read_is_refused(dataset: str, reference: str) -> None:
    with pytest.raises(UsageError) as problem:
        respond(Intent(task="synthesize", model="gpt-4o", dataset=dataset))
    assert problem.value.reference == reference
    assert problem.value.hint


@pytest.mark.parametrize(("words", "field"), [("make me a synthetic dataset", "model"), ("make a synthetic dataset with gpt-4o", "dataset")])
def test_what_is_missing_is_asked(words: str, field: str) -> None:
    outcome = ask(words)
    assert outcome.status == "needs_input"
    assert [question.field for question in outcome.questions] == [field]


def test_the_file_is_a_jsonl_as_oumi_demands() -> None:
    assert body(ask("synthesize 10 qa pairs from a.md with gpt-4o, save to out/x.jsonl"))["output_path"] == "out/x.jsonl"
    other = ask("synthesize 10 qa pairs from a.md with gpt-4o, save to out/x.csv")
    assert body(other)["output_path"] == "out/x.jsonl"
    assert "SYN005" in [finding.rule for finding in other.findings]


def test_rows_are_drawn_and_a_said_temperature_wins() -> None:
    made = body(ask("synthesize 10 qa pairs from a.md with gpt-4o"))["inference_config"]["generation"]
    assert made["temperature"] == 0.7
    said = body(ask("synthesize 10 qa pairs from a.md with gpt-4o, temperature 0.2"))["inference_config"]["generation"]
    assert said["temperature"] == 0.2
    native = body(ask("synthesize 10 qa pairs from a.md with qwen3 0.6b", machine="cpu:32GB"))["inference_config"]["generation"]
    assert native["use_sampling"] is True


def test_no_rows_is_refused_and_nobody_counting_gets_a_hundred() -> None:
    with pytest.raises(UsageError, match="at least one row"):
        respond(Intent(task="synthesize", model="gpt-4o", dataset="a.md", overrides={"num_samples": 0}))
    outcome = ask("synthesize qa pairs from a.md with gpt-4o")
    assert body(outcome)["num_samples"] == 100
    assert "num_samples" in [note.field for note in outcome.assumptions]


ROWS = [name for name in layer_ids() if name.startswith("synthesize/rows/")]


@pytest.mark.parametrize("name", ROWS)
def test_every_name_in_a_prompt_stands_for_something_that_comes_before(name: str) -> None:
    params = layer(name).config["strategy_params"]
    known = {"passage" if name.endswith("passage") else "subject", *(attribute["id"] for attribute in params["sampled_attributes"])}
    for attribute in params.get("generated_attributes", []):
        for message in attribute["instruction_messages"]:
            assert set(re.findall(r"\{(\w+)", message["content"])) <= known, (name, attribute["id"])
        known |= {attribute["id"], attribute["postprocessing_params"]["id"]}
    for attribute in params.get("multiturn_attributes", []):
        for text in attribute["role_instruction_messages"].values():
            assert set(re.findall(r"\{(\w+)", text)) <= known, name
    for attribute in params.get("transformed_attributes", []):
        for message in attribute["transformation_strategy"]["chat_transform"]["messages"]:
            assert set(re.findall(r"\{(\w+)", message["content"])) <= known, name


def test_there_is_a_template_for_every_kind_of_row_and_source() -> None:
    assert {name.rpartition("/")[2] for name in ROWS} == {f"{rows}_{of}" for rows in ("qa", "instructions", "conversations") for of in ("passage", "subject")}
