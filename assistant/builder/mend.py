"""A pasted error answered: the smallest change of the config, or of what is around it, that mends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import yaml

from assistant.builder import mend_environment as environment
from assistant.builder import mend_fields as fields
from assistant.builder import mend_runtime as runtime
from assistant.builder.edit import edited
from assistant.builder.edit_text import Document
from assistant.builder.existing import plan_of_config
from assistant.builder.mend_memory import machine_of, mend_memory
from assistant.builder.mend_types import Case, Mending, with_edits
from assistant.builder.requests import Resolve
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Hardware, ModelSpec, Plan
from assistant.planner.plan import make_plan
from assistant.reader.traces import Trace

__all__ = ["Mending", "mend", "mend_config", "mend_plan"]

KINDS: dict[str, Callable[[Case], Mending]] = {
    "gpu-memory": mend_memory,
    "cpu-memory": runtime.cpu_memory,
    "vllm-memory": runtime.vllm_memory,
    "vllm-length": runtime.vllm_length,
    "unknown-key": fields.unknown_key,
    "wrong-type": fields.wrong_type,
    "trainer-argument": fields.trainer_argument,
    "missing-module": runtime.missing_module,
    "gated-model": environment.gated_model,
    "unauthorised": environment.no_repository,
    "repo-not-found": environment.no_repository,
    "dataset-not-found": fields.dataset_not_found,
    "offline": environment.offline,
    "target-modules": fields.target_modules,
    "no-bf16": runtime.no_bf16,
    "no-flash": runtime.no_flash,
    "no-cuda": environment.no_cuda,
    "mixed-dtypes": runtime.mixed_dtypes,
    "wrap-class": fields.wrap_class,
    "autocast": runtime.autocast,
    "eval-without-data": fields.eval_without_data,
    "no-loss": fields.no_loss,
    "no-chat-template": runtime.no_chat_template,
    "no-pad-token": runtime.no_pad_token,
    "too-long": runtime.too_long,
    "remote-code": runtime.remote_code,
    "disk-full": runtime.disk_full,
    "port-in-use": environment.port_in_use,
    "nan": runtime.nan,
    "nccl-timeout": environment.nccl_timeout,
    "nccl-error": environment.nccl_error,
    "unknown": environment.unknown,
}
"""What answers each kind of error; a test holds it to the kinds that the reader knows."""


def mend(trace: Trace, *, config_text: str | None = None, outcome: Outcome | None = None, machine: Hardware | None = None, resolve: Resolve) -> Mending:
    """The answer to an error, for a config file, else for the plan of a chat, else for the error alone.

    `resolve` turns a model's name into its shape.

    Raises:
        UsageError: the config is no YAML, or a field that the estimate rests on has a wrong type.
    """
    if config_text is not None:
        return mend_config(trace, config_text, machine, resolve=resolve)
    if outcome is not None and outcome.plan is not None:
        return mend_plan(trace, outcome, machine)
    return _answered(Case(trace=trace, machine=machine))


def mend_config(trace: Trace, text: str, machine: Hardware | None = None, *, resolve: Resolve) -> Mending:
    """The answer for a training config in a file: `yaml` is its text, mended.

    Raises:
        UsageError: it is no YAML mapping, or a field that the estimate rests on has a wrong type.
    """
    Document.of(text)
    body: Mapping[str, Any] = yaml.safe_load(text)
    section = body.get("model")
    name = section.get("model_name") if isinstance(section, Mapping) else None
    model = resolve(name)[0] if isinstance(name, str) and name else None
    return _answered(_case(trace, text, body, model, machine))


def mend_plan(trace: Trace, outcome: Outcome, machine: Hardware | None = None) -> Mending:
    """The answer for the plan of a chat: `intent` is what leads to the mended one."""
    plan = outcome.plan
    text = next((file.yaml for file in outcome.files if file.kind == "train"), None)
    if plan is None or text is None:
        return _answered(Case(trace=trace, model=plan.model if plan else None, machine=machine or outcome.hardware))
    found = _answered(_case(trace, text, yaml.safe_load(text), plan.model, machine or plan.hardware))
    if not found.changes or found.alternative:
        return found
    return replace(found, intent=led_to(outcome.intent, plan, yaml.safe_load(text), found))


def _case(trace: Trace, text: str, body: Mapping[str, Any], model: ModelSpec | None, machine: Hardware | None) -> Case:
    known = machine or (machine_of(Case(trace=trace), trace.memory) if trace.memory else None)
    return Case(trace=trace, text=text, body=body, model=model, machine=machine if trace.kind == "gpu-memory" else known)


def _answered(case: Case) -> Mending:
    found = KINDS[case.trace.kind](case)
    return found if found.yaml is not None or found.by_hand else with_edits(case, found)


def led_to(intent: Intent, plan: Plan, body: Mapping[str, Any], found: Mending) -> Intent | None:
    """The request that plans what the mended config says; None where the planner takes no such request.

    All that the plan had settled is said, so that the planner changes nothing else.
    """
    try:
        after = plan_of_config(edited(body, found.changes), plan.model, plan.hardware)
        changed = Intent.model_validate({**intent.model_dump(), **_pinned(intent, plan, after), "overrides": _overrides(intent, after, found)})
        made = make_plan(changed, plan.model, plan.hardware).plan
    except (OumiChatError, LookupError, TypeError, ValueError):
        return None
    kept = ("method", "micro_batch_size", "gradient_accumulation_steps", "sequence_length", "gradient_checkpointing", "liger")
    return changed if all(getattr(made, name) == getattr(after, name) for name in kept) else None


def _pinned(intent: Intent, plan: Plan, after: Plan) -> dict[str, Any]:
    values: dict[str, Any] = {
        "method": after.method,
        "micro_batch_size": after.micro_batch_size,
        "global_batch_size": after.global_batch_size,
        "sequence_length": after.sequence_length,
        "sharding": {"none": None}.get(after.sharding, after.sharding),
    }
    if after.precision != plan.precision:
        values["precision"] = after.precision
    if intent.learning_rate is not None or after.method == plan.method:
        values["learning_rate"] = after.learning_rate if after.learning_rate != plan.learning_rate else intent.learning_rate
    return values


_PLANNED = ("training.per_device_train_batch_size", "training.gradient_accumulation_steps", "model.model_max_length", "training.learning_rate", "training.use_peft", "model.torch_dtype_str", "training.mixed_precision_dtype")
"""Fields that the intent says in words of its own."""


def _overrides(intent: Intent, after: Plan, found: Mending) -> dict[str, Any]:
    overrides: dict[str, Any] = {**(intent.overrides or {}), "training.enable_gradient_checkpointing": after.gradient_checkpointing, "training.optimizer": after.optimizer}
    if after.liger:
        overrides["model.enable_liger_kernel"] = True
    for edit in found.changes:
        if edit.remove:
            overrides.pop(edit.path, None)
        elif (edit.rename is None and edit.path not in _PLANNED and not edit.path.startswith(("fsdp.", "peft.", "training.gradient_checkpointing_kwargs"))) or (edit.path == "peft.lora_target_modules" and after.method == "lora"):
            overrides[edit.path] = edit.value
    overrides.pop("training.gradient_accumulation_steps", None)
    return overrides
