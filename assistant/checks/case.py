"""What a rule sees: the config, whole or as far as it is known, and the facts about its run that are known beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.catalogue.datasets import DatasetSpec, find_dataset, registered_dataset
from assistant.core.intent import Intent
from assistant.core.values import Estimate, Hardware, ModelSpec, Plan

if TYPE_CHECKING:
    from assistant.checks.typed import Mistake

_TRAINERS = {"sft": "TRL_SFT", "dpo": "TRL_DPO", "kto": "TRL_KTO", "grpo": "TRL_GRPO", "gkd": "TRL_GKD", "pretrain": "TRL_SFT"}
_SAID = {
    "training.learning_rate": "learning_rate",
    "training.max_steps": "max_steps",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a training takes on a machine: with rows of all the `tokens` that they may have, and with the shortest.

    `packed` rows are all of the full length, so that `least` is `full`. `usual` is for rows of `usual_tokens`, well above the
    mean of the sets that are read, and None where that mean is not known.
    """

    full: Estimate
    least: Estimate
    tokens: int
    machine: Hardware
    packed: bool = False
    usual: Estimate | None = None
    usual_tokens: int = 0


_STEPS = re.compile(r"[^.\[\]]+|\[\d+\]")
_TRUE = ("true", "yes", "y", "on", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A config and what is known of its run; what is not known is None, and rules that need it are silent.

    `said` are the overrides' dotted paths. Before planning `finished` is False. `is_file` marks a config that stands in a
    file: all of it was written by its owner. `endless` is True where nobody would end a streamed run by a number of steps.
    `mistakes` are what Oumi cannot read in it; `fit` is what the run takes on its machine; `is_here` tells whether there is
    such a file or folder, as a run started from here would find it.
    """

    config: Mapping[str, Any]
    said: frozenset[str] = frozenset()
    finished: bool = True
    is_file: bool = False
    kind: str = "train"
    version: str = ""
    trainer: str | None = None
    method: str | None = None
    sharding: str | None = None
    precision: str | None = None
    endless: bool = True
    model: ModelSpec | None = None
    machine: Hardware | None = None
    fit: Fit | None = None
    mistakes: tuple[Mistake, ...] = ()
    is_here: Callable[[str], bool] | None = None

    @property
    def capability(self) -> float | None:
        """The compute capability of the GPU."""
        return self.machine.gpu.compute_capability if self.machine else None

    @property
    def world(self) -> int | None:
        """GPUs in all."""
        return self.machine.world if self.machine else None

    def get(self, path: str) -> Any:
        """The value of a dotted field (`data.train.datasets[0].split`), or None."""
        here: Any = self.config
        for step in _STEPS.findall(path):
            if step.startswith("["):
                place = int(step[1:-1])
                here = here[place] if isinstance(here, list) and place < len(here) else None
            elif isinstance(here, Mapping):
                here = here.get(step)
            else:
                return None
        return here

    def number(self, path: str) -> float | None:
        """The value where it is a number, or text that Oumi reads as one."""
        value = self.get(path)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None

    def on(self, path: str) -> bool:
        """True for a switch that is on."""
        value = self.get(path)
        return value is True or (isinstance(value, str | int) and str(value).lower() in _TRUE)

    def text(self, path: str) -> str:
        """The value where it is text; empty otherwise."""
        value = self.get(path)
        return value if isinstance(value, str) else ""

    def section(self, path: str) -> Mapping[str, Any]:
        """The fields of a section; none where there is no such section."""
        value = self.get(path)
        return value if isinstance(value, Mapping) else {}

    def listed(self, path: str) -> list[Any]:
        """The items of a list; none where there is no such list."""
        value = self.get(path)
        return value if isinstance(value, list) else []

    def datasets(self, split: str = "train") -> list[tuple[str, Mapping[str, Any]]]:
        """(path, fields) of every dataset of a split."""
        place = f"data.{split}.datasets"
        return [(f"{place}[{i}]", entry) for i, entry in enumerate(self.listed(place)) if isinstance(entry, Mapping)]

    def registered(self, split: str = "train") -> list[tuple[str, DatasetSpec]]:
        """(path, what the catalogue knows) of every dataset of a split that Oumi has a class for."""
        found = ((path, registered_dataset(str(entry.get("dataset_name")))) for path, entry in self.datasets(split))
        return [(path, spec) for path, spec in found if spec is not None]


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted fields as sections."""
    body: dict[str, Any] = {}
    for path, value in sorted(fields.items()):
        *sections, name = path.split(".")
        here = body
        for section in sections:
            here = here.setdefault(section, {})
            if not isinstance(here, dict):
                break
        else:
            here[name] = {**value, **here.get(name, {})} if isinstance(value, dict) else value
    return body


def _trainer(objective: str, dataset: str | None) -> str | None:
    """The trainer of an objective, unless the reward of this data works with one alone."""
    spec = find_dataset(dataset) if dataset and objective == "grpo" else None
    return spec.trainer if spec is not None and spec.trainer else _TRAINERS.get(objective)


def case_of_intent(intent: Intent, kind: str = "train") -> Case:
    """What is known before planning a config of this kind."""
    overrides = intent.overrides or {}
    stated = {path: getattr(intent, key) for path, key in _SAID.items() if getattr(intent, key) is not None}
    objective = intent.objective or "sft"
    return Case(
        config=nested({**overrides, **stated}),
        said=frozenset(overrides),
        finished=False,
        kind=kind,
        trainer=overrides.get("training.trainer_type") or _trainer(objective, intent.dataset),
        method=intent.method,
        sharding={"none": "ddp"}.get(intent.sharding or "", intent.sharding),
        precision=intent.precision,
        endless=objective not in ("grpo", "pretrain"),
    )


def case_of_plan(config: Mapping[str, Any], plan: Plan) -> Case:
    """What is known of a finished config of the planner's."""
    return Case(
        config=config,
        said=frozenset(plan.overrides),
        trainer=plan.trainer,
        method=plan.method,
        sharding=plan.sharding,
        precision=plan.precision,
        model=plan.model,
        machine=plan.hardware,
    )


def case_of_file(
    config: Mapping[str, Any], kind: str, *, version: str = "", model: ModelSpec | None = None, machine: Hardware | None = None,
    mistakes: tuple[Mistake, ...] = (),
) -> Case:  # fmt: skip
    """What is known of a config that stands in a file, by Oumi's own defaults."""
    bare = Case(config=config)
    method = ("qlora" if bare.on("peft.q_lora") else "lora") if bare.on("training.use_peft") else "full"
    sharding = next((name for name in ("deepspeed", "fsdp") if bare.on(f"{name}.enable_{name}")), None)
    is_training = kind == "train"
    meant = {mistake.path: mistake.mends_with for mistake in mistakes}
    return Case(
        config=config, is_file=True, kind=kind, version=version, model=model, machine=machine, mistakes=mistakes,
        trainer=(meant.get("training.trainer_type") or bare.text("training.trainer_type") or "HF") if is_training else None,
        method=method if is_training else None,
        sharding=sharding if is_training else None,
    )  # fmt: skip
