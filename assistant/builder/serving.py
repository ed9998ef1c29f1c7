"""Requests to run a model: `serve gemma 3 4b on an L4`, `answer q.jsonl with gpt-4o`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace

from assistant.builder.kinds import finished
from assistant.builder.phrase import machine_flag, machine_phrase
from assistant.builder.requests import Request, assumed_why, missing_file_words, stated_machine, unread_findings
from assistant.builder.subjects import ADAPTER, Named, named_model
from assistant.catalogue.engines import engine_of_hosted
from assistant.catalogue.machines import assumed_machines
from assistant.checks.schema import KINDS, coerce, field
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome, WayOut
from assistant.core.taskplan import TaskPlan
from assistant.core.units import gib
from assistant.core.values import Finding, Hardware, Reason
from assistant.planner.data import is_local
from assistant.planner.inference_part import PART
from assistant.planner.requirements import rentable, way_price
from assistant.planner.serving.fitting import NO_KERNELS
from assistant.planner.serving.infer import LOADED_IN_4_BIT, Subject, plan_infer
from assistant.reader.otherkinds import AT_ONCE, PACKED

Planner = Callable[[Intent, Subject], tuple[TaskPlan, tuple[Reason, ...]]]
_TASK_NAMES = {"infer": "serve", "evaluate": "evaluate", "quantize": "quantize", "tune": "hyperparameter search for", "judge": "judge", "synthesize": "synthesize"}


def respond(asked: Request) -> Outcome:
    """The outcome of a request to run a model."""
    return planned_for(asked, plan_infer, "infer")


def planned_for(asked: Request, planner: Planner, kind: str) -> Outcome:
    """The plan on the machine that was stated, or on the smallest usual one that holds it; what would fit where it does not.

    Raises:
        NeedsInputError: the model is not clear.
        UsageError: a field or an engine that cannot be taken.
    """
    intent, left_out = absorbed(asked.intent, kind)
    asked, not_read = _without_rows(replace(asked, intent=intent), kind)
    named = named_model(asked)
    said = named.id if ADAPTER in (intent.overrides or {}) else named.adapter or named.id
    asked = replace(asked, notes=(*asked.notes, *named.notes), intent=asked.intent.model_copy(update={"model": said}))
    machine, notes = stated_machine(asked)
    if machine is None and not _needs_no_machine(asked.intent, named):
        machine, notes = _assumed(asked.intent, named, planner)
    plan, assumed = planner(asked.intent, subject(named, machine))
    if plan.hardware is None:  # it runs elsewhere: what was assumed about a machine here is no part of it
        notes = ()
    plan = replace(plan, findings=(*unread_findings(asked.unread, asked.text), *left_out, *not_read, *_input_findings(asked), *_at_once(asked, plan), *_packed(asked, named, planner, plan), *plan.findings))
    ways = () if plan.fits or machine is None else tuple(_ways(asked, named, planner, machine))
    return finished(asked, plan, (*notes, *assumed), ways)


def subject(named: Named, machine: Hardware | None) -> Subject:
    """The model on a machine."""
    return Subject(name=named.id, model=named.model, machine=machine, adapter=named.adapter)


_KEYS = {
    "model.model_name": "model", "model.model_max_length": "sequence_length", "engine": "engine", "inference_engine": "engine",
    "input_path": "dataset", "output_path": "output_dir", "output_dir": "output_dir", "generation.seed": "seed", "generation.batch_size": "micro_batch_size",
    "inference_config.model.model_name": "model", "inference_config.model.model_max_length": "sequence_length", "inference_config.engine": "engine",
    "inference_config.generation.seed": "seed", "inference_config.generation.batch_size": "micro_batch_size",
}  # fmt: skip
_SHARED = ("model", "sequence_length", "micro_batch_size", "seed")
PLACES: dict[str, dict[str, str]] = {
    "eval": {"engine": "inference_engine", "output_dir": "output_dir", "run_name": "run_name"},
    "infer": {"engine": "engine", "dataset": "input_path", "output_dir": "output_path"},
}
"""Kind → key of the intent → the field that says it."""
for _places in PLACES.values():
    _places |= {key: path for path, key in _KEYS.items() if key in _SHARED and not path.startswith("inference_config.")}


def absorbed(intent: Intent, kind: str) -> tuple[Intent, tuple[Finding, ...]]:
    """The intent with its overrides typed by Oumi's schema of this kind, and merged where they name a key.

    A field that only a training has is left out, and named: a conversation may have come from one.

    Raises:
        UsageError: an unknown field or a value of the wrong type.
    """
    said = intent.overrides or {}
    foreign = tuple(path for path in said if field(path, kind) is None and any(field(path, other) for other in KINDS if other != kind))
    typed = {path: coerce(path, value, kind) for path, value in sorted(said.items()) if path not in foreign}
    keyed = {key: typed[path] for path, key in _KEYS.items() if path in typed and getattr(intent, key) in (None, typed[path])}
    kept = {path: value for path, value in typed.items() if path not in _KEYS or _KEYS[path] not in keyed}
    findings = tuple(
        Finding(rule="REQ004", severity="warning", path=path, message=f"{path} belongs to another kind of config: it is left out here", fix="say it when that is planned")
        for path in foreign
    )
    return Intent.model_validate({**intent.model_dump(), **keyed, "overrides": kept or None}), findings


def with_inference_inside(asked: Request, kind: str) -> Request:
    """The request with fields of an inference under the part of this kind that holds one."""
    said = asked.intent.overrides or {}
    moved = {f"{PART}{path}" if field(path, kind) is None and field(path, "infer") is not None else path: value for path, value in said.items()}
    return replace(asked, intent=asked.intent.model_copy(update={"overrides": moved or None}))


def _needs_no_machine(intent: Intent, named: Named) -> bool:
    return named.model is None and (engine_of_hosted(named.id) is not None or intent.engine not in (None, "NATIVE", "VLLM", "LLAMACPP"))


def _assumed(intent: Intent, named: Named, planner: Planner) -> tuple[Hardware | None, tuple[Reason, ...]]:
    """The first usual machine that holds it; the largest if none does."""
    tried, fits = None, False
    for machine in rentable(assumed_machines(), intent):
        tried = replace(machine, count=intent.gpu_count or machine.count, nodes=1)
        plan, _ = planner(intent, subject(named, tried))
        if fits := plan.fits and _starts(plan):
            break
    if tried is None:
        return None, ()
    return tried, (Reason(field="hardware", value=machine_phrase(tried), why=assumed_why(intent, fits=fits)),)


def _without_rows(asked: Request, kind: str) -> tuple[Request, tuple[Finding, ...]]:
    """The request without a dataset that is no input of it: an evaluation brings its own rows, and an inference reads a file."""
    dataset = asked.intent.dataset
    if dataset is None or kind not in ("eval", "infer") or (kind == "infer" and is_local(dataset)):
        return asked, ()
    message = f"{dataset} is a dataset of the Hub, and an inference reads a file of conversations: nothing is read from it"
    finding = Finding(rule="INF009", severity="info", path="input_path", message=message, fix="name a .jsonl file")
    left = replace(asked, intent=asked.intent.model_copy(update={"dataset": None}))
    return left, (finding,) if kind == "infer" else ()


def _input_findings(asked: Request) -> tuple[Finding, ...]:
    path = asked.intent.dataset
    if path is None or asked.exists is None or asked.exists(path):
        return ()
    message, fix = missing_file_words(path, "this runs")
    return (Finding(rule="INF007", severity="warning", path="input_path", message=message, fix=fix),)


def _at_once(asked: Request, plan: TaskPlan) -> tuple[Finding, ...]:
    """Whether as many requests as were said to come at once have room in the cache at their full length."""
    if AT_ONCE not in asked.said:
        return ()
    said = int(asked.said[AT_ONCE])
    if plan.concurrency is None or plan.sequence_length is None:
        message = f"{said:,} at once were said; how many this engine serves at once is not estimated"
        return (Finding(rule="INF010", severity="info", path="engine", message=message),)
    room = f"{plan.concurrency:,} sequences of {plan.sequence_length:,} tokens have room at once"
    if said <= plan.concurrency:
        return (Finding(rule="INF010", severity="info", path="engine", message=f"{room}, enough for {said:,}", fix=_server_words(plan)),)
    fix = f"such as a context of {plan.sequence_length * plan.concurrency // said:,} tokens, or more GPU memory"
    return (Finding(rule="INF010", severity="warning", path="model.model_max_length", message=f"{room}, fewer than {said:,}: at full length the others wait", fix=fix),)


def _packed(asked: Request, named: Named, planner: Planner, plan: TaskPlan) -> tuple[Finding, ...]:
    """Quantised weights that were said of a model whose own name has none: where they lie is not known, what they would take is."""
    if PACKED not in asked.said or named.model is None or named.model.stored_as or plan.hardware is None:
        return ()
    said = str(asked.said[PACKED])
    message = f"where weights of {named.model.id} in {said} lie is not known here: it is planned in {plan.precision or 'its own format'}"
    if plan.engine == "VLLM":
        other, _ = planner(asked.intent, subject(replace(named, model=replace(named.model, stored_as=said)), plan.hardware))
        if other.memory is not None:
            usable = (other.hardware or plan.hardware).usable_gib
            message += f"; in {said} it would take up to {gib(other.memory.upper):.1f} of {usable:.1f} GiB"
    fix = f"name the repository that holds them as the model, such as OWNER/{named.model.id.split('/')[-1]}-{said.upper()}"
    if said in ("4bit", "bnb") and plan.kind == "infer" and plan.engine == "VLLM":
        fix += f"; or have vLLM quantise them as it loads: {LOADED_IN_4_BIT}=true"
    return (Finding(rule="INF011", severity="warning", path="model.model_name", message=message, fix=fix),)


def _server_words(plan: TaskPlan) -> str:
    """`oumi infer` answers a file or one terminal; what would answer several people is the engine's own server."""
    if plan.engine != "VLLM" or plan.hardware is None:
        return ""
    gpus = f" --tensor-parallel-size {plan.hardware.count}" if plan.hardware.count > 1 else ""
    return f"oumi infer answers one terminal or a file; over HTTP: vllm serve {shlex.quote(plan.model_name)} --max-model-len {plan.sequence_length}{gpus}"


def _ways(asked: Request, named: Named, planner: Planner, machine: Hardware) -> Iterator[WayOut]:
    """Shorter contexts here, then larger machines."""
    shorter = (n for n in (16384, 8192, 4096, 2048) if n < (asked.intent.sequence_length or 8192))
    for tokens in shorter:
        intent = asked.intent.model_copy(update={"sequence_length": tokens})
        plan, _ = planner(intent, subject(named, machine))
        if plan.fits and (way := _way(f"{tokens:,} tokens of context", intent, plan, machine)):
            yield way
            break
    for other in _larger(machine):
        plan, _ = planner(asked.intent, subject(named, other))
        if plan.fits and _starts(plan) and (way := _way(machine_phrase(other), asked.intent, plan, other, words=asked.text if asked.said else None)):
            yield replace(way, price=way_price(asked.intent.cloud, other))
            if other.gpu.name != machine.gpu.name:
                break


def _starts(plan: TaskPlan) -> bool:
    """False where the engine has no kernels for these weights on this GPU."""
    return all(finding.rule != NO_KERNELS for finding in plan.findings)


def _larger(machine: Hardware) -> Iterator[Hardware]:
    """More of the same GPU, then usual ones by what they hold in all."""
    yield from (replace(machine, count=count, nodes=1) for count in (2, 4, 8) if count > machine.count and machine.gpu.is_cuda)
    held = machine.gpu.usable_gib * machine.count
    yield from (other for other in usual_machines() if other.gpu.usable_gib * other.count > held)


def usual_machines() -> list[Hardware]:
    """1, 2, 4 and 8 of each usual GPU, by the memory that they hold in all."""
    gpus = {m.gpu.name: m for m in assumed_machines()}.values()
    others = [replace(m, count=count, nodes=1) for m in gpus for count in (1, 2, 4, 8)]
    return sorted(others, key=lambda m: (m.gpu.usable_gib * m.count, m.count))


def _way(change: str, intent: Intent, plan: TaskPlan, machine: Hardware, *, words: str | None = None) -> WayOut | None:
    """The way out as a request; `words` are the user's own, where they say what the intent has no key for."""
    if plan.memory is None:
        return None
    request = words or request_words(intent)
    command = f"oumi-chat --gpus {shlex.quote(machine_flag(machine))} {shlex.quote(request)}"
    return WayOut(
        change=change, memory_gib=gib(plan.memory.upper), usable_gib=round((plan.hardware or machine).usable_gib, 2), request=request, command=command,
    )  # fmt: skip


def request_words(intent: Intent) -> str:
    """A request that reads back to this task, model, engine and context."""
    words = [_TASK_NAMES.get(intent.task or "infer", "serve"), intent.model or ""]
    if intent.task in ("judge", "synthesize"):  # the model is the tool, and stands behind what it works on
        words = [words[0], *([f"rows from {intent.dataset}" if intent.task == "synthesize" else intent.dataset] if intent.dataset else []), f"with {intent.model}"]
    words += [f"with {method}"] if (method := (intent.overrides or {}).get("method")) else []
    words += [f"on {', '.join(intent.benchmarks)}"] if intent.benchmarks else []
    words += [f"with {intent.engine.lower()}"] if intent.engine else []
    words += [f"context {intent.sequence_length}"] if intent.sequence_length else []
    return " ".join(word for word in words if word)
