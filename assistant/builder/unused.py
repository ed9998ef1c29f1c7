"""What was said and has no place in what is planned: it is named, never dropped without a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.configs.library import LOADER
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Finding, Plan

_EVERYWHERE = ("task", "model", "cloud", "spot", "gpu", "gpu_count", "gpu_memory_gb", "nodes", "overrides")
_TRAINING = (
    "objective", "method", "dataset", "sequence_length", "epochs", "max_steps", "global_batch_size", "micro_batch_size", "learning_rate", "lora_rank",
    "lora_alpha", "seed", "precision", "sharding", "output_dir", "run_name", "max_hours", "max_dollars", "priority",
)  # fmt: skip
_USED: dict[str, tuple[str, ...]] = {
    "train": _TRAINING,
    "tune": _TRAINING,
    "evaluate": ("engine", "benchmarks", "num_fewshot", "limit", "sequence_length", "micro_batch_size", "global_batch_size", "output_dir", "run_name"),
    "infer": ("engine", "dataset", "sequence_length", "micro_batch_size", "global_batch_size", "seed", "output_dir"),
    "quantize": ("micro_batch_size", "global_batch_size", "output_dir"),  # the planner says itself that no batch is read
    "judge": ("engine", "dataset", "sequence_length", "micro_batch_size", "global_batch_size", "seed", "output_dir"),
    "synthesize": ("engine", "dataset", "sequence_length", "micro_batch_size", "global_batch_size", "seed", "output_dir"),
}
"""Task → keys of the intent that its planner reads."""
OF_A_TRAINING = frozenset(_TRAINING) - frozenset(key for task, keys in _USED.items() if task not in ("train", "tune") for key in keys)
"""Keys that nothing but a training, or a search around one, reads."""
TASK_NAMES = {
    "train": "a training", "tune": "a search", "evaluate": "an evaluation", "infer": "an inference", "quantize": "a quantization", "judge": "a judge",
    "synthesize": "a synthesis",
}  # fmt: skip
"""Task → what it makes, as a sentence names it."""
_MACHINE = ("gpu", "gpu_count", "gpu_memory_gb", "nodes")


def without_place(task: str | None, keys: Iterable[str]) -> tuple[str, ...]:
    """The keys among these that the planner of a task does not read."""
    used = _USED.get(task or "train")
    return () if used is None else tuple(key for key in keys if key not in (*used, *_EVERYWHERE))


def with_unused(outcome: Outcome, intent: Intent) -> Outcome:
    """The outcome with a finding for what of this intent was said in vain; one that asks or that is an estimate is returned as it is."""
    found = _findings(outcome, intent) if outcome.status in ("ok", "does_not_fit") and not outcome.is_sizing else ()
    return replace(outcome, findings=(*outcome.findings, *found)) if found else outcome


def _findings(outcome: Outcome, intent: Intent) -> tuple[Finding, ...]:
    task = intent.task or "train"
    if task not in _USED:
        return ()
    said = {key: value for key, value in intent.model_dump(exclude_none=True).items() if key not in ("task", "overrides")}
    lost = without_place(task, said)
    found = [_found(lost, f"{TASK_NAMES[task]} has no place for {{}}")] if lost else []
    found += _of_training(outcome, said) if outcome.plan is not None else _of_task(outcome, said)
    return tuple(found)


def _found(keys: Sequence[str], message: str) -> Finding:
    names = [key.replace("_", " ") for key in keys]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return Finding(rule="REQ008", severity="warning", path=keys[0], message=f"{message.format(listed)}: {'it is' if len(keys) == 1 else 'they are'} left out", fix="leave it out, or say what it is for")


def _of_training(outcome: Outcome, said: dict[str, object]) -> list[Finding]:
    plan = outcome.plan
    assert plan is not None
    found = []
    adapters = [key for key in ("lora_rank", "lora_alpha") if key in said]
    if adapters and plan.method == "full":
        found.append(_found(adapters, "full fine-tuning trains no adapters, and {} was said"))
    found += _length(plan, said)
    if said.get("sharding") == "none" and plan.sharding != "none":
        what = f"sharding none was said for {plan.hardware.world} GPUs: each has a whole copy, and {plan.sharding} keeps the copies alike"
        found.append(Finding(rule="REQ008", severity="info", path="sharding", message=what, fix=""))
    return found


def _length(plan: Plan, said: dict[str, object]) -> list[Finding]:
    """Steps win over epochs, in Oumi as here."""
    if plan.max_steps is None or "epochs" not in said or "max_steps" not in said:
        return []
    return [_found(["epochs"], f"{plan.max_steps:,} steps end the run, and {said['epochs']:g} {{}} were said")]


def _of_task(outcome: Outcome, said: dict[str, object]) -> list[Finding]:
    """Of a task on one node, or behind an API; a file's place only where that file is."""
    machine, found = outcome.hardware, []
    here = [key for key in _MACHINE if key in said]
    if machine is None and here:
        found.append(_found(here, "the model runs behind an API, which has no {}"))
    elif machine is not None:
        many = [key for key, has in (("gpu_count", machine.count), ("nodes", machine.nodes if outcome.intent.task == "train" else 1)) if key in said and said[key] != has]
        if many and not any(f.rule == "TUN001" for f in outcome.findings):
            found.append(_found(many, f"{TASK_NAMES[outcome.intent.task or 'train']} runs on one machine{' and one GPU' if outcome.intent.task == 'tune' else ''}, and {{}} said otherwise"))
    if {"micro_batch_size", "global_batch_size"} <= set(said) and "global_batch_size" in _USED[outcome.intent.task or "train"]:
        found.append(_found(["global_batch_size"], "rows at once are the micro batch size here, and {} was said beside it"))
    if outcome.files and (lost := _unwritten(outcome, said)):
        found.append(_found(lost, "this engine and these files have no place for {}"))
    if "spot" in said and outcome.status == "ok" and outcome.job is None:
        found.append(_found(["spot"], "{} or not is a matter of the job, and none is written"))
    training = outcome.task_plan.training if outcome.task_plan else None
    if training is not None:
        found += _length(training, said)
        if "max_hours" in said and (training.time is None or training.time.hours is None):
            found.append(_found(["max_hours"], "the time of a trial is not known, so no limit of {} can be kept"))
    return found


_FIELDS = {"micro_batch_size": ("generation", "batch_size"), "global_batch_size": ("generation", "batch_size"), "seed": ("generation", "seed")}


def _unwritten(outcome: Outcome, said: dict[str, object]) -> list[str]:
    """Keys with a field of their own that the config does not set."""
    import yaml

    body = yaml.load(outcome.files[0].yaml, Loader=LOADER)
    body = body.get("inference_config", body)
    task = outcome.intent.task or ""
    lost = [key for key, (section, name) in _FIELDS.items() if key in said and key in _USED[task] and task != "quantize" and name not in (body.get(section) or {})]
    alone = task == "infer" and "output_dir" in said and "output_path" not in body
    return [*lost, *(["output_dir"] if alone else [])]
