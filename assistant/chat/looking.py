"""What a conversation looks back at: the plan that stands, what changed last, where an undo leads."""

from __future__ import annotations

from dataclasses import replace

from assistant.chat.planning import compared, nothing_yet
from assistant.chat.quotes import quotes
from assistant.chat.sameness import are_of_one_kind
from assistant.chat.state import Effect, Show, ShowChanges, ShowProblem, State, Tell, origins
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome


def look(state: State, name: str) -> tuple[Effect, ...]:
    """What /show, /json, /why, /alternatives and /diff show."""
    outcome = state.outcome or state.config
    if outcome is None:
        return (ShowProblem(problem=nothing_yet()),)
    if name == "diff":
        earlier = next((s.config for s in reversed(state.before) if s.config is not None and s.config is not state.config), None)
        if earlier is None and state.config is not None and (asked := compared(state)):
            return (asked,)
        return difference(earlier, state.config)
    if name == "json":
        return (Show(outcome=replace(outcome, intent=state.intent), how="json"),)
    if name == "why":
        return (Show(outcome=state.config or outcome, how="reasons", origins=origins(state), quotes=quotes(state)),)
    if name == "alternatives":
        return (Show(outcome=outcome, how="alternatives"),)
    how = "sizing" if outcome.is_sizing else "whole" if outcome.status == "ok" else "no config"
    return (Show(outcome=outcome, how=how),)  # type: ignore[arg-type]


def difference(earlier: Outcome | None, config: Outcome | None) -> tuple[Effect, ...]:
    """What lies between two plans, where they can be compared."""
    if config is None:
        return (ShowProblem(problem=nothing_yet()),)
    if earlier is None:
        return (Tell(text="Nothing has changed since the plan that this began with."),)
    if not earlier.files:
        return (Tell(text="What was said before this led to no config, so there is nothing to compare with."),)
    if not are_of_one_kind(earlier, config):
        return (Tell(text=f"Before this there was another kind of config: {earlier.files[0].name}."),)
    return (ShowChanges(before=earlier, after=config),)


def back(state: State, outcome: Outcome, label: str) -> Effect:
    """Where an undo or a resumed session stands."""
    if outcome.is_sizing:
        return Show(outcome=outcome, how="sizing")
    if outcome.status == "ok":
        return Show(outcome=outcome, how="brief", label=label)
    if outcome.status == "invalid":
        return Tell(text=noted(state.intent, outcome.explanation))
    return Show(outcome=outcome, how="no config")


def noted(intent: Intent, message: str) -> str:
    """A request of which no config is made, as it was understood."""
    said = [str(intent.model or ""), *(intent.benchmarks or ()), intent.engine or "", intent.dataset or ""]
    return f"Noted: {intent.task} {', '.join(part for part in said if part)}. {message}".replace(" .", ".")
