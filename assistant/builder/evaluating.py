"""Requests to evaluate a model: `mmlu for qwen2.5-7b-instruct zero shot`."""

from __future__ import annotations

from assistant.builder.requests import Request
from assistant.builder.serving import planned_for
from assistant.core.outcome import Outcome
from assistant.planner.serving.evaluate import plan_eval


def respond(asked: Request) -> Outcome:
    """The outcome of a request to evaluate a model."""
    return planned_for(asked, plan_eval, "eval")
