"""Requests to have answers judged by a model: `judge out.jsonl for helpfulness with gpt-4o`."""

from __future__ import annotations

from functools import partial

from assistant.builder.requests import Request, needs_model
from assistant.builder.serving import planned_for, with_inference_inside
from assistant.builder.subjects import BASE
from assistant.core.datafacts import DataFacts
from assistant.core.outcome import Outcome
from assistant.planner.data import is_local
from assistant.planner.judge import plan_judge, rows_of

JUDGES = ("gpt-4o", "claude-sonnet-4-5", "Qwen3 32B")
"""Models to choose from: two behind an API, one for a GPU."""


def respond(asked: Request) -> Outcome:
    """The outcome of a request to judge answers.

    Raises:
        NeedsInputError: no model was named that judges.
        UsageError: rows that cannot be judged, or a field that cannot be taken.
    """
    if asked.intent.model is None or any(note.field == BASE for note in asked.notes):
        raise needs_model("Which model should judge? One that is stronger than the one that answered.", JUDGES)
    rows = rows_of(asked.intent.dataset, seen(asked))
    return planned_for(with_inference_inside(asked, "judge"), partial(plan_judge, said=asked.said, rows=rows), "judge")


_READ = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


def seen(asked: Request) -> DataFacts | None:
    """What the request's data file holds, where it is here and is one that is read."""
    path = asked.intent.dataset
    if path is None or asked.examine is None or not is_local(path) or not path.lower().endswith(_READ) or (asked.exists is not None and not asked.exists(path)):
        return None
    return asked.examine(path, "sft", asked.intent.model or "")
