"""From a row of a measured CSV to the estimator's input. Reads columns only: never an id or a source.

Words are read as any source may write them. What a row says and the estimator does not model raises `Inexpressible`.
"""

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
from assistant.planner.memory.sharding import layer_params
from assistant.planner.memory.states import quantised_params

Row = Mapping[str, str]
COLUMNS = (
    "id", "model", "params_b", "method", "precision", "optimizer", "gpus", "gpu_type", "sharding", "micro_batch", "seq_len",
    "grad_checkpointing", "lora_rank", "lora_targets", "flash_attn", "framework", "measured_peak_gb_per_gpu", "unit", "kind",
    "notes", "seq_kind", "loss_impl", "metric", "capacity_gb", "quality",
)  # fmt: skip
"""What is read of a row; a column that is missing reads as empty."""
GIB_PER_GB = 1e9 / 2**30
_SHAPES = Path(__file__).parent / "data" / "measured_shapes.jsonl"
_UNKNOWN = ("", "unknown", "n/a", "na", "none stated", "not stated", "-", "?")
_QUANTISED_NAME = re.compile(r"(-(gptq|awq|int4|int8|bnb|4bit|8bit))+$", re.IGNORECASE)


class Inexpressible(ValueError):
    """A row that lacks something the estimate rests on, or holds something no Oumi run does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row, ready to be estimated."""

    run: Run | Serving
    metric: Metric
    measured_gib: float | None
    capacity_gb: float | None


def tidy(row: Mapping[str | None, object]) -> Row:
    """The row with every column that is read, as text."""
    return {column: str(row.get(column) or "").strip() for column in COLUMNS}


_NEGATION_BEFORE = re.compile(r"(?:\b(?:no|not|non|without|disabled?|never|but|except|excluding)|w/o)[\s_-]+(?:\w+[\s_-]+)?$")
_NEGATION_AFTER = re.compile(
    r"^[\w-]*[\"']?\s*(?:[:=]\s*[\"']?(?:false|off|none|no|0|disabled)\b|\((?:false|off|none|no|disabled|not used)\)|(?:is |was )?(?:false|off|disabled|not used)\b)"
)


def _found(text: str, pattern: str) -> re.Match[str] | None:
    """Where the text says this without denying it ("no liger", "cpu_offload=False", "w/o offload")."""
    for found in re.finditer(pattern, text):
        if not _NEGATION_BEFORE.search(text[: found.start()]) and not _NEGATION_AFTER.search(text[found.end() :]):
            return found
    return None


def _states(text: str, pattern: str) -> bool:
    return _found(text, pattern) is not None


_COUNT = re.compile(r"(?:about |~|r ?= ?|rank ?= ?)?(\d{1,9}(?:\.\d+)?(?:e\d)?)\s*(k|m)?\b(?!\s*(?:-|to\b|or\b|/|\.\.)\s*\d)")


def _integer(row: Row, column: str) -> int:
    """A count: "4,096", "4k", "16.0", "8 (1 node)", "2 nodes x 8"."""
    said = row[column].lower()
    if said in _UNKNOWN:
        raise Inexpressible(f"{column} is not stated")
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", re.sub(r"\(.*?\)", " ", said)).strip()
    if column == "gpus":
        text = re.sub(r"^(\d{1,5})(?: nodes?)? ?[x×*] ?(\d{1,3})(?: gpus?)?$", lambda m: str(int(m[1]) * int(m[2])), text)
        text = re.sub(r"^(\d{1,5}) ?[x×*] ?(?=$|[a-z]).*", r"\1", text)
    found = _COUNT.match(text)
    if not found or re.search(r"\d", text[found.end() :]):
        raise Inexpressible(f"{column} says {said}, which is no plain number" if re.search(r"\d", said) else f"{column} is not stated")
    value = float(found[1]) * _scale(float(found[1]), found[2])
    if value <= 0 or value != int(value) or value > 10**9:
        raise Inexpressible(f"{column} cannot be {said}")
    return int(value)


def _scale(number: float, letter: str | None) -> int:
    """4k tokens are 4,096; 10k and 100k are round numbers."""
    if letter is None:
        return 1
    return {"k": 1000, "m": 1_000_000}[letter] if number % 10 == 0 else {"k": 1024, "m": 1 << 20}[letter]


def _size(text: str, least: float = 0.0) -> float | None:
    """The first number in the text, where there is one above `least`."""
    found = re.search(r"\d+(?:\.\d+)?", text)
    value = float(found.group()) if found else 0.0
    return value if least < value < 1e6 else None


def _name(text: str) -> str:
    return re.sub(r"[\s_]+", "-", text.strip().lower())


@cache
def _shapes() -> dict[str, ModelSpec]:
    """Shapes by name; a name without its organisation stands for the first that has it."""
    found: dict[str, ModelSpec] = {}
    for line in _SHAPES.read_text().splitlines():
        record = json.loads(line)
        spec = spec_from_config(record["id"], record["config"], local=False, source=record["source"])
        for name in (record["id"], *record["names"]):
            found[_name(name)] = spec
            found.setdefault(_name(name.split("/")[-1]), spec)
    return found


def _is_litgpt(row: Row) -> bool:
    """True where LitGPT is what ran: its models and its loading are not transformers'.

    One class for all decoders (litgpt/model.py): one matrix for queries, keys and values, PyTorch's GELU. Fabric's
    `load_raw` puts a whole checkpoint into sharded modules, for which FSDP gathers all of them (FULL_STATE_DICT).
    """
    return bool(re.match(r"(?:lightning )?lit-?gpt\b", row["framework"].lower()))


def _as_built(model: ModelSpec, row: Row) -> ModelSpec:
    """The model as the framework's own code writes it."""
    if not _is_litgpt(row):
        return model
    return replace(model, model_type="chatglm" if block_of(model).gated else "gpt_neox")


def model_of(row: Row) -> ModelSpec:
    """The shape that the row's model has."""
    name = row["model"].strip()
    if name.lower() in _UNKNOWN:
        raise Inexpressible("the model is not named")
    plain = _QUANTISED_NAME.sub("", name)
    for candidate in (name, plain):
        if spec := _shapes().get(_name(candidate)) or get_model(candidate):
            return _cut(spec, row)
        match = find_model(candidate) or find_model(candidate.split("/")[-1])
        if match and (spec := get_model(match.id)) and _same_size(spec, row):
            return _cut(spec, row)
    raise Inexpressible(f"no shape is known for {name}")


def _same_size(spec: ModelSpec, row: Row) -> bool:
    stated = _size(row["params_b"])
    return not stated or abs(spec.params_total / 1e9 / stated - 1) < 0.15


def _cut(spec: ModelSpec, row: Row) -> ModelSpec:
    """The model with fewer layers, where the row says that it was cut."""
    found = re.search(r"cut to (\d{1,4}) layers", row["notes"])
    layers = int(found[1]) if found else spec.num_layers
    if not 0 < layers < spec.num_layers:
        return spec
    return replace(spec, num_layers=layers, params_total=int(spec.params_total - (spec.num_layers - layers) * layer_params(spec)))


def _gib(row: Row) -> float | None:
    """The measured figure in GiB; None where there is none."""
    found = re.fullmatch(r"~?\s*(\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?)\s*(?:gi?b?|mi?b|bytes)?", row["measured_peak_gb_per_gpu"].lower())
    value = float(found[1]) if found else 0.0
    if not 0 < value < 1e15:
        return None
    unit = row["unit"].lower()
    if re.match(r"bytes|b\b", unit):
        return value / 2**30
    if re.match(r"mi?b(?!\s*/)", unit):
        return value / 1024
    return value * GIB_PER_GB if re.match(r"gb|gigabytes", unit) and re.search(r"1e9|10\^9|decimal|\bsi\b", unit) else value


_METRICS: tuple[tuple[Metric, str], ...] = (
    ("device", r"nvidia-?smi|nvml|nvitop|gpustat|rocm-smi|w&b|wandb|device|process"),
    ("allocated", r"allocated|active"),
    ("reserved", r"reserved"),
)


def metric_of(row: Row) -> Metric:
    """What the row's figure counts; one that is not stated is taken as the allocator's pool."""
    said = row["metric"].lower()
    if re.search(r"weight|average|\bmean\b", said) and row["kind"] == "measured":
        raise Inexpressible(f"the figure is no peak of a run: {said}")
    # Weights & Biases' "GPU memory allocated" is NVML's: a tool that is named says more than the word beside it.
    return next((metric for metric, words in _METRICS if _states(said, words)), "reserved")


def capacity_of(row: Row) -> float | None:
    """Memory of one card; a fits or oom row is nothing without it."""
    said = row["capacity_gb"].lower()
    found = re.fullmatch(r"(?:\d{1,4}\s*[x×*]\s*)?(\d{1,9}(?:\.\d+)?)\s*(gi?b?|mi?b)?(?:\s*\(.*\)|\s+each)?", said)
    value = float(found[1]) / (1024 if found[2] and found[2].startswith("m") else 1) if found else 0.0
    if 1 <= value <= 10_000:
        return value
    if said not in _UNKNOWN and row["kind"] in ("fits", "oom"):
        raise Inexpressible(f"capacity_gb cannot be {said}")
    return None


_NO_METHOD = (
    r"galore|lisa|adapter-v|badam|freeze|frozen layers|\bdora|qdora|vera\b|ia3|prefix|prompt[- ]tun|loha|lokr|\boft|boft|hqq|aqlm|eetq|exl2|quanto|gguf"
    r"|reward|\bppo|rlhf|grpo|rloo|orpo|simpo|\bcpo|gkd|distil|\bemb\w*[- ]only|bitfit|\bqat|spectrum|relora"
)


_EIGHT = r"(?:int8|8[- ]?bit)(?![- ]?(?:adam|optim|lion|states))"


def method_of(row: Row) -> tuple[str, str]:
    """(full, lora or qlora; quantisation)."""
    said, precision = row["method"].lower(), row["precision"].lower()
    if found := _found(said, _NO_METHOD):
        raise Inexpressible(f"method {said}: {found.group()} is not modelled")
    if found := _found(f"{said} {precision}", r"[23][- ]?bit|int[23]\b|fp8|float8|mxfp\d|nvfp4|fp4|hqq|aqlm|eetq|quanto"):
        raise Inexpressible(f"training over {found.group()} weights is not modelled")
    lora = _states(said, "lora") or (not _is_full(said) and bool(re.search(r"\d", row["lora_rank"])))
    if not lora and not _is_full(said):
        raise Inexpressible(f"method {said or 'unknown'}: whether the whole model trains is not stated" if _tunes(said) else f"method {said or 'unknown'} is not modelled")
    name = _QUANTISED_NAME.search(row["model"])
    base = f"{said} {precision} {name.group().lower() if name else ''}"
    if not lora:
        if _states(base, r"nf4|gptq|awq|int4\b|load_in_[48]bit|int8(?![- ]?(?:adam|optim|states))"):
            raise Inexpressible("a quantised base does not train in full")
        return "full", "nf4"
    if _states(base, _EIGHT):
        return "qlora", "int8"
    if _states(base, r"gptq|awq|int4"):
        return "qlora", "gptq4"
    if _states(said, r"q[-_ ]?lora") or _states(base, r"nf4|4[- ]?bit"):
        text = f"{base} {row['notes']} {row['framework']}".lower()
        return "qlora", "nf4-double" if _states(text, r"double[- _]?quant|nested quant|nf4[- ]dq") else "nf4"
    return "lora", "nf4"


def _is_full(said: str) -> bool:
    return _states(said, r"(?:\b|_)full|pretrain|pre-train|\bfft|\bcpt\b|all param") and not _states(said, "lora")


def _tunes(said: str) -> bool:
    return bool(re.search(r"tun|sft|train|dpo|kto", said))


_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_MLP = ("gate_proj", "up_proj", "down_proj")
_TARGETS: tuple[tuple[tuple[str, ...], str], ...] = (
    (_ATTENTION + _MLP, r"\ball\b(?![- ]?att)|\blinears?\b"),
    (_ATTENTION, r"\battention\b(?! */? *qkv)|\battn\b(?!\.)|\bself_attn\b(?!\.)|all[- ]att\w*"),
    (_ATTENTION[:3], r"c_attn|query_key_value|wqkv|qkv_proj|in_proj|\bqkv\b"),
    (_MLP, r"\bmlp\b(?!\.)|\bffn\b|\bw1\b|c_fc|\bfc1\b"),
    (("q_proj",), r"q_proj|\bquery\b|\bwq\b|\bq(?=[kvo]{1,3}\b)|\bq\b"),
    (("k_proj",), r"k_proj|\bkey\b|\bwk\b|\bq?k(?=[vo]{0,2}\b)"),
    (("v_proj",), r"v_proj|\bvalue\b|\bwv\b|\bq?k?v(?=o?\b)"),
    (("o_proj",), r"o_proj|\bprojection\b|\bwo\b|out_proj|\bdense\b|\bq?k?v?o\b|c_proj"),
    (("gate_proj", "up_proj"), r"gate_up_proj"),
    (("gate_proj",), r"gate_proj"),
    (("up_proj",), r"\bup_proj|dense_h_to_4h|\bw3\b"),
    (("down_proj",), r"down_proj|dense_4h_to_h|\bw2\b|\bfc2\b"),
)
"""Layers by the words that stand for them."""


def _targets(row: Row, model: ModelSpec) -> tuple[tuple[str, ...], int]:
    """(linear layers with adapters, under names the estimator knows; how many of embedding and head have one)."""
    said = row["lora_targets"].lower()
    gated = block_of(model).gated
    every = (*_ATTENTION, *_MLP)
    ends = sum(_states(said, words) for words in (r"embed\w*|\bwte\b", r"lm_head|output_proj|\bhead\b"))
    if said in _UNKNOWN:
        names: set[str] = set(every)
    elif said.startswith(("none", "no ")):
        raise Inexpressible(f"adapters on no layer: lora_targets says {said}")
    else:
        names = {name for layers, words in _TARGETS if _states(said, words) for name in layers}
        if not names and "default" in said:
            names = {"q_proj", "v_proj"}
    if "expert" in said or "router" in said:
        raise Inexpressible("adapters on experts are not modelled")
    if not names and not ends:
        raise Inexpressible(f"lora_targets {said} names no layer that is known")
    if gated:
        return tuple(name for name in every if name in names), ends
    plain = [name for name in _ATTENTION if name in names]
    plain += ["fc1"] * bool(names & set(_MLP[:2])) + ["fc2"] * ("down_proj" in names)
    return tuple(plain), ends


def _saved_params(row: Row, model: ModelSpec) -> int:
    """Parameters of embedding and head that train whole beside adapters (PEFT's modules_to_save)."""
    said = row["method"].lower()
    if found := _found(row["notes"].lower(), r"modules_to_save\s*[=:]?\s*\[?([\w,. ]+)"):
        said += " " + found[1]
    embedding = _states(said, r"\bemb|\+emb|embed|\bwte\b")
    head = _states(said, r"lm_head|\bhead\b|embed_out")
    if model.tied:
        return model.params_embedding if embedding or head else 0
    return model.params_embedding * embedding + model.params_lm_head * head


_SPLIT = (
    r"\b(?:tp|cp|pp|ep|sp|mp)\s*[=:_ -]?\s*(?!1\b)\d+|\b(?:tp|cp|pp|mp)\b(?!\s*[=:_-]?\s*\d)|tensor|pipelin|context[- ]par|sequence[- ]par"
    r"|ulysses|megatron|device map|model[- ]par|3d[- ]par|expert[- ]par|layer split"
)


def _sharding(row: Row, world: int) -> tuple[str, bool]:
    """(kind, states in CPU memory)."""
    said = row["sharding"].lower()
    if world > 1 and (found := _found(said.replace("_", " "), _SPLIT)):
        raise Inexpressible(f"a layer or the layers are split over GPUs ({found.group().strip()}): not modelled")
    if _states(said, r"infinity|nvme|zero ?\+\+|zeropp|zero[- ]?pp"):
        raise Inexpressible(f"sharding {said}: states on disk and ZeRO++ are not modelled")
    offload = _states(re.sub(r"activations?[- _](?:cpu[- _])?offload\w*", "", said), "offload")
    if offload and _states(said, r"optim\w*[- _](?:state\w*[- _])?(?:cpu[- _])?offload|\(?optimi[sz]er only|offload[_ ]optim") and not re.search(r"param", said):
        raise Inexpressible("only the optimizer's states are in CPU memory: not modelled")
    kind = _kind(said, world)
    if offload and kind in ("zero1", "zero2"):
        raise Inexpressible(f"{kind} with offload keeps the weights on the GPU: not modelled")
    if offload and kind in ("none", "ddp"):
        raise Inexpressible("offload without FSDP or ZeRO 3 is not modelled")
    return kind, offload


def _kind(said: str, world: int) -> str:
    if _states(said, r"shard_grad_op|hybrid_shard_zero2"):
        if world > 1:
            raise Inexpressible("FSDP that keeps the gathered weights through a step (SHARD_GRAD_OP) is not modelled")
        return "fsdp"
    if stage := re.search(r"zero[-_ ]*(?:stage)?[-_ :=]*([0-3])(?!\d)|(?:deepspeed|\bds).*?stage[-_ :=]*([0-3])|\bstage[-_ ]?([1-3])\b", said):
        number = next(group for group in stage.groups() if group)
        return f"zero{number}" if number != "0" else "ddp" if world > 1 else "none"
    if _states(said, r"fsdp|hsdp|full_shard|hybrid_shard|fully[- ]sharded"):
        return "fsdp"
    if re.search(r"deepspeed|zero", said):
        raise Inexpressible("the ZeRO stage is not stated")
    if world == 1:
        return "none"
    if said in _UNKNOWN:
        raise Inexpressible("how several GPUs share the model is not stated")
    if re.search(r"\bd?dp(?:\d|\b)|data[- ]par|replicat|^none|^no\b", said):
        return "ddp"
    raise Inexpressible(f"sharding {said} is not modelled")


def _shards(row: Row, sharding: str, world: int) -> int:
    """GPUs that share one copy; within a node of 8 where the sharding is hybrid and says no more."""
    said = row["sharding"].lower()
    if sharding != "fsdp" and not sharding.startswith("zero"):
        return 1
    if re.search(r"hybrid|hsdp", said):
        stated = re.search(r"(?:dp_)?shard(?:s|_size)?\s*[=: ]\s*(\d{1,4})\b", said)
        return max(1, min(world, int(stated[1]) if stated else 8))
    return world


def _loss(row: Row, model: ModelSpec, autocast: bool) -> str:
    said = row["loss_impl"].lower()
    if said in _UNKNOWN:
        said = "liger" if _states(f"{row['framework']} {row['notes']}".lower(), "liger") else "standard"
    if _states(said, "liger"):
        return "liger"
    if _states(said, r"chunk|\bcce\b|cut[- _]?cross|fused[- _]?linear|linear[- _]cross|flce|tiled"):
        return "chunked"
    if _states(said, r"vocab\w*[- ]par|loss[- ]par"):
        raise Inexpressible(f"loss {said} is not modelled")
    old = _old_transformers(row, model)
    if old and model.model_type == "gpt_bigcode" and not autocast:
        return "half"
    if _states(said, r"materiali|triton|fused|fast|unsloth|flash"):
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
    framework = row["framework"].lower()
    if found := re.search(r"transformers[ =v]*(\d{1,3})\.(\d{1,3})", framework):
        return (int(found.group(1)), int(found.group(2))) < (4, 49)
    if found := re.search(r"torch[ =v]+(\d{1,3})\.(\d{1,3})", framework):
        return (int(found.group(1)), int(found.group(2))) < (2, 5)
    return False


def _optimizer(row: Row) -> str:
    said = row["optimizer"].lower()
    if found := _found(f"{said} {row['framework'].lower()}", r"in[- ]backward|fused backward|lomo"):
        raise Inexpressible(f"an optimizer step inside the backward pass ({found.group()}) is not modelled")
    if found := _found(said, r"galore|muon|adam[-_]?mini|ademamix|apollo|shampoo|soap|sophia|adalomo|schedule[- _]?free|momentum"):
        raise Inexpressible(f"optimizer {said}: {found.group()} is not modelled")
    eight, four = _states(said, r"8[-_ ]?bit|int8"), _states(said, r"4[-_ ]?bit|int4")
    if _states(said, "lion"):
        return "lion_8bit" if eight else "lion_32bit"
    if _states(said, r"\bsgd"):
        return "sgd"
    if _states(said, "adafactor"):
        return "adafactor"
    if said not in _UNKNOWN and not re.search(r"adam|unknown|default", said):
        raise Inexpressible(f"optimizer {said} is not modelled")
    if _states(said, "paged"):
        return "paged_adamw_8bit" if eight else "paged_adamw_32bit"
    if four or eight:
        return "adamw_torch_4bit" if four else "adamw_8bit"
    return "adamw_torch_fused" if _states(said, "fused") else "adamw_torch"


def _checkpoints(row: Row) -> tuple[bool, bool]:
    """(layers are computed again, their inputs wait in CPU memory). Unsloth's way is both (its documentation)."""
    said = row["grad_checkpointing"].lower()
    if said in _UNKNOWN:
        raise Inexpressible("gradient checkpointing is not stated")
    if re.search(r"selective|\bsac\b|partial|every (?:\d|other|sec)|\bop\b|some layers|\d+ ?%", said):
        raise Inexpressible(f"checkpointing of a part of the activations ({said}) is not modelled")
    if re.match(r"(?:no|none|false|off|0|disabled?|n|without.*|not used)\b(?!-)", said):
        return False, False
    on_cpu = _states(said, "offload|unsloth")
    if re.match(r"(?:yes|true|on|1|enabled?|y|full)\b", said) or on_cpu or "reentrant" in said or _states(said, r"checkpoint|recomput|block|layer|full"):
        return True, on_cpu
    raise Inexpressible(f"gradient checkpointing {said} is not known")


def _accumulates(row: Row) -> bool:
    found = re.search(r"\b(?:ga|grad(?:ient)?[_ ]acc\w*(?:[_ ]steps)?)\s*[=: ]\s*(\d{1,6})", f"{row['notes']} {row['framework']}".lower())
    return found is not None and int(found.group(1)) > 1


def _attention(row: Row) -> str:
    """The kernel; "no" without more means that no flash kernel ran."""
    said = row["flash_attn"].lower()
    if re.search(r"ring|sparse|sliding", said):
        raise Inexpressible(f"attention {said} is not modelled")
    if re.search(r"eager|naive|manual", said):
        return "eager"
    if _states(said, r"sdpa") or said in _UNKNOWN:
        return "sdpa"
    if re.match(r"(?:yes|true|on|1|y|enabled?)\b", said) or _states(said, r"flash|\bfa[- ]?[123]?\b|xformers|triton|flex|efficient"):
        return "flash"
    return "math" if _states(said, r"\bmath\b") else "sdpa"


def _sequence(row: Row) -> int:
    """Tokens per sequence, as far as they are known."""
    said = row["seq_kind"].lower()
    if re.search(r"length\w* (?:is |are )?(?:unknown|not known|not stated)|data short|\bshort data|\bavg\b|average|\bmean\b", said):
        raise Inexpressible("the real sequence length is not known, only its limit")
    return _integer(row, "seq_len")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dtypes:
    """What the column on precision says of the weights (bytes), of fp32 masters beside them and of autocast."""

    weights: float
    master: bool
    autocast: bool
    pure: bool


def _dtypes(row: Row, method: str, sharding: str) -> Dtypes:
    said = row["precision"].lower()
    if _found(said, r"(?:fp32|float32) grad"):
        raise Inexpressible("gradients in another dtype than the weights are not modelled")
    if _states(said, r"(?:fp32|float32) (?:optim|adam|states|moment)") and not re.search(r"master|deepspeed", said) and not sharding.startswith("zero"):
        raise Inexpressible("optimizer states in another dtype than the weights are not modelled")
    sharded = sharding == "fsdp" or sharding.startswith("zero")
    pure = _states(said, r"\bpure|pure_|16-true")
    narrow = pure or _states(said, r"(?:bf16|fp16|16-bit|bfloat16|float16) (?:weights|params|base|model|checkpoint)")
    mixed = _states(said, r"mixed|\bamp\b|amp_|autocast")
    wide = _states(said, r"^(?:fp32|float32|32-true|32-bit|tf32|single)|(?:fp32|float32) (?:weights|params|base|model)") and not _states(said, r"fp32 master")
    master = _states(said, r"(?:fp32|float32) master") or (mixed and _states(said, r"mixed|\bamp\b|amp_"))
    weights = 4.0 if wide and method != "qlora" else 2.0
    if master and not narrow and not sharded and method != "qlora" and "deepspeed" not in said:
        weights = 4.0  # autocast over weights that are fp32 themselves; sharded, 16-bit copies are gathered
    zero = sharding.startswith("zero") or "deepspeed" in said
    full_master = method == "full" and not pure and (master or wide) and not zero
    return Dtypes(weights=weights, master=full_master, autocast=mixed or (weights == 4 and master), pure=pure)


def _adapter_bytes(row: Row, dtypes: Dtypes) -> float:
    """Adapters are fp32 under PEFT (`autocast_adapter_dtype`) and where nothing is said; pure 16-bit training has none in fp32."""
    text = f"{row['precision']} {row['framework']}".lower()
    return 2.0 if dtypes.pure and not re.search(r"peft|oumi|adapters fp32", text) else 4.0


def training_run(row: Row) -> Run:
    """The run that a training row describes."""
    model = _as_built(model_of(row), row)
    method, quantisation = method_of(row)
    world = _integer(row, "gpus")
    sharding, offload = _sharding(row, world)
    dtypes = _dtypes(row, method, sharding)
    checkpointing, on_cpu = _checkpoints(row)
    if not checkpointing and _states(f"{row['framework']} {row['notes']} {row['precision']}".lower(), r"torch[. _]?compile|compiled|\bcompile\b"):
        raise Inexpressible("torch.compile keeps fewer activations than the layers' own code: not modelled")
    said = row["method"].lower()
    objective = "dpo" if _states(said, "dpo") else "kto" if _states(said, "kto") else "sft"
    loss = _loss(row, model, dtypes.autocast)
    kbit = method == "qlora" and quantisation in ("nf4", "nf4-double") and "no prepare_model_for_kbit" not in row["notes"] and sharding != "fsdp"
    if objective == "dpo" and loss in ("standard", "shifted_copy"):
        loss = "preference_wide" if dtypes.autocast or kbit else "preference"
    run = Run(
        model=model,
        method=method,
        objective=objective,
        world=world,
        shards=_shards(row, sharding, world),
        sharding=sharding,
        cpu_offload=offload,
        micro_batch=_integer(row, "micro_batch"),
        sequence=_sequence(row),
        checkpointing=checkpointing,
        checkpoints_on_cpu=on_cpu,
        optimizer=_optimizer(row),
        weight_bytes=dtypes.weights,
        autocast=dtypes.autocast,
        master_fp32=dtypes.master,
        trainable=model.params_total,
        quantisation=quantisation,
        kept_bytes=2.0,
        kbit_upcast=kbit,
        adapter_bytes=_adapter_bytes(row, dtypes),
        fused_experts=not _old_transformers(row, model),
        loads_whole=_is_litgpt(row) and sharding == "fsdp",
        loss=loss,
        liger=loss == "liger",
        attention=_attention(row),
        accumulates=_accumulates(row),
        variable_lengths=_varies(row),
    )
    if method == "full":
        return run
    return _with_adapters(run, row)


def _varies(row: Row) -> bool:
    """True where lengths differ and many are cut at the limit: the pool then holds blocks of many sizes up to the largest.

    Dynamic padding alone does not do it: reserved figures of such rows lie nearer to those of equal lengths (three
    sources of quality B: 6 % off in the median, 13 % with the larger pool).
    """
    return "truncat" in row["seq_kind"].lower()


def _with_adapters(run: Run, row: Row) -> Run:
    """The run with its adapters, and embeddings and head that train whole beside them.

    PEFT keeps the frozen original of those and trains a copy in the model's dtype. All states are linear in the
    parameters' bytes, so that the mean over both kinds counts them exactly.
    """
    model = run.model
    targets, ends = _targets(row, model)
    rank = _integer(row, "lora_rank")
    adapters = (adapter_params(model, targets, rank) if targets else 0) + ends * rank * (model.vocab_size + model.hidden_size)
    saved = _saved_params(row, model)
    each = run.adapter_bytes
    if saved:
        kept = 4.0 if run.method == "qlora" and run.kbit_upcast else run.weight_bytes
        each = (adapters * each + saved * kept) / (adapters + saved)
    return replace(run, adapted=targets, trainable=adapters + saved, adapter_bytes=each)


def serving(row: Row) -> Serving:
    """The generation that an inference row describes."""
    model = model_of(row)
    precision = row["precision"].lower()
    quantised = quantised_params(model)
    if _states(precision, r"fp8|int8|8[- ]?bit"):
        each = 1.0
    elif _states(precision, r"awq|gptq|int4"):
        each = 0.52
    elif _states(precision, r"nf4|4[- ]?bit"):
        each = 0.516 if "double" in precision else 0.5625
    elif re.match(r"fp32|float32|32-", precision):
        each = 4.0
    else:
        each = 2.0
    weights = quantised * each + (model.params_total - quantised) * max(2.0, each if each > 2 else 2.0)
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
    """The row, tidied, as the estimator takes it.

    Raises:
        Inexpressible: something that the estimate rests on is missing.
    """
    capacity = capacity_of(row)
    run = serving(row) if re.match(r"inference|generation|serving", row["method"].lower()) else training_run(row)
    return Case(run=run, metric=metric_of(row), measured_gib=_gib(row), capacity_gb=capacity)
