"""What evaluation and inference share: vLLM's machine and memory, number formats, models whose size is not known."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.core.units import GIB
from assistant.core.values import Estimate, Finding, Hardware, ModelSpec
from assistant.planner.serving.memory import (
    estimate_load,
    room_for,
    stored_bytes,
    tensor_parallel,
    vllm_load,
    vllm_usable_gib,
)

DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
"""A plan's precision → `model.torch_dtype_str`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmFit:
    """The GPUs that vLLM uses, with what it may take of each as free; its memory; full sequences that fit at once."""

    machine: Hardware
    memory: Estimate
    room: int
    findings: tuple[Finding, ...] = ()


def vllm_fit(model: ModelSpec, machine: Hardware, context: int, path: str) -> VllmFit:
    """vLLM on the GPUs of one node that divide the model. `path` is the field that names the engine."""
    gpus = tensor_parallel(model, machine.count)
    used = replace(machine, count=gpus, nodes=1)
    usable = vllm_usable_gib(used)
    load = vllm_load(model, tokens=context, gpus=gpus)
    return VllmFit(
        machine=replace(used, free_gib=min(usable, used.usable_gib)),
        memory=estimate_load(load),
        room=room_for(load, usable * GIB),
        findings=(*_findings(model, machine, gpus, path), *_kernels(model, machine)),
    )


def _findings(model: ModelSpec, machine: Hardware, gpus: int, path: str) -> tuple[Finding, ...]:
    found = []
    if machine.world != gpus:
        what = f"vLLM splits the {model.num_heads} attention heads ({model.num_kv_heads} of keys and values) and all widths evenly: it uses {gpus} of {machine.world} GPUs"
        fix = f"export CUDA_VISIBLE_DEVICES={','.join(map(str, range(gpus)))}" if machine.nodes == 1 else "run one copy on each node"
        found.append(Finding(rule="INF004", severity="warning", path=path, message=what, fix=fix))
    if machine.free_gib is not None and machine.free_gib < 0.9 * machine.gpu.usable_gib:
        what = f"vLLM takes 90 % of a GPU and only {machine.free_gib:.1f} GiB are free: it would not start"
        found.append(Finding(rule="INF005", severity="warning", path=path, message=what, fix="free the GPU first, or say native"))
    return tuple(found)


NO_KERNELS = "INF012"
"""Rule of a packed format that an engine cannot compute with on a GPU."""
_LEAST = {"awq": 7.5, "w8a8": 7.5, "fp8": 7.5, "nvfp4": 7.5}
"""Compute capability from which vLLM has kernels for a packed format; GPTQ and bitsandbytes run on all that it runs on."""
_ON_AMD = frozenset(["fp8", "mxfp4"])
"""Formats that vLLM reads on AMD's GPUs."""


def _kernels(model: ModelSpec, machine: Hardware) -> tuple[Finding, ...]:
    """A packed format that vLLM has no kernels for on this GPU (its tables of supported hardware, 0.15 and 0.32)."""
    form, gpu = model.stored_as, machine.gpu
    if form is None or gpu.kind in ("cpu", "unified"):
        return ()
    able = form in _ON_AMD if gpu.vendor == "AMD" else (gpu.compute_capability or 9.0) >= _LEAST.get(form, 0.0)
    if able:
        return ()
    what = f"vLLM has no kernels for weights in {form} on {gpu.name}: it would not start"
    return (Finding(rule=NO_KERNELS, severity="warning", path="model.model_name", message=what, fix="name weights in another format, such as GGUF, or another GPU"),)


_STAY_PACKED = frozenset(["awq", "gptq", "int4", "4bit", "w4a16", "bnb-4bit", "bnb-8bit", "int8", "8bit"])
"""Formats whose layers transformers computes with as they are; it widens others where the GPU has no kernels for them."""


def native_bytes(model: ModelSpec, machine: Hardware) -> float:
    """Bytes a weight of the linear layers in transformers."""
    wide = value_bytes_of(machine)
    return min(wide, stored_bytes(model)) if model.stored_as in _STAY_PACKED else wide


def precision_of(machine: Hardware | None) -> str:
    """bf16 where the machine has it, fp32 on a CPU without, else fp16."""
    return "bf16" if machine is None or machine.gpu.bf16 else "fp32" if machine.gpu.kind == "cpu" else "fp16"


def value_bytes_of(machine: Hardware) -> float:
    """Bytes of a weight, a cached value or an activation in transformers, which widens packed weights."""
    return 4.0 if precision_of(machine) == "fp32" else 2.0


def unknown_size(name: str) -> Finding:
    """A model whose shape is not known here has no estimate."""
    what = f"the size of {name} is not known here, so memory is not estimated"
    return Finding(rule="INF003", severity="warning", path="model.model_name", message=what, fix="give a local folder with its config.json, or a known model")


def gated_note(model: ModelSpec | None) -> str:
    """What stands beside the name of a model that needs a licence."""
    return "gated: accept the licence, then `hf auth login`" if model is not None and model.gated else ""
