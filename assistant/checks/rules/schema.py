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


def _rule(rule: str, summary: str, why: str, bad: str, good: str) -> Rule:
    return Rule(rule=rule, kinds=KINDS, where=_mistakes(rule), message="{told}", fix="{how}", summary=summary, why=why, bad=bad, good=good)


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
        "model_name, dataset_name, a job's run and cloud have no default, and Oumi stops where one is missing (measured).",
        "training: {trainer_type: TRL_SFT}\n",
        "model: {model_name: gpt2}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
)  # fmt: skip
