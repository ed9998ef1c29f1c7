"""The dialogue as a pure step: a state and what happened give the next state and what is to be done."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.builder.follow_up import FollowUp
from assistant.chat.answering import answered, chosen_way, place_of
from assistant.chat.hearing import Change, heard
from assistant.chat.merging import merged
from assistant.chat.nouns import NUMBERS
from assistant.chat.planning import (
    Step,
    again,
    cheaper_offer,
    compared,
    flagged_machine,
    loaded,
    mended_offer,
    nothing_yet,
    planned_with,
    pushed,
    set_field,
)
from assistant.chat.quotes import quotes
from assistant.chat.state import (
    AskLlm,
    CheapestFound,
    Command,
    Effect,
    Event,
    Explain,
    FieldSet,
    FindCheaper,
    Leave,
    Line,
    Loaded,
    MachineSet,
    Mend,
    MendFound,
    Planned,
    PutQuestion,
    Refused,
    Show,
    ShowChanges,
    ShowProblem,
    State,
    Tell,
    TellLost,
    Weigh,
    Weighed,
    WhatIf,
    origins,
)
from assistant.chat.talk import (
    SKIP,
    agreement,
    asks_cheaper,
    command_in,
    is_question,
    refusal,
    reset_in,
    small_talk,
    what_if,
)
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.reader.asking import Asking, question_in
from assistant.reader.traces import trace_in

_NOT_UNDERSTOOD = "Nothing in that is understood. Say a model, GPUs, data or a setting, such as lr 2e-4 or 8k context."
_UNPLANNED = "task-not-supported"


def step(state: State, event: Event) -> Step:
    """What comes of an event. Pure: planning, files, the LLM and the screen are effects.

    Raises:
        UsageError: a line with a field that Oumi does not have, or a value that it cannot take; the state stands.
    """
    if isinstance(event, Line):
        return _line(state, event)
    if isinstance(event, Planned):
        return _planned(state, event)
    if isinstance(event, Weighed):
        asked = state.asked | {event.follow_up.question.field}
        return replace(state, follow_up=event.follow_up, asked=asked), (PutQuestion(follow_up=event.follow_up),)
    if isinstance(event, Refused):
        return _refused(state, event)
    return _came_back(state, event)


def _came_back(state: State, event: FieldSet | MachineSet | Loaded | MendFound | CheapestFound) -> Step:
    """What a command or a search outside found."""
    if isinstance(event, FieldSet):
        return set_field(state, event.said, event.words)
    if isinstance(event, MachineSet):
        return flagged_machine(state, event.gpus)
    if isinstance(event, Loaded):
        return loaded(state, event)
    if isinstance(event, CheapestFound):
        return cheaper_offer(state, event.cheapest)
    return mended_offer(state, event.intent) if event.intent is not None and state.config is not None else (state, ())


def _line(state: State, event: Line) -> Step:
    line = event.text.strip()
    if event.refine is not None:
        return _request(state, line, event)
    if not line:
        return state, ()
    if trace_in(line) is not None and not _is_told(state, line):
        return state, (Mend(text=line),)
    if (rest := reset_in(line)) is not None:
        fresh, effects = _reset(state)
        return _line(fresh, Line(text=rest)) if rest else (fresh, effects)
    if state.follow_up is not None and (done := _follow_up(state, state.follow_up, line)):
        return done
    if command := command_in(line):
        return _command(state, command)
    if state.what_if is not None and (done := _decided(state, state.what_if, line)):
        return done
    return _talk(state, line)


_PASTED = re.compile(r"\n|\w+(?:Error|Exception)\b|Traceback|tried to allocate|exit ?code|SIGKILL|\[rank", re.IGNORECASE)


def _is_told(state: State, line: str) -> bool:
    """True for a sentence that speaks of an error and says what to do about it."""
    return not _PASTED.search(line) and not heard(line, state.context).is_empty


def _talk(state: State, line: str) -> Step:
    """A line that is no command and no answer to what was put."""
    if reply := small_talk(line, has_config=state.config is not None):
        return state, (Tell(text=reply),)
    current = _explained(state)
    if current is not None and (asking := question_in(line)):
        if asking.topic == "changed":
            return state, _look(state, "diff")
        focused = replace(state, changed=(asking.subject,)) if asking.subject in NUMBERS else state
        return focused, (Explain(asking=asking, line=line, outcome=current),)
    if current is None and (asking := question_in(line)) and asking.topic in ("what_is", "difference", "better"):
        return state, (Explain(asking=asking, line=line, outcome=Outcome(status="needs_input", intent=state.intent)),)
    if state.config is not None and asks_cheaper(line):
        return state, (FindCheaper(),)
    if not (state.outcome and state.outcome.questions) and (SKIP.fullmatch(line) or agreement(line) == "" or refusal(line) == ""):
        return state, (Tell(text="No question is open."),)
    if way := chosen_way(state.context, line):
        return planned_with(state, Change(said=way, notes=()), line, "turn")
    questions = state.outcome.questions if state.outcome else ()
    return state, (AskLlm(line=line, context=state.context, questions=questions),)


def _explained(state: State) -> Outcome | None:
    """What a question is about: the last answer, and where that has no plan, the plan that stands."""
    last = state.outcome
    return last if last is not None and (last.plan or last.task_plan or state.config is None) else state.config


def _request(state: State, line: str, event: Line) -> Step:
    """A line that is planned with, as the offline reader and perhaps an LLM understood it."""
    asked = state
    state = replace(state, follow_up=None)
    stands = state.config is not None and state.config is state.outcome
    hypothetical = (what_if(line) or (line if is_question(line) else None)) if stands else None
    text = hypothetical or agreement(line) or line
    change = heard(text, state.context, event.refine)
    if hypothetical and change.said != Intent() and not change.conflicts:
        return planned_with(state, change, line, "what-if")
    if hypothetical and not change.conflicts:
        return _asked_freely(asked, line) if event.is_question else _nothing(asked, change)
    questions = state.outcome.questions if state.outcome else ()
    change = replace(change, said=change.said if change.missing else answered(questions, change.said, line))
    if change.is_empty:
        return _asked_freely(asked, line) if event.is_question and state.outcome else _nothing(asked, change)
    if change.conditional and state.context.fits:
        return state, (Tell(text="It fits as it is, so nothing changes. Say it without the condition to change it anyway."),)
    return planned_with(state, change, line, "turn")


def _asked_freely(state: State, line: str) -> Step:
    """A question that the LLM understood as one and the tables do not know."""
    assert state.outcome is not None
    return state, (Explain(asking=Asking(topic="plan", text=line), line=line, outcome=state.config or state.outcome),)


def _nothing(state: State, change: Change) -> Step:
    if change.missing:
        names = " and ".join(key.replace("_", " ") for key in change.missing)
        return state, (Tell(text=f"There is no {names} yet that this could change. Say its value."),)
    effects: tuple[Effect, ...] = (Tell(text=_NOT_UNDERSTOOD),)
    if state.follow_up is not None:  # still open: it is put again
        effects += (PutQuestion(follow_up=state.follow_up),)
    if state.outcome is not None and state.outcome.questions:
        effects += (Show(outcome=state.outcome, how="no config"),)
    return state, effects


def _planned(state: State, event: Planned) -> Step:
    after, outcome = replace(event.state, outcome=event.outcome), event.outcome
    if event.purpose in ("what-if", "mend"):
        return _considered(state, event)
    if event.purpose == "compared":
        return state, _difference(outcome, state.config)
    if event.purpose == "resumed":
        after = replace(after, config=outcome if outcome.status == "ok" else None)
        lost = (TellLost(file=event.file, outcome=outcome),) if event.file and outcome.files else ()
        return after, (_back(after, outcome, event.label), *lost)
    if outcome.is_sizing:
        return after, (Show(outcome=outcome, how="sizing"),)
    if outcome.status != "ok":
        effects: tuple[Effect, ...] = (Show(outcome=outcome, how="no config"),)
        if state.config is not None:
            effects += (Tell(text="/undo goes back to what was planned before."),)
        return after, effects
    shown = _news(state.config, outcome)
    after = replace(after, config=outcome)
    return after, (shown, Weigh(state=after))


def _news(before: Outcome | None, after: Outcome) -> Effect:
    """What changed, or the whole where there is nothing to compare it with."""
    return ShowChanges(before=before, after=after) if before is not None and _is_of_one_kind(before, after) else Show(outcome=after)


def _is_of_one_kind(before: Outcome, after: Outcome) -> bool:
    """True where two configs can be compared: both train, or both do the same other thing."""
    return [file.kind for file in before.files] == [file.kind for file in after.files]


def _considered(state: State, event: Planned) -> Step:
    """A hypothetical: what it would change, and whether to take it."""
    current = state.config
    if event.outcome.is_sizing:
        return state, (Show(outcome=event.outcome, how="sizing"),)
    if current is None or (event.outcome.plan is None and event.outcome.task_plan is None):
        return state, (Show(outcome=event.outcome, how="no config"),)
    if event.outcome.status != "ok":
        return state, (Show(outcome=event.outcome, how="no config"), Tell(text="Nothing is changed: the plan from before stands."))
    considered = replace(event.state, outcome=event.outcome, config=event.outcome)
    pending = replace(state, what_if=WhatIf(state=considered), follow_up=None)
    if event.purpose == "mend":  # what it changes was just shown, in the run's own measure
        return pending, (Tell(text="Nothing is changed yet. Take it?  yes / keep"),)
    if current.files and event.outcome.files and _body(current) == _body(event.outcome) and current.commands == event.outcome.commands:
        return state, (Tell(text="That would be the same plan."),)
    ask = "Nothing is changed yet. Switch to that?  [keep] / switch"
    if not _is_of_one_kind(current, event.outcome):
        return pending, (Show(outcome=event.outcome, how="brief"), Tell(text=ask))
    return pending, (ShowChanges(before=current, after=event.outcome, values_only=True), Tell(text=ask))


def _body(outcome: Outcome) -> list[str]:
    """The lines of the config that are no comment."""
    return [line for line in outcome.files[0].yaml.splitlines() if not line.lstrip().startswith("#")]


def _decided(state: State, pending: WhatIf, line: str) -> Step | None:
    """A yes or a no to a hypothetical, and what follows it; None where the line is neither."""
    if SKIP.fullmatch(line):
        return replace(state, what_if=None), (Tell(text="Kept as it was."),)
    if (rest := refusal(line)) is not None:
        while rest and (more := refusal(rest)) is not None:
            rest = more
        kept = replace(state, what_if=None)
        return _line(kept, Line(text=rest)) if rest else (kept, (Tell(text="Kept as it was."),))
    if (rest := agreement(line)) is None:
        return None
    taken = pending.state
    assert taken.outcome is not None
    if rest and (small_talk(rest, has_config=True) or question_in(rest) or what_if(rest) or is_question(rest)):
        return _line(state, Line(text=rest))  # "ok, how long will it take?" is no yes
    shown = _news(state.config or taken.outcome, taken.outcome)
    if rest:
        after, effects = _line(taken, Line(text=rest))
        return after, (shown, *effects)
    return taken, (shown, Weigh(state=taken))


def _follow_up(state: State, pending: FollowUp, line: str) -> Step | None:
    """The answer to the question that was put; None where the line is about something else."""
    open_state = replace(state, follow_up=None)
    if SKIP.fullmatch(line):
        return open_state, (Tell(text=f"{pending.answers[0][0]} it is: the plan stands."),)
    head, _, rest = line.partition(". ")
    place = place_of(tuple(choice for choice, _ in pending.answers), head)
    if place is not None:
        choice, values = pending.answers[place]
        if not values:
            return _line(open_state, Line(text=rest)) if rest else (open_state, (Tell(text=f"{choice}: the plan stands."),))
        more = heard(rest, state.context) if rest else Change()
        said = merged(Intent.model_validate(values), more.said)
        return planned_with(open_state, replace(more, said=said), line, "turn")
    if refusal(line) == "" and len(pending.answers) == 2 and pending.question.field == "max_hours":
        return planned_with(open_state, Change(said=Intent.model_validate(pending.answers[1][1])), line, "turn")
    if (agreement(line) == "" or refusal(line) == "") and len(line) < 12:
        return open_state, (Tell(text=f"{pending.answers[0][0]} it is: the plan stands."),)
    return None


def _refused(state: State, event: Refused) -> Step:
    """A mistake changes nothing; a task of another release is kept as said."""
    if event.problem.reference != _UNPLANNED or event.purpose not in ("turn", "resumed"):
        return state, (ShowProblem(problem=event.problem),)
    outcome = Outcome(status="invalid", intent=event.state.intent, explanation=event.problem.message)
    trained = tuple(Tell(text=f"The model is {note.why}.") for note in event.state.notes if note.field == "model" and "train" in note.why)
    return replace(event.state, outcome=outcome), (Tell(text=_noted(event.state.intent, event.problem.message)), *trained)


def _noted(intent: Intent, message: str) -> str:
    said = [str(intent.model or ""), *(intent.benchmarks or ()), intent.engine or "", intent.dataset or ""]
    return f"Noted: {intent.task} {', '.join(part for part in said if part)}. {message}".replace(" .", ".")


def _reset(state: State) -> Step:
    fresh = State(gpus=state.gpus, before=pushed(state))
    return fresh, (Tell(text="Forgotten. What should be trained?"),)


def _command(state: State, line: str) -> Step:
    word, _, rest = line.partition(" ")
    name = word.removeprefix("/").lower()
    if name == "quit":
        return state, (Leave(),)
    if name == "reset":
        return _reset(state)
    if name == "undo":
        return _undo(state)
    if name in ("show", "json", "why", "alternatives", "diff"):
        return state, _look(state, name)
    return state, (Command(name=name, rest=rest.strip()),)


def _look(state: State, name: str) -> tuple[Effect, ...]:
    outcome = state.outcome or state.config
    if outcome is None:
        return (ShowProblem(problem=nothing_yet()),)
    if name == "diff":
        earlier = next((s.config for s in reversed(state.before) if s.config is not None and s.config is not state.config), None)
        if earlier is None and state.config is not None and (asked := compared(state)):
            return (asked,)
        return _difference(earlier, state.config)
    if name == "json":
        return (Show(outcome=replace(outcome, intent=state.intent), how="json"),)
    if name == "why":
        return (Show(outcome=state.config or outcome, how="reasons", origins=origins(state), quotes=quotes(state)),)
    if name == "alternatives":
        return (Show(outcome=outcome, how="alternatives"),)
    how = "sizing" if outcome.is_sizing else "whole" if outcome.status == "ok" else "no config"
    return (Show(outcome=outcome, how=how),)  # type: ignore[arg-type]


def _difference(earlier: Outcome | None, config: Outcome | None) -> tuple[Effect, ...]:
    """What lies between two plans, where they can be compared."""
    if config is None:
        return (ShowProblem(problem=nothing_yet()),)
    if earlier is None:
        return (Tell(text="Nothing has changed since the plan that this began with."),)
    if not earlier.files:
        return (Tell(text="What was said before this led to no config, so there is nothing to compare with."),)
    if not _is_of_one_kind(earlier, config):
        return (Tell(text=f"Before this there was another kind of config: {earlier.files[0].name}."),)
    return (ShowChanges(before=earlier, after=config),)


def _undo(state: State) -> Step:
    if state.what_if is not None:
        return replace(state, what_if=None), (Tell(text="Nothing had changed: the plan stands."),)
    if not state.before:
        return state, (Tell(text="There is nothing to undo."),)
    earlier = replace(state.before[-1], asked=state.asked)
    if earlier.outcome is None and earlier.intent != Intent():
        return earlier, (again(earlier, "Back to: "),)
    if earlier.outcome is None:
        return earlier, (Tell(text="Back to the start: nothing is said yet."),)
    return earlier, (_back(earlier, earlier.outcome, "Back to: "),)


def _back(state: State, outcome: Outcome, label: str) -> Effect:
    """Where an undo or a resumed session stands."""
    if outcome.is_sizing:
        return Show(outcome=outcome, how="sizing")
    if outcome.status == "ok":
        return Show(outcome=outcome, how="brief", label=label)
    if outcome.status == "invalid":
        return Tell(text=_noted(state.intent, outcome.explanation))
    return Show(outcome=outcome, how="no config")
