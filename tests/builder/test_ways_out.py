"""What does not fit says what would, and the words it offers read back to a plan that fits."""

from __future__ import annotations

import dataclasses
import shlex

import pytest

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.reader import read


def answer(text: str):  # type: ignore[no-untyped-def]
    reading = read(text)
    return respond(reading.intent, notes=reading.notes, conflicts=reading.conflicts, unread=reading.unread, request=text)


def test_405b_on_a_t4() -> None:
    outcome = answer("405b full on a T4")
    assert outcome.status == "does_not_fit"
    assert outcome.exit_code == 4
    assert outcome.ways_out
    assert outcome.files == ()


def test_offered_requests_fit() -> None:
    for text in (
        "full finetune llama 3.1 8b on a 4090, learning rate 1e-5, 2 epochs, seed 7",
        "lora llama 3.3 70b on 2 A100, rank 64",
        "405b full on a T4",
        "lora llama3 on A100 without gradient checkpointing context 16k micro batch 8",
    ):
        outcome = answer(text)
        assert outcome.status == "does_not_fit", text
        assert outcome.ways_out, text
        for way in outcome.ways_out:
            again = offered(way.command)
            assert again.status == "ok", way.command
            assert again.plan == dataclasses.replace(way.plan, alternatives=again.plan.alternatives, hardware=again.plan.hardware)
            assert again.plan.hardware.world == way.plan.hardware.world


def offered(command: str):  # type: ignore[no-untyped-def]
    """What the program makes of a command that it offered."""
    program, flag, machine, text = shlex.split(command)
    assert (program, flag) == ("oumi-chat", "--gpus")
    reading = read(text)
    return respond(reading.intent, machine=parse_machine(machine), notes=reading.notes, conflicts=reading.conflicts, unread=reading.unread, request=text)


def test_contradictions_and_gaps_are_asked() -> None:
    assert answer("full qlora llama 3.1 8b").status == "needs_input"
    assert [q.field for q in answer("fine-tune with lora on 2 A100s").questions] == ["model"]
    assert answer("").exit_code == 3
    assert answer("lora gpt-4o").questions[0].field == "model"


def test_unknown_hardware_is_assumed_and_said() -> None:
    outcome = answer("lora qwen2.5 7b")
    assert outcome.hardware.source == "none"
    assert any(a.field == "hardware" for a in outcome.assumptions)


def test_what_is_not_acted_on_is_said() -> None:
    outcome = answer("lora llama3 on 2 A100s spot")
    assert "cloud" in {f.path for f in outcome.findings}


def test_an_unknown_model_is_asked_for() -> None:
    outcome = respond(Intent(task="train", model="llama 9 titan 13b"), request="x")
    assert outcome.status == "needs_input"
    assert outcome.questions[0].field == "model"


def test_nothing_said_is_dropped() -> None:
    assert any("dolly" in f.message for f in answer("lora llama3 on alpaca and dolly").findings)
    assert "learning rate 0" in answer("lora llama3 learning rate 0").questions[0].text
    assert "gpu count 0" in answer("lora llama3 on 0 A100s").questions[0].text
    assert answer("lora llama3 on 8 H100 with zero3").plan.shard_strategy == "ZERO_3"
    with pytest.raises(UsageError):
        answer("lora llama3 on 2 TPUs")


def test_a_teacher_is_kept_and_needs_the_students_vocabulary() -> None:
    assert answer("gkd: distill qwen3 32b into qwen3 1.7b on 8 H100").plan.teacher == "Qwen/Qwen3-32B"
    asked = answer("distill qwen2.5 7b into qwen2.5 0.5b on an a100 80gb")
    assert asked.questions[0].field == "teacher"
    assert "152,064" in asked.questions[0].text


def test_a_missing_data_file_is_told() -> None:
    reading = read("lora llama3 on ./nothere.jsonl")
    found = respond(reading.intent, exists=lambda _path: False, request="x").findings
    assert any(f.rule == "DAT002" for f in found)


def test_what_the_estimate_does_not_count_is_told() -> None:
    found = answer("lora llama3 on A100 training.optimizer=galore_adamw").findings
    assert any(f.rule == "MEM004" and f.path == "training.optimizer" for f in found)
    assert not any(f.rule == "MEM004" for f in answer("lora llama3 on A100 training.optimizer=adafactor").findings)
