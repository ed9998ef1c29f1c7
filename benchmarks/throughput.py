"""How well the speed estimate agrees with public training throughput.

    python benchmarks/throughput.py [--rows FILE] [--out FILE] [--check]

Prints median |error|, bias, share within ±30 % and share inside low–high, by quality, source, method, GPU and number
of GPUs. `--out` writes `id,tokens_per_second_per_gpu,low,high,skipped`. `--check` fails unless quality-A rows have a
median |error| of at most 30 % and at least 80 % of them inside the band.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from statistics import median

from assistant.catalogue.architectures import spec_from_size
from assistant.catalogue.gpus import find_gpu
from assistant.catalogue.models import all_models, find_model, get_model
from assistant.core.values import GpuSpec, Hardware, ModelSpec
from assistant.planner.adapters import adapter_params
from assistant.planner.throughput import Speed, Workload, speed, unknown_reason

ROWS = Path(__file__).resolve().parents[2] / "shared" / "data" / "throughput_measured.csv"
Row = dict[str, str]

# (layers, hidden, MLP width, heads, KV heads, vocabulary, gated MLP) of models that the catalogue does not hold:
# config.json of each; MPT from llm-foundry's YAMLs (scripts/train/yamls/pretrain).
SHAPES: dict[str, tuple[int, int, int, int, int, int, bool]] = {
    "mpt-125m": (12, 768, 3072, 12, 12, 50368, False),
    "mpt-350m": (24, 1024, 4096, 16, 16, 50368, False),
    "mpt-760m": (24, 1536, 6144, 12, 12, 50368, False),
    "mpt-1b": (24, 2048, 8192, 16, 16, 50368, False),
    "mpt-3b": (32, 2560, 10240, 20, 20, 50368, False),
    "mpt-7b": (32, 4096, 16384, 32, 32, 50368, False),
    "mpt-13b": (40, 5120, 20480, 40, 40, 50368, False),
    "mpt-30b": (48, 7168, 28672, 64, 64, 50368, False),
    "mpt-70b": (80, 8192, 32768, 64, 64, 50368, False),
    "gpt_bigcode-santacoder": (24, 2048, 8192, 16, 1, 49280, False),
    "Qwen-1_8B-Chat": (24, 2048, 5504, 16, 16, 151936, True),
    "Qwen-7B-Chat": (32, 4096, 11008, 32, 32, 151936, True),
    "Qwen-14B-Chat": (40, 5120, 13696, 40, 40, 152064, True),
    "Qwen-72B-Chat": (80, 8192, 24576, 64, 64, 152064, True),
    "Llama-2-7b-hf": (32, 4096, 11008, 32, 32, 32000, True),
    "Llama-2-13b-hf": (40, 5120, 13824, 40, 40, 32000, True),
    "Llama-2-70b-hf": (80, 8192, 28672, 64, 8, 32000, True),
    "Llama-2-70B-GPTQ": (80, 8192, 28672, 64, 8, 32000, True),
    "TinyLlama-1.1B": (22, 2048, 5632, 32, 4, 32000, True),
}
STAND_INS = {"Meta-Llama-3-8B-GPTQ": "meta-llama/Meta-Llama-3-8B", "Mistral-7B-v0.1-GPTQ": "mistralai/Mistral-7B-v0.1", "Mixtral-8x7B-Instruct-v0.1-GPTQ": "mistralai/Mixtral-8x7B-Instruct-v0.1"}
"""Quantised copies → the model whose shape they have."""

METHODS = {"full": "full", "pretrain": "full", "lora": "lora", "lora+emb+lm_head": "lora", "qlora": "qlora", "qlora-gptq-int4": "qlora"}
FORM = re.compile(r"[- ](?:sxm\d?|hbm\w+|oam)\b", re.IGNORECASE)
MEMORY = re.compile(r"[- ]\d+ ?gb\b", re.IGNORECASE)


class Skip(Exception):
    """A row that the estimator's input cannot express, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row beside its estimate, per GPU."""

    row: Row
    measured: float
    found: Speed
    world: int

    @property
    def ratio(self) -> float:
        return self.found.tokens_per_second / self.world / self.measured

    @property
    def inside(self) -> bool:
        return self.found.low <= self.measured * self.world <= self.found.high


def number(text: str) -> float | None:
    found = re.match(r"\s*(\d+(?:\.\d+)?)", text)
    return float(found.group(1)) if found else None


def shape(name: str, total: float) -> ModelSpec:
    """A ModelSpec of a dense decoder from the table; the stated parameter count wins."""
    layers, hidden, mlp, heads, kv_heads, vocab, gated = SHAPES[name]
    tied = name.startswith(("mpt", "gpt_bigcode"))
    return ModelSpec(
        id=name, family="benchmark", params_total=int(total), params_embedding=vocab * hidden,
        params_lm_head=0 if tied else vocab * hidden, hidden_size=hidden, intermediate_size=mlp, num_layers=layers,
        num_heads=heads, num_kv_heads=kv_heads, head_dim=hidden // heads, vocab_size=vocab, tied=tied,
        model_type="llama" if gated else "mpt", lora_targets=("q_proj", "k_proj", "v_proj", "o_proj"), source="config.json",
    )  # fmt: skip


def model_of(row: Row) -> ModelSpec:
    """The model of a row: from the table, from the catalogue if its size agrees, else a shape of that size."""
    full = row["model"].split("(")[0].strip()
    name = full.split("/")[-1]
    total = (number(row["params_b"]) or 0) * 1e9
    if name.split(" ")[0] in SHAPES:
        return shape(name.split(" ")[0], total)
    for spelling in (STAND_INS.get(name, full), name):
        match = find_model(spelling)
        known = get_model(match.id) if match else None
        if known is not None and (not total or abs(known.params_total / total - 1) < 0.2):
            return known
    if not total:
        raise Skip("size of the model not stated")
    active = number(row["active_params_b"])
    return mixture(row["model"], total, active * 1e9) if active else spec_from_size(row["model"], total)


def mixture(name: str, total: float, active: float) -> ModelSpec:
    """A rough mixture of experts: the catalogue's nearest in total and active parameters, with these counts."""
    known = [m for m in all_models() if m.is_moe and m.params_active and not m.rough]
    like = min(known, key=lambda m: (abs(log(m.params_total / total)) + abs(log((m.params_active or 1) / active)), m.id))
    return replace(like, id=name, params_total=int(total), params_active=int(active), rough=True)


def gpu_of(row: Row) -> GpuSpec:
    """The card, with its form factor and memory in the name or without; no NVLink where the row says PCIe."""
    text = row["gpu_type"]
    bare = FORM.sub("", text)
    gpu = find_gpu(text) or find_gpu(bare) or find_gpu(MEMORY.sub("", bare))
    if gpu is None:
        raise Skip(f"GPU {text} not in the catalogue")
    over_pcie = "pcie" in row["interconnect"].lower() and "nvlink" not in row["interconnect"].lower()
    return replace(gpu, nvlink_gbs=None) if over_pcie else gpu


def hardware_of(row: Row) -> Hardware:
    gpu = gpu_of(row)
    world = int(number(row["gpus"]) or 0)
    if not world:
        raise Skip("number of GPUs not stated")
    per_node = 72 if "72" in row["interconnect"] else 8
    nodes = -(-world // per_node)
    if found := re.search(r"\b(\d+) nodes", row["interconnect"]):
        nodes = int(found.group(1))
    if world % nodes:
        raise Skip("GPUs do not divide into equal nodes")
    return Hardware(gpu=gpu, count=world // nodes, nodes=nodes)


def internode(row: Row) -> float | None:
    """GB/s per node from `1600 Gbps RoCE (A100) / 3200 Gbps (H100)`, `800 Gb/s RDMA`."""
    rates = [float(r) for r in re.findall(r"(\d+) Gb(?:ps|/s)", row["interconnect"])]
    if not rates:
        return None
    return rates[-1 if "H100" in row["gpu_type"] else 0] / 8


def sharding_of(row: Row) -> str:
    text, world = row["sharding"].lower(), int(number(row["gpus"]) or 1)
    if "fp8" in row["precision"].lower() or "fp4" in row["precision"].lower():
        raise Skip("8-bit or 4-bit compute")
    if re.match(r"(?:t?f(?:p|loat)?)?32\b", row["precision"].lower()):
        raise Skip("32-bit compute")
    if re.search(r"(?:tp|pp|cp|ep)/?[2-9]|(?:tp|pp|cp|ep)1\d|ring attention|expert parallel|(?:tp|pp)/dp|naive", text):
        raise Skip("tensor, pipeline, context or expert parallelism")
    if "megatron" in text and "config" in text:
        raise Skip("parallelism not stated")
    if "offload" in text:
        return "fsdp-offload"
    if world == 1:
        return "none"
    if "zero3" in text or "zero2" in text:
        return "zero3" if "zero3" in text else "zero2"
    if "hsdp" in text or "hybrid" in text:
        return "hybrid"
    return "fsdp" if "fsdp" in text and "fsdp0" not in text else "zero2" if "shard_grad_op" in text else "ddp"


def sequence_of(row: Row) -> tuple[int, int]:
    """(micro-batch, tokens per sequence)."""
    micro = number(row["micro_batch"])
    if micro is None or "unknown" in row["micro_batch"]:
        raise Skip("micro-batch not stated")
    about = re.search(r"batch \(about (\d+) tokens\)", row["notes"])
    if about:
        return int(micro), max(1, int(int(about.group(1)) / micro))
    length = number(row["seq_len"])
    if length is None or "unknown" in row["seq_len"] or "max" in row["seq_len"]:
        raise Skip("real sequence lengths not stated")
    return int(micro), int(length)


def adapters(row: Row, model: ModelSpec) -> tuple[int, int, int]:
    """(rank, parameters of embedding and head trained beside the adapters, all trainable parameters)."""
    rank = int(number(row["lora_rank"]) or 16)
    saved = 2 * model.vocab_size * model.hidden_size if row["method"] == "lora+emb+lm_head" else 0
    return rank, saved, adapter_params(model, model.lora_targets, rank) + saved


def attention_of(row: Row) -> str:
    """FlashAttention 2 came with torch 2.2; frameworks on torch 1 and 2.0 had the first one."""
    if row["flash_attn"] == "no":
        return "eager"
    return "flash1" if re.search(r"torch (?:1\.\d+|2\.0)", row["framework"]) else "flash"


def is_checkpointed(row: Row) -> bool:
    """As stated; where not, Megatron's default (selective, which costs little), else the fine-tuning tools' habit."""
    if row["grad_checkpointing"] != "unknown":
        return row["grad_checkpointing"] == "yes"
    return not re.search(r"megatron|primus", row["framework"].lower())


def workload(row: Row) -> Workload:
    """The estimator's input for one row.

    Raises:
        Skip: the row says something that no Oumi config can, or leaves out what the estimate needs.
    """
    method = METHODS.get(row["method"])
    if method is None:
        raise Skip(f"method {row['method']}")
    model, hardware = model_of(row), hardware_of(row)
    sharding = sharding_of(row)
    micro, sequence = sequence_of(row)
    framework = row["framework"].lower()
    rank, saved, trainable = (16, 0, model.params_total) if method == "full" else adapters(row, model)
    return Workload(
        model=model, hardware=hardware, method=method, sharding=sharding, micro_batch=micro, sequence=sequence,
        accumulation=int(number(row["grad_accum"]) or 1), checkpointing=is_checkpointed(row),
        trainable=trainable, rank=rank, saved=saved, packed=row["packed"] not in ("no", "padding-free"),
        fused_loss=bool(re.search(r"liger|unsloth|foak|fused|megatron|primus|composer", framework)),
        compiled=bool(re.search(r"compile|thunder", framework)), attention=attention_of(row),
        grouped_experts=bool(re.search(r"scattermoe|megatron", framework)), internode_gbs=internode(row),
        fused_adapters=bool(re.search(r"unsloth|foak", framework)),
        optimizer="adamw_torch" if re.match(r"hf|peft|llama-factory", framework) else "adamw_torch_fused",
    )  # fmt: skip


def estimate(row: Row) -> Result:
    load = workload(row)
    found = speed(load)
    if found is None:
        raise Skip(unknown_reason(load) or "unknown")
    measured = number(row["tokens_per_s_per_gpu"])
    if not measured:
        raise Skip("tokens per second not stated")
    return Result(row=row, measured=measured, found=found, world=load.hardware.world)


def line(name: str, results: Iterable[Result]) -> None:
    found = list(results)
    errors = [abs(r.ratio - 1) for r in found]
    bias = median(r.ratio for r in found) - 1
    inside = sum(r.inside for r in found) / len(found)
    close = sum(e <= 0.30 for e in errors) / len(found)
    print(f"{name[:64]:<64} {len(found):4}  |error| {median(errors):6.1%}  bias {bias:+6.1%}  ±30 % {close:4.0%}  in band {inside:4.0%}")


GROUPS: dict[str, Callable[[Result], str]] = {
    "quality": lambda r: r.row["quality"],
    "source": lambda r: r.row["source"].split("@")[0].split(":")[0],
    "method": lambda r: f"{r.row['method']} ({r.row['quality']})",
    "GPU": lambda r: r.row["gpu_type"],
    "GPUs": lambda r: "one GPU" if r.world == 1 else "one node" if r.world <= 8 else "several nodes",
}


def report(results: list[Result]) -> None:
    for title, key in GROUPS.items():
        print(f"— by {title}")
        groups: dict[str, list[Result]] = defaultdict(list)
        for result in results:
            groups[key(result)].append(result)
        for name, members in sorted(groups.items()):
            line(name, members)


def read_rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def estimates(rows: list[Row]) -> tuple[list[Result], dict[str, str]]:
    """(rows with their estimates, id → why a row was skipped)."""
    results: list[Result] = []
    skipped: dict[str, str] = {}
    for row in rows:
        found = attempt(row)
        if isinstance(found, Skip):
            skipped[row["id"]] = str(found)
        else:
            results.append(found)
    return results, skipped


def attempt(row: Row) -> Result | Skip:
    try:
        return estimate(row)
    except Skip as reason:
        return reason


def write(path: Path, rows: list[Row], results: list[Result], skipped: dict[str, str]) -> None:
    found = {r.row["id"]: [f"{v / r.world:.1f}" for v in (r.found.tokens_per_second, r.found.low, r.found.high)] for r in results}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "tokens_per_second_per_gpu", "low", "high", "skipped"])
        for row in rows:
            writer.writerow([row["id"], *found.get(row["id"], ["", "", ""]), skipped.get(row["id"], "")])


def is_good(results: list[Result]) -> bool:
    """Quality A: median |error| at most 30 %, and at least 80 % inside the band."""
    sure = [r for r in results if r.row["quality"] == "A"]
    return bool(sure) and median(abs(r.ratio - 1) for r in sure) <= 0.30 and sum(r.inside for r in sure) >= 0.80 * len(sure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=ROWS)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if not options.rows.is_file():
        print(f"No rows at {options.rows}: give a CSV of measurements with --rows FILE.", file=sys.stderr)
        return 2
    rows = read_rows(options.rows)
    results, skipped = estimates(rows)
    report(results)
    reasons = Counter((row["quality"], skipped[row["id"]]) for row in rows if row["id"] in skipped)
    for (quality, reason), count in sorted(reasons.items()):
        print(f"skipped {quality} {count:4}  {reason}")
    if options.out:
        write(options.out, rows, results, skipped)
    return 0 if not options.check or is_good(results) else 1


if __name__ == "__main__":
    sys.exit(main())
