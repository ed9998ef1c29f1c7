"""What a training config writes to disk, read off its fields: the same for a job that is planned and a file that is launched."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assistant.builder.existing import ACCUMULATION, EPOCHS, MICRO_BATCH, Existing, run_of_config
from assistant.catalogue.datasets import find_dataset
from assistant.core.values import Hardware, ModelSpec
from assistant.planner.disk import Saving, Written, written_by

_SAVE_STEPS = 500
"""Oumi 0.9's default of training.save_steps."""


def written_by_config(body: Mapping[str, Any], model: ModelSpec, machine: Hardware, *, steps: int | None = None) -> Written:
    """What this training writes on each machine. `steps` are the optimizer steps of the plan, where there is one.

    Raises:
        UsageError: a field of a wrong type.
    """
    config = Existing.of(body)
    training = config.training
    epochs = int(training.get("num_train_epochs", int, EPOCHS)) if training.get("save_epoch", bool, False) else 0
    saving = Saving(
        steps=_said_steps(config) or steps or _steps(config, machine.world),
        every=max(0, int(training.get("save_steps", int, _SAVE_STEPS))),
        limit=int(config.trainer_kwargs.get("save_total_limit", int, 0)) or None,
        epochs=max(1, epochs) if training.get("save_epoch", bool, False) else 0,
        keeps_final=bool(training.get("save_final_model", bool, True)),
    )
    return written_by(run_of_config(config, model, replace(machine, count=1, nodes=1)), saving)


def _said_steps(config: Existing) -> int | None:
    said = config.training.body.get("max_steps")
    return said if isinstance(said, int) and said > 0 else None


def _steps(config: Existing, world: int) -> int | None:
    """Optimizer steps by the rows of a dataset of the catalogue."""
    choice = config.dataset()
    spec = find_dataset(choice.name) if choice.path is None and not config.packs else None
    if spec is None or not spec.rows:
        return None
    batch = max(1, int(config.training.get("per_device_train_batch_size", int, MICRO_BATCH) * config.training.get("gradient_accumulation_steps", int, ACCUMULATION)))
    return math.ceil(int(spec.rows) / (batch * world)) * int(config.training.get("num_train_epochs", int, EPOCHS))
