"""What was asked since an evaluation or inference config was read, written into it: its other fields stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import yaml

from assistant.builder.edit import Edit, apply_edits, edited
from assistant.builder.header import task_header_lines
from assistant.builder.mend_comments import without_false_comments
from assistant.builder.serving import PLACES, absorbed
from assistant.builder.task_list import with_entries
from assistant.catalogue.models import get_model
from assistant.configs.build import Config, task_config
from assistant.configs.render import render
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Reason
from assistant.planner.serving.evaluate import plan_eval
from assistant.planner.serving.infer import Subject, plan_infer

if TYPE_CHECKING:
    from assistant.builder.given import Given

_PLANNERS = {"eval": plan_eval, "infer": plan_infer}
_NAMED_AFTER = ("output_dir", "output_path")
"""Fields that the planner names after the model: a file that leaves them out goes on doing so."""


def on_given_task(outcome: Outcome, given: Given) -> Outcome:
    """The outcome with its config as the file with what was said since written into it, also where that does not fit."""
    plan = outcome.task_plan
    if plan is None or plan.kind != given.kind:
        return outcome
    decisions = tuple(_credited(reason, outcome.intent, given) for reason in plan.decisions)
    first, *others = outcome.files or (ConfigFile(kind=plan.kind, name=f"{plan.kind}.yaml", yaml=""),)
    text = task_text(outcome, given)
    return replace(outcome, task_plan=replace(plan, decisions=decisions), files=(replace(first, yaml=text), *others))


def _credited(reason: Reason, intent: Intent, given: Given) -> Reason:
    name = {"batch_size": "micro_batch_size"}.get(reason.field, reason.field)
    is_from_file = reason.why == "as asked" and given.says(intent, name)
    return replace(reason, why=given.source(name)) if is_from_file else reason


def task_text(outcome: Outcome, given: Given) -> str:
    """The file with what was said since written into it."""
    plan = outcome.task_plan
    assert plan is not None
    changes = _changes_since(plan, outcome.intent, given)
    if not changes.fields and not changes.reorders:
        return given.text
    body = {**yaml.safe_load(given.text)}
    try:
        text = with_entries(given.text, changes.entries) if changes.reorders else given.text
        return apply_edits(without_false_comments(text, changes.fields), changes.fields)
    except UsageError:  # an alias or the like is in the way: the same fields, written anew
        if changes.reorders:
            body["tasks"] = [body["tasks"][one] if isinstance(one, int) else dict(one) for one in changes.entries]
        changed = {name: value for name, value in edited(body, changes.fields).items() if value != {}}
        return render(Config(kind=plan.kind, body=changed, why={}), task_header_lines(plan, outcome.request, outcome.assumptions))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """The tasks in the order that is wanted (a number is one that stands), then what is set or removed."""

    entries: tuple[int | Mapping[str, Any], ...] = ()
    fields: tuple[Edit, ...] = ()
    keeps_all: bool = True

    @property
    def reorders(self) -> bool:
        """True where an entry comes, goes or moves."""
        return not self.keeps_all or self.entries != tuple(range(len(self.entries)))


def _changes_since(plan: TaskPlan, intent: Intent, given: Given) -> _Changes:
    from assistant.builder.given import leaves

    here, new = leaves(yaml.safe_load(given.text)), leaves(task_config(plan).body)
    former, _ = absorbed(given.intent, given.kind)
    old = leaves(_planned(plan, former))
    asked = _asked(former, intent, given.kind)
    for path, value in asked.items():
        new.setdefault(path, value)
    tasks, before, after = (one.pop("tasks", None) for one in (here, old, new))
    said = {path for key, path in PLACES[given.kind].items() if getattr(intent, key) is not None} | set(intent.overrides or {})
    unsaid = {path for path in _NAMED_AFTER if path in old and path not in here and path not in asked}
    wanted = {path: value for path, value in new.items() if path not in unsaid and (path in asked or path not in old or old[path] != value)}
    fields = [Edit(path=path, value=value) for path, value in wanted.items() if here.get(path) != value]
    fields += [Edit(path=path, remove=True) for path in here if path in old and path not in new and path not in said]
    if not before or not after:  # a plan of no benchmarks has none
        return _Changes(fields=tuple(fields))
    of_tasks = _task_changes(tasks, before, after)
    return replace(of_tasks, fields=(*of_tasks.fields, *fields))


def _asked(former: Intent, intent: Intent, kind: str) -> dict[str, Any]:
    """The fields whose key of the intent, or override, is another than the file's: also what the planner would have taken itself."""
    keys = {path: getattr(intent, key) for key, path in PLACES[kind].items() if getattr(intent, key) not in (None, getattr(former, key))}
    if intent.global_batch_size:  # nothing is accumulated here: a batch is a batch
        keys["generation.batch_size"] = intent.global_batch_size
    had = former.overrides or {}
    return keys | {path: value for path, value in (intent.overrides or {}).items() if had.get(path) != value}


def _planned(plan: TaskPlan, intent: Intent) -> dict[str, Any]:
    """What the planner would write for the file's intent, on the machine of this plan; nothing where it could not."""
    same = intent.model in (plan.model_name, plan.adapter, plan.model.id if plan.model else None)
    model = plan.model if same else get_model(intent.model or "")
    subject = Subject(name=plan.model_name if same else intent.model or "", model=model, machine=plan.hardware, adapter=plan.adapter if same else None)
    try:
        return task_config(_PLANNERS[plan.kind](intent, subject)[0]).body
    except OumiChatError:
        return {}


def _task_changes(here: Any, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> _Changes:
    """The tasks as they are asked for: one that stands keeps its own fields, but for those that differ now."""
    if before == after or not isinstance(here, list):
        return _Changes()
    places = {task.get("task_name"): place for place, task in enumerate(here) if isinstance(task, Mapping)}
    old = {task["task_name"]: task for task in before}
    unnamed = [place for place, task in enumerate(here) if not isinstance(task, Mapping) or not isinstance(task.get("task_name"), str)]
    entries = (*(places.get(task["task_name"], task) for task in after), *unnamed)
    fields: list[Edit] = []
    for place, (entry, task) in enumerate(zip(entries, after, strict=False)):
        if isinstance(entry, int):
            fields += _field_edits(f"tasks[{place}]", here[entry], _task(here[entry], old.get(task["task_name"], {}), task))
    return _Changes(entries=entries, fields=tuple(fields), keeps_all=len(entries) == len(here))


def _task(task: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """A task of the file, with what is asked of it now: the difference between two plans of it."""
    found: dict[str, Any] = dict(task)
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) or isinstance(new, Mapping):
            found[name] = _task(found.get(name) or {}, old or {}, new or {})
        elif new is None:
            found.pop(name, None)
        else:
            found[name] = new
    return {name: value for name, value in found.items() if value != {} or name in task}


def _field_edits(place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Edit]:
    for name in dict.fromkeys((*before, *after)):
        path, old, new = f"{place}.{name}", before.get(name), after.get(name)
        if isinstance(new, Mapping) and new:
            yield from _field_edits(path, old if isinstance(old, Mapping) else {}, new)
        elif name not in after:
            yield Edit(path=path, remove=True)
        elif old != new:
            yield Edit(path=path, value=new)
