"""What decides the memory of a run: the estimator's input, and the figures of the choices it can name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.core.values import ModelSpec

Metric = Literal["allocated", "reserved", "device"]
METRICS: tuple[Metric, ...] = ("allocated", "reserved", "device")
"""What a figure counts: tensors alive, the allocator's pool, or the process as nvidia-smi sees it."""

CONTEXT_GIB = 0.5
"""CUDA context with lazy loading (stas00/ml-engineering: 0.47 GiB, torch 2.1)."""
NCCL_GIB = 1.0
"""Buffers of the first collectives (stas00/ml-engineering, DeepSpeed: 1 to 2 GiB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One way from hidden states to the loss.

    `logit_bytes` per token and vocabulary entry are alive at its peak. A `chunk` in tokens bounds how many
    tokens have logits at once; None means all of them, 0 that the hidden size sets it.
    """

    logit_bytes: float
    chunk: int | None = None


LOSSES: dict[str, Loss] = {
    # transformers from 4.49 on: log-softmax, its gradient and the loss's, all fp32, at the start of the backward
    # pass (traced on 5.16; NeMo's 12.3 on Llama-3.2).
    "standard": Loss(logit_bytes=12),
    # Until 4.48: 16-bit logits 2, fp32 copy 4, shifted copy 4, log-softmax 4 (exact on the fms rows of Mistral).
    "shifted_copy": Loss(logit_bytes=14),
    # TRL 1.6's DPO: policy and reference logits in 16 bit, a copy, selective log-softmax; all in fp32 under autocast
    # and k-bit preparation (live tensors traced in real steps).
    "preference": Loss(logit_bytes=10),
    "preference_wide": Loss(logit_bytes=16),
    # A fused cross-entropy kernel over materialised logits: logits 2, fp32 4, gradient 2 (exact on the fms rows).
    "fused_ce": Loss(logit_bytes=8),
    # Cross-entropy on 16-bit logits without an upcast, in fp32 under autocast: GPTBigCode until 4.48 (fms).
    "half": Loss(logit_bytes=3),
    "half_autocast": Loss(logit_bytes=8),
    # The logits never exist whole: cut-cross-entropy, chunked losses.
    "chunked": Loss(logit_bytes=14, chunk=1024),
    # Liger cuts the tokens into ceil(vocabulary / hidden) pieces: the logits take about what the hidden states do.
    "liger": Loss(logit_bytes=10, chunk=0),
}
"""Loss paths by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """States of an optimizer: `copies` in the parameters' dtype, `fixed_bytes` a parameter whatever the dtype.

    `step_copies` is the temporary of a step, in units of one copy of the trainable parameters.
    """

    copies: float = 0.0
    fixed_bytes: float = 0.0
    step_copies: float = 0.0


_ADAM_8BIT = Optimizer(fixed_bytes=2.06)  # two 8-bit moments and fp32 absmax per block of 256 (bitsandbytes)
OPTIMIZERS: dict[str, Optimizer] = {
    # The foreach kernel holds the square root of the second moment of all parameters at once (10 B a bf16
    # parameter at the step instead of 8: fms, ms-swift); the fused kernel needs no temporary.
    "adamw_torch": Optimizer(copies=2, step_copies=1),
    "adamw_torch_fused": Optimizer(copies=2),
    "adamw_8bit": _ADAM_8BIT,
    "adamw_bnb_8bit": _ADAM_8BIT,
    "paged_adamw_8bit": _ADAM_8BIT,
    "paged_adamw_32bit": Optimizer(fixed_bytes=8),
    "adamw_torch_8bit": _ADAM_8BIT,
    "adamw_torch_4bit": Optimizer(fixed_bytes=1.06),
    "lion_32bit": Optimizer(fixed_bytes=4),
    "lion_8bit": Optimizer(fixed_bytes=1.03),
    "adafactor": Optimizer(fixed_bytes=0.01),  # a row and a column of each matrix
    "sgd": Optimizer(),
}
"""Optimizers by transformers' name."""

QUANTISATIONS: dict[str, float] = {
    "nf4": 0.5625,  # 4 bit and an fp32 absmax per block of 64 (QLoRA, section 3)
    "nf4-double": 0.516,  # the absmax itself in 8 bit: 0.127 bit a parameter (QLoRA; exact on the fms rows)
    "gptq4": 0.52,  # 4 bit, an fp16 scale and a 4-bit zero point per group of 128
    "int8": 1.0,
}
"""Bytes per quantised parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training run, as the machine will see it.

    `micro_batch` sequences of `sequence` tokens go through a GPU at once. `shards` GPUs share one copy of the
    states; `world` GPUs train. `weight_bytes` is the dtype that weights are loaded in; `master_fp32` says that
    trainable parameters, gradients and states are fp32 (FSDP's mixed precision, DeepSpeed, float32 weights).
    `trainable` counts parameters with gradients; `adapted` names the linear layers with adapters, held in
    `adapter_bytes`. Under QLoRA, what is not quantised is held in `kept_bytes` (PEFT's k-bit preparation casts it to
    fp32) and `kbit_upcast` says that the hidden stream is fp32 with it. `image_patches` a sequence go through the
    vision tower. `liger` stands for Liger's fused norm and MLP. `fused_experts` are parameters that bitsandbytes leaves in 16 bit (transformers 5).
    `loads_whole` says that a GPU holds the whole model before it is sharded. `accumulates` says that gradients outlive a backward pass. `variable_lengths` makes the
    allocator's pool grow beyond what is alive. A reference model of full preference training is held in `reference_bytes`; `generated_sequences` are written at
    once without a rollout engine. `vllm_share` of `capacity_bytes` goes to a rollout engine.
    """

    model: ModelSpec
    method: str
    objective: str = "sft"
    world: int = 1
    shards: int = 1
    sharding: str = "none"
    cpu_offload: bool = False
    micro_batch: int
    sequence: int
    checkpointing: bool = True
    checkpoints_on_cpu: bool = False
    optimizer: str = "adamw_torch_fused"
    weight_bytes: float = 2
    autocast: bool = False
    master_fp32: bool = False
    trainable: int
    adapted: tuple[str, ...] = ()
    adapter_bytes: float = 4
    quantisation: str = "nf4"
    kept_bytes: float = 4
    kbit_upcast: bool = True
    wide_outputs: bool = False
    fused_experts: bool = True
    loads_whole: bool = False
    loss: str = "standard"
    liger: bool = False
    attention: str = "sdpa"
    accumulates: bool = False
    variable_lengths: bool = False
    image_patches: int = 0
    trains_vision: bool = False
    teacher: ModelSpec | None = None
    reference_bytes: float = 4
    generated_sequences: int = 0
    vllm_share: float = 0.0
    capacity_bytes: float = 0.0

    @property
    def tokens(self) -> int:
        """Tokens in one forward pass on one GPU: a preference pair is two sequences, KTO adds its KL batch."""
        pairs = 2 if self.objective in ("dpo", "kto") else 1
        return self.micro_batch * self.sequence * pairs

    @property
    def is_full(self) -> bool:
        """True when the model's own parameters train."""
        return self.method == "full"

    @property
    def stream_bytes(self) -> float:
        """Bytes per element of the hidden stream: fp32 with float32 weights or after k-bit preparation."""
        return 4.0 if self.weight_bytes == 4 or (self.method == "qlora" and self.kbit_upcast) else 2.0

    @property
    def compute_bytes(self) -> float:
        """Bytes per element of the values inside a layer: those of the stream, 16-bit under autocast.

        A 4-bit layer computes in 16 bit and gives its result back in the dtype of its input, under autocast too
        since bitsandbytes 0.43 or so (`wide_outputs`; traced with 0.49).
        """
        return 2.0 if self.autocast and not self.wide_outputs else self.stream_bytes

    @property
    def is_zero(self) -> bool:
        """True under DeepSpeed."""
        return self.sharding.startswith("zero")

    @property
    def gathers(self) -> bool:
        """True when whole layers are put together from shards for each use."""
        return self.sharding in ("fsdp", "zero3") and (self.shards > 1 or self.cpu_offload)
