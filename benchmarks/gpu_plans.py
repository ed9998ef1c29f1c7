"""The runs of the GPU benchmarks: what one is, and the plans that list them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from assistant.catalogue.models import get_model
from assistant.core.values import ModelSpec

LLAMA_1B = "meta-llama/Llama-3.2-1B"
LLAMA_8B = "meta-llama/Llama-3.1-8B"
QWEN25_05B, QWEN25_15B = "Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-1.5B"
QWEN25_3B, QWEN25_7B = "Qwen/Qwen2.5-3B", "Qwen/Qwen2.5-7B"
QWEN3_06B, QWEN3_17B = "Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B"
QWEN3_4B, QWEN3_8B, QWEN3_MOE = "Qwen/Qwen3-4B", "Qwen/Qwen3-8B", "Qwen/Qwen3-30B-A3B"
GEMMA_1B = "google/gemma-3-1b-it"
PHI_MINI = "microsoft/Phi-4-mini-instruct"
SMOL_17B = "HuggingFaceTB/SmolLM2-1.7B"
OLMOE = "allenai/OLMoE-1B-7B-0924"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One setting to measure. `layers` cuts the model; `precision` is weights plus autocast as Oumi runs them.

    precision: `bf16` (no autocast), `fp32-autocast` (`mixed_precision_dtype: BF16`, which Oumi takes with fp32 weights alone),
    `bf16-autocast` (what `fsdp.mixed_precision: bf16` turns on), `fp32` (no autocast).
    A 4-bit base is nf4; Oumi's own default is without double quantisation.
    loss: `standard` (transformers' own), `chunked` (TRL's chunked_nll), `liger` (fused linear cross entropy and kernels).
    """

    model: str
    method: str = "lora"
    objective: str = "sft"
    micro_batch: int = 1
    seq: int = 2048
    checkpointing: bool = True
    optimizer: str = "adamw_torch"
    loss: str = "standard"
    precision: str = "bf16"
    layers: int | None = None
    rank: int = 16
    attention: str = "sdpa"
    double_quant: bool = True

    @property
    def name(self) -> str:
        """Unique and readable: what `--only` matches and the row's id ends in."""
        parts = [self.model.split("/")[-1], f"L{self.layers}" if self.layers else "", self.objective, self.method]
        parts += [f"r{self.rank}" if self.method != "full" and self.rank != 16 else "", self.precision, self.optimizer]
        parts += [self.loss, f"b{self.micro_batch}", f"s{self.seq}", "gc" if self.checkpointing else "nogc"]
        parts += [self.attention if self.attention != "sdpa" else "", "" if self.double_quant else "singlequant"]
        return "-".join(part for part in parts if part).lower()

    @property
    def tokens(self) -> int:
        """Tokens of one step: a preference pair is two sequences."""
        return self.micro_batch * self.seq * (2 if self.objective == "dpo" else 1)


def spec_of(run: Run) -> ModelSpec:
    """The catalogue's record of the model; a KeyError names one that is not there."""
    spec = get_model(run.model)
    if spec is None:
        raise KeyError(run.model)
    return spec


def grid(base: Run, **axes: Sequence[Any]) -> list[Run]:
    """The product of the axes over one base run, last axis fastest."""
    runs = [base]
    for axis, values in axes.items():
        runs = [replace(run, **{axis: value}) for run in runs for value in values]
    return runs


def quick_runs() -> list[Run]:
    """About 35 runs: every term of the estimate once, on small models and one of 8B."""
    small, middle, large = Run(model=LLAMA_1B), Run(model=QWEN25_15B), Run(model=LLAMA_8B)
    return [
        *grid(replace(small, method="full"), optimizer=("adamw_torch", "adamw_torch_fused", "sgd")),
        *grid(replace(small, method="full", seq=4096), checkpointing=(True, False)),
        replace(small, method="full", precision="fp32-autocast"),
        *grid(replace(small, micro_batch=4), loss=("standard", "chunked", "liger"), checkpointing=(True, False)),
        *grid(middle, method=("full", "lora", "qlora"), micro_batch=(1, 4)),
        replace(middle, precision="bf16-autocast", micro_batch=4),
        *grid(replace(middle, objective="dpo", seq=1024), method=("full", "lora")),
        replace(Run(model=GEMMA_1B), seq=1024),
        replace(Run(model=QWEN3_06B), method="full"),
        *grid(large, method=("lora", "qlora"), micro_batch=(1, 4)),
        # A 4-bit base leaves the residual stream in fp32: attention kernels differ with and without grouped heads.
        *grid(replace(small, method="qlora"), seq=(2048, 4096)),
        replace(large, method="qlora", double_quant=False),
        Run(model=SMOL_17B, method="qlora", seq=4096),
        replace(large, seq=8192, loss="liger"),
        replace(large, method="full", optimizer="adamw_torch"),
        Run(model=QWEN3_MOE, layers=8, seq=1024),
    ]


def standard_runs() -> list[Run]:
    """About 90 more: each axis crossed with the ones it interacts with."""
    eight = ("adamw_8bit", "paged_adamw_8bit", "adafactor")
    return [
        *quick_runs(),
        *grid(Run(model=LLAMA_1B, method="full"), optimizer=eight),
        *grid(Run(model=LLAMA_1B, method="full"), precision=("bf16-autocast", "fp32"), micro_batch=(1, 4)),
        *grid(Run(model=LLAMA_1B, seq=512), micro_batch=(1, 8), checkpointing=(True, False)),
        *grid(Run(model=LLAMA_1B), rank=(8, 64), precision=("bf16", "fp32-autocast")),
        *grid(Run(model=QWEN25_05B, seq=1024), method=("full", "lora"), micro_batch=(1, 8), loss=("standard", "liger")),
        *grid(Run(model=QWEN25_3B), method=("full", "lora"), checkpointing=(True, False)),
        *grid(Run(model=QWEN25_7B), method=("lora", "qlora"), seq=(1024, 4096), loss=("standard", "liger")),
        *grid(Run(model=QWEN3_17B), method=("full", "lora", "qlora"), micro_batch=(1, 4)),
        *grid(Run(model=QWEN3_4B), method=("full", "lora", "qlora")),
        *grid(Run(model=QWEN3_8B), method=("lora", "qlora"), checkpointing=(True, False)),
        *grid(Run(model=GEMMA_1B, seq=2048), method=("full", "lora"), loss=("standard", "liger")),
        *grid(Run(model=PHI_MINI), method=("lora", "qlora"), micro_batch=(1, 4)),
        *grid(Run(model=SMOL_17B), method=("full", "lora"), checkpointing=(True, False)),
        *grid(Run(model=OLMOE, layers=4), method=("full", "lora"), micro_batch=(1, 4)),
        *grid(Run(model=LLAMA_1B, objective="dpo", seq=1024), method=("full", "lora", "qlora"), micro_batch=(1, 4)),
        *grid(Run(model=LLAMA_8B, objective="dpo", seq=1024), method=("lora", "qlora")),
    ]


def full_runs() -> list[Run]:
    """Everything above and wide ladders of batch and length, up to where a card runs out."""
    every = (LLAMA_1B, QWEN25_15B, QWEN3_4B, LLAMA_8B, QWEN25_7B, QWEN3_8B, PHI_MINI)
    ladders = [
        run
        for model in every
        for run in grid(
            Run(model=model),
            method=("lora", "qlora"),
            seq=(1024, 4096, 16384),
            micro_batch=(1, 2, 8),
            loss=("standard", "liger"),
        )
    ]
    full = [
        run
        for model in (LLAMA_1B, QWEN25_15B, QWEN25_3B, QWEN3_4B)
        for run in grid(
            Run(model=model, method="full"),
            seq=(1024, 8192),
            checkpointing=(True, False),
            precision=("bf16", "fp32-autocast"),
        )
    ]
    return [*standard_runs(), *ladders, *full]


PLANS: dict[str, Callable[[], list[Run]]] = {"quick": quick_runs, "standard": standard_runs, "full": full_runs}


def planned(plan: str, only: str | None = None) -> list[Run]:
    """The runs of a plan without repeats, in the plan's order of models: one checkpoint serves all runs of its model."""
    unique = {run.name: run for run in PLANS[plan]()}
    order = {key: place for place, key in enumerate(dict.fromkeys((r.model, r.layers) for r in unique.values()))}
    runs = sorted(unique.values(), key=lambda run: order[run.model, run.layers])
    return [run for run in runs if only is None or re.search(only, run.name)]
