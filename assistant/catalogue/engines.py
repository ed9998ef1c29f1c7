"""Oumi's inference engines: where they run, which key they read, which generation fields they honour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from assistant.catalogue.names import read_records

EngineKind = Literal["local", "server", "api"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine. `fields` are the generation fields that it honours: it ignores any other with a warning.

    `key` is the environment variable with its API key; `note` says what it reads instead; `extra` is oumi's pip extra.
    """

    name: str
    kind: EngineKind
    fields: frozenset[str]
    key: str | None = None
    note: str = ""
    extra: str | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """One file of quantized weights for llama.cpp: `base` is the model that its tokenizer and shape come from."""

    repo: str
    file: str
    base: str
    bits_per_weight: float


@cache
def engines() -> dict[str, Engine]:
    """Every engine by Oumi's name."""
    return {
        r["name"]: Engine(
            name=r["name"],
            kind=r["kind"],
            fields=frozenset(r["fields"]),
            key=r["key"],
            note=r.get("note", ""),
            extra=r.get("extra"),
            family=r.get("family"),
        )
        for r in read_records("engines.jsonl")
    }


@cache
def _served() -> dict[str, dict[str, str]]:
    return {r["id"]: r for r in read_records("served.jsonl")}


def engine_of_hosted(model_id: str) -> str | None:
    """The engine of a model that runs behind an API; None where the catalogue has no such model."""
    family = str(_served().get(model_id, {}).get("family", "")).split(" / ")[0]
    return next((e.name for e in engines().values() if e.family and e.family == family), None)


@cache
def gguf_files() -> dict[str, GgufFile]:
    """GGUF files by the id of the model that they were made from."""
    found = {}
    for record in read_records("gguf.jsonl"):
        base = str(_served()[record["id"]]["base"])
        found[base] = GgufFile(repo=record["id"], file=record["file"], base=base, bits_per_weight=record["bits_per_weight"])
    return found


def gguf_of(model_id: str) -> GgufFile | None:
    """The GGUF file of a model, by the model's id or the repository's."""
    known = gguf_files()
    return known.get(model_id) or next((f for f in known.values() if f.repo == model_id), None)
