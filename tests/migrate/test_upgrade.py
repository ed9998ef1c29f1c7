"""Configs of older releases become configs of the newest: nothing of theirs is refused, and their comments stay."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml

from assistant.checks import releases
from assistant.checks.document import parse
from assistant.checks.typed import mistakes
from assistant.migrate.changes import CHANGES
from assistant.migrate.notes import Migration
from assistant.migrate.upgrade import kind_of_old, upgrade

OLD = sorted((Path(__file__).parent / "oumi").glob("*.yaml"))
HEAD = "model:\n  model_name: a/b\n"


def upgraded(text: str, *, since: str | None = None, to: str = "0.9") -> Migration:
    kind = kind_of_old(yaml.safe_load(text))
    assert kind is not None
    return upgrade(text, kind, since=since, to=to)


def fates(found: Migration) -> set[tuple[str, str]]:
    return {(note.fate, note.source) for note in found.notes}


def comments(text: str) -> list[str]:
    return [line.partition("#")[2].strip() for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_an_old_config_is_read_by_the_newest_release_and_keeps_its_comments(path: Path) -> None:
    text, since = path.read_text("utf-8"), path.stem.partition("_")[0]
    found = upgraded(text, since=since)
    assert mistakes(parse(text), found.kind, "0.9") or since == "0.1.14"
    assert mistakes(parse(found.text), found.kind, "0.9") == ()
    assert found.is_whole
    gone = {line.partition("#")[2].strip() for line in text.splitlines() if "vllm_dtype" in line or "max_seq_length" in line or "permutable" in line}
    assert set(comments(found.text)) >= set(comments(text)) - gone
    again = upgraded(found.text, since=since)
    assert (again.text, again.notes) == (found.text, ())


def test_every_field_that_is_gone_has_its_change() -> None:
    listed = {(change.owner, change.field) for change in CHANGES}
    whole = {"PermutableAttribute", "PermutableAttributeValue", "ChatTransform", "DictTransform", "ListTransform"}  # classes that went with their field
    gone = {
        (name, field)
        for name in releases._history()["classes"]
        for field in releases._history()["classes"][name]
        if name not in whole and (spans := releases.spans_of(name, field)) and spans[-1][1] is not None
    }
    assert gone - listed == set()
    assert len(gone) > 10


def test_every_default_that_changed_is_listed() -> None:
    listed = {(change.owner, change.field, change.release) for change in CHANGES if change.action == "default"}
    known = releases.releases()
    found = set()
    for name, fields in releases._history()["classes"].items():
        for field, rows in fields.items():
            for before, after in itertools.pairwise(rows):
                if before[1] is not None and after[1] is not None and before[2] != after[2] and before[2] != releases.REQUIRED:
                    found.add((name, field, known[after[0]]))
    texts = {("EnvironmentParams", "name", "0.9"), ("EnvironmentParams", "description", "0.9")}  # empty text to none: both say nothing
    assert found - listed == texts
    assert all(entry in found for entry in listed if entry[2] in known)


def test_a_default_is_written_out_where_the_release_is_said_or_told_and_only_there() -> None:
    said = upgraded(f"{HEAD}training:\n  trainer_type: TRL_SFT\n", since="0.3.0")
    assert yaml.safe_load(said.text)["model"] == {"model_name": "a/b", "torch_dtype_str": "float32"}
    told = upgraded(f"{HEAD}training:\n  trainer_type: TRL_SFT\ndata:\n  train:\n    use_async_dataset: true\n")
    assert yaml.safe_load(told.text)["model"]["torch_dtype_str"] == "float32"  # use_async_dataset is refused from 0.4 on, as float32 is no default
    unknown = upgraded(f"{HEAD}training:\n  trainer_type: TRL_SFT\n")
    assert unknown.text == f"{HEAD}training:\n  trainer_type: TRL_SFT\n"
    assert ("harmless", "model.torch_dtype_str") in fates(unknown)
    newer = upgraded(f"{HEAD}training:\n  trainer_type: TRL_SFT\n  gkd:\n    lmbda: 0.5\n")
    assert ("harmless", "model.torch_dtype_str") not in fates(newer)  # gkd came with 0.5
    after = upgraded(f"{HEAD}training:\n  trainer_type: TRL_SFT\n", since="0.4.0")
    assert "torch_dtype_str" not in after.text
    set_already = upgraded("model:\n  model_name: a/b\n  torch_dtype_str: bfloat16\ntraining:\n  trainer_type: TRL_SFT\n", since="0.3.0")
    assert yaml.safe_load(set_already.text)["model"]["torch_dtype_str"] == "bfloat16"


def test_a_default_depends_on_its_neighbour() -> None:
    assert "sgd_momentum: 0.9" in upgraded(f"{HEAD}training:\n  optimizer: sgd\n", since="0.1.1").text
    assert "sgd_momentum" not in upgraded(f"{HEAD}training:\n  optimizer: adamw_torch\n", since="0.1.1").text
    assert "auto_wrap_policy: SIZE_BASED_WRAP" in upgraded(f"{HEAD}training: {{}}\nfsdp:\n  enable_fsdp: true\n", since="0.1.1").text


def test_what_is_gone_and_changes_the_run_is_told_as_lost() -> None:
    judge = upgraded("attributes:\n  helpful:\n    name: helpful\nmodel:\n  model_name: a/b\ngeneration:\n  max_new_tokens: 8  # short\n")
    assert ("lost", "attributes") in fates(judge)
    assert not judge.is_whole
    assert yaml.safe_load(judge.text)["inference_config"]["generation"]["max_new_tokens"] == 8
    assert "# short" in judge.text
    engine = upgraded(f"{HEAD}engine: LAMBDA\ngeneration: {{}}\n")
    assert ("lost", "engine") in fates(engine)
    assert "engine: LAMBDA" in engine.text


def test_up_to_an_older_release_only_what_that_one_wants_is_changed() -> None:
    text = f"{HEAD}tasks:\n  - evaluation_platform: lm_harness\n    task_name: mmlu\n"
    assert upgraded(text, to="0.1.7").text == text
    assert "evaluation_backend" in upgraded(text, to="0.1.8").text


def test_a_length_said_to_trl_stays_the_length() -> None:
    text = f"{HEAD}training:\n  trainer_type: TRL_SFT\n  trainer_kwargs:\n    max_seq_length: 512\n"
    assert yaml.safe_load(upgraded(text).text) == {"model": {"model_name": "a/b", "model_max_length": 512}, "training": {"trainer_type": "TRL_SFT"}}
    both = upgraded("model:\n  model_name: a/b\n  model_max_length: 64\ntraining:\n  trainer_kwargs: {max_seq_length: 512, packing: true}\n")
    assert yaml.safe_load(both.text) == {"model": {"model_name": "a/b", "model_max_length": 64}, "training": {"trainer_kwargs": {"packing": True}}}


def test_a_new_name_that_is_there_already_wins() -> None:
    found = upgraded(f"{HEAD}peft:\n  init_lora_weights: GAUSSIAN\n  lora_init_weights: PISA\n")
    assert yaml.safe_load(found.text)["peft"] == {"lora_init_weights": "PISA"}


def test_what_cannot_be_edited_safely_is_told_and_left() -> None:
    text = f"x: &shared\n  init_lora_weights: GAUSSIAN\n{HEAD}peft: *shared\n"
    found = upgraded(text)
    assert ("lost", "peft.init_lora_weights") in fates(found)
    assert yaml.safe_load(found.text)["peft"] == {"init_lora_weights": "GAUSSIAN"}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_section_is_moved_with_its_comments_and_line_ends(line_end: str) -> None:
    text = line_end.join(["model:", "  model_name: a/b", "generation:", "  remote_params:  # where", "    api_url: http://x  # there", "  seed: 1", ""])
    found = upgraded(text)
    assert line_end.join(["remote_params:  # where", "  api_url: http://x  # there", ""]) in found.text
    assert found.text.count("\r\n") in (0, found.text.count("\n"))
