"""The frozen values that rooms hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.core.units import GIB, gib

HardwareSource = Literal["request", "probe", "flag", "none"]
Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Shape of one model. Counts are parameters; a None is a figure without a source.

    `rough` marks a shape guessed from the size in a name; `adapter_width` is what LoRA on `lora_targets` trains per
    unit of rank; `stored_as` is a format that the weights leave when they are loaded to be trained. `measured` is what a
    training of it took over the estimate, as an error showed; 1 where none did.
    """

    id: str
    family: str
    kind: str = "hf_model"
    instruct: bool = True
    params_total: int
    params_active: int | None = None
    params_vision: int = 0
    params_embedding: int
    params_lm_head: int
    params_routed_experts: int = 0
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    vocab_size: int
    tied: bool
    max_positions: int | None = None
    num_experts: int | None = None
    experts_per_token: int | None = None
    moe_intermediate_size: int | None = None
    model_type: str
    layer_cls: str | None = None
    lora_targets: tuple[str, ...] = ()
    adapter_width: int | None = None
    stored_as: str | None = None
    modalities: tuple[str, ...] = ("text",)
    gated: bool | None = None
    trust_remote_code: bool = False
    has_chat_template: bool | None = None
    chat_template: str | None = None
    min_transformers: str | None = None
    source: str = ""
    rough: bool = False
    local: bool = False
    measured: float = 1.0

    @property
    def is_vision(self) -> bool:
        """True when images go in beside text."""
        return "vision" in self.modalities

    @property
    def is_moe(self) -> bool:
        """True when a router picks experts."""
        return bool(self.num_experts)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSpec:
    """One accelerator. `usable_gib` is what a process can allocate, context included.

    `bf16_tflops` and `fp16_tflops` are dense data-sheet peaks with fp32 accumulation; a None is a figure without a
    source, and for bf16 no bf16 tensor path. `p2p_over_pcie` is False where the driver refuses it (GeForce 40 and 50).
    """

    name: str
    vendor: str
    memory_gb: float
    usable_gib: float
    bf16: bool
    compute_capability: float | None = None
    nvlink_gbs: float | None = None
    bandwidth_gbs: float | None = None
    bf16_tflops: float | None = None
    fp16_tflops: float | None = None
    p2p_over_pcie: bool | None = None
    kind: str = "datacenter"
    source: str = ""

    @property
    def is_cuda(self) -> bool:
        """True when fused CUDA kernels run on it."""
        return self.vendor == "NVIDIA"

    @property
    def is_torch_cuda(self) -> bool:
        """True when it is a `cuda` device to torch, AMD's under ROCm: FSDP, and bitsandbytes' kernels (the table of its README, 0.49)."""
        return self.vendor in ("NVIDIA", "AMD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The machine to plan for: `count` equal GPUs on each of `nodes` nodes."""

    gpu: GpuSpec
    count: int
    nodes: int = 1
    source: HardwareSource = "request"
    free_gib: float | None = None

    @property
    def world(self) -> int:
        """GPUs in all."""
        return self.count * self.nodes

    @property
    def usable_gib(self) -> float:
        """GiB per GPU that a run may take: the lesser of usable and free."""
        if self.free_gib is None:
            return self.gpu.usable_gib
        return min(self.gpu.usable_gib, self.free_gib)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One decision: which field, what value, and why."""

    field: str
    value: Any
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask, with the answers that make sense."""

    field: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a check found, with the edit that mends it."""

    rule: str
    severity: Severity
    path: str
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Memory of the fullest GPU, in bytes, at the phase that peaks.

    `parts` sum to `point`; `upper` is what the verdict uses, and `margin` says why it is that wide.
    """

    parts: dict[str, float]
    upper: float
    phase: str
    margin: tuple[str, ...] = ()

    @property
    def point(self) -> float:
        """Expected peak in bytes."""
        return sum(self.parts.values())

    def fits(self, usable_gib: float) -> bool:
        """The verdict: the upper bound stays within what is usable."""
        return self.upper <= usable_gib * GIB


def memory_json(memory: Estimate, machine: Hardware) -> dict[str, Any]:
    """The contract's `plan.memory`, GiB per GPU; the parts sum to `per_gpu_gib`."""
    breakdown = {name: gib(size) for name, size in memory.parts.items()}
    return {
        "per_gpu_gib": round(sum(breakdown.values()), 2),
        "upper_gib": gib(memory.upper),
        "capacity_gib": round(machine.usable_gib, 2),
        "fits": memory.fits(machine.usable_gib),
        "phase": memory.phase,
        "margin": list(memory.margin),
        "breakdown_gib": breakdown,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTime:
    """How long a run takes, training steps alone. Hours are None where the number of tokens is not known.

    `tokens_per_second` is of the whole machine, padding included; `low` and `high` bound the hours; `steps` are optimizer steps.
    """

    tokens_per_second: float
    hours: float | None
    low: float | None
    high: float | None
    steps: int | None = None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """US dollars for a run: expected and its bounds, at `hourly` dollars an hour for the whole machine on `cloud`.

    `as_of` is the day of the price, None where the source gives none.
    """

    dollars: float
    low: float
    high: float
    hourly: float
    cloud: str
    as_of: str | None
    spot: bool


def price_date(as_of: str | None, *, to_the_day: bool = False) -> str:
    """`price of 2026-09`, or that its day is not known: such a price may be years old."""
    if as_of is None:
        return "price date unknown"
    return f"price of {as_of if to_the_day else as_of[:7]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every number a config needs, with its reasons.

    `time` is None where the evidence is missing, and `time_unknown` then says what is. `fallen` are the candidates
    beside the chosen one, each with why it fell.
    """

    model: ModelSpec
    hardware: Hardware
    objective: str
    method: str
    sharding: str
    shard_strategy: str | None = None
    cpu_offload: bool = False
    micro_batch_size: int
    gradient_accumulation_steps: int
    global_batch_size: int
    sequence_length: int
    gradient_checkpointing: bool
    precision: str
    weights_dtype: str
    mixed_precision: str | None = None
    optimizer: str
    learning_rate: float
    scheduler: str
    warmup_ratio: float
    weight_decay: float
    epochs: int | None
    max_steps: int | None
    lora_rank: int | None = None
    lora_alpha: float | None = None
    lora_targets: tuple[str, ...] = ()
    liger: bool = False
    memory: Estimate
    time: RunTime | None = None
    time_unknown: str = ""
    trainer: str
    dataset: DatasetChoice
    teacher: str | None = None
    reward: str | None = None
    seed: int | None = None
    output_dir: str
    run_name: str | None = None
    trainable_params: int = 0
    vllm: bool = False
    vision: bool = False
    vllm_share: float = 0.4
    num_generations: int | None = None
    save_steps: int = 500
    frozen_layers: tuple[str, ...] = ()
    overrides: dict[str, Any] = field(default_factory=dict)
    decisions: tuple[Reason, ...] = ()
    fallen: tuple[Reason, ...] = ()
    alternatives: tuple[Plan, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def fits(self) -> bool:
        """True when the upper bound stays within usable memory."""
        return self.memory.fits(self.hardware.usable_gib)

    @property
    def leaves_experts(self) -> bool:
        """True when adapters go to a mixture's attention and not to its experts."""
        return self.model.is_moe and not any(name.startswith(("gate", "up", "down")) for name in self.lora_targets)

    @property
    def completion_length(self) -> int:
        """Tokens of an answer: half of the sequence; a distilled student writes 512 at most, as in Oumi's gkd example."""
        half = max(1, self.sequence_length // 2)
        return min(half, 512) if self.objective == "gkd" else half

    @property
    def prompt_length(self) -> int:
        """Tokens left for the prompt."""
        return max(1, self.sequence_length - self.completion_length)

    def memory_json(self) -> dict[str, Any]:
        """The contract's `plan.memory`, GiB per GPU; the parts sum to `per_gpu_gib`."""
        return memory_json(self.memory, self.hardware)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChoice:
    """Where the rows come from, as Oumi takes it.

    `name` is Oumi's `dataset_name`; `path` a local file; `kwargs` go to `dataset_kwargs`;
    `trust_remote_code` lets the processor of the model's repository run.
    """

    name: str
    path: str | None = None
    split: str | None = None
    subset: str | None = None
    kwargs: dict[str, Any] = field(default_factory=dict)
    trust_remote_code: bool = False
    said: str | None = None
