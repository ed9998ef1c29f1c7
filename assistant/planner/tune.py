"""A hyper-parameter search: trials of a training that is planned as any other, on one GPU."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assistant.catalogue.datasets import find_dataset
from assistant.core.datafacts import DataFacts
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.taskplan import TaskPlan
from assistant.core.values import DatasetChoice, Finding, Hardware, ModelSpec, Plan, Question, Reason
from assistant.planner.data import needs
from assistant.planner.localdata import is_loader, loader_clash
from assistant.planner.plan import make_plan
from assistant.planner.searchspace import PEFT_FIELDS, Space, default_names, parse_search, space_of
from assistant.planner.serving.infer import short_name, slug

TRIALS = 10
"""Trials nobody counted: as many as Optuna's TPE sampler draws at random before it learns from them (`n_startup_trials`)."""
_TUNABLE = ("tuning.tunable_training_params", "tuning.tunable_peft_params")
_PLAIN_PATH = re.compile(r"[\w./-]+")
_FIXED_BY = {"learning_rate": "learning_rate", "lora_r": "lora_rank", "lora_alpha": "lora_alpha", "num_train_epochs": "epochs"}
"""A field that can be searched → the intent's key that makes it a fixed one."""
_SECTIONS = ("grpo", "gkd", "gold", "profiler", "telemetry", "verl_config_overrides")
_PEFT_NAMES = ("peft_save_mode", "lora_init_weights")
_METHOD_WORDS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was asked of a search: the training around which it looks, the search's own fields, and words for what is varied."""

    training: Intent
    own: Mapping[str, Any]
    words: str | None = None
    validation: str | None = None


def plan_tune(search: Search, model: ModelSpec, machine: Hardware, data: DataFacts | None) -> tuple[TaskPlan, tuple[Reason, ...]]:
    """The plan of a search and what was assumed. Pure.

    Raises:
        NeedsInputError: nothing can be held back to validate on.
        UsageError: an objective, a sharding or a field that Oumi's search does not take.
    """
    _refuse(search.training)
    one = replace(machine, count=1, nodes=1)
    planned = make_plan(search.training, model, one, data=data)
    space = _space(search, planned.plan)
    rank = space.largest("lora_r")
    if rank is not None and rank != planned.plan.lora_rank:  # memory must hold the largest trial, alpha is that of the planned one
        largest = search.training.model_copy(update={"lora_rank": rank, "lora_alpha": planned.plan.lora_alpha})
        planned = make_plan(largest, model, one, data=data)
    held, validation, why = _held_back(planned.plan, search, data)
    training = replace(planned.plan, dataset=held)
    trials, trials_why = _trials(search, training)
    output = search.training.output_dir or f"output/{slug(model.id)}-tune"
    plan = TaskPlan(
        kind="tune",
        title=" · ".join(("Search", short_name(training.model.id), _METHOD_WORDS[training.method], f"{trials} trials")),
        model=model,
        model_name=training.model.id,
        hardware=one,
        precision=training.precision,
        sequence_length=training.sequence_length,
        batch_size=training.micro_batch_size,
        memory=training.memory,
        layers=("tune/base",),
        holes=_holes(training, space, trials, output, search),
        words=_words(training, trials_why, why),
        overrides={path: value for path, value in search.own.items() if path not in ("tuning.n_trials", "tuning.output_dir")},
        training=training,
        validation=validation,
        command=_command(machine),
        facts=_facts(training, space, trials, output),
        extras=("tune",) if training.method != "qlora" else ("tune", "gpu"),
        decisions=(Reason(field="n_trials", value=trials, why=trials_why), *training.decisions),
        fallen=training.fallen,
        findings=(*_findings(machine, search, space), *training.findings),
    )
    notes = tuple(note for note in planned.assumptions if note.field != "lora_rank")
    held_back = () if search.validation is not None else (Reason(field="validation", value=_said_of(validation), why=why),)
    return plan, (*notes, *held_back)


def _refuse(intent: Intent) -> None:
    """What Oumi's search cannot do (tune.py, 0.9)."""
    if intent.objective not in (None, "sft"):
        raise UsageError(
            f"Oumi's search trains with TRL_SFT alone, not with {intent.objective}.", context=f"objective {intent.objective}",
            hint="Search on supervised rows; or plan single trainings with other values.", reference="tune-objective",
        )  # fmt: skip
    said = intent.overrides or {}
    if intent.sharding in ("fsdp", "deepspeed") or any(path.startswith(("fsdp.", "deepspeed.")) for path in said):
        raise UsageError(
            "Oumi's search ignores fsdp and deepspeed: each trial trains on one GPU.", context="sharding", hint="Leave the sharding out; LoRA or QLoRA needs less memory.",
            reference="tune-sharding",
        )  # fmt: skip
    for path in said:
        section, _, rest = path.partition(".")
        if (section == "training" and rest.split(".")[0] in _SECTIONS) or (section == "peft" and rest in _PEFT_NAMES):
            raise UsageError(
                f"Oumi's search hands {path} on as plain text, which its training refuses.", context=path, hint="Leave it out of the search, and set it in the training after.",
                reference="tune-field",
            )  # fmt: skip


def _space(search: Search, plan: Plan) -> Space:
    """What is searched: as set by hand, as said in words, or what matters most."""
    if any(path.startswith(_TUNABLE) for path in search.own):
        _check_specs(search.own)
        return Space()
    said = parse_search(search.words)
    if said and not any(name.startswith("+") for name in said):
        return space_of(plan, said)
    fixed = frozenset(name for name, key in _FIXED_BY.items() if getattr(search.training, key) is not None)
    return space_of(plan, {**dict.fromkeys(default_names(plan, fixed), ""), **{name.removeprefix("+"): limits for name, limits in said.items()}})


_TYPES = ("categorical", "int", "float", "loguniform", "uniform")


def _check_specs(own: Mapping[str, Any]) -> None:
    """A spec set by hand has a type, and choices or bounds, as Oumi asks."""
    for path, value in own.items():
        if not path.startswith(_TUNABLE):
            continue
        specs = value if path in _TUNABLE else {path.rpartition(".")[2]: value}
        for name, spec in specs.items() if isinstance(specs, dict) else ():
            keys = spec if isinstance(spec, dict) else {}
            bounded = "choices" in keys if keys.get("type") == "categorical" else {"low", "high"} <= set(keys)
            if keys.get("type") not in _TYPES or not bounded:
                raise UsageError(
                    f"{name} cannot be searched as {str(spec)[:60]}.", context=path, hint="Say {type: loguniform, low: 1e-5, high: 1e-3} or {type: categorical, choices: [8, 16]}.",
                    reference="tune-spec",
                )  # fmt: skip


def _held_back(plan: Plan, search: Search, data: DataFacts | None) -> tuple[DatasetChoice, DatasetChoice, str]:
    """(rows to train on, rows to validate on, why): a file that was said, else the last rows of the same data.

    Raises:
        NeedsInputError: the reader of this file takes no part of it.
    """
    chosen = plan.dataset
    if search.validation is not None:
        return chosen, replace(chosen, **_other_file(chosen, search.validation)), "as said"
    if chosen.path is not None and (data is None or data.form == "messages") and not (data and loader_clash(data, "sft")):
        chosen = DatasetChoice(name="json", split="train", kwargs={"data_files": chosen.path}, said=chosen.said)
    if chosen.path is not None:
        text = f"Oumi's reader of {chosen.path} takes the whole file. On which file should trials be validated?"
        raise needs(Question(field="validation", text=text), hint="Such as: validate on val.jsonl, with rows of the same form.")
    share = _share(data.rows if data else _rows_of(chosen))
    split = chosen.split or "train"
    if "[" in split:
        raise needs(Question(field="validation", text=f"Trials need rows to validate on, and only {split} is named. Which file or split?"))
    return replace(chosen, split=f"{split}[:{100 - share}%]"), replace(chosen, split=f"{split}[{100 - share}%:]"), f"the last {share} % of the same data, which no trial trains on"


def _other_file(chosen: DatasetChoice, path: str) -> dict[str, Any]:
    """The same reader on another file."""
    if is_loader(chosen) and "data_files" in chosen.kwargs:
        return {"kwargs": {**chosen.kwargs, "data_files": path}, "said": path}
    return {"path": path, "said": path, "split": None} if chosen.path is not None else {"name": "text_sft_jsonl", "path": path, "split": None, "subset": None, "kwargs": {}, "said": path}


def _rows_of(chosen: DatasetChoice) -> int | None:
    spec = find_dataset(chosen.name)
    return spec.rows if spec else None


def _share(rows: int | None) -> int:
    """Percent held back: some hundred to a thousand rows are enough to tell trials apart."""
    return 10 if rows is not None and rows < 10_000 else 2 if rows is not None and rows > 50_000 else 5


def _trials(search: Search, plan: Plan) -> tuple[int, str]:
    """(trials, why)."""
    said = search.own.get("tuning.n_trials")
    if said is not None:
        if int(said) < 1:
            raise UsageError("A search has at least one trial.", context=f"tuning.n_trials {said}", hint="Say 10 trials.", reference="tune-trials")
        return int(said), "as asked"
    hours = plan.time.hours if plan.time else None
    if search.training.max_hours and hours:
        return max(1, int(search.training.max_hours / hours)), f"as many as {search.training.max_hours:g} h leave room for"
    return TRIALS, "not said; so many are drawn at random before the sampler learns from them: more find more"


def _holes(plan: Plan, space: Space, trials: int, output: str, search: Search) -> dict[str, Any]:
    plain = _PLAIN_PATH.fullmatch(output) is not None
    return {
        "n_trials": trials,
        "tunable_training_params": space.training or None,
        "tunable_peft_params": space.peft or None,
        "micro_batch_size": plan.micro_batch_size,
        "mixed_precision": plan.mixed_precision.lower() if plan.mixed_precision else None,
        "save_final_model": False if plan.method == "full" else None,
        "directions": [_direction(name) for name in search.own.get("tuning.evaluation_metrics") or _METRICS[:1]],
        "output_dir": output,
        "study": search.training.run_name or f"{slug(plan.model.id)}-tune",
        "storage": f"sqlite:///{output.rstrip('/')}/study.db" if plain else None,
        "goes_on": True if plain else None,
    }


def _direction(metric: str) -> str:
    """Which way is better."""
    return "maximize" if "accuracy" in metric else "minimize"


def _words(plan: Plan, trials_why: str, validation_why: str) -> dict[str, str]:
    return {
        "validation_note": validation_why, "trials_note": trials_why,
        "save_note": "every trial would write the whole model: train once more with the best values" if plan.method == "full" else "",
    }  # fmt: skip


def _command(machine: Hardware) -> str:
    """Each process of a distributed run would draw its own values, so a search has one process and sees one GPU."""
    return "env CUDA_VISIBLE_DEVICES=0 oumi tune -c tune.yaml" if machine.count > 1 and machine.gpu.is_cuda else "oumi tune -c tune.yaml"


def _spec_words(name: str, spec: Mapping[str, Any]) -> str:
    what = name.replace("_", " ")
    if spec["type"] == "categorical":
        return f"{what} {', '.join(f'{one:g}' if isinstance(one, int | float) else str(one) for one in spec['choices'])}"
    return f"{what} {spec['low']:g} to {spec['high']:g}{' (log)' if spec['type'] == 'loguniform' else ''}"


def _facts(plan: Plan, space: Space, trials: int, output: str) -> tuple[tuple[str, str], ...]:
    searched = [_spec_words(name, spec) for name, spec in (*space.training.items(), *space.peft.items())]
    length = f"{plan.max_steps:,} steps" if plan.max_steps else f"{plan.epochs} epoch{'' if plan.epochs == 1 else 's'}"
    batch = f"{plan.micro_batch_size} × {plan.gradient_accumulation_steps} = {plan.global_batch_size} rows a step"
    rows = [("Search", "; ".join(searched) or "as set by hand"), ("Trial", f"{batch}, {plan.sequence_length:,} tokens, {length}")]
    if plan.time and plan.time.hours:
        rows.append(("Time", f"about {plan.time.hours:.1f} h a trial, {plan.time.hours * trials:.0f} h in all, validation not counted"))
    return (*rows, ("Results", f"{output}/trials_results.csv"))


def _said_of(choice: DatasetChoice) -> str:
    return choice.path or str(choice.kwargs.get("data_files") or choice.name) + (f" {choice.split}" if choice.split else "")


_METRICS = ("eval_loss", "eval_mean_token_accuracy", "eval_entropy")
"""What TRL 1.6 returns for supervised rows, beside times and counts."""
_UNREAD = ("tuning.logging_strategy", "tuning.logging_dir", "tuning.log_examples")


def _findings(machine: Hardware, search: Search, space: Space) -> tuple[Finding, ...]:
    found = []
    if machine.world > 1:
        what = f"a search uses one of the {machine.world} GPUs: Oumi's trials are not distributed, and each process would draw its own values"
        found.append(Finding(rule="TUN001", severity="info", path="tuning.n_trials", message=what))
    found += [
        Finding(rule="TUN002", severity="warning", path=path, message=f"Oumi 0.9 does not read {path}", fix="leave it out") for path in _UNREAD if path in search.own
    ]
    metrics = search.own.get("tuning.evaluation_metrics")
    unknown = [name for name in metrics or () if name not in _METRICS and name not in (search.own.get("tuning.custom_eval_metrics") or ())]
    if unknown:
        what = f"an evaluation returns {', '.join(_METRICS)}: a search for {unknown[0]} stops after the first trial"
        found.append(Finding(rule="TUN003", severity="warning", path="tuning.evaluation_metrics", message=what, fix="take eval_loss"))
    if search.training.max_dollars:
        what = "the budget in dollars is not held against all trials"
        found.append(Finding(rule="TUN004", severity="warning", path="tuning.n_trials", message=what, fix="say hours, or fewer trials"))
    if any(name in PEFT_FIELDS for name in space.names) and "lora_r" in space.names and "lora_alpha" not in space.names:
        what = "alpha stays while the rank varies: adapters of a higher rank are scaled down by as much"
        found.append(Finding(rule="TUN005", severity="info", path="tuning.tunable_peft_params", message=what))
    return tuple(found)
