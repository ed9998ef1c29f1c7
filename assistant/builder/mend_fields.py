"""Errors over fields of the config: unknown names, wrong types, arguments of a trainer, files and layers that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.builder.edit import Edit
from assistant.builder.mend_types import Case, Mending
from assistant.catalogue.datasets import find_dataset, suggest_datasets
from assistant.catalogue.names import nearest
from assistant.checks.schema import coerce, field, field_names, snapshot
from assistant.core.errors import UsageError
from assistant.planner.data import LOCAL_NAMES, is_local

_LEFT_OUT = ("max_seq_length", "max_prompt_length")
"""Arguments that TRL once took and Oumi sets by model.model_max_length."""
Pairs = Iterator[tuple[str, Any]]


def fields_in(body: Any, prefix: str = "") -> Pairs:
    """Every field of a parsed config with its value, sections and entries of lists too, as dotted paths."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            path = f"{prefix}.{name}" if prefix else str(name)
            yield path, value
            yield from fields_in(value, path)
    elif isinstance(body, list):
        for i, item in enumerate(body):
            yield from fields_in(item, f"{prefix}[{i}]")


def path_of(case: Case, key: str) -> str | None:
    """Where the config has the field: as the error says, else the one of this name."""
    said = case.detail("path")
    paths = [path for path, _ in fields_in(case.body or {})]
    if said in paths:
        return said
    ends = [path for path in paths if path == key or path.endswith(f".{key}")]
    inside = [path for path in ends if said and path.startswith(said.rpartition(".")[0])]
    return (inside or ends or [None])[0]  # type: ignore[list-item]


def unknown_key(case: Case) -> Mending:
    """The field under the name that Oumi has for it, or without it."""
    key = case.detail("key")
    path = path_of(case, key) or case.detail("path") or key
    message = f'Oumi has no field "{key}"' + (f" in {case.detail('section')}" if case.detail("section") else "") + "."
    if field(path) is not None:
        cause = f"Oumi 0.9 does have {path}: the Oumi that is installed there is older."
        return Mending(message=message, cause=cause, commands=("pip install -U oumi",), effect="The config stays as it is.")
    if case.body is None or path_of(case, key) is None:
        near = nearest(path, field_names(), count=2)
        return Mending(message=message, cause=f"Did you mean {' or '.join(near)}?" if near else "No field of Oumi 0.9 comes near that name.")
    return _placed(case, path, message)


def _placed(case: Case, path: str, message: str) -> Mending:
    section, _, key = path.rpartition(".")
    elsewhere = [name for name in field_names() if name.rpartition(".")[2] == key and "[" not in name]
    beside = [name.rpartition(".")[2] for name in field_names() if name.rpartition(".")[0] == section]
    there = {p for p, _ in fields_in(case.body or {})}
    if len(elsewhere) == 1 and elsewhere[0] not in there and not isinstance(case.get(path), dict | list):
        cause = f"{key} belongs to {elsewhere[0].rpartition('.')[0]}, not to {section or 'the top level'}."
        edits = (Edit(path=path, remove=True), Edit(path=elsewhere[0], value=case.get(path)))
        return Mending(message=message, cause=cause, changes=edits, effect=f"The value moves to {elsewhere[0]}.")
    near = [name for name in nearest(key, beside, count=1, cutoff=70) if f"{section}.{name}" not in there]
    if near:
        return Mending(message=message, cause=f"Nearest in {section}: {near[0]}.", changes=(Edit(path=path, rename=near[0]),), effect=f"{key} becomes {near[0]}; its value stays.")
    return Mending(message=message, cause="No field of Oumi 0.9 comes near that name.", changes=(Edit(path=path, remove=True),), effect=f"{path} goes: Oumi has nothing that does this.")


def wrong_type(case: Case) -> Mending:
    """The value as the field takes it, where there is one such."""
    said, value = case.detail("path"), case.detail("value")
    found = [path for path, there in fields_in(case.body or {}) if path == said or (not said and str(there) == value)]
    path = found[0] if found else said
    wanted = f"; it must be {_article(case.detail('wanted'))}" if case.detail("wanted") else ""
    message = f"{path or 'A field'} cannot be {value or case.detail('type') or 'that'}{wanted}."
    if not path or field(path) is None:
        return Mending(message=message, cause="Mend that value in the config." if case.detail("wanted") else f"The error says: {case.trace.quote}")
    given = case.get(path)
    fitting = _fitting(path, given)
    if fitting is None or not found:
        return Mending(message=message, cause=_asked(path, given))
    return Mending(message=message, cause=_asked(path, given), changes=(Edit(path=path, value=fitting),), effect=f"{path} becomes {fitting}.")


def _article(wanted: str) -> str:
    return f"one of {wanted}" if "," in wanted else wanted


def _fitting(path: str, given: Any) -> Any:
    """The value in the type of the field; None where none is meant for sure."""
    entry = field(path) or {}
    if entry.get("type") == "list" and isinstance(given, str):
        return [given]
    if entry.get("type") == "enum":
        near = nearest(str(given), entry["names"], count=1, cutoff=80)
        return near[0] if near else None
    try:
        fitting = coerce(path, given)
    except UsageError:
        return None
    return fitting if type(fitting) is not type(given) else None


def _asked(path: str, given: Any) -> str:
    try:
        coerce(path, given)
    except UsageError as problem:
        return problem.hint
    return "The type is not the field's."


def trainer_argument(case: Case) -> Mending:
    """An argument that the trainer does not have, or that Oumi gives it itself."""
    key = case.detail("key")
    path = f"training.trainer_kwargs.{key}"
    message = f"{case.detail('config')} does not take {key} from training.trainer_kwargs."
    value = case.get(path)
    if value is None:
        return Mending(message=message, cause=f"{key} is not in the config's trainer_kwargs: the versions of Oumi and TRL may not go together.", commands=("pip install -U oumi",))
    remove = Edit(path=path, remove=True)
    if key in _LEFT_OUT:
        edits = (remove,) if case.get("model.model_max_length") or key != "max_seq_length" else (remove, Edit(path="model.model_max_length", value=value))
        return Mending(message=message, cause="TRL 1.x has no such argument; model.model_max_length sets the tokens of a row.", changes=edits, effect="Rows are cut by model.model_max_length.")
    if field(f"training.{key}") is not None:
        edits = (remove,) if case.get(f"training.{key}") is not None else (remove, Edit(path=f"training.{key}", value=value))
        return Mending(message=message, cause=f"It is a field of Oumi's own: training.{key}.", changes=edits, effect=f"training.{key} is what counts.")
    known = snapshot()["trainer_kwargs"].get(case.get("training.trainer_type") or "HF", ())
    near = nearest(key, known, count=1, cutoff=80) if known else []
    if near:
        return Mending(message=message, cause=f"Nearest: {near[0]}.", changes=(Edit(path=path, rename=near[0]),), effect=f"{key} becomes {near[0]}.")
    return Mending(message=message, cause="The trainer has nothing of that name.", changes=(remove,), effect=f"{path} goes.")


def dataset_not_found(case: Case) -> Mending:
    """The registered name that is nearest, or a local file as Oumi takes one."""
    name = case.detail("dataset")
    message = f'The dataset "{name}" was not found.'
    place = next((p for p, v in fields_in(case.body or {}) if p.endswith(".dataset_name") and str(v) == name), None)
    if place and is_local(name):
        edits = (Edit(path=place, value=LOCAL_NAMES["sft"]), Edit(path=f"{place.removesuffix('name')}path", value=name))
        cause = "A local file goes under dataset_path; dataset_name says how its rows are read."
        return Mending(message=message, cause=cause, changes=edits, effect="The file is read as rows of messages. For pairs of answers the name is text_dpo_jsonl.")
    if is_local(name):
        return Mending(message=message, cause="No such file is where the training runs. Paths count from the folder that oumi is started in.")
    known = find_dataset(name)
    near = [known.id] if known and known.id != name else suggest_datasets(name, count=1)
    commands = ("hf auth login",)
    if place and near and near[0] != name:
        return Mending(message=message, cause=f"Nearest in Oumi's list: {near[0]}. A private set needs a login.", changes=(Edit(path=place, value=near[0]),), effect=f"The run reads {near[0]}.", commands=commands, alternative=True)
    return Mending(message=message, cause="It is private, or its name on the Hub is another.", commands=commands, effect="Check the name at https://huggingface.co/datasets.")


def target_modules(case: Case) -> Mending:
    """The layers that this model has; nothing where the config trains no adapters."""
    said = " ".join(case.detail("modules").replace("'", "").split())
    message = f"None of the layers {said} is in the model." if said else "No layer was named for the adapters, and PEFT knows none for this model."
    if case.body is not None and case.get("training.use_peft") is not True:
        cause = "This config trains no adapters (training.use_peft is not true), so the error is of another run: the log and the config do not belong together."
        return Mending(message=message, cause=cause, effect="Give the config that the log is of.")
    if case.model is None or not case.model.lora_targets:
        return Mending(message=message, cause="peft.lora_target_modules must name linear layers of the model.")
    names = list(case.model.lora_targets)
    return Mending(
        message=message,
        cause=f"{case.model.id} has {', '.join(names)}.",
        changes=(Edit(path="peft.lora_target_modules", value=names),) if case.body is not None else (),
        effect="All its linear layers are adapted.",
    )


def wrap_class(case: Case) -> Mending:
    """The layer that FSDP wraps, of this model."""
    named = case.detail("cls") or case.get("fsdp.transformer_layer_cls") or ""
    message = f"FSDP found no layer {named} in the model." if named and named != "to wrap" else "FSDP found no layer of the class to wrap."
    if case.model is None or case.model.layer_cls is None:
        return Mending(message=message, cause="fsdp.transformer_layer_cls must name the model's decoder layer.")
    edits = (Edit(path="fsdp.transformer_layer_cls", value=case.model.layer_cls),) if case.body is not None else ()
    return Mending(message=message, cause=f"The layers of {case.model.id} are {case.model.layer_cls}.", changes=edits, effect="Each layer is gathered by itself.")


def eval_without_data(case: Case) -> Mending:
    """No evaluation where there is nothing to evaluate on."""
    paths = [p for p in ("training.eval_strategy", "training.eval_steps") if case.get(p) is not None]
    edits = tuple(Edit(path=path, remove=True) for path in paths)
    return Mending(
        message="Evaluation during training is on, and the config names no validation data.",
        cause="Oumi takes it from data.validation.datasets.",
        changes=edits,
        effect="The run trains without. Or add data.validation with a set of its own.",
    )


def no_loss(case: Case) -> Mending:
    """The trainer for the rows: Oumi's default cannot read text."""
    trainer = case.get("training.trainer_type") or "HF"
    edits = (Edit(path="training.trainer_type", value="TRL_SFT"),) if case.body is not None and trainer == "HF" else ()
    cause = "training.trainer_type is HF, Oumi's default: it does not prepare rows of text." if trainer == "HF" else f"The rows have no labels for {trainer}."
    return Mending(message="The trainer got rows without labels, so there was no loss.", cause=cause, changes=edits, effect="TRL's trainer tokenises the rows." if edits else "")
