"""Which rows a run reads, and how Oumi is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.catalogue.datasets import DatasetSpec, find_dataset
from assistant.core.errors import NeedsInputError
from assistant.core.intent import Intent
from assistant.core.values import DatasetChoice, ModelSpec, Question, Reason

VISION_FIRST = frozenset(
    ["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "mllama", "internvl", "llava", "llava_next", "vipllava", "paligemma", "idefics2", "idefics3", "smolvlm", "molmo", "phi3_v", "blip-2", "instructblip", "chameleon"]
)
"""Model types that people fine-tune on images; other multimodal ones are mostly tuned on text."""

DEFAULT_DATASETS = {
    "sft": ("yahma/alpaca-cleaned", "no data was named; most of Oumi's recipes use it"),
    "vision_sft": ("merve/vqav2-small", "no data was named; Oumi's vision recipes use it"),
    "dpo": ("mlabonne/orpo-dpo-mix-40k", "no data was named; Oumi's DPO recipes use it"),
    "kto": ("trl-lib/kto-mix-14k", "no data was named; Oumi's KTO recipe uses it"),
    "grpo": ("trl-lib/tldr", "no data was named; Oumi's GRPO recipe uses it"),
    "gkd": ("yahma/alpaca-cleaned", "no data was named; Oumi's distillation recipe uses it"),
    "pretrain": ("HuggingFaceFW/fineweb-edu", "no data was named; Oumi's pretraining recipes use it"),
}
LOCAL_NAMES = {
    "sft": "text_sft_jsonl",
    "gkd": "text_sft_jsonl",
    "vision_sft": "vision_language_jsonl",
    "dpo": "text_dpo_jsonl",
}
"""Oumi's readers of a local jsonl, by kind; other kinds go through `datasets`' own `json` reader."""

_FILE = re.compile(r"\.(jsonl|json|csv|tsv|parquet|txt|md)$", re.IGNORECASE)
_LOADERS = {"jsonl": "json", "json": "json", "csv": "csv", "tsv": "csv", "parquet": "parquet", "txt": "text", "md": "text"}
_GENERIC_REWARD = "soft_20tokens_completions"


def is_local(dataset: str) -> bool:
    """True for a file or a path rather than a Hub name."""
    return bool(_FILE.search(dataset)) or dataset.startswith((".", "/", "~")) or dataset.count("/") > 1


def data_kind(objective: str, model: ModelSpec, dataset: str | None, overrides: Mapping[str, Any] | None = None) -> str:
    """The objective, or `vision_sft` where the rows hold images.

    A model that is mostly tuned on text trains on images when a vision collator is asked for by name.
    """
    if objective != "sft" or not model.is_vision:
        return objective
    if str((overrides or {}).get("data.train.collator_name")).startswith("vision_language"):
        return "vision_sft"
    spec = find_dataset(dataset) if dataset else None
    if spec is not None:
        return "vision_sft" if spec.kind == "vision_sft" else "sft"
    return "vision_sft" if model.model_type in VISION_FIRST else "sft"


def choose_dataset(
    intent: Intent, objective: str, model: ModelSpec
) -> tuple[DatasetChoice, DatasetSpec | None, list[Reason]]:
    """The rows for this run: what was said, else the objective's usual set, named as an assumption."""
    kind = data_kind(objective, model, intent.dataset, intent.overrides)
    reasons: list[Reason] = []
    if intent.dataset is None:
        name, why = DEFAULT_DATASETS[kind]
        reasons.append(Reason(field="dataset", value=name, why=why))
        said = name
    else:
        said = intent.dataset
    if is_local(said):
        return _local(said, kind, model), None, reasons
    spec = find_dataset(said)
    if spec is None:
        return _from_hub(said, kind, reasons), None, reasons
    _check_kind(spec, kind)
    return _registered(spec, kind, model, said), spec, reasons


def _local(path: str, kind: str, model: ModelSpec) -> DatasetChoice:
    found = _FILE.search(path)
    extension = found.group(1).lower() if found else ""
    if kind == "vision_sft" and extension != "jsonl":
        raise _no_images(path)
    if extension in ("jsonl", "json") and kind in LOCAL_NAMES:
        return _choice(LOCAL_NAMES[kind], kind, model, path=path, said=path)
    loader = _LOADERS.get(extension)
    if loader:
        kwargs = {"data_files": path, **({"sep": "\t"} if extension == "tsv" else {})}
        return DatasetChoice(name=loader, kwargs=kwargs, said=path)
    return DatasetChoice(name=path, said=path)


def _from_hub(said: str, kind: str, reasons: list[Reason]) -> DatasetChoice:
    if "/" not in said:
        from assistant.catalogue.datasets import suggest_datasets

        near = suggest_datasets(said)
        question = Question(field="dataset", text=f'Which dataset is "{said}"?', choices=tuple(near))
        raise needs(question, hint="A Hugging Face id (org/name) or a path to a jsonl works too.")
    if kind == "vision_sft":
        raise _no_images(said)
    why = f"not one that Oumi registers: its rows must already be in {_row_format(kind)}"
    reasons.append(Reason(field="dataset", value=said, why=why))
    return DatasetChoice(name=said, split="train", said=said)


def _no_images(said: str) -> NeedsInputError:
    """Oumi's vision collator takes rows that a registered reader has put through the model's processor."""
    text = f"Oumi cannot turn {said} into images and text: its readers take a .jsonl of conversations or a registered set. Which data?"
    question = Question(field="dataset", text=text, choices=(DEFAULT_DATASETS["vision_sft"][0], "./conversations.jsonl"))
    return needs(question, hint='One conversation a line: {"messages": [{"role": "user", "content": [{"type": "image_path", "content": "a.png"}, …]}, …]}.')


def _row_format(kind: str) -> str:
    formats = {
        "dpo": "prompt / chosen / rejected form",
        "kto": "prompt / completion / label form",
        "grpo": "prompt form",
        "pretrain": "a text column",
    }
    return formats.get(kind, "messages, prompt / completion or text form")


def _check_kind(spec: DatasetSpec, kind: str) -> None:
    """A registered set of another objective's rows would fail after the model is loaded."""
    fits = {kind, "sft"} if kind in ("gkd", "vision_sft") else {kind}
    if kind == "pretrain":
        fits = {"pretrain"}
    if spec.kind in fits and not (kind == "vision_sft" and spec.kind == "sft"):
        return
    default = DEFAULT_DATASETS[kind][0]
    text = f"{spec.id} holds {spec.kind} rows, which {kind} training cannot read. Which data should it use?"
    raise needs(Question(field="dataset", text=text, choices=(default,)))


def needs(question: Question, *, hint: str = "") -> NeedsInputError:
    """An error that carries the question to ask."""
    error = NeedsInputError(question.text, context=question.field, hint=hint)
    error.args = (question,)
    return error


def _kwargs(kind: str, model: ModelSpec) -> dict[str, Any]:
    """What the reader of these rows must be told: images are cut and normalised by the model's own processor."""
    if kind == "gkd":
        return {"return_conversations": True, "return_conversations_format": "dict"}
    if kind == "vision_sft":
        return {"processor_name": model.id, "return_tensors": True}
    return {}


def _choice(name: str, kind: str, model: ModelSpec, **where: str | None) -> DatasetChoice:
    """The entry for a reader that Oumi registers."""
    vision = kind == "vision_sft"
    return DatasetChoice(name=name, kwargs=_kwargs(kind, model), trust_remote_code=vision and model.trust_remote_code, **where)


def _registered(spec: DatasetSpec, kind: str, model: ModelSpec, said: str) -> DatasetChoice:
    split = spec.split or ("train" if kind in ("grpo", "pretrain", "vision_sft") else None)
    return _choice(spec.id, kind, model, split=split, subset=spec.subset, said=said)


def reward_for(spec: DatasetSpec | None) -> tuple[str, str]:
    """(reward function registered in Oumi, why)."""
    if spec is not None and spec.reward:
        return spec.reward, f"the reward that Oumi registers for {spec.id}"
    return _GENERIC_REWARD, "a placeholder that only rewards length: name your own with training.reward_functions"
