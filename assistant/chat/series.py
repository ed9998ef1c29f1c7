"""A training and the steps on what it writes, in a conversation: which of them the talk is about, and what is kept beside it."""

from __future__ import annotations

from dataclasses import replace

from assistant.builder.requests import MEANWHILE
from assistant.builder.sets import rejoined
from assistant.builder.subjects import BASE
from assistant.builder.unused import OF_A_TRAINING
from assistant.chat.belonging import for_its_task
from assistant.chat.hearing import Change
from assistant.chat.state import State
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Question
from assistant.reader import Later, Reading
from assistant.reader.patterns import compiled
from assistant.reader.steps import STEP_TASKS

_OF_A_STEP = ("task", "benchmarks", "num_fewshot", "limit", "engine")
"""Keys that a step has of its own, though the training's intent may carry the same from an earlier one."""
_OF_EACH = frozenset(("precision", "priority", "max_hours", "max_dollars"))
"""Keys that a training alone reads and that a step may be talked about with: `faster`, `in bf16`."""
_SECTIONS = ("training.", "peft.", "data.", "fsdp.", "deepspeed.")
_NAMES = {"evaluate": "eval.yaml", "infer": "infer.yaml", "quantize": "quantize.yaml", "judge": "judge.yaml"}
_CALLED = {"evaluate": "the evaluation", "infer": "the inference", "quantize": "the quantization", "judge": "the judge"}


def called(task: str) -> str:
    """A step as it is spoken of: `the evaluation`."""
    return _CALLED[task]


def unsettled(state: State, intent: Intent) -> tuple[Question, ...]:
    """The contradictions of earlier lines that this intent does not settle."""
    return tuple(question for question in state.contradictions if getattr(intent, question.field, None) is None)


def reading_of(state: State, *, questions: tuple[Question, ...] | None = None, unread: tuple[str, ...] = ()) -> Reading:
    """The conversation as it is planned: a training with its steps, or a step with the training that it follows.

    `questions` are those that are open, those of earlier lines where none are given.
    """
    asked = unsettled(state, state.intent) if questions is None else questions
    whole = replace(state.training, later=_in_order((*state.training.later, own_step(state)))) if state.training is not None else None
    return Reading(intent=for_its_task(state), notes=state.notes, later=state.later, after=whole, questions=asked, unread=unread)


def own_step(state: State) -> Later:
    """The step that the conversation is about: what it says beside its training."""
    assert state.training is not None
    foreign = {"overrides"} if state.intent.task == "judge" else {"model", "overrides"}  # a judge is a model of its own
    trained, said = state.training.intent, state.intent.model_dump(exclude=foreign)
    fields = {path: value for path, value in (state.intent.overrides or {}).items() if (trained.overrides or {}).get(path) != value}
    own = {key: value for key, value in said.items() if value is not None and (key in _OF_A_STEP or value != getattr(trained, key))}
    notes = tuple(note for note in state.notes if note not in state.training.notes)
    return Later(words=_CALLED[state.intent.task or ""], intent=Intent.model_validate({**own, "overrides": fields or None}), notes=notes)


def _in_order(steps: tuple[Later, ...]) -> tuple[Later, ...]:
    return tuple(sorted(steps, key=lambda step: STEP_TASKS.index(step.intent.task or "")))


def kept_after(state: State, intent: Intent, change: Change, later: tuple[Later, ...]) -> tuple[Reading | None, tuple[Later, ...]]:
    """(the training that the conversation is a step after, the steps of the training that it is about) once `intent` is said.

    `later` are steps that the same line says. A step on another model, or another kind of config, leaves the set, and so does one that is dropped.
    """
    training, steps = _kept(state, intent, change, later)
    if training is not None:
        training = replace(training, later=_but(training.later, change.dropped))
    return training, _but(steps, change.dropped)


def _but(steps: tuple[Later, ...], dropped: frozenset[str | None]) -> tuple[Later, ...]:
    return tuple(step for step in steps if step.intent.task not in dropped)


def _kept(state: State, intent: Intent, change: Change, later: tuple[Later, ...]) -> tuple[Reading | None, tuple[Later, ...]]:
    if later:
        return None, later
    if intent.task == state.intent.task or state.intent.task is None:
        stays = state.training if change.said.model is None or intent.task == "judge" else None
        return stays, state.later
    if intent.task == "train" and state.training is not None:
        return None, _in_order((*state.training.later, own_step(state)))
    if intent.task not in STEP_TASKS:
        return None, ()
    if state.intent.task == "train" and (intent.task == "judge" or any(note.field == BASE for note in change.notes)):
        return replace(_as_planned(state), later=_but(state.later, frozenset((intent.task,)))), ()
    if state.training is not None and (change.said.model is None or intent.task == "judge"):
        return replace(state.training, later=_but((*state.training.later, own_step(state)), frozenset((intent.task,)))), ()
    return None, ()


_OWN_TO_EACH = ("dataset", "sequence_length", "global_batch_size", "micro_batch_size", "output_dir", "run_name")
"""Keys that mean something else in another kind of config: its questions, its context, its results."""
_TOOLS = ("judge", "synthesize")
"""Tasks whose model does the work, and is none that is trained."""
_BACK = r"\b(?:back|return|resume|again|zur[üu]ck|retour|revenir|volver|voltar)\b|\u56de\u5230"


def back_in_training(state: State, intent: Intent, said: Intent, line: str) -> Intent:
    """The intent of a conversation that comes back to its training: what another kind of config was told since is that one's own."""
    trained = next((one.intent for one in reversed(state.before) if one.intent.task == "train"), state.training.intent if state.training else None)
    if trained is None:
        return intent
    own = [key for key in _OWN_TO_EACH if getattr(said, key) is None]
    if said.model is None and (state.training is not None or state.intent.task in _TOOLS or compiled(_BACK).search(line)):
        own.append("model")
    return intent.model_copy(update={key: getattr(trained, key) for key in own})


def judged(state: State, intent: Intent, said: Intent, resumed: Later | None) -> Intent:
    """The intent of a judge that comes after a training or what runs its result: a model and rows of its own, and nothing of theirs."""
    if said.task != "judge" or state.intent.task not in ("train", *STEP_TASKS) or state.intent.task == "judge":
        return intent
    former = resumed.intent if resumed is not None else Intent()
    own = (*_OWN_TO_EACH, "model", "engine")
    return intent.model_copy(update={key: value if (value := getattr(said, key)) is not None else getattr(former, key) for key in own})


def _as_planned(state: State) -> Reading:
    """The training as it stands: with what is planned with meanwhile, and that noted, where a question of it is open."""
    config = state.config
    if config is None or not config.questions or config.plan is None:
        return Reading(intent=state.intent, notes=state.notes)
    meanwhile = {key: getattr(config.intent, key) for question in config.questions if (key := question.field) in Intent.model_fields}
    noted = tuple(note for note in config.assumptions if note.why.startswith(MEANWHILE) and note not in state.notes)
    return Reading(intent=state.intent.model_copy(update=meanwhile), notes=(*state.notes, *noted))


def kept_step(state: State, task: str | None) -> Later | None:
    """The step of this task that is kept beside what the conversation is about: it is gone on with where it is named again."""
    steps = state.training.later if state.training is not None else state.later
    return next((step for step in steps if step.intent.task == task), None)


def turned_to_training(state: State, change: Change) -> Change:
    """The change; one that a training alone can take is a change of the training that the conversation is a step after."""
    said = change.said
    keys = {key for key, value in said.model_dump(exclude={"task", "overrides"}).items() if value is not None}
    fields = tuple(said.overrides or {})
    is_its = bool(keys or fields) and keys <= OF_A_TRAINING - _OF_EACH and all(path.startswith(_SECTIONS) for path in fields)
    if state.training is None or not is_its or said.task not in (None, state.intent.task) or change.gone or change.paths:
        return change
    return replace(change, said=said.model_copy(update={"task": "train"}))


def others(state: State) -> tuple[str, ...]:
    """Names of the configs that are kept beside the one that the conversation is about."""
    if state.training is None:
        return ()
    return ("train.yaml", *(_NAMES[step.intent.task or ""] for step in state.training.later))


def before_return(state: State) -> Outcome | None:
    """The set as it stood, where a step was talked about: what a change of its training is compared with."""
    trained = next((one.config for one in reversed(state.before) if one.intent.task == "train" and one.config is not None and one.config.plan), None)
    if state.training is None or state.config is None or trained is None:
        return state.config
    return rejoined(trained, state.config)
