"""Layers merged in order, holes filled, overrides applied: the config as a plain dict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

from assistant.configs.holes import dataset_entry, holes, notes
from assistant.configs.library import Layer, has_layer, layer
from assistant.core.errors import UsageError
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A config and the comment beside each field, by dotted name."""

    kind: str
    body: dict[str, Any]
    why: dict[str, str]


def layers_for(plan: Plan) -> list[Layer]:
    """The layers of this plan, in merge order."""
    objective = "vision_sft" if plan.vision else plan.objective
    if plan.trainer == "VERL_GRPO":
        objective = "verl_grpo"
    sharding = "none" if plan.trainer == "VERL_GRPO" else plan.sharding
    names = ["train/base", f"train/objective/{objective}", f"train/method/{plan.method}", f"train/sharding/{sharding}"]
    return [*(layer(name) for name in names), *_family_layer(plan)]


def _family_layer(plan: Plan) -> list[Layer]:
    """What the model's type needs beside the rest; a layer that needs vision is for rows with images."""
    name = f"train/family/{plan.model.model_type}"
    if not has_layer(name):
        return []
    found = layer(name)
    return [found] if plan.vision or "vision" not in found.needs else []


def merge(base: dict[str, Any], layer_config: dict[str, Any]) -> dict[str, Any]:
    """The base with a layer over it: sections merge key by key, anything else is replaced.

    OmegaConf.merge does the same and costs a tenth of the start-up time; its interpolation must not see what a
    user typed anyway.
    """
    merged = dict(base)
    for key, value in layer_config.items():
        former = merged.get(key)
        merged[key] = merge(former, value) if isinstance(former, dict) and isinstance(value, dict) else value
    return merged


def _fill(value: Any, filled: dict[str, Any]) -> Any:
    """Replace holes; drop fields whose hole is empty, and sections that end up empty."""
    if isinstance(value, dict):
        items = {key: _fill(item, filled) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not None and item != {}}
    if isinstance(value, list):
        return [_fill(item, filled) for item in value]
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        return filled[value[2:-1]]
    return value


def set_path(body: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted field, making sections on the way; a mapping is merged into the one that stands there.

    Raises:
        UsageError: it is in an item of a list that the config does not have.
    """
    *sections, name = path.split(".")
    here = body
    for place, section in enumerate(sections):
        listed, _, number = section.partition("[")
        if number:
            here = _item(here, listed, int(number.rstrip("]")), ".".join(sections[: place + 1]))
            continue
        inner = here.get(section)
        if not isinstance(inner, dict):
            inner = here[section] = {}
        here = inner
    former = here.get(name)
    here[name] = merge(former, value) if isinstance(former, dict) and isinstance(value, dict) else value


def _item(here: dict[str, Any], name: str, place: int, path: str) -> dict[str, Any]:
    """An item of a list, as one of this config alone: a list may be shared with a layer."""
    items = here[name] = [dict(item) if isinstance(item, dict) else item for item in here.get(name) or ()]
    if place < len(items) and isinstance(items[place], dict):
        found: dict[str, Any] = items[place]
        return found
    last = f"the last is {path[: path.rindex('[')]}[{len(items) - 1}]" if items else "it has none"
    raise UsageError(f"There is no {path} in this config: {last}.", context=path, hint="Places count from 0.", reference="no-field")


_RIVALS = {"training.warmup_steps": "warmup_ratio", "training.save_epoch": "save_steps"}
"""An override → the field of the same section that would silently win over it or lose to it."""


def _drop_rivals(body: dict[str, Any], overrides: dict[str, Any]) -> None:
    for path, rival in _RIVALS.items():
        if overrides.get(path) or (path == "training.warmup_steps" and overrides.get(path) == 0):  # a ratio would win over none
            body["training"].pop(rival, None)
            if rival == "save_steps":
                body["training"]["save_steps"] = 0  # Oumi's default of 500 would win over save_epoch


def train_config(plan: Plan) -> Config:
    """The training config of a plan."""
    layers = layers_for(plan)
    empty: dict[str, Any] = {}
    body = _fill(reduce(merge, (part.config for part in layers), empty), holes(plan))
    words = notes(plan)
    why = {path: text.format_map(words) for part in layers for path, text in part.why.items()}
    _drop_rivals(body, plan.overrides)
    for path, value in plan.overrides.items():
        set_path(body, path, value)
        why[path] = next((reason.why for reason in plan.decisions if reason.field == path), "as asked")
    return Config(kind="train", body=body, why=why)


def task_config(plan: TaskPlan) -> Config:
    """The config of a plan that trains nothing: its layers, filled, and what was set by hand over them."""
    layers = [layer(name) for name in plan.layers]
    empty: dict[str, Any] = {}
    body = _fill(reduce(merge, (part.config for part in layers), empty), plan.holes)
    why = {path: text.format_map(plan.words) for part in layers for path, text in part.why.items()}
    if plan.inference is not None:
        body, why = _with_inference(body, why, task_config(plan.inference))
    if plan.training is not None:
        body, why = _with_training(body, why, plan, train_config(plan.training))
    for path, value in plan.overrides.items():
        set_path(body, path, value)
        why[path] = "as asked"
    return Config(kind=plan.kind, body=body, why=why)


def _with_inference(body: dict[str, Any], why: dict[str, str], inference: Config) -> tuple[dict[str, Any], dict[str, str]]:
    """The body with an inference as its part; its words where this kind has none of its own."""
    lent = {f"inference_config.{path}": text for path, text in inference.why.items()}
    return merge(body, {"inference_config": inference.body}), {**lent, **why}


_TRIAL_SECTIONS = {"training": "tuning.fixed_training_params", "peft": "tuning.fixed_peft_params"}
"""A section of a training → where a search holds what stays the same in every trial."""
_SET_BY_A_SEARCH = ("trainer_type", "output_dir", "run_name")
"""Training fields that Oumi sets for each trial itself (tune.py, 0.9)."""


def _with_training(body: dict[str, Any], why: dict[str, str], plan: TaskPlan, training: Config) -> tuple[dict[str, Any], dict[str, str]]:
    """The body with a training's model and data, and its other fields as those that no trial changes."""
    whole: dict[str, Any] = {key: training.body[key] for key in ("model", "data")}
    if plan.validation is not None:  # read and put together as the rows that are trained on
        whole["data"] = {**whole["data"], "validation": {**whole["data"]["train"], "datasets": [dataset_entry(plan.validation, plan.sequence_length)]}}
    for section, place in _TRIAL_SECTIONS.items():
        searched = {*body["tuning"].get(place.removeprefix("tuning.").replace("fixed_", "tunable_"), ()), *_searched_by_hand(plan, place.replace("fixed_", "tunable_"))}
        fixed = {key: value for key, value in training.body.get(section, {}).items() if key not in (*_SET_BY_A_SEARCH, *searched)}
        if fixed:
            set_path(whole, place, fixed)
    merged = merge(whole, body)
    merged["tuning"] = {key: merged["tuning"][key] for key in dict.fromkeys((*body["tuning"], *merged["tuning"]))}
    here = {"tuning.fixed_training_params": "the same in every trial", "data.validation": plan.words.get("validation_note", "")}
    return merged, {**here, **{_at_trial(path): text for path, text in training.why.items()}, **why}


def _searched_by_hand(plan: TaskPlan, place: str) -> set[str]:
    """Names of the fields that overrides search."""
    whole = plan.overrides.get(place)
    return {*(whole if isinstance(whole, dict) else ()), *(path.removeprefix(f"{place}.") for path in plan.overrides if path.startswith(f"{place}."))}


def _at_trial(path: str) -> str:
    """Where a field of a training stands in a search."""
    section, _, rest = path.partition(".")
    return f"{_TRIAL_SECTIONS[section]}.{rest}" if section in _TRIAL_SECTIONS else path
