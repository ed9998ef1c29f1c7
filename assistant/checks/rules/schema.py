"""Rules on what Oumi can read at all: the mistakes that `typed.py` finds, as rules."""

from __future__ import annotations

from collections.abc import Callable

from assistant.checks.case import Case
from assistant.checks.declared import Found, Hit, Rule
from assistant.core.edits import Edit

KINDS = ("train", "eval", "infer", "job", "quantize", "tune", "judge", "synthesize", "async_eval")


def _mistakes(rule: str) -> Callable[[Case], Found]:
    return lambda case: [
        Hit(
            path=m.path, line=m.line, column=m.column, words={"told": m.message, "how": m.fix},
            edits=(Edit(path=m.path, value=m.mends_with),) if m.mends_with is not None else (Edit(path=m.path, rename=m.renames_to),) if m.renames_to else (),
        )
        for m in case.mistakes
        if m.rule == rule
    ]  # fmt: skip


def _without_data(case: Case) -> Found:
    """A training whose list of datasets is empty or not there; one that is no list is told by its type."""
    above = [case.get(path) for path in ("data", "data.train")]
    if case.kind not in ("train", "tune") or not case.is_file or any(value is not None and not isinstance(value, dict) for value in above):
        return []
    if case.get("data.train.datasets") not in (None, []) or any(m.path.startswith("data") for m in case.mistakes):
        return []
    return [Hit(path="data.train.datasets", words={"told": "data.train.datasets must be given", "how": "name a dataset to train on"})]


def _not_given(case: Case) -> Found:
    return [*_mistakes("SCH004")(case), *_without_data(case)]


def _rule(rule: str, summary: str, why: str, bad: str, good: str) -> Rule:
    return Rule(rule=rule, kinds=KINDS, where=_not_given if rule == "SCH004" else _mistakes(rule), message="{told}", fix="{how}", summary=summary, why=why, bad=bad, good=good)


RULES = (
    _rule(
        "SCH001", "A field that Oumi does not have",
        "OmegaConf merges the file into Oumi's classes and refuses any other key, one at a time and without a suggestion (measured).",
        "model: {model_name: gpt2}\ntraining: {trainer_type: TRL_SFT, lerning_rate: 1.0e-4}\n",
        "model: {model_name: gpt2}\ntraining: {trainer_type: TRL_SFT, learning_rate: 1.0e-4}\n",
    ),
    _rule(
        "SCH002", "A value of the wrong type",
        "OmegaConf converts what it can: text to a number, yes to true; 2.0 is no whole number to it, and one name no list (measured).",
        "model: {model_name: gpt2}\ntraining: {trainer_type: TRL_SFT, num_train_epochs: 3.0}\n",
        "model: {model_name: gpt2}\ntraining: {trainer_type: TRL_SFT, num_train_epochs: 3}\n",
    ),
    _rule(
        "SCH003", "A word that is none of those allowed",
        "Enums are read by name, in capitals: the values that Oumi's documentation shows, such as trl_sft, are refused (measured).",
        "model: {model_name: gpt2}\ntraining: {trainer_type: trl_sft}\n",
        "model: {model_name: gpt2}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    _rule(
        "SCH004", "A field that must be given",
        "model_name, dataset_name, a job's run and cloud have no default, a training has one dataset at least, and Oumi stops where one is missing (measured).",
        "training: {trainer_type: TRL_SFT}\n",
        "model: {model_name: gpt2}\ndata: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
)  # fmt: skip
