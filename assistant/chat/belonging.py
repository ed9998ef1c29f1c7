"""What of a line has no meaning for the task in hand: an evaluation has no rank, a training no shots."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.builder.unused import TASK_NAMES, without_place
from assistant.chat.merging import changed_keys
from assistant.chat.nouns import NOUNS
from assistant.chat.state import State
from assistant.checks.kinds import kind_of_task
from assistant.checks.schema import field
from assistant.core.intent import Intent
from assistant.reader.lexicon import SHARDINGS
from assistant.reader.patterns import compiled
from assistant.reader.ranges import range_name

_TRAINS = ("train", "tune")
_ASKED_FOR = {"train": '"train it"', "infer": '"serve it"', "evaluate": '"now evaluate it"'}
"""Task → the words that plan it."""
_SPOKEN = 300
"""Characters of a line that nouns are looked for in: what is longer is pasted."""
_METHOD_TOO = ("quantize",)
"""Tasks whose own choice goes by a word of a training."""


def foreign_keys(task: str | None, keys: Iterable[str]) -> tuple[str, ...]:
    """The keys among these that a task does nothing with."""
    return tuple(key for key in without_place(task, keys) if not (key == "method" and task in _METHOD_TOO))


def nothing_of(before: Intent, after: Intent, task: str | None, *, kept: bool = True) -> str:
    """Why what a line newly said leaves the task's config as it is, and what to do instead; empty where all of it counts.

    `kept` says that the conversation keeps it for another task.
    """
    news = (key for key in changed_keys(before, after) if getattr(after, key) is not None)
    return _told(task, foreign_keys(task, news), kept=kept)


def named_in_vain(task: str | None, line: str) -> str:
    """The same for a line of which nothing is understood in this task, by the nouns that it names."""
    line = line[:_SPOKEN]
    named = [key for key, pattern in NOUNS if compiled(rf"\b(?:{pattern})\b").search(line)]
    named += ["sharding"] if any(compiled(pattern).search(line) for _, pattern in SHARDINGS) else []
    return _told(task, foreign_keys(task, named), kept=False)


def only_noun(line: str) -> str | None:
    """The one key that a line names by a noun; None where it names none, or several."""
    line = line[:_SPOKEN]
    named = {key for key, pattern in NOUNS if compiled(rf"\b(?:{pattern})\b").search(line)}
    return named.pop() if len(named) == 1 else None


def for_its_task(state: State) -> Intent:
    """The intent that is planned: of a config that trains nothing, without the batch and the fields that the training before it was given."""
    intent = state.intent
    training = next((one.intent for one in reversed(state.before) if one.intent.task in _TRAINS), None)
    if training is None or intent.task in (None, *_TRAINS):
        return intent
    own = {key: None for key in ("global_batch_size", "micro_batch_size") if getattr(intent, key) == getattr(training, key)}
    if intent.task == "quantize" and intent.dataset == training.dataset:  # it calibrates on rows of its own
        own["dataset"] = None
    kind = kind_of_task(intent.task)
    given = training.overrides or {}
    kept = {path: value for path, value in (intent.overrides or {}).items() if not (path in given and given[path] == value and field(path) is not None and field(path, kind) is None)}
    return intent.model_copy(update={**own, "overrides": kept or None})


def said_for_its_task(state: State) -> Intent:
    """Of the intent what was said for the task in hand: without what it has no place for, which is told by itself, and without what a task before it was told."""
    intent = for_its_task(state)
    task = intent.task or "train"
    former = next((one.intent for one in reversed(state.before) if (one.intent.task or "train") != task), Intent())
    said = {key: value for key, value in intent.model_dump(exclude_none=True).items() if key not in ("task", "overrides")}
    others = {key for key, value in said.items() if getattr(former, key) == value}
    return intent.model_copy(update=dict.fromkeys((*foreign_keys(task, said), *others)))


def _told(task: str | None, keys: tuple[str, ...], *, kept: bool) -> str:
    if not keys:
        return ""
    what = " and no ".join(range_name(key) for key in keys)
    name = TASK_NAMES.get(task or "train", "this")
    meant = next((other for other in _ASKED_FOR if not foreign_keys(other, keys[:1])), "train")
    say = _ASKED_FOR[meant]
    told = f"{name[0].upper()}{name[1:]} has no {what}"
    return f"{told}: kept for {TASK_NAMES[meant]}, which {say} plans." if kept else f"{told}. {say[0]}{say[1].upper()}{say[2:]} plans {TASK_NAMES[meant]}, which has."
