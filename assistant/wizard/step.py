"""A guided setup as a pure step: a state and what happened give the next state and what is to be done."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from assistant.builder.phrase import machine_phrase
from assistant.core.errors import NeedsInputError, OumiChatError, UsageError
from assistant.core.outcome import Outcome
from assistant.core.values import Finding
from assistant.wizard.answers import Said, choice_of, near_misses, said_with, setting
from assistant.wizard.course import MENUS, advanced_keys, asked_by_planner, common_keys, judged, next_place, open_item
from assistant.wizard.defaults import default_of
from assistant.wizard.help import help_rows, menu_rows
from assistant.wizard.items import KINDS
from assistant.wizard.questions import question, question_again
from assistant.wizard.state import (
    ADVANCED,
    MORE,
    REPLACE,
    REVIEW,
    Effect,
    Event,
    Leave,
    MakePlan,
    NotWritten,
    Planned,
    Preview,
    Print,
    Refused,
    ShowHelp,
    ShowMemory,
    ShowProblem,
    State,
    Tell,
    Write,
)

Step = tuple[State, tuple[Effect, ...]]
_BACK = ("<", "back", "/back")
_LEAVE = ("quit", "exit", "/quit")
_DONE = "done"
_COMMAND = re.compile(r"/[a-z]+(?: .*)?")
_YES, _NO = ("y", "yes"), ("", "n", "no")
_STDOUT = ("-", "stdout")


def begin(state: State) -> Step:
    """The first question: what is missing, or whether more is wanted."""
    if not state.kind:
        state = replace(state, at="kind")
    else:
        state = judged(state, state.outcome) if state.outcome is not None else state
        state = replace(state, at=next_place(state))
    return _at(state)


def is_complete(state: State) -> bool:
    """True when nothing has to be asked: every essential question is answered."""
    if not state.kind or state.outcome is None:
        return False
    return next_place(judged(state, state.outcome)) in MENUS


def step(state: State, event: Event) -> Step:
    """What comes of an event. Pure: planning, files and the screen are effects."""
    if isinstance(event, Planned):
        return _planned(state, event)
    if isinstance(event, Refused):
        return _refused(state, event)
    if isinstance(event, NotWritten):
        return _not_written(state, event)
    return _typed(state, event.text.strip())


def _typed(state: State, text: str) -> Step:
    if text.lower() in _BACK:
        return _back(state)
    if text.lower() in _LEAVE or (text.lower() == "q" and state.at in MENUS):
        return state, (Leave(done=False),)
    if state.ends == "chat" and _COMMAND.fullmatch(text):
        hint = "Answer, or leave with quit: nothing is changed then. A file is ./NAME."
        return _again(state, UsageError(f"{text} is for the conversation, which waits for this.", context=text, hint=hint, reference="not-here"))
    if text.startswith("?"):
        rows = menu_rows(state, text[1:].strip()) if state.at in MENUS else help_rows(state)
        return state, (ShowHelp(rows=rows), question_again(state))
    try:
        return _MENU_STEPS.get(state.at, _answered)(state, text)
    except UsageError as problem:
        return _again(state, problem)


def _again(state: State, problem: OumiChatError) -> Step:
    """The same question, after what is wrong with its answer."""
    return state, (ShowProblem(problem=problem), question_again(state))


def _refused(state: State, event: Refused) -> Step:
    """An answer that cannot be planned with; where that is the fault of a default, the question of it comes now."""
    key = event.problem.context
    if not is_open(event.state, key):
        return _again(state, event.problem)
    there = replace(event.state, at=key, outcome=None)
    return there, (ShowProblem(problem=event.problem), question(there))


def is_open(state: State, key: str) -> bool:
    """Whether this is a question of the kind's that has no answer yet."""
    return state.kind in KINDS and key in KINDS[state.kind].keys and key not in state.settled


def _at(state: State) -> Step:
    """The question of the place where the state stands, or the end."""
    return _end(state) if state.at == REVIEW else (state, (question(state),))


def _end(state: State) -> Step:
    """What becomes of the plan: it is written, printed or handed back; else it is shown and asked about."""
    outcome = state.outcome
    if state.ends == "chat":
        return state, (Leave(done=True),)
    if outcome is not None and outcome.files and state.ends == "file":
        return state, (Write(outcome=outcome, name=state.file or outcome.files[0].name),)
    if outcome is not None and outcome.files and state.ends == "stdout":
        return state, (Print(outcome=outcome), Leave(done=True))
    shown = (Preview(outcome=outcome),) if outcome is not None else ()
    return state, (*shown, question(state))


def _back(state: State) -> Step:
    if state.at == REPLACE:
        return _at(replace(state, at=REVIEW))
    if not state.past:
        return state, (Tell(text="This is the first question."), question_again(state))
    before = state.past[-1]
    former = {**dict(before.former), **dict(state.former), before.at: state.answer}
    return _at(replace(before, former=tuple(former.items())))


def _answered(state: State, text: str) -> Step:
    """An answer to a question: taken once the planner takes it."""
    asked = open_item(state)
    if not text and default_of(state.kind, asked, state.outcome, state.said.intent, state.said.words) is None and (asked.required or asked.instead):
        raise UsageError("This question has no default.", context=asked.key, hint="? explains it, < goes back, quit leaves.", reference="no-default")
    if asked.key == "kind":
        kind = KINDS[choice_of(asked, text)]
        said = replace(state.said, intent=state.said.intent.model_copy(update={"task": kind.task}))
        return state, (MakePlan(state=replace(_settled(state, said, text), kind=kind.name)),)
    if text.lower() == _DONE and len(state.walk) > 1:
        return _moved(state, replace(state, walk=(), answer="", past=(*state.past, state)))
    said = said_with(state.said, state.kind, asked, text) if text else state.said
    after = _settled(state, said, text)
    if said == state.said and state.planner_asks is None and state.outcome is not None:
        return _moved(state, after)
    return state, (MakePlan(state=after),)


def _settled(state: State, said: Said, answer: str) -> State:
    """The state with the open question answered."""
    walk = tuple(key for key in state.walk if key != state.at)
    return replace(state, said=said, settled=state.settled | {state.at}, walk=walk, planner_asks=None, answer=answer, past=(*state.past, state))


def _planned(state: State, event: Planned) -> Step:
    """An answer that the planner took, or its own question about it."""
    found = asked_by_planner(event.state, event.outcome)
    if found is not None and found[0] is None:
        return _again(state, NeedsInputError(found[1].text, hint=f"Such as {', '.join(found[1].choices)}." if found[1].choices else ""))
    if found is not None and found[0] == state.at:
        asked = replace(state, planner_asks=found[1])
        return asked, (question(asked),)
    after, effects = _moved(state, judged(event.state, event.outcome))
    return after, (*_remarks(state, event.state.answer, event.outcome), *effects)


def _remarks(state: State, answer: str, outcome: Outcome) -> tuple[Effect, ...]:
    """That a setting is set, what was assumed to understand the answer, or that a name looks like a slip."""
    name, sign, value = answer.partition("=")
    if state.at in MENUS:
        return (Tell(text=f"{name.strip()} is {value.strip()} now."),) if sign else ()
    fields = (state.at, "hardware", "hardware.gpu") if state.at == "machine" else (state.at,)
    known = state.outcome.assumptions if state.outcome else ()
    assumed = [note for note in outcome.assumptions if answer and note.field in fields and note not in known]
    notes = tuple(Tell(text=f"{note.value}: {note.why}.") for note in assumed)
    return notes + tuple(Tell(text=f'"{said}" is not known here; did you mean {near}? < goes back.') for said, near in near_misses(open_item(state), answer))


def _moved(before: State, after: State) -> Step:
    """The next question, after what the answer changed."""
    after, effects = _at(replace(after, at=next_place(after)))
    return after, (*_news(before.outcome, after.outcome), *effects)


def _news(before: Outcome | None, after: Outcome | None) -> tuple[Effect, ...]:
    """The memory where it changed, and warnings that came with the answer."""
    if after is None or after is before:
        return ()
    known = {(f.rule, f.message) for f in before.findings} if before else set()
    findings: tuple[Finding, ...] = tuple(f for f in after.findings if _matters_now(f) and (f.rule, f.message) not in known)
    if not findings and _figures(before) == _figures(after):
        return ()
    return (ShowMemory(outcome=after, findings=findings),)


def _matters_now(finding: Finding) -> bool:
    """What a question may be answered otherwise for; what is to be installed before the run stands in the preview."""
    return finding.severity != "info" and not finding.fix.startswith("pip install")


def _figures(outcome: Outcome | None) -> object:
    """The memory with what it is of: two plans may need the same for different batches."""
    plan = (outcome.plan or outcome.task_plan) if outcome else None
    if plan is None:
        return None
    training = (outcome.plan.method, outcome.plan.sharding, outcome.plan.micro_batch_size) if outcome and outcome.plan else ()
    return (plan.memory_json(), plan.sequence_length, machine_phrase(plan.hardware) if plan.hardware else "", *training)


def _wanted(state: State, text: str, keys: Callable[[State], tuple[str, ...]]) -> Step:
    """Whether more is wanted: no, all of a kind one by one, or one by its name."""
    if text.lower() in _NO:
        return _moved(state, replace(state, level=2, walk=(), answer=text, past=(*state.past, state)))
    if text.lower() in _YES:
        walk = tuple(key for key in keys(state) if key not in state.settled)
        after, effects = _moved(state, replace(state, level=state.level + 1, walk=walk, answer=text, past=(*state.past, state)))
        told = Tell(text="done takes the rest as planned.") if walk else Tell(text="There is nothing of that kind to set here.")
        return after, (told, *effects)
    return _named(state, text)


def _named(state: State, text: str) -> Step:
    """One setting by its name: asked, or set at once."""
    asked, value = setting(state.kind, text)
    there = replace(state, at=asked.key, settled=state.settled - {asked.key}, walk=(asked.key, *state.walk), answer=text, past=(*state.past, state))
    if value is None:
        return _at(there)
    said = said_with(state.said, state.kind, asked, value)
    settled = replace(state, said=said, settled=state.settled | {asked.key}, answer=text, past=(*state.past, state))
    return state, (MakePlan(state=settled),)


def _more(state: State, text: str) -> Step:
    return _wanted(state, text, common_keys)


def _advanced(state: State, text: str) -> Step:
    return _wanted(state, text, advanced_keys)


def _review(state: State, text: str) -> Step:
    """What becomes of the plan that was shown."""
    outcome = state.outcome
    if outcome is None or not outcome.files:
        return _named(state, text) if text else _back(state)
    if text.lower() in _STDOUT:
        return state, (Print(outcome=outcome), Leave(done=True))
    if not text or _is_file(text):
        return state, (Write(outcome=outcome, name=text or state.file or outcome.files[0].name),)
    try:
        return _named(state, text)
    except UsageError as problem:
        hint = f"{problem.hint} A file's name ends in .yaml."
        raise UsageError(f"{problem.message.removesuffix('.')}, and it is no file's name.", context=problem.context, hint=hint, reference=problem.reference) from None


def _is_file(text: str) -> bool:
    return text.lower().endswith((".yaml", ".yml")) or "/" in text.partition("=")[0] or text.startswith("~")


def _replaced(state: State, text: str) -> Step:
    assert state.outcome is not None
    if text.lower() in _YES:
        return state, (Write(outcome=state.outcome, name=state.file or "", force=True),)
    if text.lower() in _NO:
        return state_at_review(state)
    raise UsageError(f'"{text[:40]}" is neither yes nor no.', context="replace", hint="yes replaces the file, no keeps it.")


def state_at_review(state: State) -> Step:
    """Back at the question of where to save, the plan not shown again."""
    there = replace(state, at=REVIEW, file=None)
    return there, (question(there),)


def _not_written(state: State, event: NotWritten) -> Step:
    """A file that is there is replaced only after a yes; any other trouble asks for another name."""
    if event.problem.reference == "file-exists":
        asked = replace(state, at=REPLACE, file=event.name, ends="ask")
        return asked, (question(asked),)
    there = replace(state, at=REVIEW, file=None, ends="ask")
    return _again(there, event.problem)


_MENU_STEPS: dict[str, Callable[[State, str], Step]] = {MORE: _more, ADVANCED: _advanced, REVIEW: _review, REPLACE: _replaced}
