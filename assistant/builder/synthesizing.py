"""Requests to make data with a model: `500 qa pairs from docs/handbook.md with gpt-4o-mini`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from assistant.builder.attributes import with_attributes
from assistant.builder.judging import seen
from assistant.builder.requests import Request, needs_model
from assistant.builder.serving import planned_for, with_inference_inside
from assistant.builder.subjects import BASE, named_model
from assistant.catalogue.engines import gguf_of
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Reason
from assistant.planner.serving.infer import Subject
from assistant.planner.synthesize import Source, plan_synthesis, source_of

WRITERS = ("gpt-4o-mini", "claude-sonnet-4-5", "Qwen3 32B")
"""Models to choose from: two behind an API, one for a GPU."""


def respond(asked: Request) -> Outcome:
    """The outcome of a request to synthesize data.

    Raises:
        NeedsInputError: no model was named that writes, or nothing says what rows are about.
        UsageError: a file that cannot be read, or a field that cannot be taken.
    """
    if asked.intent.model is None or any(note.field == BASE for note in asked.notes):
        raise needs_model("Which model should write the data?", WRITERS)
    named = named_model(asked)
    gguf = gguf_of(named.id)
    tokenizer = (gguf.base if gguf else named.id) if named.model is not None else None
    source = source_of(asked.intent, asked.said, seen(asked), tokenizer)
    return planned_for(with_inference_inside(asked, "synthesize"), partial(_plan, said=asked.said, source=source), "synthesize")


def _plan(intent: Intent, subject: Subject, said: Mapping[str, str], source: Source) -> tuple[TaskPlan, tuple[Reason, ...]]:
    plan, notes = plan_synthesis(intent, subject, said, source)
    return with_attributes(plan, said.get("attributes")), notes
