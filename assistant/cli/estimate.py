"""`oumi-chat estimate`: what a run takes, by words, by flags, or from a config that is already there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.answering import planned, settled, sized, with_usual_model
from assistant.builder.existing import Existing, machine_of_job
from assistant.builder.sizing import largest, of_config
from assistant.catalogue.machines import hardware_from_intent, parse_machine
from assistant.cli.request import Options
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Finding, Hardware, ModelSpec
from assistant.machine.choice import choose_machine
from assistant.machine.configs import parse_config, read_config
from assistant.machine.jobconfig import config_of_job, fields_set
from assistant.machine.models import resolve_model
from assistant.reader import Reading, read
from assistant.reader.sizes import Asked, asks_for
from assistant.terminal import report
from assistant.terminal.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """The flags that say what `estimate` is about; None where they were not given."""

    config: str | None = None
    model: str | None = None
    method: str | None = None
    objective: str | None = None
    dataset: str | None = None
    sequence_length: int | None = None
    micro_batch_size: int | None = None
    global_batch_size: int | None = None
    lora_rank: int | None = None

    def keys(self) -> dict[str, Any]:
        """What was said, under the intent's keys."""
        names = ("model", "method", "objective", "dataset", "sequence_length", "micro_batch_size", "global_batch_size", "lora_rank")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def estimate(text: str, sizing: Sizing, options: Options) -> Outcome:
    """The outcome of one `estimate`; it holds no files."""
    if sizing.config is not None:
        _refuse_beside_config(text, sizing)
        return _of_file(sizing.config, options)
    reading = read(text)
    asked = asks_for(text)
    said = _intent({"task": "train", **reading.intent.model_dump(exclude_none=True), **sizing.keys()})
    machine, notes = choose_machine(said, options.gpus)
    reading, usual = with_usual_model(settled(replace(reading, intent=said), machine), text)
    outcome = _without_config(asked, reading, machine, text, options, usual)
    if outcome is None:
        outcome = planned(asked, reading, machine, notes, text, options.setting)
    told = outcome.intent.model_copy(update={"model": None}) if usual else outcome.intent
    return replace(outcome, intent=told, files=(), commands=())


def _refuse_beside_config(text: str, sizing: Sizing) -> None:
    keys = sizing.keys()
    said = [f"--{'training-type' if name == 'method' else name.replace('_', '-')}" for name in keys]
    if text or said:
        what = " and ".join(([f'"{one_line(text, 40)}"'] if text else []) + said)
        raise UsageError(f"{what} cannot stand beside --config, which is read as it is.", context="--config", hint="Say --gpus alone, or change the file.", reference="beside-config")


def _without_config(
    asked: Asked | None, reading: Reading, machine: Hardware | None, text: str, options: Options, usual: ModelSpec | None
) -> Outcome | None:
    """What a run needs, or the largest models, where that is asked or neither machine nor model is known."""
    if reading.questions:
        return None
    if asked and (found := sized(asked, reading, machine, text, options.setting, usual)):
        return found
    stated = machine if machine is not None and (options.gpus or machine.source != "probe") else hardware_from_intent(reading.intent)[0]
    if reading.intent.model is None and stated is not None:
        return largest(reading.intent, stated, text=text or None)
    if reading.intent.model is None or stated is not None or machine is not None:
        return None
    return sized("requirements", reading, machine, text, options.setting, usual)


def finish(outcome: Outcome, options: Options) -> int:
    """Show the estimate and return the exit code."""
    if options.json:
        report.json_result(options.screen, outcome.to_json())
    else:
        report.sizing(options.screen, outcome, quiet=options.quiet)
    return outcome.exit_code


def _intent(keys: dict[str, Any]) -> Intent:
    try:
        return Intent.model_validate(keys)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = f"--{'.'.join(str(part) for part in first['loc']).replace('_', '-')}"
        name = {"--method": "--training-type"}.get(name, name)
        raise UsageError(f"{name} cannot be {first['input']!r}: {first['msg'].lower()}.", context=name, hint="oumi-chat estimate --help shows what it takes.") from None


def _of_file(name: str, options: Options) -> Outcome:
    """An existing training config, or a job and the config that it runs, on the job's or the stated machine."""
    body = read_config(Path(name).expanduser())
    machine = parse_machine(options.gpus) if options.gpus and options.gpus.strip().lower() != "auto" else None
    job = body if "resources" in body or "run" in body else None
    if job is not None:
        machine = machine or machine_of_job(job)
        trained = config_of_job(Path(name).expanduser(), job)
        body = parse_config(trained.text, str(trained.file))
    if machine is None:
        machine, _ = choose_machine(Intent(), options.gpus)
    if machine is None:
        raise UsageError("No machine was stated and none was found.", context=name, hint='Say --gpus "2xA100-80GB".', reference="no-machine")
    told = tuple(_overridden(job)) if job is not None else ()
    outcome = of_config(body, _model_of(body, options), machine, text=name)
    return replace(outcome, findings=(*outcome.findings, *told))


def _overridden(job: dict[str, Any]) -> list[Finding]:
    """Fields that the run script sets beside its config: they are not in the file that is judged."""
    names = fields_set(job)
    if not names:
        return []
    message = f"the run script also sets {', '.join(names)}: the file is judged without"
    return [Finding(rule="REQ005", severity="warning", path="run", message=message, fix="set them in the config, and judge that")]


def _model_of(body: dict[str, Any], options: Options) -> ModelSpec:
    name = Existing.of(body).model_name
    model, _ = resolve_model(name, offline=options.offline)
    if model is None:
        raise UsageError(f"{name} is not a model whose shape is known.", context="model.model_name", hint="Give a local folder, or go online.", reference="unknown-model")
    return model
