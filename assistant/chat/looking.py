"""What a conversation looks back at: the plan that stands, what changed last, where an undo leads."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.chat.planning import compared, nothing_yet
from assistant.chat.quotes import quotes
from assistant.chat.sameness import are_of_one_kind
from assistant.chat.series import others
from assistant.chat.state import Effect, Show, ShowChanges, ShowProblem, State, Tell, origins
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.reader.ranges import range_name


def look(state: State, name: str) -> tuple[Effect, ...]:
    """What /show, /json, /why, /alternatives and /diff show."""
    outcome = state.outcome or state.config
    if outcome is None:
        return (ShowProblem(problem=nothing_yet()),)
    if name in ("show", "alternatives") and outcome.questions and not has_plan(outcome):
        return _beside_questions(state, outcome, name)
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


_ASKED_FILE = re.compile(r"^\W*(?:(?:and|ok|so|now|please)\W+)*(?:show|print|see|display|what(?:'s| is)(?: in)?|how does|can i see|let me see)\s+(?:me\s+)?(?:the\s+)?(?P<name>(?:train|eval|infer|quantize|judge)\.yaml)(?:\s+(?:now|again|please|look(?:s)?(?: like)?))*\W*$", re.IGNORECASE)
_COME_BACK = {"train.yaml": "back to training", "eval.yaml": "evaluate it", "infer.yaml": "serve it", "quantize.yaml": "quantize it", "judge.yaml": "judge the answers"}


def file_asked(state: State, line: str) -> tuple[Effect, ...]:
    """What shows a config of the set that a line asks to see by its name; empty for any other line."""
    match = _ASKED_FILE.match(line)
    name = match["name"].lower() if match else ""
    if state.config is not None and name in (file.name for file in state.config.files):
        return look(state, "show")
    return (Tell(text=f'{name} is kept beside {state.config.files[0].name}: "{_COME_BACK[name]}" goes on with it.'),) if name in others(state) and state.config else ()


def has_plan(outcome: Outcome) -> bool:
    """True where something was planned, fitting or not."""
    return outcome.plan is not None or outcome.task_plan is not None


def _beside_questions(state: State, outcome: Outcome, name: str) -> tuple[Effect, ...]:
    """What can be looked at while a question keeps the last line from a plan: the plan from before, else what is said so far."""
    if state.config is not None:
        how = "whole" if name == "show" else "alternatives"
        before = Tell(text="The last line led to no plan; this is the one from before it.")
        return (before, Show(outcome=state.config, how=how), Show(outcome=outcome, how="questions"))  # type: ignore[arg-type]
    said = in_words(Intent(), state.intent)
    return (Tell(text=f"There is no plan yet. Said so far: {said}."), Show(outcome=outcome, how="questions"))


def in_words(before: Intent, after: Intent) -> str:
    """What one intent says and the other does not: `LoRA rank 32, sequence length 8,192`."""
    old, new = before.model_dump(), after.model_dump()
    fields = {**{key: value for key, value in new.items() if key != "overrides" and value != old[key]}}
    fields |= {path: value for path, value in (after.overrides or {}).items() if (before.overrides or {}).get(path) != value}
    return ", ".join(f"{range_name(key)} {_value(value)}" for key, value in fields.items())


def _value(value: object) -> str:
    if value is None:
        return "no longer said"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def heard_all_the_same(state: State, after: State) -> tuple[Tell, ...]:
    """What a line changed although the question from before it still keeps it from a plan."""
    if state.outcome is None or has_plan(state.outcome) or not state.outcome.questions:
        return ()
    said = in_words(state.intent, after.intent)
    return (Tell(text=f"Noted: {said}."),) if said else ()


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


def still_open(outcome: Outcome) -> tuple[Effect, ...]:
    """The questions beside a plan that stands without their answers."""
    return (Show(outcome=outcome, how="questions"),) if outcome.questions and has_plan(outcome) else ()
