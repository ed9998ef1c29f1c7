"""Values that Oumi's classes refuse as they are made: of the right type, and still the end of the run before it begins.

One table by class: what its numbers and words may be, what must not be empty, and what must go together. A class is looked at
wherever a config holds an object of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from assistant.checks.case import Case
from assistant.checks.declared import Hit, Rule
from assistant.checks.objects import Thing, fields, items, objects
from assistant.checks.releases import fields_of
from assistant.checks.rules import refused_judges, refused_synthesis
from assistant.checks.rules.ranges import OF_GENERATION, OF_MODEL, OF_REMOTE, Range

_Check = Callable[[Thing], Iterator[Hit]]
_SHARE = Range(high=1)
_COUNT = Range(low=1)
_NUMBERS: Mapping[str, Mapping[str, Range]] = {
    "ModelParams": OF_MODEL, "GenerationParams": OF_GENERATION, "RemoteParams": OF_REMOTE,
    "DatasetParams": {"sample_count": Range(), "mixture_proportion": _SHARE, "transform_num_workers": _COUNT},
    "EvaluationTaskParams": {"num_samples": _COUNT}, "AsyncEvaluationConfig": {"polling_interval": Range(), "num_retries": Range()},
    "ProfilerScheduleParams": {"wait": Range(), "warmup": Range(), "active": _COUNT, "repeat": Range(), "skip_first": Range()},
    **refused_judges.NUMBERS, **refused_synthesis.NUMBERS,
}  # fmt: skip
"""What numbers may be; those of a training's own sections are told by TRN020, which looks at words too."""
_DTYPES = ("auto", "f64", "float64", "double", "f32", "float32", "float", "bf16", "bfloat16", "f16", "float16", "half", "uint8")
_SEARCHES = ("categorical", "int", "float", "loguniform", "uniform")
_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "DatasetSplitParams": {"mixture_strategy": ("first_exhausted", "all_exhausted")}, "GenerationParams": {"prompt_cache_ttl": ("5m", "1h")},
    "GoldParams": {"vllm_mode": ("server", "colocate")}, "TuningParams": {"logging_strategy": ("trials", "epoch", "no"), "trainer_type": ("TRL_SFT",)},
    "QuantizationConfig": {"method": ("awq_q4_0", "awq_q4_1", "awq_q8_0", "awq_f16", "bnb_4bit", "bnb_8bit"), "output_format": ("safetensors",)},
}  # fmt: skip
_NUMBERS_OR: Mapping[str, Mapping[str, str]] = {"TrainingParams": {"dataloader_num_workers": "auto"}, "DatasetParams": {"transform_num_workers": "auto"}}
"""Fields that take a number or one word."""
_FULL: Mapping[str, tuple[str, ...]] = {**refused_judges.FULL, **refused_synthesis.FULL}


def _hit(path: str, told: str, how: str) -> Hit:
    return Hit(path=path, words={"told": told, "how": how})


def _numbers(thing: Thing) -> Iterator[Hit]:
    for name, span in _NUMBERS.get(thing.owner, {}).items():
        if name in thing.fields and (value := thing.number(name)) is not None and not span.holds(value):
            yield _hit(thing.below(name), f"{thing.below(name)} cannot be {thing.get(name)}", f"it must be {span}")


def _among(thing: Thing, name: str, words: tuple[str, ...]) -> Iterator[Hit]:
    said = thing.text(name)
    if said is not None and said not in words:
        yield _hit(thing.below(name), f'{thing.below(name)} cannot be "{said[:60]}"', f"it is one of {', '.join(words)}" if len(words) > 1 else f"it is {words[0]}")


def _words(thing: Thing) -> Iterator[Hit]:
    for name, words in _WORDS.get(thing.owner, {}).items():
        yield from _among(thing, name, words)
    for name, word in _NUMBERS_OR.get(thing.owner, {}).items():
        if isinstance(thing.get(name), str):  # OmegaConf makes no number of a text where both are allowed
            yield from _among(thing, name, (word,))


def _full(thing: Thing) -> Iterator[Hit]:
    for name in _FULL.get(thing.owner, ()):
        value = thing.get(name)
        if value in ("", [], {}) or (isinstance(value, str) and not value.strip() and name in refused_judges.STRIPPED):
            yield _hit(thing.below(name), f"{thing.below(name)} is empty", "fill it in")


def _model(thing: Thing) -> Iterator[Hit]:
    said = thing.text("torch_dtype_str")
    if said is not None and said.lower() not in _DTYPES:
        yield from _among(thing, "torch_dtype_str", _DTYPES)
    for name in fields_of("ModelParams", thing.version):
        if name in thing.section("processor_kwargs"):
            yield _hit(f"{thing.below('processor_kwargs')}.{name}", f"{name} is a field of the model, and none of its processor_kwargs", f"write it as {thing.below(name)}")


def _generation(thing: Thing) -> Iterator[Hit]:
    for token, bias in thing.section("logit_bias").items():
        path = f"{thing.below('logit_bias')}.{token}"
        if not isinstance(token, str | int):
            yield _hit(thing.below("logit_bias"), f"{token} is no token in logit_bias", "tokens are named by their whole numbers")
        elif isinstance(bias, int | float) and not -100 <= bias <= 100:
            yield _hit(path, f"the bias of a token cannot be {bias:g}", "it must be from -100 to 100")


def _guided(thing: Thing) -> Iterator[Hit]:
    given = [name for name in ("json", "regex", "choice") if thing.get(name) is not None]
    if len(given) > 1:
        yield _hit(thing.below(given[1]), f"{' and '.join(given)} cannot both guide an answer", "keep one of them")


def _remote(thing: Thing) -> Iterator[Hit]:
    first, most = thing.number("retry_backoff_base"), thing.number("retry_backoff_max")
    if first is not None and most is not None and first > 0 and most < first:
        name = "retry_backoff_max" if "retry_backoff_max" in thing.fields else "retry_backoff_base"
        yield _hit(thing.below(name), f"the longest wait, {most:g} s, is shorter than the first, {first:g} s", "raise retry_backoff_max")


def _training(thing: Thing) -> Iterator[Hit]:
    steps, epochs = thing.number("max_steps"), thing.number("num_train_epochs")
    if "num_train_epochs" in thing.fields and epochs is not None and epochs <= 0 and (steps is None or steps <= 0):
        yield _hit(thing.below("num_train_epochs"), "no epochs and no steps: there is nothing to train", "set training.max_steps or training.num_train_epochs above 0")
    every = thing.get("eval_steps")
    if isinstance(every, float) and not 0 < every < 1 and not every.is_integer():
        yield _hit(thing.below("eval_steps"), f"eval_steps cannot be {every:g}", "it is a whole number of steps, or a share of them between 0 and 1")


def _teacher(thing: Thing) -> Iterator[Hit]:
    said = thing.get("teacher_model_name_or_path")
    if isinstance(said, str) and not said.strip():
        yield _hit(thing.below("teacher_model_name_or_path"), "the teacher's name is empty", "name the model that teaches")


def _gold(thing: Thing) -> Iterator[Hit]:
    yield from _teacher(thing)
    if thing.get("use_uld_loss") is not True:
        return
    for name in ("uld_crossentropy_weight", "uld_distillation_weight", "uld_student_temperature", "uld_teacher_temperature"):
        value, span = thing.number(name), Range(above=0) if name.endswith("temperature") else Range()
        if name in thing.fields and value is not None and not span.holds(value):
            yield _hit(thing.below(name), f"{name} cannot be {value:g}", f"it must be {span}")
    if thing.get("uld_use_hybrid_loss") is not True:
        return
    names = ("uld_hybrid_matched_weight", "uld_hybrid_unmatched_weight")
    given = [name for name in names if thing.get(name) is not None]
    if len(given) == 1:
        yield _hit(thing.below(given[0]), f"{given[0]} stands alone", "give both weights of the hybrid loss, or none")
    for name in given if len(given) == 2 else ():
        if (value := thing.number(name)) is not None and value < 0:
            yield _hit(thing.below(name), f"{name} cannot be {value:g}", "it must be at least 0")


def _dataset(thing: Thing) -> Iterator[Hit]:
    for name in fields_of("DatasetParams", thing.version):
        if name in thing.section("dataset_kwargs"):
            yield _hit(f"{thing.below('dataset_kwargs')}.{name}", f"{name} is a field of the dataset, and none of its dataset_kwargs", f"write it as {thing.below(name)}")


def _mixture(thing: Thing) -> Iterator[Hit]:
    entries = [entry for entry in thing.listed("datasets") if isinstance(entry, Mapping)]
    shares = [entry.get("mixture_proportion") for entry in entries]
    given = [float(share) for share in shares if isinstance(share, int | float) and not isinstance(share, bool)]
    if given and len(given) < len(entries):
        path = f"{thing.below('datasets')}[{next(place for place, share in enumerate(shares) if not isinstance(share, int | float))}]"
        yield _hit(path, "mixture_proportion is said of some datasets and not of this one", "say it of all, or of none")
    elif given and all(0 <= share <= 1 for share in given) and not math.isclose(sum(given), 1.0):
        yield _hit(f"{thing.below('datasets')}[0].mixture_proportion", f"the mixture_proportions come to {sum(given):g}", "they must come to 1")


def _data(thing: Thing) -> Iterator[Hit]:
    named = {split: said for split in ("train", "validation", "test") if isinstance(said := thing.section(split).get("collator_name"), str) and said}
    if len(set(named.values())) > 1:
        last = next(split for split in reversed(named) if named[split] != next(iter(named.values())))
        yield _hit(f"{thing.below(last)}.collator_name", f"one training has one collator, not {' and '.join(dict.fromkeys(named.values()))}", "name the same for every split")
    elif named and "train" not in named:
        split = next(iter(named))
        yield _hit(f"{thing.below(split)}.collator_name", f"a collator is named for {split} and none for train", "name it in data.train too")


def _trained(thing: Thing) -> Iterator[Hit]:
    training, data = thing.section("training"), thing.section("data")
    rewards = training.get("reward_functions")
    if training.get("trainer_type") == "VERL_GRPO":
        if isinstance(rewards, list) and len(rewards) > 1:
            yield _hit("training.reward_functions", "VERL_GRPO takes one reward function", "keep one, or make one of them")
        if not fields(data.get("validation")).get("datasets"):
            yield _hit("data.validation.datasets", "VERL_GRPO needs validation data", "name a dataset for data.validation")
    if fields(data.get("train")).get("collator_name") != "vision_language_sft":
        return
    for split in ("train", "validation", "test"):
        for place, entry in enumerate(items(fields(data.get(split)).get("datasets"))):
            if fields(fields(entry).get("dataset_kwargs")).get("return_conversations", True) in (False, None, 0, ""):
                path = f"data.{split}.datasets[{place}].dataset_kwargs.return_conversations"
                yield _hit(path, "vision_language_sft reads conversations, and this dataset gives none", "take return_conversations out, or set it to true")
    if training.get("trainer_type") == "TRL_SFT" and fields(training.get("trainer_kwargs")).get("remove_unused_columns"):
        yield _hit("training.trainer_kwargs.remove_unused_columns", "vision_language_sft reads the columns that this takes away", "take it out")


def _tuning(thing: Thing) -> Iterator[Hit]:
    directions, metrics = thing.listed("evaluation_direction"), thing.listed("evaluation_metrics")
    for place, said in enumerate(directions):
        if isinstance(said, str) and said not in ("minimize", "maximize"):
            path = f"{thing.below('evaluation_direction')}[{place}]"
            yield _hit(path, f'{path} cannot be "{said[:60]}"', "it is one of minimize, maximize")
    if len(directions) > 1 and metrics and len(metrics) != len(directions):
        yield _hit(thing.below("evaluation_direction"), f"{len(directions)} directions for {len(metrics)} metrics", "give one for each, or one for all")
    for section, owner in (("training", "TrainingParams"), ("peft", "PeftParams")):
        for part in ("tunable", "fixed"):
            yield from _searched(thing, f"{part}_{section}_params", frozenset(fields_of(owner, thing.version)), is_space=part == "tunable")


def _searched(thing: Thing, field: str, names: frozenset[str], *, is_space: bool) -> Iterator[Hit]:
    for name, space in thing.section(field).items():
        path = f"{thing.below(field)}.{name}"
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


_TOGETHER: Mapping[str, _Check] = {
    "ModelParams": _model, "GenerationParams": _generation, "GuidedDecodingParams": _guided, "RemoteParams": _remote, "TrainingParams": _training,
    "TrainingConfig": _trained, "GkdParams": _teacher, "GoldParams": _gold, "DatasetParams": _dataset, "DatasetSplitParams": _mixture, "DataParams": _data, "TuningParams": _tuning,
    **refused_judges.TOGETHER, **refused_synthesis.TOGETHER,
}  # fmt: skip
"""Class → what its fields must be beside each other."""


def _refused(case: Case) -> Iterator[Hit]:
    if not case.is_file:
        return  # what was said in words is looked at with its field
    for thing in objects(case.config, case.kind, case.version):
        yield from _numbers(thing)
        yield from _words(thing)
        yield from _full(thing)
        if (check := _TOGETHER.get(thing.owner)) is not None:
            yield from check(thing)


RULES = (
    Rule(
        rule="SCH005",
        kinds=("train", "tune", "quantize", "judge", "synthesize", "eval", "async_eval", "infer"),
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
