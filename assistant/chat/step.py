"""One turn without input or output: what was said so far, and what is said now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assistant.builder.absorb import absorb
from assistant.catalogue.gpus import find_gpu
from assistant.chat.answering import answered
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Reason
from assistant.reader import Reading

_NO_GPUS = ("cpu", "M-series")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The conversation: what was said, the last answer, the last one with a config, the states before (for undo)."""

    intent: Intent = field(default_factory=Intent)
    notes: tuple[Reason, ...] = ()
    words: tuple[str, ...] = ()
    outcome: Outcome | None = None
    config: Outcome | None = None
    before: tuple[State, ...] = ()


def merged(former: Intent, said: Intent) -> Intent:
    """Both together: what is said later wins, and takes with it what cannot stand beside it. Overrides add up."""
    dropped = _superseded(former, said)
    values = {key: value for key, value in former.model_dump().items() if key not in dropped}
    overrides = {**_kept_overrides(former, said), **(said.overrides or {})}
    news = {key: value for key, value in said.model_dump().items() if value is not None}
    return Intent.model_validate({**values, **news, "overrides": overrides or None})


def _superseded(former: Intent, said: Intent) -> set[str]:
    """Fields of which the former value goes though none is said now."""
    gone: set[str] = set()
    if said.max_steps:
        gone.add("epochs")
    if said.epochs:
        gone.add("max_steps")
    if said.method == "full":
        gone |= {"lora_rank", "lora_alpha"}
    return gone | _superseded_machine(former, said)


def _superseded_machine(former: Intent, said: Intent) -> set[str]:
    if said.gpu in _NO_GPUS:
        return {"gpu_memory_gb", "gpu_count", "nodes"}
    if said.gpu:
        return {"gpu_memory_gb", "nodes"} if said.gpu_count else {"gpu_memory_gb"}
    if said.gpu_memory_gb and not _is_variant(former.gpu, said.gpu_memory_gb):
        return {"gpu", "nodes"} if said.gpu_count else {"gpu"}
    if (said.gpu_count or said.nodes) and former.gpu in _NO_GPUS:
        return {"gpu", "gpu_memory_gb"}
    return set()


def _is_variant(gpu: str | None, memory_gb: float) -> bool:
    """True when the memory says which model of the GPU it is, such as 80 GB of an A100."""
    if gpu is None or gpu in _NO_GPUS:
        return gpu is not None
    spec = find_gpu(f"{gpu} {memory_gb:g}gb")
    return spec is not None and spec.memory_gb == memory_gb


def _kept_overrides(former: Intent, said: Intent) -> dict[str, Any]:
    kept = former.overrides or {}
    return {path: value for path, value in kept.items() if not (said.method == "full" and path.startswith("peft."))}


def hear(state: State, reading: Reading, line: str) -> State | None:
    """The state after a line, before it is planned; None when the line says nothing to plan with.

    A new model drops the old one's notes.

    Raises:
        UsageError: a field that Oumi does not have, or a value that it cannot take.
    """
    questions = state.outcome.questions if state.outcome else ()
    said = absorb(answered(questions, reading.intent, line))
    if said == Intent() and not reading.conflicts:
        return None
    fields = {note.field for note in reading.notes}
    if said.model:
        fields.add("model")
    kept = tuple(note for note in state.notes if note.field not in fields)
    return State(
        intent=merged(absorb(state.intent), said),
        notes=(*kept, *reading.notes),
        words=(*state.words, line),
        config=state.config,
        before=(*state.before[-49:], state),
    )


def undone(state: State) -> State:
    """The state before the last line; the same if there is none."""
    return state.before[-1] if state.before else state
