"""What every kind of request is answered with: what is known, the model, the machine, the questions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from assistant.catalogue.families import usual_models
from assistant.catalogue.machines import hardware_from_intent
from assistant.catalogue.models import find_model, get_model, hosted_ids, suggest_models
from assistant.catalogue.offers import NO_PRICES
from assistant.core.datafacts import DataFacts
from assistant.core.errors import NeedsInputError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Finding, Hardware, ModelSpec, Question, Reason
from assistant.reader.names import is_family
from assistant.reader.unwanted import SHELL

Resolve = Callable[[str], tuple[ModelSpec | None, tuple[Reason, ...]]]
Examine = Callable[[str, str, str], DataFacts | None]
MEANWHILE = "not settled, taken meanwhile"
"""Begins the reason of a value that is planned with while a question about it is open."""
MEASURED = "measured_memory"
"""The note that holds what an error showed a run to take, times its estimate."""
EXAMPLES = ("Llama 3.1 8B", "Qwen3 8B", "SmolLM2 135M")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything that is known before planning. `said` is what the user said that the intent has no key for, by its name."""

    intent: Intent
    machine: Hardware | None = None
    machine_notes: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    conflicts: tuple[Question | str, ...] = ()
    unread: tuple[str, ...] = ()
    resolve: Resolve | None = None
    exists: Callable[[str], bool] | None = None
    examine: Examine | None = None
    text: str | None = None
    said: dict[str, str] = field(default_factory=dict)


def ask(asked: Request, *questions: Question, explanation: str = "") -> Outcome:
    """The outcome that asks these questions."""
    machine, _ = stated_machine(asked)
    return Outcome(
        status="needs_input",
        intent=asked.intent,
        request=asked.text,
        questions=questions,
        assumptions=asked.notes,
        hardware=machine,
        findings=unread_findings(asked.unread, asked.text),
        explanation=explanation,
    )


def measured(model: ModelSpec, notes: tuple[Reason, ...]) -> ModelSpec:
    """The model with what an error showed a run of it to take."""
    found = next((note.value for note in notes if note.field == MEASURED and isinstance(note.value, (int, float))), 1.0)
    return replace(model, measured=float(found)) if found > 1 else model


def model_of(asked: Request) -> tuple[ModelSpec, tuple[Reason, ...]]:
    """The open model that was named, and what was assumed to find it.

    Raises:
        NeedsInputError: no such model, several, or one that runs behind an API.
    """
    name = asked.intent.model or ""
    notes: tuple[Reason, ...] = ()
    if asked.resolve is not None:
        model, notes = asked.resolve(name)
    else:
        match = find_model(name)
        model = get_model(match.id) if match else None
        if match and match.why:
            notes = (Reason(field="model", value=match.id, why=match.why),)
    if model is not None:
        return model, notes
    near = _meant_by(name) if len(name) <= 200 else ()
    match = find_model(name)
    if match and match.id in hosted_ids() and not usual_models(name):
        text = f"{match.id} runs behind an API and cannot be trained here. Which open model instead?"
        raise needs_model(text, EXAMPLES)
    what = f'"{name[:80]}" names several models' if usual_models(name) or is_family(name) else f'No model "{name[:80]}" is known'
    raise needs_model(f"{what}. Which one is meant?", near)


def _meant_by(name: str) -> tuple[str, ...]:
    """Models to choose from: of a family's name the usual one first, else the names that come nearest."""
    return tuple(model.id.split("/")[-1] for model in usual_models(name)) or tuple(suggest_models(name))


def needs_model(text: str, choices: tuple[str, ...]) -> NeedsInputError:
    """The question for a model, as an error to raise."""
    error = NeedsInputError(text, context="model", hint="Any Hugging Face id or a local folder works too.")
    error.args = (Question(field="model", text=text, choices=choices),)
    return error


def stated_machine(asked: Request) -> tuple[Hardware | None, tuple[Reason, ...]]:
    """The machine to plan for: a flag's, else the request's own, else a probed one."""
    if asked.machine is not None and asked.machine.source == "flag":
        return asked.machine, asked.machine_notes
    said, notes = hardware_from_intent(asked.intent)
    if said is not None:
        return said, notes
    return asked.machine, asked.machine_notes


def assumed_why(intent: Intent, *, fits: bool) -> str:
    """Why a machine was taken that nobody named; where it does not fit either, no other that is usual does."""
    if not fits:
        return "no hardware was said and none was found; no usual machine fits, and this is the last that was tried. Say --gpus to plan for yours"
    if intent.cloud is None or intent.cloud in NO_PRICES:
        return "no hardware was said and none was found; the smallest usual machine that fits. Say --gpus to plan for yours"
    return f"no hardware was said; the least expensive known on {intent.cloud} that fits. Say --gpus to plan for another"


def said_model(asked: Request, model: ModelSpec) -> str:
    """The model's id; a local folder as it was given."""
    return model.id if not model.local else (asked.intent.model or model.id)


def missing_file_words(path: str, run: str, *, fetched: bool = False) -> tuple[str, str]:
    """(what is amiss, how to mend it) of a file that is not here: fine for another machine, a slip otherwise; Oumi opens no addresses.

    `run` says what needs it: `the training runs`. `fetched` is true where the library `datasets` reads it, which can fetch.
    """
    scheme, slashes, rest = path.partition("://")
    if not slashes:
        return f"{path} is not on this machine", f"it must be where {run}, under this path"
    if fetched:
        return f"{path} was not looked at: it is an address", f"what reads {scheme}:// must be installed and logged in where {run}"
    name = rest.rpartition("/")[2] or "the file"
    return f"Oumi opens {path} as a local path, and fails: it reads no {scheme}:// addresses", f"copy it first and say its path, such as data/{name}"


_MOST = 0.5
"""Share of a request's letters; where more was not understood, what was is likely not what was meant."""


def unread_findings(pieces: tuple[str, ...], text: str | None = None) -> tuple[Finding, ...]:
    """Pieces that nobody understood, each as a warning; one more where they are most of the request."""
    lost, all_of_it = _letters(" ".join(piece.partition(" (")[0] for piece in pieces)), _letters(text or "")
    most = (
        Finding(
            rule="REQ007",
            severity="warning",
            path="request",
            message="most of the request was not understood",
            fix="check that the plan is what was meant, or say it in other words",
        ),
    )
    return (*(most if pieces and all_of_it and lost > _MOST * all_of_it else ()), *_each(pieces))


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)


_LATER = re.compile(r"(?:and )?(?:then )?(?:serve|deploy|host|quanti[sz]e|chat with|(?:run|do) inference|infer|judge|eval(?:uate)?|benchmark|fine-?tune|train|q?lora|dpo|sft|kto|grpo)\b", re.IGNORECASE)
"""A piece that asks for another step than the one planned: it was understood, and is not part of this config."""


def _each(pieces: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(_unread(piece[:80]) for piece in pieces)


def _unread(piece: str) -> Finding:
    if piece.endswith(f" ({SHELL})"):
        return Finding(rule="REQ001", severity="warning", path="request", message=f'left to your shell: "{piece.removesuffix(f" ({SHELL})")}"', fix="type it there; nothing here runs it")
    if _LATER.match(piece):
        return Finding(
            rule="REQ006", severity="warning", path="request", message=f'left out: "{piece}" (a request makes a training with what evaluates and runs it, or one other config)', fix="ask for it by itself",
        )  # fmt: skip
    return Finding(rule="REQ001", severity="warning", path="request", message=f'not understood: "{piece}"', fix="say it in other words, or as a field: training.warmup_steps=50")
