"""Packages beside Oumi's own requirements: which of its extras brings each (its package metadata, 0.9)."""

from __future__ import annotations

EXTRAS = {
    "awq": "quantization", "bitsandbytes": "gpu", "deepspeed": "deepspeed", "docx": "synthesis", "flash_attn": "flash-attn", "kernels": "gpu",
    "langdetect": "evaluation", "liger_kernel": "gpu", "llama_cpp": "llama_cpp", "modal": "modal", "optuna": "tune", "pdftext": "synthesis",
    "ray": "gpu", "torchdata": "torchdata", "verl": "gpu", "vllm": "gpu",
}  # fmt: skip
"""Module → extra. Modules of Oumi's own requirements (lm_eval, mlflow, tensorboard, wandb) have none."""


def extra_install(extra: str) -> str:
    """The command that installs an extra."""
    return f'pip install "oumi[{extra}]"'
