"""A config file that a conversation goes on from: the user's text, into which only what is said since is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from assistant.builder.absorb import absorb
from assistant.builder.edit import Edit, apply_edits, edited
from assistant.builder.header import header_lines
from assistant.builder.imports import intent_of_config, oumi_defaults
from assistant.builder.mend_comments import without_false_comments
from assistant.builder.prose import explain
from assistant.builder.recheck import rechecked
from assistant.builder.respond import launch_command
from assistant.builder.rows import shorter_rows
from assistant.builder.task_imports import given_kind, said_in
from assistant.catalogue.models import get_model
from assistant.checks.guards import check
from assistant.checks.schema import field
from assistant.configs.build import Config, train_config
from assistant.configs.render import render
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.values import Finding, Plan, Reason
from assistant.planner.plan import make_plan

_ASKED = "as asked"
_DECIDED = {
    "gradient_checkpointing": "training.enable_gradient_checkpointing",
    "optimizer": "training.optimizer",
    "global_batch_size": "training.gradient_accumulation_steps",
    "lora_targets": "peft.lora_target_modules",
}
"""A decision of the plan → the override that it rests on; others rest on the intent's key of their own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The file's name, kind and text, what it says with Oumi's defaults, and the keys and fields that it leaves to those.

    `left` is what of it the plan does not count: it stays in the text.
    """

    name: str
    text: str
    intent: Intent
    defaults: frozenset[str] = frozenset()
    left: tuple[Reason, ...] = ()
    kind: str = "train"

    @classmethod
    def of(cls, name: str, text: str) -> Given:
        """A file's text, read.

        Raises:
            UsageError: a kind that no conversation goes on from, no model in it, or a field of the wrong type.
        """
        body = yaml.safe_load(text)
        if (kind := given_kind(body, name)) != "train":
            said = said_in(body, kind)
            return cls(name=name, text=text, kind=kind, intent=said.intent, defaults=said.defaults, left=said.left)
        intent, left = intent_of_config(body)
        return cls(name=name, text=text, intent=intent, defaults=frozenset(oumi_defaults(body)), left=left)

    def says(self, intent: Intent, name: str) -> bool:
        """True where a key or override of the intent is still the file's, or Oumi's default for it."""
        here = _value(intent, name)
        return here is not None and here == _value(self.intent, name)

    def source(self, name: str) -> str:
        """Where a value that the file says comes from, as a reason."""
        return f"Oumi's default, since {self.name} sets none" if name in self.defaults else f"from {self.name}"


def _value(intent: Intent, name: str) -> Any:
    overrides = intent.overrides or {}
    return overrides.get(name) if "." in name else getattr(intent, name, None)


def on_given(outcome: Outcome, given: Given) -> Outcome:
    """The outcome with the file's values called so, and its config the file with what was said since written into it.

    What the planner would write otherwise than the file, and nobody asked for, stays as the file has it: two plans are
    made, of the file and of what is asked now, and the difference between them is the edit. It is made where the run does
    not fit, too: that verdict is for rows as long as they may be, and the file is its owner's.

    Raises:
        UsageError: the edited file would be refused by Oumi, or what is asked would not be seen in the run.
    """
    if given.kind != "train":
        from assistant.builder.given_tasks import on_given_task  # most files are trainings

        return on_given_task(outcome, given)
    if outcome.plan is None:
        return outcome
    _refuse_unseen(outcome.intent, given)
    plan = _credited(outcome.plan, outcome.intent, given)
    told = explain(outcome) == outcome.explanation
    outcome = replace(outcome, plan=plan)
    outcome = replace(outcome, explanation=explain(outcome)) if told else outcome
    if outcome.is_sizing or (not outcome.files and outcome.status != "does_not_fit"):
        return outcome
    first, *others = outcome.files or (ConfigFile(kind="train", name="train.yaml", yaml=""),)
    text = config_text(outcome, given)
    return replace(outcome, files=(replace(first, yaml=text), *others), findings=_findings(outcome, plan, given, text))


_VERL = "training.verl_config_overrides"
_BATCHES = ("micro_batch_size", "global_batch_size")


def _refuse_unseen(intent: Intent, given: Given) -> None:
    """verl's own settings win over what a plan would write, and verl's batches stand there."""
    changed = [key for key in _BATCHES if getattr(intent, key) not in (None, getattr(given.intent, key))]
    if changed and _VERL in (given.intent.overrides or {}):
        hint = "Change data.train_batch_size (prompts a step) or ppo_micro_batch_size_per_gpu there by hand."
        raise UsageError(f"{given.name} sets its batches in {_VERL}, where a {changed[0].replace('_', ' ')} has no place.", context=_VERL, hint=hint, reference="cannot-edit")


def _findings(outcome: Outcome, plan: Plan, given: Given, text: str) -> tuple[Finding, ...]:
    """The outcome's findings with those of the file in the place of those of the planner's own config.

    What was said of the file when it was read is not said again, and a default of Oumi's was set by nobody.
    """
    made = check(train_config(plan).body, plan)
    kept = tuple(f for f in outcome.findings if f not in made and not (f.rule == "MEM004" and f.path in given.defaults))
    named = {note.field for note in given.left}
    before, after = yaml.safe_load(given.text), yaml.safe_load(text)
    shorter = () if plan.fits else shorter_rows(after, plan.model, plan.hardware, fits=False)
    return (*kept, *shorter, *(f for f in rechecked(before, after, plan) if f.path not in named))


def _credited(plan: Plan, intent: Intent, given: Given) -> Plan:
    return replace(plan, decisions=tuple(_credit(reason, intent, given) for reason in plan.decisions))


def _credit(reason: Reason, intent: Intent, given: Given) -> Reason:
    name = _DECIDED.get(reason.field, reason.field)
    if _ASKED not in reason.why or not given.says(intent, name):
        return reason
    return replace(reason, why=reason.why.replace(_ASKED, given.source(name)))


def config_text(outcome: Outcome, given: Given) -> str:
    """The file with what was said since written into it, also where that does not fit; as it is where there is no plan."""
    plan = outcome.plan
    if plan is None or given.kind != "train":
        return given.text
    edits = _edits_since(plan, given)
    if not edits:
        return given.text
    try:
        return apply_edits(without_false_comments(given.text, edits), edits)
    except UsageError:  # an alias or the like is in the way: the same fields, written anew
        body = _without_empty(edited(yaml.safe_load(given.text), edits))
        why = train_config(plan).why
        header = header_lines(plan, outcome.request, outcome.assumptions, outcome.findings, launch_command(plan, given.name))
        return render(Config(kind="train", body=body, why={edit.path: why.get(edit.path, "") for edit in edits}), header)


def _without_empty(body: dict[str, Any]) -> dict[str, Any]:
    """The config without sections that the edits have left empty."""
    return {name: value for name, value in body.items() if value != {}}


def _edits_since(plan: Plan, given: Given) -> tuple[Edit, ...]:
    """What was asked since the file was read, as edits of it."""
    body = yaml.safe_load(given.text)
    before = _planned(plan, given.intent)
    return tuple(_edits(body, before if before is not None else body, train_config(plan).body))


def _planned(plan: Plan, intent: Intent) -> dict[str, Any] | None:
    """What the planner would write for the file's intent, on the machine of this plan; None where it would ask."""
    model = plan.model if intent.model in (plan.model.id, plan.model.local) else get_model(intent.model or "")
    if model is None:
        return None
    try:
        made = make_plan(absorb(intent), model, plan.hardware).plan
    except OumiChatError:
        return None
    same_data = intent.dataset in (plan.dataset.said, plan.dataset.path, plan.dataset.name)  # its rows were read for this plan alone
    return train_config(replace(made, dataset=plan.dataset) if same_data else made).body


def _edits(body: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Edit]:
    here, old, new = (leaves(one) for one in (body, before, after))
    gone = {name for name in before if name not in after and name in body}
    for path, value in new.items():
        if (path not in old or old[path] != value) and (path not in here or here[path] != value):
            yield from _setting(path, here.get(path), value)
    for path in here:
        if path.partition(".")[0] in gone or (path in old and path not in new):
            yield Edit(path=path, remove=True)


def _setting(path: str, former: Any, value: Any) -> Iterable[Edit]:
    """The edits that set a field; of the one entry of a list, what differs in it."""
    one, other = (entry[0] if isinstance(entry, list) and len(entry) == 1 else None for entry in (former, value))
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        yield Edit(path=path, value=value)
        return
    yield from (Edit(path=f"{path}[0].{name}", value=item) for name, item in other.items() if one.get(name) != item)
    yield from (Edit(path=f"{path}[0].{name}", remove=True) for name in one if name not in other)


_COUNTED = ("model.torch_dtype_str", "training.mixed_precision_dtype", "training.trainer_type", "fsdp.", "deepspeed.", "peft.", "data.")
"""Fields that the figures of a plan rest on beside those that an intent keeps."""


def drift(outcome: Outcome, given: Given) -> tuple[Reason, ...]:
    """Where the config has another value than its plan counts with: the figures are for that, and the run is not."""
    if outcome.plan is None or not outcome.files or given.kind != "train":
        return ()
    written, planned = (_counted(one) for one in (yaml.safe_load(outcome.files[0].yaml), train_config(outcome.plan).body))
    named = (*given.defaults, *(note.field for note in given.left))
    return tuple(
        Reason(field=path, value=written.get(path), why=_drifted(written.get(path), planned.get(path)))
        for path in dict.fromkeys((*written, *planned))
        if not path.startswith(named) and not _same(path, written.get(path), planned.get(path))
    )


def uncounted(outcome: Outcome, given: Given) -> tuple[Reason, ...]:
    """What a plan does not count of the file, or counts otherwise."""
    return (*given.left, *drift(outcome, given))


def _counted(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that figures rest on; the first dataset's one by one."""
    found = {path: value for path, value in leaves(body).items() if path.startswith(_COUNTED)}
    datasets = found.pop("data.train.datasets", None)
    first = datasets[0] if isinstance(datasets, list) and datasets and isinstance(datasets[0], Mapping) else {}
    return found | {f"data.train.datasets[0].{name}": value for name, value in first.items()}


def _same(path: str, one: Any, other: Any) -> bool:
    """True for two values that are one to Oumi; None is a field left out."""
    entry = field(path) or {}
    usual = "train" if path.endswith("].split") else entry.get("default")
    one, other = (usual if value is None else value for value in (one, other))
    return one == other or (not one and not other) or {str(one).lower(), str(other).lower()} <= _HALF


_HALF = frozenset(("bfloat16", "bf16", "auto"))
"""What Oumi loads in 16 bit: `auto` is as the weights are published."""


def _drifted(written: Any, planned: Any) -> str:
    stays = "is left out" if written is None else f"stays {_text(written)}"
    return f"{stays}; the plan " + ("does not count it" if planned is None else f"counts with {_text(planned)}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:60]


def leaves(body: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every value that is no section, by dotted path."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, Mapping) and value:
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found
