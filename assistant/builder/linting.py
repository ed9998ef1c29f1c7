"""What a linting knows beside the text: the memory of a run by the estimator that plans it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from assistant.builder.existing import Existing, machine_of_job, run_of_config
from assistant.catalogue.datasets import find_dataset
from assistant.checks.case import Case, Fit
from assistant.checks.kinds import kind_of
from assistant.checks.lint import Models
from assistant.core.errors import OumiChatError
from assistant.core.values import Hardware, ModelSpec
from assistant.planner.memory import estimate

SHORT = 128
"""Tokens of a row that is short: a question and an answer of a sentence each."""
_ABOVE_MEAN = 4
"""Rows of so many times the mean of their set are long ones of it."""
Trained = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


def fit_of(case: Case, *, model_of: Models, trained_by: Trained) -> Fit | None:
    """What a training takes on the stated machine, or what a job's training takes on the job's accelerators; None where
    a model, a machine or the config is not known, or a field that the estimate rests on cannot be read.

    `trained_by` gives the config that a job trains with.
    """
    try:
        if case.kind == "job":
            return _of_job(case, model_of, trained_by)
        if case.kind != "train" or case.machine is None or case.model is None:
            return None
        return _fit(case.config, case.model, case.machine)
    except (OumiChatError, TypeError, ValueError, ArithmeticError):
        return None


def _of_job(case: Case, model_of: Models, trained_by: Trained) -> Fit | None:
    machine, config = machine_of_job(case.config) or case.machine, trained_by(case.config)
    if machine is None or config is None or kind_of(config) != "train":
        return None
    model = model_of(Existing.of(config).model_name)
    return _fit(config, model, machine) if model is not None else None


def _fit(body: Mapping[str, Any], model: ModelSpec, machine: Hardware) -> Fit | None:
    config = Existing.of(body)
    if not machine.gpu.is_cuda or config.trainer == "VERL_GRPO" or _is_offloaded(config):
        return None
    run = run_of_config(config, model, machine)
    full = estimate(run)
    if config.packs:
        return Fit(full=full, least=full, tokens=run.sequence, machine=machine, packed=True)
    least, usual = estimate(replace(run, sequence=min(run.sequence, SHORT))), min(run.sequence, _ABOVE_MEAN * _mean_tokens(body))
    return Fit(
        full=full, least=least, tokens=run.sequence, machine=machine,
        usual=estimate(replace(run, sequence=usual)) if usual else None, usual_tokens=usual,
    )  # fmt: skip


def _is_offloaded(config: Existing) -> bool:
    """True where DeepSpeed moves states to CPU memory, or may by a file of its own, which the estimate does not count: what it says would be too much."""
    is_on = config.deepspeed.get("enable_deepspeed", bool, False)
    return is_on and any(config.deepspeed.body.get(name) for name in ("offload_optimizer", "offload_param", "deepspeed_config_path"))


def _mean_tokens(body: Mapping[str, Any]) -> int:
    """Tokens of a mean row of the longest-winded set that is trained on; 0 where one is not known."""
    specs = [find_dataset(str(entry.get("dataset_name"))) for _, entry in Case(config=body).datasets() if not entry.get("dataset_path")]
    entries = len(Case(config=body).datasets())
    means = [spec.mean_tokens for spec in specs if spec is not None and spec.mean_tokens]
    return max(means, default=0) if len(means) == entries else 0
