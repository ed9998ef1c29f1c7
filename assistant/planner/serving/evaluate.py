"""An evaluation: tasks as Oumi takes them, engine, batch by memory, and how several GPUs share the work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from assistant.catalogue.benchmarks import Benchmark, benchmarks
from assistant.catalogue.engines import Engine, engine_of_hosted, engines
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Estimate, Finding, Hardware, ModelSpec, Reason
from assistant.planner.data import needs
from assistant.planner.serving.engines import choose_engine, engine_words, without_adapter
from assistant.planner.serving.fitting import (
    DTYPES,
    gated_note,
    native_bytes,
    precision_of,
    unknown_size,
    value_bytes_of,
    vllm_fit,
)
from assistant.planner.serving.functions import OwnFunction, function_findings
from assistant.planner.serving.infer import NEW_TOKENS, Subject, named, slug
from assistant.planner.serving.memory import (
    Load,
    estimate_load,
)

CONTEXT = 4096
"""Tokens of prompt and answer nobody said: few-shot prompts of these benchmarks stay below; longer ones are cut on the left."""
DEFAULT = "mmlu"
_HARNESS = ("NATIVE", "VLLM", "REMOTE")
"""Engines that Oumi's lm_harness backend takes (core/evaluation/backends/lm_harness.py, 0.9)."""
_BATCHES = (16, 8, 4, 2, 1)
_LIKELIHOOD_BYTES = 2.5
"""Float32 rows of the vocabulary a token of a likelihood task: 16-bit logits, their float32 copy and its log-softmax."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    engine: Engine
    why: str
    machine: Hardware | None = None
    batch: int | None = None
    sharded: bool = False
    copies: int = 1
    memory: Estimate | None = None
    findings: tuple[Finding, ...] = ()


def plan_eval(intent: Intent, subject: Subject, own: OwnFunction | None = None) -> tuple[TaskPlan, tuple[Reason, ...]]:
    """The plan of an evaluation and what was assumed; `own` is a function of the user's among the benchmarks. Pure.

    Raises:
        UsageError: an engine that the benchmarks cannot be run with.
    """
    tasks, assumed = _tasks(intent, own)
    setting = _setting(intent, subject, tasks)
    model, engine = subject.model, setting.engine
    context = _context(intent, model)
    plan = TaskPlan(
        kind="eval",
        title=" · ".join(("Evaluation", named(subject), engine_words(engine.name))),
        model=model,
        model_name=subject.name,
        adapter=subject.adapter,
        engine=engine.name,
        hardware=setting.machine,
        precision=precision_of(setting.machine) if engine.kind == "local" else None,
        sequence_length=context if engine.kind == "local" else intent.sequence_length,
        batch_size=setting.batch,
        memory=setting.memory,
        layers=("eval/base", f"eval/engine/{'local' if engine.kind == 'local' else 'remote'}"),
        command=_command(setting),
        extras=_extras(engine, tasks),
        keys=(engine.key,) if engine.key else (),
        overrides=dict(intent.overrides or {}),
        decisions=(Reason(field="engine", value=engine.name, why=setting.why), *_batch_reason(setting, intent)),
        fallen=_other_engine(engine, subject),
        findings=(*setting.findings, *_findings(intent, tasks, engine, subject)),
    )
    plan = _filled(plan, intent, tasks, setting)
    return (_with_own(plan, own) if own else plan), assumed


def _with_own(plan: TaskPlan, own: OwnFunction) -> TaskPlan:
    """The plan with what Oumi needs to find the function."""
    findings = tuple(found for found in plan.findings if not (found.rule == "EVL001" and found.message.startswith(f"{own.name} ")))
    return replace(plan, before=(own.before,), command=own.command(plan.command), facts=(*plan.facts, own.fact), findings=(*function_findings(own), *findings))


def _tasks(intent: Intent, own: OwnFunction | None) -> tuple[list[Benchmark], tuple[Reason, ...]]:
    named = [name if own is None or name != f"{own.file}:{own.name}" else own.name for name in intent.benchmarks or ([own.name] if own else [DEFAULT])]
    known = benchmarks() | ({own.name: Benchmark(name=own.name, backend="custom", generates=True)} if own else {})
    found = [known.get(name, Benchmark(name=name)) for name in dict.fromkeys(named)]
    if intent.benchmarks or own:
        return found, ()
    return found, (Reason(field="benchmarks", value=DEFAULT, why="none was said; such as gsm8k, hellaswag, ifeval or the leaderboard"),)


def _context(intent: Intent, model: ModelSpec | None) -> int:
    most = model.max_positions if model and model.max_positions else CONTEXT
    return intent.sequence_length or min(CONTEXT, most)


def _setting(intent: Intent, subject: Subject, tasks: list[Benchmark]) -> _Setting:
    harness = [t.name for t in tasks if t.backend == "lm_harness"]
    if harness and engine_of_hosted(subject.name) is not None and subject.model is None:
        raise UsageError(
            f"{subject.name} runs behind an API, and {harness[0]} needs the model's own likelihoods or completions.", context="benchmarks",
            hint="berry_bench and count_letters run over an API; or name an open model.", reference="eval-needs-weights",
        )  # fmt: skip
    engine, why = _engine(intent, subject, tasks)
    if harness and engine.name not in _HARNESS:
        raise UsageError(
            f"lm_harness runs {harness[0]} with {', '.join(_HARNESS)}, not with {engine.name}.", context=f"engine {engine.name}",
            hint="Leave the engine out.", reference="eval-engine",
        )  # fmt: skip
    if harness and subject.adapter and engine.name != "NATIVE":
        raise needs(without_adapter(subject.adapter, engine, ("NATIVE",)))
    base = _Setting(engine=engine, why=why)
    if engine.kind != "local" or subject.machine is None:
        return base
    if subject.model is None:
        return replace(base, machine=subject.machine, batch=1 if engine.name == "NATIVE" else None)
    if engine.name == "VLLM":
        fit = vllm_fit(subject.model, subject.machine, _context(intent, subject.model), "inference_engine")
        return replace(base, machine=fit.machine, memory=fit.memory, findings=fit.findings)
    return _native(base, intent, subject.model, subject.machine, tasks)


def _engine(intent: Intent, subject: Subject, tasks: list[Benchmark]) -> tuple[Engine, str]:
    machine, model = subject.machine, subject.model
    if intent.engine is not None or engine_of_hosted(subject.name) is not None or all(t.backend == "custom" for t in tasks):
        choice = choose_engine(intent, subject.name, model, machine)
        return choice.engine, choice.why
    if machine is not None and not machine.gpu.is_cuda:
        return engines()["NATIVE"], "transformers runs without CUDA"
    if subject.adapter is not None:
        return engines()["NATIVE"], "lm_harness loads adapters with transformers alone"
    writes = next((t.name for t in tasks if t.generates), None)
    if writes is None or (model is not None and model.is_vision and any(t.images for t in tasks)):
        return engines()["NATIVE"], "these benchmarks score likelihoods: one forward pass a row, and adapters work too"
    return engines()["VLLM"], f"{writes} writes long answers, which vLLM does several times faster"


def _native(base: _Setting, intent: Intent, model: ModelSpec, machine: Hardware, tasks: list[Benchmark]) -> _Setting:
    """A copy on each GPU where one holds the model, else one copy over all of them."""
    context = _context(intent, model)
    likelihood = not all(t.generates for t in tasks)
    value_bytes = value_bytes_of(machine)

    def load(batch: int, gpus: int) -> Load:
        rows = int(batch * context * _LIKELIHOOD_BYTES) if likelihood else batch
        return Load(
            model=model, bytes_per_weight=native_bytes(model, machine), value_bytes=value_bytes, sequences=batch, tokens=context, gpus=gpus,
            grows=any(t.generates for t in tasks), logits_rows=rows,
        )  # fmt: skip

    asked = intent.micro_batch_size or intent.global_batch_size
    sizes = (asked,) if asked else _BATCHES
    one = replace(machine, nodes=1)
    for gpus in dict.fromkeys((1, machine.count)):
        for batch in sizes:
            if estimate_load(load(batch, gpus)).fits(machine.usable_gib):
                return replace(
                    base, machine=one, batch=batch, sharded=gpus > 1, copies=machine.count if gpus == 1 and any(t.backend == "lm_harness" for t in tasks) else 1, memory=estimate_load(load(batch, gpus)),
                )  # fmt: skip
    return replace(base, machine=one, batch=sizes[-1], sharded=machine.count > 1, memory=estimate_load(load(sizes[-1], machine.count)))


def _other_engine(engine: Engine, subject: Subject) -> tuple[Reason, ...]:
    """The local engine that was not taken, with why."""
    if engine.name == "VLLM":
        return (Reason(field="engine", value="NATIVE", why="writes a fixed batch of answers at a time: several times slower"),)
    if engine.name != "NATIVE":
        return ()
    why = "lm_harness does not load adapters with it" if subject.adapter else "has no advantage where likelihoods are scored"
    cuda = subject.machine is None or subject.machine.gpu.is_cuda
    return (Reason(field="engine", value="VLLM", why=why if cuda else "needs a CUDA GPU"),)


def _batch_reason(setting: _Setting, intent: Intent) -> tuple[Reason, ...]:
    if setting.batch is None:
        return ()
    why = "as asked" if intent.micro_batch_size or intent.global_batch_size else "the most rows of full length that fit, up to 16"
    found = [Reason(field="batch_size", value=setting.batch, why=why)]
    if setting.copies > 1:
        found.append(Reason(field="copies", value=setting.copies, why="one GPU holds the model, so each GPU takes its share of the rows"))
    if setting.sharded:
        found.append(Reason(field="shard_for_eval", value=True, why="one GPU does not hold the model: its layers are spread over all"))
    return tuple(found)


def _command(setting: _Setting) -> str:
    if setting.copies > 1:
        return "oumi distributed accelerate launch -m oumi evaluate -c eval.yaml"
    return "oumi evaluate -c eval.yaml"


def _extras(engine: Engine, tasks: list[Benchmark]) -> tuple[str, ...]:
    extras = [engine.extra] if engine.extra else []
    return tuple([*extras, "evaluation"] if any(t.name.endswith("ifeval") or t.name.startswith("leaderboard") for t in tasks) else extras)


def _findings(intent: Intent, tasks: list[Benchmark], engine: Engine, subject: Subject) -> tuple[Finding, ...]:
    found = []
    known = benchmarks()
    for task in tasks:
        if task.name not in known:
            what = f"{task.name} is not known here; lm-eval must have a task of this name"
            found.append(Finding(rule="EVL001", severity="warning", path="tasks", message=what, fix="look it up: lm-eval ls tasks"))
        if task.runs_code:
            what = f"{task.name} runs code that the model writes"
            found.append(Finding(rule="EVL002", severity="warning", path="tasks", message=what, fix="run it in a container, with HF_ALLOW_CODE_EVAL=1"))
        if task.images and subject.model is not None and not subject.model.is_vision:
            what = f"{task.name} has pictures and {subject.name} reads text alone"
            found.append(Finding(rule="EVL004", severity="warning", path="tasks", message=what, fix="name a model that reads images"))
    if engine.kind == "local" and subject.model is None:
        found.append(unknown_size(subject.name))
    if intent.limit and any(t.name in _GROUPS for t in tasks):
        what = f"the limit of {intent.limit} counts for each of the group's subjects"
        found.append(Finding(rule="EVL005", severity="info", path="tasks", message=what))
    return tuple(found)


_GROUPS = ("mmlu", "mmlu_pro", "leaderboard_bbh", "bbh", "leaderboard_gpqa", "leaderboard_math_hard", "leaderboard_musr", "mmmu_val", "minerva_math")


def _entry(task: Benchmark, intent: Intent) -> dict[str, Any]:
    """One element of `tasks`: the number of examples stands in eval_kwargs, where Oumi looks for it."""
    entry: dict[str, Any] = {"evaluation_backend": task.backend, "task_name": task.name}
    if intent.limit:
        entry["num_samples"] = intent.limit
    kwargs: dict[str, Any] = {}
    shots = intent.num_fewshot if intent.num_fewshot is not None else task.fewshot
    if task.backend == "lm_harness" and shots is not None:
        kwargs["num_fewshot"] = shots
    if task.runs_code:
        kwargs["confirm_run_unsafe_code"] = True
    return {**entry, "eval_kwargs": kwargs} if kwargs else entry


def _filled(plan: TaskPlan, intent: Intent, tasks: list[Benchmark], setting: _Setting) -> TaskPlan:
    output = intent.output_dir if intent.output_dir not in (None, plan.adapter, plan.model_name) else None
    output = output or f"output/{slug(plan.adapter or plan.model_name)}-eval"
    model = plan.model
    holes = {
        "model_name": plan.model_name,
        "adapter": plan.adapter,
        "context": plan.sequence_length,
        "dtype": DTYPES.get(plan.precision or ""),
        "trust_remote_code": True if model is not None and model.trust_remote_code else None,
        "attention": "sdpa" if plan.engine == "NATIVE" else None,
        "shard": True if setting.sharded else None,
        "batch_size": plan.batch_size,
        "max_new_tokens": NEW_TOKENS if any(t.backend == "custom" for t in tasks) else None,
        "engine": plan.engine,
        "tasks": [_entry(task, intent) for task in tasks],
        "output_dir": output,
        "run_name": intent.run_name,
        "workers": 10 if setting.engine.kind != "local" else None,
    }
    words = {
        "model_note": gated_note(model),
        "engine_note": setting.why,
        "batch_note": "rows at once on each GPU, by memory" if plan.batch_size else "",
    }
    return replace(plan, holes=holes, words=words, facts=_facts(tasks, intent, output))


def _facts(tasks: list[Benchmark], intent: Intent, output: str) -> tuple[tuple[str, str], ...]:
    named = []
    for task in tasks:
        shots = intent.num_fewshot if intent.num_fewshot is not None else task.fewshot
        named.append(f"{task.name} ({shots}-shot)" if shots is not None and task.backend == "lm_harness" else task.name)
    limit = f", {intent.limit:,} questions each" if intent.limit else ""
    return (("Benchmarks", f"{', '.join(named)}{limit}"), ("Results", output))
