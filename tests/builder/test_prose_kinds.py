"""Short answers about the other kinds: what is known is told, what is not is said to be unknown."""

from __future__ import annotations

import pytest

from assistant.builder import respond
from assistant.builder.prose_tasks import task_answer
from assistant.catalogue.machines import parse_machine
from assistant.core.taskplan import TaskPlan
from assistant.reader import read
from assistant.reader.asking import question_in


def plan(words: str, machine: str = "A100") -> TaskPlan:
    reading = read(words)
    made = respond(reading.intent, machine=parse_machine(machine), notes=reading.notes).task_plan
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("words", "question", "told"),
    [
        ("quantize qwen3 4b to 8 bit", "how long will it take?", "is not estimated."),
        ("quantize qwen3 4b to 8 bit", "how much memory does it need?", "It takes"),
        ("quantize gemma 3 4b to 4 bit", "why not awq_q4_0?", "AutoAWQ does not quantize models of type gemma3"),
        ("lora hyperparameter search for smollm2 360m on alpaca", "how long will it take?", "h a trial"),
        ("synthesize 500 qa pairs from a.md with gpt-4o", "how much will it cost?", "Requests: about 1,000."),
        ("judge a.jsonl for safety with gpt-4o", "how much memory does it need?", "Nothing is loaded on this machine"),
        ("judge a.jsonl for safety with gpt-4o", "how do I run it?", "oumi judge conversations"),
    ],
)
def test_answers(words: str, question: str, told: str) -> None:
    made = plan(words)
    asked = question_in(question)
    assert asked is not None
    assert told in task_answer(asked, made)
