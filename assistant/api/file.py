"""A config that was there: its text kept as it is, and what is asked for set in it field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import yaml

from assistant.api.places import PLACES, data_edit, machine_edits, model_edit
from assistant.api.values import STEPS, checked_override, path_text
from assistant.builder.edit import Edit, apply_edits, at, steps_of
from assistant.builder.existing import Existing
from assistant.catalogue.clouds import CLOUDS
from assistant.checks.kinds import kind_of
from assistant.checks.schema import KINDS, coerce
from assistant.configs.difference import same
from assistant.core.errors import UsageError
from assistant.core.values import Hardware
from assistant.machine.configs import read_config, read_text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class File:
    """A file's text, comments and all. Two are equal when Oumi reads the same from them."""

    name: str
    kind: str | None
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The text as a dict, a new one at each call."""
        found: dict[str, Any] = yaml.load(self.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, File):
            return NotImplemented
        return self.kind == other.kind and same(self.body, other.body)

    __hash__ = None  # type: ignore[assignment]

    def saying(self, key: str, value: Any) -> File:
        """With a key of the intent said, at the one place where this kind of config has it.

        Raises:
            UsageError: this kind has no single field for it, or its place cannot be edited safely.
        """
        return self._edited(self._edits(key, value))

    def _edits(self, key: str, value: Any) -> Iterator[Edit]:
        body, path = self.body, PLACES.get(self.kind or "", {}).get(key)
        if value is not None and key in ("limit", "num_fewshot") and self.kind == "eval":
            yield from self._task_edits(body, key, value)
        elif value is not None and key == "dataset" and self.kind == "train":
            yield self._possible(key, data_edit(Existing.of(body), value))
        elif value is None or path is None:
            raise self._no_place(key)
        elif key == "model":
            yield self._possible(key, model_edit(body, path, value))
        else:
            self._refuse_idle(body, key)
            value = CLOUDS[value].word if key == "cloud" and value in CLOUDS else value
            yield Edit(path=path, value=coerce(path, value, self.kind or ""))
            yield from self._with_it(body, key, value)

    def _possible(self, key: str, found: Edit | str) -> Edit:
        """The edit, or an error with the reason why there is none."""
        if isinstance(found, str):
            raise self._no_place(key, found)
        return found

    def _refuse_idle(self, body: Mapping[str, Any], key: str) -> None:
        """A rank in a config that trains no adapters would do nothing."""
        if key in ("lora_rank", "lora_alpha") and Existing.of(body).method == "full":
            message = f"{self.name} trains all parameters: {PLACES['train'][key]} would do nothing."
            raise UsageError(message, context=key, hint='.replan().training_type("lora") plans it anew.', reference="needs-replan")

    def _with_it(self, body: Mapping[str, Any], key: str, value: Any) -> Iterator[Edit]:
        """What would win over the field that was set."""
        training = body.get("training") if self.kind == "train" else None
        if not isinstance(training, Mapping):
            return
        steps = training.get("max_steps")
        if key == "epochs" and isinstance(steps, int) and steps > 0:
            yield Edit(path="training.max_steps", remove=True)
        kwargs = training.get("trainer_kwargs")
        if key == "sequence_length" and isinstance(kwargs, Mapping) and "max_length" in kwargs:
            yield Edit(path="training.trainer_kwargs.max_length", value=value)

    def _task_edits(self, body: Mapping[str, Any], key: str, value: Any) -> Iterator[Edit]:
        tasks = body.get("tasks")
        if not isinstance(tasks, list) or not tasks:
            raise self._no_place(key, "it has no tasks")
        for i in range(len(tasks)):
            name = "num_samples" if key == "limit" else "eval_kwargs.num_fewshot"
            yield Edit(path=f"tasks[{i}].{name}", value=value)

    def _no_place(self, key: str, why: str = "") -> UsageError:
        kind = f"a config of kind {self.kind}" if self.kind else "this kind of config"
        key = STEPS.get(key, key)
        message = f"{key} is no single field of {kind}{f': {why}' if why else ''}."
        hint = ".override(path, value) sets any field" + (", .replan() plans the file anew." if self.kind == "train" else ".")
        return UsageError(message, context=key, hint=hint, reference="needs-replan")

    def on_machine(self, machine: Hardware) -> File:
        """A job that asks for this machine.

        Raises:
            UsageError: it is no job, or the place cannot be edited safely.
        """
        if self.kind != "job":
            raise self._no_place("hardware")
        return self._edited(machine_edits(self.body, machine))

    def with_field(self, path: str, value: Any) -> File:
        """With one field set, in an item of a list too; a mapping is merged into the one that stands there.

        Raises:
            UsageError: the kind has no such field, it cannot have this value, or its place cannot be edited safely.
        """
        typed = checked_override(path, value, self.kind, parts=True)
        return self._edited(_leaves(path, typed))

    def without_field(self, path: str) -> File:
        """With one field removed, and the section that it leaves empty.

        Raises:
            UsageError: it is not there, or cannot be removed safely.
        """
        try:
            at(self.body, steps_of(path))
        except (LookupError, TypeError):
            raise UsageError(f"{self.name} has no {path}.", context=path, hint="Name a field that stands in it.", reference="no-field") from None
        return self._edited([Edit(path=path, remove=True)])

    def _edited(self, edits: Any) -> File:
        return replace(self, text=apply_edits(self.text, edits))


def _leaves(path: str, value: Any) -> Iterator[Edit]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(f"{path}.{name}", item)
    else:
        yield Edit(path=path, value=value)


def read_file(path: str | PathLike[str], kind: str | None) -> File:
    """A config of any kind, told by its fields where the kind is not said.

    Raises:
        UsageError: no such file, not YAML, no mapping, or an unknown kind.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f'There is no kind "{kind}" of config.', context="kind", hint=f"Kinds are {', '.join(KINDS)}.", reference="wrong-value")
    place = Path(path_text(path)).expanduser()
    body = read_config(place)
    return File(name=str(path), kind=kind or kind_of(body), text=read_text(place))
