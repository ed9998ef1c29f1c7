"""Memory of the fullest GPU, from the shape of a model and how it is trained: one estimator for every command."""

from assistant.planner.memory.activations import EAGER_ONLY, KERNELS
from assistant.planner.memory.estimate import estimate
from assistant.planner.memory.inference import Serving, estimate_serving
from assistant.planner.memory.run import LOSSES, METRICS, OPTIMIZERS, QUANTISATIONS, Loss, Metric, Run
from assistant.planner.memory.states import host_bytes

__all__ = [
    "EAGER_ONLY",
    "KERNELS",
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "QUANTISATIONS",
    "Loss",
    "Metric",
    "Run",
    "Serving",
    "estimate",
    "estimate_serving",
    "host_bytes",
]
