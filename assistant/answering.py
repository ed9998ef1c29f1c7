"""One reading answered on this computer: the machine chosen, the model found, the data file read, then planned.

The program, its chat and the Python API all go this way, so that the same words give the same bytes everywhere.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.builder import respond
from assistant.builder.phrase import machine_phrase
from assistant.builder.requests import unread_findings
from assistant.builder.subjects import BASE
from assistant.catalogue.machines import hardware_from_intent
from assistant.core.datafacts import DataFacts
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Hardware, ModelSpec, Reason
from assistant.machine.choice import choose_machine
from assistant.machine.files import is_here
from assistant.machine.models import resolve_model
from assistant.reader import Later, Reading
from assistant.reader.sizes import Asked, asks_for, bare_size, without
from assistant.terminal.text import one_line

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known beside the words: the value of `--gpus`, whether the network is out of bounds, how a long read is shown.

    `progress` makes the callback (bytes read, bytes to read) for a file's name; None shows nothing.
    """

    gpus: str | None = None
    offline: bool = True
    progress: Callable[[str], Progress] | None = None


def answer(reading: Reading, text: str, setting: Setting, *, line: str | None = None) -> Outcome:
    """Plan what was read for the machine that the flags, the words or this computer state.

    `line` is the part of the text that may be a question of size: in a conversation the last line alone.
    """
    if reading.after is not None and not reading.questions and (step := _step_of(reading.after, reading, text, setting)):
        return step
    reading = _of_its_folder(reading) if reading.after is not None else reading
    found = _answered(reading, text, setting, line)
    if reading.after is not None and reading.intent.task == "judge" and reading.intent.dataset is None:
        from assistant.builder.sets import told_of_answers  # few conversations come to a judge

        found = told_of_answers(found)
    return _with_later(_saved_whole(found, reading, text, setting, line), reading.later, text, setting) if reading.later else found


def _answered(reading: Reading, text: str, setting: Setting, line: str | None) -> Outcome:
    said, asked = reading.intent, asks_for(text if line is None else line)
    machine, notes = choose_machine(said, setting.gpus)
    reading, usual = settled(reading, machine), None
    if asked:  # a question of size is answered for the usual model; a config is made for one that was named
        reading, usual = with_usual_model(reading, text)
    if asked and not reading.questions and (found := sized(asked, reading, machine, text, setting, usual)):
        return replace(found, intent=said)
    if asked in ("requirements", "count") and said.task in _RUN:
        machine, notes = _least(reading, machine, notes, text, setting)
    if machine is None:  # then the notes belong to no machine, and would be left out with it
        reading = replace(reading, notes=(*reading.notes, *notes))
    outcome = planned(asked, reading, machine, notes, text, setting)
    if usual:
        return replace(outcome, intent=outcome.intent.model_copy(update={"model": None}))
    return outcome if asked else offering_usual(outcome, reading, text)


_RUN = ("infer", "evaluate")
"""Tasks whose least machine is the first one on which a plan fits; of a training it is the one on which the run costs least."""
_COUNTS = (1, 2, 4, 8)
"""GPUs of one machine as they are rented."""


def _least(reading: Reading, machine: Hardware | None, notes: tuple[Reason, ...], text: str, setting: Setting) -> tuple[Hardware | None, tuple[Reason, ...]]:
    """What running a model needs: the fewest of the GPU that was said, else the usual machine with the least memory in all that holds it."""
    from assistant.builder.serving import usual_machines

    said = machine if machine is not None and (setting.gpus or machine.source != "probe") else hardware_from_intent(reading.intent)[0]
    machines = [replace(said, count=count, nodes=1, source="flag") for count in _COUNTS] if said is not None else usual_machines()
    held = next((one for one in machines if planned(None, reading, one, notes, text, setting).status == "ok"), machines[-1])
    why = "the fewest that hold it, as they are rented" if said is not None else "the least memory in all that holds it, of usual machines"
    return held, (Reason(field="hardware", value=machine_phrase(held), why=why),)


def planned(asked: Asked | None, reading: Reading, machine: Hardware | None, notes: tuple[Reason, ...], text: str, setting: Setting) -> Outcome:
    """The plan for what was read on this machine; where it was asked whether it fits, yes or no first."""
    outcome = respond(
        reading.intent,
        machine=machine,
        machine_notes=notes,
        notes=reading.notes,
        conflicts=reading.questions,
        unread=reading.unread,
        resolve=functools.partial(resolve_model, offline=setting.offline),
        exists=is_here,
        examine=functools.partial(read_rows, setting),
        request=one_line(text, 500) or None,
    )
    if asked == "fits":
        from assistant.builder.sizing import with_verdict

        outcome = with_verdict(outcome)
    return outcome


def offering_usual(outcome: Outcome, reading: Reading, text: str) -> Outcome:
    """The usual model of a bare size (`lora a 13b`) as the first choice where a model is asked for."""
    _, usual = with_usual_model(reading, text) if outcome.status == "needs_input" else (reading, None)
    if usual is None:
        return outcome
    asked = tuple(replace(q, choices=(usual.id, *q.choices)) if q.field == "model" else q for q in outcome.questions)
    return replace(outcome, questions=asked)


def settled(reading: Reading, machine: Hardware | None) -> Reading:
    """Without the questions of a GPU that a flag has answered, or this computer where the request names none."""
    if machine is None:
        return reading
    flagged = machine.source == "flag"
    left = tuple(q for q in reading.questions if q.field != "gpu" or (q.choices and not flagged))
    return replace(reading, questions=left)


def with_usual_model(reading: Reading, text: str) -> tuple[Reading, ModelSpec | None]:
    """The reading with the usual model of a size that stands alone (`lora a 13b`), said as an assumption."""
    from assistant.builder.sizing import usual_model

    found = usual_model(reading.intent, text) if bare_size(text) else None
    if found is None:
        return reading, None
    model, size = found
    note = Reason(field="model", value=model.id, why=f'no model was named; this one stands for "{size}"')
    intent = reading.intent.model_copy(update={"model": model.id})
    return replace(reading, intent=intent, notes=(*reading.notes, note), unread=without(reading.unread, size)), model


def read_rows(setting: Setting, path: str, objective: str, model: str) -> DataFacts | None:
    """What a local data file holds; None where it is not here. Large files may show how far they are read."""
    name = str(Path(path).expanduser())
    if not is_here(name):
        return None
    there = os.stat(name)
    key = (name, objective, model, there.st_mtime_ns, there.st_size)
    if key not in _ROWS_READ:
        from assistant.machine.datafile import examine

        _ROWS_READ[key] = examine(name, objective, model=model, progress=setting.progress(path) if setting.progress else None)
    return _ROWS_READ[key]


_ROWS_READ: dict[tuple[str, str, str, int, int], DataFacts | None] = {}
"""What files held when they were read, by name, purpose, model, time and size: a conversation plans with one many times."""


def sized(asked: Asked, reading: Reading, machine: Hardware | None, text: str, setting: Setting, usual: ModelSpec | None) -> Outcome | None:
    """The answer to a question of size; None where it is a request for a config after all."""
    from assistant.builder.sizing import answer_sizing

    stated = machine if machine is not None and (setting.gpus or machine.source != "probe") else hardware_from_intent(reading.intent)[0]
    resolve = functools.partial(resolve_model, offline=setting.offline)
    found = answer_sizing(asked, reading.intent, stated, resolve, text=one_line(text, 500), usual=usual)
    return replace(found, assumptions=(*reading.notes, *found.assumptions), findings=(*unread_findings(reading.unread), *found.findings)) if found else None


def _saved_whole(found: Outcome, reading: Reading, text: str, setting: Setting, line: str | None) -> Outcome:
    """The training, planned anew where a step needs a whole model of it and it would save an adapter; what was said stays what it was."""
    from assistant.builder.sets import merging

    note = merging(found.plan, reading.later) if found.status == "ok" else None
    if note is None:
        return found
    said = reading.intent
    asked = said.model_copy(update={"overrides": {**(said.overrides or {}), note.field: note.value}})
    again = _answered(replace(reading, intent=asked, notes=(*reading.notes, note)), text, setting, line)
    return replace(again, intent=again.intent.model_copy(update={"overrides": found.intent.overrides})) if again.status == "ok" else found


def _with_later(training: Outcome, later: tuple[Later, ...], text: str, setting: Setting) -> Outcome:
    """A training with the steps on its result that were asked for with it."""
    from assistant.builder.sets import with_steps  # most requests are for one config

    def plan(intent: Intent, machine: Hardware | None, notes: tuple[Reason, ...]) -> Outcome:
        resolve = functools.partial(resolve_model, offline=setting.offline)
        return respond(intent, machine=machine, notes=notes, resolve=resolve, exists=is_here, request=one_line(text, 500) or None)

    return with_steps(training, later, plan, exists=is_here)


def _step_of(whole: Reading, reading: Reading, text: str, setting: Setting) -> Outcome | None:
    """One step of a training with its steps, planned as one of them; None where it cannot be."""
    planned = answer(whole, text, setting, line="")
    alone = next((step for step in planned.then if step.intent.task == reading.intent.task), None)
    if alone is None:
        return None
    alone = replace(alone, findings=(*unread_findings(reading.unread), *alone.findings))
    if alone.intent.cloud is None:
        return alone
    from assistant.builder.jobs import with_job

    return with_job(alone, exists=is_here)


def _of_its_folder(step: Reading) -> Reading:
    """The step, of the folder that its training writes as far as that is noted: the model that was said is what the training starts from."""
    written = next((note.value for note in step.notes if note.field == "model"), None)
    if written is None or not any(note.field == BASE for note in step.notes):
        return step
    return replace(step, intent=step.intent.model_copy(update={"model": written}))


def with_evidence(outcome: Outcome, text: str) -> Outcome:
    """The outcome with the words behind what was planned with; an LLM's reading has those that the offline reader read alike.

    Takes about as long as reading the text again for each of its words.
    """
    from assistant.reader.evidence import evidence, values

    said = values(outcome.intent)
    found = tuple(e for e in evidence(text) if e.field is None or e.field not in said or said[e.field] == e.value)
    return replace(outcome, evidence=found)
