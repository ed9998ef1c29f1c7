"""What the user said, in canonical form. `None` means: not said."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Task = Literal["train", "evaluate", "infer", "quantize", "tune", "judge", "synthesize"]
Objective = Literal["sft", "dpo", "kto", "grpo", "gkd", "pretrain"]
Method = Literal["full", "lora", "qlora"]
Sharding = Literal["none", "ddp", "fsdp", "deepspeed"]
Precision = Literal["bf16", "fp16", "fp32"]
Cloud = Literal[
    "gcp",
    "aws",
    "azure",
    "lambda",
    "runpod",
    "nebius",
    "kubernetes",
    "slurm",
    "local",
]
Priority = Literal["speed", "memory", "quality"]


class Intent(BaseModel):
    """One request. Every key is public (`--json`); a key that was not said is None.

    Units: `sequence_length` in tokens, `gpu_memory_gb` in GB per GPU as the vendor counts,
    `max_hours` in hours, `max_dollars` in US dollars, `gpu_count` per node.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Task | None = None
    model: str | None = None
    objective: Objective | None = None
    method: Method | None = None
    gpu: str | None = None
    gpu_count: int | None = Field(default=None, ge=1, le=1024)
    nodes: int | None = Field(default=None, ge=1, le=4096)
    gpu_memory_gb: float | None = Field(default=None, gt=0, le=4096)
    cloud: Cloud | None = None
    spot: bool | None = None
    dataset: str | None = None
    sequence_length: int | None = Field(default=None, ge=1, le=100_000_000)
    epochs: float | None = Field(default=None, gt=0, le=100_000)
    max_steps: int | None = Field(default=None, ge=1, le=1_000_000_000)
    global_batch_size: int | None = Field(default=None, ge=1, le=10_000_000)
    micro_batch_size: int | None = Field(default=None, ge=1, le=1_000_000)
    learning_rate: float | None = Field(default=None, gt=0, le=100)
    lora_rank: int | None = Field(default=None, ge=1, le=65_536)
    lora_alpha: float | None = Field(default=None, gt=0, le=1_000_000)
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)
    precision: Precision | None = None
    sharding: Sharding | None = None
    engine: str | None = None
    benchmarks: list[str] | None = None
    num_fewshot: int | None = Field(default=None, ge=0, le=10_000)
    limit: int | None = Field(default=None, ge=1, le=1_000_000_000)
    output_dir: str | None = None
    run_name: str | None = None
    max_hours: float | None = Field(default=None, gt=0)
    max_dollars: float | None = Field(default=None, gt=0)
    priority: Priority | None = None
    overrides: dict[str, Any] | None = None
