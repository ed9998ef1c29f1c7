"""The plan of a config that trains nothing: an evaluation, an inference, a quantization, a sweep, a judge, a synthesis."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from assistant.core.values import DatasetChoice, Estimate, Finding, Hardware, ModelSpec, Plan, Reason, memory_json

TaskKind = Literal["eval", "infer", "quantize", "tune", "judge", "synthesize"]
_PARTS = ("weights", "gradients", "optimizer", "activations", "logits", "overhead")
"""Parts that the contract names; those of training are zero here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan:
    """Every value such a config needs, with its reasons.

    `model` is None for one behind an API; `model_name` is what stands in the config. `layers` are template ids in merge
    order, `holes` and `words` fill them (fields, comments). `facts` are (label, text) rows of the preview. `extras` are
    pip extras of oumi that the run needs, `keys` environment variables with credentials. `memory` is per GPU, None where
    nothing runs here. `sequence_length` is in tokens; `batch_size` and `concurrency` are sequences at once per process.
    `inference` is how a judge or a synthesis runs its model, `training` the training that a search varies; their configs are
    parts of this one. `validation` are the rows that trials are compared on. `before` are commands that must be run first.
    """

    kind: TaskKind
    title: str
    model: ModelSpec | None = None
    model_name: str
    adapter: str | None = None
    engine: str | None = None
    hardware: Hardware | None = None
    precision: str | None = None
    sequence_length: int | None = None
    batch_size: int | None = None
    concurrency: int | None = None
    memory: Estimate | None = None
    layers: tuple[str, ...]
    holes: dict[str, Any] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    inference: TaskPlan | None = None
    training: Plan | None = None
    validation: DatasetChoice | None = None
    before: tuple[str, ...] = ()
    command: str
    facts: tuple[tuple[str, str], ...] = ()
    extras: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    decisions: tuple[Reason, ...] = ()
    fallen: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def fits(self) -> bool:
        """True when the upper bound stays within usable memory, or nothing runs on this machine."""
        return self.memory is None or self.hardware is None or self.memory.fits(self.hardware.usable_gib)

    def memory_json(self) -> dict[str, Any] | None:
        """The contract's `plan.memory`, GiB per GPU; the parts sum to `per_gpu_gib`. Without a machine None."""
        if self.memory is None or self.hardware is None:
            return None
        return memory_json(replace(self.memory, parts={**dict.fromkeys(_PARTS, 0.0), **self.memory.parts}), self.hardware)
