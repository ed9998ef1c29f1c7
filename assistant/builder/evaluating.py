"""Requests to evaluate a model: `mmlu for qwen2.5-7b-instruct zero shot`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from assistant.builder.requests import Request
from assistant.builder.serving import planned_for
from assistant.core.outcome import Outcome
from assistant.planner.serving.evaluate import plan_eval
from assistant.planner.serving.functions import own_function
from assistant.reader.otherkinds import FUNCTION


def respond(asked: Request) -> Outcome:
    """The outcome of a request to evaluate a model.

    Raises:
        NeedsInputError: the model is not clear, or where an evaluation function of the user's own is.
        UsageError: an engine or a field that cannot be taken.
    """
    own = own_function(asked.said.get(FUNCTION), asked.intent.benchmarks)
    missing = own is not None and asked.exists is not None and not asked.exists(own.file)
    return planned_for(asked, partial(plan_eval, own=replace(own, missing=True) if own and missing else own), "eval")
