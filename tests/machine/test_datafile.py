"""Local data files: what is in them, what Oumi would stop at, and that nothing makes the reader fall over."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assistant.core.datafacts import DataFacts
from assistant.core.errors import UsageError
from assistant.machine.datafile import Limits, examine
from assistant.planner.datafindings import RULES, findings
from assistant.planner.localdata import choose_local, explain_choice, objective_of
from tests.machine.datasamples import IMAGES, MESSAGES, NEGATIVE, POSITIVE, WARNED, lines, write


def severities(facts: DataFacts, objective: str) -> list[str]:
    return [finding.severity for finding in findings(facts, objective)]


@pytest.mark.parametrize("name", POSITIVE)
def test_what_oumi_takes(tmp_path: Path, name: str) -> None:
    objective, content, form, reader = POSITIVE[name]
    facts = examine(write(tmp_path, name, content), objective)
    assert facts.form == form
    assert facts.rows == facts.rows_read == 8
    assert facts.exact
    choice = choose_local(facts, objective)
    assert choice is not None
    assert choice.name == reader
    assert explain_choice(choice)
    assert [f for f in findings(facts, objective) if f.rule != "DAT021"] == []


@pytest.mark.parametrize("name", WARNED)
def test_what_is_warned_of(tmp_path: Path, name: str) -> None:
    objective, content, rule, reader = WARNED[name]
    facts = examine(write(tmp_path, name, content), objective)
    choice = choose_local(facts, objective)
    assert choice is not None
    assert choice.name == reader
    assert rule in [finding.rule for finding in findings(facts, objective)]
    assert set(severities(facts, objective)) == {"warning"}


@pytest.mark.parametrize("name", NEGATIVE)
def test_what_oumi_stops_at(tmp_path: Path, name: str) -> None:
    objective, content, rule, where = NEGATIVE[name]
    facts = examine(write(tmp_path, name, content), objective)
    errors = [finding for finding in findings(facts, objective) if finding.severity == "error"]
    assert [finding.rule for finding in errors] == [rule]
    assert errors[0].fix
    if where:
        assert ", ".join(map(str, where)) in errors[0].message


@pytest.mark.parametrize(
    "name",
    ["sharegpt.jsonl", "conversations.jsonl", "alpaca.csv", "preferences-for-sft.jsonl", "human.jsonl", "capital.jsonl",
     "developer.jsonl", "parts.jsonl", "text-of-json.jsonl", "some-input.jsonl", "null-input.jsonl", "labels-text.jsonl",
     "prompt-twice.jsonl", "utf16.jsonl", "latin.jsonl", "bom.json", "blank.jsonl", "array.jsonl", "text-and-prompt.jsonl",
     "messages-for-dpo.jsonl", "zeros.jsonl", "decimals.jsonl",
     "numbers.csv", "image-type.jsonl"],
)  # fmt: skip
def test_the_fix_mends_it(tmp_path: Path, name: str) -> None:
    objective, content = (NEGATIVE.get(name) or WARNED[name])[:2]
    path = write(tmp_path, name, content)
    first = findings(examine(path, objective), objective)[0]
    command = first.fix[first.fix.index(": ") + 2 :] if first.fix.startswith("say ") else first.fix
    subprocess.run(["bash", "-ec", command], check=True, cwd=tmp_path)
    made = next(p for p in tmp_path.iterdir() if "-fixed" in p.name)
    mended = examine(str(made), objective)
    assert mended.rows == 8
    assert choose_local(mended, objective) is not None
    assert "error" not in severities(mended, objective)
    assert first.rule not in [f.rule for f in findings(mended, objective)]


def test_every_rule_says_what_is_wrong_with_what_it_finds() -> None:
    ids = [(rule.__doc__ or "")[:6] for rule in RULES]
    assert len(set(ids)) == len(RULES)
    assert all(number.startswith("DAT0") for number in ids)


def test_no_file_folder_pipe_device(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe.jsonl", tmp_path / "loop.jsonl"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    for path, reference in (
        (tmp_path / "none.jsonl", "no-file"), (tmp_path, "is-a-folder"), (pipe, "not-a-file"), (loop, "cannot-read"),
        ("/dev/zero", "not-a-file"), ("a\x00b", "cannot-read"), ("x" * 5000, "cannot-read"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as problem:
            examine(str(path), "sft")
        assert problem.value.reference == reference
        assert problem.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", lines(MESSAGES))
    os.chmod(path, 0)
    with pytest.raises(UsageError, match="may not be read"):
        examine(path, "sft")


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"\x28\xb5\x2f\xfdrest", b"ab\x00\x01\x02" * 9, b"SQLite format 3\x00"])
def test_what_is_no_data_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError) as problem:
        examine(write(tmp_path, "rows.jsonl", content), "sft")
    assert problem.value.reference == "not-data"


@pytest.mark.parametrize("content", [b"", b"no parquet", b"PAR1", b"PAR1" + b"\x00" * 40 + b"PAR1"])
def test_a_damaged_parquet(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError):
        examine(write(tmp_path, "rows.parquet", content), "sft")


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "rows.parquet", POSITIVE["chat.parquet"][1])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    found = findings(examine(path, "sft"), "sft")
    assert [(f.rule, f.severity) for f in found] == [("DAT025", "warning")]
    assert "pip install" in found[0].fix


def test_a_damaged_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(lines(MESSAGES * 50))
    facts = examine(write(tmp_path, "rows.jsonl.gz", whole[:-30]), "sft")
    assert facts.problem("broken-gzip")


def test_huge_lines_survive(tmp_path: Path) -> None:
    huge = b'{"text": "' + b"x" * (40 * 2**20) + b'"}\n'
    facts = examine(write(tmp_path, "rows.jsonl", lines(MESSAGES) + huge + lines(MESSAGES)), "sft", limits=Limits(seconds=60))
    assert facts.rows == 17
    problem = facts.problem("huge-line")
    assert problem is not None
    assert problem.lines == (9,)


def test_a_huge_element_of_an_array_is_told(tmp_path: Path) -> None:
    content = b'[{"text": "a"}, {"text": "' + b"x" * (40 * 2**20) + b'"}]'
    facts = examine(write(tmp_path, "rows.json", content), "pretrain", limits=Limits(seconds=60))
    assert facts.form == "text"
    assert [problem.kind for problem in facts.problems] == ["huge-line"]
    assert not facts.exact


def test_images_go_to_the_vision_reader(tmp_path: Path) -> None:
    facts = examine(write(tmp_path, "rows.jsonl", IMAGES), "sft")
    assert facts.image_share == 1
    choice = choose_local(facts, "sft", processor="Qwen/Qwen2.5-VL-7B-Instruct")
    assert choice is not None
    assert choice.name == "vision_language_jsonl"
    assert choice.kwargs["processor_name"] == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert findings(facts, "sft", takes_images=True) == ()
    assert [f.rule for f in findings(facts, "sft", takes_images=False)] == ["DAT029"]


def test_a_path_that_oumi_cannot_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, "rows.jsonl", lines(MESSAGES))
    assert [f.rule for f in findings(examine("~/rows.jsonl", "sft"), "sft")] == ["DAT028"]


def test_a_large_file_is_sampled_and_says_so(tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": "a" * (i % 700)}, {"role": "assistant", "content": "b"}]} for i in range(40_000)]
    told: list[tuple[int, int]] = []
    path = write(tmp_path, "rows.jsonl", lines(rows))
    facts = examine(path, "sft", limits=Limits(bytes=2**22, seconds=60), progress=lambda read, total: told.append((read, total)))
    assert not facts.exact
    assert facts.rows_read < 20_000
    assert facts.rows == pytest.approx(40_000, rel=0.05)
    assert facts.bytes_read <= 2**22
    assert told == sorted(told)
    assert told[-1][0] <= told[-1][1]
    assert [f.rule for f in findings(facts, "sft")][-1] == "DAT024"
    assert facts.tokens is not None
    whole = examine(path, "sft", limits=Limits(seconds=60))
    assert whole.tokens is not None
    assert facts.tokens.percentile(0.9) == pytest.approx(whole.tokens.percentile(0.9), rel=0.05)


@pytest.mark.timing
def test_time_is_limited(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", lines(MESSAGES) * 20_000)
    begun = time.monotonic()
    facts = examine(path, "sft", limits=Limits(seconds=0.05))
    assert time.monotonic() - begun < 2
    assert not facts.exact


def test_lengths_by_script(tmp_path: Path) -> None:
    rows = [{"text": "a" * 400}, {"text": "字" * 124}, {"text": "ж" * 100}]
    facts = examine(write(tmp_path, "rows.jsonl", lines(rows)), "pretrain")
    assert facts.tokens is not None
    assert facts.tokens.sketch == (50, 100, 100)
    assert facts.share_above(99) == pytest.approx(2 / 3)
    assert facts.share_above(100) == 0
    assert facts.cjk_share == pytest.approx(124 / 624)
    assert "characters a token" in facts.counted_by


def test_tokens_are_counted_where_the_tokenizer_is_here(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"one": 0, "?": 1}, unk_token="?"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    (tmp_path / "model").mkdir()
    words.save(str(tmp_path / "model" / "tokenizer.json"))
    path = write(tmp_path, "rows.jsonl", lines([{"text": "one one one"}, {"text": "one"}]))
    facts = examine(path, "pretrain", model=str(tmp_path / "model"))
    assert facts.tokens is not None
    assert facts.tokens.sketch == (1, 3)
    assert "counted with the tokenizer" in facts.counted_by
    (tmp_path / "model" / "tokenizer.json").write_text("{}")
    assert examine(path, "pretrain", model=str(tmp_path / "model")).tokenizer is None


def test_duplicates_turns_and_columns(tmp_path: Path) -> None:
    facts = examine(write(tmp_path, "rows.jsonl", lines([*MESSAGES, *MESSAGES])), "sft")
    assert facts.duplicate_share == 0.5
    assert facts.mean_turns == 2
    assert facts.columns == ("messages",)


def test_large_json_arrays_come_in_pieces(tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": "é" * 4000}, {"role": "assistant", "content": str(i)}]} for i in range(1500)]
    for body in (rows, {"rows": rows}):
        facts = examine(write(tmp_path, "rows.json", json.dumps(body, ensure_ascii=False).encode()), "sft", limits=Limits(seconds=60))
        assert facts.rows == 1500
        assert facts.exact
        assert facts.field == (None if body is rows else "rows")


NAMES = st.sampled_from(["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt", "a.parquet", "a.jsonl.gz", "a", "a.dat"])
OBJECTIVES = st.sampled_from(["sft", "dpo", "kto", "grpo", "gkd", "pretrain"])
KEYS = st.sampled_from(
    ["messages", "role", "content", "conversations", "from", "value", "instruction", "input", "output", "prompt", "chosen",
     "rejected", "completion", "label", "text", "question", "answer", "conversation", "type", "tool_calls"]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.sampled_from(["user", "assistant", "system"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
CALM = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def everything(path: str, objective: str) -> None:
    try:
        facts = examine(path, objective)
    except UsageError:
        return
    assert findings(facts, objective) == findings(facts, objective)
    choose_local(facts, objective)


@CALM
@given(name=NAMES, objective=OBJECTIVES, content=st.binary(max_size=400))
@example(name="a.jsonl", objective="sft", content=b'{"messages": ' * 100_000)
@example(name="a.json", objective="sft", content=b"[" * 100_000)
@example(name="a.json", objective="sft", content=b"\xff\xfe{")
@example(name="a.jsonl", objective="sft", content=b'{"prompt": "' + b"9" * 300_000 + b'x", "completion": "a"}')
@example(name="a.csv", objective="sft", content=b'a,b\n"' + b"x" * 300_000)
def test_any_bytes_give_facts_or_a_usage_error(tmp_path: Path, name: str, objective: str, content: bytes) -> None:
    everything(write(tmp_path, name, content), objective)


@CALM
@given(name=st.sampled_from(["a.jsonl", "a.json"]), objective=OBJECTIVES, rows=st.lists(st.dictionaries(KEYS, VALUES, max_size=5) | VALUES, max_size=6), layout=st.integers(0, 3))
def test_any_rows_give_facts(tmp_path: Path, name: str, objective: str, rows: list[Any], layout: int) -> None:
    body = (lines(rows), json.dumps(rows).encode(), json.dumps(rows, indent=1).encode(), json.dumps({"data": rows}).encode())[layout]
    everything(write(tmp_path, name, body), objective)


SAMPLES = {name: (case[0], case[1]) for group in (POSITIVE, WARNED, NEGATIVE) for name, case in group.items()}
PIECES = st.binary(max_size=4) | st.sampled_from([b"null", b"[]", b"{}", b'"', b"\n\n", b"\xef\xbb\xbf", b"1e999", b"NaN", b"\xff\xfe"])


@CALM
@given(name=st.sampled_from(sorted(SAMPLES)), edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), PIECES), max_size=5))
def test_a_damaged_sample_gives_facts_or_a_usage_error(tmp_path: Path, name: str, edits: list[tuple[float, int, bytes]]) -> None:
    objective, content = SAMPLES[name]
    for place, dropped, piece in edits:
        at = int(place * len(content))
        content = content[:at] + piece + content[at + dropped :]
    everything(write(tmp_path, name, content), objective)


@pytest.mark.parametrize("name", POSITIVE)
def test_the_objective_shows_in_the_rows(tmp_path: Path, name: str) -> None:
    objective, content = POSITIVE[name][:2]
    meant = objective_of(examine(write(tmp_path, name, content), "sft"))
    assert meant == {"gkd": "sft", "pretrain": "sft"}.get(objective, objective)
