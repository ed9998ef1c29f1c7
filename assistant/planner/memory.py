"""Memory of the fullest GPU: a phase model.

Two moments can be the peak: the optimizer step (weights, gradients, optimizer states) and the backward
pass (weights, optimizer states, activations or logits). The larger one counts.

Symbols: P parameters, H hidden size, I MLP width, L layers, V vocabulary, T = micro-batch × sequence tokens.
Sources: Korthikanti et al. 2022 (arXiv 2205.05198) and fms-acceleration's A100 tables for activations;
QLoRA (arXiv 2305.14314) for nf4; DeepSpeed `memory.rst` and accelerate's FSDP notes for states.
The point is the allocated peak. The upper bound adds allocator fragmentation, CUDA context and NCCL.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.core.units import GIB
from assistant.core.values import Estimate, ModelSpec

# nf4 with fp32 absmax per block of 64: 4 bit + 32/64 bit (QLoRA, section 3).
NF4_BYTES = 0.5625
# Logits of a causal head, bytes per token and vocabulary entry: bf16 logits, the fp32 upcast, log-softmax
# and its gradient. 14 measured on transformers 4.48 (fms), 12.3 on Llama-3.2 (NeMo); later ones drop a copy.
LOGITS_BYTES = 12.0
# CUDA context with lazy loading 0.5 to 0.9 GiB (stas00/ml-engineering); NCCL adds about 1 GiB.
CONTEXT_GIB = 0.8
NCCL_GIB = 1.0
# DeepSpeed's reduce bucket: 5e8 elements in bf16.
ZERO_BUCKET_BYTES = 1e9
OPTIMIZER_BYTES = {
    "adamw_torch": 2.0,
    "adamw_torch_fused": 2.0,
    "adamw_8bit": 0.5,
    "paged_adamw_8bit": 0.5,
    "paged_adamw_32bit": 2.0,
    "adafactor": 0.05,
    "sgd": 0.0,
}
"""Optimizer state in units of one full-size tensor of the trainable parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the estimator needs to know of one training run.

    `shards` divides the states (FSDP, ZeRO-3); `weight_bytes` is the dtype the weights are loaded in;
    `residual_bytes` that of the hidden stream. `vllm_share` of `capacity_bytes` goes to a rollout engine.
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
    optimizer: str = "adamw_torch_fused"
    weight_bytes: float = 2
    autocast: bool = False
    trainable: int
    teacher: ModelSpec | None = None
    vllm_share: float = 0.0
    capacity_bytes: float = 0.0


def quantised_params(model: ModelSpec) -> int:
    """Parameters that bitsandbytes turns into nf4: linear layers only.

    Embeddings, the head, the vision tower's embeddings and fused expert tensors (parameters, not
    linear layers, since transformers 5) stay 16-bit; the whole vision tower is left out to be safe.
    """
    kept = model.params_embedding + model.params_lm_head + model.params_vision + model.params_routed_experts
    return max(0, model.params_total - kept)


def frozen_bytes(run: Run) -> float:
    """The loaded model on one GPU before adapters, unsharded.

    Under QLoRA `prepare_model_for_kbit_training` may upcast what is not quantised to fp32: counted.
    """
    if run.method != "qlora":
        return run.model.params_total * run.weight_bytes
    quantised = quantised_params(run.model)
    small = run.model.params_total - quantised - run.model.params_routed_experts
    return quantised * NF4_BYTES + small * 4.0 + run.model.params_routed_experts * run.weight_bytes


def _mlp_width(model: ModelSpec) -> int:
    if not model.is_moe:
        return model.intermediate_size
    routed = (model.experts_per_token or 1) * (model.moe_intermediate_size or model.intermediate_size)
    return max(model.intermediate_size, routed)


def _tokens(run: Run) -> int:
    """Tokens in one forward pass: a preference pair is two sequences, KTO adds the KL batch."""
    pairs = 2 if run.objective in ("dpo", "kto") else 1
    return run.micro_batch * run.sequence * pairs


def _residual(run: Run) -> float:
    """Bytes per element of the hidden stream: fp32 under autocast or k-bit preparation."""
    return 4.0 if run.autocast or run.method == "qlora" or run.weight_bytes == 4 else 2.0


def activation_bytes(run: Run) -> tuple[float, float]:
    """(held while the logits exist, held while one layer is in the backward pass), without the logits."""
    model, tokens, residual = run.model, _tokens(run), _residual(run)
    stream = residual * model.num_layers * model.hidden_size
    scale = 2.0 if run.weight_bytes == 4 and not run.autocast else 1.0
    layer = (8 * _mlp_width(model) + 31 * model.hidden_size) * scale
    if not run.checkpointing:
        # 41 to 44 H per layer for I = 2.7 H with eager SwiGLU kernels (litgpt, ms-swift): 8 I + 23 H.
        every = (8 * _mlp_width(model) + 23 * model.hidden_size) * scale * model.num_layers
        return tokens * every, tokens * every
    extra = 2.0 * (model.num_layers - 2) * model.hidden_size if _is_peft_fsdp(run) else 0.0
    return tokens * (stream + 5 * model.hidden_size), tokens * (stream + layer + extra)


def _is_peft_fsdp(run: Run) -> bool:
    return run.sharding == "fsdp" and run.method != "full"


def logits_bytes(run: Run) -> float:
    """Logits and their loss, bytes."""
    factor = LOGITS_BYTES + (6.0 if run.objective == "gkd" else 0.0)
    return _tokens(run) * run.model.vocab_size * factor


def _gathered(run: Run) -> float:
    """FSDP and ZeRO-3: the root unit and two decoder layers whole, plus one layer's gradients."""
    if run.sharding == "zero2":
        return ZERO_BUCKET_BYTES
    if run.shards == 1 and not run.cpu_offload:
        return 0.0
    model = run.model
    ends = model.params_embedding + model.params_lm_head
    body = max(1, model.params_total - ends - model.params_vision) / max(1, model.num_layers)
    width = NF4_BYTES if run.method == "qlora" and not model.is_moe else run.weight_bytes
    gradients = body * run.weight_bytes if run.method == "full" else 0.0
    return ends * run.weight_bytes + 2 * body * width + gradients


def _extras(run: Run) -> float:
    """Everything resident beside the trained model: reference, teacher, DDP buckets, rollout engine."""
    extra = run.vllm_share * run.capacity_bytes
    if run.objective == "dpo" and run.method == "full":
        extra += run.model.params_total * run.weight_bytes / run.shards
    if run.teacher is not None:
        extra += run.teacher.params_total * 2.0
    if run.world > 1 and run.shards == 1:
        extra += run.trainable * _state_bytes(run)
    return extra + _gathered(run)


def _state_bytes(run: Run) -> float:
    """Bytes of one gradient: adapters are fp32 (PEFT's autocast_adapter_dtype), full weights keep theirs."""
    return run.weight_bytes if run.method == "full" else 4.0


def _parts(run: Run) -> dict[str, dict[str, float]]:
    """Bytes per component, for the two phases."""
    shards = run.shards
    kept = 0.0 if run.cpu_offload else 1.0
    weights = kept * frozen_bytes(run) / (1 if run.sharding == "zero2" else shards)
    states = kept * run.trainable * _state_bytes(run) / shards
    if run.method != "full":
        weights += states
    optimizer = states * OPTIMIZER_BYTES[run.optimizer]
    if run.sharding in ("zero2", "zero3"):
        # DeepSpeed keeps an fp32 copy beside the two moments (memory.rst): 12 bytes a parameter.
        optimizer = run.trainable * 12.0 / shards
    step_copy = states if run.optimizer == "adamw_torch" else 0.0
    at_logits, in_layer = activation_bytes(run)
    logits = logits_bytes(run)
    backward_logits = logits if at_logits + logits >= in_layer else 0.0
    backward_acts = at_logits if backward_logits else in_layer
    base = {"weights": weights, "gradients": states, "optimizer": optimizer}
    return {
        "optimizer step": {
            **base,
            "activations": 0.0,
            "logits": 0.0,
            "overhead": _extras(run) + step_copy,
        },
        "backward pass": {
            **base,
            "activations": backward_acts,
            "logits": backward_logits,
            "overhead": _extras(run),
        },
    }


def upper_bound(run: Run, parts: dict[str, float]) -> float:
    """The figure a verdict may rest on, bytes.

    10 % for what a formula misses (13 % off at worst on the fms rows), a quarter of the logits for
    fragmentation by large blocks (nvidia-smi over allocated 1.26 to 1.44 there), context and NCCL;
    5 % more where the shape has no measurements behind it (experts, vision, hybrids, guesses).
    """
    point = sum(parts.values())
    unsure = 0.05 if run.model.is_moe or run.model.is_vision or run.model.rough else 0.0
    unsure += 0.25 if run.model.rough else 0.0
    spread = point * (0.10 + unsure) + 0.25 * parts["logits"]
    fixed = (CONTEXT_GIB + (NCCL_GIB if run.world > 1 else 0.0)) * GIB
    return point + spread + fixed


def estimate(run: Run) -> Estimate:
    """The peak of one run on its fullest GPU: parts in bytes that sum to the point, and the upper bound."""
    phases = _parts(run)
    phase = max(phases, key=lambda name: (sum(phases[name].values()), name))
    parts = phases[phase]
    return Estimate(parts=parts, upper=upper_bound(run, parts), phase=phase)
