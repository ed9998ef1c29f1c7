"""The model that a request is about where nothing is trained: an open one, one behind an API, or a folder of the user's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.builder.requests import Request, model_of
from assistant.catalogue.engines import engine_of_hosted, gguf_files
from assistant.catalogue.models import find_model, get_model, routed_id
from assistant.catalogue.packed import packed_model
from assistant.core.errors import NeedsInputError, OumiChatError, UsageError
from assistant.core.values import ModelSpec, Reason
from assistant.planner.data import is_local

BASE = "base model"
"""Field of the note that says which model a folder was trained from, in a conversation that planned that training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """`id` stands in the config; `model` is its shape, None where it is not known here or runs behind an API.

    `adapter` is a folder with LoRA weights that go onto it.
    """

    id: str
    model: ModelSpec | None
    adapter: str | None = None
    notes: tuple[Reason, ...] = ()


ADAPTER = "model.adapter_model"
"""Oumi's field for a folder or a repository with LoRA weights."""


def named_model(asked: Request) -> Named:
    """The model to run, with the adapter that was said to go onto it.

    Raises:
        NeedsInputError: no such model, or several.
    """
    found = _model_named(asked)
    adapter = (asked.intent.overrides or {}).get(ADAPTER)
    return replace(found, adapter=str(adapter)) if adapter and found.adapter is None else found


def _model_named(asked: Request) -> Named:
    name = asked.intent.model or ""
    if (trained := _trained(asked, name)) is not None:
        return trained
    match = find_model(name)
    if match and (hosted := engine_of_hosted(match.id)) is not None:
        routed = routed_id(match.id) if asked.intent.engine == "OPENROUTER" else match.id
        note = (Reason(field="model", value=routed, why=match.why),) if match.why else ()
        return Named(id=routed, model=None, notes=note if hosted else ())
    if match and (base := next((f.base for f in gguf_files().values() if f.repo == match.id), None)):
        return Named(id=match.id, model=get_model(base))
    if is_local(name) and asked.exists is not None and not asked.exists(name):
        return Named(id=name, model=None)
    if match is None and not is_local(name) and (packed := packed_model(name)) is not None:
        return Named(id=name, model=packed)
    try:
        model, notes = model_of(asked)
    except UsageError:  # a folder that holds an adapter alone, or no config that says the shape
        if not is_local(name):
            raise
        return Named(id=name, model=None)
    except NeedsInputError:
        if is_local(name) or _is_hub_id(name) or asked.intent.engine in _FREE_NAMES:
            return Named(id=name, model=None)
        raise
    return Named(id=model.id if not model.local else name, model=model, notes=notes)


def _trained(asked: Request, name: str) -> Named | None:
    """The folder that the training before writes: its shape is that of the model it started from."""
    note = next((n for n in asked.notes if n.field == BASE), None)
    base = (get_model(str(note.value)) or _resolved(asked, str(note.value))) if note else None
    if note is None or base is None:
        return None
    if "adapter" in note.why:
        return Named(id=str(note.value) if base.local else base.id, model=base, adapter=name)
    return Named(id=name, model=base)


def _resolved(asked: Request, name: str) -> ModelSpec | None:
    """The shape of a local model; None where it cannot be read."""
    try:
        return asked.resolve(name)[0] if asked.resolve is not None else None
    except OumiChatError:
        return None


_FREE_NAMES = frozenset(
    ["ANTHROPIC", "OPENAI", "GOOGLE_GEMINI", "GOOGLE_VERTEX", "TOGETHER", "FIREWORKS", "OPENROUTER", "DEEPSEEK", "PARASAIL", "SAMBANOVA", "CEREBRAS", "BEDROCK", "HUGGING_FACE_ROUTER"]
)
"""Engines whose providers name models as they like: a name that the catalogue lacks is passed on."""


def _is_hub_id(name: str) -> bool:
    """True for `owner/name`, in one word each."""
    owner, slash, rest = name.partition("/")
    return bool(slash and owner and rest) and "/" not in rest and not set(name) & set(" \t\n\"'")
