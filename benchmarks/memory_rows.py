"""From a row of a measured CSV to the estimator's input. Reads columns only: never an id or a source."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from assistant.catalogue.architectures import spec_from_config
from assistant.catalogue.models import find_model, get_model
from assistant.core.values import ModelSpec
from assistant.planner.adapters import adapter_params
from assistant.planner.memory import Metric, Run, Serving
from assistant.planner.memory.activations import block_of
from assistant.planner.memory.states import quantised_params

Row = Mapping[str, str]
GIB_PER_GB = 1e9 / 2**30
_SHAPES = Path(__file__).parent / "data" / "measured_shapes.jsonl"
_UNKNOWN = ("", "unknown", "n/a", "none stated")
_QUANTISED_NAME = re.compile(r"-(gptq|awq|int4|int8|bnb-4bit)$", re.IGNORECASE)


class Inexpressible(ValueError):
    """A row that lacks something the estimate rests on, or holds something no Oumi run does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row, ready to be estimated."""

    run: Run | Serving
    metric: Metric
    measured_gib: float | None
    capacity_gb: float | None


@cache
def _shapes() -> dict[str, ModelSpec]:
    found = {}
    for line in _SHAPES.read_text().splitlines():
        record = json.loads(line)
        spec = spec_from_config(record["id"], record["config"], local=False, source=record["source"])
        for name in (record["id"], *record["names"]):
            found[name.lower()] = spec
    return found


def model_of(row: Row) -> ModelSpec:
    """The shape that the row's model has."""
    name = row["model"].strip()
    plain = _QUANTISED_NAME.sub("", name)
    for candidate in (name, plain):
        if spec := _shapes().get(candidate.lower()) or get_model(candidate):
            return spec
        match = find_model(candidate) or find_model(candidate.split("/")[-1])
        if match and (spec := get_model(match.id)) and _same_size(spec, row):
            return spec
    raise Inexpressible(f"no shape is known for {name}")


def _same_size(spec: ModelSpec, row: Row) -> bool:
    stated = re.match(r"[\d.]+", row["params_b"])
    return not stated or abs(spec.params_total / 1e9 / float(stated.group()) - 1) < 0.15


def _integer(row: Row, column: str) -> int:
    found = re.match(r"\s*(\d+)", row[column])
    if not found:
        raise Inexpressible(f"{column} is not stated")
    return int(found.group(1))


def _gib(row: Row) -> float | None:
    try:
        value = float(row["measured_peak_gb_per_gpu"])
    except ValueError:
        return None
    unit = row["unit"].lower()
    decimal = unit.startswith("gb") and ("1e9" in unit or "10^9" in unit)
    return value * GIB_PER_GB if decimal else value


def metric_of(row: Row) -> Metric:
    """What the row's figure counts; one that is not stated is taken as the allocator's pool."""
    said = row["metric"].lower()
    if "allocated" in said or "active" in said:
        return "allocated"
    if "nvidia-smi" in said or "nvml" in said or "device" in said:
        return "device"
    return "reserved"


def method_of(row: Row) -> tuple[str, str]:
    """(full, lora or qlora; quantisation)."""
    said, precision = row["method"].lower(), row["precision"].lower()
    if "galore" in said or "lisa" in said or "adapter-v" in said or "badam" in said or "emb" in said:
        raise Inexpressible(f"method {said} is not one that Oumi has")
    if "int8" in said or "8-bit" in said or "8bit" in said:
        return "qlora", "int8"
    if "gptq" in said or "awq" in said or "int4" in said:
        return "qlora", "gptq4"
    if said.startswith("qlora"):
        if "2-bit" in said:
            raise Inexpressible("2-bit weights are not something that Oumi trains")
        return "qlora", "nf4-double" if "double" in precision or "unsloth" in row["framework"].lower() else "nf4"
    if said.startswith("lora"):
        return "lora", "nf4"
    if said.startswith(("full", "pretrain")):
        return "full", "nf4"
    raise Inexpressible(f"method {said} is not one that Oumi has")


def _targets(row: Row, model: ModelSpec) -> tuple[str, ...]:
    """Linear layers with adapters, under names the estimator knows."""
    said = row["lora_targets"].lower()
    attention = ("q_proj", "k_proj", "v_proj", "o_proj")
    everything = (*attention, "gate_proj", "up_proj", "down_proj")
    plain = (*attention, "fc1", "fc2")
    every = everything if block_of(model).gated else plain
    if "all" in said or "mlp" in said or "w1" in said:
        return every
    if "default" in said or ("c_attn" in said and "," not in said) or said in ("query_key_value", "qkv_proj"):
        return attention[:3] if "unknown" not in said else ("q_proj", "v_proj")
    names = [n for n in everything if n in said]
    if names:
        return tuple(names)
    if "query" in said:
        named = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "projection": "o_proj"}
        return tuple(new for word, new in named.items() if word in said)
    return every


def _sharding(row: Row, world: int) -> tuple[str, bool]:
    """(kind, states in CPU memory)."""
    said = row["sharding"].lower()
    offload = "offload" in said and "no offload" not in said
    if "zero" in said:
        stage = re.search(r"zero-?(\d)", said)
        return f"zero{stage.group(1) if stage else 2}", offload
    if "fsdp" in said:
        return "fsdp", offload
    if "device_map" in said or "tensor" in said or "tp" in said.split():
        raise Inexpressible("layers split over GPUs, which is not how Oumi trains")
    if "deepspeed" in said:
        raise Inexpressible("the ZeRO stage is not stated")
    if world > 1 and said in _UNKNOWN:
        raise Inexpressible("how several GPUs share the model is not stated")
    return ("ddp" if world > 1 else "none"), offload


def _loss(row: Row, model: ModelSpec) -> str:
    said, framework = row["loss_impl"].lower(), row["framework"].lower()
    if "liger" in said:
        return "liger"
    if any(word in said for word in ("chunk", "cut cross", "fused linear")):
        return "chunked"
    if said in _UNKNOWN and ("litgpt" in framework or "torchtune" in framework):
        return "chunked"
    old = _old_transformers(row, model)
    if old and model.model_type == "gpt_bigcode" and "autocast" not in row["precision"]:
        return "half"
    if "materiali" in said:
        return "fused_ce"
    if old and model.model_type == "gpt_bigcode":
        return "half_autocast"
    return "shifted_copy" if old else "standard"


def _old_transformers(row: Row, model: ModelSpec) -> bool:
    """True where the stack is known to copy shifted logits: transformers before 4.49 (December 2024).

    Granite's head divides its logits, so that the caller does not hold the first copy: 12 bytes as later.
    """
    if model.model_type == "granite":
        return False
    framework = row["framework"]
    if found := re.search(r"transformers (\d+)\.(\d+)", framework):
        return (int(found.group(1)), int(found.group(2))) < (4, 49)
    if found := re.search(r"torch (\d+)\.(\d+)", framework):
        return (int(found.group(1)), int(found.group(2))) < (2, 5)
    return "fms-hf-tuning" in framework


def _optimizer(row: Row) -> str:
    said = row["optimizer"].lower()
    if "paged" in said:
        return "paged_adamw_8bit" if "8" in said else "paged_adamw_32bit"
    if "4bit" in said or "4-bit" in said:
        return "adamw_torch_4bit"
    if "8bit" in said or "8-bit" in said:
        return "adamw_8bit"
    if "fused" in said:
        return "adamw_torch_fused"
    if "sgd" in said:
        return "sgd"
    if "adafactor" in said:
        return "adafactor"
    return "adamw_torch"


def _checkpoints(row: Row) -> bool:
    said = row["grad_checkpointing"].lower()
    if said.startswith("yes") or "full" in said or "selective" in said:
        return True
    if said.startswith("no"):
        return False
    raise Inexpressible("gradient checkpointing is not stated")


def _accumulates(row: Row) -> bool:
    found = re.search(r"\b(?:ga|grad(?:ient)?[_ ]acc\w*)\s*[= ]\s*(\d+)", f"{row['notes']} {row['framework']}")
    return bool(found) and int(found.group(1)) > 1


def _attention(row: Row) -> str:
    said = row["flash_attn"].lower()
    if said.startswith("no"):
        return "eager"
    return "flash" if said.startswith("yes") else "sdpa"


def _sequence(row: Row) -> int:
    """Tokens per sequence, as far as they are known."""
    if "realized length unknown" in row["seq_kind"]:
        raise Inexpressible("the real sequence length is not known, only its limit")
    limit = _integer(row, "seq_len")
    return min(limit, SHORT_DATA) if "data short" in row["seq_kind"] else limit


SHORT_DATA = 1024
"""Tokens of the longest rows of alpaca-like sets (litgpt: longest sample 1,044 to 1,304 with prompt)."""


def training_run(row: Row) -> Run:
    """The run that a training row describes."""
    model = model_of(row)
    method, quantisation = method_of(row)
    world = _integer(row, "gpus")
    sharding, offload = _sharding(row, world)
    precision = row["precision"].lower()
    shards = world if sharding == "fsdp" or sharding.startswith("zero") else 1
    if "hybrid" in row["sharding"].lower():
        shards = min(world, 8)
    zero = sharding.startswith("zero") or "deepspeed" in precision
    wide = any(w in precision for w in ("fp32 weights", "fp32 master", "mixed")) and method == "full" and "pure" not in precision
    loaded = 4.0 if ("fp32 weights" in precision or precision.startswith("fp32")) else 2.0
    litgpt = "litgpt" in row["framework"].lower() and "mixed" not in precision
    autocast = ("autocast" in precision and "no autocast" not in precision) or "mixed" in precision
    if litgpt:
        model = replace(model, model_type="chatglm" if block_of(model).gated else "gpt_neox")  # litgpt fuses q, k and v
    run = Run(
        model=model,
        method=method,
        objective="dpo" if "dpo" in row["method"].lower() else "sft",
        world=world,
        shards=shards,
        sharding=sharding,
        cpu_offload=offload,
        micro_batch=_integer(row, "micro_batch"),
        sequence=_sequence(row),
        checkpointing=_checkpoints(row),
        checkpoints_on_cpu="offload" in row["grad_checkpointing"],
        optimizer=_optimizer(row),
        weight_bytes=loaded,
        autocast=autocast,
        master_fp32=wide and not zero,
        trainable=model.params_total,
        quantisation=quantisation,
        kept_bytes=2.0,
        kbit_upcast=method == "qlora" and quantisation in ("nf4", "nf4-double") and "no prepare_model_for_kbit" not in row["notes"] and sharding != "fsdp",
        adapter_bytes=2.0 if litgpt else 4.0,
        fused_experts=not _old_transformers(row, model),
        loads_whole=litgpt and sharding == "fsdp",
        loss=_loss(row, model),
        liger="liger" in row["loss_impl"].lower(),
        attention=_attention(row),
        accumulates=_accumulates(row),
        variable_lengths="dynamic" in row["seq_kind"] or "truncation" in row["seq_kind"],
    )
    if method == "full":
        return run
    targets = _targets(row, model)
    return replace(run, adapted=targets, trainable=adapter_params(model, targets, _integer(row, "lora_rank")))


def serving(row: Row) -> Serving:
    """The generation that an inference row describes."""
    model = model_of(row)
    precision = row["precision"].lower()
    quantised = quantised_params(model)
    if "fp8" in precision or "int8" in precision:
        each = 1.0
    elif "awq" in precision or "gptq" in precision or "int4" in precision:
        each = 0.52
    elif "nf4" in precision:
        each = 0.516 if "double" in precision else 0.5625
    else:
        each = 2.0
    weights = quantised * each + (model.params_total - quantised) * 2.0
    tokens = _integer(row, "seq_len")
    return Serving(
        model=model,
        weights_bytes=weights,
        sequences=_integer(row, "micro_batch"),
        tokens=tokens,
        grown_tokens=tokens if row["seq_kind"].strip() == "generated" else 0,
        gpus=_integer(row, "gpus"),
    )


def case_of(row: Row) -> Case:
    """The row as the estimator takes it.

    Raises:
        Inexpressible: something that the estimate rests on is missing.
    """
    capacity = float(row["capacity_gb"]) if row["capacity_gb"] not in _UNKNOWN else None
    run = serving(row) if row["method"] == "inference" else training_run(row)
    return Case(run=run, metric=metric_of(row), measured_gib=_gib(row), capacity_gb=capacity)
