"""Seconds of one micro-step: what the GPU computes, what the CPU launches, what the links carry.

Data-sheet figures (peak FLOP/s, memory and link bandwidth) come with the GPU. The constants here are of two kinds:
facts, each with its source, and shares fitted on all public rows of quality A and B that `benchmarks/throughput.py` can
express, marked "fit" (`benchmarks/throughput_fit.py` makes them, from physical guesses, and leaves sources out in turn).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, sqrt

from assistant.core.values import GpuSpec, Hardware, ModelSpec

# nf4 with fp32 absmax per block of 64: 4 bit + 32/64 bit (QLoRA, arXiv 2305.14314, section 3).
NF4_BYTES = 0.5625

# Share of the data-sheet peak that the best matrix product reaches, by compute capability (stas00/ml-engineering,
# maximum achievable matmul FLOPS: A100 271 of 312, H100 794 of 989, B200 1745 of 2250; MI300X 668, MI325X 785 of 1307).
REACHABLE = {8: 0.87, 9: 0.80, 10: 0.78}
REACHABLE_AMD = 0.55
# No such figure: GeForce and workstation cards as Ampere; Ada and power-capped data-centre cards are guesses.
REACHABLE_OTHER = 0.87
REACHABLE_ADA = 0.75
REACHABLE_CAPPED = 0.5
CAPPED = frozenset(["T4", "L4"])

# Fit. Of the best product, the share that a model's products sustain; Hopper, Blackwell and CDNA sustain less.
MATMUL_SHARE = 0.85
NEWER_SHARE = 0.91
# Fit. Hidden sizes below 4096 fill the GPU less: share = (H / 4096) ** NARROW.
NARROW = 0.10
# Fit. FlashAttention 2, FlashAttention 1 and eager attention, share of the best product (2307.08691 has 0.6 to 0.7 of
# A100's for version 2); eager is a guess from ×0.73 end to end at 1k tokens (LLaMA-Factory's table).
ATTENTION_SHARE = {"flash": 0.71, "flash1": 0.37, "eager": 0.10}
# Fit. Bytes of element-wise kernels per token, layer, pass and (hidden size + a quarter of the MLP width):
# norms, rotary embedding, activation, residual, dtype casts. Liger and torch.compile fuse them.
LAYER_BYTES = 67.0
FUSED_LAYER = 0.57
COMPILED_LAYER = 0.45
# Bytes per token and vocabulary entry: logits, fp32 copy, log-softmax, gradients, each written and read; fused: read twice.
LOSS_BYTES = 30.0
FUSED_LOSS_BYTES = 10.0
# Fit. Bytes per token, pass and unit of adapter width (inputs + outputs of adapted layers).
ADAPTER_BYTES = 4.3
FUSED_ADAPTERS = 0.43
# Fit. nf4 kernels move this many times the bytes they must (0.56 read, 2 written).
DEQUANT_TRAFFIC = 6.1
# Fit. Gradients added to their buffer, bytes per trainable parameter and micro-step.
GRADIENT_BYTES = 4.0
# Fit. Kernels per layer and pass that eager PyTorch starts one by one, about 10 µs each, and what is paid per micro-step.
# The loop over experts of transformers before 5 pays its kernels, and a wait for the GPU, for every expert.
LAUNCH_SECONDS = 10e-6
LAYER_KERNELS = 43.0
COMPILED_KERNELS = 0.6
ADAPTER_KERNELS = 4.2
DEQUANT_KERNELS = 14.0
EXPERT_KERNELS = 10.0
EXPERT_LOOP_KERNELS = 27.0
SHARD_KERNELS = 12.0
STEP_SECONDS = 0.021
# Fit. PEFT's FSDP policy wraps every adapter matrix by itself, and each is gathered by itself.
PEFT_SHARD_SECONDS = 0.7e-3
# Fit. Tokens per expert at which an expert's product is half as fast as a large one.
EXPERT_TOKENS = 1100.0
# Fit. Relative deviation of row lengths in instruction data: unpacked ranks wait for the fullest.
LENGTH_SPREAD = 0.95
# Fit. Usable share of NVLink's data-sheet figure, which counts both directions.
NVLINK_SHARE = 0.43
# PCIe 4 x16 with and without peer access (usable; GeForce 40 and 50 stage through host memory).
PCIE_GBS = 20.0
PCIE_NO_P2P_GBS = 11.0
# GB/s into one node that clouds give: 100 Gb/s; 8×A100 400 Gb/s; Hopper and newer 3200 Gb/s.
NODE_GBS = 12.5
NODE_GBS_A100 = 50.0
NODE_GBS_NEWER = 400.0
# Fit. p-norms by which two parts overlap (1: none, large: all), and what every doubling of the GPUs adds.
LINK_OVERLAP = 1.54
LAUNCH_OVERLAP = 1.27
SYNC_PER_DOUBLING = 0.0073
# Bytes per 16-bit parameter of one optimizer step. Fused AdamW reads four tensors and writes three; the foreach one
# makes temporaries (fit); 8-bit and Adafactor: guesses between.
OPTIMIZER_BYTES = {
    "adamw_torch_fused": 14.0,
    "adamw_torch": 48.0,
    "adamw_8bit": 20.0,
    "paged_adamw_8bit": 20.0,
    "paged_adamw_32bit": 20.0,
    "adafactor": 30.0,
    "sgd": 6.0,
}
# Fit. Memory bandwidth that a CPU AdamW gets on one node; PCIe per GPU while all use it.
CPU_ADAM_GBS = 166.0
HOST_LINK_GBS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One training run as the roofline sees it.

    `sharding` is none, ddp, fsdp, fsdp-offload, hybrid, zero2 or zero3. `sequence` is tokens really processed per
    sequence, padding included; of preference data, per side. `packed` is False where rows keep their own lengths, which
    differ (not where all are packed or padded to one length).
    `trainable` are parameters with gradients, `saved` those of them that are no adapter (an embedding trained whole);
    `adapted_linears` per layer, 0: as many as the model's own LoRA targets. `weight_bytes` is the dtype the weights are
    held in; `fused_loss` means Liger's kernels; `attention` flash, flash1 or eager. `grouped_experts` is False for the
    loop over experts of transformers before 5. `images` is True when rows hold images; `internode_gbs` is what enters
    one node, GB/s, None when nobody said.
    """

    model: ModelSpec
    hardware: Hardware
    method: str
    objective: str = "sft"
    sharding: str = "none"
    micro_batch: int
    sequence: int
    accumulation: int = 1
    checkpointing: bool = True
    optimizer: str = "adamw_torch_fused"
    trainable: int
    fused_loss: bool = False
    packed: bool = True
    weight_bytes: float = 2
    rank: int = 16
    saved: int = 0
    adapted_linears: int = 0
    compiled: bool = False
    attention: str = "flash"
    fused_adapters: bool = False
    grouped_experts: bool = True
    images: bool = False
    teacher: ModelSpec | None = None
    internode_gbs: float | None = None

    @property
    def tokens(self) -> int:
        """Tokens of one micro-step on one GPU: a preference pair is two sequences."""
        return self.micro_batch * self.sequence * (2 if self.objective == "dpo" else 1)


def peak_tflops(gpu: GpuSpec) -> float | None:
    """Dense peak in the dtype that Oumi trains in on this GPU; None without a figure."""
    return gpu.bf16_tflops if gpu.bf16 else gpu.fp16_tflops


def is_linked(gpu: GpuSpec, count: int) -> bool:
    """NVLink or Infinity Fabric among all GPUs of a node; bridges (112 GB/s, or 600 between two PCIe cards) are not."""
    pairs = gpu.name.endswith(("PCIe", "NVL"))
    return (gpu.nvlink_gbs or 0.0) >= 200 and gpu.kind == "datacenter" and (count <= 2 or not pairs)


def is_newer(gpu: GpuSpec) -> bool:
    """Hopper, data-centre Blackwell and CDNA 3."""
    return gpu.kind == "datacenter" and (gpu.vendor == "AMD" or (gpu.compute_capability or 0.0) >= 9)


def _best_flops(gpu: GpuSpec) -> float:
    """FLOP/s of the best matrix product."""
    capability = gpu.compute_capability or 0.0
    if gpu.vendor == "AMD":
        share = REACHABLE_AMD
    elif gpu.name in CAPPED:
        share = REACHABLE_CAPPED
    elif gpu.kind == "datacenter":
        share = REACHABLE_ADA if capability == 8.9 else REACHABLE.get(int(capability), REACHABLE_OTHER)
    else:
        share = REACHABLE_OTHER
    return (peak_tflops(gpu) or 0.0) * 1e12 * share


def _bandwidth(gpu: GpuSpec) -> float:
    return (gpu.bandwidth_gbs or 0.0) * 1e9


def _body_params(model: ModelSpec) -> float:
    """Parameters of the decoder layers that one token passes through."""
    ends = model.params_embedding + model.params_lm_head + model.params_vision
    return max(1.0, (model.params_active or model.params_total) - ends)


def _extra_forwards(load: Workload) -> float:
    """Forward passes beside training: DPO's reference; KTO's reference and a KL batch through both models (TRL)."""
    return {"dpo": 1.0, "kto": 3.0}.get(load.objective, 0.0)


def _passes(load: Workload) -> float:
    """Passes through the layers, kernel by kernel: forward 1, backward 2, recomputation 1, other models' forwards."""
    return 3.0 + load.checkpointing + _extra_forwards(load)


def _matmul_flops(load: Workload) -> float:
    """FLOPs per token: 6N, 8N with recomputation; frozen weights have no gradients of their own: 4N and 6N.

    The head is not recomputed. A teacher adds a forward pass, images the vision tower's, at one patch a token.
    """
    model = load.model
    trained = 1.0 if load.method == "full" else 0.0
    passes = 2.0 + trained + _extra_forwards(load)
    body = _body_params(model) * (passes + load.checkpointing)
    if model.is_moe:
        body *= 1.0 + EXPERT_TOKENS * (model.num_experts or 1) / (load.tokens * (model.experts_per_token or 1))
    head = model.vocab_size * model.hidden_size * (passes + (1.0 if load.saved else 0.0))
    vision = model.params_vision * passes if load.images else 0.0
    teacher = load.teacher
    other = _body_params(teacher) + teacher.vocab_size * teacher.hidden_size if teacher else 0.0
    return 2.0 * (body + head + vision + other)


def _attention_flops(load: Workload) -> float:
    """FLOPs per token: 2·L·d·s causal forward; FlashAttention's backward is 2.5 of it, frozen weights or not."""
    model = load.model
    forward = 2.0 * model.num_layers * model.num_heads * model.head_dim * load.sequence
    return forward * (3.5 + load.checkpointing + _extra_forwards(load))


def _traffic_bytes(load: Workload) -> float:
    """Bytes per token that element-wise kernels, adapters and the loss move."""
    model, passes = load.model, _passes(load)
    width = model.intermediate_size
    if model.is_moe:
        width = (model.experts_per_token or 1) * (model.moe_intermediate_size or width)
    fused = COMPILED_LAYER if load.compiled else FUSED_LAYER if load.fused_loss else 1.0
    layers = LAYER_BYTES * fused * (model.hidden_size + 0.25 * width) * model.num_layers
    loss = model.vocab_size * (FUSED_LOSS_BYTES if load.fused_loss else LOSS_BYTES)
    adapters = 0.0
    if load.method != "full":
        adapters = ADAPTER_BYTES * (FUSED_ADAPTERS if load.fused_adapters else 1.0) * (load.trainable - load.saved) / load.rank
    return (layers + adapters) * passes + loss * (1.0 + _extra_forwards(load) / 2)


def fixed_seconds(load: Workload) -> float:
    """GPU seconds of one micro-step that its tokens do not change: reading, dequantising, casting weights; gradients."""
    per_pass = 6.0 if load.weight_bytes == 4 else 2.0
    if load.method == "qlora":
        per_pass += (NF4_BYTES + 2.0) * DEQUANT_TRAFFIC
    passes = _passes(load) - (0.0 if load.method == "full" else 1.0)
    moved = per_pass * load.model.params_total * passes + GRADIENT_BYTES * load.trainable
    return moved / _bandwidth(load.hardware.gpu)


def token_seconds(load: Workload) -> float:
    """GPU seconds of one micro-step that grow with its tokens."""
    gpu = load.hardware.gpu
    best, newer = _best_flops(gpu), is_newer(gpu)
    sustained = best * MATMUL_SHARE * float(min(1.0, load.model.hidden_size / 4096) ** NARROW)
    matmul = _matmul_flops(load) / (sustained * (NEWER_SHARE if newer else 1.0))
    attention = _attention_flops(load) / (best * ATTENTION_SHARE[load.attention])
    return load.tokens * (matmul + attention + _traffic_bytes(load) / _bandwidth(gpu))


def launch_seconds(load: Workload) -> float:
    """The CPU's part of one micro-step."""
    model = load.model
    linears = 0 if load.method == "full" else load.adapted_linears or max(4, len(model.lora_targets))
    kernels = LAYER_KERNELS * (COMPILED_KERNELS if load.compiled else 1.0) + ADAPTER_KERNELS * linears
    if load.method == "qlora":
        kernels += DEQUANT_KERNELS
    if model.is_moe:
        kernels += EXPERT_KERNELS if load.grouped_experts else EXPERT_LOOP_KERNELS * (model.num_experts or 1)
    gathers = 0.0
    if load.sharding not in ("none", "ddp"):
        kernels += SHARD_KERNELS
        if load.sharding != "zero2":
            gathers = PEFT_SHARD_SECONDS * linears * (FUSED_ADAPTERS if load.fused_adapters else 1.0)
    return (kernels * LAUNCH_SECONDS + gathers) * model.num_layers * _passes(load) + STEP_SECONDS


def _node_link_gbs(gpu: GpuSpec, count: int) -> float:
    """Usable GB/s per GPU within a node, one direction."""
    if is_linked(gpu, count):
        return (gpu.nvlink_gbs or 0.0) * NVLINK_SHARE
    return PCIE_NO_P2P_GBS if gpu.p2p_over_pcie is False or gpu.kind == "consumer" else PCIE_GBS


def _internode_gbs(load: Workload) -> float:
    """GB/s that enter one node: as said, else what clouds give such machines."""
    gpu = load.hardware.gpu
    if load.internode_gbs is not None:
        return load.internode_gbs
    if not is_linked(gpu, load.hardware.count):
        return NODE_GBS
    return NODE_GBS_NEWER if is_newer(gpu) else NODE_GBS_A100


def _sent_bytes(load: Workload) -> float:
    """Bytes per GPU and micro-step: weights gathered for forward and backward, gradients reduced.

    DDP reduces (twice over the wire) once per accumulation, adapters and all; DeepSpeed's ZeRO-2 every micro-step.
    """
    gradients = 2.0 * load.trainable
    if load.sharding in ("none", "ddp"):
        return 2.0 * gradients / load.accumulation
    if load.sharding == "zero2":
        return gradients + gradients / load.accumulation
    return 2.0 * (NF4_BYTES if load.method == "qlora" else 2.0) * load.model.params_total + gradients


def link_seconds(load: Workload) -> float:
    """What the links carry in one micro-step. A byte enters a node once, whatever its number of GPUs (rings)."""
    hardware = load.hardware
    seconds = 0.0
    if load.sharding == "fsdp-offload":
        moved = (4.0 * load.model.params_total + 2.0 * load.trainable) / hardware.world
        seconds = moved / (HOST_LINK_GBS * 1e9)
    if hardware.world == 1:
        return seconds
    total = _sent_bytes(load)
    shards = hardware.count if load.sharding == "hybrid" else hardware.world
    within = total * (shards - 1) / shards / (_node_link_gbs(hardware.gpu, hardware.count) * 1e9)
    if hardware.nodes == 1:
        return seconds + within
    crossing = 4.0 * load.trainable if load.sharding == "hybrid" else total
    between = crossing * (hardware.nodes - 1) / hardware.nodes / (_internode_gbs(load) * 1e9)
    return seconds + max(within, between)


def optimizer_seconds(load: Workload) -> float:
    """One optimizer step, on the GPU or, offloaded, on the CPU (28 bytes a parameter: fp32 states and copies)."""
    hardware = load.hardware
    if load.sharding == "fsdp-offload":
        node = load.trainable / hardware.nodes
        return node * 28.0 / (CPU_ADAM_GBS * 1e9) + 4.0 * node / hardware.count / (HOST_LINK_GBS * 1e9)
    shards = hardware.world if load.sharding in ("fsdp", "zero2", "zero3") else 1
    if load.sharding == "hybrid":
        shards = hardware.count
    wide = load.weight_bytes == 4 or load.method != "full" or load.sharding.startswith("zero")
    per_param = OPTIMIZER_BYTES.get(load.optimizer, OPTIMIZER_BYTES["adamw_torch"]) * (2.0 if wide else 1.0)
    return load.trainable / shards * per_param / _bandwidth(hardware.gpu)


def _straggling(load: Workload) -> float:
    """Rows of unequal length: all GPUs wait for the fullest one, each micro-step or, as copies, each optimizer step.

    The expected maximum of n normal values lies about 0.56·log2(n)^0.85 deviations above the mean (n ≤ 16: within 3 %).
    """
    world = load.hardware.world
    if load.packed or world == 1:
        return 1.0
    rows = load.micro_batch * (load.accumulation if load.sharding in ("none", "ddp") else 1)
    return 1.0 + LENGTH_SPREAD / sqrt(rows) * 0.56 * float(log2(world) ** 0.85)


def _overlapped(one: float, other: float, power: float) -> float:
    return float((one**power + other**power) ** (1.0 / power)) if other else one


def step_seconds(load: Workload) -> tuple[float, float]:
    """(seconds of one micro-step with its part of the optimizer step, those that grow with its tokens)."""
    tokens = token_seconds(load) * _straggling(load)
    busy = _overlapped(tokens + fixed_seconds(load), launch_seconds(load), LAUNCH_OVERLAP)
    seconds = _overlapped(busy, link_seconds(load), LINK_OVERLAP)
    seconds *= 1.0 + SYNC_PER_DOUBLING * log2(load.hardware.world)
    return seconds + optimizer_seconds(load) / load.accumulation, tokens
