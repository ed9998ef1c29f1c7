"""What comes of a plan that was made: the news of it, what is open beside it, and what is only considered."""

from __future__ import annotations

from dataclasses import replace

from assistant.chat.belonging import nothing_of
from assistant.chat.looking import back, difference, heard_all_the_same, in_words, still_open
from assistant.chat.planning import Step, remarks
from assistant.chat.sameness import are_of_one_kind, is_same
from assistant.chat.series import before_return, others
from assistant.chat.standing import stated
from assistant.chat.state import Effect, Planned, Show, ShowChanges, State, Tell, Weigh, WhatIf
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Question

OFFERED = "Nothing is changed yet. Switch to that?  [keep] / switch"


def planned(state: State, event: Planned) -> Step:
    after, outcome = replace(event.state, outcome=event.outcome), event.outcome
    if event.purpose in ("what-if", "mend"):
        return _considered(state, event)
    if event.purpose == "compared":
        return state, difference(outcome, state.config)
    if event.purpose in ("loaded", "resumed"):
        after = replace(after, config=outcome if outcome.status == "ok" else None, aside=True)
        return after, (back(after, outcome, event.label), *remarks(after, outcome), *still_open(outcome))
    if outcome.is_sizing:
        return after, (Show(outcome=outcome, how="sizing"),)
    if outcome.status != "ok":
        effects: tuple[Effect, ...] = (*heard_all_the_same(state, after), Show(outcome=outcome, how="no config"), *still_open(outcome))
        if state.config is not None:
            effects += (Tell(text="/undo goes back to what was planned before."),)
        elif outcome.files:
            effects += (Tell(text="What was asked for is in the file all the same: /save writes it."),)
        return after, effects
    shown: tuple[Effect, ...] = (news(before_return(state) if after.training is None else state.config, outcome),)
    after = replace(after, config=outcome)
    kept = others(after)
    told: tuple[Effect, ...] = (Tell(text=f"Kept with it: {', '.join(kept)}. /save FOLDER/ writes them all."),) if kept and kept != others(state) else ()
    stands = state.config is not None and is_same(state.config, outcome)
    if stands and state.config is not None and state.config.questions and not outcome.questions:
        said = in_words(state.intent, after.intent) or in_words(Intent(), _of(after.intent, state.config.questions))
        shown = (Tell(text=f"Settled: {said}. The plan stands."),)
    elif stands and outcome.questions:
        shown = _warned(state, outcome)
    vain = (Tell(text=why),) if event.purpose == "turn" and (why := nothing_of(state.intent, after.intent, after.intent.task)) else ()
    if vain and stands:
        return after, vain
    return after, (*shown, *told, *vain, *(still_open(outcome) or (Weigh(state=after),)))


def _of(intent: Intent, questions: tuple[Question, ...]) -> Intent:
    """Of an intent what these questions are about."""
    return Intent.model_validate({question.field: getattr(intent, question.field) for question in questions if question.field in Intent.model_fields})


def _warned(state: State, outcome: Outcome) -> tuple[Effect, ...]:
    """What is new beside a plan that a question leaves as it is: the question says the rest itself."""
    assert state.config is not None
    if all(finding in state.config.findings for finding in outcome.findings):
        return ()
    return (ShowChanges(before=replace(state.config, assumptions=outcome.assumptions), after=outcome, values_only=True),)


def news(before: Outcome | None, after: Outcome) -> Effect:
    """What changed, or the whole where there is nothing to compare it with."""
    return ShowChanges(before=before, after=after) if before is not None and are_of_one_kind(before, after) else Show(outcome=after)


def _considered(state: State, event: Planned) -> Step:
    """A hypothetical: what it would change, and whether to take it."""
    current = state.config
    state = replace(state, what_if=None)  # an older offer is answered by nothing that is said to this one
    if event.outcome.is_sizing:
        return state, (Show(outcome=event.outcome, how="sizing"),)
    mends = event.purpose == "mend" and event.outcome.status == "ok"
    if (event.outcome.plan is None and event.outcome.task_plan is None) or (current is None and not mends):
        return state, (Show(outcome=event.outcome, how="no config"),)
    if event.outcome.status != "ok":
        return state, (Show(outcome=event.outcome, how="no config"), Tell(text="Nothing is changed: the plan from before stands."))
    considered = replace(event.state, outcome=event.outcome, config=event.outcome)
    pending = replace(state, what_if=WhatIf(state=considered), follow_up=None)
    if current is None or event.purpose == "mend":  # what it changes was just shown, in the run's own measure
        return pending, (Tell(text="Nothing is changed yet. Take it?  yes / keep"),)
    if is_same(current, event.outcome) and state.outcome is current:
        warned = any(finding not in current.findings for finding in event.outcome.findings)
        news = (ShowChanges(before=current, after=event.outcome, values_only=True),) if warned else ()
        news_asked = [question for question in event.outcome.questions if question not in current.questions]
        why = nothing_of(state.intent, event.state.intent, event.state.intent.task, kept=False)
        if news_asked:  # it cannot be had, and the same stands in for it
            return state, (Tell(text=f"{stated(news_asked[0].text)}. The plan stays as it is."), *news)
        return state, (Tell(text=f"That would be the same plan. {why}".strip()), *news)
    ask = OFFERED
    if is_same(current, event.outcome):  # after a line that led to no config
        return pending, (Tell(text=f"That would be the plan from before it. {ask}"),)
    if not are_of_one_kind(current, event.outcome):
        return pending, (Show(outcome=event.outcome, how="brief"), Tell(text=ask))
    return pending, (ShowChanges(before=current, after=event.outcome, values_only=True), Tell(text=ask))
