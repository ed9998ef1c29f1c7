"""Values that Oumi's classes refuse as they are made: of the right type, and still the end of the run before it begins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assistant.checks.case import Case
from assistant.checks.declared import Hit, Rule
from assistant.checks.releases import fields_of, newest
from assistant.checks.rules.ranges import OF_GENERATION, OF_MODEL, OF_REMOTE, Range

_GENERATIONS = ("generation", "inference_config.generation", "evaluation.generation")
_MODELS = ("model", "inference_config.model", "evaluation.model")
_REMOTES = ("remote_params", "inference_remote_params", "inference_config.remote_params", "evaluation.inference_remote_params")
_NUMBERS = ((_MODELS, OF_MODEL), (_GENERATIONS, OF_GENERATION), (_REMOTES, OF_REMOTE))
"""Sections and what their numbers may be."""
_SPLITS = ("data.train", "data.validation", "data.test")
_DTYPES = (
    "auto", "f64", "float64", "double", "f32", "float32", "float", "bf16", "bfloat16", "f16", "float16", "half", "uint8",
)  # fmt: skip
_METHODS = ("awq_q4_0", "awq_q4_1", "awq_q8_0", "awq_f16", "bnb_4bit", "bnb_8bit")
_SEARCHES = ("categorical", "int", "float", "loguniform", "uniform")


def _hit(path: str, told: str, how: str) -> Hit:
    return Hit(path=path, words={"told": told, "how": how})


def _known(value: Any) -> bool:
    """True for what is no `${…}`, which nobody can judge."""
    return not (isinstance(value, str) and "${" in value)


def _numbers(case: Case) -> Iterator[Hit]:
    for sections, ranges in _NUMBERS:
        for path, span in ((f"{section}.{name}", span) for section in sections for name, span in ranges.items()):
            if (value := case.number(path)) is not None and not span.holds(value):
                yield _hit(path, f"{path} cannot be {case.get(path)}", f"it must be {span}")


def _among(case: Case, path: str, names: tuple[str, ...]) -> Iterator[Hit]:
    said = case.get(path)
    if isinstance(said, str) and _known(said) and said not in names:
        yield _hit(path, f'{path} cannot be "{said[:60]}"', f"it is one of {', '.join(names)}")


def _dtypes(case: Case) -> Iterator[Hit]:
    for section in _MODELS:
        path = f"{section}.torch_dtype_str"
        if case.text(path).lower() not in _DTYPES:
            yield from _among(case, path, _DTYPES)


def _training(case: Case) -> Iterator[Hit]:
    yield from _among(case, "training.dataloader_num_workers", ("auto",)) if case.number("training.dataloader_num_workers") is None else ()
    steps, epochs = case.number("training.max_steps"), case.number("training.num_train_epochs")
    if epochs is not None and epochs <= 0 and (steps is None or steps <= 0):
        yield _hit("training.num_train_epochs", "no epochs and no steps: there is nothing to train", "set training.max_steps or training.num_train_epochs above 0")


def _mixtures(case: Case) -> Iterator[Hit]:
    for split in _SPLITS:
        yield from _among(case, f"{split}.mixture_strategy", ("first_exhausted", "all_exhausted"))
        entries = case.datasets(split.removeprefix("data."))
        for path, entry in entries:
            yield from _dataset(case, path, entry)
        shares = [case.number(f"{path}.mixture_proportion") for path, _ in entries]
        given = [share for share in shares if share is not None]
        if given and len(given) < len(entries):
            path = next(path for (path, _), share in zip(entries, shares, strict=True) if share is None)
            yield _hit(path, "mixture_proportion is said of some datasets and not of this one", "say it of all, or of none")
        elif given and all(0 <= share <= 1 for share in given) and not math.isclose(sum(given), 1.0):
            yield _hit(f"{entries[0][0]}.mixture_proportion", f"the mixture_proportions come to {sum(given):g}", "they must come to 1")


def _dataset(case: Case, path: str, entry: Mapping[str, Any]) -> Iterator[Hit]:
    for name, span in (("sample_count", Range()), ("mixture_proportion", Range(high=1))):
        if (value := case.number(f"{path}.{name}")) is not None and not span.holds(value):
            yield _hit(f"{path}.{name}", f"{name} cannot be {entry[name]}", f"it must be {span}")
    kwargs = case.section(f"{path}.dataset_kwargs")
    for name in fields_of("DatasetParams", newest()):
        if name in kwargs:
            yield _hit(f"{path}.dataset_kwargs.{name}", f"{name} is a field of the dataset, and none of its dataset_kwargs", f"write it as {path}.{name}")


def _quantize(case: Case) -> Iterator[Hit]:
    yield from _among(case, "method", _METHODS)
    yield from _among(case, "output_format", ("safetensors",))


def _tune(case: Case) -> Iterator[Hit]:
    directions = case.listed("tuning.evaluation_direction")
    for place in range(len(directions)):
        yield from _among(case, f"tuning.evaluation_direction[{place}]", ("minimize", "maximize"))
    metrics = case.listed("tuning.evaluation_metrics")
    if len(directions) > 1 and metrics and len(metrics) != len(directions):
        yield _hit("tuning.evaluation_direction", f"{len(directions)} directions for {len(metrics)} metrics", "give one for each, or one for all")
    yield from _among(case, "tuning.logging_strategy", ("trials", "epoch", "no"))
    for section, owner in (("training", "TrainingParams"), ("peft", "PeftParams")):
        for part in ("tunable", "fixed"):
            above = f"tuning.{part}_{section}_params"
            yield from _searched(case, above, frozenset(fields_of(owner, newest())), is_space=part == "tunable")


def _searched(case: Case, above: str, names: frozenset[str], *, is_space: bool) -> Iterator[Hit]:
    for name, space in case.section(above).items():
        path = f"{above}.{name}"
        if name not in names:
            yield _hit(path, f"{name} is no field that can be tuned here", "name a field of the section that it is for")
        if not (is_space and isinstance(space, Mapping)):
            continue
        if space.get("type") not in _SEARCHES:
            yield _hit(path, f"{name} has no type of search that Oumi knows", f"type is one of {', '.join(_SEARCHES)}")
        elif space["type"] == "categorical" and not (isinstance(space.get("choices"), list) and space["choices"]):
            yield _hit(path, f"{name} has no choices", "list them: choices: [1, 2]")
        elif space["type"] != "categorical" and not {"low", "high"} <= space.keys():
            yield _hit(path, f"{name} has no bounds", "give low and high")


def _judge(case: Case) -> Iterator[Hit]:
    if case.text("judge_params.judgment_type") == "ENUM" and not case.get("judge_params.judgment_scores"):
        yield _hit("judge_params.judgment_type", "ENUM judgments without their scores", "give judge_params.judgment_scores: {good: 1.0, bad: 0.0}")
    said = case.get("judge_params.prompt_template")
    if isinstance(said, str) and not said.strip():
        yield _hit("judge_params.prompt_template", "the prompt is empty", "write what the judge is asked")


def _synthesize(case: Case) -> Iterator[Hit]:
    said = case.get("output_path")
    if isinstance(said, str) and _known(said) and not said.endswith(".jsonl"):
        yield _hit("output_path", f"output_path must end with .jsonl, not {said[-20:] or 'be empty'}", "write a name such as synthetic.jsonl")
    for name in ("input_path", "output_path"):
        if case.get(f"inference_config.{name}") is not None:
            yield _hit(f"inference_config.{name}", f"inference_config.{name} cannot stand in a synthesis", "take it out; the top level has output_path")
    for place in range(len(case.listed("strategy_params.sampled_attributes"))):
        above = f"strategy_params.sampled_attributes[{place}].possible_values"
        rates = [case.number(f"{above}[{n}].sample_rate") or 0.0 for n in range(len(case.listed(above)))]
        if sum(rates) > 1 and not math.isclose(sum(rates), 1.0):
            yield _hit(above, f"the sample_rates come to {sum(rates):g}", "they may come to 1 at most")


_OF_KIND: dict[str, tuple[Callable[[Case], Iterator[Hit]], ...]] = {
    "train": (_dtypes, _training, _mixtures),
    "tune": (_dtypes, _mixtures, _tune),
    "quantize": (_dtypes, _quantize),
    "judge": (_dtypes, _judge),
    "synthesize": (_dtypes, _synthesize),
    "eval": (_dtypes,),
    "async_eval": (_dtypes,),
    "infer": (_dtypes,),
}


def _refused(case: Case) -> Iterator[Hit]:
    if not case.is_file:
        return  # what was said in words is looked at with its field
    yield from _numbers(case)
    for look in _OF_KIND.get(case.kind, ()):
        yield from look(case)


RULES = (
    Rule(
        rule="SCH005",
        kinds=tuple(_OF_KIND),
        where=_refused,
        message="{told}",
        fix="{how}",
        summary="A value that Oumi's classes refuse",
        why="Oumi checks some values as it reads a file, and stops at the first: a top_p above 1, shares of a mixture that do not come to 1, "
        "a method of quantisation that it does not have (measured: each of them read by Oumi 0.9).",
        bad="model: {model_name: gpt2, torch_dtype_str: bf-16}\n",
        good="model: {model_name: gpt2, torch_dtype_str: bfloat16}\n",
        since="0.9",
    ),
)
