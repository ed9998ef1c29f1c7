"""A quantization: which method, what it takes, how large the result is."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.taskplan import TaskPlan
from assistant.core.units import GIB
from assistant.core.values import Estimate, Finding, Hardware, ModelSpec, Reason
from assistant.planner.memory.run import CONTEXT_GIB, QUANTISATIONS
from assistant.planner.memory.states import quantised_params
from assistant.planner.serving.fitting import DTYPES, gated_note, precision_of, unknown_size
from assistant.planner.serving.infer import Subject, short_name

METHODS = {
    "awq_q4_0": "AWQ, 4 bits",
    "awq_q4_1": "AWQ, 4 bits",
    "awq_q8_0": "AWQ, 8 bits",
    "awq_f16": "AWQ, 16 bits",
    "bnb_4bit": "bitsandbytes NF4, 4 bits",
    "bnb_8bit": "bitsandbytes, 8 bits",
}
"""The methods of Oumi 0.9 (quantize/constants.py)."""
AWQ_TYPES = frozenset(["llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi3", "cohere", "stablelm", "starcoder2", "gpt_neox"])
"""Model types that autoawq 0.2.9, its last release, quantizes beside transformers 5.16, which Oumi 0.9 takes: each was run
on a small random model. Of the other types that it lists gptj, gpt_bigcode, bloom, falcon, mpt, opt, mixtral, qwen3_moe and
deepseek_v3 fail: their layers have other names by now, or fused experts."""
SAMPLES = 512
"""Calibration texts nobody said: Oumi's default."""
GROUPS = (128, 64, 32)
"""Weights that share a scale, Oumi's default first: the next one that divides the layers where it does not."""
_ROWS = 64
"""Outputs of a layer come in multiples of this: AutoAWQ searches clipping ranges for so many at once."""
_BLOCK = 512
"""Tokens of a calibration text at most: texts longer than this are skipped, the rest joined (quantize/awq_quantizer.py; awq/utils/calib_data.py)."""
_CHUNK_GIB = 1.0
"""What AutoAWQ takes at once for searching clipping ranges: its `max_chunk_memory`."""
_MARGIN = 0.1
_DOTTED = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    method: str
    why: str
    fallen: tuple[Reason, ...] = ()
    group: int = GROUPS[0]
    samples: int = SAMPLES
    samples_why: str = ""
    memory: Estimate | None = None

    @property
    def is_awq(self) -> bool:
        return self.method.startswith("awq")


def plan_quantize(intent: Intent, subject: Subject) -> tuple[TaskPlan, tuple[Reason, ...]]:
    """The plan of a quantization and what was assumed. Pure.

    Raises:
        UsageError: a method that this model, this machine or AutoAWQ cannot take.
    """
    said = intent.overrides or {}
    setting = _setting(intent, subject)
    model, group = subject.model, setting.group
    output, moved = _output(intent, subject, setting)
    plan = TaskPlan(
        kind="quantize",
        title=" · ".join(("Quantization", short_name(subject.name), METHODS[setting.method])),
        model=model,
        model_name=subject.name,
        hardware=subject.machine,
        precision=precision_of(subject.machine),
        memory=setting.memory,
        layers=("quantize/base", f"quantize/method/{'awq' if setting.is_awq else 'bnb'}"),
        holes=_holes(subject, setting, output, group),
        words={"model_note": gated_note(model), "method_note": setting.why, "calibration_note": setting.samples_why},
        overrides={path: value for path, value in said.items() if path not in ("method", "calibration_samples", "awq_group_size")},
        command=quantize_command("quantize.yaml", output),
        facts=_facts(model, setting, output, group),
        extras=("quantization",),
        decisions=(Reason(field="method", value=setting.method, why=setting.why), *_calibration(setting, said)),
        fallen=setting.fallen,
        findings=(*_findings(intent, subject, setting), *moved),
    )
    return plan, ()


def quantize_command(name: str, output: str) -> str:
    """The command that runs a quantization.

    `oumi quantize` of 0.9 puts its `--output`, `quantized_model` where none is given, over the config's path.
    """
    return f"oumi quantize -c {shlex.quote(name)} --output {shlex.quote(output)}"


def _setting(intent: Intent, subject: Subject) -> _Setting:
    said = intent.overrides or {}
    machine, model = subject.machine, subject.model
    method, why, fallen = _method(said.get("method"), model, machine)
    if not method.startswith("awq"):
        return _Setting(method=method, why=why, fallen=fallen, memory=_bnb_memory(model, method, machine) if model else None)
    asked = said.get("calibration_samples")
    sizes = (int(asked),) if asked is not None else (SAMPLES, SAMPLES // 2, SAMPLES // 4)
    memories = [_awq_memory(model, samples) if model else None for samples in sizes]
    fits = [n for n, memory in enumerate(memories) if memory is None or machine is None or memory.fits(machine.usable_gib)]
    best = fits[0] if fits else len(sizes) - 1
    samples_why = "as asked" if asked is not None else "Oumi's default" if sizes[best] == SAMPLES else "the most, of Oumi's usual ones, whose activations fit this GPU"
    group = _group(model, said.get("awq_group_size"))
    return _Setting(method=method, why=why, fallen=fallen, group=group, samples=sizes[best], samples_why=samples_why, memory=memories[best])


def _method(said: Any, model: ModelSpec | None, machine: Hardware | None) -> tuple[str, str, tuple[Reason, ...]]:
    """(method, why, those not taken)."""
    refusal = _awq_refusal(model, machine)
    if said is not None:
        if str(said).startswith("awq") and refusal:
            raise UsageError(f"AWQ cannot quantize this here: {refusal}.", context=f"method {said}", hint="Say bitsandbytes 4-bit: method=bnb_4bit.", reference="awq-not-possible")
        if said in ("awq_q8_0", "awq_f16"):
            raise UsageError(
                f"AutoAWQ packs four bits only, so {said} fails after the calibration.", context=f"method {said}", hint="Say bitsandbytes 8-bit: method=bnb_8bit; or awq_q4_0.",
                reference="awq-bits",
            )  # fmt: skip
        return str(said), "as asked", ()
    if refusal:
        return "bnb_4bit", "rounds each weight at once, without calibration", (Reason(field="method", value="awq_q4_0", why=refusal),)
    other = Reason(field="method", value="bnb_4bit", why="needs no calibration, and loses a little more quality")
    return "awq_q4_0", "keeps what activations show to matter most, and vLLM serves it fast; Oumi's default", (other,)


def _awq_refusal(model: ModelSpec | None, machine: Hardware | None) -> str:
    """Why AutoAWQ cannot take this, or nothing."""
    if machine is not None and not machine.gpu.is_cuda:
        return "Oumi's AWQ needs an NVIDIA GPU"
    if model is not None and model.model_type not in AWQ_TYPES:
        return f"AutoAWQ does not quantize models of type {model.model_type} beside transformers 5"
    if model is not None and not any(_divides(model, group) for group in GROUPS):
        return f"AutoAWQ cannot split layers of {model.hidden_size} and {model.intermediate_size} inputs into groups"
    if model is not None and (model.num_kv_heads * model.head_dim) % _ROWS:
        return f"AutoAWQ takes {_ROWS} outputs of a layer at once, and the keys have {model.num_kv_heads * model.head_dim}"
    return ""


def _divides(model: ModelSpec | None, group: int) -> bool:
    """True where no weight is left over: AutoAWQ splits the inputs of each layer into groups (quantize/quantizer.py)."""
    return group > 0 and (model is None or not (model.hidden_size % group or model.intermediate_size % group))


def _group(model: ModelSpec | None, said: Any) -> int:
    """Weights that share a scale: as said, else the first usual number that divides the layers.

    Raises:
        UsageError: the number that was said leaves weights over.
    """
    fits = [group for group in GROUPS if _divides(model, group)]
    group = int(said) if said is not None else fits[0] if fits else GROUPS[0]
    if _divides(model, group):
        return group
    hint = f"Groups of {' or '.join(map(str, fits))} divide both." if fits else "Say bitsandbytes: method=bnb_4bit."
    what = f"{model.hidden_size} and {model.intermediate_size} inputs of {short_name(model.id)}'s layers do not" if model else "Weights do not"
    raise UsageError(f"{what} split into groups of {group}.", context=f"awq_group_size {group}", hint=hint, reference="awq-group")


def _unpacked(model: ModelSpec) -> int:
    return model.params_embedding + model.params_lm_head + model.params_vision


def result_bytes(model: ModelSpec, method: str, group: int = GROUPS[0]) -> float:
    """The size of the quantized model: packed linear layers, the rest in 16 bits.

    AWQ keeps a 16-bit scale and a 4-bit zero for each group; bitsandbytes leaves fused experts as they are.
    """
    if method.startswith("awq"):
        packed, each = max(0, model.params_total - _unpacked(model)), 0.5 + 2.5 / group
    else:
        packed, each = quantised_params(model), QUANTISATIONS["nf4-double" if method == "bnb_4bit" else "int8"]
    return packed * each + (model.params_total - packed) * 2.0


def _layer_bytes(model: ModelSpec) -> float:
    return max(0, model.params_total - _unpacked(model)) / model.num_layers * 2.0


def _awq_memory(model: ModelSpec, samples: int) -> Estimate:
    """On one GPU: a layer at a time, the embedding, and all calibration texts at once as if each were full length.

    The input of the layer, its residual, its norm in float32, two outputs that are compared, and three tensors as wide
    as the feed-forward network (gate, up and their product).
    """
    tokens = samples * _BLOCK
    width = model.intermediate_size if not model.is_moe else (model.moe_intermediate_size or model.intermediate_size) * (model.experts_per_token or 1)
    activations = tokens * 2.0 * (6 * model.hidden_size + 3 * width)
    parts = {"weights": _layer_bytes(model) + model.params_embedding * 2.0, "activations": activations, "overhead": (CONTEXT_GIB + _CHUNK_GIB) * GIB}
    return _bounded(parts, model)


def _bnb_memory(model: ModelSpec, method: str, machine: Hardware | None) -> Estimate:
    """On each GPU: its share of the result, and the largest tensor once more in 16 bits while it is rounded."""
    gpus = machine.count if machine is not None else 1
    largest = max(float(model.params_embedding), model.hidden_size * float(model.intermediate_size)) * 2.0
    parts = {"weights": result_bytes(model, method) / gpus, "activations": largest, "overhead": CONTEXT_GIB * GIB}
    return _bounded(parts, model)


def _bounded(parts: dict[str, float], model: ModelSpec) -> Estimate:
    margin = 2 * _MARGIN if model.rough else _MARGIN
    why = ("the shape is guessed from the size in the name",) if model.rough else ()
    return Estimate(parts=parts, upper=(1 + margin) * sum(parts.values()), phase="quantization", margin=why)


def _output(intent: Intent, subject: Subject, setting: _Setting) -> tuple[str, tuple[Finding, ...]]:
    """(the folder, what was changed about it). bitsandbytes' folder may have no dot: Oumi takes it for a file and writes beside it."""
    said = intent.output_dir if intent.output_dir not in (None, subject.name) else None
    if said is None:
        folder = _DOTTED.sub("-", short_name(subject.name).lower()).strip("-") or "model"
        return f"output/{folder}-{setting.method.replace('_', '-')}", ()
    name = said.rstrip("/").rsplit("/", 1)[-1]
    if setting.is_awq or "." not in name.lstrip(".") or name in (".", ".."):
        return said, ()
    moved = f"{said.rstrip('/')}/model"
    what = f"Oumi takes a last name with a dot for a file and would write beside {said}: {moved} is used"
    return moved, (Finding(rule="QNT001", severity="warning", path="output_path", message=what, fix="say a folder without a dot"),)


def _holes(subject: Subject, setting: _Setting, output: str, group: int) -> dict[str, Any]:
    model = subject.model
    return {
        "model_name": subject.name,
        "trust_remote_code": True if model is not None and model.trust_remote_code else None,
        "method": setting.method,
        "output_path": output,
        "calibration_samples": setting.samples,
        "group_size": group,
        "dtype": DTYPES["fp16" if precision_of(subject.machine) == "fp16" else "bf16"],
    }


def _facts(model: ModelSpec | None, setting: _Setting, output: str, group: int) -> tuple[tuple[str, str], ...]:
    rows = []
    if model is not None:
        size, before = result_bytes(model, setting.method, group), model.params_total * 2.0
        rows.append(("Result", f"about {size / 1e9:.1f} GB, of {before / 1e9:.1f} GB in 16 bits, in {output}"))
    else:
        rows.append(("Result", output))
    if setting.is_awq:
        rows.append(("Calibration", f"{setting.samples} texts of the Pile, from the Hub (mit-han-lab/pile-val-backup)"))
    return tuple(rows)


def _calibration(setting: _Setting, said: dict[str, Any]) -> tuple[Reason, ...]:
    if not setting.is_awq or "calibration_samples" in said:
        return ()
    return (Reason(field="calibration_samples", value=setting.samples, why=setting.samples_why),)


_UNREAD = ("batch_size", "verbose", "cleanup_temp", "model.adapter_model", "model.model_max_length", "model.attn_implementation", "model.chat_template")
"""Fields that no quantizer of Oumi 0.9 reads (quantize/awq_quantizer.py, quantize/bnb_quantizer.py)."""
_AWQ_ONLY = ("awq_group_size", "awq_zero_point", "awq_version", "calibration_samples")
_BNB_ONLY = ("model.torch_dtype_str", "model.device_map")


def _findings(intent: Intent, subject: Subject, setting: _Setting) -> tuple[Finding, ...]:
    said = intent.overrides or {}
    found = [_ignored(path, "Oumi's quantization") for path in _UNREAD if path in said]
    found += [_ignored("batch_size", "Oumi's quantization")] if "batch_size" not in said and (intent.micro_batch_size or intent.global_batch_size) else []
    found += [_ignored(path, setting.method) for path in (_BNB_ONLY if setting.is_awq else _AWQ_ONLY) if path in said]
    model = subject.model
    if model is None:
        found.append(unknown_size(subject.name))
        return tuple(found)
    if setting.is_awq:
        what = f"AWQ holds the whole model in CPU memory, about {model.params_total * 2.0 / GIB:.0f} GiB, and moves one layer at a time to the GPU"
        found.append(Finding(rule="QNT003", severity="info", path="method", message=what))
    if model.is_vision:
        what = f"Oumi loads {subject.name} as a text model to quantize it: the part that sees images may be lost or refused"
        found.append(Finding(rule="QNT005", severity="warning", path="model.model_name", message=what, fix="try what comes out before it replaces the model"))
    if not setting.is_awq and model.params_routed_experts:
        kept = model.params_routed_experts / model.params_total
        what = f"bitsandbytes leaves the experts as they are, {kept:.0%} of this model: little gets smaller"
        found.append(Finding(rule="QNT006", severity="warning", path="method", message=what, fix="serve a published 4-bit version of it instead"))
    if model.stored_as:
        what = f"its published weights are already packed ({model.stored_as}): quantizing them again is refused or costs quality"
        found.append(Finding(rule="QNT007", severity="warning", path="model.model_name", message=what, fix="start from the 16-bit weights, or serve it as it is"))
    return tuple(found)


def _ignored(path: str, by: str) -> Finding:
    return Finding(rule="QNT002", severity="warning", path=path, message=f"{by} does not read {path}", fix="leave it out")
