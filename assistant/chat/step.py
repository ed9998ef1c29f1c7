"""The dialogue as a pure step: a state and what happened give the next state and what is to be done."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.builder.follow_up import FollowUp
from assistant.chat.answering import answered, chosen_way, place_of
from assistant.chat.belonging import named_in_vain, only_noun
from assistant.chat.comparing import compared
from assistant.chat.hearing import Change, heard
from assistant.chat.looking import file_asked, has_plan, look, noted, still_open
from assistant.chat.merging import merged
from assistant.chat.news import OFFERED, news, planned
from assistant.chat.nouns import NUMBERS, key_of
from assistant.chat.partial import part_of, partly
from assistant.chat.planning import (
    Step,
    cheaper_offer,
    flagged_machine,
    guided,
    loaded,
    measured_only,
    mended_offer,
    planned_with,
    pushed,
    set_field,
    without_step,
)
from assistant.chat.removal import dropped_step
from assistant.chat.series import kept_step, turned_to_training
from assistant.chat.state import (
    AskLlm,
    CheapestFound,
    Command,
    Effect,
    Event,
    Explain,
    FieldSet,
    FindCheaper,
    Guided,
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
    ShowProblem,
    State,
    Tell,
    Weigh,
    Weighed,
    WhatIf,
)
from assistant.chat.talk import (
    SKIP,
    agreement,
    asks_cheaper,
    command_in,
    is_question,
    lets_go,
    refusal,
    reset_in,
    small_talk,
    what_if,
)
from assistant.chat.undoing import let_go, undone
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.reader.asking import Asking, question_in
from assistant.reader.steps import later_in, steps_in
from assistant.reader.traces import trace_in
from assistant.reader.unwanted import SHELL

_NOT_UNDERSTOOD = "Nothing in that is understood. Say a model, GPUs, data or a setting, such as lr 2e-4 or 8k context."
_UNPLANNED = "task-not-supported"


def step(state: State, event: Event) -> Step:
    """What comes of an event. Pure: planning, files, the LLM and the screen are effects.

    Raises:
        UsageError: a line with a field that Oumi does not have, or a value that it cannot take; the state stands.
    """
    if isinstance(event, Line):
        after, effects = _line(state, event)
        return (replace(after, aside=True) if after.before and after.before is state.before else after), effects
    if isinstance(event, Planned):
        return planned(state, event)
    if isinstance(event, Weighed):
        asked = state.asked | {event.follow_up.question.field}
        return replace(state, follow_up=event.follow_up, asked=asked), (PutQuestion(follow_up=event.follow_up),)
    if isinstance(event, Refused):
        return _refused(state, event)
    return _came_back(state, event)


def _came_back(state: State, event: FieldSet | MachineSet | Guided | Loaded | MendFound | CheapestFound) -> Step:
    """What a command or a search outside found."""
    if isinstance(event, FieldSet):
        return set_field(state, event.said, event.words)
    if isinstance(event, MachineSet):
        return flagged_machine(state, event.gpus)
    if isinstance(event, Guided):
        return guided(state, event)
    if isinstance(event, Loaded):
        return loaded(state, event)
    if isinstance(event, CheapestFound):
        return cheaper_offer(state, event.cheapest)
    is_known = state.config is not None or state.given is not None
    if event.intent is not None and is_known:
        return mended_offer(state, event.intent, event.measured)
    return measured_only(state, event.measured) if event.measured is not None and is_known else (state, ())


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
    if lets_go(line):
        return let_go(state)
    if command := command_in(line):
        return _command(state, command)
    if told := compared(state, line):
        return state, (Tell(text=told), *((Tell(text=OFFERED),) if state.what_if is not None else ()))
    if (unwanted := dropped_step(line)) and (_has_step(state, unwanted) or (state.intent.task is not None and unwanted in ("evaluate", "infer"))):
        return without_step(state, unwanted, line)
    if state.what_if is not None and (done := _decided(state, state.what_if, line)):
        return done
    return _talk(state, line)


def _has_step(state: State, task: str) -> bool:
    """True where it is planned: `no quantization` of a QLoRA training alone is about its method."""
    return state.intent.task == task or kept_step(state, task) is not None


_PASTED = re.compile(r"\n|\w+(?:Error|Exception)\b|Traceback|tried to allocate|exit ?code|SIGKILL|\[rank", re.IGNORECASE)


def _is_told(state: State, line: str) -> bool:
    """True for a sentence that speaks of an error and says what to do about it."""
    return not _PASTED.search(line) and not heard(line, state.context).is_empty


def _talk(state: State, line: str) -> Step:
    """A line that is no command and no answer to what was put."""
    if reply := small_talk(line, has_config=state.config is not None):
        return state, (Tell(text=reply),)
    if shown := file_asked(state, line):
        return state, shown
    current = _explained(state)
    if current is not None and (asking := question_in(line)):
        if asking.topic == "changed":
            return state, look(state, "diff")
        return _focused(state, asking), (Explain(asking=asking, line=line, outcome=current),)
    if current is None and (asking := question_in(line)) and asking.topic in ("what_is", "difference", "better"):
        return _focused(state, asking), (Explain(asking=asking, line=line, outcome=Outcome(status="needs_input", intent=state.intent)),)
    if state.config is not None and asks_cheaper(line) and not heard(line, state.context).said.model:  # "gpt-4o is cheaper" names what to take
        return state, (FindCheaper(),)
    if not (state.outcome and state.outcome.questions) and (SKIP.fullmatch(line) or agreement(line) == "" or refusal(line) == ""):
        return state, (Tell(text="No question is open."),)
    if current is not None and current.questions and has_plan(current) and agreement(line) == "":
        line = "skip"  # a yes to the choice that is planned with meanwhile
    if way := chosen_way(state.context, line):
        return planned_with(state, Change(said=way, notes=()), line, "turn")
    questions = state.outcome.questions if state.outcome else ()
    if steps := steps_in(line):
        later = tuple(later_in(words) for words in steps.later)
        return state, (AskLlm(line=steps.training, context=state.context, questions=questions, later=later),)
    return state, (AskLlm(line=line, context=state.context, questions=questions),)


def _focused(state: State, asking: Asking) -> State:
    """The conversation about the number that was asked for: what "make it 32" then sets."""
    key = asking.subject if asking.subject in NUMBERS else key_of(asking.subject or "", NUMBERS)
    return replace(state, changed=(key,)) if key in NUMBERS else state


def _explained(state: State) -> Outcome | None:
    """What a question is about: the last answer, and where that has no plan, the plan that stands."""
    last = state.outcome
    return last if last is not None and (last.plan or last.task_plan or state.config is None) else state.config


def _request(state: State, line: str, event: Line) -> Step:
    """A line that is planned with, as the offline reader and perhaps an LLM understood it."""
    asked = state
    state = replace(state, follow_up=None)
    is_asked = state.outcome is not None and bool(state.outcome.questions) and not has_plan(state.outcome)
    hypothetical = (what_if(line) or (line if is_question(line) else None)) if state.config is not None and not is_asked else None
    text = hypothetical or agreement(line) or line
    change = turned_to_training(state, heard(text, state.context, event.refine))
    if hypothetical and change.said == Intent(task=state.intent.task):  # the conversation's own task, which a line is read in
        change = replace(change, said=Intent())
    if hypothetical and change.said != Intent() and not change.conflicts:
        return planned_with(state, change, line, "what-if")
    if hypothetical and not change.conflicts:
        return _asked_freely(asked, line) if event.is_question else _nothing(asked, change, line)
    questions = state.outcome.questions if state.outcome else ()
    said = change.said if change.missing else answered(questions, change.said, line)
    change = replace(change, said=said, unread=change.unread if said is change.said else ())
    if change.is_empty:
        return _asked_freely(asked, line) if event.is_question and state.outcome else _nothing(asked, change, line)
    if change.conditional and state.context.fits:
        return state, (Tell(text="It fits as it is, so nothing changes. Say it without the condition to change it anyway."),)
    return planned_with(state, change, line, "turn", later=event.later)


def _asked_freely(state: State, line: str) -> Step:
    """A question that the LLM understood as one and the tables do not know."""
    assert state.outcome is not None
    return state, (Explain(asking=Asking(topic="plan", text=line), line=line, outcome=state.config or state.outcome),)


def _nothing(state: State, change: Change, line: str) -> Step:
    if change.missing:
        names = " and ".join(key.replace("_", " ") for key in change.missing)
        return state, (Tell(text=f"There is no {names} yet that this could change. Say its value."),)
    if state.config is not None and line.endswith("?") and (subject := only_noun(line)):  # "not sure about the rank, what do you think?"
        return state, (Explain(asking=Asking(topic="why", subject=subject, text=line), line=line, outcome=state.config),)
    if change.unread and all(piece.endswith(f"({SHELL})") for piece in change.unread):
        return state, (Tell(text="That is a line for your shell: type it there. Nothing here runs it, and nothing changes."),)
    why = named_in_vain(state.intent.task, line) if state.config is not None else ""
    effects: tuple[Effect, ...] = (Tell(text=why or _NOT_UNDERSTOOD),)
    if state.follow_up is not None:  # still open: it is put again
        effects += (PutQuestion(follow_up=state.follow_up),)
    if state.outcome is not None and state.outcome.questions:
        effects += (Show(outcome=state.outcome, how="questions" if has_plan(state.outcome) else "no config"),)
    return state, effects


def _decided(state: State, pending: WhatIf, line: str) -> Step | None:
    """A yes or a no to a hypothetical, and what follows it; None where the line is neither."""
    if SKIP.fullmatch(line):
        return replace(state, what_if=None), (Tell(text="Kept as it was."),)
    if (rest := refusal(line)) is not None:
        while rest and (more := refusal(rest)) is not None:
            rest = more
        kept = replace(state, what_if=None)
        return _line(kept, Line(text=rest)) if rest else (kept, (Tell(text="Kept as it was."),))
    if (rest := agreement(line)) is None and (rest := partly(line)) is None:
        return None
    taken = pending.state
    assert taken.outcome is not None
    if rest and (small_talk(rest, has_config=True) or question_in(rest) or what_if(rest) or is_question(rest)):
        return _line(state, Line(text=rest))  # "ok, how long will it take?" is no yes
    if rest and (part := part_of(state, taken, rest)):
        return planned_with(state, part.change, line, "turn") if part.change else _which(state, rest)
    if rest and not command_in(rest) and heard(rest, taken.context).is_empty:
        return _which(state, rest)
    shown = news(state.config, taken.outcome) if state.config else Show(outcome=taken.outcome, how="brief", label="Now: ")
    if rest:
        after, effects = _line(taken, Line(text=rest))
        return after, (shown, *effects)
    return taken, (shown, *(still_open(taken.outcome) or (Weigh(state=taken),)))


def _which(state: State, words: str) -> Step:
    """A yes with words that nothing is made of may be no yes to all of it: it is asked, and nothing is taken."""
    return state, (Tell(text=f'Not understood: "{words}". Nothing is changed yet. Take all of it?  [keep] / switch'),)


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
    return replace(event.state, outcome=outcome), (Tell(text=noted(event.state.intent, event.problem.message)), *trained)


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
        return undone(state)
    if name in ("show", "json", "why", "alternatives", "diff"):
        return state, look(state, name)
    return state, (Command(name=name, rest=rest.strip()),)
