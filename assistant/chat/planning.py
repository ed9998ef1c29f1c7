"""A change of the conversation as a plan to be made: nothing is planned here, and nothing is taken yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from assistant.builder.cheapest import Cheapest
from assistant.builder.given import uncounted
from assistant.builder.phrase import machine_phrase
from assistant.builder.requests import MEASURED, unread_findings
from assistant.builder.subjects import BASE
from assistant.catalogue.machines import parse_machine
from assistant.chat.belonging import named_in_vain, nothing_of
from assistant.chat.hearing import MACHINE_KEYS, Change
from assistant.chat.merging import changed_keys, merged
from assistant.chat.series import back_in_training, called, judged, kept_after, kept_step, reading_of, unsettled
from assistant.chat.state import KEPT, Effect, Guided, Loaded, MakePlan, Purpose, State, Tell
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.redact import MARK
from assistant.core.values import Question, Reason
from assistant.reader import Later
from assistant.reader.otherkinds import SAID
from assistant.reader.sizes import asks_for

Step = tuple[State, tuple[Effect, ...]]


def pushed(state: State) -> tuple[State, ...]:
    """The history with this state on it; what was only considered or asked is not gone back to."""
    return (*state.before[-(KEPT - 1) :], replace(state, what_if=None, follow_up=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What stands once a line is said: the intent, the machine of a flag where words say none, the step that is gone on with."""

    intent: Intent
    gpus: str | None
    resumed: Later | None


def planned_with(state: State, change: Change, line: str, purpose: Purpose, *, label: str = "", later: tuple[Later, ...] = ()) -> Step:
    """The effect that plans the conversation as it would be after this change; `later` are the steps that the line says with it."""
    said = _said_then(state, change, line)
    intent = said.intent
    if purpose == "turn" and _is_known(state, change, said, later):
        return state, (Tell(text=_why_no_change(state, change, line)),)
    training, steps = kept_after(state, intent, change, later)
    open_ones = _open_then(state, intent, change)
    changed = changed_keys(state.intent, intent)
    after = replace(
        state,
        intent=intent,
        later=steps,
        training=training,
        gpus=said.gpus,
        notes=_notes_then(state, change, said),
        words=(*state.words, ", then ".join((line, *(step.words for step in later)))),
        changed=changed or state.changed,
        flagged=state.flagged - set(changed),
        what_if=None,
        follow_up=None,
        contradictions=tuple(question for question in open_ones if question.choices and getattr(intent, question.field, None) is None),
        aside=False,
        before=pushed(state),
    )
    reading = reading_of(after, questions=open_ones, unread=change.unread)
    asked = line if (kind := asks_for(line)) and (purpose == "turn" or kind != "fits") else ""
    return state, (MakePlan(state=after, line=asked, reading=reading, purpose=purpose, label=label),)


def _said_then(state: State, change: Change, line: str) -> _Said:
    """The intent after a change: of the step that is named again, of the machine that words say, of the training that is come back to."""
    resumed = kept_step(state, change.said.task)
    base, gpus = merged(state.intent, resumed.intent) if resumed else state.intent, state.gpus
    if gpus is not None and any(getattr(change.said, key) is not None for key in MACHINE_KEYS):
        base, gpus = _with_flag(base, gpus), None
    intent = change.applied(base)
    if change.said.task == "train" and state.intent.task not in ("train", "tune", None):
        intent = back_in_training(state, intent, change.said, line)
    elif state.training is not None and resumed is None and change.said.task not in (None, state.intent.task) and change.said.engine is None:
        intent = intent.model_copy(update={"engine": None})  # it was said for the step before
    return _Said(intent=judged(state, intent, change.said, resumed), gpus=gpus, resumed=resumed)


def _is_known(state: State, change: Change, said: _Said, later: tuple[Later, ...]) -> bool:
    """True where all of it is said already and planned, and answers nothing that is asked."""
    if state.config is None or state.config is not state.outcome or change.conflicts or change.dropped:
        return False
    is_same = said.intent == state.intent and said.gpus == state.gpus and set(change.told) <= set(state.notes)
    return is_same and later in ((), state.later) and not settles(state.config, change.said)


def settles(config: Outcome, said: Intent) -> bool:
    """True where what is said answers a question that is open beside the plan."""
    return any(getattr(said, question.field, None) is not None for question in config.questions)


def _why_no_change(state: State, change: Change, line: str) -> str:
    if why := nothing_of(Intent(), change.said, state.intent.task) or named_in_vain(state.intent.task, line):
        return why
    unread = "; ".join(finding.message for finding in unread_findings(change.unread))
    return f"No change: the config is the same{f' ({unread})' if unread else ''}."


def _notes_then(state: State, change: Change, said: _Said) -> tuple[Reason, ...]:
    """The notes that still hold, and those of the line: what is said anew needs none of before."""
    changed = changed_keys(state.intent, said.intent)
    fields = {note.field for note in change.notes} | set(change.gone) | set(changed)
    if change.said.model:
        fields |= {"model", BASE} | ({MEASURED} if "model" in changed else set())
    notes = (*state.notes, *(note for note in said.resumed.notes if note not in state.notes)) if said.resumed else state.notes
    if change.said.task == "train" and state.intent.task not in ("train", None):
        notes, fields = _of_the_training(state, said.intent), fields | {BASE}
    news = (note for note in change.notes if note.field not in Intent.model_fields or getattr(said.intent, note.field) is not None)
    return (*(note for note in notes if note.field not in fields), *news)


def _open_then(state: State, intent: Intent, change: Change) -> tuple[Question, ...]:
    """The contradictions of earlier lines that still stand, and those of this one."""
    news = {question.field for question in change.conflicts}
    return (*(question for question in unsettled(state, intent) if question.field not in news), *change.conflicts)


def without_step(state: State, task: str, line: str) -> Step:
    """The conversation without its step of this task, which a line does not want; what there is instead where none is planned."""
    if state.intent.task == task and state.training is not None:
        return planned_with(state, Change(said=Intent(task="train"), dropped=frozenset((task,))), line, "turn")
    if kept_step(state, task) is not None:
        return planned_with(state, Change(dropped=frozenset((task,))), line, "turn")
    if state.intent.task == task:
        return state, (Tell(text=f"There is nothing but {called(task)} here. Say what to do instead, or /reset."),)
    return state, (Tell(text=f"No {called(task).removeprefix('the ')} is planned: nothing changes."),)


def _of_the_training(state: State, intent: Intent) -> tuple[Reason, ...]:
    """The notes without what was said of a trained model; of the model itself, what the training before said."""
    earlier = next((one for one in reversed(state.before) if one.intent.task == "train"), None)
    said = earlier.notes if earlier is not None and earlier.intent.model == intent.model else ()
    return (*(note for note in state.notes if note.field != "model"), *(note for note in said if note.field == "model"))


def _with_flag(intent: Intent, gpus: str) -> Intent:
    """The intent with the machine that a flag stated, so that words can change a part of it."""
    try:
        machine = parse_machine(gpus)
    except UsageError:
        return intent
    if machine.gpu.kind in ("cpu", "unified"):
        return intent
    said: dict[str, Any] = {"gpu": machine.gpu.name, "gpu_count": machine.count, "nodes": machine.nodes if machine.nodes > 1 else None}
    return intent.model_copy(update={key: value for key, value in said.items() if getattr(intent, key) is None})


def again(state: State, label: str) -> MakePlan:
    """The effect that plans a conversation as it stands: one taken up again has no plan yet."""
    return MakePlan(state=state, line="", reading=reading_of(state), purpose="resumed", label=label)


def nothing_yet() -> UsageError:
    """There is no config to work with."""
    return UsageError("There is no config yet.", hint='Say what to train, such as "lora llama3 on 2 A100s".')


def set_field(state: State, said: Intent, line: str) -> Step:
    """What /set, /model and the like set: as said, and marked as a flag's."""
    planned, effects = planned_with(state, Change(said=said), line, "turn")
    made = effects[0]
    if not isinstance(made, MakePlan):  # it is said already
        return planned, effects
    keys = {key for key in said.model_dump() if getattr(said, key) is not None and key != "overrides"} | set(said.overrides or {})
    return planned, (replace(made, state=replace(made.state, flagged=made.state.flagged | keys)),)


def flagged_machine(state: State, gpus: str) -> Step:
    """The conversation planned for the machine of /gpus."""
    intent = state.intent.model_copy(update=dict.fromkeys(MACHINE_KEYS))
    kept = tuple(note for note in state.notes if note.field not in MACHINE_KEYS)
    after = replace(
        state, intent=intent, gpus=gpus, notes=kept, what_if=None, follow_up=None, aside=False,
        before=pushed(state),
    )  # fmt: skip
    if state.outcome is None:
        return after, (Tell(text=f"Planned for {gpus} from now on."),)
    after = replace(after, contradictions=tuple(question for question in state.contradictions if question.field not in MACHINE_KEYS))
    return state, (MakePlan(state=after, line="", reading=reading_of(after)),)


def guided(state: State, event: Guided) -> Step:
    """The conversation as a guided setup left it, as one turn; what was noted of values that it changed is dropped."""
    changed = set(changed_keys(state.intent, event.intent))
    kept = tuple(note for note in state.notes if note.why != SAID and note.field not in changed and not (note.field in MACHINE_KEYS and event.gpus != state.gpus))
    kept = (*kept, *event.said)
    after = replace(
        state, intent=event.intent, gpus=event.gpus, notes=kept, words=(*state.words, "/create"), changed=tuple(changed) or state.changed,
        flagged=state.flagged - changed, what_if=None, follow_up=None, aside=False, before=pushed(state),
    )  # fmt: skip
    return state, (MakePlan(state=after, line="", reading=reading_of(after)),)


def offer(state: State, change: Change, line: str, label: str = "", *, purpose: Purpose = "what-if") -> Step:
    """A change to be looked at first: nothing is taken before a yes."""
    return planned_with(state, change, line, purpose, label=label)


def cheaper_offer(state: State, found: Cheapest) -> Step:
    """The plan on a cheaper machine, to be looked at first; or why there is none."""
    told = Tell(text=f"{found.why[0].upper()}{found.why[1:]}.")
    if found.machine is None:
        return state, (told,)
    machine = found.machine
    said = Intent(gpu=machine.gpu.name, gpu_count=machine.count, nodes=machine.nodes if machine.nodes > 1 else None)
    gone = frozenset(key for key in MACHINE_KEYS if getattr(said, key) is None)
    note = Reason(field="gpu", value=said.gpu, why=found.why)
    planned, effects = offer(state, Change(said=said, gone=gone, notes=(note,)), "make it cheaper", found.why)
    return planned, (told, *effects)


def mended_offer(state: State, intent: Intent, measured: float | None = None) -> Step:
    """The request that mends an error, to be taken with a yes; what the error measured is counted from then on."""
    before, after = state.intent.model_dump(), intent.model_dump()
    said = Intent.model_validate({k: v for k, v in after.items() if v is not None and v != before[k]})
    gone = frozenset(k for k, v in before.items() if v is not None and after[k] is None and k != "overrides")
    paths = frozenset(before["overrides"] or {}) - frozenset(after["overrides"] or {})
    notes = (measured_note(measured),) if measured is not None else ()
    return offer(state, Change(said=said, gone=gone, paths=paths, notes=notes), "mend the error", purpose="mend")


def measured_note(measured: float) -> Reason:
    """What an error showed a run of this model to take, as the assumption that every later estimate rests on."""
    return Reason(field=MEASURED, value=measured, why="times the estimate, as the error that was pasted shows; counted in every figure of this model")


def measured_only(state: State, measured: float) -> Step:
    """What an error measured, kept although no change of the config mends it: the next plan counts it."""
    kept = tuple(note for note in state.notes if note.field != MEASURED)
    after = replace(state, notes=(*kept, measured_note(measured)), words=(*state.words, ""), aside=False, before=pushed(state))
    return after, (Tell(text=f"From the next change on, memory is counted {measured:.2f} times as high, as the error shows. /undo drops that."),)


def loaded(state: State, event: Loaded) -> Step:
    """A conversation that goes on from a config; the one before can be gone back to."""
    given = event.given
    fresh = State(gpus=state.gpus, intent=given.intent, given=given, words=(f"the config {given.name}",), asked=state.asked)
    after = fresh if event.opens else replace(fresh, before=pushed(state))
    return (after if event.opens else state), (replace(again(after, "Loaded: "), purpose="loaded"),)


def remarks(state: State, outcome: Outcome) -> tuple[Tell, ...]:
    """What the plan does not count of the config that it is made from, and the machine where it was assumed: no file names one."""
    given = state.given
    if given is None:
        return tuple(Tell(text=f"{note.value}: {note.why}.") for note in state.notes if note.field == "config")
    told = [f"{note.field}: {note.why}" for note in uncounted(outcome, given)]
    plan = outcome.plan or outcome.task_plan
    if plan is not None and plan.hardware is not None and any(note.field == "hardware" for note in outcome.assumptions):
        which = ", the smallest usual one that fits" if plan.fits else ""
        told.append(f"{given.name} names no machine: {machine_phrase(plan.hardware)} is assumed{which}. /gpus or --gpus says yours.")
    if MARK in given.text:
        told.append(f"{given.name} was kept without its secrets: what /save writes has {MARK} in their place. /load reads the file itself.")
    return tuple(Tell(text=text) for text in told)


def compared(state: State) -> MakePlan | None:
    """The effect that plans the request from before the last change, where a session did not keep its plan; None where there is none."""
    unplanned = (s for s in reversed(state.before) if s.outcome is None and s.intent not in (Intent(), state.intent))
    earlier = next(unplanned, None)
    return replace(again(earlier, ""), purpose="compared") if earlier is not None else None
