"""Rows shorter than a config lets them be: the verdict on its memory is for rows as long as they may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from assistant.builder.existing import Existing, Section, run_of_config
from assistant.catalogue.datasets import find_dataset
from assistant.core.units import gib
from assistant.core.values import Finding, Hardware, ModelSpec
from assistant.planner.memory import Run, estimate

TRL_COMPLETION = 256
"""Tokens of a completion where `training.grpo.max_completion_length` is left out (TRL 1.6)."""


def shorter_rows(body: Mapping[str, Any], model: ModelSpec, machine: Hardware, *, fits: bool) -> tuple[Finding, ...]:
    """What is known of a config's rows that makes them much shorter than its limit.

    A note where the config `fits` at full length; a warning where it does not, and may over rows such as these.
    """
    config = Existing.of(body)
    run = run_of_config(config, model, machine)
    told = _completions(config, run) or _mean(config, run, machine.usable_gib)
    if told is None:
        return ()
    message, may_fit = told
    severity: Literal["warning", "info"] = "warning" if may_fit and not fits else "info"
    message += f"; the verdict is for rows of the full {run.sequence:,}"
    return (Finding(rule="MEM008", severity=severity, path="model.model_max_length", message=message, fix="lower model.model_max_length to what the rows need"),)


def _mean(config: Existing, run: Run, usable_gib: float) -> tuple[str, bool] | None:
    """The run over rows of the dataset's mean length, and whether that fits."""
    choice = config.dataset()
    spec = find_dataset(choice.name) if choice.path is None else None
    if config.packs or spec is None or not spec.mean_tokens or spec.mean_tokens * 2 > run.sequence:
        return None
    mean = estimate(replace(run, sequence=spec.mean_tokens))
    message = f"rows of {spec.id} have {spec.mean_tokens:,} tokens on average: a micro-batch of such rows takes about {gib(mean.point)} GiB"
    return message, mean.fits(usable_gib)


def _completions(config: Existing, run: Run) -> tuple[str, bool] | None:
    """GRPO's rows are prompts and completions, and these end early; how long prompts are, no config says."""
    if config.trainer != "TRL_GRPO":
        return None
    grpo = Section(path="training.grpo", body=config.training.get("grpo", dict, {}))
    tokens = grpo.get("max_completion_length", int, 0) or TRL_COMPLETION
    return (f"a row is a prompt and at most {tokens:,} tokens of completion", True) if tokens * 2 <= run.sequence else None
