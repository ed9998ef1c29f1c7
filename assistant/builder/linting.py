"""What a linting knows beside the text: the memory of a run by the estimator that plans it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assistant.builder.existing import Existing, machine_of_job, plan_of_config
from assistant.checks.case import Case
from assistant.checks.lint import Models, Sized
from assistant.core.errors import OumiChatError

Trained = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


def sized(case: Case, *, model_of: Models, trained_by: Trained) -> Sized | None:
    """What a training takes on the stated machine, or what a job's training takes on the job's accelerators; None where
    a model, a machine or the config is not known, or a field that the estimate rests on cannot be read.

    `trained_by` gives the config that a job trains with.
    """
    try:
        if case.kind == "job":
            return _of_job(case, model_of, trained_by)
        if case.kind != "train" or case.machine is None or case.model is None or not case.machine.gpu.is_cuda or case.trainer == "VERL_GRPO":
            return None
        return plan_of_config(case.config, case.model, case.machine).memory, case.machine
    except (OumiChatError, TypeError, ValueError):
        return None


def _of_job(case: Case, model_of: Models, trained_by: Trained) -> Sized | None:
    machine, config = case.machine or machine_of_job(case.config), trained_by(case.config)
    if machine is None or config is None:
        return None
    model = model_of(Existing.of(config).model_name)
    if model is None:
        return None
    return plan_of_config(config, model, machine).memory, machine
