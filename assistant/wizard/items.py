"""What can be asked for each kind of config: a key of the intent, the machine, or a field of Oumi's by its dotted name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from assistant.catalogue.benchmarks import benchmarks
from assistant.catalogue.engines import engines
from assistant.checks.schema import field
from assistant.configs.library import layer
from assistant.configs.parameters import Parameter, parameter
from assistant.configs.questions import Asked, asked_of
from assistant.core.intent import Cloud, Intent, Objective, Precision, Priority, Sharding

Takes = Literal["model", "dataset", "machine", "choice", "whole", "number", "yes", "names", "text", "file", "value"]
"""What kind of answer: it decides how a text is read, and what Tab completes."""
Choice = tuple[str, str]
"""(what to answer, what it means; empty where the name says it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to ask. `key` is an intent's key, `machine`, a field, or a word; `field` is the field of the config that it decides.

    `home` tells which of these: a quantization's `method` is a field of Oumi's, a training's a key of the intent. `open` is
    True where other answers than the choices are taken, those of `pattern`, `such_as` in words; `required` where nothing can
    be planned without one. `instead` is the key that a planner's question for stands open for this one.
    `least` bounds a number; `written` tells that it is asked only where the planned config sets it.
    """

    key: str
    text: str
    about: str = ""
    takes: Takes
    choices: tuple[Choice, ...] = ()
    open: bool = False
    required: bool = False
    field: str = ""
    interacts: tuple[str, ...] = ()
    home: Literal["intent", "field", "word"] = "intent"
    option: str = ""
    pattern: str = ""
    such_as: str = ""
    usual: tuple[str, str] | None = None
    instead: str = ""
    least: float | None = None
    written: bool = False

    @property
    def is_field(self) -> bool:
        """True for a field of Oumi's by its own name, which no key of the intent stands for."""
        return self.home == "field"

    @property
    def is_word(self) -> bool:
        """True for what neither the intent nor Oumi has a name for, such as a judge's criterion."""
        return self.home == "word"

    @property
    def flag(self) -> str:
        """The option that answers it, such as --learning-rate."""
        if self.option:
            return self.option
        return f"--set {self.key}" if self.is_field else _FLAGS.get(self.key, f"--{self.key.replace('_', '-')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of config: the intent's task, Oumi's schema of its fields, what is asked first and what only of those who want more.

    `further` is what is not asked and can be said.
    """

    name: str
    task: str
    schema: str
    about: str
    essential: tuple[str, ...]
    common: tuple[str, ...]
    further: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that can be answered."""
        return (*self.essential, *self.common, *self.further)


_KEYS = frozenset((*Intent.model_fields, "machine", "kind"))
_FLAGS = {"method": "--training-type", "machine": "--gpus", "kind": "KIND"}
_TRAINING = ("model", "objective", "dataset", "machine", "method")
_SETTINGS = (
    "sequence_length", "epochs", "max_steps", "global_batch_size", "micro_batch_size", "learning_rate", "lora_rank", "lora_alpha",
    "precision", "sharding", "seed", "output_dir", "run_name", "priority", "max_hours", "max_dollars",
)  # fmt: skip
_WHERE = ("cloud", "nodes", "spot")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="train", task="train", schema="train", about="train a model", essential=_TRAINING, common=_SETTINGS, further=_WHERE),
        Kind(
            name="eval", task="evaluate", schema="eval", about="score a model on benchmarks", essential=("model", "benchmarks", "machine"),
            common=("engine", "num_fewshot", "limit", "sequence_length", "micro_batch_size", "output_dir", "run_name"), further=_WHERE,
        ),
        Kind(
            name="infer", task="infer", schema="infer", about="run a model on prompts", essential=("model", "machine", "engine", "dataset"),
            common=("sequence_length", "micro_batch_size", "seed", "output_dir"), further=_WHERE,
        ),
        Kind(
            name="job", task="train", schema="train", about="train on a cloud: a config and the job that runs it",
            essential=("model", "objective", "dataset", "cloud", "machine", "nodes", "spot", "method"), common=_SETTINGS,
        ),
        Kind(
            name="quantize", task="quantize", schema="quantize", about="make a model's weights smaller", essential=("model", "machine", "method", "output_dir"),
            common=("calibration_samples",), further=_WHERE,
        ),
        Kind(
            name="tune", task="tune", schema="tune", about="search for hyperparameters",
            essential=("model", "dataset", "machine", "method", "search", "tuning.n_trials", "tuning.evaluation_metrics"),
            common=("validation", "tuning.tuner_sampler", *_SETTINGS), further=("objective", *_WHERE),
        ),
        Kind(
            name="judge", task="judge", schema="judge", about="let a model judge answers",
            essential=("model", "dataset", "criterion", "scale", "machine", "engine"),
            common=(
                "judge_params.include_explanation", "judge_params.response_format", "judge_params.system_instruction", "judge_params.prompt_template",
                "sequence_length", "seed", "output_dir",
            ), further=_WHERE,
        ),
        Kind(
            name="synthesize", task="synthesize", schema="synthesize", about="let a model write data",
            essential=("model", "dataset", "subject", "rows", "num_samples", "machine", "engine", "output_dir"),
            common=("attributes", "inference_config.generation.temperature", "sequence_length", "seed"), further=_WHERE,
        ),
    )
}  # fmt: skip
NEEDS_NO_MODEL = ("judge", "synthesize")
"""Kinds for which a model is a tool: they have one of their own."""

_PATHS: dict[str, dict[str, str]] = {
    "train": {
        "model": "model.model_name", "dataset": "data.train.datasets", "method": "training.use_peft", "objective": "training.trainer_type",
        "sequence_length": "model.model_max_length", "epochs": "training.num_train_epochs", "max_steps": "training.max_steps",
        "global_batch_size": "training.gradient_accumulation_steps", "micro_batch_size": "training.per_device_train_batch_size",
        "learning_rate": "training.learning_rate", "lora_rank": "peft.lora_r", "lora_alpha": "peft.lora_alpha", "precision": "model.torch_dtype_str",
        "sharding": "fsdp.enable_fsdp", "seed": "training.seed", "output_dir": "training.output_dir", "run_name": "training.run_name",
    },
    "eval": {
        "model": "model.model_name", "benchmarks": "tasks", "engine": "inference_engine", "num_fewshot": "tasks.eval_kwargs.num_fewshot",
        "limit": "tasks.num_samples", "sequence_length": "model.model_max_length", "micro_batch_size": "generation.batch_size",
        "output_dir": "output_dir", "run_name": "run_name",
    },
    "infer": {
        "model": "model.model_name", "engine": "engine", "dataset": "input_path", "sequence_length": "model.model_max_length",
        "micro_batch_size": "generation.batch_size", "seed": "generation.seed", "output_dir": "output_path",
    },
    "job": {"cloud": "resources.cloud", "nodes": "num_nodes", "spot": "resources.use_spot"},
    "quantize": {"model": "model.model_name", "output_dir": "output_path"},
    "tune": {
        "model": "model.model_name", "dataset": "data.train.datasets", "sequence_length": "model.model_max_length", "output_dir": "tuning.output_dir",
        "run_name": "tuning.tuning_study_name", "method": "tuning.fixed_training_params.use_peft", "validation": "data.validation.datasets",
    },
    "judge": {"model": "inference_config.model.model_name", "engine": "inference_config.engine", "sequence_length": "inference_config.model.model_max_length"},
    "synthesize": {"model": "inference_config.model.model_name", "engine": "inference_config.engine", "sequence_length": "inference_config.model.model_max_length", "output_dir": "output_path"},
}  # fmt: skip

_WORDS: dict[str, tuple[str, str]] = {
    "model": ("Which model?", ""),
    "objective": ("What should it learn from?", "The objective: what the rows are, and which trainer reads them."),
    "dataset": ("Which data?", ""),
    "machine": ("Which machine?", "GPUs as 2xA100-80GB, H100:8, 4x24GB, 2x8xH100 (nodes first), cpu:64GB, m3-max:64GB; auto takes what this computer has."),
    "method": ("Train all weights, or adapters?", "How much of the model trains: all of it, or adapters beside frozen weights. The memory differs most by this."),
    "global_batch_size": ("How many rows per optimizer step?", "The global batch: micro-batch × accumulation × GPUs. Results depend on it; memory hardly does."),
    "sharding": ("How should the GPUs share the work?", "A whole copy on each GPU (DDP), or one copy spread over them (FSDP, DeepSpeed)."),
    "priority": ("What matters most?", "Where several plans fit, this decides between them."),
    "max_hours": ("How many hours at most?", "A limit on the run: it is shortened where its length is free, else what would keep the limit is said."),
    "max_dollars": ("How many dollars at most?", "A limit on the cost, at the catalogue's prices."),
    "cloud": ("Which cloud?", ""),
    "nodes": ("How many machines?", ""),
    "spot": ("Take spot machines?", ""),
    "benchmarks": ("Which benchmarks?", "Task names of lm-eval, or functions registered with Oumi; several with commas."),
    "engine": ("Which engine?", "What runs the model."),
    "kind": ("What should be made?", "The kind of config."),
}
"""Words for what no single field decides; for the rest a field's own."""

_TAKES: dict[str, Takes] = {
    "model": "model", "dataset": "dataset", "machine": "machine", "benchmarks": "names", "output_dir": "file", "run_name": "text", "spot": "yes",
    "epochs": "number", "learning_rate": "number", "lora_alpha": "number", "max_hours": "number", "max_dollars": "number",
    **dict.fromkeys(("objective", "method", "precision", "sharding", "priority", "cloud", "engine", "kind"), "choice"),
}  # fmt: skip
_ENGINES = {"local": "runs here", "server": "a server of your own", "api": ""}
"""Kinds of engine, those that are asked for first; providers are known by their names."""
_FILES = (("infer", "dataset"), ("judge", "dataset"))
"""Where the data can only be a file here."""
MODELS = ("Llama 3.1 8B", "Qwen3 8B", "SmolLM2 135M")
MACHINES = ("2xA100-80GB", "RTX4090", "8xH100", "4x24GB", "cpu", "auto")


@cache
def item(kind: str, key: str) -> Item:
    """The question of this key for this kind of config."""
    asked = asked_of(kind).get(key, Asked(name=key))
    if key not in _KEYS or (key in asked_of(kind) and field(key, schema_of(kind)) and key not in _PATHS.get(schema_of(kind), {})):
        return _of_field(kind, key, asked) if field(key, schema_of(kind)) or "." in key else _of_word(asked)
    known = _known(kind, key)
    text, about = _WORDS.get(key, ("", ""))
    return Item(
        key=key,
        text=asked.question or text or (known.question if known else key),
        about=asked.help or about or (known.help if known else ""),
        takes=_TAKES.get(key, "whole") if (kind, key) not in _FILES else "file",
        choices=asked.choices or _choices(key),
        open=key in ("benchmarks", "model", "machine", "dataset"),
        required=(key == "model" and kind not in NEEDS_NO_MODEL) or key == "kind" or (kind == "job" and key == "cloud"),
        field=known.path if known else "",
        interacts=known.interacts if known else (),
        usual=asked.default,
    )


def _of_word(asked: Asked) -> Item:
    """What the planner turns into fields of its own."""
    takes: Takes = "file" if asked.takes == "file" else "choice" if asked.choices else "text"
    return Item(
        key=asked.name, text=asked.question, about=asked.help, takes=takes, choices=asked.choices, open=asked.open or not asked.choices, home="word",
        option=asked.flag, pattern=asked.pattern, such_as=asked.such_as, usual=asked.default, instead=asked.instead,
    )  # fmt: skip


def schema_of(kind: str) -> str:
    """Oumi's schema of a kind's fields."""
    return KINDS[kind].schema if kind in KINDS else "train"


def _known(kind: str, key: str) -> Parameter | None:
    """What is written about the field that a key decides."""
    schemas = ("job",) if key in _PATHS["job"] else (schema_of(kind), "train", "infer")
    return next((known for schema in schemas if (path := _PATHS.get(schema, {}).get(key)) and (known := parameter(schema, path))), None)


@cache
def key_of_field(kind: str, path: str) -> str:
    """The key that decides a field, so that it is asked in one way; the path itself where none does."""
    paths = _PATHS.get(schema_of(kind), {})
    decided = ("objective", "method", "precision", "sharding", "global_batch_size", "benchmarks")
    return next((key for key, there in paths.items() if there == path and key not in decided and key in KINDS[kind].keys), path)


def _of_field(kind: str, path: str, asked: Asked) -> Item:
    known = parameter(schema_of(kind), path)
    if known is None:
        return Item(key=path, text=f"{path}?", takes="value", field=path, home="field")
    choices = asked.choices or tuple((name, "") for name in known.choices)
    takes: Takes = "choice" if choices else "yes" if known.type == "bool" else "value"
    return Item(
        key=path, text=asked.question or known.question, about=asked.help or known.help, takes=takes, choices=choices, open=takes == "value" or asked.open,
        field=path, interacts=known.interacts, home="field", option=asked.flag, least=asked.least, written=asked.written, pattern=asked.pattern, such_as=asked.such_as,
    )  # fmt: skip


def _layers(folder: str, names: tuple[str, ...]) -> tuple[Choice, ...]:
    """Names with what the library's layer of each is for."""
    return tuple((name, layer(f"train/{folder}/{name}").about) for name in names)


def _choices(key: str) -> tuple[Choice, ...]:
    if key == "objective":
        return _layers("objective", get_args(Objective))
    if key == "method":
        return (("auto", "the planner decides, by memory"), *_layers("method", ("full", "lora", "qlora")))
    if key == "sharding":
        return _layers("sharding", get_args(Sharding))
    if key == "engine":
        return tuple((each.name, about) for kind, about in _ENGINES.items() for each in engines().values() if each.kind == kind)
    if key == "kind":
        return tuple((each.name, each.about) for each in KINDS.values())
    plain = {"precision": get_args(Precision), "priority": get_args(Priority), "cloud": get_args(Cloud), "model": MODELS, "machine": MACHINES}
    names = tuple(benchmarks()) if key == "benchmarks" else plain.get(key, ())
    return tuple((name, "") for name in names)


@cache
def decided_fields(kind: str) -> frozenset[str]:
    """The fields that a key decides, with the switches of method and sharding: none of them is asked for by its own name."""
    switches = ("training.use_peft", "peft.q_lora", "fsdp.enable_fsdp", "deepspeed.enable_deepspeed", "training.mixed_precision_dtype", "inference_engine")
    return frozenset((*_PATHS.get(schema_of(kind), {}).values(), *switches))
