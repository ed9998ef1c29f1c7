"""Overrides that Oumi accepts and that then fail late or do nothing: refused with the way out."""

from __future__ import annotations

from typing import Any

from assistant.checks.schema import field
from assistant.core.errors import UsageError

_KWARGS = "training.trainer_kwargs."


def guard(overrides: dict[str, Any]) -> None:
    """Check overrides against each other and against what a made config holds.

    Raises:
        UsageError: one of them would crash after the model is loaded, or be ignored without a word.
    """
    _validation(overrides)
    _saving(overrides)
    _schedule(overrides)
    for path in overrides:
        if path.startswith(_KWARGS):
            _trainer_kwarg(path)


def _refuse(path: str, message: str, hint: str) -> None:
    raise UsageError(message, context=path, hint=hint, reference="would-fail-late")


def _validation(overrides: dict[str, Any]) -> None:
    for path in ("training.eval_strategy", "training.eval_steps"):
        if overrides.get(path) not in (None, "no"):
            _refuse(path, f"{path} needs validation data, and this config names none.", "Leave it out, then add data.validation and both eval fields to the saved file.")


def _saving(overrides: dict[str, Any]) -> None:
    final = overrides.get("training.save_final_model") is not False
    if not final and overrides.get("training.save_steps") == 0 and not overrides.get("training.save_epoch"):
        hint = "Keep save_final_model, or set save_steps above 0."
        _refuse("training.save_final_model", "Nothing would be saved.", hint)


def _schedule(overrides: dict[str, Any]) -> None:
    if overrides.get("training.lr_scheduler_type") == "cosine_with_min_lr":
        given = [p for p in overrides if p.startswith("training.lr_scheduler_kwargs")]
        if not given:
            _refuse("training.lr_scheduler_type", "cosine_with_min_lr needs the rate to end at.", "Add training.lr_scheduler_kwargs.min_lr_rate=0.1.")


def _trainer_kwarg(path: str) -> None:
    name = path.removeprefix(_KWARGS)
    if name == "packing":
        _refuse(path, "Rows of a registered dataset are not packed by this.", "Use data.train.pack=true.")
    if field(f"training.{name}") is not None:
        _refuse(path, f"{name} is a field of Oumi's own and may not stand in trainer_kwargs.", f"Use training.{name}.")
