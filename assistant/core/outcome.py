"""What one request came to, and its JSON face (the contract's `--json`, schema 1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from assistant.core.intent import Intent
from assistant.core.jobplan import JobPlan
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Cost, Finding, Hardware, Plan, Question, Reason, RunTime, price_date

Status = Literal["ok", "needs_input", "does_not_fit", "invalid"]
EXIT_CODES: dict[Status, int] = {"ok": 0, "needs_input": 3, "does_not_fit": 4, "invalid": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """One config to write: `kind` is train, eval, infer, job, …"""

    kind: str
    name: str
    yaml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A config and the commands that run it: what must be there first, then its own."""

    file: ConfigFile
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Words of the request and the value that they gave; `field` and `value` are None for words that nothing understood.

    `start` and `end` count characters of the text as it was given.
    """

    field: str | None
    value: Any
    words: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """Something that would fit: what changes, what it needs (upper bound), and how to ask for it.

    `request` says it in words, `command` exactly, machine and all. `price` is set for other machines; `plan` is that of
    a training, None for other kinds.
    """

    change: str
    memory_gib: float
    usable_gib: float
    request: str
    command: str
    plan: Plan | None = None
    price: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """The least of one GPU that a run fits on. `hourly` is dollars an hour (least, most) for all of it.

    `dollars` is what the whole run costs at the least of these prices, None where hours or price are not known.
    """

    machine: Hardware
    plan: Plan
    hourly: tuple[float, float] | None
    price: str
    dollars: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The whole answer: `plan` for a training, `task_plan` for any other kind, `then` the steps on what is trained, in order,
    where they were asked for with it: their files and commands are among these. `ways_out` is filled when nothing fits as
    asked, smallest change first.

    `requirements` answers which hardware would do, `largest` which models this hardware can train, where that was
    asked; `cost` is known with the plan's hours and a price. `job` is what the last file is written from where a cloud was said;
    `evidence` says which words gave which value, where that was asked.
    """

    status: Status
    intent: Intent
    source: Literal["offline", "llm"] = "offline"
    request: str | None = None
    questions: tuple[Question, ...] = ()
    assumptions: tuple[Reason, ...] = ()
    hardware: Hardware | None = None
    plan: Plan | None = None
    task_plan: TaskPlan | None = None
    then: tuple[Outcome, ...] = ()
    job: JobPlan | None = None
    files: tuple[ConfigFile, ...] = ()
    commands: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    ways_out: tuple[WayOut, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    largest: tuple[Plan, ...] = ()
    cost: Cost | None = None
    evidence: tuple[Evidence, ...] = ()
    explanation: str = ""

    @property
    def is_sizing(self) -> bool:
        """True when machines or models are the answer, not a config."""
        return bool(self.requirements or self.largest)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Each config with the commands that run it, in order; the job, which runs them elsewhere, is none of them."""
        files = [file for file in self.files if file.kind != "job"]
        ends = [*(len(part.commands) for part in self.then)]
        own = len(self.commands) - sum(ends) - (1 if self.job is not None else 0)
        counts, start, found = [own, *ends], 0, list[Step]()
        for file, count in zip(files, counts, strict=False):
            found.append(Step(file=file, commands=self.commands[start : start + count]))
            start += count
        return tuple(found)

    @property
    def exit_code(self) -> int:
        """The contract's exit code for this status."""
        return EXIT_CODES[self.status]

    def _plan_json(self) -> dict[str, Any] | None:
        if self.plan is not None:
            return {**plan_json(self.plan, [w.plan for w in self.ways_out if w.plan]), "cost": cost_json(self.cost)}
        return task_plan_json(self.task_plan) if self.task_plan else None

    def to_json(self) -> dict[str, Any]:
        """The contract's object, ready for json.dumps."""
        return {
            "schema": 1,
            "status": self.status,
            "source": self.source,
            "intent": self.intent.model_dump(mode="json"),
            "questions": [{**asdict(q), "choices": list(q.choices)} for q in self.questions],
            "assumptions": [asdict(a) for a in self.assumptions],
            "hardware": hardware_json(self.hardware),
            "plan": self._plan_json(),
            "files": [asdict(f) for f in self.files],
            "commands": list(self.commands),
            "findings": [asdict(f) for f in self.findings],
            "ways_out": [
                {
                    "change": w.change,
                    "memory_gib": w.memory_gib,
                    "usable_gib": w.usable_gib,
                    "request": w.request,
                    "command": w.command,
                    "price": w.price or None,
                }
                for w in self.ways_out
            ],
            "requirements": [requirement_json(r) for r in self.requirements],
            "largest_models": [{"model": p.model.id, **_short(p)} for p in self.largest],
            "explanation": self.explanation,
            "evidence": [asdict(e) for e in self.evidence],
        }


def hardware_json(hardware: Hardware | None) -> dict[str, Any]:
    """The contract's `hardware`; all null when no machine is known. `memory_gib` is per GPU."""
    if hardware is None:
        return {"gpu": None, "gpu_count": None, "nodes": None, "memory_gib": None, "source": "none"}
    return {
        "gpu": hardware.gpu.name,
        "gpu_count": hardware.count,
        "nodes": hardware.nodes,
        "memory_gib": round(hardware.usable_gib, 2),
        "source": hardware.source,
    }


def cost_json(cost: Cost | None) -> dict[str, Any] | None:
    """What the run costs, US dollars; `as_of` is null where the day of the price is not known, and `price` says so."""
    if cost is None:
        return None
    return {
        "dollars": round(cost.dollars, 2),
        "low": round(cost.low, 2),
        "high": round(cost.high, 2),
        "hourly": round(cost.hourly, 2),
        "cloud": cost.cloud,
        "as_of": cost.as_of,
        "price": price_date(cost.as_of, to_the_day=True),
        "spot": cost.spot,
    }


def requirement_json(found: Requirement) -> dict[str, Any]:
    """One machine that would do."""
    return {
        "hardware": hardware_json(found.machine),
        "hourly_dollars": list(found.hourly) if found.hourly else None,
        "price": found.price,
        "run_dollars": round(found.dollars, 2) if found.dollars is not None else None,
        "plan": _short(found.plan),
    }


def time_json(time: RunTime | None) -> dict[str, Any] | None:
    """The contract's `plan.time`; `low` and `high` bound the hours, None where the number of tokens is not known."""
    if time is None:
        return None
    rounded = {name: None if value is None else round(value, 2) for name, value in (("hours", time.hours), ("low", time.low), ("high", time.high))}
    return {"tokens_per_second": round(time.tokens_per_second, 1), **rounded, "basis": time.basis}


def _short(plan: Plan) -> dict[str, Any]:
    return {
        "method": plan.method,
        "objective": plan.objective,
        "sharding": plan.sharding,
        "micro_batch_size": plan.micro_batch_size,
        "gradient_accumulation_steps": plan.gradient_accumulation_steps,
        "global_batch_size": plan.global_batch_size,
        "sequence_length": plan.sequence_length,
        "gradient_checkpointing": plan.gradient_checkpointing,
        "precision": plan.precision,
        "optimizer": plan.optimizer,
        "memory": plan.memory_json(),
        "time": time_json(plan.time),
        "hardware": hardware_json(plan.hardware),
    }


def plan_json(plan: Plan, others: list[Plan]) -> dict[str, Any]:
    """The contract's `plan`, with decisions and alternatives."""
    body = _short(plan)
    del body["hardware"]
    body["model"] = plan.model.id
    body["lora_rank"] = plan.lora_rank
    body["lora_alpha"] = plan.lora_alpha
    body["learning_rate"] = plan.learning_rate
    body["decisions"] = [asdict(d) for d in plan.decisions]
    body["rejected"] = [asdict(r) for r in plan.fallen]
    body["alternatives"] = [_short(p) for p in (*plan.alternatives, *others)]
    return body


_TRAINING_ONLY = (
    "method", "objective", "sharding", "gradient_accumulation_steps", "global_batch_size", "gradient_checkpointing", "optimizer",
)  # fmt: skip


def task_plan_json(plan: TaskPlan) -> dict[str, Any]:
    """The contract's `plan` for a config that trains nothing: keys of training are null."""
    return {
        **dict.fromkeys(_TRAINING_ONLY),
        "kind": plan.kind,
        "model": plan.model_name,
        "engine": plan.engine,
        "micro_batch_size": plan.batch_size,
        "concurrency": plan.concurrency,
        "sequence_length": plan.sequence_length,
        "precision": plan.precision,
        "memory": plan.memory_json(),
        "time": None,
        "decisions": [asdict(d) for d in plan.decisions],
        "rejected": [asdict(r) for r in plan.fallen],
        "alternatives": [],
        "extras": list(plan.extras),
        "keys": list(plan.keys),
    }
