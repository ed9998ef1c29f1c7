"""What a config takes of a GPU's memory, by the planner's formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assistant.builder.existing import Existing, Section, run_of_config
from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.engines import gguf_of
from assistant.core.values import Estimate, Hardware, ModelSpec
from assistant.planner.memory import estimate
from assistant.planner.search import padded_tokens
from assistant.planner.serving.fitting import vllm_fit
from assistant.planner.serving.memory import Load, estimate_load

CONTEXT = 8192
"""Tokens of context where a config names none, capped by the model."""
_WIDE = frozenset(("float32", "f32", "float"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Memory of one GPU of `machine`, with what is said beside it."""

    memory: Estimate
    machine: Hardware


def training_need(body: Mapping[str, Any], model: ModelSpec, machine: Hardware) -> Need:
    """A training's peak on its fullest GPU.

    Raises:
        UsageError: a field that the estimate rests on has a wrong type.
    """
    return Need(memory=estimate(run_of_config(Existing.of(body), model, machine)), machine=machine)


def short_rows_need(body: Mapping[str, Any], model: ModelSpec, machine: Hardware) -> tuple[Need, int] | None:
    """The same for a micro-batch of rows as the dataset has them, and their mean length in tokens; None where that is not
    known or not much shorter than the rows may be."""
    config = Existing.of(body)
    choice = config.dataset()
    spec = find_dataset(choice.name) if choice.path is None else None
    run = run_of_config(config, model, machine)
    if config.packs or spec is None or not spec.mean_tokens or spec.mean_tokens * 2 > run.sequence:
        return None
    tokens = max(1, round(padded_tokens(spec.mean_tokens, run.micro_batch, run.sequence)))
    return Need(memory=estimate(replace(run, sequence=tokens)), machine=machine), spec.mean_tokens


def tuning_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """The heaviest trial of a hyperparameter search, as a training config."""
    tuning = Section(path="tuning", body=Section(path="", body=body).get("tuning", dict, {}))
    training = {**_largest(tuning.get("tunable_training_params", dict, {})), **tuning.get("fixed_training_params", dict, {})}
    peft = {**_largest(tuning.get("tunable_peft_params", dict, {})), **tuning.get("fixed_peft_params", dict, {})}
    kind = {"trainer_type": tuning.get("trainer_type", str, "TRL_SFT")}
    return {**{k: v for k, v in body.items() if k != "tuning"}, "training": {**kind, **training}, **({"peft": peft} if peft else {})}


def _largest(tunable: Mapping[str, Any]) -> dict[str, Any]:
    """Of each field that a search varies in whole numbers, the most that it tries."""
    found: dict[str, Any] = {}
    for name, spec in tunable.items():
        tried = [*spec.get("choices", []), spec.get("high")] if isinstance(spec, dict) and isinstance(spec.get("choices", []), list) else []
        numbers = [value for value in tried if isinstance(value, int) and not isinstance(value, bool)]
        if numbers:
            found[name] = max(numbers)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a model is run to generate or to be scored: engine, tokens of context, rows at once, layers spread over GPUs."""

    engine: str
    context: int | None
    batch: int
    dtype: str
    spread: bool


def serving_need(serving: Serving, model: ModelSpec, machine: Hardware) -> Need | None:
    """Memory per GPU under a local engine; None where it runs elsewhere or its weights' size is not known."""
    context = serving.context or min(CONTEXT, model.max_positions or CONTEXT)
    if serving.engine == "VLLM":
        fit = vllm_fit(model, machine, context, "engine")
        return Need(memory=fit.memory, machine=fit.machine)
    if serving.engine == "LLAMACPP":
        file = gguf_of(model.id)
        load = Load(model=model, bytes_per_weight=file.bits_per_weight / 8, tokens=context, gpus=machine.count, is_exact=False, prefill=512) if file else None
        return Need(memory=estimate_load(load), machine=machine) if load else None
    if serving.engine != "NATIVE":
        return None
    wide = 4.0 if serving.dtype.lower() in _WIDE else 2.0
    load = Load(
        model=model, bytes_per_weight=wide, value_bytes=wide, sequences=max(1, serving.batch), tokens=context,
        gpus=machine.count if serving.spread else 1, grows=True, logits_rows=max(1, serving.batch),
    )  # fmt: skip
    return Need(memory=estimate_load(load), machine=machine)


def fits_when_empty(need: Need) -> bool:
    """Whether it would fit if no other program held memory of the GPU."""
    return need.memory.fits(need.machine.gpu.usable_gib)
