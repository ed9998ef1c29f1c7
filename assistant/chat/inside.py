"""A line as the offline reader has it inside a conversation: in the task, and with the objective, that it is about."""

from __future__ import annotations

from dataclasses import replace

from assistant.chat.context import Context
from assistant.core.intent import Intent
from assistant.reader import Reading, read
from assistant.reader.lexicon import TASKS
from assistant.reader.patterns import compiled

_TASK_WORDS = {
    "evaluate": "evaluate", "infer": "serve", "judge": "judge", "quantize": "quantize", "tune": "hyperparameter sweep", "synthesize": "synthesize",
}  # fmt: skip
"""What stands before a line that names no task, so that its words are read in the task of the conversation."""


def read_inside(text: str, context: Context) -> Reading:
    """The line by the offline reader, in the task of the conversation where it names none."""
    if not text.strip(" ,.;!?"):
        return Reading(intent=Intent())
    first = read(text)
    word = _TASK_WORDS.get(context.intent.task or "")
    if word is None:
        return _of_its_objective(first, text, context)
    if _names_a_task(text):
        return first
    inside = read(f"{word} {text}")
    intent = inside.intent.model_copy(update={"task": context.intent.task})
    return replace(inside, intent=intent)


def _of_its_objective(first: Reading, text: str, context: Context) -> Reading:
    """A line that says nothing by itself, as words of the objective in talk: only with DPO is `beta 0.05` one."""
    objective = context.intent.objective
    if first.intent != Intent() or objective in (None, "sft", "pretrain"):
        return first
    inside = read(f"{objective} {text}")
    return replace(inside, intent=Intent(overrides=inside.intent.overrides)) if inside.intent.overrides else first


def _names_a_task(text: str) -> bool:
    return any(compiled(pattern).search(text) for _, pattern in TASKS)
