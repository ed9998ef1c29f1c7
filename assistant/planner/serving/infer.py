"""An inference: engine, context, batch or concurrency, what is generated, and where it goes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from assistant.catalogue.engines import Engine, gguf_of
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Estimate, Finding, Hardware, ModelSpec, Reason
from assistant.planner.serving.engines import Choice, choose_engine, engine_words
from assistant.planner.serving.fitting import (
    DTYPES,
    gated_note,
    native_bytes,
    precision_of,
    unknown_size,
    value_bytes_of,
    vllm_fit,
)
from assistant.planner.serving.memory import Load, estimate_load

CONTEXT = 8192
"""Tokens of context nobody said, capped by the model: room for an answer of 2,048; 26 of Oumi's 131 inference recipes take it."""
NEW_TOKENS = 2048
"""Tokens of an answer nobody said: what 61 of Oumi's 131 inference recipes take."""
LOADED_IN_4_BIT = "model.model_kwargs.load_in_4bit"
"""Field by which Oumi has vLLM quantise with bitsandbytes as it loads (vllm_inference_engine.py, 0.9); vLLM then holds 4 bits a weight."""
_BATCHES = (32, 16, 8, 4, 2, 1)
_SLUG = re.compile(r"[^a-z0-9.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is run: `name` stands in the config; `model` is its shape, None where it is not known or behind an API.

    `adapter` is a folder with LoRA weights that go onto it.
    """

    name: str
    model: ModelSpec | None
    machine: Hardware | None
    adapter: str | None = None


def context_for(intent: Intent, model: ModelSpec | None) -> tuple[int, Reason | None]:
    """Tokens of prompt and answer together, and the assumption where nobody said them."""
    most = model.max_positions if model else None
    if intent.sequence_length:
        return intent.sequence_length, None
    tokens = min(CONTEXT, most) if most else CONTEXT
    why = "not said; the model has no more" if most and most <= CONTEXT else "not said; longer contexts take more cache"
    return tokens, Reason(field="sequence_length", value=tokens, why=why)


def plan_infer(intent: Intent, subject: Subject) -> tuple[TaskPlan, tuple[Reason, ...]]:
    """The plan of an inference and what was assumed. Pure.

    Raises:
        UsageError: an engine or a field that cannot be taken.
        NeedsInputError: an engine that would leave the adapter out.
    """
    choice = choose_engine(intent, subject.name, subject.model, subject.machine, subject.adapter)
    engine, model = choice.engine, subject.model
    runs_here = engine.kind == "local" or (engine.kind == "server" and subject.machine is not None and subject.machine.source in ("request", "flag"))
    context, assumed = context_for(intent, model) if engine.kind != "api" else (intent.sequence_length, None)
    machine = subject.machine if runs_here else None
    memory, sized = _sized(intent, engine, model, machine, context or CONTEXT)
    plan = TaskPlan(
        kind="infer",
        title=" · ".join(("Inference", named(subject), engine_words(engine.name))),
        model=model,
        model_name=subject.name,
        adapter=subject.adapter,
        engine=engine.name,
        hardware=sized.machine,
        precision=("gguf" if engine.name == "LLAMACPP" else precision_of(machine)) if runs_here else None,
        sequence_length=context,
        batch_size=sized.batch,
        concurrency=sized.room,
        memory=memory,
        layers=("infer/base", f"infer/engine/{_LAYERS.get(engine.name, 'remote')}"),
        command="",
        extras=(engine.extra,) if engine.extra else (),
        keys=(engine.key,) if engine.key else (),
        overrides=dict(intent.overrides or {}),
        findings=(*sized.findings, *_findings(intent, engine, model, subject)),
        decisions=(Reason(field="engine", value=engine.name, why=choice.why), *sized.decisions),
        fallen=choice.fallen,
    )
    plan = _filled(plan, intent, engine, model, choice)
    notes = (assumed,) if assumed else ()
    return plan, tuple(n for n in notes if n is not None)


_LAYERS = {"NATIVE": "native", "VLLM": "vllm", "LLAMACPP": "llamacpp"}

def short_name(name: str) -> str:
    """A model without its organisation; a path as it is."""
    return name if name.startswith((".", "/", "~")) or name.count("/") != 1 else name.split("/")[-1]


def named(subject: Subject) -> str:
    """The model for a title, with its adapter."""
    return short_name(subject.name) + (f" + {subject.adapter}" if subject.adapter else "")


def slug(name: str) -> str:
    """A model as part of a file name."""
    return _SLUG.sub("-", short_name(name).lower()).strip("-.") or "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sized:
    machine: Hardware | None
    batch: int | None = None
    room: int | None = None
    decisions: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()


def _sized(intent: Intent, engine: Engine, model: ModelSpec | None, machine: Hardware | None, context: int) -> tuple[Estimate | None, _Sized]:
    """Memory per GPU with the batch or the concurrency that it leaves room for; for a server, that of the machine it was said to run on."""
    if machine is None:
        return None, _Sized(machine=None)
    if model is None:
        return None, _Sized(machine=machine, batch=1 if engine.name == "NATIVE" else None)
    if engine.name == "VLLM" or engine.kind == "server":
        in_4_bit = engine.name == "VLLM" and (intent.overrides or {}).get(LOADED_IN_4_BIT) is True
        return _vllm(replace(model, stored_as="4bit") if in_4_bit else model, machine, context)
    if engine.name == "LLAMACPP":
        return _llamacpp(model, machine, context)
    return _native(intent, model, machine, context)


def _vllm(model: ModelSpec, machine: Hardware, context: int) -> tuple[Estimate, _Sized]:
    fit = vllm_fit(model, machine, context, "engine")
    gpus, room = fit.machine.count, fit.room
    plural = "sequence fits" if room == 1 else "sequences fit"
    why = f"{room} full {plural} into the cache at once, of {context:,} tokens each; shorter ones leave room for more"
    told = (Reason(field="concurrency", value=room, why=why),) if room else ()
    spread = (Reason(field="tensor_parallel", value=gpus, why="vLLM spreads the model over all GPUs it sees"),) if gpus > 1 else ()
    return fit.memory, _Sized(machine=fit.machine, room=room or None, decisions=(*spread, *told), findings=fit.findings)


def _native(intent: Intent, model: ModelSpec, machine: Hardware, context: int) -> tuple[Estimate, _Sized]:
    value_bytes = value_bytes_of(machine)

    def load(batch: int) -> Load:
        return Load(
            model=model, bytes_per_weight=native_bytes(model, machine), value_bytes=value_bytes, sequences=batch, tokens=context,
            gpus=machine.count, grows=True, logits_rows=batch,
        )  # fmt: skip

    wanted = [intent.micro_batch_size or intent.global_batch_size or 0]
    sizes = wanted if wanted[0] else (_BATCHES if intent.dataset else (1,))
    batch = next((n for n in sizes if estimate_load(load(n)).fits(machine.usable_gib)), sizes[-1])
    why = "as asked" if wanted[0] else "the most rows of full length that fit, up to 32" if intent.dataset else "one conversation at a time"
    spread: tuple[Reason, ...] = ()
    if machine.count > 1:
        spread = (Reason(field="device_map", value="auto", why="transformers puts a part of the layers on each GPU, one works at a time"),)
    sized = _Sized(machine=replace(machine, nodes=1), batch=batch, decisions=(Reason(field="batch_size", value=batch, why=why), *spread))
    return estimate_load(load(batch)), sized


def _llamacpp(model: ModelSpec, machine: Hardware, context: int) -> tuple[Estimate | None, _Sized]:
    file = gguf_of(model.id)
    if file is None:
        return None, _Sized(machine=machine)
    load = Load(
        model=model, bytes_per_weight=file.bits_per_weight / 8, sequences=1, tokens=context, gpus=machine.count, is_exact=False, prefill=512,
    )  # fmt: skip
    why = f"{file.bits_per_weight:.1f} bits a weight, from {file.repo}"
    return estimate_load(load), _Sized(machine=machine, decisions=(Reason(field="gguf", value=file.file, why=why),))


def _findings(intent: Intent, engine: Engine, model: ModelSpec | None, subject: Subject) -> tuple[Finding, ...]:
    """What the engine ignores, what must be there, what is not known."""
    found = []
    for path in intent.overrides or {}:
        section, _, name = path.partition(".")
        if section == "generation" and name.split(".")[0] not in engine.fields and name != "max_new_tokens":
            what = f"{engine.name} ignores {path}"
            found.append(Finding(rule="INF001", severity="warning", path=path, message=what, fix="leave it out, or say another engine"))
    if engine.kind == "server" and "remote_params.api_url" not in (intent.overrides or {}):
        what = f"{engine.name} talks to a server that must be running"
        found.append(Finding(rule="INF002", severity="warning", path="remote_params.api_url", message=what, fix=_SERVERS.get(engine.name, "set remote_params.api_url")))
    if engine.kind == "local" and model is None:
        found.append(unknown_size(subject.name))
    if model is not None and intent.sequence_length and model.max_positions and intent.sequence_length > model.max_positions:
        what = f"{intent.sequence_length:,} tokens are more than the {model.max_positions:,} that {model.id} was made for"
        found.append(Finding(rule="INF006", severity="warning", path="model.model_max_length", message=what, fix=f"at most {model.max_positions:,} tokens"))
    return tuple(found)


_SERVERS = {
    "SGLANG": "start it: python -m sglang.launch_server --model-path MODEL --port 6864, and set remote_params.api_url if it is elsewhere",
    "REMOTE_VLLM": "start it: vllm serve MODEL --port 8000, and set remote_params.api_url if it is elsewhere",
}
_URLS = {"SGLANG": "http://localhost:6864/generate", "REMOTE_VLLM": "http://localhost:8000/v1/chat/completions"}


def _filled(plan: TaskPlan, intent: Intent, engine: Engine, model: ModelSpec | None, choice: Choice) -> TaskPlan:
    file = gguf_of(plan.model_name) if engine.name == "LLAMACPP" else None
    said = intent.overrides or {}
    if engine.name == "LLAMACPP" and file is None and "model.model_kwargs.filename" not in said and not plan.model_name.endswith(".gguf"):
        raise UsageError(
            f"No GGUF file of {plan.model_name} is known here.", context="engine LLAMACPP",
            hint="Give the repository as the model and its file: model.model_kwargs.filename=NAME.gguf; or say native.", reference="no-gguf",
        )  # fmt: skip
    temperature = said.get("generation.temperature")
    new_tokens = min(NEW_TOKENS, max(1, (plan.sequence_length or 2 * NEW_TOKENS) // 2))
    batched = intent.dataset is not None
    output = intent.output_dir if intent.output_dir not in (None, plan.adapter) else None
    output = output or f"output/{slug(plan.adapter or plan.model_name)}-answers"
    output_path = output if output.endswith((".jsonl", ".json")) else f"{output.rstrip('/')}/answers.jsonl"
    holes = {
        "model_name": file.repo if file else plan.model_name,
        "adapter": plan.adapter,
        "tokenizer": file.base if file else None,
        "filename": {"filename": file.file} if file else None,
        "context": plan.sequence_length,
        "dtype": DTYPES.get(plan.precision or ""),
        "trust_remote_code": True if model is not None and model.trust_remote_code else None,
        "max_new_tokens": new_tokens,
        "batch_size": plan.batch_size,
        "use_sampling": True if engine.name == "NATIVE" and isinstance(temperature, int | float) and temperature > 0 else None,
        "seed": intent.seed if "seed" in engine.fields else None,
        "engine": engine.name,
        "input_path": intent.dataset,
        "output_path": output_path if batched else None,
        "api_url": _URLS.get(engine.name),
    }
    words = {
        "model_note": gated_note(model),
        "engine_note": choice.why,
        "context_note": "tokens of prompt and answer together",
        "batch_note": next((d.why for d in plan.decisions if d.field == "batch_size"), ""),
    }
    command = "oumi infer -c infer.yaml" if batched else "oumi infer -i -c infer.yaml"
    return replace(plan, model_name=str(holes["model_name"]), holes=holes, words=words, command=command, facts=_facts(plan, intent, new_tokens, output_path))


def _facts(plan: TaskPlan, intent: Intent, new_tokens: int, output: str) -> tuple[tuple[str, str], ...]:
    rows = []
    if plan.sequence_length:
        answer = (intent.overrides or {}).get("generation.max_new_tokens", new_tokens)
        rows.append(("Context", f"{plan.sequence_length:,} tokens, of which up to {answer:,} are the answer"))
    if plan.concurrency:
        rows.append(("At once", f"{plan.concurrency:,} full sequence{'s' if plan.concurrency > 1 else ''}; shorter ones leave room for more"))
    elif plan.batch_size and plan.batch_size > 1:
        rows.append(("Batch", f"{plan.batch_size} rows at once"))
    rows.append(("Input", f"{intent.dataset} → {output}" if intent.dataset else "typed, one message at a time"))
    return tuple(rows)
