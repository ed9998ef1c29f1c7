"""What a check sees: the config, whole or as far as it is known, and the plan's facts beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.catalogue.datasets import find_dataset
from assistant.core.intent import Intent
from assistant.core.values import Plan

_TRAINERS = {"sft": "TRL_SFT", "dpo": "TRL_DPO", "kto": "TRL_KTO", "grpo": "TRL_GRPO", "gkd": "TRL_GKD", "pretrain": "TRL_SFT"}
_SAID = {
    "training.learning_rate": "learning_rate",
    "training.max_steps": "max_steps",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`said` are the overrides' dotted paths. Before planning `finished` is False and unknown facts are None.

    `endless` is True where the planner would not end a streamed run by a number of steps of its own.
    """

    config: Mapping[str, Any]
    said: frozenset[str]
    finished: bool
    trainer: str | None
    method: str | None
    sharding: str | None
    precision: str | None
    capability: float | None = None
    endless: bool = True

    def get(self, path: str) -> Any:
        """The value of a dotted field, or None."""
        here: Any = self.config
        for name in path.split("."):
            if not isinstance(here, Mapping):
                return None
            here = here.get(name)
        return here


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


def facts_of_intent(intent: Intent) -> Facts:
    """What is known before planning."""
    overrides = intent.overrides or {}
    stated = {path: getattr(intent, key) for path, key in _SAID.items() if getattr(intent, key) is not None}
    objective = intent.objective or "sft"
    return Facts(
        config=nested({**overrides, **stated}),
        said=frozenset(overrides),
        finished=False,
        trainer=overrides.get("training.trainer_type") or _trainer(objective, intent.dataset),
        method=intent.method,
        sharding={"none": "ddp"}.get(intent.sharding or "", intent.sharding),
        precision=intent.precision,
        endless=objective not in ("grpo", "pretrain"),
    )


def facts_of_plan(config: Mapping[str, Any], plan: Plan) -> Facts:
    """What is known of a finished config."""
    return Facts(
        config=config,
        said=frozenset(plan.overrides),
        finished=True,
        trainer=plan.trainer,
        method=plan.method,
        sharding=plan.sharding,
        precision=plan.precision,
        capability=plan.hardware.gpu.compute_capability,
    )
