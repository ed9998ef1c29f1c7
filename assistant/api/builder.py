"""`ConfigBuilder`: from what is said, step by step, to a config that loads and fits; any config read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from assistant.api.config import OumiConfig
from assistant.api.file import File, read_file
from assistant.api.request import Said, said_as, said_in
from assistant.api.steps import Steps
from assistant.api.values import checked, checked_machine, checked_override, path_text, text
from assistant.builder.existing import Existing
from assistant.builder.imports import UNCOUNTED, intent_of_config
from assistant.builder.prose import explain
from assistant.builder.saving import named
from assistant.builder.sizing import of_config
from assistant.catalogue.machines import parse_machine
from assistant.checks.kinds import kind_of_task
from assistant.configs.difference import Change
from assistant.core.errors import DoesNotFitError, NeedsInputError, OumiChatError, UsageError
from assistant.core.intent import Cloud, Intent
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Finding, Hardware, Plan, Question
from assistant.machine.choice import choose_machine
from assistant.machine.files import output_path, write_all
from assistant.machine.models import resolve_model
from assistant.reader.steps import STEP_TASKS


@dataclass(frozen=True, slots=True)
class ConfigBuilder(Steps):
    """What is wanted, said in steps; each returns a new builder and leaves the old one as it was.

    A new builder plans a training. `from_request` begins with plain words, `from_intent` with an intent, `load` with a
    config that is there: its steps then change single fields of that file and nothing else. Nothing here touches the
    network; without `.hardware` or `.gpu` the machine is this computer's, else the smallest usual one that fits.
    """

    _said: Said = field(default_factory=Said)
    _file: File | None = None

    def __repr__(self) -> str:
        if self._file is not None:
            return f"ConfigBuilder.load({self._file.name!r})"
        said = self._said.intent.model_dump(exclude_none=True)
        machine = {"hardware": self._said.gpus} if self._said.gpus else {}
        return f"ConfigBuilder({', '.join(f'{key}={value!r}' for key, value in {**said, **machine}.items())})"

    # Where a builder comes from.

    @classmethod
    def from_request(cls, request: str) -> ConfigBuilder:
        """A request in plain words, read by the offline reader.

        Raises:
            UsageError: no words, or too many.
        """
        return cls(said_in(request))

    @classmethod
    def from_intent(cls, intent: Intent | Mapping[str, Any]) -> ConfigBuilder:
        """An intent, or its keys as `--json` prints them.

        Raises:
            UsageError: an unknown key, or a value that it cannot have.
        """
        return cls(said_as(intent))

    @classmethod
    def load(cls, path: str | PathLike[str], *, kind: str | None = None) -> ConfigBuilder:
        """Any Oumi config: every field of it is kept, known or not. `kind` is told by the fields where it is not given.

        Raises:
            UsageError: no such file, or no config in it.
        """
        return cls(Said(), read_file(path, kind))

    def replan(self) -> ConfigBuilder:
        """A loaded training config as an intent, so that the planner decides anew what follows from what.

        What an intent has no place for is named in the config's assumptions as left out; what the file leaves to Oumi's
        defaults is the planner's to decide.

        Raises:
            UsageError: no file was loaded, it is no training config, or a field has the wrong type.
        """
        if self._file is None or self._file.kind != "train":
            raise UsageError("Only a training config that was loaded can be planned anew.", context="replan", hint="ConfigBuilder.load(path).replan()", reference="no-plan")
        intent, left = intent_of_config(self._file.body, with_defaults=False)
        said = said_as(intent)
        notes = tuple(replace(note, why=f"left out: {_why_left_out(note.why)}") for note in left)
        return ConfigBuilder(replace(said, gpus=self._said.gpus, reading=replace(said.reading, notes=notes)))

    # What is said beside the keys that `Steps` has.

    def hardware(self, machine: str) -> ConfigBuilder:
        """The machine, as `--gpus` takes it: `2xA100-80GB`, `H100:8`, `2x8xH100` (nodes first), `2x24GB`, `cpu:64GB`, `auto` for this one.

        It wins over what else was said of GPUs. On a loaded job it sets what the job asks for; on a loaded training it
        is the machine that memory is judged for.

        Raises:
            UsageError: no such machine, or a loaded config of a kind that names none.
        """
        words = checked_machine(machine)
        if self._file is not None and self._file.kind != "train":
            return replace(self, _file=self._file.on_machine(_machine(words)))
        return replace(self, _said=replace(self._said, gpus=words))

    def then(self, task: Literal["evaluate", "eval", "infer", "quantize", "judge"], **keys: Any) -> ConfigBuilder:
        """A step on what the training writes, planned with it: `.then("evaluate", benchmarks=["mmlu"]).then("infer", dataset="q.jsonl")`.

        `keys` are those of an intent. Model and machine are the training's, where the step says none. `quantize` makes a
        LoRA training save the whole model; `judge` takes the `model` that judges, and the answers of an `infer` before it.

        Raises:
            UsageError: another task, an unknown key or a value that it cannot have, or this plans no training.
        """
        step = "evaluate" if task == "eval" else task
        if step not in STEP_TASKS or self._file is not None or self._said.intent.task != "train":
            hint = 'A training that is planned, then .then("evaluate", …), "infer", "quantize" or "judge".'
            raise UsageError(f"{task!r} cannot be a step here.", context="then", hint=hint, reference="no-step")
        if unknown := next((key for key in keys if key not in Intent.model_fields or key == "task"), None):
            raise UsageError(f"{unknown} is no key of an intent.", context=f"then {unknown}", hint="See the table of keys in docs/python.md.", reference="wrong-value")
        return replace(self, _said=self._said.then(step, {key: checked(key, value) for key, value in keys.items()}))

    def override(self, path: str, value: Any) -> ConfigBuilder:
        """One field of the config by its dotted name, such as `training.warmup_steps`; what the planner decides follows it.

        Raises:
            UsageError: Oumi has no such field, or it cannot have this value. On a loaded config also where the place
                cannot be edited safely, such as behind an alias.
        """
        if self._file is not None:
            return replace(self, _file=self._file.with_field(path, value))
        typed = checked_override(path, value, kind_of_task(self._said.intent.task))
        return replace(self, _said=self._said.saying("overrides", {path.strip(): typed}))

    def unset(self, name: str) -> ConfigBuilder:
        """Without a key of the intent (`epochs`) or an override (`training.warmup_steps`); on a loaded config, without that field.

        Raises:
            UsageError: nothing of that name was said, or the file has no such field.
        """
        wanted = text("unset", name)
        if self._file is not None:
            return replace(self, _file=self._file.without_field(wanted))
        said = self._said.intent
        if wanted not in (said.overrides or {}) and said.model_dump(exclude={"overrides"}).get(wanted) is None:
            raise UsageError(f"Nothing was said of {wanted}.", context=wanted, hint="Name a key of the intent or an override.", reference="no-field")
        return replace(self, _said=self._said.unsaid(wanted))

    def _say(self, key: str, value: Any) -> ConfigBuilder:
        known = checked(key, value)
        if self._file is not None:
            return replace(self, _file=self._file.saying(key, known))
        return replace(self, _said=self._said.unsaid(key) if known is None else self._said.saying(key, known))

    # What comes of it.

    @property
    def intent(self) -> Intent:
        """What was said, in canonical form; for a loaded training config what it says.

        Raises:
            UsageError: a loaded config that is no training has no intent.
        """
        if self._file is None:
            return self._said.intent.model_copy(deep=True)
        return self.replan().intent

    def outcome(self) -> Outcome:
        """The whole answer, whatever its status: plan, files, questions, ways out, as `--json` has them.

        Raises:
            UsageError: two things that were said contradict each other, or a value cannot be taken.
            NeedsInputError: a loaded config and no machine to judge it on.
        """
        if self._file is None:
            return self._said.answered()
        return _judged(self._file, self._said.gpus)

    def plan(self) -> Plan | TaskPlan:
        """Every number with its reasons: a `Plan` for a training, a `TaskPlan` for other kinds. Look at `.fits`: it may not.

        Raises:
            NeedsInputError: something must be said first; `questions` are what.
            UsageError: as `outcome`.
        """
        outcome = self.outcome()
        found = outcome.plan or outcome.task_plan
        if found is None:
            raise _unanswered(outcome)
        return found

    def explain(self) -> str:
        """What is planned and why, in a few sentences; the questions where something is missing.

        Raises:
            UsageError: as `outcome`.
        """
        outcome = self.outcome()
        return " ".join(part for part in (*(question.text for question in outcome.questions), outcome.explanation) if part)

    def build(self) -> OumiConfig:
        """The config. What does not fit its machine is not built: `plan()` still has its numbers.

        Raises:
            NeedsInputError: something must be said first; `questions` are what.
            DoesNotFitError: nothing that was asked for fits; `ways_out` are what would.
            UsageError: as `outcome`.
        """
        if self._file is not None and (self._said.gpus is None or self._file.kind != "train"):
            return OumiConfig(kind=self._file.kind, name=self._file.name, yaml=self._file.text)
        outcome = _fitting(self.outcome())
        if self._file is not None:
            return OumiConfig(kind=self._file.kind, name=self._file.name, yaml=self._file.text, outcome=outcome)
        return _config(outcome, next(file for file in outcome.files if file.kind != "job"))

    def job(self, cloud: Cloud | None = None) -> OumiConfig:
        """The job that runs the config on a cloud; the config itself is among its `files`.

        Raises:
            UsageError: no cloud was said, or no job is made for it.
            NeedsInputError, DoesNotFitError: as `build`.
        """
        asked = self if cloud is None else self.cloud(cloud)
        if asked._file is not None:
            raise UsageError("A job is made for what is planned.", context="job", hint=".replan().job(cloud=…) plans a loaded training anew.", reference="needs-replan")
        if asked._said.intent.cloud is None:
            raise UsageError("No cloud was said.", context="cloud", hint='Such as .job(cloud="gcp").', reference="no-cloud")
        outcome = _fitting(asked.outcome())
        file = next((one for one in outcome.files if one.kind == "job"), None)
        if file is None:
            raise _no_job(outcome)
        return _config(outcome, file)

    def to_yaml(self) -> str:
        """The text of the config.

        Raises:
            OumiChatError: as `build`.
        """
        return self.build().to_yaml()

    def save(self, path: str | PathLike[str], *, force: bool = False) -> OumiConfig:
        """Build and write the config, whole or not at all; what was written.

        Raises:
            UsageError: the file exists and `force` is not given, or it cannot be written.
            OumiChatError: as `build`.
        """
        return self.build().save(path, force=force)

    def save_all(self, path: str | PathLike[str], *, force: bool = False) -> tuple[ConfigFile, ...]:
        """Plan and write the config at `path` and beside it all that belongs to it: the steps after a training, a job. All or none; what was written.

        Raises:
            UsageError: one of the files exists and `force` is not given, or it cannot be written; a loaded config is saved alone.
            OumiChatError: as `build`.
        """
        if self._file is not None:
            raise UsageError("A loaded config stands alone.", context="save_all", hint=".save(path) writes it.", reference="needs-replan")
        place = output_path(path_text(path))
        files = named(_fitting(self.outcome()), str(place)).files
        write_all([(Path(file.name), file.yaml) for file in files], force=force)
        return files

    def diff(self, other: ConfigBuilder | OumiConfig) -> dict[str, Change]:
        """Every field of the two configs that differs, by dotted path: its value here and in the other one.

        Raises:
            OumiChatError: as `build`.
        """
        return self.build().diff(other.build() if isinstance(other, ConfigBuilder) else other)


def _machine(words: str | None) -> Hardware:
    """The machine that was stated, or this one."""
    machine, _ = choose_machine(Intent(), words)
    if machine is None:
        question = Question(field="hardware", text="Which machine?", choices=("2xA100-80GB", "1x24GB"))
        outcome = Outcome(status="needs_input", intent=Intent(), questions=(question,))
        raise NeedsInputError("No machine was stated and none was found.", context="hardware", hint='Such as .hardware("2xA100-80GB").', outcome=outcome)
    return machine


def _judged(file: File, gpus: str | None) -> Outcome:
    """What a loaded training takes on a machine, as `oumi-chat estimate --config` says it."""
    if file.kind != "train":
        raise UsageError(f"{file.name} is no training config: there is no plan of it.", context=file.name, hint="Memory and time are read off training configs.", reference="no-plan")
    machine = parse_machine(gpus) if gpus and gpus.lower() != "auto" else _machine(gpus)
    name = Existing.of(file.body).model_name
    model, _ = resolve_model(name, offline=True)
    if model is None:
        raise UsageError(f"{name} is not a model whose shape is known.", context="model.model_name", hint="Name a local folder, or a model of the catalogue.", reference="unknown-model")
    found = of_config(file.body, model, machine, text=file.name)
    return replace(found, explanation=explain(found))


def _config(outcome: Outcome, file: ConfigFile) -> OumiConfig:
    return OumiConfig(kind=file.kind, name=file.name, yaml=file.yaml, outcome=outcome)


def _fitting(outcome: Outcome) -> Outcome:
    """The outcome, if it is a config that fits."""
    if outcome.status == "does_not_fit":
        hint = "; ".join(way.change for way in outcome.ways_out[:3])
        message = f"{outcome.explanation.partition('. ')[0].rstrip('.')}."
        raise DoesNotFitError(message, context="hardware", hint=f"What would fit: {hint}." if hint else "", outcome=outcome)
    if outcome.status != "ok" or outcome.is_sizing:
        raise _unanswered(outcome)
    return outcome


def _unanswered(outcome: Outcome) -> OumiChatError:
    asked = outcome.questions
    if not asked:
        return UsageError(outcome.explanation or "That is no request for a config.", context="request", hint="Say what to train, evaluate or serve.", outcome=outcome)
    choices = "; ".join(f"{question.field}: {', '.join(question.choices)}" for question in asked if question.choices)
    hint = f"Such as {choices}." if choices else outcome.explanation
    return NeedsInputError(" ".join(question.text for question in asked), context=asked[0].field, hint=hint, outcome=outcome)


def _why_left_out(why: str) -> str:
    """Why a part of a file is not in the config that is made anew."""
    return why.removeprefix(UNCOUNTED) if why.startswith(UNCOUNTED) else "a plan has one training set and no other data"


def _no_job(outcome: Outcome) -> UsageError:
    """Why there is no job, in the words of the finding that says so."""
    cloud = outcome.intent.cloud
    told = next((finding for finding in outcome.findings if finding.path == "cloud"), None)
    unmade = Finding(rule="REQ003", severity="warning", path="cloud", message=f"no job is made for {cloud}", fix="build() gives the config alone")
    found = told or unmade
    return UsageError(f"{found.message[:1].upper()}{found.message[1:]}.", context=f"cloud {cloud}", hint=f"{found.fix[:1].upper()}{found.fix[1:]}.", reference="no-job", outcome=outcome)


