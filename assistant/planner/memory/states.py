"""Model states: weights, gradients and optimizer states on one GPU, in bytes."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.core.values import ModelSpec
from assistant.planner.memory.run import OPTIMIZERS, QUANTISATIONS, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """Bytes on one GPU; `step` is what an optimizer step needs beside them."""

    weights: float
    gradients: float
    optimizer: float
    step: float


def quantised_params(model: ModelSpec, *, fused_experts: bool = True) -> int:
    """Parameters that bitsandbytes quantises: linear layers only.

    Embeddings, the head and fused expert tensors (parameters, not linear layers, since transformers 5) stay
    16-bit; the whole vision tower is left out to be safe.
    """
    kept = model.params_embedding + model.params_lm_head + model.params_vision
    kept += model.params_routed_experts if fused_experts else 0
    return max(0, model.params_total - kept)


def frozen_bytes(run: Run) -> float:
    """The loaded model before adapters, unsharded, in bytes."""
    model = run.model
    if run.method != "qlora":
        return model.params_total * run.weight_bytes
    quantised = quantised_params(model, fused_experts=run.fused_experts)
    return quantised * QUANTISATIONS[run.quantisation] + (model.params_total - quantised) * run.kept_bytes


def parameter_bytes(run: Run) -> float:
    """Bytes of one trainable parameter and of its gradient."""
    if not run.is_full:
        return run.adapter_bytes
    return 4.0 if run.master_fp32 else run.weight_bytes


def _optimizer_bytes(run: Run) -> float:
    """Bytes of optimizer state, unsharded."""
    kind = OPTIMIZERS[run.optimizer]
    states = run.trainable * (kind.copies * parameter_bytes(run) + kind.fixed_bytes)
    if "8bit" in run.optimizer and run.is_full:
        # transformers keeps embeddings' states in 32 bit under bitsandbytes (Trainer's optim override).
        states += run.model.params_embedding * (8 - kind.fixed_bytes)
    return states


def states_of(run: Run) -> States:
    """States as the sharding lays them out.

    DeepSpeed keeps 16-bit weights and gradients and, in the optimizer, an fp32 copy beside its states (16 B a
    parameter with Adam: DeepSpeed's memory.rst); stage 1 shards the optimizer, 2 the gradients, 3 the weights.
    """
    return _zero_states(run) if run.is_zero else _plain_states(run)


def _plain_states(run: Run) -> States:
    shards = run.shards
    each = parameter_bytes(run)
    base = frozen_bytes(run)
    if run.is_full:
        base += run.trainable * (each - run.weight_bytes)
    else:
        base += run.trainable * each
    temporary = OPTIMIZERS[run.optimizer].step_copies * run.trainable * each
    return States(
        weights=base / shards,
        gradients=run.trainable * each / shards,
        optimizer=_optimizer_bytes(run) / shards,
        step=temporary / shards,
    )


def _zero_states(run: Run) -> States:
    stage = int(run.sharding[4:5])
    over = {n: run.shards if stage >= n else 1 for n in (1, 2, 3)}
    weights = frozen_bytes(run) + (0 if run.is_full else run.trainable * 2.0)
    kind = OPTIMIZERS[run.optimizer]
    per_parameter = 4.0 + kind.copies * 4.0 + kind.fixed_bytes
    return States(
        weights=weights / over[3],
        gradients=run.trainable * 2.0 / over[2],
        optimizer=run.trainable * per_parameter / over[1],
        step=run.trainable * 4.0 / over[1],
    )


def host_bytes(run: Run) -> float:
    """CPU memory of all ranks together that offloaded states take: weights, gradients and optimizer states."""
    if not run.cpu_offload:
        return 0.0
    states = states_of(run)
    return run.shards * (states.weights + states.gradients + states.optimizer)
