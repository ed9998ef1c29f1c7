"""Which question comes next: essential ones first, only what is missing, then as much more as is wanted."""

from __future__ import annotations

from dataclasses import replace

from assistant.catalogue.clouds import CLOUDS
from assistant.catalogue.engines import engines
from assistant.catalogue.offers import all_offers
from assistant.configs.parameters import Importance, parameters
from assistant.core.outcome import Outcome
from assistant.core.values import Question
from assistant.planner.data import VISION_FIRST
from assistant.wizard.answers import IMAGES
from assistant.wizard.defaults import values_in
from assistant.wizard.items import KINDS, Item, decided_fields, item, schema_of
from assistant.wizard.state import ADVANCED, MORE, REPLACE, REVIEW, State

MENUS = (MORE, ADVANCED, REVIEW, REPLACE)
_AS_KEY = {"gpu": "machine", "hardware": "machine", "teacher": "training.gkd.teacher_model_name_or_path"}
"""The planner's questions that are answered under another name."""


def next_place(state: State) -> str:
    """The key of the next question, or a menu where none is left."""
    if state.planner_asks is not None:
        return state.at
    kind = KINDS[state.kind]
    missing = (key for key in kind.essential if key not in state.settled and applies(state, key))
    walked = (key for key in state.walk if applies(state, key))
    return next(missing, None) or next(walked, None) or (MORE, ADVANCED, REVIEW)[state.level]


def applies(state: State, key: str) -> bool:
    """Whether this question makes sense for what is known so far."""
    plan = state.outcome.plan if state.outcome else None
    cloud = state.said.intent.cloud
    if key == "objective":  # rows say what they are for
        return state.said.intent.dataset is None
    if item(state.kind, key).written and state.outcome is not None and state.outcome.files:
        return key in values_in(state.outcome)
    if item(state.kind, key).instead:
        return getattr(state.said.intent, item(state.kind, key).instead) is None
    if key in ("lora_rank", "lora_alpha"):
        return plan is None or plan.method != "full"
    if key == "sharding":
        return plan is None or plan.hardware.world > 1
    if key == "nodes":
        return (cloud is None or CLOUDS[cloud].clusters) and (plan is None or plan.hardware.nodes == 1) and not _is_cpu(state)
    if key == "spot":
        return cloud is not None and any(offer.cloud == cloud and offer.spot for offer in all_offers())
    if key in ("machine", "engine"):
        return not _runs_elsewhere(state.outcome)
    return True


def _is_cpu(state: State) -> bool:
    machine = state.outcome.hardware if state.outcome else None
    return machine is not None and machine.gpu.kind in ("cpu", "unified")


def _runs_elsewhere(outcome: Outcome | None) -> bool:
    """True for a model behind a provider's API: there is no machine to plan for, and one engine."""
    plan = outcome.task_plan if outcome else None
    return plan is not None and plan.engine is not None and engines()[plan.engine].kind == "api"


def common_keys(state: State) -> tuple[str, ...]:
    """The usual settings, then what else of that importance this config sets."""
    return (*KINDS[state.kind].common, *_set_fields(state, "common"))


def advanced_keys(state: State) -> tuple[str, ...]:
    """The fields that this config sets and that only those who want more change."""
    return _set_fields(state, "advanced")


def _set_fields(state: State, importance: Importance) -> tuple[str, ...]:
    written = values_in(state.outcome) if state.outcome else {}
    covered = decided_fields(state.kind)
    known = (one for one in parameters(schema_of(state.kind)) if one.importance == importance and one.type not in ("dict", "section"))
    return tuple(one.path for one in known if one.path in written and one.path not in (*covered, *KINDS[state.kind].keys))


def asked_by_planner(state: State, outcome: Outcome) -> tuple[str | None, Question] | None:
    """The planner's own question, with the key that answers it; (None, …) where no answer here does."""
    if outcome.status != "needs_input" or not outcome.questions:
        return None
    question = outcome.questions[0]
    key = _AS_KEY.get(question.field, question.field)
    if key in state.settled:  # left open there: what stands for it
        key = next((each for each in KINDS[state.kind].keys if item(state.kind, each).instead == key), key)
    return (key if "." in key or key in KINDS[state.kind].keys else None), question


def judged(state: State, outcome: Outcome) -> State:
    """The state with its outcome, standing at the planner's own question where it has one."""
    state = replace(state, outcome=outcome)
    key, question = asked_by_planner(state, outcome) or (None, None)
    if key is None:
        return state
    asks = None if key == "model" and state.said.intent.model is None else question
    return replace(state, at=key, settled=state.settled - {key}, planner_asks=asks)


def missing_question(state: State, outcome: Outcome) -> Outcome:
    """The outcome that asks for what this kind cannot do without and the planner does not need."""
    needed = [item(state.kind, key) for key in KINDS[state.kind].essential if key not in state.settled]
    asked = tuple(
        Question(field=one.key, text=one.text, choices=tuple(name for name, _ in one.choices)) for one in needed if one.required and one.key != "model"
    )
    if not asked or outcome.status not in ("ok", "needs_input", "does_not_fit"):
        return outcome
    questions = outcome.questions if outcome.status == "needs_input" else ()
    return replace(outcome, status="needs_input", questions=(*questions, *asked), plan=None, task_plan=None, files=(), commands=(), findings=(), ways_out=(), explanation="")


def _has_own_words(state: State) -> bool:
    """Where one question of the planner's is two here, each is put in its own words."""
    kind = state.kind or "train"
    return any(state.at in (each.instead, each.key) for key in KINDS[kind].keys if (each := item(kind, key)).instead)


def open_item(state: State) -> Item:
    """The question that is open, in the planner's words where it asks; by a model's family where that matters."""
    found = item(state.kind or "train", state.at)
    if state.planner_asks is not None and _has_own_words(state):
        return found
    if state.planner_asks is not None:
        choices = tuple((choice, "") for choice in state.planner_asks.choices)
        return replace(found, text=state.planner_asks.text, choices=choices or found.choices)
    plan = state.outcome.plan if state.outcome else None
    if state.at != "objective" or plan is None or not plan.model.is_vision:
        return found
    if plan.model.model_type in VISION_FIRST:
        return replace(found, choices=tuple((name, IMAGES[1] if name == "sft" else about) for name, about in found.choices))
    return replace(found, choices=(*found.choices, IMAGES))
