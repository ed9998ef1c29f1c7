"""A way out's request reads back to the same run, whatever the data's path holds."""

from __future__ import annotations

import shlex

import pytest

from assistant.builder.phrase import command, phrase
from assistant.catalogue.machines import parse_machine
from assistant.core.intent import Intent
from assistant.reader import read

PATHS = (
    "my data/train set.jsonl", "./my data/train.jsonl", "it's.jsonl", "it's here/rows.jsonl", "/data/o'neil s/rows.jsonl",
    'say "x"/rows.jsonl', "a \"b\" it's c.jsonl", "/srv/my rows", "/srv/o'neil rows", "~/it's/rows", "data/a,b.jsonl", "(x).jsonl",
    "tr\\ain.jsonl", "/data/train[1].jsonl", "über straße.jsonl", "yahma/alpaca-cleaned", "./rows", "data=x.jsonl", "a;b.jsonl",
    "C:\\my d\\x.jsonl", "a  b.jsonl", "b .jsonl", "rows' x.jsonl", "-x.jsonl", "lora 8b.csv",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_path_reads_back(path: str) -> None:
    intent = Intent(task="train", method="lora", model="meta-llama/Llama-3.1-8B-Instruct", dataset=path)
    reading = read(phrase(intent))
    assert reading.intent == intent
    assert reading.unread == ()
    typed = shlex.split(command(intent, parse_machine("2xA100-80GB")))
    assert read(typed[-1]).intent == intent
