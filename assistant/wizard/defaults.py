"""What Enter takes, with its reason: the plan's own decision for what is known so far, else Oumi's default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from assistant.builder.phrase import machine_phrase
from assistant.catalogue.benchmarks import benchmarks
from assistant.configs.library import LOADER
from assistant.configs.parameters import parameter
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Reason
from assistant.wizard.items import Item, schema_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What an empty answer means; `value` is empty where it leaves the matter open."""

    value: str
    why: str = ""


_OPEN = {
    "run_name": Default(value="none", why="Oumi names the run by itself"),
    "max_hours": Default(value="no limit"),
    "max_dollars": Default(value="no limit"),
    "priority": Default(value="none", why="the planner's own order: what fits, then quality, then speed"),
    "limit": Default(value="all", why="every question of a benchmark"),
    "nodes": Default(value="1", why="one machine, with all GPUs that were said"),
    "spot": Default(value="no", why="a spot machine may be taken away at any time"),
}
_NO_DATA = {"infer": Default(value="none", why="the run then asks for prompts")}
_SAME_NAME = ("method", "sharding", "precision", "global_batch_size", "learning_rate", "lora_rank", "epochs", "max_steps", "engine")
"""Keys under whose name a plan has a decision."""


def default_of(kind: str, asked: Item, outcome: Outcome | None, intent: Intent, words: tuple[tuple[str, str], ...] = ()) -> Default | None:
    """What Enter takes for this question; None where nothing is known of it yet."""
    if (said := _said(asked, intent, words)) is not None:
        return Default(value=_text(said), why="as said before")
    if asked.required:
        return None
    if asked.is_word:
        return _of_word(asked, outcome)
    if asked.is_field:
        return _of_field(kind, asked.key, outcome)
    if outcome is None:
        return _OPEN.get(asked.key)
    usual = Default(value=asked.usual[0], why=asked.usual[1]) if asked.usual else None
    return _decided(asked.key, outcome) or _planned(asked.key, outcome) or _OPEN.get(asked.key) or _conventional(kind, asked.key, outcome) or usual


def _of_word(asked: Item, outcome: Outcome | None) -> Default | None:
    """What is usual; else what the planner assumed where the word was not said."""
    if asked.usual:
        return Default(value=asked.usual[0], why=asked.usual[1])
    assumed = _reason(asked.key, outcome.assumptions) if outcome else None
    return Default(value=_text(assumed.value), why=assumed.why) if assumed is not None else None


def _said(asked: Item, intent: Intent, words: tuple[tuple[str, str], ...]) -> Any:
    if asked.is_word:
        return dict(words).get(asked.key)
    if asked.is_field:
        return (intent.overrides or {}).get(asked.key)
    return getattr(intent, asked.key, None)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _reason(field: str, found: tuple[Reason, ...]) -> Reason | None:
    return next((reason for reason in found if reason.field == field), None)


def _decided(key: str, outcome: Outcome) -> Default | None:
    """What the planner decided, or assumed, with its own words for it."""
    if key == "machine":
        return _machine(outcome)
    assumed = _reason(key, outcome.assumptions)
    plan = outcome.plan or outcome.task_plan
    decided = _reason("batch_size" if key == "micro_batch_size" else key, plan.decisions) if plan and key in (*_SAME_NAME, "micro_batch_size") else None
    found = assumed or decided
    if found is None or found.value is None:
        return None
    return Default(value=_text(found.value), why=found.why)


def _machine(outcome: Outcome) -> Default | None:
    if outcome.hardware is None:
        return None
    assumed = _reason("hardware", outcome.assumptions)
    why = assumed.why.partition(". Say")[0] if assumed else "found on this computer" if outcome.hardware.source == "probe" else ""
    return Default(value=machine_phrase(outcome.hardware), why=why)


def _planned(key: str, outcome: Outcome) -> Default | None:
    """Values of a training's plan of which no decision is told."""
    plan = outcome.plan
    if plan is None:
        return None
    values: dict[str, Default] = {
        "objective": Default(value="images" if plan.vision else plan.objective, why="what is meant where nothing else is said"),
        "micro_batch_size": Default(value=_text(plan.micro_batch_size), why=f"what memory allows; accumulated to {plan.global_batch_size:,} rows a step"),
        "sequence_length": Default(value=_text(plan.sequence_length), why="tokens per row"),
        "output_dir": Default(value=plan.output_dir, why="after the model and the method"),
        "dataset": Default(value=plan.dataset.said or plan.dataset.path or plan.dataset.name),
        "epochs": Default(value="none", why=f"the run is {plan.max_steps:,} steps long" if plan.max_steps else ""),
        "max_steps": Default(value="none", why=f"the run is {plan.epochs} epoch{'' if plan.epochs == 1 else 's'} long" if plan.epochs else ""),
    }
    if plan.lora_alpha is not None and plan.lora_rank is not None:
        values["lora_alpha"] = Default(value=f"{plan.lora_alpha:g}", why=f"{plan.lora_alpha / plan.lora_rank:g} × the rank")
    return values.get(key)


def _conventional(kind: str, key: str, outcome: Outcome) -> Default | None:
    """What stands in the config, or what its kind does where nothing is said."""
    plan = outcome.task_plan
    if key == "dataset":
        return _NO_DATA.get(kind)
    if key == "sequence_length" and plan is not None and plan.sequence_length:
        return Default(value=_text(plan.sequence_length), why="tokens of prompt and answer")
    if key == "num_fewshot":
        task = next(iter(outcome.intent.benchmarks or []), "mmlu")
        known = benchmarks().get(task)
        return Default(value=_text(known.fewshot), why=f"what {task} is usually run with") if known and known.fewshot is not None else Default(value="the task's own")
    if key == "seed":
        known_seed = parameter(schema_of(kind), "training.seed" if schema_of(kind) == "train" else "generation.seed")
        return Default(value=_text(known_seed.default), why="Oumi's default") if known_seed and known_seed.default is not None else None
    if key == "output_dir":
        written = values_in(outcome)
        return next((Default(value=str(written[path]), why="named after what is made") for path in ("output_dir", "output_path") if path in written), None)
    return None


def _of_field(kind: str, path: str, outcome: Outcome | None) -> Default:
    """What the plan sets a field to, with the comment beside it; else Oumi's default."""
    written = values_in(outcome) if outcome else {}
    if path in written:
        return Default(value=_text(written[path]), why=comments_in(outcome).get(path, "as planned") if outcome else "")
    known = parameter(schema_of(kind), path)
    if known is None or known.default in (None, [], {}, ""):
        return Default(value="unset")
    return Default(value=_text(known.default), why="Oumi's default")


def values_in(outcome: Outcome) -> dict[str, Any]:
    """Every field that the planned config sets, by its dotted name; items of lists are left out."""
    body = yaml.load(outcome.files[0].yaml, Loader=LOADER) if outcome.files else None
    return dict(_leaves(body, "")) if isinstance(body, dict) else {}


def _leaves(body: dict[str, Any], prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in body.items():
        found += _leaves(value, f"{prefix}{key}.") if isinstance(value, dict) and value else [(f"{prefix}{key}", value)]
    return found


def comments_in(outcome: Outcome) -> dict[str, str]:
    """The comment beside or over each field of the planned config, by the field's dotted name."""
    found: dict[str, str] = {}
    above, sections = "", list[tuple[int, str]]()
    for line in outcome.files[0].yaml.splitlines() if outcome.files else ():
        text = line.strip()
        if text.startswith("#"):
            above = text.removeprefix("#").strip()
            continue
        name, colon, rest = text.partition(":")
        if not colon or text.startswith("-"):
            above = ""
            continue
        indent = len(line) - len(line.lstrip())
        sections = [*(part for part in sections if part[0] < indent), (indent, name)]
        comment = rest.partition("  # ")[2] or above
        above = ""
        if comment:
            found[".".join(part for _, part in sections)] = comment
    return found
