"""A finished config: its text, what it rests on, and how it is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import yaml

from assistant.api.values import path_text
from assistant.builder.saving import named, one_named
from assistant.configs.difference import Change, differences, same
from assistant.core.errors import UsageError
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Finding, Hardware, Plan, Reason
from assistant.machine.files import output_path, write_new


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OumiConfig:
    """One config of Oumi's. Two are equal when Oumi reads the same from them: comments and order do not count.

    `kind` is train, eval, infer, job, quantize, tune, judge, synthesize or async_eval, None for a file of another kind;
    `name` is the file's; `yaml` its text. `outcome` is all that led to it, None for a file that was loaded without a machine.
    """

    kind: str | None
    name: str
    yaml: str
    outcome: Outcome | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The config as a dict, a new one at each call."""
        found: dict[str, Any] = yaml.load(self.yaml, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return found

    @property
    def plan(self) -> Plan | TaskPlan | None:
        """Every number with its reasons: a `Plan` for a training, a `TaskPlan` for other kinds, None where nothing was planned."""
        return (self.outcome.plan or self.outcome.task_plan) if self.outcome is not None else None

    @property
    def hardware(self) -> Hardware | None:
        """The machine that it was planned for."""
        return self.outcome.hardware if self.outcome is not None else None

    @property
    def assumptions(self) -> tuple[Reason, ...]:
        """What was not said and was decided."""
        return self.outcome.assumptions if self.outcome is not None else ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to know before the run."""
        return self.outcome.findings if self.outcome is not None else ()

    @property
    def commands(self) -> tuple[str, ...]:
        """What starts it."""
        return self.outcome.commands if self.outcome is not None else ()

    @property
    def files(self) -> tuple[ConfigFile, ...]:
        """This config and those that belong to it, such as a job beside its training."""
        others = self.outcome.files if self.outcome is not None else ()
        return (ConfigFile(kind=self.kind or "", name=self.name, yaml=self.yaml), *(file for file in others if file.kind != self.kind))

    def explain(self) -> str:
        """What was planned and why, in a few sentences; empty for a file that was loaded without a machine."""
        return self.outcome.explanation if self.outcome is not None else ""

    def to_yaml(self) -> str:
        """The text of the file."""
        return self.yaml

    def save(self, path: str | PathLike[str], *, force: bool = False) -> OumiConfig:
        """Write the file, whole or not at all; the config under its new name, which its commands then hold.

        Raises:
            UsageError: the file exists and `force` is not given, its folder is missing, or it cannot be written.
        """
        place = output_path(path_text(path))
        saved = self._named(str(place))
        try:
            write_new(place, saved.yaml, force=force)
        except UsageError as problem:
            if problem.reference == "file-exists":
                problem.hint = "save(path, force=True) replaces it; or give another name."
            raise
        return saved

    def _named(self, name: str) -> OumiConfig:
        """As `oumi-chat -o NAME` writes it: the line that says how to run it names the file."""
        if self.outcome is None or not self.outcome.commands:
            return replace(self, name=name)
        kinds = [file.kind for file in self.outcome.files]
        place = kinds.index(self.kind or "")
        saved = named(self.outcome, name) if place == 0 else one_named(self.outcome, place, name)
        return replace(self, name=name, yaml=saved.files[place].yaml, outcome=saved)

    def diff(self, other: OumiConfig) -> dict[str, Change]:
        """Every field that differs, by dotted path: its value here and in the other config.

        Raises:
            UsageError: the other one is no config.
        """
        if not isinstance(other, OumiConfig):
            raise UsageError(f"diff takes a config, not {type(other).__name__}.", context="diff", hint="Give a ConfigBuilder or what build() made.", reference="wrong-value")
        return differences(self.body, other.body)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OumiConfig):
            return NotImplemented
        return self.kind == other.kind and same(self.body, other.body)

    __hash__ = None  # type: ignore[assignment]
