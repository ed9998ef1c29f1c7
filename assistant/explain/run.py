"""What the run of a config will do, in sentences, with Oumi's own defaults where the file says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.builder.existing import ACCUMULATION, EPOCHS, LARGEST, MICRO_BATCH, OPTIMIZER, RANK, Existing
from assistant.catalogue.models import get_model
from assistant.checks.schema import coerce, field
from assistant.core.errors import UsageError
from assistant.core.values import ModelSpec

Part = tuple[str, str]
"""(label, sentence)."""
_OBJECTIVES = {
    "TRL_SFT": "learns the answers in the data (supervised fine-tuning, TRL_SFT)", "TRL_DPO": "learns which answer is preferred (TRL_DPO)", "TRL_KTO": "learns from good and bad answers (TRL_KTO)",
    "TRL_GRPO": "learns from rewards of its own answers (TRL_GRPO)", "VERL_GRPO": "learns from rewards of its own answers (VERL_GRPO)", "TRL_GKD": "learns from a teacher model (TRL_GKD)",
    "TRL_GOLD": "learns from a teacher model (TRL_GOLD)", "HF": "predicts the next token (transformers' own trainer, HF)", "OUMI": "predicts the next token (Oumi's own trainer)",
}  # fmt: skip
_SHOWN = 5


def parts_of(body: Mapping[str, Any], kind: str) -> tuple[Part, ...]:
    """What will happen, a sentence for each part of it.

    Raises:
        UsageError: a field of the wrong type.
    """
    tell = {"train": _train, "eval": _evaluate, "infer": _infer, "job": _job, "quantize": _quantize, "tune": _tune, "judge": _judge, "synthesize": _synthesize, "async_eval": _watch}
    return tuple(tell[kind](as_read(body, kind)))


def as_read(body: Mapping[str, Any], kind: str, prefix: str = "") -> dict[str, Any]:
    """The config with text in the place of numbers and switches as Oumi reads it: `'1_000'` is a number to it."""
    read: dict[str, Any] = {}
    for name, value in body.items():
        path = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping):
            read[name] = as_read(value, kind, path)
        elif isinstance(value, str) and (field(path, kind) or {}).get("type") in ("int", "float", "bool"):
            read[name] = _coerced(path, value, kind)
        else:
            read[name] = value
    return read


def _coerced(path: str, value: str, kind: str) -> Any:
    try:
        return coerce(path, value, kind, parts=True)
    except UsageError:  # `${…}`, or what is told as a mistake
        return value


def _train(body: Mapping[str, Any]) -> Iterator[Part]:
    config = Existing.of(body)
    model = get_model(config.model_name)
    yield "Model", _model(config, model)
    yield "Method", _method(config)
    yield "Data", _data(config)
    yield "Batch", _batch(config)
    yield "Length", _length(config, model)
    yield "Steps", _steps(config)
    yield "Sharding", _sharding(config)
    yield "Outputs", _outputs(config)
    if evaluation := _evaluation(config):
        yield "Evaluation", evaluation


def _model(config: Existing, model: ModelSpec | None) -> str:
    size = f" ({model.params_total / 1e9:.2f} billion parameters)" if model is not None else ", which is not in the catalogue"
    dtype = str(config.model.get("torch_dtype_str", str, "auto"))
    mixed = str(config.training.get("mixed_precision_dtype", str, "NONE")).upper()
    load = "from random weights" if config.model.body.get("load_pretrained_weights") is False else f"its weights in {'the format that they are stored in' if dtype == 'auto' else dtype}"
    autocast = f", computed in {mixed.lower()} by autocast" if mixed in ("BF16", "FP16") else ""
    return f"{config.model_name}{size}, {load}{autocast}"


def _method(config: Existing) -> str:
    learns = _OBJECTIVES.get(config.trainer, f"is trained by {config.trainer}")
    if config.method == "full":
        ignored = "; the section peft is ignored, since training.use_peft is not true" if config.peft.body else ""
        return f"all parameters are trained{ignored}; the model {learns}"
    rank, alpha = config.peft.get("lora_r", int, RANK), config.peft.get("lora_alpha", int, RANK)
    names = config.peft.get("lora_target_modules", list, [])
    where = ", ".join(map(str, names)) if names else "the layers that PEFT has for this model"
    over = f"over weights in {config.peft.get('q_lora_bits', int, 4)} bit" if config.method == "qlora" else "over frozen weights"
    return f"adapters of rank {rank} (alpha {alpha}) {over} are trained, on {where}; the model {learns}"


def _data(config: Existing) -> str:
    entries = [entry for entry in config.train_data.get("datasets", list, []) if isinstance(entry, dict)]
    if not entries:
        return "none is named: Oumi refuses the config"
    told = [_dataset(entry) for entry in entries[:_SHOWN]]
    more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    ways = [word for word, on in (("packed to the full length", config.packs), ("streamed", config.train_data.body.get("stream"))) if on]
    masked = "; answers alone are learned" if config.train_data.body.get("train_target") else ""
    return "; ".join(told) + more + (f"; {' and '.join(ways)}" if ways else "") + masked


def _dataset(entry: Mapping[str, Any]) -> str:
    kwargs = entry.get("dataset_kwargs") if isinstance(entry.get("dataset_kwargs"), Mapping) else {}
    assert isinstance(kwargs, Mapping)
    inner = kwargs.get("hf_dataset_path") or kwargs.get("dataset_name_override") or kwargs.get("data_files")
    name = str(entry.get("dataset_path") or inner or entry.get("dataset_name"))
    read_as = f", read as {entry['dataset_name']}" if name != entry.get("dataset_name") and entry.get("dataset_name") else ""
    split = f", split {entry['split']}" if entry.get("split") not in (None, "train") else ""
    count = f", {entry['sample_count']:,} rows" if isinstance(entry.get("sample_count"), int) else ""
    return f"{name}{read_as}{split}{count}"


def _batch(config: Existing) -> str:
    micro = config.training.get("per_device_train_batch_size", int, MICRO_BATCH)
    steps = max(1, config.training.get("gradient_accumulation_steps", int, ACCUMULATION))
    recompute = "recomputed" if config.training.get("enable_gradient_checkpointing", bool, False) else "kept"
    times = f" × {steps} before the optimizer moves: {micro * steps} rows a step and GPU" if steps > 1 else " at once"
    return f"{micro} row{'' if micro == 1 else 's'} per GPU{times}; activations are {recompute}"


def _length(config: Existing, model: ModelSpec | None) -> str:
    said = config.trainer_kwargs.get("max_length", int, 0) or config.model.get("model_max_length", int, 0)
    if not said:
        return f"none is said: TRL cuts rows at {config.sequence_length:,} tokens" if config.trainer.startswith("TRL") else "the model's own"
    beyond = f", more than the {model.max_positions:,} that the model was made for" if model and model.max_positions and said > model.max_positions else ""
    return f"rows are cut at {said:,} tokens{beyond}"


def _steps(config: Existing) -> str:
    optimizer = str(config.training.get("optimizer", str, OPTIMIZER))
    rate, schedule = config.training.body.get("learning_rate", 5e-5), config.training.get("lr_scheduler_type", str, "linear")
    warm = config.training.body.get("warmup_steps")
    ratio = config.training.body.get("warmup_ratio")
    warmup = f", {warm} steps of warm-up" if warm else f", the first {ratio:.0%} of steps as warm-up" if isinstance(ratio, float) and 0 < ratio <= 1 else ""
    most = config.training.body.get("max_steps")
    length = f"{most:,} steps" if isinstance(most, int) and 0 < most <= LARGEST else f"{_counted(config.training.get('num_train_epochs', int, EPOCHS), 'pass', 'passes')} over the data"
    return f"{length}, by {optimizer} at a learning rate of {rate:g} ({schedule}{warmup})" if isinstance(rate, int | float) else f"{length}, by {optimizer}"


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _sharding(config: Existing) -> str:
    if config.fsdp.get("enable_fsdp", bool, False):
        strategy = config.fsdp.get("sharding_strategy", str, "FULL_SHARD")
        wrap = config.fsdp.get("auto_wrap_policy", str, "NO_WRAP")
        wrapping = "the whole model as one unit, so that each GPU gathers all of it" if wrap == "NO_WRAP" else f"units by {wrap}"
        offload = "; states wait in the memory of the host" if config.fsdp.get("cpu_offload", bool, False) else ""
        return f"FSDP {strategy}, {wrapping}{offload}"
    if config.deepspeed.get("enable_deepspeed", bool, False):
        path = config.deepspeed.body.get("deepspeed_config_path")
        return f"DeepSpeed as {path} has it" if path else f"DeepSpeed {config.deepspeed.get('zero_stage', str, 'ZERO_0')}"
    return "none: on several GPUs each holds a whole copy (DDP), if started by oumi distributed torchrun"


def _outputs(config: Existing) -> str:
    folder = config.training.get("output_dir", str, "output")
    said = config.training.body.get("save_steps", 500)
    steps = said if isinstance(said, int) and said > 0 else 0  # Oumi saves by steps above 0 alone
    when = [f"every {steps:,} steps"] if steps else []
    when += ["after each pass"] if config.training.get("save_epoch", bool, False) and not steps else []
    final = config.training.get("save_final_model", bool, True)
    if not when and not final:
        return f"logs alone go to {folder}: nothing of the model is saved"
    what = "adapters" if config.method != "full" and str(config.peft.get("peft_save_mode", str, "ADAPTER_ONLY")) == "ADAPTER_ONLY" else "the model"
    saved = [f"checkpoints {' and '.join(when)}"] if when else []
    saved += [f"{what} at the end"] if final else []
    trackers = [name for field, name in (("enable_wandb", "Weights & Biases"), ("enable_mlflow", "MLflow")) if config.training.get(field, bool, False)]
    return f"{' and '.join(saved)} go to {folder}" + (f"; reported to {' and '.join(trackers)}" if trackers else "")


def _evaluation(config: Existing) -> str:
    there = isinstance(config.data.body.get("validation"), Mapping)
    when = str(config.training.get("eval_strategy", str, "no"))
    if when == "no":
        return "validation data is named and never read, since eval_strategy is no" if there else ""
    return f"loss on the validation data, by {when}" if there else f"eval_strategy is {when} and no validation data is named: Oumi stops"


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def _named_model(body: Mapping[str, Any]) -> str:
    model = _part(body, "model")
    adapter = f" with the adapters {model['adapter_model']}" if model.get("adapter_model") else ""
    return f"{model.get('model_name', 'none is named')}{adapter}"


def _evaluate(body: Mapping[str, Any]) -> Iterator[Part]:
    yield "Model", f"{_named_model(body)}, run by {body.get('inference_engine', 'NATIVE')}"
    tasks = [task for task in body.get("tasks") or [] if isinstance(task, Mapping)]
    told = [f"{task.get('task_name')} ({task.get('evaluation_backend', '?')}{', ' + str(task['num_samples']) + ' samples' if task.get('num_samples') else ''})" for task in tasks]
    yield "Tasks", ", ".join(told[:12]) + (f" and {len(told) - 12} more" if len(told) > 12 else "") if told else "none: nothing is run"
    yield "Outputs", f"results go to {body.get('output_dir', 'output')}"


def _infer(body: Mapping[str, Any]) -> Iterator[Part]:
    generation, engine = _part(body, "generation"), body.get("engine", "NATIVE")
    yield "Model", f"{_named_model(body)}, run by {engine}"
    yield "Data", f"prompts from {body['input_path']}" if body.get("input_path") else "none is named: it asks for prompts at the keyboard"
    greedy = not generation.get("temperature") or (engine in (None, "NATIVE") and not generation.get("use_sampling"))
    how = "the likeliest token each time" if greedy else f"sampled at temperature {generation['temperature']}"
    most = generation.get("max_new_tokens", 1024)
    yield "Method", f"up to {f'{most:,}' if isinstance(most, int) else most} new tokens for each, {how}"
    yield "Outputs", f"answers go to {body['output_path']}" if body.get("output_path") else "answers are shown and not kept"


def _job(body: Mapping[str, Any]) -> Iterator[Part]:
    resources, nodes = _part(body, "resources"), body.get("num_nodes", 1)
    machine = resources.get("accelerators") or resources.get("instance_type") or "no accelerator"
    spot = ", which may be taken away (spot)" if resources.get("use_spot") else ""
    yield "Machine", f"{_counted(nodes, 'node', 'nodes') if isinstance(nodes, int) else nodes} of {machine} on {resources.get('cloud', 'no cloud that is named')}{spot}"
    lines = [" ".join(line.split()) for line in str(body.get("run") or "").replace("\\\n", " ").splitlines() if line.strip() and not line.strip().startswith(("#", "set "))]
    yield "Runs", "; ".join(lines[:_SHOWN]) + (f" and {_counted(len(lines) - _SHOWN, 'more line', 'more lines')}" if len(lines) > _SHOWN else "") if lines else "nothing"
    if body.get("working_dir"):
        yield "Files", f"the folder {body['working_dir']} is copied there"


def _quantize(body: Mapping[str, Any]) -> Iterator[Part]:
    yield "Model", _named_model(body)
    yield "Method", f"weights are packed by {body.get('method', 'awq_q4_0')}"
    yield "Outputs", f"the packed model goes to {body.get('output_path', 'quantized_model')}"


def _tune(body: Mapping[str, Any]) -> Iterator[Part]:
    tuning = _part(body, "tuning")
    searched = [*_part(tuning, "tunable_training_params"), *_part(tuning, "tunable_peft_params")]
    yield "Model", _named_model(body)
    yield "Method", f"{tuning.get('n_trials', 'some')} trainings with other values of {', '.join(map(str, searched)) or 'nothing'}"
    yield "Outputs", f"trials go to {tuning.get('output_dir', 'output')}"


def _judge(body: Mapping[str, Any]) -> Iterator[Part]:
    params, inference = _part(body, "judge_params"), _part(body, "inference_config")
    yield "Model", f"{_named_model(inference)}, run by {inference.get('engine', 'NATIVE')}" if inference else "none: rules judge"
    yield "Method", f"each row is judged with a {str(params.get('judgment_type', 'BOOL')).lower()} answer, given as {params.get('response_format', 'XML')}"


def _synthesize(body: Mapping[str, Any]) -> Iterator[Part]:
    inference = _part(body, "inference_config")
    yield "Model", f"{_named_model(inference)}, run by {inference.get('engine', 'NATIVE')}"
    yield "Method", f"{body.get('num_samples', 1)} rows are written"
    yield "Outputs", f"rows go to {body.get('output_path') or 'the current folder'}"


def _watch(body: Mapping[str, Any]) -> Iterator[Part]:
    yield from _evaluate(_part(body, "evaluation"))
    yield "When", f"for each new checkpoint in {body.get('checkpoints_dir')}, looked for every {body.get('polling_interval')} seconds"
