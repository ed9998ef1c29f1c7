"""Two readings of one line: the offline reader's, which knows where it found a thing, and an LLM's, which knows more words.

The rule: what the offline reader found stands. The LLM fills gaps with what the words bear out, never one that the offline
reader asks about, never from a question that changes nothing, never with a number or a name that was read as something else, never one that contradicts what was found.
One exception: a model that no catalogue has gives way to one that it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.models import find_model, get_model
from assistant.core.values import Reason
from assistant.llm.grounding import Heard, stands_in
from assistant.llm.numbers import numbers_in, same
from assistant.llm.schema import as_intent
from assistant.reader import Reading
from assistant.reader.clashes import is_explanation

_TRAINING = frozenset(
    ("objective", "method", "epochs", "max_steps", "global_batch_size", "micro_batch_size", "learning_rate", "lora_rank",
     "lora_alpha", "precision", "sharding")
)  # fmt: skip
_SERVING = frozenset(("engine", "benchmarks", "num_fewshot", "limit"))
_ADAPTERS = frozenset(("lora_rank", "lora_alpha"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """One reading of a line, and what was taken from whom: `notes` have the value taken and why."""

    reading: Reading
    notes: tuple[Reason, ...] = ()


def combine(offline: Reading, heard: Heard, words: str) -> Combined:
    """The offline reading with its gaps filled, and a note for each gap filled and each difference."""
    found = {key: value for key, value in offline.intent.model_dump().items() if value is not None}
    asks_for_change = heard.kind == "request" and not is_explanation(words, found)
    taken: dict[str, Any] = {}
    notes: list[Reason] = []
    for key, value in heard.intent.model_dump().items():
        if value is None or same_value(found.get(key), value):
            continue
        if key in found:
            wins = key == "model" and _is_better_model(found[key], value)
            notes.append(_difference(key, found[key], value, llm_wins=wins))
            taken |= {key: value} if wins else {}
        elif asks_for_change and _may_fill(key, value, {**found, **taken}, offline, words):
            taken[key] = value
            notes.append(Reason(field=key, value=value, why="read by the LLM: the offline reader found none"))
    intent, refused = as_intent({**found, **taken})
    kept = tuple(note for note in notes if note.field not in refused or note.value != taken.get(note.field))
    return Combined(reading=replace(offline, intent=intent), notes=kept)


def same_value(one: Any, other: Any) -> bool:
    """Equal, case and order aside."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one) == sorted(other)
    return bool(one == other)


def _difference(key: str, ours: Any, theirs: Any, *, llm_wins: bool) -> Reason:
    if llm_wins:
        return Reason(field=key, value=theirs, why=f"the LLM's: the offline reader's {ours} is not in the catalogue")
    return Reason(field=key, value=ours, why=f"the offline reader's, which your words name: the LLM read {_shown(theirs)}")


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else f"{value:g}" if isinstance(value, float) else str(value)


def _is_better_model(ours: str, theirs: str) -> bool:
    """True where only the LLM's is in the catalogue, and ours is no place of its own."""
    return get_model(theirs) is not None and find_model(ours) is None and "/" not in ours


def _may_fill(key: str, value: Any, found: dict[str, Any], offline: Reading, words: str) -> bool:
    """True where nothing speaks against taking the LLM's value."""
    if any(question.field == key for question in offline.questions) or _contradicts(key, found):
        return False
    if isinstance(value, bool | list):
        return True
    if isinstance(value, int | float):
        return not _is_spent(value, found, words)
    return not any(_overlaps(value, other) for name, other in found.items() if name not in ("task", "objective", "method"))


def _contradicts(key: str, found: dict[str, Any]) -> bool:
    """True for a field that the rest of the request has no place for."""
    task = found.get("task")
    if key in _TRAINING and task not in (None, "train", "tune"):
        return True
    if key in _SERVING and task in ("train", "tune", "quantize"):
        return True
    if key in _ADAPTERS and found.get("method") == "full":
        return True
    pairs = (("gpu", "gpu_memory_gb"), ("epochs", "max_steps"))
    return any(key in pair and any(other in found for other in pair if other != key) for pair in pairs)


def _is_spent(value: float, found: dict[str, Any], words: str) -> bool:
    """True when every place where the number stands is needed for what was found already."""
    stands = sum(any(same(value, v) for v in said.values) for said in numbers_in(words))
    used = sum(same(value, other) for other in _numbers(found))
    return used > 0 and used >= stands


def _numbers(found: dict[str, Any]) -> Iterator[float]:
    for value in (*found.values(), *(found.get("overrides") or {}).values()):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield value


def _overlaps(value: str, other: Any) -> bool:
    """True when a name was read as something else already."""
    if not isinstance(other, str):
        return False
    if stands_in(value, other) or stands_in(other, value):
        return True
    ours, theirs = find_dataset(value), find_dataset(other)
    return ours is not None and ours == theirs
