"""The model catalogue: 388 shapes whose parameter counts were checked by real builds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from assistant.catalogue.names import fold, nearest, read_records
from assistant.core.values import ModelSpec

_GATED = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMatch:
    """What a name resolved to. `why` is set when the name left something open."""

    id: str
    why: str | None = None


def _spec(record: dict[str, Any]) -> ModelSpec:
    """One record as a ModelSpec; figures that the sources lack are derived and marked rough."""
    parts = record.get("parts", {})
    hidden = record.get("hidden_size") or 2048
    vocab = record.get("vocab_size") or 32_000
    heads = record.get("num_attention_heads") or max(1, hidden // 128)
    tied = bool(record.get("tie_word_embeddings", False))
    layers = record.get("num_layers") or 24
    intermediate = record.get("intermediate_size") or 4 * hidden
    total = record.get("params_total") or (12 * layers * hidden * hidden + 2 * vocab * hidden)
    incomplete = not all(record.get(k) for k in ("params_total", "hidden_size", "num_layers", "vocab_size"))
    return ModelSpec(
        id=record["id"],
        family=record["family"],
        instruct=bool(record["instruct"]),
        params_total=total,
        params_active=record.get("params_active"),
        params_vision=parts.get("vision") or 0,
        params_embedding=parts.get("embed") or vocab * hidden,
        params_lm_head=parts.get("lm_head") or (0 if tied else vocab * hidden),
        params_routed_experts=parts.get("routed_experts") or 0,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=record.get("num_kv_heads") or heads,
        head_dim=record.get("head_dim") or hidden // heads,
        vocab_size=vocab,
        tied=tied,
        max_positions=record.get("max_position_embeddings"),
        num_experts=record.get("num_experts"),
        experts_per_token=record.get("experts_per_token"),
        moe_intermediate_size=record.get("moe_intermediate_size"),
        model_type=record["model_type"],
        layer_cls=record.get("layer_cls"),
        lora_targets=tuple(record.get("lora_targets") or ()),
        adapter_width=_widths().get(record["id"]),
        stored_as=record.get("stored_as"),
        modalities=tuple(record["modality"]),
        gated=_GATED.get(record.get("gated") or ""),
        trust_remote_code=bool(record.get("remote_code")),
        has_chat_template=bool(record.get("template_known")),
        chat_template=record.get("oumi_chat_template"),
        min_transformers=record.get("min_transformers"),
        source=record["source"],
        rough=incomplete,
    )


@cache
def _widths() -> dict[str, int]:
    return {record["id"]: record["width"] for record in read_records("adapters.jsonl")}


@cache
def _records() -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in read_records("models.jsonl")}


@cache
def all_models() -> tuple[ModelSpec, ...]:
    """Every model, sorted by id."""
    return tuple(_spec(record) for record in _records().values())


@cache
def get_model(model_id: str) -> ModelSpec | None:
    """The model with exactly this Hugging Face id (case does not matter), or None."""
    record = _records().get(model_id)
    if record is None:
        record = next((r for i, r in _records().items() if i.lower() == model_id.lower()), None)
    return _spec(record) if record else None


@cache
def model_names() -> dict[str, str]:
    """Every folded name and alias → id: of a model to train, a GGUF repo or a hosted model.

    Where two spellings fold alike the instruct model wins, as the aliases of Oumi do.
    """
    names: dict[str, str] = {}
    for record in read_records("aliases.jsonl"):
        instruct = _records()[record["id"]]["instruct"]
        for alias in record["names"]:
            key = fold(alias)
            if key not in names or (instruct and not _records()[names[key]]["instruct"]):
                names[key] = record["id"]
    for model_id in _records():
        names.setdefault(fold(model_id.split("/")[-1]), model_id)
    for record in sorted(read_records("served.jsonl"), key=lambda r: "/" in r["id"]):  # a vendor's own API before a router's
        for alias in (record["id"], record["id"].split("/")[-1], *record["names"]):
            names.setdefault(fold(alias), record["id"])
            names.setdefault(fold(re.sub(r"(?<=\d)-(?=\d\b)", ".", alias)), record["id"])  # 4-5 is said as 4.5
    for model_id in _records():
        names[fold(model_id)] = model_id
    return names


@cache
def stated_choices() -> dict[str, dict[str, str]]:
    """Names that leave a size or version open → the choice that stands in, and why."""
    return {fold(r["said"]): r for r in read_records("choices.jsonl")}


@cache
def hosted_ids() -> frozenset[str]:
    """Ids of models behind an API: they are served, never trained here."""
    return frozenset(r["id"] for r in read_records("served.jsonl") if r["kind"] == "hosted_api")


def routed_id(model_id: str) -> str:
    """The id under which a router (OpenRouter) serves a vendor's model; the same id where none is known."""
    routed = (i for i in sorted(hosted_ids()) if "/" in i and fold(i.split("/")[-1]) == fold(model_id))
    return model_id if "/" in model_id else next(routed, model_id)


def find_model(text: str) -> ModelMatch | None:
    """Resolve a name, alias or open family name; None when the catalogue does not know it."""
    key = fold(text)
    if choice := stated_choices().get(key):
        return ModelMatch(id=choice["id"], why=choice["why"])
    if model_id := model_names().get(key):
        return ModelMatch(id=model_id)
    return None


def suggest_models(text: str, count: int = 3) -> list[str]:
    """Names that hold the text, shortest first, else those that come nearest to it."""
    held = [m.id.split("/")[-1] for m in all_models() if m.instruct and fold(text) in fold(m.id.split("/")[-1])]
    if held and text:
        return sorted(held, key=lambda name: (fold(name).index(fold(text)), len(name), name))[:count]
    return nearest(text, [i.split("/")[-1] for i in _records()], count=count)


def search_models(query: str) -> list[ModelSpec]:
    """Models whose id or family holds every word of the query; nearest names if none does."""
    words = [fold(word) for word in query.split()]
    found = [m for m in all_models() if all(w in fold(m.id) or w in fold(m.family) for w in words)]
    if found or not query:
        return found
    near = set(suggest_models(query, count=5))
    return [m for m in all_models() if m.id.split("/")[-1] in near]
