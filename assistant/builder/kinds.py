"""The kinds of config beside training: which planner answers which task, and how its plan becomes an outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module

from assistant.builder.header import task_header_lines
from assistant.builder.requests import Request
from assistant.checks.guards import guard
from assistant.checks.kinds import kind_of_task
from assistant.configs.build import task_config
from assistant.configs.render import render
from assistant.core.errors import UsageError
from assistant.core.outcome import ConfigFile, Outcome, WayOut
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Reason

_HOMES = {
    "evaluate": "assistant.builder.evaluating",
    "infer": "assistant.builder.serving",
    "quantize": "assistant.builder.quantizing",
    "judge": "assistant.builder.judging",
    "synthesize": "assistant.builder.synthesizing",
    "tune": "assistant.builder.tuning",
}
"""Task → the module whose `respond(asked)` answers it; loaded when first asked for."""


def respond_task(asked: Request) -> Outcome:
    """The outcome of a request that is no training.

    Raises:
        NeedsInputError: something must be asked first.
        UsageError: a value that cannot be taken.
    """
    task = asked.intent.task or ""
    if task not in _HOMES:
        raise UsageError(f"Configs to {task} are not made yet.", context=f"task {task}", hint="Say what to train, evaluate or serve.", reference="task-not-supported")
    if asked.intent.overrides:
        guard(asked.intent, kind_of_task(task))
    answer: Callable[[Request], Outcome] = import_module(_HOMES[task]).respond
    return answer(asked)


def _on_its_gpus(plan: TaskPlan) -> str:
    """The command, with the GPUs hidden that the engine cannot use: Oumi gives vLLM all that it sees (vllm_inference_engine.py, 0.9)."""
    if plan.hardware is None or not any(finding.rule == "INF004" and finding.fix.startswith("export ") for finding in plan.findings):
        return plan.command
    return f"env CUDA_VISIBLE_DEVICES={','.join(map(str, range(plan.hardware.count)))} {plan.command}"


def finished(asked: Request, plan: TaskPlan, notes: Sequence[Reason] = (), ways_out: tuple[WayOut, ...] = ()) -> Outcome:
    """The outcome of a task's plan: its file where it fits, else what would."""
    assumptions = (*asked.notes, *notes)
    plan = replace(plan, command=_on_its_gpus(plan))
    base = Outcome(
        status="ok" if plan.fits else "does_not_fit",
        intent=asked.intent,
        request=asked.text,
        assumptions=assumptions,
        hardware=plan.hardware,
        task_plan=plan,
        findings=plan.findings,
        ways_out=ways_out,
        explanation=plan.title,
    )
    if not plan.fits:
        return base
    name = f"{plan.kind}.yaml"
    header = task_header_lines(plan, asked.text, assumptions)
    file = ConfigFile(kind=plan.kind, name=name, yaml=render(task_config(plan), header))
    return replace(base, files=(file,), commands=(*plan.before, plan.command))
