"""Two intents as one: what is said later wins, and takes with it what cannot stand beside it."""

from __future__ import annotations

from typing import Any

from assistant.catalogue.gpus import in_memory
from assistant.checks.rules.adapters import QLORA_ONLY
from assistant.checks.schema import field
from assistant.core.intent import Intent

_NO_GPUS = ("cpu", "M-series")
_SERVED_BY = ("OPENAI", "ANTHROPIC", "GOOGLE_GEMINI", "GOOGLE_VERTEX", "DEEPSEEK")
"""Engines that belong to one vendor's models."""

_RIVALS = (("training.warmup_steps", "training.warmup_ratio"),)
"""Two ways to say one thing: the later one stands alone."""


def merged(former: Intent, said: Intent) -> Intent:
    """Both together: what is said later wins, and takes with it what cannot stand beside it. Overrides add up."""
    dropped = _superseded(former, said)
    values = {key: value for key, value in former.model_dump().items() if key not in dropped}
    overrides = {**_kept_overrides(former, said), **(said.overrides or {})}
    news = {key: value for key, value in said.model_dump().items() if value is not None}
    return _one_machine(Intent.model_validate({**values, **news, "overrides": overrides or None}))


def without(intent: Intent, keys: frozenset[str], paths: frozenset[str] = frozenset()) -> Intent:
    """The intent with these keys and overrides not said."""
    overrides = {path: value for path, value in (intent.overrides or {}).items() if path not in paths}
    values = {key: value for key, value in intent.model_dump().items() if key not in keys}
    return Intent.model_validate({**values, "overrides": overrides or None})


def changed_keys(before: Intent, after: Intent) -> tuple[str, ...]:
    """Keys whose value differs, in the intent's order."""
    old, new = before.model_dump(), after.model_dump()
    return tuple(key for key in new if new[key] != old[key])


def _one_machine(intent: Intent) -> Intent:
    """A memory that says which model of the GPU it is becomes that model."""
    if intent.gpu and intent.gpu_memory_gb and intent.gpu not in _NO_GPUS:
        spec = in_memory(intent.gpu, intent.gpu_memory_gb)
        if spec is not None:
            return intent.model_copy(update={"gpu": spec.name, "gpu_memory_gb": None})
    return intent


def _superseded(former: Intent, said: Intent) -> set[str]:
    """Fields of which the former value goes though none is said now."""
    gone: set[str] = set()
    if said.max_steps:
        gone.add("epochs")
    if said.epochs:
        gone.add("max_steps")
    if said.global_batch_size and former.task in ("evaluate", "infer"):  # nothing is accumulated there: both are the rows at once
        gone.add("micro_batch_size")
    if said.method == "full":
        gone |= {"lora_rank", "lora_alpha"}
    if said.model and said.model != former.model and not said.engine and former.engine in _SERVED_BY:
        gone.add("engine")
    return gone | _superseded_machine(former, said)


def _superseded_machine(former: Intent, said: Intent) -> set[str]:
    if said.gpu in _NO_GPUS:
        return {"gpu_memory_gb", "gpu_count", "nodes"}
    if said.gpu:
        return {"gpu_memory_gb", "nodes"} if said.gpu_count else {"gpu_memory_gb"}
    if said.gpu_memory_gb and not _is_variant(former.gpu, said.gpu_memory_gb):
        return {"gpu", "nodes"} if said.gpu_count else {"gpu"}
    if (said.gpu_count or said.nodes) and former.gpu in _NO_GPUS:
        return {"gpu", "gpu_memory_gb"}
    return set()


def _is_variant(gpu: str | None, memory_gb: float) -> bool:
    """True when the memory says which model of the GPU it is, such as 80 GB of an A100."""
    if gpu is None or gpu in _NO_GPUS:
        return gpu is not None
    return in_memory(gpu, memory_gb) is not None


_OWN = {
    "quantize": ("method", "awq_", "calibration_samples"),
    "tune": ("tuning.",),
    "judge": ("judge_params.", "inference_config."),
    "synthesize": ("num_samples", "strategy_params.", "inference_config."),
}
"""How fields begin that one task alone has: they go with it."""


def _kept_overrides(former: Intent, said: Intent) -> dict[str, Any]:
    kept = former.overrides or {}
    if said.task == "train" and former.task not in ("train", None):  # a field of what was written before is none of a training
        kept = {path: value for path, value in kept.items() if field(path) is not None}
    elif said.task and said.task != former.task and former.task in _OWN:
        kept = {path: value for path, value in kept.items() if not path.startswith(_OWN[former.task])}
    if said.global_batch_size:
        kept = {path: value for path, value in kept.items() if path != "training.gradient_accumulation_steps"}
    gone = {"peft."} if said.method == "full" else {f"peft.{name}" for name in QLORA_ONLY} if said.method == "lora" else set()
    if said.sharding and said.sharding != former.sharding:
        gone |= {"deepspeed.", "fsdp."} - {f"{said.sharding}."}
    rivals = {rival for one, other in _RIVALS for rival, path in ((one, other), (other, one)) if path in (said.overrides or {})}
    return {path: value for path, value in kept.items() if path not in rivals and not path.startswith(tuple(gone))}
