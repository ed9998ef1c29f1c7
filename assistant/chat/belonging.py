"""What of a line has no meaning for the task in hand: an evaluation has no rank, a training no shots."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.builder.unused import TASK_NAMES
from assistant.chat.merging import changed_keys
from assistant.chat.nouns import NOUNS
from assistant.chat.state import State
from assistant.checks.kinds import kind_of_task
from assistant.checks.schema import field
from assistant.core.intent import Intent
from assistant.reader.lexicon import SHARDINGS
from assistant.reader.patterns import compiled
from assistant.reader.ranges import range_name

_OF_A_TRAINING = (
    "objective", "method", "epochs", "max_steps", "learning_rate", "lora_rank", "lora_alpha", "sharding", "max_hours", "max_dollars", "priority",
)  # fmt: skip
_OF_AN_EVALUATION = ("benchmarks", "num_fewshot", "limit")
_TRAINS = ("train", "tune")
_SPOKEN = 300
"""Characters of a line that nouns are looked for in: what is longer is pasted."""
_METHOD_TOO = ("quantize",)
"""Tasks whose own choice goes by a word of a training."""


def foreign_keys(task: str | None, keys: Iterable[str]) -> tuple[str, ...]:
    """The keys among these that a task does nothing with."""
    task = task or "train"
    foreign = set(() if task in _TRAINS else _OF_A_TRAINING) | set(() if task == "evaluate" else _OF_AN_EVALUATION)
    return tuple(key for key in keys if key in foreign and not (key == "method" and task in _METHOD_TOO))


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


def _told(task: str | None, keys: tuple[str, ...], *, kept: bool) -> str:
    if not keys:
        return ""
    what = " and no ".join(range_name(key) for key in keys)
    name = TASK_NAMES.get(task or "train", "this")
    meant = "evaluate" if keys[0] in _OF_AN_EVALUATION else "train"
    say = '"now evaluate it"' if meant == "evaluate" else '"train it"'
    told = f"{name[0].upper()}{name[1:]} has no {what}"
    return f"{told}: kept for {TASK_NAMES[meant]}, which {say} plans." if kept else f"{told}. {say[0]}{say[1].upper()}{say[2:]} plans {TASK_NAMES[meant]}, which has."
