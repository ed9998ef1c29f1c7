"""Pasted errors: every log beside this file is read as `expected.yaml` says; no text makes the reader fail or guess."""

from __future__ import annotations

import json
import os
import time
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reader.traces import Trace, trace_in
from assistant.reader.traces_kinds import SIGNS
from assistant.reader.traces_memory import memory_in

FOLDER = Path(__file__).parent / "traces"
EXPECTED = yaml.safe_load((FOLDER / "expected.yaml").read_text("utf-8"))
SHARED = Path(os.environ.get("OUMI_CHAT_SHARED") or Path(__file__).parents[3] / "shared") / "data"
LOGS = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.log"))}


def as_dict(trace: Trace) -> dict[str, object]:
    found: dict[str, object] = {"kind": trace.kind}
    found |= {name: value for name in ("phase", "rank") if (value := getattr(trace, name)) is not None}
    found |= {"ranks": trace.ranks} if trace.ranks > 1 else {}
    found |= {"details": trace.details} if trace.details else {}
    if trace.memory:
        found["memory"] = {f.name: value for f in fields(trace.memory) if (value := getattr(trace.memory, f.name)) is not None}
    return found


def test_every_log_has_an_expectation_and_none_is_left_over() -> None:
    assert set(LOGS) == set(EXPECTED)


@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_read(name: str) -> None:
    found = trace_in(LOGS[name])
    assert found is not None
    assert as_dict(found) == EXPECTED[name]


@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_read_amid_talk_and_with_windows_line_ends(name: str) -> None:
    """What stands around a paste changes nothing."""
    text = f"it died again, what now?\n\nSuccessfully installed torch-2.8.0\n{LOGS[name]}\nany idea?\n".replace("\n", "\r\n")
    found = trace_in(text)
    assert found is not None
    assert found.kind == EXPECTED[name]["kind"]
    assert as_dict(found).get("memory") == EXPECTED[name].get("memory")


@pytest.mark.parametrize("name", [n for n in LOGS if n.startswith(("oom_torch", "oom_loss", "unknown", "missing_b"))])
@pytest.mark.parametrize("prefix", ["[rank3]: ", "3: ", "[default3]:", "[1,3]<stderr>:"])
def test_a_rank_is_read_off_the_prefix(name: str, prefix: str) -> None:
    text = "".join(f"{prefix}{line}\n" for line in LOGS[name].splitlines())
    found = trace_in(text)
    assert found is not None
    assert (found.kind, found.rank, found.ranks) == (EXPECTED[name]["kind"], 3, 4)


def test_the_ranks_of_an_interleaved_log_are_told_apart() -> None:
    lines = LOGS["oom_loss_torch28"].splitlines()
    other = LOGS["unknown"].splitlines()
    mixed = [line for pair in zip(lines, other, strict=False) for line in (f"[rank0]: {pair[0]}", f"[rank1]: {pair[1]}")]
    mixed += [f"[rank0]: {line}" for line in lines[len(other) :]]
    found = trace_in("\n".join(mixed))
    assert found is not None
    assert (found.kind, found.rank, found.phase) == ("gpu-memory", 0, "loss")


def test_the_cause_wins_over_what_follows_from_it() -> None:
    """A rank that ran out of memory makes the others time out, and the launcher fail."""
    text = LOGS["nccl_timeout"] + LOGS["oom_backward_two_ranks"] + LOGS["killed_torchrun"]
    found = trace_in(text)
    assert found is not None
    assert found.kind == "gpu-memory"


def test_warnings_are_not_taken_for_the_error() -> None:
    found = trace_in(LOGS["warnings_then_unknown"])
    assert found is not None
    assert found.quote == "KeyError: 'chosen'"


@pytest.mark.parametrize(
    "text",
    [
        "lora llama 3.1 8b on 2 A100s",
        "I get out of memory with 8k context, what can I do?",
        "don't use more than 24 GB, no errors please",
        "why was it killed by the budget?",
        "use no eval set, it does not need one",
        "",
        "   \n\n",
    ],
)
def test_words_are_no_error(text: str) -> None:
    assert trace_in(text) is None


@pytest.mark.skipif(not SHARED.is_dir() and not os.environ.get("CI"), reason="the shared utterances are not here")
def test_no_shared_utterance_is_an_error() -> None:
    texts = []
    for name in ("utterances_dev", "conversations_dev"):
        for line in (SHARED / f"{name}.jsonl").read_text("utf-8").splitlines():
            record = json.loads(line)
            texts += [record["text"]] if "text" in record else [turn["text"] for turn in record["turns"]]
    assert len(texts) > 200
    assert [text for text in texts if trace_in(text)] == []


def test_an_unknown_error_is_quoted_and_nothing_else() -> None:
    found = trace_in("Traceback (most recent call last):\n  File \"x.py\", line 1, in f\nfoo.BarError: the flux is inverted\n")
    assert found == Trace(kind="unknown", quote="foo.BarError: the flux is inverted")


@pytest.mark.parametrize("secret", ["hf_abcdefghijklmnopqrstuvwxyz0123456", "sk-proj-abcdefghijklmnop1234", "Bearer abcdefghijklmnop.qrst", "api_key=abcdefghijklmnopq", "HF_TOKEN=abcdefghijklmnop"])
def test_what_is_shaped_like_a_key_is_not_quoted(secret: str) -> None:
    found = trace_in(f"ValueError: bad credentials {secret} for x\n")
    other = trace_in(f"omegaconf.errors.ValidationError: Value '{secret}' of type 'str' could not be converted to Integer\n")
    assert found is not None
    assert other is not None
    assert secret not in repr(other)
    assert secret not in repr(found)
    assert secret.rpartition("=")[2].rpartition(" ")[2] not in repr(found)


@pytest.mark.parametrize(
    ("text", "gib"),
    [("512 bytes", 0.0), ("512.00 KiB", 0.0005), ("768.00 MiB", 0.75), ("1.50 GiB", 1.5), ("2.00 TiB", 2048.0), ("1024.00 MB", 1.0)],
)
def test_units(text: str, gib: float) -> None:
    memory = memory_in(f"CUDA out of memory. Tried to allocate {text}.")
    assert memory is not None
    assert memory.tried_gib == gib


def test_a_cap_on_the_process_is_the_capacity() -> None:
    said = "CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has a total capacity of 79.25 GiB of which 70.00 GiB is free. 1.05 GiB allowed; Of the allocated memory 1017.01 MiB is allocated by PyTorch, and 54.99 MiB is reserved by PyTorch but unallocated."
    memory = memory_in(said)
    assert memory is not None
    assert memory.capacity_gib == 1.05


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_text_is_an_error_or_none(text: str) -> None:
    found = trace_in(text)
    assert found is None or found.kind


PIECES = [piece for log in LOGS.values() for piece in log.split("\n")] + [p for sign in SIGNS for p in sign.needles]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), max_size=40), st.sampled_from(["\n", " ", "", "\r\n[rank1]: "]))
@settings(max_examples=300, deadline=None)
def test_any_shuffle_of_logs_is_read(pieces: list[str], glue: str) -> None:
    found = trace_in(glue.join(pieces))
    assert found is None or (found.quote.isprintable() and len(found.quote) <= 240)


@pytest.mark.timing
def test_ten_kilobytes_take_twenty_milliseconds() -> None:
    noise = "".join(f"  {i}%|##  | {i}/400 [00:41<22:14, 3.44s/it] loss=1.{i} not a thing longer than no other\n" for i in range(120))
    text = (noise + LOGS["oom_backward_two_ranks"] + LOGS["unknown"])[:10_000]
    assert len(text) == 10_000
    trace_in(text)
    took = min(_seconds(text) for _ in range(5))
    assert took <= 0.020


@pytest.mark.parametrize("piece", [*sorted({n for sign in SIGNS for n in sign.needles}), "CUDA out of memory. Tried to allocate 1 ", "a/b.c ", "RuntimeError: x\n", "File \"a\", line 1, in f\n", "[rank1]: "])
@pytest.mark.timing
def test_no_repetition_makes_it_slow(piece: str) -> None:
    text = (piece * (10_000 // len(piece) + 1))[:10_000]
    assert min(_seconds(text) for _ in range(3)) <= 0.1


def _seconds(text: str) -> float:
    start = time.perf_counter()
    trace_in(text)
    return time.perf_counter() - start
